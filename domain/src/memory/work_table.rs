//! The work table: one row for each order that has an entry, with an index by phase.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::call::CallId;
use crate::order::OrderId;
use crate::status::OrderStatus;
use crate::time::Timestamp;
use crate::work::{CLAIMS_TOGETHER, Fence, Phase, Standing, Version};

/// A row of `order_work`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkRow {
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
    /// The greatest fencing number given out for it; 0 before the first claim.
    pub fence: Fence,
    /// Until when it is leased.
    pub lease_until: Option<Timestamp>,
    /// Who leased it.
    pub worker: Option<String>,
    /// How often in a row it was claimed and not released.
    pub unreleased_claims: u32,
    /// How many of those were claims of this order alone.
    pub unreleased_alone: u32,
}

impl WorkRow {
    /// The row of an order with its first entry.
    pub(super) fn fresh(status: OrderStatus, placed_at: Timestamp, now: Timestamp) -> Self {
        Self {
            version: Version(1),
            status,
            status_at: now,
            placed_at,
            standing: Standing::fresh(now),
            call: None,
            fence: Fence(0),
            lease_until: None,
            worker: None,
            unreleased_claims: 0,
            unreleased_alone: 0,
        }
    }

    /// Whether (fence, version) are still the order's.
    pub(super) fn is_held_by(&self, fence: Fence, version: Version) -> bool {
        self.fence == fence && self.version == version
    }

    /// Whether it may be what its workers end by: it is claimed alone.
    pub(super) fn is_suspect(&self) -> bool {
        self.unreleased_claims >= CLAIMS_TOGETHER
    }

    /// Ends the lease; the unreleased claims before it are forgotten, or stay counted.
    pub(super) fn release(&mut self, keeps_count: bool) {
        let (claims, alone) = (self.unreleased_claims, self.unreleased_alone);
        self.end_lease();
        if keeps_count {
            self.unreleased_claims = claims.saturating_sub(1);
            self.unreleased_alone = alone.saturating_sub(1);
        }
    }

    /// Ends the lease; its number stays.
    pub(super) fn end_lease(&mut self) {
        self.lease_until = None;
        self.worker = None;
        self.unreleased_claims = 0;
        self.unreleased_alone = 0;
    }
}

/// The rows by order, and beside them their keys by phase, then (placed_at, order).
#[derive(Debug, Default)]
pub(super) struct WorkTable {
    rows: BTreeMap<OrderId, WorkRow>,
    by_phase: BTreeMap<Phase, BTreeSet<(Timestamp, OrderId)>>,
}

impl WorkTable {
    pub(super) fn get(&self, id: &OrderId) -> Option<&WorkRow> {
        self.rows.get(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&OrderId, &WorkRow)> {
        self.rows.iter()
    }

    /// The orders of a range that have a row.
    pub(super) fn after(&self, range: (Bound<OrderId>, Bound<OrderId>)) -> impl Iterator<Item = &OrderId> {
        self.rows.range(range).map(|(id, _)| id)
    }

    /// Removes a row; tells whether there was one.
    pub(super) fn remove(&mut self, id: &OrderId) -> bool {
        let Some(row) = self.rows.remove(id) else {
            return false;
        };
        if let Some(phase) = self.by_phase.get_mut(&row.standing.phase) {
            phase.remove(&(row.placed_at, id.clone()));
        }
        true
    }

    /// Inserts or replaces a row.
    pub(super) fn put(&mut self, id: OrderId, row: WorkRow) {
        if let Some(before) = self.rows.get(&id)
            && let Some(phase) = self.by_phase.get_mut(&before.standing.phase)
        {
            phase.remove(&(before.placed_at, id.clone()));
        }
        let phase = self.by_phase.entry(row.standing.phase).or_default();
        phase.insert((row.placed_at, id.clone()));
        self.rows.insert(id, row);
    }

    /// Changes a row; tells whether there was one.
    pub(super) fn change(&mut self, id: &OrderId, change: impl FnOnce(&mut WorkRow)) -> bool {
        let Some(mut row) = self.rows.get(id).cloned() else {
            return false;
        };
        change(&mut row);
        self.put(id.clone(), row);
        true
    }

    /// The rows of a phase, oldest first (by `placed_at`, then id). Settled orders are none: nothing of theirs is ever due.
    pub(super) fn in_phase(&self, phase: Phase) -> impl Iterator<Item = (&OrderId, &WorkRow)> {
        let unsettled = self.by_phase.get(&phase).filter(|_| phase != Phase::Settled);
        let keys = unsettled.into_iter().flatten();
        keys.filter_map(|(_, id)| self.rows.get_key_value(id))
    }

    /// How many rows are in a phase.
    pub(super) fn count(&self, phase: Phase) -> u64 {
        self.by_phase.get(&phase).map_or(0, |keys| keys.len() as u64)
    }
}
