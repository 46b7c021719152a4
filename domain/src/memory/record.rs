//! [`RecordReader`]: listings and stories.

use async_trait::async_trait;

use super::store::MemoryStore;
use super::tables::{StoredOrder, Tables};
use crate::call::{CallId, SeenState};
use crate::failure::FailureId;
use crate::order::OrderId;
use crate::ports::{
    CallFilter, CallRow, EntryCursor, EntryFilter, FailureFilter, FailureRow, OrderFilter, OrderStory, OrderSummary,
    RecordReader, StoreResult, TimelineRow,
};
use crate::time::Timestamp;
use crate::work::Version;

#[async_trait]
impl RecordReader for MemoryStore {
    async fn orders(&self, filter: &OrderFilter) -> StoreResult<Vec<OrderSummary>> {
        let tables = self.tables();
        let mut keys: Vec<(Timestamp, &OrderId, &StoredOrder)> = tables
            .orders
            .iter()
            .map(|(id, order)| (tables.placed_at(id, order), id, order))
            .collect();
        keys.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)));
        let after = filter.after.as_ref();
        let page = keys
            .into_iter()
            .filter(|(placed_at, id, _)| after.is_none_or(|last| (*placed_at, *id) < (last.placed_at, &last.order_id)))
            .filter(|(placed_at, _, _)| filter.since.is_none_or(|since| *placed_at >= since))
            .map(|(_, id, order)| tables.summary(id, order))
            .filter(|summary| filter.status.is_none() || summary.status == filter.status)
            .take(filter.limit);
        Ok(page.collect())
    }

    async fn summaries(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderSummary>> {
        let tables = self.tables();
        let told = ids
            .iter()
            .filter_map(|id| Some(tables.summary(id, tables.orders.get(id)?)));
        Ok(told.collect())
    }

    async fn story(&self, id: &OrderId) -> StoreResult<Option<OrderStory>> {
        let tables = self.tables();
        let Some(order) = tables.orders.get(id) else {
            return Ok(None);
        };
        let calls = tables.calls_about(id).map(|call| {
            let mut call = call.clone();
            call.seen.retain(|(order, _)| order == id.as_str());
            call
        });
        Ok(Some(OrderStory {
            summary: tables.summary(id, order),
            entries: tables.entries.get(id).cloned().unwrap_or_default(),
            calls: calls.collect(),
            failures: tables
                .failures_about(id.as_str())
                .map(|filed| filed.row.clone())
                .collect(),
        }))
    }

    async fn entries(&self, filter: &EntryFilter) -> StoreResult<Vec<TimelineRow>> {
        Ok(self.tables().timeline(filter))
    }

    async fn newest_entry(&self) -> StoreResult<Option<EntryCursor>> {
        Ok(self.tables().newest_entry())
    }

    async fn calls(&self, filter: &CallFilter) -> StoreResult<Vec<CallRow>> {
        let tables = self.tables();
        let rows: Box<dyn Iterator<Item = &CallRow> + Send> = match &filter.order {
            Some(order) => Box::new(tables.calls_about(order).rev()),
            None => Box::new(tables.calls.values().rev().map(|call| &call.row)),
        };
        let page = rows
            .filter(|call| filter.endpoint.as_ref().is_none_or(|name| call.endpoint == *name))
            .filter(|call| filter.outcome.is_none() || call.outcome == filter.outcome)
            .filter(|call| filter.since.is_none_or(|since| call.at >= since))
            .filter(|call| filter.before.is_none_or(|before| call.call_id < before))
            .take(filter.limit)
            .cloned();
        Ok(page.collect())
    }

    async fn call(&self, id: CallId) -> StoreResult<Option<CallRow>> {
        Ok(self.tables().calls.get(&id).map(|call| call.row.clone()))
    }

    async fn failures(&self, filter: &FailureFilter) -> StoreResult<Vec<FailureRow>> {
        let tables = self.tables();
        let rows = tables.failures.values().rev().map(|filed| &filed.row);
        let page = rows
            .filter(|row| filter.open.is_none_or(|open| row.resolved_at.is_none() == open))
            .filter(|row| filter.needs_person.is_none_or(|needs| row.needs_person == needs))
            .filter(|row| filter.cause.is_none() || row.cause == filter.cause)
            .filter(|row| filter.related_id.is_none() || row.related_id == filter.related_id)
            .filter(|row| filter.since.is_none_or(|since| row.at >= since))
            .filter(|row| filter.before.is_none_or(|before| row.failure_id < before))
            .take(filter.limit)
            .cloned();
        Ok(page.collect())
    }

    async fn failure(&self, id: FailureId) -> StoreResult<Option<FailureRow>> {
        Ok(self.tables().failures.get(&id).map(|filed| filed.row.clone()))
    }
}

impl Tables {
    /// Notes what a look showed; of two mentions of an order in one look the first stands.
    pub(super) fn note_seen(&mut self, id: CallId, seen: &[SeenState]) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        for state in seen {
            let order = state.order_id.as_str();
            if call.row.seen.iter().all(|(other, _)| other != order) {
                call.row.seen.push((order.to_owned(), state.state.clone()));
                self.calls_by_order.entry(order.to_owned()).or_default().insert(id);
            }
        }
        call.row.seen.sort();
    }

    /// The calls about an order and those that showed it, by id, rising.
    fn calls_about(&self, id: &OrderId) -> impl DoubleEndedIterator<Item = &CallRow> + Send {
        let ids = self.calls_by_order.get(id.as_str()).into_iter().flatten();
        ids.filter_map(|id| self.calls.get(id)).map(|call| &call.row)
    }

    fn placed_at(&self, id: &OrderId, order: &StoredOrder) -> Timestamp {
        self.work
            .get(id)
            .map_or_else(|| order.placed_or_created_at(), |work| work.placed_at)
    }

    fn summary(&self, id: &OrderId, order: &StoredOrder) -> OrderSummary {
        let work = self.work.get(id);
        let newest = self.entries.get(id).and_then(|entries| entries.last());
        let open = self
            .failures_about(id.as_str())
            .filter(|filed| filed.row.resolved_at.is_none());
        OrderSummary {
            order_id: id.clone(),
            placed_at: self.placed_at(id, order),
            status: newest.map(|entry| entry.status.clone()),
            version: newest.map_or(Version(0), |entry| entry.version),
            status_at: newest.map(|entry| entry.at),
            note: newest.and_then(|entry| entry.note.clone()),
            phase: work.map(|work| work.standing.phase),
            due_at: work.and_then(|work| work.standing.due_at),
            attempt: work.map_or(1, |work| work.standing.attempt),
            open_failures: u32::try_from(open.count()).unwrap_or(u32::MAX),
        }
    }
}
