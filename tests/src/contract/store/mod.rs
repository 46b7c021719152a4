//! What the store ports promise: a case or more for every MUST in their docs, run for memory, SQLite and Postgres.
//!
//! A bug found in one adapter becomes a case here, not a test of that adapter. The file is long because each case stands in its list.

mod account;
mod alerts;
mod answers;
mod append_only;
mod audit;
mod call_log;
mod claim;
mod claim_suspects;
mod claim_terms;
mod desk;
mod fixture;
mod foreign;
mod foreign_phases;
mod foreign_writers;
mod given;
mod inbox;
mod ingest;
mod intents;
mod listings;
mod locked_rows;
mod mistakes;
pub mod mutants;
mod old_snapshot;
mod overview;
mod recovery;
mod renew;
mod retention;
mod settle;
mod settle_failures;
mod settle_guard;
mod shop;
mod standings;
mod story;
mod text;
mod timeline;

use libtest_mimic::Trial;

use crate::cases;
use crate::harness::{Case, every_case_is_listed};

pub use fixture::{
    AnyStore, Capabilities, Dialect, Foreign, ForeignEntry, MEMORY, POSTGRES, SQLITE, StoreFixture, postgres_container,
    postgres_server,
};

/// The cases for a store of these capabilities: what can't be asked of it is not in its list.
#[must_use]
pub fn cases(capabilities: Capabilities) -> Vec<Case<StoreFixture>> {
    let mut cases = writing();
    cases.extend(shared());
    cases.extend(recovering());
    cases.extend(reading());
    cases.extend(beside_others());
    cases.extend(by_hand());
    cases.extend(alerting());
    if capabilities.sql.is_some() {
        cases.extend(by_sql());
    }
    if capabilities.sql == Some(Dialect::Postgres) {
        cases.extend(by_postgres());
    }
    cases
}

/// The trial that holds the list against the sources.
#[must_use]
pub fn every_case_runs() -> Trial {
    let sources = [
        include_str!("account.rs"),
        include_str!("alerts.rs"),
        include_str!("answers.rs"),
        include_str!("append_only.rs"),
        include_str!("audit.rs"),
        include_str!("call_log.rs"),
        include_str!("claim.rs"),
        include_str!("claim_suspects.rs"),
        include_str!("claim_terms.rs"),
        include_str!("desk.rs"),
        include_str!("foreign.rs"),
        include_str!("foreign_phases.rs"),
        include_str!("foreign_writers.rs"),
        include_str!("inbox.rs"),
        include_str!("ingest.rs"),
        include_str!("intents.rs"),
        include_str!("listings.rs"),
        include_str!("locked_rows.rs"),
        include_str!("mistakes.rs"),
        include_str!("old_snapshot.rs"),
        include_str!("overview.rs"),
        include_str!("recovery.rs"),
        include_str!("renew.rs"),
        include_str!("retention.rs"),
        include_str!("settle.rs"),
        include_str!("settle_failures.rs"),
        include_str!("settle_guard.rs"),
        include_str!("shop.rs"),
        include_str!("standings.rs"),
        include_str!("story.rs"),
        include_str!("text.rs"),
        include_str!("timeline.rs"),
    ];
    let all = Capabilities {
        sql: Some(Dialect::Postgres),
    };
    every_case_is_listed("store", &cases(all), &sources)
}

