//! The judge finds each broken promise, and none where none is broken.

use ackord::call::CallId;
use ackord::order::OrderId;
use ackord::ports::{Entry, FailureRow, OrderSummary};
use ackord::work::Version;
use ackord_sandbox::{Decision, Transition};

use super::*;

const TERMS: Terms = Terms {
    call_timeout: Duration::from_millis(500),
    read_staleness: Duration::from_millis(200),
    margin: Duration::from_millis(50),
};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + millis).expect("a time")
}

struct Given {
    ledger: OrderLedger,
    story: OrderStory,
}

/// An order that was accepted as it should be: seen waiting at 0, sent at 100, seen as accepted at 1000.
fn accepted() -> Given {
    let mut given = Given {
        ledger: OrderLedger {
            order_id: "A".to_owned(),
            state: None,
            decisions: Vec::new(),
            transitions: Vec::new(),
            looks: Vec::new(),
        },
        story: OrderStory {
            summary: OrderSummary {
                order_id: OrderId::new("A").expect("an id"),
                placed_at: at(0),
                status: None,
                version: Version(0),
                status_at: None,
                note: None,
                phase: Some(Phase::Settled),
                due_at: None,
                attempt: 1,
                open_failures: 0,
            },
            entries: Vec::new(),
            calls: Vec::new(),
            failures: Vec::new(),
        },
    };
    given.moves(MarketState::WaitingAcceptance, -100, Cause::Created);
    given.call(1, "OR11", 0);
    given.enters(OrderStatus::PendingAcceptance, 10, None, None);
    given.call(2, "OR21", 100);
    given.arrives(110, DecisionOutcome::Applied);
    given.moves(MarketState::Shipping, 110, Cause::Acceptance);
    given.call(3, "OR11", 1000);
    given.enters(OrderStatus::Accepted, 1010, Some(2), Some(3));
    given
}

impl Given {
    fn moves(&mut self, to: MarketState, millis: i64, cause: Cause) {
        self.ledger.transitions.push(Transition {
            at: at(millis),
            call: 0,
            from: self.ledger.state.replace(to.clone()),
            to,
            cause,
        });
    }

    fn arrives(&mut self, millis: i64, outcome: DecisionOutcome) {
        self.ledger.decisions.push(Decision {
            received_at: at(millis),
            call: 0,
            key_fingerprint: None,
            body: String::new(),
            lines: Vec::new(),
            outcome,
        });
    }

    fn call(&mut self, id: i64, endpoint: &str, millis: i64) {
        self.story.calls.push(CallRow {
            call_id: CallId(id),
            service: "mirakl".to_owned(),
            endpoint: endpoint.to_owned(),
            related_id: None,
            request: None,
            response: None,
            status_code: None,
            is_success: None,
            at: at(millis),
            outcome: None,
            duration_ms: None,
            pruned_at: None,
            seen: Vec::new(),
        });
    }

    fn enters(&mut self, status: OrderStatus, millis: i64, send: Option<i64>, look: Option<i64>) {
        self.story.summary.status = Some(status.clone());
        self.story.entries.push(Entry {
            version: Version(0),
            status,
            note: None,
            at: at(millis),
            source: "ackord".to_owned(),
            actor: None,
            attempt: None,
            retry_at: None,
            send: send.map(CallId),
            look: look.map(CallId),
        });
    }

    fn asks_a_person(&mut self) {
        self.story.summary.phase = Some(Phase::Review);
        self.story.failures.push(FailureRow {
            failure_id: ackord::failure::FailureId(1),
            related_id: Some("A".to_owned()),
            process_name: "OrderAcceptance".to_owned(),
            cause: Some("unanswered".to_owned()),
            details: None,
            payload: None,
            at: at(2000),
            needs_person: true,
            resolved_at: None,
            resolved_by: None,
            resolution: None,
        });
    }

    fn verdict(&self) -> Verdict {
        judge(&self.ledger, Some(&self.story), &TERMS)
    }

    fn broken(&self) -> Vec<Broken> {
        self.verdict().broken
    }
}

const REFUSED: DecisionOutcome = DecisionOutcome::Refused {
    status: 400,
    code: None,
};

#[test]
fn an_order_accepted_as_it_should_be_breaks_nothing() {
    assert_eq!(accepted().verdict(), Verdict::default());
}

#[test]
fn an_order_that_is_not_on_record_is_lost() {
    assert_eq!(judge(&accepted().ledger, None, &TERMS).broken, [Broken::Lost]);
}

#[test]
fn an_order_that_others_took_away_before_it_was_listed_need_not_be_on_record() {
    let mut given = accepted();
    given.ledger.decisions.clear();
    assert_eq!(judge(&given.ledger, None, &TERMS).broken, []);
    given.ledger.state = Some(MarketState::WaitingAcceptance);
    assert_eq!(judge(&given.ledger, None, &TERMS).broken, [Broken::Lost]);
}

