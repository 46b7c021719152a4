//! A look by reconcile, at an order in any phase.

use super::given::{Given, at, cause, in_flight, look, look_at, note, order_in, seen, seen_without_lines, status};
use crate::call::CallOutcome;
use crate::reading::Seen;
use crate::status::OrderStatus;
use crate::work::{Claimed, Phase, Settlement};
use crate::workflow::decide::{Reconciled, reconciled};

/// An order in `phase` whose newest entry says `status`.
fn with_status(status: OrderStatus, phase: Phase) -> Claimed {
    let mut claimed = order_in(phase);
    claimed.status = status;
    claimed
}

fn moved(claimed: &Claimed, state: &str) -> Settlement {
    match reconciled(claimed, &seen(state), look(), "reconcile", &Given::new().ctx()) {
        Reconciled::Moved(settlement) => *settlement,
        other => panic!("{state}: {other:?}"),
    }
}

const UNSETTLED: [(OrderStatus, Phase); 6] = [
    (OrderStatus::PendingAcceptance, Phase::Ready),
    (OrderStatus::PendingAcceptance, Phase::Sending),
    (OrderStatus::PendingAcceptance, Phase::Validating),
    (OrderStatus::AcceptanceFailed, Phase::Retry),
    (OrderStatus::AcceptanceFailed, Phase::Unfiled),
    (OrderStatus::AcceptanceFailed, Phase::Review),
];

#[test]
fn whatever_is_unsettled_is_settled_as_it_is_seen() {
    for (unsettled, phase) in UNSETTLED {
        let claimed = with_status(unsettled, phase);
        for (state, wanted) in [
            ("SHIPPING", "accepted"),
            ("RECEIVED", "accepted"),
            ("CANCELED", "cancelled"),
        ] {
            let settlement = moved(&claimed, state);
            assert_eq!(status(&settlement), Some(wanted), "{phase} {state}");
            assert_eq!((settlement.fence, settlement.version), (claimed.fence, claimed.version));
            assert_eq!(settlement.standing.phase, Phase::Settled);
            assert_eq!(
                settlement.entry.unwrap().look,
                Some(look().call),
                "the look justifies it"
            );
        }
    }
}

#[test]
fn whatever_is_unsettled_on_both_sides_keeps_its_place() {
    let given = Given::new();
    for (unsettled, phase) in UNSETTLED {
        let claimed = with_status(unsettled, phase);
        for state in ["WAITING_ACCEPTANCE", "STAGING", "WAITING_DEBIT"] {
            let found = reconciled(&claimed, &seen(state), look(), "reconcile", &given.ctx());
            assert_eq!(found, Reconciled::Waits, "{phase} {state}");
        }
        let found = reconciled(&claimed, &seen_without_lines(), look(), "reconcile", &given.ctx());
        assert_eq!(found, Reconciled::Waits, "{phase}");
    }
    let undecided = in_flight(Some(CallOutcome::Unknown), 1000);
    let found = reconciled(
        &undecided,
        &seen("WAITING_ACCEPTANCE"),
        look(),
        "reconcile",
        &given.ctx(),
    );
    assert_eq!(
        found,
        Reconciled::Waits,
        "one look decides nothing about an undecided call"
    );
}

#[test]
fn the_note_says_whether_a_call_of_ours_is_on_record() {
    let forgotten = moved(&order_in(Phase::Ready), "SHIPPED");
    let wanted = "Found as 'SHIPPED' by reconcile; no call of ours is on record; further along already";
    assert_eq!(note(&forgotten), wanted);
    let on_record = moved(&in_flight(None, 1000), "SHIPPING");
    assert_eq!(note(&on_record), "Found as 'SHIPPING' by reconcile");
    assert!(on_record.entry.unwrap().send.is_some());
}

#[test]
fn accepted_moves_to_cancelled_and_nowhere_else() {
    let accepted = with_status(OrderStatus::Accepted, Phase::Settled);
    let settlement = moved(&accepted, "CANCELED");
    assert_eq!(status(&settlement), Some("cancelled"));
    assert_eq!(
        note(&settlement),
        "Found as 'CANCELED' by reconcile: cancelled on the marketplace; it had been accepted"
    );
    assert_eq!(cause(&moved(&accepted, "REFUSED")), Some("refused_at_deadline"));
    let given = Given::new();
    for state in ["SHIPPING", "RECEIVED", "WAITING_DEBIT", "STAGING"] {
        let found = reconciled(&accepted, &seen(state), look(), "reconcile", &given.ctx());
        assert_eq!(found, Reconciled::Agrees, "{state}");
    }
}

#[test]
fn a_settled_order_that_still_waits_contradicts_once_a_look_is_certain_to_show_it() {
    let given = Given::new();
    for settled in [
        OrderStatus::Accepted,
        OrderStatus::Cancelled,
        OrderStatus::parse("shipped"),
    ] {
        let mut claimed = with_status(settled, Phase::Settled);
        claimed.standing.since = at(100);
        let at_once = reconciled(
            &claimed,
            &seen("WAITING_ACCEPTANCE"),
            look_at(104),
            "reconcile",
            &given.ctx(),
        );
        assert_eq!(at_once, Reconciled::Agrees);
        let certain = reconciled(
            &claimed,
            &seen("WAITING_ACCEPTANCE"),
            look_at(105),
            "reconcile",
            &given.ctx(),
        );
        let Reconciled::Contradicts(failure) = certain else {
            panic!("{certain:?}")
        };
        assert_eq!(failure.cause.as_str(), "contradiction");
        assert!(failure.needs_person);
    }
}

#[test]
fn a_cancelled_order_that_goes_on_there_contradicts() {
    let cancelled = with_status(OrderStatus::Cancelled, Phase::Settled);
    for state in ["SHIPPING", "WAITING_DEBIT", "SHIPPED"] {
        let found = reconciled(&cancelled, &seen(state), look(), "reconcile", &Given::new().ctx());
        assert!(matches!(found, Reconciled::Contradicts(_)), "{state}: {found:?}");
    }
}

#[test]
fn statuses_of_other_modules_are_not_fought() {
    let shipped = with_status(OrderStatus::parse("shipped"), Phase::Settled);
    for state in ["SHIPPING", "CANCELED", "REFUSED", "RECEIVED"] {
        let found = reconciled(&shipped, &seen(state), look(), "reconcile", &Given::new().ctx());
        assert_eq!(found, Reconciled::Agrees, "{state}");
    }
}

#[test]
fn what_is_not_shown_or_not_understood_stays() {
    let given = Given::new();
    for claimed in [
        order_in(Phase::Ready),
        with_status(OrderStatus::Accepted, Phase::Settled),
    ] {
        let found = |shown: &Seen| reconciled(&claimed, shown, look(), "reconcile", &given.ctx());
        assert_eq!(found(&Seen::Missing), Reconciled::NotShown);
        assert_eq!(found(&Seen::Unreadable("no lines".to_owned())), Reconciled::Unclear);
        assert_eq!(found(&seen("ON_HOLD")), Reconciled::Unclear);
    }
}
