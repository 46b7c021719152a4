//! The whole record of one order, as the checks read it.

use serde_json::Value;

use crate::call::{CallId, CallOutcome};
use crate::failure::FailureId;
use crate::order::OrderId;
use crate::ports::Entry;
use crate::status::OrderStatus;
use crate::time::Timestamp;
use crate::work::{Fence, Standing, Version};

/// All that is on record about one order, read at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderRecord {
    /// The order's id; where there is no such order, the id that rows of it name.
    pub order_id: OrderId,
    /// Its row in `orders`; `None` where there is none.
    pub stored: Option<StoredOrder>,
    /// Its timeline, by version, rising.
    pub entries: Vec<Entry>,
    /// The calls about it, those that showed it, and those that its entries or its work row name, by id, rising.
    pub calls: Vec<AuditedCall>,
    /// The inbox entries about it, by id, rising.
    pub failures: Vec<AuditedFailure>,
    /// Its work row.
    pub work: Option<WorkRecord>,
    /// Calls that are said to have shown it and are not on record.
    pub lost_looks: Vec<CallId>,
    /// Rows of its record that can't be read: which, and what stands there. They are left out above.
    pub unreadable: Vec<String>,
    /// Its work row, where that can't be read.
    pub unreadable_work: Option<String>,
}

impl OrderRecord {
    /// The record of an order of which nothing is stored.
    #[must_use]
    pub fn of(order_id: OrderId) -> Self {
        Self {
            order_id,
            stored: None,
            entries: Vec::new(),
            calls: Vec::new(),
            failures: Vec::new(),
            work: None,
            lost_looks: Vec::new(),
            unreadable: Vec::new(),
            unreadable_work: None,
        }
    }
}

/// A row of `orders`, as far as the rest depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredOrder {
    /// When the row was written.
    pub created_at: Timestamp,
    /// When the customer placed the order, where that is known.
    pub placed_at: Option<Timestamp>,
}

/// A row of `api_calls`, with what it showed of the one order.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditedCall {
    /// Its id.
    pub call_id: CallId,
    /// The service.
    pub service: String,
    /// The operation.
    pub endpoint: String,
    /// What it is about.
    pub related_id: Option<String>,
    /// The request.
    pub request: Option<Value>,
    /// The number of the lease under which it was intended.
    pub fence: Option<Fence>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it had ended one way or another.
    pub answer_by: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<CallOutcome>,
    /// Whether it did what it was for, as it stands on record.
    pub is_success: Option<bool>,
    /// What it showed of the order.
    pub shown: Shown,
}

/// What a call showed of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Nothing: it was not about this order.
    Nothing,
    /// That the order was not in the answer.
    Missing,
    /// Its state, as it was recorded.
    State(String),
}

/// A row of `process_failures`.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditedFailure {
    /// Its id.
    pub failure_id: FailureId,
    /// Which process wrote it.
    pub process_name: String,
    /// Why; `None` for entries of other modules.
    pub cause: Option<String>,
    /// The order's version that it is about.
    pub version: Option<Version>,
    /// What was being worked on.
    pub payload: Option<Value>,
    /// Whether it waits for a person.
    pub needs_person: bool,
    /// When it was closed.
    pub resolved_at: Option<Timestamp>,
    /// By whom.
    pub resolved_by: Option<String>,
}

/// A row of `order_work`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkRecord {
    /// The version of the order's newest entry.
    pub version: Version,
    /// The status of its newest entry.
    pub status: OrderStatus,
    /// The time of its newest entry.
    pub status_at: Timestamp,
    /// From when its deadline counts.
    pub placed_at: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// Its last acceptance call.
    pub call: Option<CallId>,
    /// The greatest fencing number given out for it.
    pub fence: Fence,
    /// Until when it is leased.
    pub lease_until: Option<Timestamp>,
}
