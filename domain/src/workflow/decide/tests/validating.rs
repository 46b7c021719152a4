//! While an order is in flight: every reading × what is known of the call.

use super::given::*;
use crate::call::CallOutcome;
use crate::reading::Seen;
use crate::time;
use crate::work::{Claimed, LastCall, Phase, Settlement, Standing};
use crate::workflow::decide::{LookedAt, at_claim, validating};

/// The outcomes that an order in flight may have, `None` for no call at all.
const CALLS: [Option<Option<CallOutcome>>; 5] = [
    None,
    Some(None),
    Some(Some(CallOutcome::Applied)),
    Some(Some(CallOutcome::Precondition)),
    Some(Some(CallOutcome::Unknown)),
];

fn with(call: Option<Option<CallOutcome>>) -> Claimed {
    call.map_or_else(|| order_in(Phase::Validating), |outcome| in_flight(outcome, 300))
}

fn validated(claimed: &Claimed, seen: &Seen, look: LookedAt) -> Settlement {
    validating(claimed, seen, look, &Given::new().ctx())
}

#[test]
fn an_accepted_state_settles_whatever_the_call() {
    for call in CALLS {
        for state in ["WAITING_DEBIT_PAYMENT", "SHIPPING", "SHIPPED", "RECEIVED", "CLOSED"] {
            let settlement = validated(&with(call), &seen(state), look());
            assert_eq!(status(&settlement), Some("accepted"), "{call:?} {state}");
            assert_eq!(settlement.standing.phase, Phase::Settled);
            assert_eq!(settlement.failure, None);
            let entry = settlement.entry.unwrap();
            assert_eq!(entry.look.unwrap().0, 77);
            assert_eq!(entry.send.map(|id| id.0), call.map(|_| 55));
        }
    }
}

#[test]
fn an_effect_counts_also_in_a_look_that_began_early() {
    let order = in_flight(Some(CallOutcome::Unknown), 1);
    let settlement = validated(&order, &seen("SHIPPING"), look());
    assert_eq!(status(&settlement), Some("accepted"));
}

#[test]
fn a_loss_settles_whatever_the_call() {
    for call in CALLS {
        let settlement = validated(&with(call), &seen("CANCELED"), look());
        assert_eq!(status(&settlement), Some("cancelled"));
        let settlement = validated(&with(call), &seen("REFUSED"), look());
        assert_eq!(cause(&settlement), Some("refused_at_deadline"));
    }
}

#[test]
fn the_note_counts_every_look() {
    let mut order = in_flight(Some(CallOutcome::Applied), 300);
    order.standing.looks = 1;
    order.standing.slow_looks = 2;
    let settlement = validated(&order, &seen("SHIPPED"), look());
    assert_eq!(
        note(&settlement),
        "Validated as 'SHIPPED' after 4 looks; further along already"
    );
}

#[test]
fn waiting_for_the_debit_uses_up_no_look() {
    for call in CALLS {
        let mut order = with(call);
        for look_number in 1..20 {
            let settlement = validated(&order, &seen("WAITING_DEBIT"), look());
            assert!(only_stands(&settlement), "{call:?}");
            assert_eq!(
                (settlement.standing.looks, settlement.standing.slow_looks),
                (0, look_number)
            );
            assert!(settlement.standing.due_at.unwrap() <= at(NOW + 3600));
            order.standing = settlement.standing;
        }
    }
}

#[test]
fn a_debit_over_its_grace_is_reviewed_with_its_status_as_it_is() {
    let mut given = Given::new();
    let order = in_flight(Some(CallOutcome::Applied), 300);
    let first = validating(&order, &seen("WAITING_DEBIT"), look(), &given.ctx());
    let order = Claimed {
        standing: first.standing,
        ..order
    };
    given.now = at(NOW + 72 * 3600 - 1);
    let settlement = validating(&order, &seen("WAITING_DEBIT"), look(), &given.ctx());
    assert!(only_stands(&settlement));
    given.now = at(NOW + 72 * 3600);
    let settlement = validating(&order, &seen("WAITING_DEBIT"), look(), &given.ctx());
    assert_eq!((status(&settlement), cause(&settlement)), (None, Some("debit_overdue")));
    assert_eq!(settlement.standing.phase, Phase::Review);
    assert!(
        settlement
            .failure
            .unwrap()
            .details
            .contains("has stood in 'WAITING_DEBIT' for 72 h")
    );
}

#[test]
fn staging_uses_up_no_look_either() {
    for call in CALLS {
        let settlement = validated(&with(call), &seen("STAGING"), look());
        assert!(only_stands(&settlement));
        assert_eq!(
            (settlement.standing.phase, settlement.standing.looks),
            (Phase::Validating, 0)
        );
    }
}

#[test]
fn waiting_without_a_call_of_ours_goes_back_to_be_sent() {
    let settlement = validated(&order_in(Phase::Validating), &seen("WAITING_ACCEPTANCE"), look());
    assert!(only_stands(&settlement));
    assert_eq!(
        (settlement.standing.phase, settlement.standing.due_at),
        (Phase::Ready, Some(at(NOW)))
    );
}

