//! One guard is taken away at a time, and the promise that it keeps breaks. What rests on the marketplace is shown likewise.
//!
//! For some promises a guard stands behind another one, that no look justifies a send which may not show what an earlier
//! call did: there it is taken away together with it.

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model};

use super::Protocol;
use super::promises::{
    ACCEPTED_IS_SEEN, ENTRIES_STAND, NO_FALSE_FAILURE, NOT_FAILED_UNDER_WAY, ONE_CALL, ONE_DECISION, OWN_LEASE,
};
use super::rules::{Broken, Rules};

/// Looks for the shortest way in which `promise` breaks.
fn breaks(name: &str, rules: Rules, promise: &'static str) {
    let checker = Protocol { rules }
        .checker()
        .finish_when(HasDiscoveries::AllOf(BTreeSet::from([promise])))
        .spawn_bfs()
        .join();
    let Some(path) = checker.discovery(promise) else {
        panic!(
            "{name}: nothing breaks \"{promise}\" in {} states",
            checker.unique_state_count()
        );
    };
    assert_eq!(checker.discovery_classification(promise).to_string(), "counterexample");
    let steps = path.into_actions();
    println!(
        "{name}: \"{promise}\" breaks in {} steps, after {} states",
        steps.len(),
        checker.unique_state_count()
    );
    for step in steps {
        println!("    {step:?}");
    }
}

fn dropped(guards: &'static [Broken]) -> Rules {
    Rules::guards_alone().without(guards)
}

/// Other programs write, too.
fn among_others(guards: &'static [Broken]) -> Rules {
    Rules {
        foreign_entries: 1,
        ..dropped(guards)
    }
}

#[test]
fn dropping_the_fence_on_settle_is_caught() {
    breaks(
        "no fence on settle",
        dropped(&[Broken::FenceOnSettle]),
        NOT_FAILED_UNDER_WAY,
    );
}

#[test]
fn dropping_the_version_on_settle_is_caught() {
    breaks(
        "no version on settle",
        among_others(&[Broken::VersionOnSettle]),
        ENTRIES_STAND,
    );
}

#[test]
fn dropping_the_fence_on_intent_is_caught() {
    breaks("no fence on intent", dropped(&[Broken::FenceOnIntent]), ONE_CALL);
}

#[test]
fn dropping_the_version_on_intent_is_caught() {
    breaks(
        "no version on intent",
        among_others(&[Broken::VersionOnIntent]),
        ENTRIES_STAND,
    );
}

#[test]
fn dropping_the_wait_for_answer_by_is_caught() {
    breaks("no wait for answer_by", dropped(&[Broken::AnswerBy]), ONE_DECISION);
    breaks(
        "no wait for answer_by",
        dropped(&[Broken::AnswerBy]),
        NOT_FAILED_UNDER_WAY,
    );
}

#[test]
fn deciding_by_one_look_is_caught() {
    breaks(
        "one look instead of two",
        dropped(&[Broken::SecondLook]),
        NOT_FAILED_UNDER_WAY,
    );
    breaks(
        "one look instead of two",
        dropped(&[Broken::SecondLook, Broken::EarlierEffect]),
        ONE_DECISION,
    );
}

#[test]
fn ignoring_that_reads_are_behind_is_caught() {
    breaks("staleness ignored", dropped(&[Broken::Staleness]), NOT_FAILED_UNDER_WAY);
    breaks(
        "staleness ignored",
        dropped(&[Broken::Staleness, Broken::EarlierEffect]),
        ONE_DECISION,
    );
}

#[test]
fn sending_again_after_a_precondition_is_caught() {
    breaks(
        "resend on precondition",
        dropped(&[Broken::Precondition, Broken::EarlierEffect]),
        ONE_DECISION,
    );
}

#[test]
fn counting_an_unknown_outcome_as_failed_is_caught() {
    breaks("unknown is failed", dropped(&[Broken::Unknown]), NO_FALSE_FAILURE);
    breaks("unknown is failed", dropped(&[Broken::Unknown]), NOT_FAILED_UNDER_WAY);
}

#[test]
fn starting_a_call_long_after_its_intent_is_caught() {
    breaks("late start", dropped(&[Broken::StartBy]), ONE_DECISION);
}

#[test]
fn trusting_a_lease_to_its_end_is_caught() {
    let rules = Rules {
        lead: [0, 1],
        poll: 2,
        ..dropped(&[Broken::LeaseMargin])
    };
    breaks("lease trusted to its end", rules, OWN_LEASE);
}

#[test]
fn sending_before_the_intent_is_durable_is_caught() {
    breaks("sent before the intent", dropped(&[Broken::IntentFirst]), ONE_CALL);
    breaks("sent before the intent", dropped(&[Broken::IntentFirst]), ONE_DECISION);
}

#[test]
fn sending_at_takeover_without_a_look_is_caught() {
    breaks(
        "takeover without a look",
        dropped(&[Broken::TakeoverLook]),
        ONE_DECISION,
    );
}

#[test]
fn taking_the_listing_for_an_order_with_an_earlier_call_is_caught() {
    breaks("listing after a call", among_others(&[Broken::Listing]), ONE_DECISION);
}

#[test]
fn believing_the_answer_without_a_look_is_caught() {
    breaks(
        "accepted by its answer",
        dropped(&[Broken::AcceptedBySight]),
        ACCEPTED_IS_SEEN,
    );
}

#[test]
fn forgetting_an_open_call_at_another_programs_entry_is_caught() {
    breaks(
        "entry forgets the call",
        among_others(&[Broken::ForeignKeepsCall, Broken::EarlierEffect]),
        ONE_DECISION,
    );
}

#[test]
fn a_frozen_send_rests_on_the_marketplace() {
    let rules = Rules {
        freezes: true,
        ..Rules::guards_alone()
    };
    breaks("frozen in the send, nothing checked there", rules, ONE_DECISION);
}

#[test]
fn a_frozen_send_may_make_a_failure_false_until_the_next_look() {
    let rules = Rules {
        compare_and_set: true,
        freezes: true,
        frozen_calls_count: true,
        ..Rules::guards_alone()
    };
    breaks("frozen in the send", rules, NO_FALSE_FAILURE);
}

#[test]
fn sending_by_a_look_that_may_not_show_an_earlier_effect_is_caught() {
    breaks(
        "a look too early for an earlier effect",
        among_others(&[Broken::EarlierEffect]),
        ONE_DECISION,
    );
}

/// With a tick more between two looks the guards hold: see `the_guards_hold_where_a_clock_runs_ahead`.
#[test]
fn a_clock_ahead_with_looks_in_quick_succession_rests_on_the_marketplace() {
    let rules = Rules {
        lead: [0, 1],
        poll: 1,
        ..Rules::guards_alone()
    };
    breaks(
        "a clock ahead, looks in quick succession, nothing checked there",
        rules,
        ONE_DECISION,
    );
}
