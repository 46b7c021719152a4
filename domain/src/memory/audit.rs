//! [`RecordAudit`]: whole records, and the work table made anew from them.

use std::collections::BTreeSet;
use std::ops::Bound;

use async_trait::async_trait;

use super::store::MemoryStore;
use super::tables::{FiledFailure, LoggedCall, Tables};
use super::work_table::WorkRow;
use crate::audit::{self, Assembly, AuditedCall, AuditedFailure, OrderRecord, Shown, StoredOrder, WorkRecord};
use crate::call::{CallId, Endpoint};
use crate::order::OrderId;
use crate::ports::{RebuiltPage, RecordAudit, StoreResult};
use crate::time::Timestamp;
use crate::work::Fence;

impl MemoryStore {
    /// All that is on record about one order.
    #[must_use]
    pub fn order_record(&self, id: &OrderId) -> OrderRecord {
        self.tables().record(id)
    }
}

#[async_trait]
impl RecordAudit for MemoryStore {
    async fn records(&self, after: Option<OrderId>, limit: usize) -> StoreResult<Vec<OrderRecord>> {
        let tables = self.tables();
        let page = tables.audited_after(after, limit);
        Ok(page.iter().map(|id| tables.record(id)).collect())
    }

    async fn begin_rebuild(&self) -> StoreResult<()> {
        self.raise_epoch();
        Ok(())
    }

    async fn rebuild(&self, after: Option<OrderId>, limit: usize, now: Timestamp) -> StoreResult<RebuiltPage> {
        let mut tables = self.tables();
        let mut page = RebuiltPage::default();
        for id in tables.audited_after(after, limit) {
            let record = tables.record(&id);
            match audit::rebuilt(&record, now) {
                Some(row) => {
                    tables.put_anew(&id, row);
                    page.rebuilt += 1;
                }
                None if record.entries.is_empty() => page.removed += u64::from(tables.work.remove(&id)),
                None => page.skipped.push(id.clone()),
            }
            page.last = Some(id);
        }
        Ok(page)
    }
}

impl Tables {
    /// The next orders that anything is on record about.
    fn audited_after(&self, after: Option<OrderId>, limit: usize) -> BTreeSet<OrderId> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = (from, Bound::Unbounded);
        let acceptances = self
            .calls
            .values()
            .filter(|call| call.row.endpoint == Endpoint::Or21.as_str());
        let about = acceptances.filter_map(|call| OrderId::new(call.row.related_id.as_deref()?).ok());
        let about: BTreeSet<OrderId> = about.collect();
        let ids = self.orders.range(range.clone()).map(|(id, _)| id);
        let ids = ids.chain(self.entries.range(range.clone()).map(|(id, _)| id));
        let ids = ids.chain(self.work.after(range.clone()));
        let ids: BTreeSet<&OrderId> = ids.chain(about.range(range)).collect();
        ids.into_iter().take(limit).cloned().collect()
    }

    /// Puts a work row that was made anew: under no lease, and with a greater fencing number than any before.
    fn put_anew(&mut self, id: &OrderId, row: audit::Rebuilt) {
        let given_out = self.work.get(id).map_or(Fence(0), |row| row.fence);
        let fence = given_out.max(row.least_fence).0.max(self.epoch << 32) + 1;
        let row = WorkRow {
            version: row.version,
            status: row.status,
            status_at: row.status_at,
            standing: row.standing,
            call: row.call,
            fence: Fence(fence),
            ..WorkRow::fresh(crate::OrderStatus::PendingAcceptance, row.placed_at, row.status_at)
        };
        self.operations.worked(id, None);
        self.work.put(id.clone(), row);
    }

    pub(super) fn record(&self, id: &OrderId) -> OrderRecord {
        let mut assembly = Assembly::of([id.clone()]);
        if let Some(order) = self.orders.get(id) {
            let row = StoredOrder {
                created_at: order.created_at,
                placed_at: order.placed_at,
            };
            assembly.stored(id, row);
        }
        for entry in self.entries.get(id).into_iter().flatten() {
            assembly.entry(id, entry.clone());
        }
        if let Some(row) = self.work.get(id) {
            assembly.work(id, work(row));
        }
        for filed in self.failures_about(id.as_str()) {
            assembly.failure(id, failure(filed));
        }
        let about: Vec<CallId> = self
            .calls_by_order
            .get(id.as_str())
            .into_iter()
            .flatten()
            .copied()
            .collect();
        for call in about.iter().filter_map(|call| self.calls.get(call)) {
            let seen = call.row.seen.iter().find(|(order, _)| order == id.as_str());
            if let Some((_, state)) = seen {
                assembly.shown(id, call.row.call_id, state.clone());
            }
        }
        let linked = assembly.linked_calls();
        for call in about.iter().chain(&linked).filter_map(|call| self.calls.get(call)) {
            assembly.call(audited(call));
        }
        assembly.records().pop().unwrap_or_else(|| OrderRecord::of(id.clone()))
    }
}

fn work(row: &WorkRow) -> WorkRecord {
    WorkRecord {
        version: row.version,
        status: row.status.clone(),
        status_at: row.status_at,
        placed_at: row.placed_at,
        standing: row.standing.clone(),
        call: row.call,
        fence: row.fence,
        lease_until: row.lease_until,
    }
}

fn failure(filed: &FiledFailure) -> AuditedFailure {
    let FiledFailure { row, version } = filed;
    AuditedFailure {
        failure_id: row.failure_id,
        process_name: row.process_name.clone(),
        cause: row.cause.clone(),
        version: *version,
        payload: row.payload.clone(),
        needs_person: row.needs_person,
        resolved_at: row.resolved_at,
        resolved_by: row.resolved_by.clone(),
    }
}

fn audited(call: &LoggedCall) -> AuditedCall {
    let LoggedCall { row, answer_by, fence } = call;
    AuditedCall {
        call_id: row.call_id,
        service: row.service.clone(),
        endpoint: row.endpoint.clone(),
        related_id: row.related_id.clone(),
        request: row.request.clone(),
        fence: *fence,
        started_at: row.at,
        answer_by: Some(*answer_by),
        outcome: row.outcome,
        is_success: row.is_success,
        shown: Shown::Nothing,
    }
}
