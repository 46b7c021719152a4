//! Records as the workflow leaves them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::audit::{AuditedCall, AuditedFailure, OrderRecord, Shown, StoredOrder, US, WorkRecord, rebuilt};
use crate::call::{CallId, CallOutcome, Endpoint, SERVICE};
use crate::failure::{FailureCause, FailureId, PROCESS};
use crate::order::OrderId;
use crate::ports::Entry;
use crate::status::OrderStatus;
use crate::time::{self, Timestamp};
use crate::work::{Fence, Version};

pub(super) fn at(seconds: u64) -> Timestamp {
    time::plus(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
}

/// When the records are looked at.
pub(super) fn now() -> Timestamp {
    at(10_000)
}

pub(super) fn decision(line: &str) -> Value {
    json!({"order_lines": [{"id": line, "accepted": true}]})
}

/// A call that has no answer.
fn call(id: i64, endpoint: Endpoint) -> AuditedCall {
    AuditedCall {
        call_id: CallId(id),
        service: SERVICE.to_owned(),
        endpoint: endpoint.as_str().to_owned(),
        related_id: None,
        request: Some(json!({})),
        fence: None,
        started_at: at(id.unsigned_abs() * 10),
        answer_by: Some(at(id.unsigned_abs() * 10 + 12)),
        outcome: None,
        is_success: None,
        shown: Shown::Nothing,
    }
}

pub(super) fn look(id: i64, state: &str) -> AuditedCall {
    AuditedCall {
        outcome: Some(CallOutcome::Answered),
        is_success: Some(true),
        shown: Shown::State(state.to_owned()),
        ..call(id, Endpoint::Or11)
    }
}

pub(super) fn acceptance(id: i64, fence: i64, outcome: Option<CallOutcome>) -> AuditedCall {
    AuditedCall {
        related_id: Some("A-1".to_owned()),
        request: Some(decision("L1")),
        fence: Some(Fence(fence)),
        outcome,
        is_success: outcome.map(CallOutcome::is_success),
        ..call(id, Endpoint::Or21)
    }
}

pub(super) fn entry(version: i64, status: OrderStatus, note: &str) -> Entry {
    Entry {
        version: Version(version),
        status,
        note: Some(note.to_owned()),
        at: at(version.unsigned_abs() * 100),
        source: US.to_owned(),
        actor: Some(US.to_owned()),
        attempt: Some(1),
        retry_at: None,
        send: None,
        look: None,
    }
}

fn failure(version: i64, cause: FailureCause) -> AuditedFailure {
    AuditedFailure {
        failure_id: FailureId(version),
        process_name: PROCESS.to_owned(),
        cause: Some(cause.as_str().to_owned()),
        version: Some(Version(version)),
        payload: None,
        needs_person: true,
        resolved_at: None,
        resolved_by: None,
    }
}

/// With the work row that the record yields.
fn with_work(mut record: OrderRecord) -> OrderRecord {
    record.work = rebuilt(&record, now()).map(|row| WorkRecord {
        version: row.version,
        status: row.status,
        status_at: row.status_at,
        placed_at: row.placed_at,
        standing: row.standing,
        call: row.call,
        fence: row.least_fence,
        lease_until: None,
    });
    record
}

/// Ingested by look 1.
fn stored() -> OrderRecord {
    let first = Entry {
        look: Some(CallId(1)),
        ..entry(1, OrderStatus::PendingAcceptance, "Ingested")
    };
    OrderRecord {
        stored: Some(StoredOrder {
            created_at: at(50),
            placed_at: Some(at(5)),
        }),
        entries: vec![first],
        calls: vec![look(1, "WAITING_ACCEPTANCE")],
        ..OrderRecord::of(OrderId::new("A-1").unwrap())
    }
}

pub(super) fn new() -> OrderRecord {
    with_work(stored())
}

/// Call 2 is under way.
pub(super) fn in_flight() -> OrderRecord {
    let mut record = stored();
    record.calls.push(acceptance(2, 7, None));
    with_work(record)
}

/// Accepted by call 2, seen by look 3.
pub(super) fn accepted() -> OrderRecord {
    let mut record = stored();
    record.calls.push(acceptance(2, 7, Some(CallOutcome::Applied)));
    record.calls.push(look(3, "SHIPPING"));
    record.entries.push(Entry {
        send: Some(CallId(2)),
        look: Some(CallId(3)),
        ..entry(2, OrderStatus::Accepted, "Validated as 'SHIPPING' after 1 look")
    });
    with_work(record)
}

/// Accepted on the marketplace, without a call of ours.
pub(super) fn found_accepted() -> OrderRecord {
    let mut record = stored();
    record.calls.push(look(3, "CLOSED"));
    record.entries.push(Entry {
        look: Some(CallId(3)),
        ..entry(2, OrderStatus::Accepted, "Found as 'CLOSED' after 1 look")
    });
    with_work(record)
}

/// Call 2 was not answered, look 3 still showed the order waiting: retried later.
pub(super) fn failed() -> OrderRecord {
    let mut record = stored();
    record.calls.push(acceptance(2, 7, Some(CallOutcome::Unknown)));
    record.calls.push(look(3, "WAITING_ACCEPTANCE"));
    record.entries.push(Entry {
        send: Some(CallId(2)),
        look: Some(CallId(3)),
        retry_at: Some(at(500)),
        ..entry(2, OrderStatus::AcceptanceFailed, "Attempt 1 of 5 failed")
    });
    record.failures.push(AuditedFailure {
        needs_person: false,
        payload: Some(json!({"reason": "timeout", "next_attempt": 2})),
        ..failure(2, FailureCause::Unanswered)
    });
    with_work(record)
}

/// The retry of [`failed`] took place: call 4 was accepted, and look 5 has shown it.
pub(super) fn resent() -> OrderRecord {
    let mut record = failed();
    record.calls.push(acceptance(4, 9, Some(CallOutcome::Applied)));
    record.calls.push(look(5, "SHIPPED"));
    record.entries.push(Entry {
        attempt: Some(2),
        ..entry(3, OrderStatus::PendingAcceptance, "retry 2 of 5")
    });
    record.entries.push(Entry {
        attempt: Some(2),
        send: Some(CallId(4)),
        look: Some(CallId(5)),
        ..entry(
            4,
            OrderStatus::Accepted,
            "Validated as 'SHIPPED' after 1 look; further along already",
        )
    });
    record.failures[0].resolved_at = Some(at(400));
    record.failures[0].resolved_by = Some(US.to_owned());
    with_work(record)
}

/// Refused by the marketplace at the deadline, seen by look 3.
pub(super) fn refused() -> OrderRecord {
    let mut record = stored();
    record.calls.push(look(3, "REFUSED"));
    record.entries.push(Entry {
        look: Some(CallId(3)),
        ..entry(2, OrderStatus::Cancelled, "Seen as 'REFUSED' after 1 look")
    });
    record.failures.push(failure(2, FailureCause::RefusedAtDeadline));
    with_work(record)
}

/// Accepted by call 2, and the debit never asked for: in review, its status as it was.
pub(super) fn debit_overdue() -> OrderRecord {
    let mut record = stored();
    record.calls.push(acceptance(2, 7, Some(CallOutcome::Applied)));
    record.failures.push(failure(1, FailureCause::DebitOverdue));
    with_work(record)
}
