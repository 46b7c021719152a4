//! Rows as they come back, and the domain's values in them.

use ackord::Timestamp;
use ackord::call::{CallId, CallOutcome};
use ackord::failure::FailureId;
use ackord::order::{Decision, OrderId};
use ackord::ports::{CallRow, Entry, FailureRow, OrderStanding, OrderSummary, ShopState, StoreError};
use ackord::status::OrderStatus;
use ackord::work::{Claimed, Fence, LastCall, Phase, Standing, Version};
use jiff_sqlx::Timestamp as At;
use serde_json::Value;

/// An error for what stands in the store and can't be.
pub(crate) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { what: what.into() }
}

pub(crate) fn order(table: &str, id: String) -> Result<OrderId, StoreError> {
    OrderId::new(id.as_str()).map_err(|error| corrupt(format!("{table}, order_id {id:?}: {error}")))
}

pub(crate) fn phase(order_id: &str, phase: &str) -> Result<Phase, StoreError> {
    Phase::parse(phase).ok_or_else(|| corrupt(format!("order_work, order {order_id}: the phase is {phase:?}")))
}

pub(crate) fn time(at: At) -> Timestamp {
    at.to_jiff()
}

/// A count of ours; other programs' negative ones count as none.
pub(crate) fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// A JSON document. JSONB takes numbers that we can't: such a document is shown as text.
pub(crate) fn document(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

pub(crate) struct ClaimedRow {
    pub(crate) order_id: String,
    pub(crate) fence: i64,
    pub(crate) version: i64,
    pub(crate) status: String,
    pub(crate) placed_at: At,
    pub(crate) phase: String,
    pub(crate) due_at: Option<At>,
    pub(crate) attempt: i32,
    pub(crate) looks: i32,
    pub(crate) waiting_looks: i32,
    pub(crate) slow_looks: i32,
    pub(crate) since_at: At,
    pub(crate) call_open: bool,
    pub(crate) decision: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) unreleased_claims: i32,
    pub(crate) unreleased_alone: i32,
    pub(crate) call_id: Option<i64>,
    pub(crate) call_started_at: Option<At>,
    pub(crate) call_answer_by: Option<At>,
    pub(crate) call_outcome: Option<String>,
}

impl TryFrom<ClaimedRow> for Claimed {
    type Error = StoreError;

    fn try_from(row: ClaimedRow) -> Result<Self, StoreError> {
        let decision = row.decision.map(|text| decision(&row.order_id, &text)).transpose()?;
        let call = row.call_id.zip(row.call_started_at).map(|(id, started_at)| LastCall {
            id: CallId(id),
            started_at: time(started_at),
            answer_by: time(row.call_answer_by.unwrap_or(started_at)),
            outcome: row.call_outcome.as_deref().and_then(CallOutcome::parse),
        });
        Ok(Self {
            fence: Fence(row.fence),
            version: Version(row.version),
            status: OrderStatus::parse(&row.status),
            placed_at: time(row.placed_at),
            standing: Standing {
                phase: phase(&row.order_id, &row.phase)?,
                due_at: row.due_at.map(time),
                attempt: count(row.attempt),
                looks: count(row.looks),
                waiting_looks: count(row.waiting_looks),
                slow_looks: count(row.slow_looks),
                since: time(row.since_at),
                call_open: row.call_open,
                decision,
                reason: row.reason,
            },
            call,
            unreleased_claims: count(row.unreleased_claims),
            unreleased_alone: count(row.unreleased_alone),
            order_id: order("order_work", row.order_id)?,
        })
    }
}

/// The frozen decision. One that can't be read is never replaced by a new one: two could differ.
pub(crate) fn decision(order_id: &str, text: &str) -> Result<Decision, StoreError> {
    let unreadable =
        |error: &dyn std::fmt::Display| corrupt(format!("order_work, order {order_id}, decision: {error}"));
    let value = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    Decision::from_json(&value).map_err(|error| unreadable(&error))
}

pub(crate) struct StandingRow {
    pub(crate) order_id: String,
    pub(crate) phase: String,
    pub(crate) due_at: Option<At>,
    pub(crate) lease_until: Option<At>,
}

impl TryFrom<StandingRow> for OrderStanding {
    type Error = StoreError;

    fn try_from(row: StandingRow) -> Result<Self, StoreError> {
        Ok(Self {
            phase: phase(&row.order_id, &row.phase)?,
            due_at: row.due_at.map(time),
            leased_until: row.lease_until.map(time),
            order_id: order("order_work", row.order_id)?,
        })
    }
}

pub(crate) struct ShopRow {
    pub(crate) paused_until: Option<At>,
    pub(crate) next_poll_at: Option<At>,
    pub(crate) unanswered_in_row: i64,
    pub(crate) budget_full_at: Option<At>,
}

impl From<ShopRow> for ShopState {
    fn from(row: ShopRow) -> Self {
        Self {
            paused_until: row.paused_until.map(time),
            next_poll_at: row.next_poll_at.map(time),
            unanswered_in_row: u32::try_from(row.unanswered_in_row.max(0)).unwrap_or(u32::MAX),
            budget_full_at: row.budget_full_at.map(time),
        }
    }
}

