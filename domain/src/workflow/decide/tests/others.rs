//! Orders in review, retries that are due, failures of other programs.

use super::given::*;
use crate::call::CallOutcome;
use crate::reading::Seen;
use crate::status::OrderStatus;
use crate::work::{Claimed, Phase};
use crate::workflow::decide::{file_foreign, in_review, requeue};

fn in_review_as(status: OrderStatus) -> Claimed {
    Claimed {
        status,
        ..order_in(Phase::Review)
    }
}

#[test]
fn an_order_in_review_settles_by_itself_if_it_moved() {
    let given = Given::new();
    for status_before in [OrderStatus::PendingAcceptance, OrderStatus::AcceptanceFailed] {
        let order = in_review_as(status_before);
        let settlement = in_review(&order, &seen("SHIPPING"), look(), &given.ctx());
        assert_eq!(status(&settlement), Some("accepted"));
        assert!(settlement.resolution.is_some());
        let settlement = in_review(&order, &seen("REFUSED"), look(), &given.ctx());
        assert_eq!(
            (status(&settlement), cause(&settlement)),
            (Some("cancelled"), Some("refused_at_deadline"))
        );
    }
}

#[test]
fn an_order_in_review_is_never_sent_and_looked_at_again_in_an_hour() {
    let given = Given::new();
    for seen in [
        seen("WAITING_ACCEPTANCE"),
        seen("STAGING"),
        seen("WAITING_DEBIT"),
        seen("PAUSED"),
        seen_without_lines(),
        Seen::Missing,
        Seen::Unreadable("x".into()),
    ] {
        let settlement = in_review(
            &in_review_as(OrderStatus::AcceptanceFailed),
            &seen,
            look(),
            &given.ctx(),
        );
        assert!(only_stands(&settlement), "{seen:?}");
        assert_eq!(settlement.standing.phase, Phase::Review);
        assert_eq!(settlement.standing.due_at, Some(at(NOW + 3600)));
    }
}

#[test]
fn a_retry_that_is_due_gets_its_next_attempt_with_the_reason() {
    let mut order = Claimed {
        status: OrderStatus::AcceptanceFailed,
        ..in_flight(Some(CallOutcome::NotSent), 300)
    };
    order.standing.phase = Phase::Retry;
    order.standing.call_open = false;
    order.standing.attempt = 2;
    order.standing.reason = Some("connection refused".into());
    let settlement = requeue(&order, &Given::new().ctx());
    assert_eq!(status(&settlement), Some("pending_acceptance"));
    assert_eq!(note(&settlement), "retry 2 of 5: connection refused");
    let standing = &settlement.standing;
    assert_eq!(
        (standing.phase, standing.due_at, standing.attempt),
        (Phase::Ready, Some(at(NOW)), 2)
    );
    assert!(standing.decision.is_some());
    assert_eq!(settlement.failure, None);
    assert_eq!(
        settlement.resolution, None,
        "the failure stays open until the order is settled"
    );
}

#[test]
fn a_foreign_failure_is_filed_for_a_person_and_its_status_stays() {
    let order = Claimed {
        status: OrderStatus::AcceptanceFailed,
        ..order_in(Phase::Unfiled)
    };
    let settlement = file_foreign(&order, &Given::new().ctx());
    assert_eq!((status(&settlement), cause(&settlement)), (None, Some("foreign")));
    assert!(settlement.failure.unwrap().needs_person);
    assert_eq!(
        (settlement.standing.phase, settlement.standing.due_at),
        (Phase::Review, Some(at(NOW + 3600)))
    );
}
