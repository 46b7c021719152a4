//! From the columns to the record; a row that can't be read is told of as such.

use ackord::audit::{Assembly, AuditedCall, AuditedFailure, Shown, StoredOrder, WorkRecord};
use ackord::call::{CallId, CallOutcome};
use ackord::failure::FailureId;
use ackord::order::Decision;
use ackord::ports::{StoreError, StoreResult};
use ackord::work::{Fence, Phase, Standing, Version};
use ackord::{OrderId, OrderStatus};

use crate::rows::{Text, count_of, order_id};
use crate::times;

fn string(text: Option<Text>) -> Option<String> {
    text.map(|text| text.0)
}

fn corrupt(place: String, text: &str) -> StoreError {
    StoreError::Corrupt {
        what: format!("{place}: `{text}`"),
    }
}

/// Adds what was read, or tells that it can't be.
fn add<T>(
    into: &mut Assembly,
    order: &str,
    of_work: bool,
    read: StoreResult<T>,
    add: impl FnOnce(&mut Assembly, &OrderId, T),
) {
    let Ok(order) = order_id(order) else { return };
    match read {
        Ok(row) => add(into, &order, row),
        Err(error) => into.unreadable(&order, of_work, error.to_string()),
    }
}

pub(super) struct StoredRow {
    pub(super) order_id: Text,
    pub(super) listed_at: Option<String>,
    pub(super) is_placed: bool,
    pub(super) created_at: Option<String>,
}

impl StoredRow {
    pub(super) fn add_to(self, into: &mut Assembly) {
        let read = self.read();
        add(into, &self.order_id.0, false, read, |into, order, row| {
            into.stored(order, row)
        });
    }

    fn read(&self) -> StoreResult<StoredOrder> {
        let place = |column: &str| format!("orders `{}`, {column}", self.order_id.0);
        let listed_at = times::read(self.listed_at.as_deref().unwrap_or_default(), || place("listed_at"))?;
        let created_at = times::read_optional(self.created_at.as_deref(), || place("created_at"))?;
        Ok(StoredOrder {
            created_at: created_at.unwrap_or(listed_at),
            placed_at: self.is_placed.then_some(listed_at),
        })
    }
}

pub(super) struct WorkRow {
    pub(super) order_id: Text,
    pub(super) version: i64,
    pub(super) status: Text,
    pub(super) status_at: Text,
    pub(super) placed_at: Text,
    pub(super) phase: Text,
    pub(super) due_at: Option<Text>,
    pub(super) attempt: i64,
    pub(super) looks: i64,
    pub(super) waiting_looks: i64,
    pub(super) slow_looks: i64,
    pub(super) since_at: Text,
    pub(super) call_id: Option<i64>,
    pub(super) call_open: bool,
    pub(super) decision: Option<Text>,
    pub(super) reason: Option<Text>,
    pub(super) fence: i64,
    pub(super) lease_until: Option<Text>,
}

impl WorkRow {
    pub(super) fn add_to(self, into: &mut Assembly) {
        let read = self.read();
        add(into, &self.order_id.0, true, read, |into, order, row| {
            into.work(order, row)
        });
    }

    fn read(&self) -> StoreResult<WorkRecord> {
        let place = |column: &str| format!("order_work `{}`, {column}", self.order_id.0);
        let time = |column: &str, text: &Text| times::read(&text.0, || place(column));
        let maybe = |column: &str, text: &Option<Text>| text.as_ref().map(|text| time(column, text)).transpose();
        let decision = self.decision.as_ref().map(|Text(text)| {
            let value = serde_json::from_str(text).map_err(|_| corrupt(place("decision"), text))?;
            Decision::from_json(&value).map_err(|_| corrupt(place("decision"), text))
        });
        Ok(WorkRecord {
            version: Version(self.version),
            status: OrderStatus::parse(&self.status.0),
            status_at: time("status_at", &self.status_at)?,
            placed_at: time("placed_at", &self.placed_at)?,
            standing: Standing {
                phase: Phase::parse(&self.phase.0).ok_or_else(|| corrupt(place("phase"), &self.phase.0))?,
                due_at: maybe("due_at", &self.due_at)?,
                attempt: count_of(self.attempt),
                looks: count_of(self.looks),
                waiting_looks: count_of(self.waiting_looks),
                slow_looks: count_of(self.slow_looks),
                since: time("since_at", &self.since_at)?,
                call_open: self.call_open,
                decision: decision.transpose()?,
                reason: self.reason.as_ref().map(|text| text.0.clone()),
            },
            call: self.call_id.map(CallId),
            fence: Fence(self.fence),
            lease_until: maybe("lease_until", &self.lease_until)?,
        })
    }
}

