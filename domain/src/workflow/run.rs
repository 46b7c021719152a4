//! One run, from the first look at the shop to the report.

use crate::ports::{PollSlot, Sending, ShopState, StoreClock, Suspects};
use crate::time::{self, Timestamp};
use crate::work::{Epoch, Phase};

use super::core::Core;
use super::events::{Event, Observer};
use super::ingest::{Waiting, ingest};
use super::lane::Lane;
use super::purse::Purse;
use super::report::{Halt, RunReport};
use super::requeue::requeue;
use super::rest::{Patience, Rest, rest_now, sit_out};
use super::tally::Tally;
use super::validate::{Validated, look_at_due, look_at_suspects, reserve};
use super::{RunOptions, Wait};

/// Runs once.
pub(super) async fn run(core: &Core, options: &RunOptions, observer: &dyn Observer) -> RunReport {
    let started = core.ports.clock.monotonic();
    let mut tally = Tally::new(observer);
    let purse = Purse::new(core, &options.stop, observer);
    let halt = carry_out(core, options, &purse, &mut tally).await.err();
    let mut report = tally.report;
    report.halt = match halt {
        // Whatever was left undone for it is told.
        None => held(core).await.err(),
        halt => halt,
    };
    match core
        .ports
        .store
        .count(&[Phase::Ready, Phase::Sending, Phase::Validating])
        .await
    {
        Ok(awaiting) => report.awaiting = awaiting,
        Err(error) => {
            report.halt.get_or_insert(Halt::Store(error));
        }
    }
    report.duration = core.ports.clock.monotonic().saturating_sub(started);
    report
}

async fn carry_out(core: &Core, options: &RunOptions, purse: &Purse<'_>, tally: &mut Tally<'_>) -> Result<(), Halt> {
    let mut clock = core.store_clock().await.map_err(Halt::Store)?;
    let mut patience = Patience::new(core.settings.patience, options.stop.clone());
    let key = core.ports.marketplace.shop_key();
    let mut shop = core.ports.store.shop(&key).await.map_err(Halt::Store)?;
    if let Some(until) = shop.paused_until {
        clock = sit_out(core, clock, until, &mut patience, tally).await?;
    }
    let requeued_at = core.now(clock);
    requeue(core, clock, requeued_at, Suspects::LeftOut, tally).await?;
    let sending = sending(core).await?;

    // One poll is the list and a look at what is in flight; the next comes a poll interval later.
    let now = core.now(clock);
    let slot = reserve(core, now).await?;
    let listed = patiently_ingest(core, &mut clock, sending.epoch, &mut patience, purse, tally).await;
    // What is known already needs no list.
    let mut left_undone = None;
    let waiting = match listed {
        Err(halt @ Halt::OutOfBudget { .. }) => {
            left_undone = Some(halt);
            Waiting::new(sending.epoch)
        }
        listed => listed?,
    };
    let next_poll_at = match slot {
        PollSlot::NotBefore(at) => at,
        PollSlot::Granted => time::plus(now, core.settings.poll_interval),
    };
    shop.next_poll_at = Some(next_poll_at);
    if slot == PollSlot::Granted
        && let Err(halt) = first_look(core, clock, purse, &shop, tally).await
    {
        if matches!(halt, Halt::OutOfBudget { .. }) {
            left_undone = Some(halt);
        } else {
            let rest = Rest::behind(&halt).ok_or(halt)?;
            clock = rest_now(core, clock, rest, &mut patience, tally).await?;
        }
    }
    if let Some(hold) = sending.hold {
        return Err(Halt::SendingHeld { since: hold.since });
    }
    let left_by_others = options.wait == Wait::ForValidations && in_flight_by(core, clock, next_poll_at).await?;
    let outage = shop.unanswered_in_row >= core.settings.breaker_threshold;
    let lane = Lane::new(core, clock, &waiting, options.wait, shop, patience, purse);
    lane.with_look(left_by_others).work(tally).await?;

    // What may be an order's fault comes last, when nothing else can be lost by it.
    let clock = core.store_clock().await.map_err(Halt::Store)?;
    requeue(core, clock, requeued_at, Suspects::AloneAtLast, tally).await?;
    if slot == PollSlot::Granted {
        // The store's clock may have been set back since: what was due at both times cannot come due again in this look.
        let mut seen = Validated::new(now.min(core.now(clock)), slot, core);
        look_at_suspects(core, clock, purse, outage, &mut seen).await;
        took_in(seen, tally)?;
    }
    left_undone.map_or(Ok(()), Err)
}

/// Ingests; where the marketplace asks for a rest, again after it.
pub(super) async fn patiently_ingest(
    core: &Core,
    clock: &mut StoreClock,
    epoch: Epoch,
    patience: &mut Patience,
    purse: &Purse<'_>,
    tally: &mut Tally<'_>,
) -> Result<Waiting, Halt> {
    loop {
        match ingest(core, *clock, epoch, &patience.stop, purse, tally).await {
            Ok(waiting) => return Ok(waiting),
            Err(halt) => {
                let rest = Rest::behind(&halt).ok_or(halt)?;
                *clock = rest_now(core, *clock, rest, patience, tally).await?;
            }
        }
    }
}

async fn sending(core: &Core) -> Result<Sending, Halt> {
    core.ports.store.sending().await.map_err(Halt::Store)
}

/// A halt where sending is held.
async fn held(core: &Core) -> Result<(), Halt> {
    match sending(core).await?.hold {
        Some(hold) => Err(Halt::SendingHeld { since: hold.since }),
        None => Ok(()),
    }
}

/// Whether earlier runs left orders in flight that are due by the next poll: this run takes them on with it.
async fn in_flight_by(core: &Core, clock: StoreClock, next_poll_at: Timestamp) -> Result<bool, Halt> {
    let due_at = core.ports.store.next_due(&[Phase::Validating], core.now(clock)).await;
    Ok(due_at
        .map_err(Halt::Store)?
        .is_some_and(|due_at| due_at <= next_poll_at))
}

/// Looks at what earlier runs left in flight.
async fn first_look(
    core: &Core,
    clock: StoreClock,
    purse: &Purse<'_>,
    shop: &ShopState,
    tally: &mut Tally<'_>,
) -> Result<(), Halt> {
    let outage = shop.unanswered_in_row >= core.settings.breaker_threshold;
    let mut seen = Validated::new(core.now(clock), PollSlot::Granted, core);
    look_at_due(core, clock, purse, outage, &mut seen).await;
    took_in(seen, tally)
}

/// Counts what a look led to.
fn took_in(seen: Validated, tally: &mut Tally<'_>) -> Result<(), Halt> {
    tally.report.calls.reads += seen.reads;
    if !seen.looked.is_empty() {
        tally.tell(&Event::Looked {
            orders: seen.looked.len(),
        });
    }
    tally.settled(seen.settlements, &seen.results);
    seen.halt.map_or(Ok(()), Err)
}
