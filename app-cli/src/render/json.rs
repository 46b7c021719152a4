//! Everything as JSON: field names are the record's own columns, times are RFC 3339 in UTC, what is not there is null.

use std::time::Duration;

use ackord::ports::{CallRow, Entry, FailureRow, OrderStory, OrderSummary, Pruning};
use ackord::time::plus;
use ackord::workflow::{Change, ReconcileReport, RunReport};
use ackord::{OrderId, Timestamp};
use serde_json::{Value, json};

use crate::report_error::Told;

/// A value as text of several lines. Control characters that JSON would let through are written as escapes.
#[must_use]
pub fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    escaped(&text) + "\n"
}

/// A value in one line.
#[must_use]
pub fn line(value: &Value) -> String {
    escaped(&value.to_string()) + "\n"
}

/// These stand in strings alone, where an escape means the same.
fn escaped(text: &str) -> String {
    if !text.chars().any(|c| matches!(c, '\u{7f}'..='\u{9f}')) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{7f}'..='\u{9f}' => safe.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => safe.push(c),
        }
    }
    safe
}

/// An order in a list.
#[must_use]
pub fn order(order: &OrderSummary, deadline: Duration) -> Value {
    json!({
        "order_id": order.order_id.as_str(),
        "status": order.status.as_ref().map(ackord::OrderStatus::as_str),
        "version": order.version.0,
        "status_at": order.status_at.map(|at| at.to_string()),
        "notes": order.note,
        "placed_at": order.placed_at.to_string(),
        "deadline_at": plus(order.placed_at, deadline).to_string(),
        "phase": order.phase.map(ackord::work::Phase::as_str),
        "due_at": order.due_at.map(|at| at.to_string()),
        "attempt": order.attempt,
        "open_failures": order.open_failures,
    })
}

/// The whole story of an order.
#[must_use]
pub fn story(story: &OrderStory, deadline: Duration) -> Value {
    json!({
        "order": order(&story.summary, deadline),
        "timeline": story.entries.iter().map(entry).collect::<Vec<_>>(),
        "calls": story.calls.iter().map(|row| call(row, true)).collect::<Vec<_>>(),
        "failures": story.failures.iter().map(failure).collect::<Vec<_>>(),
    })
}

fn entry(entry: &Entry) -> Value {
    json!({
        "version": entry.version.0,
        "status": entry.status.as_str(),
        "notes": entry.note,
        "timestamp": entry.at.to_string(),
        "source": entry.source,
        "actor": entry.actor,
        "attempt": entry.attempt,
        "retry_at": entry.retry_at.map(|at| at.to_string()),
        "send_call_id": entry.send.map(|id| id.0),
        "look_call_id": entry.look.map(|id| id.0),
    })
}

/// An entry by itself, with what it is of.
#[must_use]
pub fn timeline_entry(order_id: &OrderId, placed_at: Timestamp, entry: &Entry) -> Value {
    let mut value = self::entry(entry);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("order_id".to_owned(), json!(order_id.as_str()));
        fields.insert("placed_at".to_owned(), json!(placed_at.to_string()));
    }
    value
}

/// A call; its bodies only where asked for.
#[must_use]
pub fn call(call: &CallRow, bodies: bool) -> Value {
    let seen: Vec<Value> = call
        .seen
        .iter()
        .map(|(order_id, state)| json!({ "order_id": order_id, "state": state }))
        .collect();
    let mut value = json!({
        "call_id": call.call_id.0,
        "service": call.service,
        "endpoint": call.endpoint,
        "related_id": call.related_id,
        "timestamp": call.at.to_string(),
        "outcome": call.outcome.map(ackord::call::CallOutcome::as_str),
        "is_success": call.is_success,
        "status_code": call.status_code,
        "duration_ms": call.duration_ms,
        "orders": seen,
    });
    if bodies && let Some(fields) = value.as_object_mut() {
        fields.insert("request_payload".to_owned(), json!(call.request));
        fields.insert("response_body".to_owned(), json!(call.response));
        fields.insert("pruned_at".to_owned(), json!(call.pruned_at.map(|at| at.to_string())));
    }
    value
}

