//! Reconcile: after a restored backup, or a failover that lost commits, the marketplace is asked about every order before
//! anything is sent again.
//!
//! What the store has forgotten may have happened all the same. So sending is held first, for all workers, durably, and the
//! leases of before are void. Then calls that may still be on their way get the time to end and to show. Then every
//! unsettled order and every one settled not long ago is looked at once; what has moved is settled from what was seen.
//! Only then is the hold lifted. Nothing is sent here.
//!
//! A crash at any point leaves the hold, and orders under leases that the next hold voids: the next reconcile begins again.
//! Of two at once the later one's hold takes the place of the earlier one's, which then stops; a hold is lifted only by the
//! reconcile that began it.

mod inquiry;
mod report;
mod sweep;

use std::time::Duration;

pub(super) use inquiry::look;
pub use inquiry::{LookOptions, LookReport};
pub use report::{Change, ReconcileReport};

use crate::guards::{Guard, dropped};
use crate::ports::{Hold, PollSlot, StoreClock};
use crate::time::{self, Timestamp};

use super::core::Core;
use super::events::{Event, Observer};
use super::purse::Purse;
use super::report::Halt;
use super::rest::{Patience, sit_out};
use super::run::patiently_ingest;
use super::stop::StopSignal;
use super::tally::Tally;
use super::validate::reserve;

/// Orders settled this long ago are looked at again by default: thirty days.
const SETTLED_WITHIN: Duration = Duration::from_secs(30 * 24 * 3600);

/// The options of one reconcile.
#[derive(Debug, Clone)]
pub struct ReconcileOptions {
    /// Orders that were settled within this time are looked at too; zero for none.
    pub settled_within: Duration,
    /// Stops it gracefully; the hold then stands.
    pub stop: StopSignal,
}

impl Default for ReconcileOptions {
    fn default() -> Self {
        Self {
            settled_within: SETTLED_WITHIN,
            stop: StopSignal::new(),
        }
    }
}

/// Reconciles once.
pub(super) async fn reconcile(core: &Core, options: &ReconcileOptions, observer: &dyn Observer) -> ReconcileReport {
    let started = core.ports.clock.monotonic();
    let mut round = Round {
        core,
        tally: Tally::new(observer),
        patience: Patience::new(core.settings.patience, options.stop.clone()),
        purse: Purse::new(core, &options.stop, observer).without_end(),
        report: ReconcileReport::default(),
        by: "reconcile".to_owned(),
    };
    let halt = round.carry_out(options).await.err();
    let Round { tally, mut report, .. } = round;
    report.ingested = tally.report.ingested;
    report.needs_person = tally.report.needs_person;
    report.calls = tally.report.calls;
    report.halt = halt;
    report.duration = core.ports.clock.monotonic().saturating_sub(started);
    report
}

/// One reconcile's work in progress.
struct Round<'a> {
    core: &'a Core,
    tally: Tally<'a>,
    patience: Patience,
    purse: Purse<'a>,
    report: ReconcileReport,
    /// Who asked, for the notes of what was found.
    by: String,
}

impl Round<'_> {
    async fn carry_out(&mut self, options: &ReconcileOptions) -> Result<(), Halt> {
        let core = self.core;
        let clock = core.store_clock().await.map_err(Halt::Store)?;
        let hold = core.hold_sending(core.now(clock)).await.map_err(Halt::Store)?;
        self.report.held_since = Some(hold.since);

        // Counted from when the hold was certain to stand: an intent may have come just before it.
        let clock = core.store_clock().await.map_err(Halt::Store)?;
        let wait = match dropped(Guard::WaitAfterHold) {
            false => longest_on_its_way(core),
            true => Duration::ZERO,
        };
        let certain_from = time::plus(core.now(clock), wait);
        self.tally.tell(&Event::SendingHeld {
            since: hold.since,
            certain_from,
        });
        let mut clock = self.wait_until(certain_from).await?;

        clock = self.await_shop(clock).await?;
        patiently_ingest(
            core,
            &mut clock,
            hold.epoch,
            &mut self.patience,
            &self.purse,
            &mut self.tally,
        )
        .await?;
        self.sweep(clock, hold, options.settled_within).await?;
        self.lift(hold).await
    }

    async fn lift(&mut self, hold: Hold) -> Result<(), Halt> {
        if !self.core.allow_sending(hold).await.map_err(Halt::Store)? {
            return Err(Halt::HoldTakenOver);
        }
        self.report.sending_allowed = true;
        self.tally.tell(&Event::SendingAllowed);
        Ok(())
    }

    /// Waits until the shop may be looked at: for the end of a pause, then for the next poll.
    async fn await_shop(&mut self, mut clock: StoreClock) -> Result<StoreClock, Halt> {
        let core = self.core;
        let key = core.ports.marketplace.shop_key();
        let shop = core.ports.store.shop(&key).await.map_err(Halt::Store)?;
        if let Some(until) = shop.paused_until {
            clock = sit_out(core, clock, until, &mut self.patience, &self.tally).await?;
        }
        self.await_poll(clock).await
    }

    /// Waits for the right to look, as every poll of the shop does.
    async fn await_poll(&mut self, mut clock: StoreClock) -> Result<StoreClock, Halt> {
        loop {
            match reserve(self.core, self.core.now(clock)).await? {
                PollSlot::Granted => return Ok(clock),
                PollSlot::NotBefore(at) => clock = self.wait_until(at).await?,
            }
        }
    }

    /// Waits until the store's clock says `until`; asks it again afterwards.
    async fn wait_until(&mut self, until: Timestamp) -> Result<StoreClock, Halt> {
        let core = self.core;
        let mut clock = core.store_clock().await.map_err(Halt::Store)?;
        loop {
            if self.patience.stop.is_given() {
                return Err(Halt::Stopped);
            }
            let wait = time::until(core.now(clock), until);
            if wait.is_zero() {
                return Ok(clock);
            }
            self.patience.stop.sleep(&*core.ports.clock, wait).await;
            clock = core.store_clock().await.map_err(Halt::Store)?;
        }
    }
}

/// How long after a hold a call of before may still be on its way, or its effect unseen: an intent that stood just before
/// the hold is sent within the lease margin, ends within the call timeout, and shows within the staleness of reads.
fn longest_on_its_way(core: &Core) -> Duration {
    let settings = &core.settings;
    settings
        .lease_margin
        .saturating_add(settings.call_timeout)
        .saturating_add(settings.read_staleness)
}