/// What the workflow writes: ingest, claim, intents, answers, settle.
fn writing() -> Vec<Case<StoreFixture>> {
    cases![
        ingest::the_time_of_the_store_is_in_whole_microseconds,
        ingest::ingest_stores_a_new_order_with_its_first_entry,
        ingest::ingest_gives_a_new_order_a_fresh_standing,
        ingest::ingest_leaves_a_known_order_as_it_is,
        ingest::ingest_takes_a_row_without_an_entry_as_new,
        ingest::a_row_without_an_entry_is_told_when_its_order_was_placed,
        ingest::ingest_counts_an_order_that_is_given_twice_once,
        ingest::ingest_by_two_workers_at_once_tells_one_of_them_that_an_order_is_new,
        ingest::ingest_repeated_under_its_operation_tells_the_same,
        ingest::ingest_of_no_orders_does_nothing,
        ingest::ingest_takes_a_whole_backlog_at_once,
        ingest::an_order_without_a_placing_time_counts_from_when_it_was_stored,
        ingest::ingest_takes_ids_of_any_kind,
        ingest::ingest_keeps_json_with_every_decimal,
        ingest::ingest_loses_no_order_for_json_that_a_database_dislikes,
        claim::claim_gives_the_oldest_first,
        claim::claim_orders_what_was_placed_together_by_id_byte_by_byte,
        claim::claim_gives_at_most_the_limit,
        claim::claim_gives_only_the_phases_asked_for,
        claim::claim_gives_only_what_is_due,
        claim::claim_of_a_settled_order_gives_nothing,
        claim::claim_tells_all_that_is_known_of_an_order,
        claim::claim_by_two_workers_gives_each_order_once,
        claim::claim_by_many_tasks_gives_each_order_once,
        claim_terms::claim_leaves_a_leased_order_to_its_holder,
        claim_terms::claim_gives_an_order_out_again_once_its_lease_has_ended,
        claim_terms::claim_takes_a_lease_longer_than_any_can_be_as_ended,
        claim_terms::a_lease_given_out_a_moment_ago_holds_against_a_clock_a_little_behind,
        claim_terms::claim_keeps_to_the_length_of_lease_asked_for,
        claim_terms::each_claim_carries_a_greater_fencing_number_than_any_before,
        claim_terms::a_raised_epoch_carries_fencing_numbers_past_all_of_the_old_one,
        claim_terms::claims_that_are_not_released_are_counted,
        claim_terms::a_claim_repeated_under_its_operation_tells_the_same,
        claim_terms::a_claim_repeated_after_an_answer_came_tells_of_the_answer,
        claim_terms::a_claim_repeated_after_its_lease_passed_on_leaves_one_holder,
        claim_terms::a_claim_repeated_after_its_orders_were_written_to_tells_the_others,
        claim_terms::an_order_due_again_is_claimed_under_another_operation,
        claim_suspects::an_order_that_was_never_released_is_not_claimed_with_others,
        claim_suspects::suspects_are_given_out_one_by_one_after_everything_else,
        claim_suspects::of_suspects_the_one_claimed_in_vain_the_least_often_comes_first,
        claim_suspects::a_suspect_waits_for_what_is_due_in_every_phase_asked_for,
        claim_suspects::a_claim_of_nothing_gives_no_suspect_either,
        claim_suspects::claims_alone_that_are_not_released_are_counted,
        claim_suspects::a_settlement_ends_the_suspicion,
        claim_suspects::a_settlement_that_keeps_the_count_takes_back_its_own_claim_alone,
        claim_suspects::an_entry_of_another_program_ends_the_suspicion,
        claim_suspects::a_claim_of_a_suspect_repeated_under_its_operation_tells_the_same,
        renew::a_renewed_lease_lasts_from_its_renewal_on,
        renew::a_lease_may_be_renewed_again_and_again,
        renew::a_lease_that_was_taken_over_is_not_renewed,
        renew::a_lease_past_its_end_is_renewed_while_nobody_took_over,
        renew::a_lease_that_was_released_is_not_revived,
        renew::a_lease_ended_by_an_entry_of_another_program_is_not_revived,
        renew::a_lease_on_another_version_or_number_is_not_renewed,
        renew::renewals_are_answered_in_their_order,
        renew::a_renewal_changes_nothing_but_the_end_of_the_lease,
        renew::of_a_renewal_and_a_takeover_at_once_one_holds,
        intents::an_intent_stands_on_record_before_its_call,
        intents::an_intent_leaves_the_order_sending_and_leased,
        intents::an_intent_is_found_by_whoever_takes_the_order_over,
        intents::the_last_call_of_an_order_is_its_newest_intent,
        intents::an_intent_under_a_lease_that_was_taken_over_is_not_written,
        intents::an_intent_on_an_older_version_is_not_written,
        intents::an_intent_after_an_entry_of_another_program_is_not_written,
        intents::an_intent_for_an_order_never_stored_is_not_written,
        intents::a_lost_intent_does_not_stop_the_others,
        intents::intents_are_answered_in_their_order,
        intents::of_several_intents_for_an_order_in_one_call_the_first_stands,
        intents::intents_repeated_under_their_operation_tell_the_same_calls,
        intents::intents_repeated_after_the_order_moved_on_have_no_second_effect,
        intents::of_two_workers_that_intend_at_once_only_the_holder_of_the_lease_does,
        answers::an_answer_completes_its_call,
        answers::an_answer_without_status_and_body_completes_its_call,
        answers::answers_of_every_outcome_read_back,
        answers::an_answer_is_written_whoever_holds_the_lease,
        answers::an_answer_leaves_the_order_where_it_stands,
        answers::the_same_answer_again_changes_nothing,
        answers::another_answer_never_rewrites_the_first,
        answers::a_late_answer_is_added_to_a_call_closed_as_unanswered,
        answers::an_answer_to_a_call_never_made_is_refused_and_none_is_written,
        settle::a_settlement_appends_its_entry,
        settle::a_settlement_without_an_entry_keeps_the_version,
        settle::a_settlement_keeps_every_field_of_the_standing,
        settle::a_settlement_ends_the_lease,
        settle::a_settlement_closes_an_open_call_as_unanswered,
        settle::a_settlement_leaves_an_answered_call_as_it_is,
        settle::settlements_are_answered_in_their_order,
        settle::many_orders_are_settled_at_once,
        settle::versions_grow_by_one_without_gaps,
        settle::settle_repeated_under_its_operation_tells_the_same,
        settle::settle_without_an_entry_repeated_under_its_operation_tells_the_same,
        settle::settle_repeated_after_the_order_moved_on_has_no_second_effect,
        settle::of_several_settlements_of_an_order_in_one_call_the_first_stands,
        settle_guard::a_settlement_under_a_lease_that_was_taken_over_writes_nothing,
        settle_guard::a_settlement_after_an_entry_of_another_program_writes_nothing,
        settle_guard::a_settlement_on_another_version_writes_nothing,
        settle_guard::a_settlement_under_a_greater_number_than_was_given_out_writes_nothing,
        settle_guard::a_settlement_of_an_order_never_stored_is_lost,
        settle_guard::a_lost_settlement_does_not_stop_the_others,
        settle_guard::of_two_settlements_at_once_one_stands,
        settle_guard::a_worker_whose_lease_ended_may_settle_while_nobody_took_over,
        settle_failures::a_settlement_opens_its_inbox_entry,
        settle_failures::an_inbox_entry_of_a_settlement_counts_for_the_version_after_it,
        settle_failures::a_settlement_closes_the_earlier_open_entries_of_acceptance,
        settle_failures::a_settlement_leaves_open_what_it_opens,
        settle_failures::a_settlement_never_closes_entries_of_other_modules,
        settle_failures::a_settlement_never_closes_entries_of_other_orders,
        settle_failures::a_settlement_never_rewrites_how_an_entry_was_closed,
        settle_failures::a_settlement_repeated_opens_its_entry_once_and_leaves_it_open,
        standings::the_next_due_time_is_the_earliest_of_the_phases,
        standings::the_next_due_time_may_lie_in_the_past,
        standings::the_next_due_time_passes_over_what_is_leased,
        standings::the_next_due_time_knows_nothing_of_settled_orders,
        standings::a_settled_order_is_never_due_whatever_its_time,
        standings::standings_tell_where_orders_stand,
        standings::a_row_without_an_entry_stands_nowhere,
        standings::count_takes_orders_due_or_not_and_leased_or_not,
    ]
}

