//! After OR21, for every verdict, and at a claim, for every outcome on record.

use std::time::Duration;

use super::given::*;
use crate::call::CallOutcome;
use crate::ports::SendVerdict;
use crate::time;
use crate::work::{Claimed, Phase, Settlement};
use crate::workflow::decide::{after_answer, at_claim};

fn sent() -> Claimed {
    let mut order = in_flight(None, 1);
    order.standing.phase = Phase::Sending;
    order
}

fn answered(verdict: &SendVerdict) -> Settlement {
    after_answer(&sent(), verdict, "HTTP 418", &Given::new().ctx())
}

#[test]
fn applied_precondition_and_unknown_are_looked_at() {
    for verdict in [SendVerdict::Applied, SendVerdict::Precondition, SendVerdict::Unknown] {
        let settlement = answered(&verdict);
        assert!(only_stands(&settlement), "{verdict:?}");
        let standing = &settlement.standing;
        assert_eq!((standing.phase, standing.due_at), (Phase::Validating, Some(at(NOW))));
        assert!(standing.call_open);
        assert_eq!((standing.looks, standing.waiting_looks, standing.slow_looks), (0, 0, 0));
        assert_eq!(standing.reason.as_deref(), Some("HTTP 418"));
        assert_eq!(standing.since, at(NOW));
    }
}

#[test]
fn a_refusal_is_failed_without_retry_and_lets_the_decision_go() {
    let settlement = answered(&SendVerdict::Refused);
    assert_eq!(
        (status(&settlement), cause(&settlement)),
        (Some("acceptance_failed"), Some("refused"))
    );
    assert_eq!(
        note(&settlement),
        "Attempt 1 of 5 was refused: HTTP 418; waits for a person"
    );
    let entry = settlement.entry.as_ref().unwrap();
    assert_eq!((entry.retry_at, entry.send.map(|call| call.0)), (None, Some(55)));
    assert_eq!(
        (settlement.standing.phase, &settlement.standing.decision),
        (Phase::Review, &None)
    );
    assert!(!settlement.standing.call_open);
}

#[test]
fn not_sent_is_a_failed_attempt_at_once_with_its_retry() {
    let settlement = answered(&SendVerdict::NotSent);
    assert_eq!(
        (status(&settlement), cause(&settlement)),
        (Some("acceptance_failed"), Some("not_sent"))
    );
    let retry_at = settlement.entry.as_ref().unwrap().retry_at.unwrap();
    let wait = time::until(at(NOW), retry_at);
    assert!(
        (Duration::from_secs(30)..=Duration::from_secs(60)).contains(&wait),
        "{wait:?}"
    );
    assert_eq!(
        note(&settlement),
        format!("Attempt 1 of 5 failed: HTTP 418; retried at {retry_at}")
    );
    let standing = &settlement.standing;
    assert_eq!(
        (standing.phase, standing.due_at, standing.attempt),
        (Phase::Retry, Some(retry_at), 2)
    );
    assert!(
        standing.decision.is_some(),
        "the decision stays frozen for the next attempt"
    );
    let failure = settlement.failure.as_ref().unwrap();
    assert!(!failure.needs_person);
    assert_eq!(failure.payload["order_id"], "A-1");
    assert_eq!(failure.payload["decision"]["order_lines"][0]["id"], "L1");
    assert_eq!(failure.payload["retry_at"], retry_at.to_string());
}

#[test]
fn what_concerns_the_whole_shop_costs_the_order_nothing() {
    for verdict in [
        SendVerdict::Credentials,
        SendVerdict::Throttled(None),
        SendVerdict::Throttled(Some(Duration::from_secs(9))),
        SendVerdict::Withdrawn,
    ] {
        let settlement = answered(&verdict);
        assert!(only_stands(&settlement));
        let standing = &settlement.standing;
        assert_eq!((standing.phase, standing.attempt), (Phase::Ready, 1));
        assert!(!standing.call_open);
        assert!(standing.decision.is_some());
    }
}

#[test]
fn the_last_attempt_leads_to_a_person() {
    let mut order = sent();
    order.standing.attempt = 5;
    let settlement = after_answer(&order, &SendVerdict::NotSent, "refused", &Given::new().ctx());
    assert_eq!(
        (settlement.standing.phase, settlement.standing.due_at),
        (Phase::Review, Some(at(NOW + 3600)))
    );
    assert_eq!(settlement.entry.as_ref().unwrap().retry_at, None);
    assert!(settlement.failure.as_ref().unwrap().needs_person);
    assert_eq!(note(&settlement), "Attempt 5 of 5 failed: refused; waits for a person");
}

#[test]
fn an_outage_costs_no_attempt_until_the_deadline() {
    let mut given = Given::new();
    given.outage = true;
    let mut order = sent();
    order.standing.attempt = 5;
    let settlement = after_answer(&order, &SendVerdict::NotSent, "refused", &given.ctx());
    assert_eq!(
        (settlement.standing.phase, settlement.standing.attempt),
        (Phase::Retry, 5)
    );
    given.now = at(2 * NOW);
    let settlement = after_answer(&order, &SendVerdict::NotSent, "refused", &given.ctx());
    assert_eq!(settlement.standing.phase, Phase::Review, "the deadline has passed");
}

#[test]
fn retries_back_off_up_to_their_cap() {
    let mut given = Given::new();
    given.settings.retry.attempts = 20;
    for (attempt, most) in [(1, 60), (2, 120), (3, 240), (4, 480), (5, 900), (19, 900)] {
        let mut order = sent();
        order.standing.attempt = attempt;
        let settlement = after_answer(&order, &SendVerdict::NotSent, "", &given.ctx());
        let wait = time::until(at(NOW), settlement.standing.due_at.unwrap()).as_secs_f64();
        let most = f64::from(most);
        assert!((most / 2.0..=most).contains(&wait), "{attempt}: {wait}");
    }
}

#[test]
fn a_claim_goes_by_what_is_on_record() {
    let given = Given::new();
    for outcome in CallOutcome::all().map(Some).chain([None]) {
        let order = in_flight(outcome, 300);
        let settlement = at_claim(&order, &given.ctx()).unwrap();
        let phase = match outcome {
            None | Some(CallOutcome::Applied | CallOutcome::Precondition | CallOutcome::Unknown) => Phase::Validating,
            Some(CallOutcome::Refused) => Phase::Review,
            _ => Phase::Ready,
        };
        assert_eq!(settlement.standing.phase, phase, "{outcome:?}");
        assert_eq!(settlement.standing.call_open, phase == Phase::Validating, "{outcome:?}");
        assert_eq!(settlement.failure.is_some(), phase == Phase::Review, "{outcome:?}");
    }
}

#[test]
fn a_claim_without_an_undecided_call_decides_nothing() {
    let given = Given::new();
    assert_eq!(at_claim(&order_in(Phase::Ready), &given.ctx()), None);
    let mut order = in_flight(Some(CallOutcome::NotSent), 300);
    order.standing.call_open = false;
    assert_eq!(at_claim(&order, &given.ctx()), None);
}
