//! Given an order's story, why it fails.

use serde_json::json;

use super::*;
use crate::failure::{FailureCause, FailureId, PROCESS};
use crate::order::OrderId;
use crate::ports::{Entry, FailureRow, OrderSummary};
use crate::work::Version;

fn time(minute: u32) -> Timestamp {
    format!("2026-11-23T08:{minute:02}:00Z").parse().unwrap()
}

fn call(number: i64, endpoint: Endpoint) -> CallRow {
    CallRow {
        call_id: CallId(number),
        service: crate::call::SERVICE.to_owned(),
        endpoint: endpoint.as_str().to_owned(),
        related_id: Some("A-1".to_owned()),
        request: None,
        response: None,
        pruned_at: None,
        status_code: None,
        is_success: None,
        at: time(u32::try_from(number).unwrap()),
        outcome: None,
        duration_ms: Some(90),
        seen: Vec::new(),
    }
}

fn send(number: i64, outcome: CallOutcome, status: Option<u16>, answer: &str) -> CallRow {
    CallRow {
        request: Some(json!({ "order_lines": [{ "id": "1", "accepted": true }] })),
        response: (!answer.is_empty()).then(|| answer.to_owned()),
        status_code: status,
        outcome: Some(outcome),
        ..call(number, Endpoint::Or21)
    }
}

fn look(number: i64, state: Option<&str>) -> CallRow {
    CallRow {
        outcome: Some(CallOutcome::Answered),
        seen: vec![("A-1".to_owned(), state.map(str::to_owned))],
        ..call(number, Endpoint::Or11)
    }
}

fn story(calls: Vec<CallRow>, cause: Option<FailureCause>) -> OrderStory {
    let entry = |version: i64, status| Entry {
        version: Version(version),
        status,
        note: None,
        at: time(0),
        source: "ackord".to_owned(),
        actor: None,
        attempt: Some(1),
        retry_at: None,
        send: None,
        look: None,
    };
    let failure = cause.map(|cause| FailureRow {
        failure_id: FailureId(1),
        related_id: Some("A-1".to_owned()),
        process_name: PROCESS.to_owned(),
        cause: Some(cause.as_str().to_owned()),
        details: None,
        payload: None,
        at: time(0),
        needs_person: true,
        resolved_at: None,
        resolved_by: None,
        resolution: None,
    });
    OrderStory {
        summary: OrderSummary {
            order_id: OrderId::new("A-1").unwrap(),
            placed_at: time(0),
            status: Some(OrderStatus::AcceptanceFailed),
            version: Version(3),
            status_at: Some(time(0)),
            note: None,
            phase: None,
            due_at: None,
            attempt: 1,
            open_failures: u32::from(failure.is_some()),
        },
        entries: vec![
            entry(1, OrderStatus::PendingAcceptance),
            entry(2, OrderStatus::AcceptanceFailed),
        ],
        calls,
        failures: failure.into_iter().collect(),
    }
}

fn likely_of(calls: Vec<CallRow>, cause: Option<FailureCause>) -> Likely {
    Diagnosis::of(&story(calls, cause)).unwrap().likely
}