/// What workers share besides: shop, call log, inbox.
fn shared() -> Vec<Case<StoreFixture>> {
    cases![
        shop::a_shop_never_seen_has_nothing_against_it,
        shop::a_poll_slot_is_granted_once_an_interval,
        shop::calls_are_drawn_from_one_budget_by_all_workers,
        shop::less_calls_than_the_least_are_not_drawn,
        shop::who_waits_for_calls_has_a_place_in_the_row,
        shop::of_many_workers_that_draw_at_once_each_gets_its_own,
        shop::budgets_of_shops_are_their_own,
        shop::the_budget_of_calls_can_be_read_without_drawing,
        shop::of_many_workers_that_ask_at_once_one_is_granted_the_slot,
        shop::a_next_poll_too_far_away_holds_nobody_up,
        shop::a_slot_granted_a_moment_ago_holds_against_a_clock_a_little_behind,
        shop::with_no_interval_every_slot_is_granted,
        shop::a_pause_is_never_shortened,
        shop::of_pauses_set_at_once_the_longest_stands,
        shop::unanswered_calls_are_counted_since_the_last_answer,
        shop::unanswered_calls_counted_at_once_are_all_counted,
        shop::pause_poll_and_count_leave_each_other_alone,
        shop::shops_know_nothing_of_each_other,
        call_log::a_call_stands_on_record_once_it_is_begun,
        call_log::calls_of_every_operation_are_taken,
        call_log::each_call_gets_an_id_of_its_own,
        call_log::a_finished_call_tells_what_it_showed,
        call_log::an_order_that_a_look_shows_twice_is_noted_once,
        call_log::a_whole_look_of_a_hundred_orders_is_noted,
        call_log::the_same_end_again_changes_nothing,
        call_log::another_end_never_rewrites_the_first,
        call_log::finishing_a_call_never_begun_is_refused,
        call_log::a_failed_read_is_no_success,
        inbox::an_opened_entry_stands_in_the_inbox,
        inbox::an_entry_is_left_out_while_one_like_it_is_open,
        inbox::an_entry_is_left_out_where_one_was_ever_opened_for_the_same_version,
        inbox::an_entry_without_a_version_is_opened_again_once_it_was_closed,
        inbox::an_entry_given_twice_is_opened_once,
        inbox::an_entry_opened_by_many_at_once_stands_once,
        inbox::an_entry_of_another_module_stands_in_nobodys_way,
    ]
}