#[test]
fn applied_and_precondition_use_up_their_looks_then_wait_for_a_person() {
    for outcome in [CallOutcome::Applied, CallOutcome::Precondition] {
        for seen in [seen("WAITING_ACCEPTANCE"), seen_without_lines()] {
            let mut order = in_flight(Some(outcome), 300);
            for look_number in 1..5 {
                let settlement = validated(&order, &seen, look());
                assert!(only_stands(&settlement));
                assert_eq!(
                    (settlement.standing.phase, settlement.standing.looks),
                    (Phase::Validating, look_number)
                );
                assert_eq!(settlement.standing.due_at, Some(at(NOW + 60)));
                order.standing = settlement.standing;
            }
            let settlement = validated(&order, &seen, look());
            assert_eq!(
                (status(&settlement), cause(&settlement)),
                (Some("acceptance_failed"), Some("not_confirmed"))
            );
            assert_eq!(
                note(&settlement),
                "Still 'WAITING_ACCEPTANCE' after 5 looks; waits for a person"
            );
            assert_eq!(settlement.standing.phase, Phase::Review);
            assert_eq!(settlement.entry.unwrap().retry_at, None, "never sent again by itself");
        }
    }
}

#[test]
fn the_last_look_counts_only_past_the_staleness_of_reads() {
    let mut order = in_flight(Some(CallOutcome::Applied), 300);
    order.standing.looks = 4;
    order.standing.since = at(NOW - 3);
    let settlement = validated(&order, &seen("WAITING_ACCEPTANCE"), look());
    assert!(only_stands(&settlement));
    assert_eq!(
        (settlement.standing.looks, settlement.standing.due_at),
        (4, Some(at(NOW + 2)))
    );
    let settlement = validated(&order, &seen("WAITING_ACCEPTANCE"), look_at(NOW + 2));
    assert_eq!(status(&settlement), Some("acceptance_failed"));
}

#[test]
fn an_unknown_outcome_is_decided_by_two_looks_after_the_answer_was_due() {
    for seen in [seen("WAITING_ACCEPTANCE"), seen_without_lines()] {
        let order = in_flight(Some(CallOutcome::Unknown), 300);
        let first = validated(&order, &seen, look());
        assert!(only_stands(&first));
        assert_eq!((first.standing.waiting_looks, first.standing.looks), (1, 1));
        assert_eq!(first.standing.due_at, Some(at(NOW + 60)));
        let mut order = Claimed {
            standing: first.standing,
            ..order
        };
        order.standing.reason = Some("HTTP 503".into());
        let second = validated(&order, &seen, look_at(NOW + 60));
        assert_eq!(
            (status(&second), cause(&second)),
            (Some("acceptance_failed"), Some("unanswered"))
        );
        assert!(
            note(&second).starts_with(
                "Attempt 1 of 5 failed: HTTP 503; 2 looks after it the order was still waiting; retried at"
            ),
            "{}",
            note(&second)
        );
        let entry = second.entry.as_ref().unwrap();
        assert_eq!(
            (entry.send.map(|id| id.0), entry.look.map(|id| id.0)),
            (Some(55), Some(77))
        );
        assert_eq!(second.standing.phase, Phase::Retry);
    }
}

#[test]
fn looks_that_began_before_the_answer_was_due_use_up_nothing() {
    for outcome in [None, Some(CallOutcome::Unknown)] {
        for seen in [
            seen("WAITING_ACCEPTANCE"),
            seen_without_lines(),
            seen("PAUSED"),
            Seen::Missing,
            Seen::Unreadable("x".into()),
        ] {
            let order = in_flight(outcome, 5);
            let settlement = validated(&order, &seen, look());
            assert!(only_stands(&settlement), "{seen:?}");
            let standing = settlement.standing;
            assert_eq!((standing.looks, standing.waiting_looks), (0, 0), "{seen:?}");
            assert_eq!(standing.due_at, Some(at(NOW + 7)), "{seen:?}");
        }
    }
}

#[test]
fn an_early_look_does_not_undo_one_that_counted() {
    let mut order = in_flight(Some(CallOutcome::Unknown), 300);
    order.standing.waiting_looks = 1;
    let settlement = validated(&order, &Seen::Missing, look());
    assert_eq!(settlement.standing.waiting_looks, 0, "looks in a row");
    let settlement = validated(&order, &seen("WAITING_ACCEPTANCE"), look_at(NOW - 299));
    assert_eq!(settlement.standing.waiting_looks, 1);
}

