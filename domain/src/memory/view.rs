//! Everything that is stored, for assertions.

use std::collections::BTreeMap;

use super::store::MemoryStore;
use super::tables::{FiledFailure, LoggedCall, StoredOrder};
use super::work_table::WorkRow;
use crate::call::CallId;
use crate::order::OrderId;
use crate::ports::Entry;

/// One order's rows, borrowed: for assertions after each of very many steps.
#[derive(Debug)]
pub struct OrderRows<'a> {
    /// Its row in `orders`.
    pub order: Option<&'a StoredOrder>,
    /// Its timeline, by version, rising.
    pub entries: &'a [Entry],
    /// Its work row.
    pub work: Option<&'a WorkRow>,
    /// Its inbox entries, by id, rising.
    pub failures: Vec<&'a FiledFailure>,
}

impl MemoryStore {
    /// The rows of `orders`.
    #[must_use]
    pub fn order_rows(&self) -> BTreeMap<OrderId, StoredOrder> {
        self.tables().orders.clone()
    }

    /// An order's timeline, by version, rising.
    #[must_use]
    pub fn entries(&self, id: &OrderId) -> Vec<Entry> {
        self.tables().entries.get(id).cloned().unwrap_or_default()
    }

    /// Every call, by id, rising.
    #[must_use]
    pub fn logged_calls(&self) -> Vec<LoggedCall> {
        self.tables().calls.values().cloned().collect()
    }

    /// Every inbox entry, by id, rising.
    #[must_use]
    pub fn filed_failures(&self) -> Vec<FiledFailure> {
        self.tables().failures.values().cloned().collect()
    }

    /// An order's work row.
    #[must_use]
    pub fn work(&self, id: &OrderId) -> Option<WorkRow> {
        self.tables().work.get(id).cloned()
    }

    /// Reads one order's rows without a copy. `read` must not use the store.
    pub fn inspect<T>(&self, id: &OrderId, read: impl FnOnce(&OrderRows<'_>) -> T) -> T {
        let tables = self.tables();
        read(&OrderRows {
            order: tables.orders.get(id),
            entries: tables.entries.get(id).map_or(&[], Vec::as_slice),
            work: tables.work.get(id),
            failures: tables.failures_about(id.as_str()).collect(),
        })
    }

    /// A call.
    #[must_use]
    pub fn logged_call(&self, id: CallId) -> Option<LoggedCall> {
        self.tables().calls.get(&id).cloned()
    }

    /// Every work row.
    #[must_use]
    pub fn work_rows(&self) -> BTreeMap<OrderId, WorkRow> {
        let tables = self.tables();
        let rows = tables.work.iter();
        rows.map(|(id, row)| (id.clone(), row.clone())).collect()
    }
}