#[test]
fn each_answer_has_its_likely_cause() {
    let refused = |answer: &str| vec![send(1, CallOutcome::Refused, Some(400), answer)];
    let table = [
        (vec![send(1, CallOutcome::Credentials, Some(401), "")], Likely::WrongKey),
        (vec![send(1, CallOutcome::Throttled, Some(429), "")], Likely::Throttled),
        (vec![send(1, CallOutcome::Unknown, Some(503), "<html>")], Likely::Outage),
        (vec![send(1, CallOutcome::NotSent, None, "")], Likely::Outage),
        (
            vec![send(1, CallOutcome::Precondition, Some(400), "")],
            Likely::DecidedElsewhere,
        ),
        (vec![send(1, CallOutcome::Applied, Some(204), "")], Likely::NotShown),
        (
            refused(r#"{"code":"ORDER_FULFILLED_UNAUTHORIZED"}"#),
            Likely::NotAllowed,
        ),
        (
            refused(r#"{"code":"ORDER_PARTIAL_ACCEPTANCE_DISABLED"}"#),
            Likely::AllLinesOrNone,
        ),
        (refused(r#"{"code":"ORDER_LINE_NOT_FOUND"}"#), Likely::LinesChanged),
        (refused(r#"{"code":"ORDER_NOT_FOUND"}"#), Likely::WrongShop),
        (vec![send(1, CallOutcome::Refused, Some(404), "")], Likely::WrongShop),
        (
            vec![
                send(1, CallOutcome::Refused, Some(404), ""),
                look(2, Some("WAITING_ACCEPTANCE")),
            ],
            Likely::Other("HTTP 404".to_owned()),
        ),
        (
            refused(r#"{"errors":[{"code":"NEW_RULE"}]}"#),
            Likely::Other("NEW_RULE".to_owned()),
        ),
        (refused("no JSON"), Likely::Other("HTTP 400".to_owned())),
        (
            vec![look(1, Some("ON_HOLD"))],
            Likely::UnknownState("ON_HOLD".to_owned()),
        ),
        (vec![look(1, None)], Likely::WrongShop),
        (Vec::new(), Likely::Unclear),
    ];
    for (calls, wanted) in table {
        let found = likely_of(calls.clone(), None);
        assert_eq!(found, wanted, "{calls:?}");
        assert!(!found.words().is_empty() && !found.remedy().is_empty());
    }
}

#[test]
fn the_newest_answer_counts() {
    let calls = vec![
        send(1, CallOutcome::Unknown, Some(503), ""),
        send(2, CallOutcome::Refused, Some(400), r#"{"code":"ORDER_LINE_NOT_FOUND"}"#),
    ];
    assert_eq!(likely_of(calls, Some(FailureCause::Refused)), Likely::LinesChanged);
}

#[test]
fn a_cause_that_says_it_all_goes_before_what_was_answered() {
    let calls = vec![
        send(1, CallOutcome::Applied, Some(204), ""),
        look(2, Some("WAITING_DEBIT")),
    ];
    assert_eq!(
        likely_of(calls, Some(FailureCause::DebitOverdue)),
        Likely::PaymentOverdue
    );
    assert_eq!(
        likely_of(Vec::new(), Some(FailureCause::RefusedAtDeadline)),
        Likely::Lost
    );
}

#[test]
fn each_attempt_is_told_with_the_state_seen_after_it() {
    let calls = vec![
        look(4, Some("WAITING_ACCEPTANCE")),
        send(3, CallOutcome::Unknown, Some(500), &"x".repeat(600)),
        look(2, Some("WAITING_ACCEPTANCE")),
        send(1, CallOutcome::NotSent, None, ""),
    ];
    let diagnosis = Diagnosis::of(&story(calls, Some(FailureCause::Unanswered))).unwrap();
    let told: Vec<_> = diagnosis
        .attempts
        .iter()
        .map(|attempt| (attempt.call_id.0, attempt.lines, attempt.state_after.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (1, Some(1), Some("WAITING_ACCEPTANCE")),
            (3, Some(1), Some("WAITING_ACCEPTANCE"))
        ]
    );
    assert_eq!(
        diagnosis.attempts[1].answer.as_ref().map(|text| text.chars().count()),
        Some(501)
    );
    assert_eq!(
        diagnosis.last_seen,
        Some((time(4), Some("WAITING_ACCEPTANCE".to_owned())))
    );
    assert_eq!((diagnosis.failed, diagnosis.is_due()), (1, false));
}

#[test]
fn an_order_that_fares_well_has_none() {
    let mut story = story(vec![send(1, CallOutcome::Applied, Some(204), "")], None);
    story.entries.truncate(1);
    assert_eq!(Diagnosis::of(&story), None);
}