#[test]
pub(in crate::workflow) fn the_deciding_look_begins_past_the_staleness_of_reads() {
    let mut given = Given::new();
    given.settings.poll_interval = std::time::Duration::ZERO;
    let order = in_flight(Some(CallOutcome::Unknown), 13);
    let first = validating(&order, &seen("WAITING_ACCEPTANCE"), look(), &given.ctx());
    assert_eq!(first.standing.due_at, Some(at(NOW - 13 + 12 + 5)));
    let order = Claimed {
        standing: first.standing,
        ..order
    };
    let hasty = validating(&order, &seen("WAITING_ACCEPTANCE"), look_at(NOW + 1), &given.ctx());
    assert!(only_stands(&hasty));
    assert_eq!(hasty.standing.waiting_looks, 1);
    let second = validating(&order, &seen("WAITING_ACCEPTANCE"), look_at(NOW + 4), &given.ctx());
    assert_eq!(status(&second), Some("acceptance_failed"));
}

#[test]
fn an_intent_without_an_answer_is_closed_and_sent_again_without_a_failure() {
    let order = in_flight(None, 300);
    let first = validated(&order, &seen("WAITING_ACCEPTANCE"), look());
    let order = Claimed {
        standing: first.standing,
        ..order
    };
    let second = validated(&order, &seen("WAITING_ACCEPTANCE"), look_at(NOW + 60));
    assert_eq!((&second.entry, &second.failure), (&None, &None));
    assert_eq!(second.close_call.map(|id| id.0), Some(55));
    let standing = &second.standing;
    assert_eq!((standing.phase, standing.attempt), (Phase::Ready, 1));
    assert!(standing.decision.is_some(), "and repeats the frozen decision");
    let closed = at_claim(
        &with_outcome(&order, standing, CallOutcome::Unanswered),
        &Given::new().ctx(),
    )
    .unwrap();
    assert!(only_stands(&closed));
    assert_eq!(
        (closed.standing.phase, closed.standing.call_open),
        (Phase::Ready, false)
    );
}

#[test]
fn an_answer_put_on_record_while_its_call_was_being_closed_is_not_sent_over() {
    let order = in_flight(None, 300);
    let first = validated(&order, &seen("WAITING_ACCEPTANCE"), look());
    let order = Claimed {
        standing: first.standing,
        ..order
    };
    let second = validated(&order, &seen("WAITING_ACCEPTANCE"), look_at(NOW + 60));
    for outcome in [CallOutcome::Applied, CallOutcome::Precondition, CallOutcome::Unknown] {
        let late = with_outcome(&order, &second.standing, outcome);
        let taken = at_claim(&late, &Given::new().ctx()).expect("the call is not taken for decided");
        assert_eq!(
            (taken.standing.phase, taken.standing.call_open),
            (Phase::Validating, true),
            "{outcome}"
        );
    }
}

/// The order as it is claimed next: with what is on record of its call by then.
fn with_outcome(order: &Claimed, standing: &Standing, outcome: CallOutcome) -> Claimed {
    Claimed {
        standing: standing.clone(),
        call: order.call.map(|call| LastCall {
            outcome: Some(outcome),
            ..call
        }),
        ..order.clone()
    }
}

#[test]
fn a_late_answer_without_effect_is_taken_at_its_word() {
    for outcome in [
        CallOutcome::NotSent,
        CallOutcome::Throttled,
        CallOutcome::Credentials,
        CallOutcome::Unanswered,
        CallOutcome::Answered,
    ] {
        let settlement = validated(&in_flight(Some(outcome), 300), &seen("WAITING_ACCEPTANCE"), look());
        assert!(only_stands(&settlement));
        assert_eq!(settlement.standing.phase, Phase::Ready, "{outcome:?}");
    }
    let settlement = validated(
        &in_flight(Some(CallOutcome::Refused), 300),
        &seen("WAITING_ACCEPTANCE"),
        look(),
    );
    assert_eq!(
        (status(&settlement), cause(&settlement)),
        (Some("acceptance_failed"), Some("refused"))
    );
}

#[test]
fn what_is_unclear_uses_up_its_looks_and_is_reviewed_with_its_status_as_it_is() {
    let table = [
        (seen("PAUSED"), "unknown_state"),
        (Seen::Missing, "not_found"),
        (Seen::Unreadable("x".into()), "unreadable"),
    ];
    for call in CALLS {
        for (seen, expected) in &table {
            let mut order = with(call);
            for _ in 1..5 {
                let settlement = validated(&order, seen, look());
                assert!(only_stands(&settlement));
                order.standing = settlement.standing;
            }
            let settlement = validated(&order, seen, look());
            assert_eq!((status(&settlement), cause(&settlement)), (None, Some(*expected)));
            assert_eq!(settlement.standing.phase, Phase::Review);
            assert_eq!(
                settlement.standing.call_open,
                call.is_some(),
                "an undecided call is not forgotten"
            );
        }
    }
}

#[test]
fn one_attempt_limit_of_looks_means_one_look() {
    let mut given = Given::new();
    given.settings.validation_attempts = 1;
    let order = in_flight(Some(CallOutcome::Applied), 300);
    let settlement = validating(&order, &seen("WAITING_ACCEPTANCE"), look(), &given.ctx());
    assert_eq!(
        note(&settlement),
        "Still 'WAITING_ACCEPTANCE' after 1 look; waits for a person"
    );
    assert!(time::until(order.standing.since, at(NOW)).as_secs() > 5);
}
