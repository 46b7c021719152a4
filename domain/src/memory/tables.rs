//! What the store keeps, table by table, and the appends that several writers share.

use std::collections::{BTreeMap, BTreeSet};

use super::account::AccountTables;
use super::alerts::AlertTables;
use super::operations::Operations;
use super::work_table::WorkTable;
use crate::call::{CallEnd, CallId, CallOutcome, NewCall, SERVICE};
use crate::failure::{FailureId, NewFailure, PROCESS};
use crate::guards::{Guard, dropped};
use crate::order::OrderId;
use crate::ports::{CallRow, Entry, FailureRow, Hold, Pruning, ShopState};
use crate::time::Timestamp;
use crate::work::{Claimed, Fence, OperationId, Version};

/// Who writes our entries, and closes our inbox entries.
pub(super) const US: &str = "ackord";

/// A row of `orders`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// Its JSON, to the letter; empty for a row of another program.
    pub raw: Box<str>,
    /// When the row was written.
    pub created_at: Timestamp,
    /// When the customer placed it, where that is known.
    pub placed_at: Option<Timestamp>,
}

impl StoredOrder {
    /// From when the deadline counts.
    pub(super) fn placed_or_created_at(&self) -> Timestamp {
        self.placed_at.unwrap_or(self.created_at)
    }
}

/// A row of `api_calls`, with what a listing of the log leaves out.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedCall {
    /// The call as a listing shows it.
    pub row: CallRow,
    /// When it had ended one way or another.
    pub answer_by: Timestamp,
    /// Under which lease it was intended; `None` for reads.
    pub fence: Option<Fence>,
}

/// A row of `process_failures`, with what a listing of the inbox leaves out.
#[derive(Debug, Clone, PartialEq)]
pub struct FiledFailure {
    /// The entry as a listing shows it.
    pub row: FailureRow,
    /// The order's version that it is about.
    pub version: Option<Version>,
}

impl FiledFailure {
    /// Closes it, where it is open, and tells whether it was.
    pub(super) fn resolve(&mut self, by: &str, resolution: &str, now: Timestamp) -> bool {
        let row = &mut self.row;
        if row.resolved_at.is_some() {
            return false;
        }
        row.resolved_at = Some(now);
        row.resolved_by = Some(by.to_owned());
        row.resolution = Some(resolution.to_owned());
        true
    }
}

/// Everything that is stored.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) epoch: i64,
    pub(super) hold: Option<Hold>,
    pub(super) orders: BTreeMap<OrderId, StoredOrder>,
    pub(super) entries: BTreeMap<OrderId, Vec<Entry>>,
    /// The entries of all timelines in the order in which they were appended: each one's order, and its place in the timeline.
    pub(super) appended: Vec<(OrderId, usize)>,
    pub(super) calls: BTreeMap<CallId, LoggedCall>,
    /// Which calls are about an order or showed it.
    pub(super) calls_by_order: BTreeMap<String, BTreeSet<CallId>>,
    pub(super) failures: BTreeMap<FailureId, FiledFailure>,
    pub(super) failures_by_related: BTreeMap<String, BTreeSet<FailureId>>,
    pub(super) work: WorkTable,
    pub(super) shops: BTreeMap<String, ShopState>,
    /// What each claim was told: nothing else remains to find it by.
    pub(super) told: BTreeMap<OperationId, Vec<Claimed>>,
    pub(super) prunings: Vec<Pruning>,
    pub(super) alerts: AlertTables,
    pub(super) accounts: AccountTables,
    pub(super) operations: Operations,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            epoch: 1,
            hold: None,
            orders: BTreeMap::new(),
            entries: BTreeMap::new(),
            appended: Vec::new(),
            calls: BTreeMap::new(),
            calls_by_order: BTreeMap::new(),
            failures: BTreeMap::new(),
            failures_by_related: BTreeMap::new(),
            work: WorkTable::default(),
            shops: BTreeMap::new(),
            told: BTreeMap::new(),
            prunings: Vec::new(),
            alerts: AlertTables::default(),
            accounts: AccountTables::default(),
            operations: Operations::default(),
        }
    }
}

