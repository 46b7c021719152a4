//! Claim: a lease with a fencing number on orders that are due; and its renewal.

use std::time::Duration;

use super::tables::Tables;
use super::work_table::WorkRow;
use crate::guards::{Guard, dropped};
use crate::order::OrderId;
use crate::ports::{ClaimRequest, RenewRequest, Settled, Suspects};
use crate::time::{self, Timestamp};
use crate::work::{Claimed, LastCall, Lease, OperationId};

impl Tables {
    /// [`crate::ports::WorkStore::claim`].
    pub(super) fn claim(&mut self, request: &ClaimRequest) -> Vec<Claimed> {
        let together = self.free(request, request.limit, false);
        if !together.is_empty() || request.suspects == Suspects::LeftOut {
            let claimed = together.into_iter().filter_map(|id| self.lease(id, request, false));
            return claimed.collect();
        }
        let alone = self.free(request, request.limit.min(1), true);
        alone
            .into_iter()
            .filter_map(|id| self.lease(id, request, true))
            .collect()
    }

    /// [`crate::ports::WorkStore::renew`].
    pub(super) fn renew(&mut self, request: &RenewRequest) -> Vec<Settled> {
        let until = time::plus(request.now, request.lease);
        let renewed = request.leases.iter().map(|lease| {
            let row = self.work.get(&lease.order_id);
            if !row.is_some_and(|row| is_leased(row, lease)) {
                return Settled::Lost;
            }
            self.work.change(&lease.order_id, |row| row.lease_until = Some(until));
            Settled::Written
        });
        renewed.collect()
    }

    /// Of what a claim gave out, that which is still held under it and was not written to since; its last call as that
    /// stands now.
    pub(super) fn still_held(&self, claimed: &[Claimed], operation: OperationId) -> Vec<Claimed> {
        let held = |order: &&Claimed| {
            let row = self.work.get(&order.order_id);
            let is_leased = row.is_some_and(|row| is_leased(row, &order.lease()));
            is_leased && self.operations.has_worked(&order.order_id, operation)
        };
        let held = claimed.iter().filter(held);
        held.filter_map(|order| self.claimed(&order.order_id)).collect()
    }

    /// The oldest orders that are due and free: those to be claimed together, or the suspects, those first that were
    /// tried the least.
    fn free(&self, request: &ClaimRequest, limit: usize, alone: bool) -> Vec<OrderId> {
        // The rows of a phase come in their order; only suspects have another.
        let enough = if alone { usize::MAX } else { limit };
        let mut free = Vec::new();
        let held = self.hold.is_some() && !dropped(Guard::HoldOnClaims);
        for phase in request.phases.iter().filter(|phase| !(held && phase.sends())) {
            let rows = self.work.in_phase(*phase);
            let rows = rows.filter(|(_, row)| {
                is_due(row, request.now) && is_free(row, request.now, request.lease) && row.is_suspect() == alone
            });
            free.extend(
                rows.take(enough)
                    .map(|(id, row)| (tried(row), row.placed_at, id.clone())),
            );
        }
        free.sort();
        free.dedup();
        free.truncate(limit);
        free.into_iter().map(|(_, _, id)| id).collect()
    }

    fn lease(&mut self, id: OrderId, request: &ClaimRequest, alone: bool) -> Option<Claimed> {
        let fence = self.next_fence(&id);
        self.operations.worked(&id, Some(request.operation));
        self.work.change(&id, |row| {
            if !dropped(Guard::FenceGrows) {
                row.fence = fence;
            }
            row.lease_until = Some(time::plus(request.now, request.lease));
            row.worker = Some(request.worker.clone());
            row.unreleased_claims += 1;
            row.unreleased_alone = if alone { row.unreleased_alone + 1 } else { 0 };
        });
        self.claimed(&id)
    }

    /// All that a worker is told of an order that it was given.
    pub(super) fn claimed(&self, id: &OrderId) -> Option<Claimed> {
        let row = self.work.get(id)?;
        let call = row.call.and_then(|id| self.calls.get(&id)).map(|call| LastCall {
            id: call.row.call_id,
            started_at: call.row.at,
            answer_by: call.answer_by,
            outcome: call.row.outcome,
        });
        Some(Claimed {
            order_id: id.clone(),
            fence: row.fence,
            version: row.version,
            status: row.status.clone(),
            placed_at: row.placed_at,
            standing: row.standing.clone(),
            call,
            unreleased_claims: row.unreleased_claims,
            unreleased_alone: row.unreleased_alone,
        })
    }
}

/// Whether `lease` is the order's, ended by nobody; its time may be over.
fn is_leased(row: &WorkRow, lease: &Lease) -> bool {
    row.is_held_by(lease.fence, lease.version) && row.lease_until.is_some()
}

/// How often a suspect was claimed in vain.
fn tried(row: &WorkRow) -> u32 {
    if row.is_suspect() { row.unreleased_claims } else { 0 }
}

fn is_due(row: &WorkRow, now: Timestamp) -> bool {
    row.standing.due_at.is_some_and(|due| due <= now)
}

/// Whether no lease stands in the way: none, an ended one, or one that ends more than two leases from now (a clock jumped).
pub(super) fn is_free(row: &WorkRow, now: Timestamp, lease: Duration) -> bool {
    let longest = time::plus(now, lease.saturating_mul(2));
    row.lease_until.is_none_or(|until| {
        let endless = until > longest && !dropped(Guard::EndlessLeaseIsVoid);
        until <= now || endless || dropped(Guard::LiveLeaseIsKept)
    })
}
