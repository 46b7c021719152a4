//! From the columns to the record; a row that can't be read is told of as such.

use ackord::audit::{Assembly, AuditedCall, AuditedFailure, Shown, StoredOrder, WorkRecord};
use ackord::call::{CallId, CallOutcome};
use ackord::failure::FailureId;
use ackord::order::OrderId;
use ackord::ports::StoreError;
use ackord::status::OrderStatus;
use ackord::work::{Fence, Standing, Version};
use jiff_sqlx::Timestamp as At;

use crate::rows::{EntryRow, corrupt, count, decision, document, order, phase, time};

fn of(id: &str) -> Option<OrderId> {
    order("orders", id.to_owned()).ok()
}

pub(super) struct StoredRow {
    pub(super) order_id: String,
    pub(super) created_at: At,
    pub(super) placed_at: Option<At>,
}

impl StoredRow {
    pub(super) fn add_to(self, into: &mut Assembly) {
        let Some(order) = of(&self.order_id) else { return };
        let row = StoredOrder {
            created_at: time(self.created_at),
            placed_at: self.placed_at.map(time),
        };
        into.stored(&order, row);
    }
}

pub(super) struct EntryOf {
    pub(super) order_id: String,
    pub(super) version: i64,
    pub(super) status: String,
    pub(super) notes: Option<String>,
    pub(super) at: At,
    pub(super) source: String,
    pub(super) actor: Option<String>,
    pub(super) attempt: Option<i32>,
    pub(super) retry_at: Option<At>,
    pub(super) send_call_id: Option<i64>,
    pub(super) look_call_id: Option<i64>,
}

impl EntryOf {
    pub(super) fn add_to(self, into: &mut Assembly) {
        let Some(order) = of(&self.order_id) else { return };
        let entry = EntryRow {
            version: self.version,
            status: self.status,
            notes: self.notes,
            at: self.at,
            source: self.source,
            actor: self.actor,
            attempt: self.attempt,
            retry_at: self.retry_at,
            send_call_id: self.send_call_id,
            look_call_id: self.look_call_id,
        };
        into.entry(&order, entry.into());
    }
}

pub(super) struct WorkRow {
    pub(super) order_id: String,
    pub(super) version: i64,
    pub(super) status: String,
    pub(super) status_at: At,
    pub(super) placed_at: At,
    pub(super) phase: String,
    pub(super) due_at: Option<At>,
    pub(super) attempt: i32,
    pub(super) looks: i32,
    pub(super) waiting_looks: i32,
    pub(super) slow_looks: i32,
    pub(super) since_at: At,
    pub(super) call_id: Option<i64>,
    pub(super) call_open: bool,
    pub(super) decision: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) fence: i64,
    pub(super) lease_until: Option<At>,
}

impl WorkRow {
    pub(super) fn add_to(self, into: &mut Assembly) {
        let Some(order) = of(&self.order_id) else { return };
        match self.read() {
            Ok(row) => into.work(&order, row),
            Err(error) => into.unreadable(&order, true, error.to_string()),
        }
    }

    fn read(self) -> Result<WorkRecord, StoreError> {
        let frozen = self.decision.as_deref().map(|text| decision(&self.order_id, text));
        Ok(WorkRecord {
            version: Version(self.version),
            status: OrderStatus::parse(&self.status),
            status_at: time(self.status_at),
            placed_at: time(self.placed_at),
            standing: Standing {
                phase: phase(&self.order_id, &self.phase)?,
                due_at: self.due_at.map(time),
                attempt: count(self.attempt),
                looks: count(self.looks),
                waiting_looks: count(self.waiting_looks),
                slow_looks: count(self.slow_looks),
                since: time(self.since_at),
                call_open: self.call_open,
                decision: frozen.transpose()?,
                reason: self.reason,
            },
            call: self.call_id.map(CallId),
            fence: Fence(self.fence),
            lease_until: self.lease_until.map(time),
        })
    }
}

pub(super) struct FailureRow {
    pub(super) order_id: String,
    pub(super) failure_id: i64,
    pub(super) process_name: String,
    pub(super) cause: Option<String>,
    pub(super) version: Option<i64>,
    pub(super) payload: Option<String>,
    pub(super) needs_person: bool,
    pub(super) resolved_at: Option<At>,
    pub(super) resolved_by: Option<String>,
}

impl FailureRow {
    pub(super) fn add_to(self, into: &mut Assembly) {
        let Some(order) = of(&self.order_id) else { return };
        let row = AuditedFailure {
            failure_id: FailureId(self.failure_id),
            process_name: self.process_name,
            cause: self.cause,
            version: self.version.map(Version),
            payload: self.payload.map(document),
            needs_person: self.needs_person,
            resolved_at: self.resolved_at.map(time),
            resolved_by: self.resolved_by,
        };
        into.failure(&order, row);
    }
}

pub(super) struct ShownRow {
    pub(super) order_id: String,
    pub(super) call_id: i64,
    pub(super) state: Option<String>,
}

impl ShownRow {
    pub(super) fn add_to(self, into: &mut Assembly) {
        if let Some(order) = of(&self.order_id) {
            into.shown(&order, CallId(self.call_id), self.state);
        }
    }
}

pub(super) struct CallRow {
    pub(super) call_id: i64,
    pub(super) service: String,
    pub(super) endpoint: String,
    pub(super) related_id: Option<String>,
    pub(super) request: Option<String>,
    pub(super) fence: Option<i64>,
    pub(super) at: At,
    pub(super) answer_by: Option<At>,
    pub(super) outcome: Option<String>,
    pub(super) is_success: Option<bool>,
}

impl CallRow {
    /// A call that can't be read is a row of the order that it is about, or else of every order that names it.
    pub(super) fn add_to(self, into: &mut Assembly) {
        let id = CallId(self.call_id);
        let about = self.related_id.as_deref().and_then(of);
        match (self.read(), about) {
            (Ok(row), _) => into.call(row),
            (Err(error), Some(order)) => into.unreadable(&order, false, error.to_string()),
            (Err(error), None) => into.unreadable_call(id, error.to_string()),
        }
    }

    fn read(self) -> Result<AuditedCall, StoreError> {
        let outcome = self.outcome.map(|text| {
            CallOutcome::parse(&text)
                .ok_or_else(|| corrupt(format!("api_calls {}: the outcome is {text:?}", self.call_id)))
        });
        Ok(AuditedCall {
            call_id: CallId(self.call_id),
            service: self.service,
            endpoint: self.endpoint,
            related_id: self.related_id,
            request: self.request.map(document),
            fence: self.fence.map(Fence),
            started_at: time(self.at),
            answer_by: self.answer_by.map(time),
            outcome: outcome.transpose()?,
            is_success: self.is_success,
            shown: Shown::Nothing,
        })
    }
}
