//! Before OR21, for every reading.

use super::given::*;
use crate::call::CallOutcome;
use crate::order::Decision;
use crate::reading::Seen;
use crate::time;
use crate::work::{Claimed, Phase, Settlement};
use crate::workflow::decide::{BeforeSend, before_send};

fn written(claimed: &Claimed, seen: &Seen) -> Settlement {
    match before_send(claimed, seen, look(), &Given::new().ctx()) {
        BeforeSend::Write(settlement) => *settlement,
        BeforeSend::Send(_) => panic!("{seen:?} was sent"),
    }
}

#[test]
fn a_waiting_order_is_sent_with_yes_to_every_line() {
    let given = Given::new();
    let next = before_send(
        &order_in(Phase::Ready),
        &seen("WAITING_ACCEPTANCE"),
        look(),
        &given.ctx(),
    );
    let decision = Decision::accept_all(&lines(&["L1", "L2"])).unwrap();
    assert_eq!(next, BeforeSend::Send(decision));
}

#[test]
fn the_frozen_decision_is_sent_whatever_the_lines_are_now() {
    let given = Given::new();
    let mut order = order_in(Phase::Ready);
    let frozen = Decision::accept_all(&lines(&["L2", "L9"])).unwrap();
    order.standing.decision = Some(frozen.clone());
    let next = before_send(&order, &seen("WAITING_ACCEPTANCE"), look(), &given.ctx());
    assert_eq!(next, BeforeSend::Send(frozen));
}

#[test]
fn staging_waits_without_failure_and_backs_off_to_an_hour() {
    let mut order = order_in(Phase::Ready);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let settlement = written(&order, &seen("STAGING"));
        assert!(only_stands(&settlement));
        assert_eq!(
            (settlement.standing.phase, settlement.standing.looks),
            (Phase::Ready, 0)
        );
        waits.push(time::until(look().began_at, settlement.standing.due_at.unwrap()).as_secs() / 60);
        order.standing = settlement.standing;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn a_pending_debit_is_accepted_already_and_waits_in_validation() {
    let settlement = written(&order_in(Phase::Ready), &seen("WAITING_DEBIT"));
    assert!(only_stands(&settlement));
    assert_eq!(settlement.standing.phase, Phase::Validating);
    assert_eq!(settlement.standing.since, at(NOW), "the grace counts from here");
}

#[test]
fn the_grace_of_a_debit_does_not_count_the_staging_before_it() {
    let mut order = order_in(Phase::Ready);
    order.standing.slow_looks = 8;
    order.standing.since = at(0);
    let settlement = written(&order, &seen("WAITING_DEBIT"));
    assert_eq!(settlement.standing.since, at(NOW));
    assert_eq!(settlement.standing.slow_looks, 1);
}

#[test]
fn an_accepted_order_is_settled_without_a_call() {
    let table = [
        ("WAITING_DEBIT_PAYMENT", false),
        ("SHIPPING", false),
        ("SHIPPED", true),
        ("TO_COLLECT", true),
        ("RECEIVED", true),
        ("WAITING_REFUND", true),
        ("WAITING_REFUND_PAYMENT", true),
        ("CLOSED", true),
    ];
    for (state, further) in table {
        let settlement = written(&order_in(Phase::Ready), &seen(state));
        assert_eq!(status(&settlement), Some("accepted"));
        assert_eq!(settlement.standing.phase, Phase::Settled);
        let suffix = if further { "; further along already" } else { "" };
        assert_eq!(
            note(&settlement),
            format!("Found as '{state}' after 1 look: accepted without a call of ours{suffix}")
        );
        assert_eq!(settlement.resolution.as_deref(), Some("The order was seen as accepted"));
    }
}

#[test]
fn an_order_accepted_after_an_earlier_attempt_is_found_so() {
    let mut order = in_flight(Some(CallOutcome::Unanswered), 600);
    order.standing.phase = Phase::Ready;
    order.standing.call_open = false;
    let settlement = written(&order, &seen("SHIPPING"));
    assert_eq!(note(&settlement), "Found as 'SHIPPING' after 1 look");
    assert_eq!(
        settlement.entry.unwrap().send,
        None,
        "no call of ours is said to have done it"
    );
}

#[test]
fn a_lost_order_is_cancelled_and_a_refusal_says_by_whom() {
    let settlement = written(&order_in(Phase::Ready), &seen("CANCELED"));
    assert_eq!((status(&settlement), cause(&settlement)), (Some("cancelled"), None));
    let settlement = written(&order_in(Phase::Ready), &seen("REFUSED"));
    assert_eq!(
        (status(&settlement), cause(&settlement)),
        (Some("cancelled"), Some("refused_at_deadline"))
    );
    assert_eq!(
        note(&settlement),
        "Seen as 'REFUSED' after 1 look: refused by the marketplace at the acceptance deadline \
         (no decision date stands on the order)"
    );
    let Seen::Order(mut order) = seen("REFUSED") else {
        unreachable!()
    };
    order.decided_at = Some(at(5));
    let settlement = written(&order_in(Phase::Ready), &Seen::Order(order));
    assert_eq!(cause(&settlement), Some("refused_by_shop"));
    assert!(settlement.failure.unwrap().needs_person);
}

#[test]
fn no_lines_means_review_at_once_also_with_a_frozen_decision() {
    for frozen in [false, true] {
        let mut order = order_in(Phase::Ready);
        if frozen {
            order.standing.decision = Decision::accept_all(&lines(&["L1"]));
        }
        let settlement = written(&order, &seen_without_lines());
        assert_eq!((status(&settlement), cause(&settlement)), (None, Some("no_lines")));
        assert_eq!(settlement.standing.phase, Phase::Review);
    }
}

#[test]
fn what_is_unclear_uses_up_its_looks_and_is_reviewed_with_its_status_as_it_is() {
    let table = [
        (seen("PAUSED"), "unknown_state", "After 5 looks the order is 'PAUSED'."),
        (
            Seen::Missing,
            "not_found",
            "After 5 looks the order is not in the answer.",
        ),
        (
            Seen::Unreadable("no state".into()),
            "unreadable",
            "After 5 looks the order is unreadable (no state).",
        ),
    ];
    for (seen, expected, words) in table {
        let mut order = order_in(Phase::Ready);
        for look_number in 1..5 {
            let settlement = written(&order, &seen);
            assert!(only_stands(&settlement));
            assert_eq!(
                (settlement.standing.phase, settlement.standing.looks),
                (Phase::Ready, look_number)
            );
            assert_eq!(settlement.standing.due_at, Some(at(NOW + 60)));
            order.standing = settlement.standing;
        }
        let settlement = written(&order, &seen);
        assert_eq!((status(&settlement), cause(&settlement)), (None, Some(expected)));
        assert!(
            settlement.failure.as_ref().unwrap().details.starts_with(words),
            "{settlement:?}"
        );
        assert_eq!(settlement.standing.phase, Phase::Review);
        assert_eq!(settlement.standing.due_at, Some(at(NOW + 3600)));
    }
}
