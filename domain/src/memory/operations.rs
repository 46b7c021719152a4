//! Which operation wrote what, as rows of a database tell it: so a write that is repeated finds what stands of it.

use std::collections::BTreeMap;

use crate::call::CallId;
use crate::order::OrderId;
use crate::work::{OperationId, Version};

/// The operation ids that stand with the rows.
#[derive(Debug, Default)]
pub(super) struct Operations {
    entries: BTreeMap<(OrderId, Version), OperationId>,
    calls: BTreeMap<CallId, OperationId>,
    work: BTreeMap<OrderId, OperationId>,
}

impl Operations {
    /// Notes who appended an entry.
    pub(super) fn appended(&mut self, id: &OrderId, version: Version, operation: OperationId) {
        self.entries.insert((id.clone(), version), operation);
    }

    /// Notes who intended a call.
    pub(super) fn intended(&mut self, call: CallId, operation: OperationId) {
        self.calls.insert(call, operation);
    }

    /// Notes who wrote an order's work row last; `None` for another program.
    pub(super) fn worked(&mut self, id: &OrderId, operation: Option<OperationId>) {
        match operation {
            Some(operation) => self.work.insert(id.clone(), operation),
            None => self.work.remove(id),
        };
    }

    /// Whether this operation appended that entry.
    pub(super) fn has_appended(&self, id: &OrderId, version: Version, operation: OperationId) -> bool {
        self.entries.get(&(id.clone(), version)) == Some(&operation)
    }

    /// Whether this operation intended that call.
    pub(super) fn has_intended(&self, call: CallId, operation: OperationId) -> bool {
        self.calls.get(&call) == Some(&operation)
    }

    /// Whether this operation was the last to write an order's work row.
    pub(super) fn has_worked(&self, id: &OrderId, operation: OperationId) -> bool {
        self.work.get(id) == Some(&operation)
    }
}
