//! The looks: every order once, a hundred to a call, each write guarded.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use crate::guards::{Guard, dropped};
use crate::order::OrderId;
use crate::ports::{Hold, InboxEntry, Settled, StoreClock};
use crate::settings::IDS_PER_LOOK;
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Phase, Settlement};

use super::super::decide::{self, Reconciled};
use super::super::events::Event;
use super::super::ingest::open;
use super::super::looks::Shown;

use super::super::report::Halt;
use super::super::rest::{Rest, not_paused, rest_now};
use super::{Change, Round};

/// After this many leases in which other workers had all that is left, it stops.
const LEASES_IN_VAIN: u32 = 3;

impl Round<'_> {
    /// Looks at every unsettled order, and at those settled within this time.
    pub(super) async fn sweep(
        &mut self,
        mut clock: StoreClock,
        hold: Hold,
        settled_within: Duration,
    ) -> Result<(), Halt> {
        let core = self.core;
        let settled_since = before(core.now(clock), settled_within);
        let ids = core
            .ports
            .store
            .to_reconcile(settled_since)
            .await
            .map_err(Halt::Store)?;
        self.report.to_look_at = ids.len() as u64;
        let mut left = VecDeque::from(ids);
        let mut with_others = Vec::new();
        let mut progress_at = core.ports.clock.monotonic();
        loop {
            if left.is_empty() {
                if with_others.is_empty() || dropped(Guard::AllLookedAtBeforeLift) {
                    return Ok(());
                }
                let idle = core.ports.clock.monotonic().saturating_sub(progress_at);
                if idle > core.settings.lease.saturating_mul(LEASES_IN_VAIN) {
                    let orders = with_others.len();
                    return Err(Halt::HeldByOthers { orders });
                }
                let until = time::plus(core.now(clock), core.settings.lease_margin);
                self.tally.tell(&Event::Waiting {
                    until,
                    orders: with_others.len(),
                });
                clock = self.wait_until(until).await?;
                left.extend(with_others.drain(..));
            }
            self.purse.one(clock).await?;
            self.still_ours(hold).await?;
            let chunk: Vec<_> = left.drain(..left.len().min(IDS_PER_LOOK)).collect();
            let taken = core.take_up(&chunk, core.now(clock)).await.map_err(Halt::Store)?;
            match self.look_at(clock, taken).await {
                Ok(done) => {
                    if !done.is_empty() {
                        progress_at = core.ports.clock.monotonic();
                    }
                    with_others.extend(chunk.into_iter().filter(|id| !done.contains(id)));
                }
                Err(halt) => {
                    let rest = Rest::behind(&halt).ok_or(halt)?;
                    left.extend(chunk);
                    clock = rest_now(core, clock, rest, &mut self.patience, &self.tally).await?;
                    progress_at = core.ports.clock.monotonic();
                }
            }
        }
    }

    /// Stops where that was asked for, or where another reconcile took over.
    async fn still_ours(&self, hold: Hold) -> Result<(), Halt> {
        if self.patience.stop.is_given() {
            return Err(Halt::Stopped);
        }
        let sending = self.core.ports.store.sending().await.map_err(Halt::Store)?;
        let is_ours = sending.hold.is_some_and(|standing| standing.epoch == hold.epoch);
        if is_ours || dropped(Guard::TakenOverStops) {
            Ok(())
        } else {
            Err(Halt::HoldTakenOver)
        }
    }

    /// Looks at these orders and writes what follows; tells which of them are done with.
    pub(super) async fn look_at(&mut self, clock: StoreClock, taken: Vec<Claimed>) -> Result<HashSet<OrderId>, Halt> {
        if taken.is_empty() {
            return Ok(HashSet::new());
        }
        let core = self.core;
        match self.show(clock, &taken).await {
            Ok(shown) => self.write(clock, taken, &shown).await,
            Err(halt) => {
                let leased = taken.iter().filter(|order| order.standing.phase != Phase::Settled);
                let releases: Vec<_> = leased.map(Settlement::release).collect();
                core.settle(&releases, core.now(clock)).await.map_err(Halt::Store)?;
                Err(halt)
            }
        }
    }

    /// One look at these orders, unless the shop rests.
    async fn show(&mut self, clock: StoreClock, taken: &[Claimed]) -> Result<Shown, Halt> {
        let core = self.core;
        not_paused(core, clock).await?;
        let ids: Vec<_> = taken.iter().map(|order| order.order_id.clone()).collect();
        self.tally.report.calls.reads += 1;
        // Orders in review are often not listed any more: they don't tell of the settings.
        if taken.iter().any(|order| order.standing.phase == Phase::Review) {
            core.look_at_any(clock, &ids).await
        } else {
            core.look(clock, &ids).await
        }
    }

    async fn write(&mut self, clock: StoreClock, taken: Vec<Claimed>, shown: &Shown) -> Result<HashSet<OrderId>, Halt> {
        let core = self.core;
        let now = core.now(clock);
        let ctx = core.context(now, false);
        let mut settlements = Vec::new();
        let mut found = Vec::with_capacity(taken.len());
        for order in taken {
            let reconciled = decide::reconciled(&order, shown.of(&order.order_id), shown.look, &self.by, &ctx);
            match &reconciled {
                Reconciled::Moved(settlement) => settlements.push((**settlement).clone()),
                // Settled ones are under no lease.
                _ if order.standing.phase != Phase::Settled => settlements.push(Settlement::release(&order)),
                _ => {}
            }
            found.push((order, reconciled));
        }
        let results = core.settle(&settlements, now).await.map_err(Halt::Store)?;
        let lost: HashSet<_> = settlements
            .iter()
            .zip(&results)
            .filter(|(_, result)| **result == Settled::Lost)
            .map(|(settlement, _)| settlement.order_id.clone())
            .collect();
        self.tally.settled(settlements, &results);
        found.retain(|(order, _)| !lost.contains(&order.order_id));
        self.ask_people(&found).await?;
        self.tally.tell(&Event::Looked { orders: found.len() });
        Ok(found
            .into_iter()
            .map(|(order, reconciled)| self.count(order, reconciled))
            .collect())
    }

    async fn ask_people(&mut self, found: &[(Claimed, Reconciled)]) -> Result<(), Halt> {
        let entries: Vec<_> = found
            .iter()
            .filter_map(|(order, reconciled)| match reconciled {
                Reconciled::Contradicts(failure) => Some(InboxEntry {
                    failure: (**failure).clone(),
                    version: Some(order.version),
                }),
                _ => None,
            })
            .collect();
        open(self.core, &entries, &mut self.tally).await
    }

    fn count(&mut self, order: Claimed, reconciled: Reconciled) -> OrderId {
        let report = &mut self.report;
        report.looked_at += 1;
        let id = order.order_id;
        match reconciled {
            Reconciled::Moved(settlement) => report.changed.extend(settlement.entry.map(|entry| Change {
                order_id: id.clone(),
                from: order.status,
                to: entry.status,
                note: entry.note,
            })),
            Reconciled::Agrees => report.agreeing += 1,
            Reconciled::Waits => report.waiting += 1,
            Reconciled::Unclear => report.unclear.push(id.clone()),
            Reconciled::NotShown => report.not_shown.push(id.clone()),
            Reconciled::Contradicts(_) => report.contradicted.push(id.clone()),
        }
        id
    }
}

/// The time `span` before `at`; nobody settled anything before 1970.
fn before(at: Timestamp, span: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(span)
        .ok()
        .and_then(|span| at.checked_sub(span).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