#[test]
fn an_order_that_ended_otherwise_is_lost() {
    let mut given = accepted();
    given.moves(MarketState::Canceled, 50, Cause::CancelledByCustomer);
    given
        .ledger
        .transitions
        .retain(|moved| moved.to != MarketState::Shipping);
    assert!(given.broken().contains(&Broken::Lost));
    let mut given = accepted();
    given.story.summary.phase = Some(Phase::Validating);
    assert_eq!(given.broken(), [Broken::Lost], "nobody settled it");
    let mut given = accepted();
    given.story.summary.status = Some(OrderStatus::AcceptanceFailed);
    assert_eq!(given.broken(), [Broken::Lost]);
}

#[test]
fn an_order_cancelled_after_it_was_accepted_may_stay_accepted() {
    let mut given = accepted();
    given.moves(MarketState::Canceled, 5000, Cause::CancelledByCustomer);
    assert_eq!(given.broken(), []);
}

#[test]
fn an_undecided_order_must_wait_for_a_person() {
    let mut given = accepted();
    given.ledger.state = Some(MarketState::WaitingAcceptance);
    given.ledger.decisions.clear();
    given.ledger.transitions.truncate(1);
    given.story.entries.pop();
    given.enters(OrderStatus::AcceptanceFailed, 1010, Some(2), Some(3));
    assert_eq!(given.broken(), [Broken::Lost]);
    given.asks_a_person();
    assert_eq!(given.broken(), []);
    assert!(given.verdict().in_review);
    given.story.failures[0].resolved_at = Some(at(3000));
    assert_eq!(given.broken(), [Broken::Lost], "nobody is asked any more");
}

#[test]
fn two_effects_are_one_too_many() {
    let mut given = accepted();
    given.call(4, "OR21", 1200);
    given.arrives(1210, DecisionOutcome::Applied);
    assert_eq!(given.broken(), [Broken::AppliedTwice, Broken::SentAgain]);
}

#[test]
fn a_resend_after_an_effect_in_time_is_found() {
    let mut given = accepted();
    given.call(4, "OR21", 1200);
    given.arrives(1210, REFUSED);
    assert_eq!(given.broken(), [Broken::SentAgain]);
}

#[test]
fn a_resend_because_the_first_call_was_late_is_counted_alone() {
    let mut given = accepted();
    // A frozen process: its call arrived at 1190, long after its time, and the resend right after it.
    given.ledger.decisions[0].received_at = at(1190);
    given.ledger.transitions[1].at = at(1190);
    given.story.entries.pop();
    given.call(4, "OR21", 1200);
    given.arrives(1210, REFUSED);
    given.call(5, "OR11", 2000);
    given.enters(OrderStatus::Accepted, 2010, Some(4), Some(5));
    assert_eq!(given.broken(), []);
    assert_eq!(given.verdict().late_repeats, 1);
}

#[test]
fn a_call_that_takes_effect_after_its_time_counts_as_late() {
    let mut given = accepted();
    given.ledger.transitions[1].at = at(700);
    given.call(4, "OR21", 1200);
    given.arrives(1210, REFUSED);
    assert_eq!(given.broken(), []);
}

#[test]
fn a_failure_said_after_the_effect_could_be_seen_is_false() {
    let failed = |look_at| {
        let mut given = accepted();
        given.call(4, "OR11", look_at);
        given.enters(OrderStatus::AcceptanceFailed, look_at + 10, Some(2), Some(4));
        given.enters(OrderStatus::Accepted, look_at + 500, Some(2), Some(3));
        given.broken()
    };
    assert_eq!(failed(361), [Broken::FalseFailure]);
    assert_eq!(failed(360), [], "the effect may not have been seen yet");
}

#[test]
fn a_failure_without_a_look_goes_back_to_the_look_before_its_send() {
    let mut given = accepted();
    given.call(4, "OR21", 1100);
    given.enters(OrderStatus::AcceptanceFailed, 1110, Some(4), None);
    given.enters(OrderStatus::Accepted, 1500, Some(2), Some(3));
    assert_eq!(given.broken(), [Broken::FalseFailure]);
}

#[test]
fn an_acceptance_said_before_it_could_be_seen_is_false() {
    let mut given = accepted();
    given.ledger.transitions[1].at = at(1020);
    assert!(given.broken().contains(&Broken::FalseAcceptance));
}

#[test]
fn an_arrival_without_an_intent_is_found() {
    let mut given = accepted();
    given.story.calls.retain(|call| call.endpoint != "OR21");
    assert!(given.broken().contains(&Broken::NoIntent));
    let mut given = accepted();
    given.story.calls[1].at = at(161);
    assert!(
        given.broken().contains(&Broken::NoIntent),
        "it was recorded after it arrived"
    );
}