/// What was pruned together.
#[must_use]
pub fn pruning(pruning: &Pruning) -> Value {
    json!({
        "timestamp": pruning.at.to_string(),
        "actor": pruning.actor,
        "started_before": pruning.before.to_string(),
        "calls": pruning.calls,
        "bytes": pruning.bytes,
        "first_call_id": pruning.first.0,
        "last_call_id": pruning.last.0,
    })
}

/// An entry of the inbox.
#[must_use]
pub fn failure(failure: &FailureRow) -> Value {
    json!({
        "failure_id": failure.failure_id.0,
        "related_id": failure.related_id,
        "process_name": failure.process_name,
        "cause": failure.cause,
        "details": failure.details,
        "payload": failure.payload,
        "timestamp": failure.at.to_string(),
        "needs_person": failure.needs_person,
        "resolved_at": failure.resolved_at.map(|at| at.to_string()),
        "resolved_by": failure.resolved_by,
        "resolution": failure.resolution,
    })
}

/// What a run did. `stopped` is what it was told of, where it came to no end.
#[must_use]
pub fn run(report: &RunReport, stopped: Option<&Told>) -> Value {
    json!({
        "ingested": report.ingested,
        "requeued": report.requeued,
        "accepted": report.accepted,
        "cancelled": report.cancelled,
        "acceptance_failed": report.acceptance_failed,
        "retry_scheduled": report.retry_scheduled,
        "awaiting": report.awaiting,
        "needs_person": report.needs_person,
        "lost_to_others": report.lost_to_others,
        "calls": report.calls.total(),
        "reads": report.calls.reads,
        "sends": report.calls.sends,
        "duration_ms": u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        "halt": stopped.map(|told| json!({ "kind": told.kind, "message": told.message() })),
    })
}

/// What a reconcile found and did; `stopped` is what stopped it.
#[must_use]
pub fn reconcile(report: &ReconcileReport, stopped: Option<&Told>) -> Value {
    let ids = |orders: &[OrderId]| orders.iter().map(OrderId::as_str).collect::<Value>();
    let change = |change: &Change| {
        json!({
            "order_id": change.order_id.as_str(),
            "from": change.from.as_str(),
            "to": change.to.as_str(),
            "notes": change.note,
        })
    };
    json!({
        "held_since": report.held_since.map(|at| at.to_string()),
        "sending_allowed": report.sending_allowed,
        "to_look_at": report.to_look_at,
        "looked_at": report.looked_at,
        "changed": report.changed.iter().map(change).collect::<Vec<_>>(),
        "agreeing": report.agreeing,
        "waiting": report.waiting,
        "contradicted": ids(&report.contradicted),
        "unclear": ids(&report.unclear),
        "not_shown": ids(&report.not_shown),
        "ingested": report.ingested,
        "needs_person": report.needs_person,
        "calls": report.calls.total(),
        "duration_ms": u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        "halt": stopped.map(|told| json!({ "kind": told.kind, "message": told.message() })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_as_escapes() {
        let text = line(&json!({ "note": "a\u{1b}[31m\u{9b}b\u{7f}" }));
        assert!(!text.trim_end().contains(char::is_control), "{text:?}");
        let back: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["note"], "a\u{1b}[31m\u{9b}b\u{7f}");
    }

    #[test]
    fn a_run_without_an_end_still_has_every_field() {
        let value = run(&RunReport::default(), None);
        for field in [
            "ingested",
            "accepted",
            "cancelled",
            "acceptance_failed",
            "awaiting",
            "calls",
            "duration_ms",
        ] {
            assert_eq!(value[field], 0, "{field}");
        }
        assert_eq!(value["halt"], Value::Null);
    }
}
