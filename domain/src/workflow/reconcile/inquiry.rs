//! A look at some orders that a person asked for: what has moved is settled from what was seen, and nothing is sent.

use std::time::Duration;

use crate::order::OrderId;
use crate::settings::IDS_PER_LOOK;

use super::super::core::Core;
use super::super::events::Observer;
use super::super::purse::Purse;
use super::super::report::{Calls, Halt};
use super::super::rest::Patience;
use super::super::stop::StopSignal;
use super::super::tally::Tally;
use super::{Change, ReconcileReport, Round};

/// Which orders to look at, and for whom.
#[derive(Debug, Clone, Default)]
pub struct LookOptions {
    /// The orders, in any phase, settled ones too.
    pub orders: Vec<OrderId>,
    /// Who asked, for the notes of entries: "a look that kim asked for".
    pub by: String,
    /// Stops it gracefully.
    pub stop: StopSignal,
}

/// What a look that was asked for found and did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LookReport {
    /// How many orders were looked at.
    pub looked_at: u64,
    /// Orders whose status moved.
    pub changed: Vec<Change>,
    /// Orders in a state that can't be read or is not known: they stay as they are.
    pub unclear: Vec<OrderId>,
    /// Orders that the marketplace did not show: they stay as they are.
    pub not_shown: Vec<OrderId>,
    /// Settled orders that the marketplace shows otherwise, where no move of ours leads there.
    pub contradicted: Vec<OrderId>,
    /// Orders that another worker has in hand, and orders that moved on while they were looked at: nothing was written.
    pub in_other_hands: Vec<OrderId>,
    /// The calls to the marketplace; none of them is an acceptance.
    pub calls: Calls,
    /// How long it took.
    pub duration: Duration,
    /// What stopped it before its work was done.
    pub halt: Option<Halt>,
}

/// Looks at these orders once.
pub(in super::super) async fn look(core: &Core, options: &LookOptions, observer: &dyn Observer) -> LookReport {
    let started = core.ports.clock.monotonic();
    let mut round = Round {
        core,
        tally: Tally::new(observer),
        patience: Patience::new(core.settings.patience, options.stop.clone()),
        purse: Purse::new(core, &options.stop, observer).without_end(),
        report: ReconcileReport::default(),
        by: options.by.clone(),
    };
    let mut in_other_hands = Vec::new();
    let halt = round.inquire(&options.orders, &mut in_other_hands).await.err();
    let Round { tally, report, .. } = round;
    LookReport {
        looked_at: report.looked_at,
        changed: report.changed,
        unclear: report.unclear,
        not_shown: report.not_shown,
        contradicted: report.contradicted,
        in_other_hands,
        calls: tally.report.calls,
        duration: core.ports.clock.monotonic().saturating_sub(started),
        halt,
    }
}

impl Round<'_> {
    async fn inquire(&mut self, orders: &[OrderId], in_other_hands: &mut Vec<OrderId>) -> Result<(), Halt> {
        let core = self.core;
        let clock = core.store_clock().await.map_err(Halt::Store)?;
        let mut clock = self.await_shop(clock).await?;
        for chunk in orders.chunks(IDS_PER_LOOK) {
            if self.patience.stop.is_given() {
                return Err(Halt::Stopped);
            }
            self.purse.one(clock).await?;
            // Whatever was waited for: a lease is counted from now on.
            clock = core.store_clock().await.map_err(Halt::Store)?;
            let taken = core.take_up(chunk, core.now(clock)).await.map_err(Halt::Store)?;
            let done = self.look_at(clock, taken).await?;
            in_other_hands.extend(chunk.iter().filter(|id| !done.contains(*id)).cloned());
        }
        Ok(())
    }
}