impl Tables {
    /// Appends a call that is about to start.
    pub(super) fn append_call(&mut self, call: &NewCall, fence: Option<Fence>) -> CallId {
        let id = CallId(self.calls.len() as i64 + 1);
        let row = CallRow {
            call_id: id,
            service: SERVICE.to_owned(),
            endpoint: call.endpoint.as_str().to_owned(),
            related_id: call.related_id.clone(),
            request: Some(call.request.clone()),
            response: None,
            pruned_at: None,
            status_code: None,
            is_success: None,
            at: call.started_at,
            outcome: None,
            duration_ms: None,
            seen: Vec::new(),
        };
        if let Some(related) = &call.related_id {
            self.calls_by_order.entry(related.clone()).or_default().insert(id);
        }
        let answer_by = call.answer_by;
        self.calls.insert(id, LoggedCall { row, answer_by, fence });
        id
    }

    /// Completes a call, once: a call with an answer is left as it is; one closed as unanswered gets the answer but keeps
    /// its outcome. Tells whether the answer was taken.
    pub(super) fn complete_call(&mut self, id: CallId, end: &CallEnd) -> bool {
        let Some(LoggedCall { row, .. }) = self.calls.get_mut(&id) else {
            return false;
        };
        let answered = row.duration_ms.is_some();
        if answered && !dropped(Guard::FirstAnswerStands) {
            return false;
        }
        row.status_code = end.status_code;
        row.response.clone_from(&end.response);
        row.duration_ms = Some(i64::try_from(end.duration.as_millis()).unwrap_or(i64::MAX));
        if row.outcome.is_none() || dropped(Guard::FirstAnswerStands) {
            row.outcome = Some(end.outcome);
            row.is_success = Some(end.outcome.is_success());
        }
        true
    }

    /// Closes a call without an answer as unanswered.
    pub(super) fn close_call(&mut self, id: CallId) {
        if let Some(LoggedCall { row, .. }) = self.calls.get_mut(&id)
            && row.outcome.is_none()
        {
            row.outcome = Some(CallOutcome::Unanswered);
            row.is_success = Some(false);
        }
    }

    /// Opens an entry of ours in the inbox.
    pub(super) fn open_failure(&mut self, failure: &NewFailure, version: Option<Version>, now: Timestamp) {
        self.insert_failure(FiledFailure {
            row: FailureRow {
                failure_id: FailureId(0),
                related_id: Some(failure.related_id.clone()),
                process_name: PROCESS.to_owned(),
                cause: Some(failure.cause.as_str().to_owned()),
                details: Some(failure.details.clone()),
                payload: Some(failure.payload.clone()),
                at: now,
                needs_person: failure.needs_person,
                resolved_at: None,
                resolved_by: None,
                resolution: None,
            },
            version,
        });
    }

    /// Appends an inbox entry under the next id.
    pub(super) fn insert_failure(&mut self, mut failure: FiledFailure) -> FailureId {
        let id = FailureId(self.failures.len() as i64 + 1);
        failure.row.failure_id = id;
        if let Some(related) = &failure.row.related_id {
            self.failures_by_related.entry(related.clone()).or_default().insert(id);
        }
        self.failures.insert(id, failure);
        id
    }

    /// The inbox entries about `related`, oldest first.
    pub(super) fn failures_about(&self, related: &str) -> impl Iterator<Item = &FiledFailure> {
        let ids = self.failures_by_related.get(related).into_iter().flatten();
        ids.filter_map(|id| self.failures.get(id))
    }

    /// Closes the open entries of acceptance about an order, in the name of `by`.
    pub(super) fn resolve_failures(&mut self, order: &OrderId, by: &str, resolution: &str, now: Timestamp) {
        let ids = self.failures_by_related.get(order.as_str()).into_iter().flatten();
        for id in ids {
            if let Some(filed) = self.failures.get_mut(id)
                && filed.row.process_name == PROCESS
            {
                filed.resolve(by, resolution, now);
            }
        }
    }
}
