//! Records put together from the rows of a page of orders, as the stores read them table by table.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{AuditedCall, AuditedFailure, OrderRecord, Shown, StoredOrder, WorkRecord};
use crate::call::CallId;
use crate::order::OrderId;
use crate::ports::Entry;

/// Takes the rows of a page of orders, each table in any order, and gives the records. Rows of other orders are left out.
///
/// Calls come last: [`Assembly::linked_calls`] tells which are needed besides those that are about the orders.
#[derive(Debug)]
pub struct Assembly {
    records: BTreeMap<OrderId, OrderRecord>,
    /// What each call showed, and which calls the rows of an order name.
    shown: BTreeMap<OrderId, BTreeMap<CallId, Option<String>>>,
    named: BTreeMap<OrderId, BTreeSet<CallId>>,
    calls: BTreeMap<CallId, AuditedCall>,
    unreadable_calls: BTreeMap<CallId, String>,
}

impl Assembly {
    /// Begins with the orders of a page.
    #[must_use]
    pub fn of(ids: impl IntoIterator<Item = OrderId>) -> Self {
        let records = ids.into_iter().map(|id| (id.clone(), OrderRecord::of(id)));
        Self {
            records: records.collect(),
            shown: BTreeMap::new(),
            named: BTreeMap::new(),
            calls: BTreeMap::new(),
            unreadable_calls: BTreeMap::new(),
        }
    }

    /// The orders of the page.
    pub fn orders(&self) -> impl Iterator<Item = &OrderId> {
        self.records.keys()
    }

    fn with(&mut self, order: &OrderId, change: impl FnOnce(&mut OrderRecord)) {
        if let Some(record) = self.records.get_mut(order) {
            change(record);
        }
    }

    fn name(&mut self, order: &OrderId, calls: impl IntoIterator<Item = CallId>) {
        self.named.entry(order.clone()).or_default().extend(calls);
    }

    /// A row of `orders`.
    pub fn stored(&mut self, order: &OrderId, row: StoredOrder) {
        self.with(order, |record| record.stored = Some(row));
    }

    /// A row of `order_status_history`.
    pub fn entry(&mut self, order: &OrderId, row: Entry) {
        self.name(order, [row.send, row.look].into_iter().flatten());
        self.with(order, |record| record.entries.push(row));
    }

    /// A row of `order_work`.
    pub fn work(&mut self, order: &OrderId, row: WorkRecord) {
        self.name(order, row.call);
        self.with(order, |record| record.work = Some(row));
    }

    /// A row of `process_failures`.
    pub fn failure(&mut self, order: &OrderId, row: AuditedFailure) {
        self.with(order, |record| record.failures.push(row));
    }

    /// A row of `call_orders`.
    pub fn shown(&mut self, order: &OrderId, call: CallId, state: Option<String>) {
        self.shown.entry(order.clone()).or_default().insert(call, state);
    }

    /// A row that can't be read, of the record or of the work table: which, and what stands there.
    pub fn unreadable(&mut self, order: &OrderId, of_work: bool, what: String) {
        self.with(order, |record| match of_work {
            true => record.unreadable_work = Some(what),
            false => record.unreadable.push(what),
        });
    }

    /// The calls that the rows given so far name or that showed the orders.
    #[must_use]
    pub fn linked_calls(&self) -> Vec<CallId> {
        let shown = self.shown.values().flat_map(|calls| calls.keys());
        let ids: BTreeSet<CallId> = shown.chain(self.named.values().flatten()).copied().collect();
        ids.into_iter().collect()
    }

    /// A row of `api_calls`.
    pub fn call(&mut self, row: AuditedCall) {
        self.calls.insert(row.call_id, row);
    }

    /// A row of `api_calls` that can't be read: which, and what stands there.
    pub fn unreadable_call(&mut self, id: CallId, what: String) {
        self.unreadable_calls.insert(id, what);
    }

    /// The records, by order, rising.
    #[must_use]
    pub fn records(mut self) -> Vec<OrderRecord> {
        let mut about: BTreeMap<&str, Vec<CallId>> = BTreeMap::new();
        for call in self.calls.values() {
            if let Some(related) = call.related_id.as_deref() {
                about.entry(related).or_default().push(call.call_id);
            }
        }
        for (order, record) in &mut self.records {
            let mut ids = self.named.remove(order).unwrap_or_default();
            ids.extend(about.get(order.as_str()).into_iter().flatten());
            let mut shown = self.shown.remove(order).unwrap_or_default();
            ids.extend(shown.keys());
            let unreadable = ids.iter().filter_map(|id| self.unreadable_calls.get(id));
            record.unreadable.extend(unreadable.cloned());
            record.lost_looks = shown
                .keys()
                .filter(|id| !self.calls.contains_key(id) && !self.unreadable_calls.contains_key(id))
                .copied()
                .collect();
            let calls = ids
                .into_iter()
                .filter_map(|id| self.calls.get(&id))
                .map(|call| AuditedCall {
                    shown: match shown.remove(&call.call_id) {
                        None => Shown::Nothing,
                        Some(None) => Shown::Missing,
                        Some(Some(state)) => Shown::State(state),
                    },
                    ..call.clone()
                });
            record.calls = calls.collect();
            record.entries.sort_by_key(|entry| entry.version);
            record.failures.sort_by_key(|failure| failure.failure_id);
        }
        self.records.into_values().collect()
    }
}
