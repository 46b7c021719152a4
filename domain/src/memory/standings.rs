//! What is due next, and where orders stand.

use std::collections::BTreeSet;

use super::tables::Tables;
use crate::order::OrderId;
use crate::ports::OrderStanding;
use crate::time::Timestamp;
use crate::work::Phase;

impl Tables {
    /// [`crate::ports::WorkStore::next_due`].
    pub(super) fn next_due(&self, phases: &[Phase], now: Timestamp) -> Option<Timestamp> {
        phases
            .iter()
            .flat_map(|phase| self.work.in_phase(*phase))
            .filter(|(_, row)| row.lease_until.is_none_or(|until| until <= now))
            .filter_map(|(_, row)| row.standing.due_at)
            .min()
    }

    /// [`crate::ports::WorkStore::count`]; a phase named twice counts once.
    pub(super) fn count(&self, phases: &[Phase]) -> u64 {
        let phases: BTreeSet<Phase> = phases.iter().copied().collect();
        phases.into_iter().map(|phase| self.work.count(phase)).sum()
    }

    /// [`crate::ports::WorkStore::standings`].
    pub(super) fn standings(&self, ids: &[OrderId]) -> Vec<OrderStanding> {
        ids.iter()
            .filter_map(|id| {
                let row = self.work.get(id)?;
                Some(OrderStanding {
                    order_id: id.clone(),
                    phase: row.standing.phase,
                    due_at: row.standing.due_at,
                    leased_until: row.lease_until,
                })
            })
            .collect()
    }
}