pub(super) struct FailureRow {
    pub(super) order_id: Text,
    pub(super) failure_id: i64,
    pub(super) process_name: Text,
    pub(super) cause: Option<Text>,
    pub(super) version: Option<i64>,
    pub(super) payload: Option<Text>,
    pub(super) needs_person: bool,
    pub(super) resolved_at: Option<String>,
    pub(super) resolved_by: Option<Text>,
}

impl FailureRow {
    pub(super) fn add_to(self, into: &mut Assembly) {
        let order = self.order_id.0.clone();
        add(into, &order, false, self.read(), |into, order, row| {
            into.failure(order, row)
        });
    }

    fn read(self) -> StoreResult<AuditedFailure> {
        let place = || format!("process_failures {}, resolved_at", self.failure_id);
        Ok(AuditedFailure {
            failure_id: FailureId(self.failure_id),
            resolved_at: times::read_optional(self.resolved_at.as_deref(), place)?,
            process_name: self.process_name.0,
            cause: string(self.cause),
            version: self.version.map(Version),
            payload: self.payload.and_then(|Text(text)| serde_json::from_str(&text).ok()),
            needs_person: self.needs_person,
            resolved_by: string(self.resolved_by),
        })
    }
}

pub(super) struct CallRow {
    pub(super) call_id: i64,
    pub(super) service: Text,
    pub(super) endpoint: Text,
    pub(super) related_id: Option<Text>,
    pub(super) request: Option<Text>,
    pub(super) fence: Option<i64>,
    pub(super) at: Option<String>,
    pub(super) answer_by: Option<Text>,
    pub(super) outcome: Option<Text>,
    pub(super) is_success: Option<bool>,
}

impl CallRow {
    /// A call that can't be read is a row of the order that it is about, or else of every order that names it.
    pub(super) fn add_to(self, into: &mut Assembly) {
        let id = CallId(self.call_id);
        let about = self.related_id.as_ref().and_then(|related| order_id(&related.0).ok());
        match (self.read(), about) {
            (Ok(row), _) => into.call(row),
            (Err(error), Some(order)) => into.unreadable(&order, false, error.to_string()),
            (Err(error), None) => into.unreadable_call(id, error.to_string()),
        }
    }

    fn read(self) -> StoreResult<AuditedCall> {
        let place = |column: &str| format!("api_calls {}, {column}", self.call_id);
        let outcome = self
            .outcome
            .as_ref()
            .map(|Text(text)| CallOutcome::parse(text).ok_or_else(|| corrupt(place("outcome"), text)));
        let answer_by = self.answer_by.as_ref().map(|text| text.0.as_str());
        Ok(AuditedCall {
            call_id: CallId(self.call_id),
            outcome: outcome.transpose()?,
            started_at: times::read(self.at.as_deref().unwrap_or_default(), || place("timestamp"))?,
            answer_by: times::read_optional(answer_by, || place("answer_by"))?,
            service: self.service.0,
            endpoint: self.endpoint.0,
            related_id: string(self.related_id),
            request: self.request.and_then(|Text(text)| serde_json::from_str(&text).ok()),
            fence: self.fence.map(Fence),
            is_success: self.is_success,
            shown: Shown::Nothing,
        })
    }
}