/// What is read: listings, stories, text of any kind.
fn reading() -> Vec<Case<StoreFixture>> {
    cases![
        listings::orders_are_listed_newest_first,
        listings::orders_are_told_of_as_they_are_named,
        listings::orders_are_listed_by_status,
        listings::orders_are_listed_since_a_time,
        listings::the_pages_of_orders_are_complete_and_repeat_nothing,
        listings::an_order_in_a_list_tells_how_it_stands,
        listings::a_row_without_an_entry_is_listed_without_a_status,
        listings::calls_are_listed_newest_first_and_filtered,
        listings::the_calls_about_an_order_are_listed_with_the_looks_it_shared,
        listings::the_pages_of_calls_are_complete_and_repeat_nothing,
        listings::the_inbox_is_listed_newest_first_and_filtered,
        listings::the_pages_of_the_inbox_are_complete_and_repeat_nothing,
        listings::what_is_not_stored_is_not_found,
        story::a_story_tells_all_of_an_order_and_nothing_of_others,
        story::an_entry_of_another_program_is_shown_as_theirs,
        story::the_story_of_a_row_without_an_entry_has_an_empty_timeline,
        story::a_timeline_is_told_by_version,
        timeline::the_pages_of_entries_are_complete_and_repeat_nothing,
        timeline::an_entry_of_the_stream_is_told_as_in_its_story,
        timeline::entries_of_a_span_of_time_are_told,
        timeline::entries_of_other_programs_are_told_where_they_were_written,
        timeline::an_entry_tells_whether_its_status_is_new_to_its_order,
        timeline::what_is_written_after_the_newest_entry_comes_after_it,
        audit::a_record_tells_all_of_an_order,
        audit::a_record_tells_what_each_look_showed_of_its_order,
        audit::the_pages_of_records_are_complete_and_repeat_nothing,
        audit::a_rebuild_makes_of_each_order_what_its_record_yields,
        audit::a_rebuild_voids_every_lease_from_before,
        audit::a_rebuild_done_twice_leaves_what_one_leaves,
        text::notes_come_back_as_written,
        text::notes_and_statuses_of_other_programs_come_back_as_written,
        text::bodies_of_answers_come_back_as_written,
        text::requests_come_back_as_the_same_json,
        text::inbox_entries_come_back_as_written,
        text::a_nul_character_costs_no_write,
        retention::the_body_of_an_old_answer_goes_and_nothing_else,
        retention::a_pruning_tells_what_went_and_stands_on_record,
        retention::prunings_are_listed_newest_first,
        retention::a_younger_body_stays,
        retention::bodies_about_an_order_that_is_unsettled_stay,
        retention::bodies_about_an_order_with_an_open_entry_in_the_inbox_stay,
        retention::a_call_without_an_end_is_left_alone,
        retention::a_batch_looks_at_so_many_calls_and_tells_where_it_stopped,
        retention::a_batch_done_again_takes_nothing_more_and_writes_nothing,
        retention::of_prunings_at_once_each_body_goes_with_one,
        retention::a_preview_tells_the_same_and_changes_nothing,
        retention::what_is_pruned_is_no_violation_of_the_record,
        retention::a_pruned_order_may_be_worked_on_again,
        mistakes::mistake_09_the_newest_status_is_told_by_version_and_never_by_time,
    ]
}

