//! The entries of all timelines as one stream: what figures, exports and whoever follows live read.

use super::record::Entry;
use crate::order::OrderId;
use crate::time::Timestamp;

/// The place of an entry among those of all timelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryCursor(pub i64);

/// Which entries to tell, by their cursors, rising: about in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFilter {
    /// With this time or a later one.
    pub since: Option<Timestamp>,
    /// With a time before this one.
    pub before: Option<Timestamp>,
    /// After this one.
    pub after: Option<EntryCursor>,
    /// At most this many.
    pub limit: usize,
}

/// An entry, and the order that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineRow {
    /// Its place among all.
    pub cursor: EntryCursor,
    /// The order.
    pub order_id: OrderId,
    /// When the customer placed the order, or else when it was first stored.
    pub placed_at: Timestamp,
    /// The entry.
    pub entry: Entry,
    /// Whether no earlier entry of the order has its status: the first time that the order was accepted, say.
    pub is_first: bool,
}
