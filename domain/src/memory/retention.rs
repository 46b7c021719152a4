//! [`Retention`]: bodies of old answers.

use std::cmp::Reverse;
use std::ops::Bound;

use async_trait::async_trait;

use super::store::MemoryStore;
use super::tables::{LoggedCall, Tables};
use crate::call::{CallId, SERVICE};
use crate::order::OrderId;
use crate::ports::{PruneBatch, PrunedBatch, Pruning, Retention, StoreResult};
use crate::work::Phase;

#[async_trait]
impl Retention for MemoryStore {
    async fn prune(&self, batch: &PruneBatch) -> StoreResult<PrunedBatch> {
        let mut tables = self.tables();
        let (done, calls) = tables.prunable(batch);
        if let (Some(first), Some(last)) = (calls.first(), calls.last()) {
            let pruning = Pruning {
                at: batch.now,
                actor: batch.actor.clone(),
                before: batch.before,
                calls: done.calls,
                bytes: done.bytes,
                first: *first,
                last: *last,
            };
            tables.prunings.push(pruning);
        }
        for id in &calls {
            if let Some(call) = tables.calls.get_mut(id) {
                call.row.response = None;
                call.row.pruned_at = Some(batch.now);
            }
        }
        Ok(done)
    }

    async fn prunable(&self, batch: &PruneBatch) -> StoreResult<PrunedBatch> {
        Ok(self.tables().prunable(batch).0)
    }

    async fn prunings(&self, limit: usize) -> StoreResult<Vec<Pruning>> {
        let mut prunings = self.tables().prunings.clone();
        prunings.sort_by_key(|pruning| Reverse((pruning.at, pruning.last)));
        prunings.truncate(limit);
        Ok(prunings)
    }
}

impl Tables {
    /// What would go, and of which calls.
    fn prunable(&self, batch: &PruneBatch) -> (PrunedBatch, Vec<CallId>) {
        let mut found = PrunedBatch::default();
        let mut calls = Vec::new();
        let after = batch.after.map_or(Bound::Unbounded, Bound::Excluded);
        for (id, call) in self.calls.range((after, Bound::Unbounded)).take(batch.limit) {
            found.last = Some(*id);
            let Some(body) = &call.row.response else { continue };
            let is_old = call.row.at < batch.before && call.row.outcome.is_some() && call.row.service == SERVICE;
            if !is_old {
                continue;
            }
            if self.is_waited_for(call) {
                found.kept += 1;
                continue;
            }
            found.calls += 1;
            found.bytes += body.len() as u64;
            calls.push(*id);
        }
        (found, calls)
    }

    /// Whether an order of the call is unsettled, or has an open entry in the inbox.
    fn is_waited_for(&self, call: &LoggedCall) -> bool {
        let shown = call.row.seen.iter().map(|(order, _)| order.as_str());
        call.row.related_id.as_deref().into_iter().chain(shown).any(|order| {
            let work = OrderId::new(order).ok().and_then(|id| self.work.get(&id));
            work.is_some_and(|work| work.standing.phase != Phase::Settled)
                || self
                    .failures_about(order)
                    .any(|failure| failure.row.resolved_at.is_none())
        })
    }
}