/// What holds beside other programs.
fn beside_others() -> Vec<Case<StoreFixture>> {
    cases![
        foreign::an_entry_of_another_program_is_the_status_from_then_on,
        foreign::a_first_entry_by_another_program_makes_an_order_known,
        foreign::an_entry_of_another_program_ends_the_lease_but_not_its_number,
        foreign::a_pending_entry_of_another_program_starts_the_attempts_anew,
        foreign::a_pending_entry_of_another_program_forgets_no_undecided_intent,
        foreign::an_undecided_intent_outlives_other_statuses_of_other_programs,
        foreign::a_failure_of_another_program_with_a_retry_is_due_then,
        foreign::a_failure_of_another_program_without_a_retry_is_to_be_filed,
        foreign::several_entries_in_one_transaction_of_another_program_all_count,
        foreign::an_entry_for_an_order_that_is_not_stored_is_refused,
        foreign::an_empty_status_is_refused,
        foreign_phases::a_foreign_pending_leaves_each_phase_as_the_domain_says,
        foreign_phases::a_foreign_pending_with_a_retry_time_leaves_each_phase_as_the_domain_says,
        foreign_phases::a_foreign_accepted_leaves_each_phase_as_the_domain_says,
        foreign_phases::a_foreign_cancelled_leaves_each_phase_as_the_domain_says,
        foreign_phases::a_foreign_failure_with_a_retry_leaves_each_phase_as_the_domain_says,
        foreign_phases::a_foreign_failure_without_a_retry_leaves_each_phase_as_the_domain_says,
        foreign_phases::a_status_of_other_modules_leaves_each_phase_as_the_domain_says,
        foreign_phases::a_status_of_other_modules_with_a_retry_time_leaves_each_phase_as_the_domain_says,
        foreign_writers::twenty_writers_at_once_beside_a_running_workflow_see_no_error,
        foreign_writers::writers_that_append_to_the_same_orders_in_any_order_see_no_error,
        foreign_writers::an_entry_of_another_program_between_claim_and_settlement_wins,
    ]
}

/// What a restored store needs: the hold on sending, and a look at every order.
fn recovering() -> Vec<Case<StoreFixture>> {
    cases![
        recovery::a_store_never_held_allows_sending,
        recovery::a_hold_stands_for_all_until_it_is_lifted,
        recovery::a_hold_begins_with_an_epoch_that_no_restored_store_had,
        recovery::a_later_hold_takes_the_place_of_the_one_before,
        recovery::while_sending_is_held_claims_give_out_nothing_to_be_sent,
        recovery::while_sending_is_held_no_intent_is_written,
        recovery::a_hold_voids_every_lease_of_before,
        recovery::no_intent_follows_a_hold_however_many_workers_are_at_it,
        recovery::the_unsettled_and_the_lately_settled_are_to_be_reconciled,
        recovery::any_unsettled_order_is_taken_up_whatever_is_due_or_held,
        recovery::an_order_under_another_lease_is_left_to_its_holder,
        recovery::a_settled_order_is_told_as_it_stands_and_its_move_guarded,
        recovery::taking_up_repeated_under_its_operation_tells_the_same,
        recovery::taking_up_repeated_after_a_hold_tells_of_no_lease_from_before,
        recovery::taking_up_repeated_leases_what_it_could_not_have_before,
        recovery::settle_repeated_after_a_hold_tells_the_same,
    ]
}

/// What holds against other programs that come by SQL.
fn by_sql() -> Vec<Case<StoreFixture>> {
    cases![
        retention::bodies_of_other_programs_stay,
        retention::bodies_are_taken_out_with_a_pruning_alone,
        retention::what_was_pruned_can_not_be_taken_back_or_made_up,
        timeline::ids_that_another_program_chose_leave_no_entry_out,
        foreign::a_foreign_transaction_that_fails_leaves_nothing,
        foreign::a_version_given_by_another_program_is_not_taken,
        foreign::an_entry_that_claims_to_be_ours_is_refused,
        foreign::entries_of_other_programs_may_bear_any_source_and_time_of_theirs,
        audit::a_rebuild_fills_a_work_table_that_was_emptied,
        audit::a_rebuild_removes_work_rows_without_a_timeline,
        audit::a_work_row_that_can_not_be_read_is_named_and_made_anew,
        audit::a_rebuild_beside_other_writers_keeps_step_with_every_timeline,
        append_only::deleting_from_the_record_is_refused,
        append_only::rewriting_the_timeline_is_refused,
        append_only::rewriting_a_completed_call_is_refused,
        append_only::rewriting_the_inbox_is_refused,
        append_only::replacing_rows_of_the_record_is_refused,
        append_only::the_refusal_names_the_table_and_the_way_out,
        append_only::an_open_failure_may_be_resolved_by_another_program_once,
        append_only::the_work_table_can_not_lose_an_order_of_the_timeline,
    ]
}

