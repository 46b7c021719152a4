//! [`Recovery`]: the hold on sending, and leases for a look at any order.

use async_trait::async_trait;

use super::claim::is_free;
use super::store::MemoryStore;
use super::tables::Tables;
use crate::guards::{Guard, dropped};
use crate::order::OrderId;
use crate::ports::{Hold, Recovery, Sending, StoreResult, TakeUp};
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Epoch, Fence, Phase};

#[async_trait]
impl Recovery for MemoryStore {
    async fn sending(&self) -> StoreResult<Sending> {
        let tables = self.tables();
        Ok(Sending {
            epoch: Epoch(tables.epoch),
            hold: tables.hold,
        })
    }

    async fn hold_sending(&self, now: Timestamp) -> StoreResult<Hold> {
        Ok(self.tables().hold_sending(now))
    }

    async fn allow_sending(&self, hold: Hold) -> StoreResult<bool> {
        let mut tables = self.tables();
        let is_another = |standing: &Hold| standing.epoch != hold.epoch && !dropped(Guard::OwnHoldIsLifted);
        tables.hold = tables.hold.filter(is_another);
        Ok(tables.hold.is_none())
    }

    async fn to_reconcile(&self, settled_since: Timestamp) -> StoreResult<Vec<OrderId>> {
        Ok(self.tables().to_reconcile(settled_since))
    }

    async fn take_up(&self, request: &TakeUp) -> StoreResult<Vec<Claimed>> {
        Ok(self.tables().take_up(request))
    }
}

impl Tables {
    fn hold_sending(&mut self, now: Timestamp) -> Hold {
        self.epoch += 1;
        if !dropped(Guard::HoldBeginsAnEpoch) {
            self.epoch = self.epoch.max(Epoch::least_at(now).0);
        }
        let hold = Hold {
            epoch: Epoch(self.epoch),
            since: now,
        };
        self.hold = Some(hold);
        if dropped(Guard::HoldVoidsLeases) {
            return hold;
        }
        let unsettled: Vec<_> = self.unsettled().cloned().collect();
        for id in unsettled {
            let fence = self.next_fence(&id);
            self.work.change(&id, |row| {
                row.fence = fence;
                row.lease_until = None;
                row.worker = None;
            });
        }
        hold
    }

    fn to_reconcile(&self, settled_since: Timestamp) -> Vec<OrderId> {
        let settled = self.work.iter().filter(|(_, row)| row.standing.phase == Phase::Settled);
        let recently = settled.filter(|(_, row)| row.status_at >= settled_since);
        self.unsettled().chain(recently.map(|(id, _)| id)).cloned().collect()
    }

    fn unsettled(&self) -> impl Iterator<Item = &OrderId> {
        let unsettled = Phase::all().filter(|phase| *phase != Phase::Settled);
        unsettled.flat_map(|phase| self.work.in_phase(phase).map(|(id, _)| id))
    }

    fn take_up(&mut self, request: &TakeUp) -> Vec<Claimed> {
        request
            .ids
            .iter()
            .filter_map(|id| self.take_up_one(id, request))
            .collect()
    }

    fn take_up_one(&mut self, id: &OrderId, request: &TakeUp) -> Option<Claimed> {
        let row = self.work.get(id)?;
        let is_repeated = self.operations.has_worked(id, request.operation);
        match row.standing.phase {
            Phase::Settled => {}
            // What it leased is told as long as it is held.
            _ if is_repeated => {
                row.lease_until?;
            }
            _ if is_free(row, request.now, request.lease) => self.take(id, request),
            _ => return None,
        }
        self.claimed(id)
    }

    fn take(&mut self, id: &OrderId, request: &TakeUp) {
        let fence = self.next_fence(id);
        self.operations.worked(id, Some(request.operation));
        self.work.change(id, |row| {
            row.fence = fence;
            row.lease_until = Some(time::plus(request.now, request.lease));
            row.worker = Some(request.worker.clone());
        });
    }

    /// The number that the next lease on an order gets.
    pub(super) fn next_fence(&self, id: &OrderId) -> Fence {
        let given_out = self.work.get(id).map_or(0, |row| row.fence.0);
        Fence(given_out.max(self.epoch << 32) + 1)
    }
}
