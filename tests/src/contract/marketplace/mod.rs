//! What the marketplace port promises: a case or more for every MUST in its docs, run for our client before a mock server
//! with fixtures of our own, and before the sandbox.

mod accept;
mod account;
mod failing_reads;
mod fixture;
mod given;
mod listing;
mod look;
mod record;
mod verdicts;

use libtest_mimic::Trial;

use crate::cases;
use crate::harness::{Case, every_case_is_listed};

pub use fixture::{Call, Desk, GivenOrder, KEY, Log, MarketplaceFixture, SHOP, Shape, Terms, Trouble, impatient};

/// The cases for either other side.
#[must_use]
pub fn cases() -> Vec<Case<MarketplaceFixture>> {
    let mut cases = reading();
    cases.extend(accepting());
    cases
}

/// The cases that only the mock server can be brought to.
#[must_use]
pub fn cases_for_the_mock_server() -> Vec<Case<MarketplaceFixture>> {
    cases![
        look::orders_that_come_unasked_are_dropped,
        verdicts::every_other_code_of_an_acceptance_is_refused,
    ]
}

/// The trial that holds the list against the sources.
#[must_use]
pub fn every_case_runs() -> Trial {
    let sources = [
        include_str!("accept.rs"),
        include_str!("account.rs"),
        include_str!("failing_reads.rs"),
        include_str!("listing.rs"),
        include_str!("look.rs"),
        include_str!("record.rs"),
        include_str!("verdicts.rs"),
    ];
    let mut all = cases();
    all.extend(cases_for_the_mock_server());
    every_case_is_listed("marketplace", &all, &sources)
}

/// Lists, looks, the shop, and the record that reads owe.
fn reading() -> Vec<Case<MarketplaceFixture>> {
    cases![
        listing::mistake_05_every_page_is_read_to_the_end,
        listing::a_list_that_fills_its_last_page_ends_there,
        listing::an_empty_list_is_one_empty_page,
        listing::a_page_begins_where_its_cursor_says,
        listing::only_orders_that_wait_for_acceptance_are_listed,
        listing::an_order_comes_with_its_json_to_the_letter,
        listing::mistake_08_an_unreadable_order_costs_itself_alone,
        listing::an_unreadable_order_has_the_same_stand_in_each_time,
        listing::a_page_of_unreadable_orders_is_followed_by_the_next,
        listing::the_shop_goes_on_every_read_where_it_is_set,
        look::a_look_shows_every_state_as_it_was_written,
        look::a_look_is_fresh,
        look::a_hundred_orders_are_looked_at_in_one_call,
        look::mistake_06_more_than_a_hundred_orders_are_never_asked_for_at_once,
        look::orders_that_the_answer_does_not_hold_are_left_out_and_noted,
        look::orders_that_were_not_asked_for_are_in_no_look,
        look::an_unreadable_order_costs_a_look_nothing_else,
        look::ids_of_any_kind_are_looked_at,
        failing_reads::a_read_that_failed_for_a_moment_is_made_again,
        failing_reads::a_read_that_keeps_failing_ends_in_an_error,
        failing_reads::a_read_without_an_answer_ends_with_the_total_time,
        failing_reads::mistake_07_a_throttled_read_names_the_rest_and_is_made_once,
        failing_reads::mistake_07_a_refused_read_is_made_once,
        failing_reads::a_key_that_is_not_taken_ends_a_read_at_once,
        failing_reads::an_answer_that_can_not_be_read_is_an_error_and_no_empty_list,
        failing_reads::an_answer_past_the_size_limit_is_not_read,
        failing_reads::a_redirect_is_not_followed,
        failing_reads::a_read_without_a_connection_says_so,
        record::a_read_is_on_record_before_its_first_byte_leaves,
        record::a_read_is_completed_on_record_before_it_is_returned,
        record::mistake_13_a_read_that_can_not_be_recorded_is_not_made,
        record::mistake_13_what_can_not_be_recorded_is_not_returned,
        record::mistake_14_no_customer_reaches_the_log,
        record::mistake_14_the_key_is_in_no_log_no_error_and_no_debug_text,
        record::the_name_of_a_shop_tells_shops_and_keys_apart,
        account::the_shop_behind_the_key_is_told,
        account::a_wrong_key_is_told_by_asking_for_the_shop,
        account::asking_for_the_shop_is_retried_like_any_read,
        account::how_the_shop_decides_is_told,
        account::figures_that_are_no_json_are_said_to_be_unreadable,
    ]
}

/// The acceptance.
fn accepting() -> Vec<Case<MarketplaceFixture>> {
    cases![
        accept::an_acceptance_takes_effect_once,
        accept::one_request_carries_a_decision_for_every_line,
        accept::the_same_decision_leaves_as_the_same_bytes,
        accept::an_acceptance_goes_to_its_order_whatever_the_id,
        accept::the_permit_is_asked_before_the_bytes_leave,
        accept::without_a_permit_nothing_leaves,
        accept::an_acceptance_is_never_sent_twice_from_one_call,
        accept::the_workflow_logs_acceptances_and_the_client_does_not,
        accept::the_shop_goes_on_acceptances_too,
        accept::many_acceptances_at_once_each_reach_their_order,
        verdicts::an_order_in_another_state_is_a_precondition,
        verdicts::a_decision_that_the_marketplace_can_not_take_is_refused,
        verdicts::other_client_errors_are_refused,
        verdicts::a_400_that_names_no_code_lets_the_state_decide,
        verdicts::a_key_that_is_not_taken_is_a_matter_of_credentials,
        verdicts::mistake_07_a_rest_that_is_asked_for_is_passed_on,
        verdicts::a_rest_without_a_time_is_still_a_rest,
        verdicts::mistake_02_answers_that_tell_nothing_leave_the_outcome_unknown,
        verdicts::mistake_02_a_lost_answer_leaves_the_outcome_unknown_though_it_took_effect,
        verdicts::an_acceptance_without_a_connection_was_not_sent,
    ]
}