/// What only PostgreSQL can be asked: SQLite knows no TRUNCATE, it is a DELETE there, and it locks no rows.
fn by_postgres() -> Vec<Case<StoreFixture>> {
    cases![
        append_only::truncating_the_record_is_refused,
        locked_rows::a_row_that_another_program_keeps_locked_holds_up_no_other,
        old_snapshot::an_order_older_than_what_is_claimed_is_found_while_many_rows_are_dead,
    ]
}

/// What a person writes.
fn by_hand() -> Vec<Case<StoreFixture>> {
    cases![
        desk::an_entry_that_a_person_adds_is_the_status_from_then_on,
        desk::a_person_who_saw_an_older_entry_writes_nothing,
        desk::a_person_adds_nothing_to_an_order_that_is_not_stored,
        desk::entries_that_a_person_adds_are_told_of_one_by_one,
        desk::of_two_entries_that_a_person_adds_to_an_order_the_first_stands,
        desk::of_people_who_decide_at_once_one_is_heard,
        desk::a_person_who_asks_for_another_attempt_starts_them_anew,
        desk::a_person_who_asks_for_another_attempt_forgets_no_undecided_intent,
        desk::what_a_person_decides_ends_the_lease,
        desk::a_decision_about_an_order_closes_its_open_entries_of_acceptance,
        desk::a_decision_leaves_what_was_closed_before_as_it_was,
        desk::an_entry_alone_leaves_the_inbox_as_it_is,
        desk::a_person_closes_entries_of_any_process_once,
    ]
}

/// What alerts are made from, and how they go out.
fn alerting() -> Vec<Case<StoreFixture>> {
    cases![
        overview::an_empty_store_stands_at_nothing,
        overview::unsettled_orders_are_counted_by_phase_and_lease,
        overview::orders_not_known_to_be_accepted_are_told_oldest_first,
        overview::an_order_whose_acceptance_was_answered_is_not_at_risk,
        overview::an_order_that_waits_for_its_payment_is_not_at_risk,
        overview::open_entries_of_the_inbox_are_told_by_cause,
        overview::a_look_at_the_store_changes_nothing,
        alerts::an_alert_and_its_messages_are_there_together,
        alerts::an_alert_that_nobody_is_told_of_has_no_message,
        alerts::an_alert_that_is_told_again_keeps_when_it_was_raised,
        alerts::one_alert_at_a_time_is_open_for_each_key,
        alerts::of_watches_that_change_an_alert_at_once_one_does,
        alerts::an_alert_that_changed_since_it_was_read_is_left_alone,
        alerts::an_all_clear_goes_to_those_who_were_told,
        alerts::a_message_in_hand_is_not_withdrawn_and_not_tried_again,
        alerts::a_message_that_may_have_arrived_has_its_all_clear,
        alerts::a_message_is_one_takers_until_its_lease_ends,
        alerts::a_lease_on_a_message_that_a_clock_put_too_far_ahead_holds_nobody_up,
        alerts::a_message_taken_by_a_clock_a_little_ahead_is_left_alone,
        alerts::messages_are_taken_oldest_first_of_these_channels_and_no_more_than_asked,
        alerts::a_message_is_tried_again_when_that_is_due,
        alerts::alerts_that_are_over_are_told_for_as_long_as_asked,
        alerts::a_trouble_keeps_since_when_it_is_there,
        account::a_shop_never_asked_about_is_due_with_its_figures,
        account::of_many_that_want_to_ask_at_once_one_may,
        account::a_shop_is_asked_about_again_when_that_is_due,
        account::a_check_whose_answer_never_came_is_not_made_again_before_its_time,
        account::figures_are_asked_for_less_often_than_the_state,
        account::figures_that_were_not_asked_for_after_all_are_due_again,
        account::a_time_of_asking_that_lies_ahead_holds_nobody_up,
        account::a_state_keeps_since_when_it_is_so,
        account::a_state_that_was_not_told_leaves_the_one_before,
        account::figures_are_told_oldest_first_and_since_a_time,
        account::a_note_written_twice_stands_once,
        account::shops_are_asked_about_one_by_one,
    ]
}
