//! Claim: a lease with a fencing number on orders that are due.

use std::time::Duration;

use super::tables::Tables;
use super::work_table::WorkRow;
use crate::order::OrderId;
use crate::ports::ClaimRequest;
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Fence, LastCall};

impl Tables {
    /// [`crate::ports::WorkStore::claim`].
    pub(super) fn claim(&mut self, request: &ClaimRequest) -> Vec<Claimed> {
        let mut free: Vec<(Timestamp, OrderId)> = Vec::new();
        for phase in &request.phases {
            let rows = self.work.in_phase(*phase);
            let rows = rows.filter(|(_, row)| is_due(row, request.now) && is_free(row, request.now, request.lease));
            free.extend(rows.take(request.limit).map(|(id, row)| (row.placed_at, id.clone())));
        }
        free.sort();
        free.dedup();
        free.truncate(request.limit);
        free.into_iter().filter_map(|(_, id)| self.lease(id, request)).collect()
    }

    fn lease(&mut self, id: OrderId, request: &ClaimRequest) -> Option<Claimed> {
        let least = self.epoch << 32;
        self.work.change(&id, |row| {
            row.fence = Fence(row.fence.0.max(least) + 1);
            row.lease_until = Some(time::plus(request.now, request.lease));
            row.worker = Some(request.worker.clone());
            row.unreleased_claims += 1;
        });
        let row = self.work.get(&id)?;
        let call = row.call.and_then(|id| self.calls.get(&id)).map(|call| LastCall {
            id: call.row.call_id,
            started_at: call.row.at,
            answer_by: call.answer_by,
            outcome: call.row.outcome,
        });
        Some(Claimed {
            order_id: id,
            fence: row.fence,
            version: row.version,
            status: row.status.clone(),
            placed_at: row.placed_at,
            standing: row.standing.clone(),
            call,
            unreleased_claims: row.unreleased_claims,
        })
    }
}

fn is_due(row: &WorkRow, now: Timestamp) -> bool {
    row.standing.due_at.is_some_and(|due| due <= now)
}

/// Whether no lease stands in the way: none, an ended one, or one that ends more than two leases from now (a clock jumped).
fn is_free(row: &WorkRow, now: Timestamp, lease: Duration) -> bool {
    row.lease_until
        .is_none_or(|until| until <= now || until > time::plus(now, lease.saturating_mul(2)))
}
