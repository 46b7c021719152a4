//! Reading the record: orders, timelines, calls, failures.

use std::fmt::Debug;

use async_trait::async_trait;
use serde_json::Value;

use super::{EntryCursor, EntryFilter, StoreResult, TimelineRow};
use crate::call::{CallId, CallOutcome};
use crate::failure::FailureId;
use crate::order::OrderId;
use crate::status::OrderStatus;
use crate::time::Timestamp;
use crate::work::{Phase, Version};

/// The last order of a page: the next page begins after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCursor {
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Its id.
    pub order_id: OrderId,
}

/// Which orders to list, newest first (by `placed_at`, then id, both falling).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFilter {
    /// Of this status.
    pub status: Option<OrderStatus>,
    /// Placed at this time or later.
    pub since: Option<Timestamp>,
    /// After this one.
    pub after: Option<OrderCursor>,
    /// At most this many.
    pub limit: usize,
}

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSummary {
    /// The order.
    pub order_id: OrderId,
    /// When the customer placed it, or else when it was first stored.
    pub placed_at: Timestamp,
    /// The status of its newest entry; `None` for a row without any entry.
    pub status: Option<OrderStatus>,
    /// The version of its newest entry; 0 for a row without any.
    pub version: Version,
    /// The time of its newest entry.
    pub status_at: Option<Timestamp>,
    /// The note of its newest entry.
    pub note: Option<String>,
    /// What comes next.
    pub phase: Option<Phase>,
    /// When that is due.
    pub due_at: Option<Timestamp>,
    /// The attempt under way or next.
    pub attempt: u32,
    /// How many entries of the inbox are open for it.
    pub open_failures: u32,
}

/// An entry of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the order's timeline.
    pub version: Version,
    /// The status.
    pub status: OrderStatus,
    /// The note.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Who wrote it: `ackord`, or `external` for any other program.
    pub source: String,
    /// On whose behalf.
    pub actor: Option<String>,
    /// The attempt that it belongs to.
    pub attempt: Option<u32>,
    /// When a failed attempt is retried.
    pub retry_at: Option<Timestamp>,
    /// The acceptance call that justifies it.
    pub send: Option<CallId>,
    /// The look that justifies it.
    pub look: Option<CallId>,
}

/// A call of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRow {
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
    /// The body of the answer; `None` where there was none, or where it was pruned.
    pub response: Option<String>,
    /// When the body of the answer was pruned.
    pub pruned_at: Option<Timestamp>,
    /// The HTTP status.
    pub status_code: Option<u16>,
    /// Whether it did what it was for; `None` while nothing is known.
    pub is_success: Option<bool>,
    /// When it started.
    pub at: Timestamp,
    /// How it ended; `None` while no answer is on record, and for calls of other programs.
    pub outcome: Option<CallOutcome>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// The states that it showed, by order; in the story of one order only that order's.
    pub seen: Vec<(String, Option<String>)>,
}

/// Which calls to list, newest first (by id, falling).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFilter {
    /// About this order, shared looks included.
    pub order: Option<OrderId>,
    /// Of this operation.
    pub endpoint: Option<String>,
    /// Ended like this.
    pub outcome: Option<CallOutcome>,
    /// Started at this time or later.
    pub since: Option<Timestamp>,
    /// With an id below this one.
    pub before: Option<CallId>,
    /// At most this many.
    pub limit: usize,
}

/// An entry of the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureRow {
    /// Its id.
    pub failure_id: FailureId,
    /// What it is about: mostly an order id.
    pub related_id: Option<String>,
    /// Which process wrote it.
    pub process_name: String,
    /// Why; `None` for entries of other modules.
    pub cause: Option<String>,
    /// Readable details.
    pub details: Option<String>,
    /// What was being worked on.
    pub payload: Option<Value>,
    /// When.
    pub at: Timestamp,
    /// Whether it waits for a person.
    pub needs_person: bool,
    /// When it was closed.
    pub resolved_at: Option<Timestamp>,
    /// By whom.
    pub resolved_by: Option<String>,
    /// With which words.
    pub resolution: Option<String>,
}

/// Which entries of the inbox to list, newest first (by id, falling).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureFilter {
    /// Open (`true`), closed (`false`), or both.
    pub open: Option<bool>,
    /// Waiting for a person (`true`) or for a retry (`false`), or both.
    pub needs_person: Option<bool>,
    /// Of this cause.
    pub cause: Option<String>,
    /// About this id.
    pub related_id: Option<String>,
    /// Written at this time or later.
    pub since: Option<Timestamp>,
    /// With an id below this one.
    pub before: Option<FailureId>,
    /// At most this many.
    pub limit: usize,
}

/// The whole story of one order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderStory {
    /// As it stands.
    pub summary: OrderSummary,
    /// Its timeline, by version, rising.
    pub entries: Vec<Entry>,
    /// The calls about it and the looks that asked for it, by id, rising.
    pub calls: Vec<CallRow>,
    /// Its entries in the inbox, by id, rising.
    pub failures: Vec<FailureRow>,
}

/// Reads the record; changes nothing.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait RecordReader: Debug + Send + Sync + 'static {
    /// A page of orders.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn orders(&self, filter: &OrderFilter) -> StoreResult<Vec<OrderSummary>>;

    /// These orders as they stand, in the order in which they are named; those that are not stored are left out.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn summaries(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderSummary>>;

    /// The whole story of one order; `None` for an order that is not stored.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn story(&self, id: &OrderId) -> StoreResult<Option<OrderStory>>;

    /// A page of the entries of all timelines, those of other programs among them, by their cursors, rising.
    ///
    /// A page MUST hold the entries that follow [`EntryFilter::after`] in the span of time that is asked for, none left out and none
    /// told twice from page to page, whatever their ids and times. One that is shorter than its limit MUST be the last. A row
    /// MUST tell of its entry what the story of its order tells, and whether it is the order's first with that status.
    ///
    /// An entry may come to be seen after others with greater cursors, where several programs write at once: whoever follows live
    /// looks back a little, as [`crate::timeline::Follow`] does.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn entries(&self, filter: &EntryFilter) -> StoreResult<Vec<TimelineRow>>;

    /// The cursor of the newest entry; `None` where there is none. It MUST be found at once, however long the history is. An
    /// entry whose writing begins later MUST come after it, unless another program chose the entry's id.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn newest_entry(&self) -> StoreResult<Option<EntryCursor>>;

    /// A page of calls.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn calls(&self, filter: &CallFilter) -> StoreResult<Vec<CallRow>>;

    /// One call.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn call(&self, id: CallId) -> StoreResult<Option<CallRow>>;

    /// A page of the inbox.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn failures(&self, filter: &FailureFilter) -> StoreResult<Vec<FailureRow>>;

    /// One entry of the inbox.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn failure(&self, id: FailureId) -> StoreResult<Option<FailureRow>>;
}
