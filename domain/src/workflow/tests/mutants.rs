//! Each guard dropped on purpose, and a test that fails for it. The table of them stands in `docs/testing.md`.

use std::panic::catch_unwind;

use super::{
    breaker, budget, crash_points, crashes, endings, foreign, holds, inbox, leases, pacing, plain, reconcile, rests,
    store_faults, unknown, validation,
};
use crate::guards::{Guard, drop_one};
use crate::workflow::{core, decide, prepare};

/// A test by its name.
type Named = (Guard, &'static str, fn());

macro_rules! named {
    ($($guard:ident => $($part:ident)::+,)+) => {
        [$((Guard::$guard, stringify!($($part)::+), $($part)::+ as fn())),+]
    };
}

/// A test that must fail once the guard is dropped.
const NAMED: &[Named] = &named![
    LostAnswerIsNoFailure => unknown::mistake_02_a_lost_answer_after_the_effect_ends_accepted,
    AcceptedOnlyWhenSeen => unknown::an_answer_of_success_without_effect_waits_for_a_person,
    WaitForAnswerBy => unknown::looks_begun_before_the_answer_was_due_use_up_nothing,
    SecondLook => unknown::a_lost_answer_without_effect_fails_after_two_looks_a_poll_interval_apart,
    StalenessBeforeDeciding => decide::tests::validating::the_deciding_look_begins_past_the_staleness_of_reads,
    NoResendAfterSuccess => unknown::an_answer_of_success_without_effect_waits_for_a_person,
    NoResendAfterPrecondition => unknown::a_precondition_answer_is_looked_at_and_never_sent_again_by_itself,
    RefusedIsNotRetried => unknown::a_refusal_waits_for_a_person_and_lets_the_decision_go,
    AttemptLimit => unknown::after_the_last_attempt_a_person_is_asked,
    FrozenDecision => unknown::a_resend_repeats_the_frozen_decision,
    OnlyWaitingIsSent => endings::an_unknown_state_is_waited_for_then_reviewed_by_name_and_settles_by_itself,
    TakeoverLooks => crashes::the_takeover_looks_twice_a_poll_interval_apart_before_it_sends_again,
    UnansweredIsClosed => crashes::mistake_03_a_run_killed_between_intent_and_send_is_finished_by_a_later_one,
    LookFreshness => pacing::a_listing_older_than_a_minute_justifies_no_send,
    LookAfterClaim => pacing::an_order_with_an_earlier_call_is_always_looked_at_anew,
    ReviewIsNotSent => endings::an_order_in_review_is_not_sent_by_a_run_that_may_not_look_at_it,
    ContradictionIsFiled => inbox::an_order_settled_here_and_waiting_there_gets_one_entry_and_no_send,
    AllPages => plain::mistake_05_every_page_is_read_before_anything_is_sent,
    IntentBeforeSend => store_faults::mistake_13_no_acceptance_leaves_without_a_durable_intent,
    SameOperation => store_faults::an_intent_that_stays_unconfirmed_is_never_sent_by_this_run_and_looked_at_by_the_next,
    StartBy => pacing::a_store_that_is_too_slow_for_intents_stops_the_run,
    TimeForACall => pacing::no_call_is_begun_that_could_outlast_its_lease,
    LeaseMargin => pacing::a_call_that_is_begun_ends_a_margin_before_its_lease,
    PermitBeforeBytes => pacing::the_permit_ends_with_the_time_for_its_call,
    PermitEndsWithTheCall => pacing::the_permit_ends_with_the_time_for_its_call,
    Breaker => breaker::five_calls_in_a_row_open_the_breaker_and_cost_untouched_orders_no_attempt,
    CredentialsStop => rests::refused_credentials_stop_the_run_and_fail_no_order,
    PauseIsKept => rests::a_pause_while_intents_are_written_leaves_them_unsent,
    PollInterval => leases::of_two_workers_one_may_look_within_the_poll_interval,
    CallsAreCounted => budget::no_hour_has_more_calls_than_its_budget_and_every_order_is_accepted,
    NoCallBeyondBudget => budget::no_hour_has_more_calls_than_its_budget_and_every_order_is_accepted,
    WrongShop => validation::a_look_that_shows_none_of_ten_is_a_fault_of_the_settings_and_fails_no_order,
    EarlierFailuresAreClosed => unknown::mistake_04_a_failed_attempt_is_retried_when_due_and_then_accepted,
    FailureIsFiled => unknown::mistake_04_a_failed_attempt_is_retried_when_due_and_then_accepted,
    VersionOnSettle => foreign::an_entry_while_the_call_is_under_way_stands_and_the_answer_is_recorded_all_the_same,
    VersionOnIntent => foreign::an_entry_between_our_claim_and_our_send_stops_the_send,
    LiveLeaseIsKept => crashes::a_takeover_never_happens_under_a_live_lease,
    KnownOrderIsLeftAlone => unknown::mistake_07_a_refusal_is_not_repeated_blindly,
    ForeignEntryKeepsTheCall => foreign::a_foreign_pending_entry_forgets_no_undecided_call,
    FenceOnSettle => leases::a_worker_whose_lease_has_passed_on_settles_nothing,
    FenceOnIntent => leases::a_worker_whose_lease_has_passed_on_intends_nothing,
    FenceGrows => leases::each_claim_has_a_greater_number_than_the_one_before,
    EndlessLeaseIsVoid => leases::a_lease_from_a_time_that_is_far_ahead_does_not_hold,
    LateAnswerIsKept => leases::an_answer_is_kept_also_where_its_lease_has_passed_on,
    FirstAnswerStands => leases::the_first_answer_stands,
    EffectWouldShow => prepare::tests::a_call_that_may_have_had_one_must_be_certain_to_show,
    HoldOnClaims => holds::while_sending_is_held_no_order_is_claimed_to_be_sent,
    HoldOnIntents => holds::while_sending_is_held_no_intent_is_written,
    HoldVoidsLeases => holds::a_lease_from_before_a_hold_settles_nothing,
    HoldBeginsAnEpoch => holds::a_hold_begins_in_an_epoch_that_no_restored_store_had,
    OwnHoldIsLifted => holds::a_hold_that_was_taken_over_is_lifted_by_nobody_else,
    TakenOverStops => reconcile::of_two_at_once_the_later_one_goes_on_and_neither_lifts_the_others_hold,
    WaitAfterHold => reconcile::looks_wait_until_calls_of_before_have_ended_and_show,
    AllLookedAtBeforeLift => reconcile::an_order_in_another_workers_hands_is_waited_for,
    ListBeforeHold => reconcile::a_list_from_before_a_hold_justifies_no_send_after_it,
    SlowClockReadings => core::tests::a_reading_that_took_longer_than_the_margin_is_not_used,
];

#[test]
fn each_guard_that_is_dropped_fails_the_test_that_is_named_for_it() {
    let survives = |(guard, _, test): &&Named| {
        let _dropped = drop_one(*guard);
        catch_unwind(*test).is_ok()
    };
    let survivors: Vec<_> = NAMED
        .iter()
        .filter(survives)
        .map(|(guard, name, _)| (guard, name))
        .collect();
    assert!(survivors.is_empty(), "nothing fails without {survivors:#?}");
}

#[test]
fn every_guard_has_a_test_that_is_named_for_it_and_stands_in_the_docs() {
    let docs = include_str!("../../../../docs/testing.md");
    for guard in Guard::all() {
        let named = NAMED.iter().find(|(of, _, _)| *of == guard);
        let (_, test, _) = named.unwrap_or_else(|| panic!("no test is named for {guard}"));
        let test = test.replace(char::is_whitespace, "");
        let row = format!("| `{guard}` | {} | `{test}` |", guard.protects());
        assert!(docs.contains(&row), "docs/testing.md lacks the row\n{row}");
    }
}

/// What the crash points see by themselves, in the uncut workload or at one of its cuts.
const SEEN_AT_CRASH_POINTS: [Guard; 7] = [
    Guard::LostAnswerIsNoFailure,
    Guard::AcceptedOnlyWhenSeen,
    Guard::SecondLook,
    Guard::RefusedIsNotRetried,
    Guard::TakeoverLooks,
    Guard::UnansweredIsClosed,
    Guard::LookAfterClaim,
];

#[test]
fn the_crash_points_see_what_comes_of_dropped_guards() {
    for guard in SEEN_AT_CRASH_POINTS {
        let _dropped = drop_one(guard);
        let (trials, failure) = crash_points::first_failure().unwrap_or_else(|| panic!("{guard} is missed by nobody"));
        println!("{guard}: trial {trials}: {}", failure.replace(char::is_whitespace, " "));
    }
}
