//! From the columns of the record to the types of the port.
//!
//! Other programs write into the record too. What of theirs has no place in a type (a status code of -1, say) is shown
//! as missing; a payload that is no JSON is shown as a text; in a text that is no UTF-8 (SQLite keeps any bytes), the
//! bytes that make no character are shown as U+FFFD.

use ackord::call::{CallId, CallOutcome};
use ackord::failure::FailureId;
use ackord::ports::{CallRow, Entry, FailureRow, OrderSummary, StoreError, StoreResult};
use ackord::work::{Phase, Version};
use ackord::{OrderId, OrderStatus};
use serde_json::Value;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Sqlite, Type};

use crate::times;

/// A text that another program may have written.
#[derive(Debug)]
pub(crate) struct Text(pub(crate) String);

impl Type<Sqlite> for Text {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }

    fn compatible(column: &SqliteTypeInfo) -> bool {
        <String as Type<Sqlite>>::compatible(column)
    }
}

impl<'r> Decode<'r, Sqlite> for Text {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        let bytes = <&[u8] as Decode<'r, Sqlite>>::decode(value)?;
        Ok(Self(String::from_utf8_lossy(bytes).into_owned()))
    }
}

fn string(text: Option<Text>) -> Option<String> {
    text.map(|text| text.0)
}

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

fn json(text: Option<Text>) -> Option<Value> {
    text.map(|Text(text)| serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A row of `orders` with its work row and its newest entry.
pub(crate) struct SummaryRow {
    pub(crate) order_id: Text,
    pub(crate) placed_at: Option<String>,
    pub(crate) status: Option<Text>,
    pub(crate) version: Option<i64>,
    pub(crate) status_at: Option<String>,
    pub(crate) note: Option<Text>,
    pub(crate) phase: Option<String>,
    pub(crate) due_at: Option<String>,
    pub(crate) attempt: Option<i64>,
    pub(crate) open_failures: i64,
}

impl SummaryRow {
    pub(crate) fn read(self) -> StoreResult<OrderSummary> {
        let place = |column: &str| format!("order `{}`, {column}", self.order_id.0);
        let placed_at = self.placed_at.as_deref().unwrap_or_default();
        let phase = self.phase.as_deref().map(|text| {
            Phase::parse(text).ok_or_else(|| StoreError::Corrupt {
                what: format!("{}: `{text}`", place("phase")),
            })
        });
        Ok(OrderSummary {
            order_id: order_id(&self.order_id.0)?,
            placed_at: times::read(placed_at, || place("placed_at"))?,
            status: self.status.map(|status| OrderStatus::parse(&status.0)),
            version: Version(self.version.unwrap_or(0)),
            status_at: times::read_optional(self.status_at.as_deref(), || place("status_at"))?,
            phase: phase.transpose()?,
            due_at: times::read_optional(self.due_at.as_deref(), || place("due_at"))?,
            attempt: self.attempt.map_or(1, count_of),
            open_failures: count_of(self.open_failures),
            note: string(self.note),
        })
    }
}

/// A row of `order_status_history`.
pub(crate) struct EntryRow {
    pub(crate) history_id: i64,
    pub(crate) version: i64,
    pub(crate) status: Text,
    pub(crate) notes: Option<Text>,
    pub(crate) at: Option<String>,
    pub(crate) source: Text,
    pub(crate) actor: Option<Text>,
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
            status: OrderStatus::parse(&self.status.0),
            at: times::read(self.at.as_deref().unwrap_or_default(), || place("timestamp"))?,
            retry_at: times::read_optional(self.retry_at.as_deref(), || place("retry_at"))?,
            note: string(self.notes),
            source: self.source.0,
            actor: string(self.actor),
            attempt: self.attempt.and_then(|attempt| attempt.try_into().ok()),
            send: self.send_call_id.map(CallId),
            look: self.look_call_id.map(CallId),
        })
    }
}

/// A row of `api_calls`.
pub(crate) struct LoggedCall {
    pub(crate) call_id: i64,
    pub(crate) service: Text,
    pub(crate) endpoint: Text,
    pub(crate) related_id: Option<Text>,
    pub(crate) request: Option<Text>,
    pub(crate) response: Option<Text>,
    pub(crate) status_code: Option<i64>,
    pub(crate) is_success: Option<bool>,
    pub(crate) at: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) duration_ms: Option<i64>,
    pub(crate) pruned_at: Option<String>,
}

impl LoggedCall {
    /// The call, as yet without what it showed.
    pub(crate) fn read(self) -> StoreResult<CallRow> {
        let place = || format!("api_calls {}, timestamp", self.call_id);
        let pruned = || format!("the pruning of call {}, timestamp", self.call_id);
        Ok(CallRow {
            call_id: CallId(self.call_id),
            at: times::read(self.at.as_deref().unwrap_or_default(), place)?,
            service: self.service.0,
            endpoint: self.endpoint.0,
            related_id: string(self.related_id),
            request: json(self.request),
            response: string(self.response),
            pruned_at: times::read_optional(self.pruned_at.as_deref(), pruned)?,
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
    pub(crate) related_id: Option<Text>,
    pub(crate) process_name: Text,
    pub(crate) cause: Option<Text>,
    pub(crate) details: Option<Text>,
    pub(crate) payload: Option<Text>,
    pub(crate) at: Option<String>,
    pub(crate) needs_person: bool,
    pub(crate) resolved_at: Option<String>,
    pub(crate) resolved_by: Option<Text>,
    pub(crate) resolution: Option<Text>,
}

impl FiledFailure {
    pub(crate) fn read(self) -> StoreResult<FailureRow> {
        let place = |column: &str| format!("process_failures {}, {column}", self.failure_id);
        Ok(FailureRow {
            failure_id: FailureId(self.failure_id),
            at: times::read(self.at.as_deref().unwrap_or_default(), || place("timestamp"))?,
            resolved_at: times::read_optional(self.resolved_at.as_deref(), || place("resolved_at"))?,
            related_id: string(self.related_id),
            process_name: self.process_name.0,
            cause: string(self.cause),
            details: string(self.details),
            payload: json(self.payload),
            needs_person: self.needs_person,
            resolved_by: string(self.resolved_by),
            resolution: string(self.resolution),
        })
    }
}
