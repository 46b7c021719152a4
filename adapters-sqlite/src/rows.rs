//! From the columns of the record to the types of the port.
//!
//! Other programs write into the record too. What of theirs has no place in a type (a status code of -1, say) is shown
//! as missing; a payload that is no JSON is shown as a text.

use ackord::call::{CallId, CallOutcome};
use ackord::failure::FailureId;
use ackord::ports::{CallRow, Entry, FailureRow, OrderSummary, StoreError, StoreResult};
use ackord::work::{Phase, Version};
use ackord::{OrderId, OrderStatus};
use serde_json::Value;

use crate::times;

/// An order's id as it stands in the record.
pub(crate) fn order_id(text: &str) -> StoreResult<OrderId> {
    OrderId::new(text).map_err(|error| StoreError::Corrupt {
        what: format!("order_id `{text}`: {error}"),
    })
}

/// A count as it stands in the record.
pub(crate) fn count_of(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// Reads every row of a listing; a row that can't be read is left out, and logged, for the sake of the others.
pub(crate) fn readable<R, T>(rows: Vec<R>, read: impl Fn(R) -> StoreResult<T>) -> Vec<T> {
    let read = |row| {
        read(row)
            .inspect_err(|error| tracing::warn!(%error, "a row is left out of a listing"))
            .ok()
    };
    rows.into_iter().filter_map(read).collect()
}

fn json(text: Option<String>) -> Option<Value> {
    text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A row of `orders` with its work row and its newest entry.
pub(crate) struct SummaryRow {
    pub(crate) order_id: String,
    pub(crate) placed_at: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) version: Option<i64>,
    pub(crate) status_at: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) phase: Option<String>,
    pub(crate) due_at: Option<String>,
    pub(crate) attempt: Option<i64>,
    pub(crate) open_failures: i64,
}

impl SummaryRow {
    pub(crate) fn read(self) -> StoreResult<OrderSummary> {
        let place = |column: &str| format!("order `{}`, {column}", self.order_id);
        let placed_at = self.placed_at.as_deref().unwrap_or_default();
        let phase = self.phase.as_deref().map(|text| {
            Phase::parse(text).ok_or_else(|| StoreError::Corrupt {
                what: format!("{}: `{text}`", place("phase")),
            })
        });
        Ok(OrderSummary {
            order_id: order_id(&self.order_id)?,
            placed_at: times::read(placed_at, || place("placed_at"))?,
            status: self.status.as_deref().map(OrderStatus::parse),
            version: Version(self.version.unwrap_or(0)),
            status_at: times::read_optional(self.status_at.as_deref(), || place("status_at"))?,
            phase: phase.transpose()?,
            due_at: times::read_optional(self.due_at.as_deref(), || place("due_at"))?,
            attempt: self.attempt.map_or(1, count_of),
            open_failures: count_of(self.open_failures),
            note: self.note,
        })
    }
}

/// A row of `order_status_history`.
pub(crate) struct EntryRow {
    pub(crate) history_id: i64,
    pub(crate) version: i64,
    pub(crate) status: String,
    pub(crate) notes: Option<String>,
    pub(crate) at: Option<String>,
    pub(crate) source: String,
    pub(crate) actor: Option<String>,
    pub(crate) attempt: Option<i64>,
    pub(crate) retry_at: Option<String>,
    pub(crate) send_call_id: Option<i64>,
    pub(crate) look_call_id: Option<i64>,
}

impl EntryRow {
    pub(crate) fn read(self) -> StoreResult<Entry> {
        let place = |column: &str| format!("order_status_history {}, {column}", self.history_id);
        Ok(Entry {
            version: Version(self.version),
            status: OrderStatus::parse(&self.status),
            at: times::read(self.at.as_deref().unwrap_or_default(), || place("timestamp"))?,
            retry_at: times::read_optional(self.retry_at.as_deref(), || place("retry_at"))?,
            note: self.notes,
            source: self.source,
            actor: self.actor,
            attempt: self.attempt.and_then(|attempt| attempt.try_into().ok()),
            send: self.send_call_id.map(CallId),
            look: self.look_call_id.map(CallId),
        })
    }
}

/// A row of `api_calls`.
pub(crate) struct LoggedCall {
    pub(crate) call_id: i64,
    pub(crate) service: String,
    pub(crate) endpoint: String,
    pub(crate) related_id: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) response: Option<String>,
    pub(crate) status_code: Option<i64>,
    pub(crate) is_success: Option<bool>,
    pub(crate) at: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) duration_ms: Option<i64>,
}

impl LoggedCall {
    /// The call, as yet without what it showed.
    pub(crate) fn read(self) -> StoreResult<CallRow> {
        let place = || format!("api_calls {}, timestamp", self.call_id);
        Ok(CallRow {
            call_id: CallId(self.call_id),
            at: times::read(self.at.as_deref().unwrap_or_default(), place)?,
            service: self.service,
            endpoint: self.endpoint,
            related_id: self.related_id,
            request: json(self.request),
            response: self.response,
            status_code: self.status_code.and_then(|code| code.try_into().ok()),
            is_success: self.is_success,
            outcome: self.outcome.as_deref().and_then(CallOutcome::parse),
            duration_ms: self.duration_ms,
            seen: Vec::new(),
        })
    }
}

/// A row of `process_failures`.
pub(crate) struct FiledFailure {
    pub(crate) failure_id: i64,
    pub(crate) related_id: Option<String>,
    pub(crate) process_name: String,
    pub(crate) cause: Option<String>,
    pub(crate) details: Option<String>,
    pub(crate) payload: Option<String>,
    pub(crate) at: Option<String>,
    pub(crate) needs_person: bool,
    pub(crate) resolved_at: Option<String>,
    pub(crate) resolved_by: Option<String>,
    pub(crate) resolution: Option<String>,
}

impl FiledFailure {
    pub(crate) fn read(self) -> StoreResult<FailureRow> {
        let place = |column: &str| format!("process_failures {}, {column}", self.failure_id);
        Ok(FailureRow {
            failure_id: FailureId(self.failure_id),
            at: times::read(self.at.as_deref().unwrap_or_default(), || place("timestamp"))?,
            resolved_at: times::read_optional(self.resolved_at.as_deref(), || place("resolved_at"))?,
            related_id: self.related_id,
            process_name: self.process_name,
            cause: self.cause,
            details: self.details,
            payload: json(self.payload),
            needs_person: self.needs_person,
            resolved_by: self.resolved_by,
            resolution: self.resolution,
        })
    }
}