pub(crate) struct SummaryRow {
    pub(crate) order_id: String,
    pub(crate) placed_at: At,
    pub(crate) status: Option<String>,
    pub(crate) version: i64,
    pub(crate) status_at: Option<At>,
    pub(crate) note: Option<String>,
    pub(crate) phase: Option<String>,
    pub(crate) due_at: Option<At>,
    pub(crate) attempt: i32,
    pub(crate) open_failures: i64,
}

impl TryFrom<SummaryRow> for OrderSummary {
    type Error = StoreError;

    fn try_from(row: SummaryRow) -> Result<Self, StoreError> {
        Ok(Self {
            placed_at: time(row.placed_at),
            status: row.status.as_deref().map(OrderStatus::parse),
            version: Version(row.version),
            status_at: row.status_at.map(time),
            note: row.note,
            phase: row.phase.map(|text| phase(&row.order_id, &text)).transpose()?,
            due_at: row.due_at.map(time),
            attempt: count(row.attempt),
            open_failures: u32::try_from(row.open_failures).unwrap_or(u32::MAX),
            order_id: order("orders", row.order_id)?,
        })
    }
}

pub(crate) struct EntryRow {
    pub(crate) version: i64,
    pub(crate) status: String,
    pub(crate) notes: Option<String>,
    pub(crate) at: At,
    pub(crate) source: String,
    pub(crate) actor: Option<String>,
    pub(crate) attempt: Option<i32>,
    pub(crate) retry_at: Option<At>,
    pub(crate) send_call_id: Option<i64>,
    pub(crate) look_call_id: Option<i64>,
}

impl From<EntryRow> for Entry {
    fn from(row: EntryRow) -> Self {
        Self {
            version: Version(row.version),
            status: OrderStatus::parse(&row.status),
            note: row.notes,
            at: time(row.at),
            source: row.source,
            actor: row.actor,
            attempt: row.attempt.map(count),
            retry_at: row.retry_at.map(time),
            send: row.send_call_id.map(CallId),
            look: row.look_call_id.map(CallId),
        }
    }
}

pub(crate) struct LoggedRow {
    pub(crate) call_id: i64,
    pub(crate) service: String,
    pub(crate) endpoint: String,
    pub(crate) related_id: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) response_body: Option<String>,
    pub(crate) status_code: Option<i32>,
    pub(crate) is_success: Option<bool>,
    pub(crate) at: At,
    pub(crate) outcome: Option<String>,
    pub(crate) duration_ms: Option<i64>,
    pub(crate) pruned_at: Option<At>,
}

impl From<LoggedRow> for CallRow {
    fn from(row: LoggedRow) -> Self {
        Self {
            call_id: CallId(row.call_id),
            service: row.service,
            endpoint: row.endpoint,
            related_id: row.related_id,
            request: row.request.map(document),
            response: row.response_body,
            pruned_at: row.pruned_at.map(time),
            status_code: row.status_code.and_then(|code| u16::try_from(code).ok()),
            is_success: row.is_success,
            at: time(row.at),
            outcome: row.outcome.as_deref().and_then(CallOutcome::parse),
            duration_ms: row.duration_ms,
            seen: Vec::new(),
        }
    }
}

pub(crate) struct SeenRow {
    pub(crate) call_id: i64,
    pub(crate) order_id: String,
    pub(crate) state: Option<String>,
}

pub(crate) struct FiledRow {
    pub(crate) failure_id: i64,
    pub(crate) related_id: Option<String>,
    pub(crate) process_name: String,
    pub(crate) cause: Option<String>,
    pub(crate) details: Option<String>,
    pub(crate) payload: Option<String>,
    pub(crate) at: At,
    pub(crate) needs_person: bool,
    pub(crate) resolved_at: Option<At>,
    pub(crate) resolved_by: Option<String>,
    pub(crate) resolution: Option<String>,
}

impl From<FiledRow> for FailureRow {
    fn from(row: FiledRow) -> Self {
        Self {
            failure_id: FailureId(row.failure_id),
            related_id: row.related_id,
            process_name: row.process_name,
            cause: row.cause,
            details: row.details,
            payload: row.payload.map(document),
            at: time(row.at),
            needs_person: row.needs_person,
            resolved_at: row.resolved_at.map(time),
            resolved_by: row.resolved_by,
            resolution: row.resolution,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_that_can_not_be_read_is_reported_with_its_order() {
        let error = decision("A-1", r#"{"order_lines":[]}"#).unwrap_err();
        assert!(
            matches!(&error, StoreError::Corrupt { what } if what.contains("A-1")),
            "{error:?}"
        );
    }

    #[test]
    fn a_document_with_numbers_beyond_ours_is_shown_as_text() {
        assert_eq!(document("[1e999]".to_owned()), Value::String("[1e999]".to_owned()));
        assert_eq!(document("[1]".to_owned()), serde_json::json!([1]));
    }
}
