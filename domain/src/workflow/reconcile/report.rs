//! What a reconcile found and did.

use std::time::Duration;

use crate::order::OrderId;
use crate::status::OrderStatus;
use crate::time::Timestamp;

use super::super::report::{Calls, Halt};

/// An order whose status moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The order.
    pub order_id: OrderId,
    /// Its status before.
    pub from: OrderStatus,
    /// Its status now.
    pub to: OrderStatus,
    /// The note of the entry.
    pub note: String,
}

/// What one reconcile did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ReconcileReport {
    /// Since when it held sending; `None` where it did not come to that.
    pub held_since: Option<Timestamp>,
    /// Whether sending was allowed again at its end.
    pub sending_allowed: bool,
    /// Orders that were stored for the first time, or again: they wait for acceptance.
    pub ingested: u64,
    /// Orders that were to be looked at: the unsettled ones, and those settled not long ago.
    pub to_look_at: u64,
    /// Of those, how many were looked at.
    pub looked_at: u64,
    /// Orders whose status moved.
    pub changed: Vec<Change>,
    /// Settled orders with which the marketplace agrees.
    pub agreeing: u64,
    /// Unsettled orders that keep their place.
    pub waiting: u64,
    /// Orders in a state that can't be read or is not known: they stay as they are.
    pub unclear: Vec<OrderId>,
    /// Orders that the marketplace did not show: they stay as they are.
    pub not_shown: Vec<OrderId>,
    /// Settled orders that the marketplace shows otherwise, where no move of ours leads there.
    pub contradicted: Vec<OrderId>,
    /// Entries opened in the inbox that wait for a person.
    pub needs_person: u64,
    /// The calls to the marketplace; none of them is an acceptance.
    pub calls: Calls,
    /// How long it took.
    pub duration: Duration,
    /// What stopped it before its work was done; the hold then stands.
    pub halt: Option<Halt>,
}
