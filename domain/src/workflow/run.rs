//! One run, from the first look at the shop to the report.

use std::time::Duration;

use crate::ports::{PollSlot, ShopState, StoreClock};
use crate::time::{self, Timestamp};
use crate::work::Phase;

use super::RunOptions;
use super::core::Core;
use super::events::{Event, Observer};
use super::ingest::{Waiting, ingest};
use super::lane::{Lane, pause};
use super::looks::asked_for_rest;
use super::report::{Halt, RunReport};
use super::requeue::requeue;
use super::tally::Tally;
use super::validate::{Validated, look_at_due, reserve};

/// Runs once.
pub(super) async fn run(core: &Core, options: &RunOptions, observer: &dyn Observer) -> RunReport {
    let started = core.ports.clock.monotonic();
    let mut tally = Tally::new(observer);
    let halt = carry_out(core, options, &mut tally).await.err();
    let mut report = tally.report;
    report.halt = halt;
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

async fn carry_out(core: &Core, options: &RunOptions, tally: &mut Tally<'_>) -> Result<(), Halt> {
    let mut clock = core.store_clock().await.map_err(Halt::Store)?;
    let key = core.ports.marketplace.shop_key();
    let mut shop = core.ports.store.shop(&key).await.map_err(Halt::Store)?;
    if let Some(until) = shop.paused_until {
        clock = sit_out(core, clock, until, tally).await?;
    }
    requeue(core, clock, tally).await?;

    // One poll is the list and a look at what is in flight; the next comes a poll interval later.
    let now = core.now(clock);
    let slot = reserve(core, now).await?;
    let waiting = patiently_ingest(core, &mut clock, tally).await?;
    shop.next_poll_at = Some(match slot {
        PollSlot::NotBefore(at) => at,
        PollSlot::Granted => time::plus(now, core.settings.poll_interval),
    });
    if slot == PollSlot::Granted
        && let Err(halt) = first_look(core, clock, &shop, tally).await
    {
        let rest = asked_for_rest(&halt).ok_or(halt)?;
        clock = rest_now(core, clock, rest, tally).await?;
    }
    Lane::new(core, clock, &waiting, options.wait, shop).work(tally).await
}

/// Ingests; where the marketplace asks for a rest, once more after it.
async fn patiently_ingest(core: &Core, clock: &mut StoreClock, tally: &mut Tally<'_>) -> Result<Waiting, Halt> {
    match ingest(core, *clock, tally).await {
        Ok(waiting) => return Ok(waiting),
        Err(halt) => {
            let rest = asked_for_rest(&halt).ok_or(halt)?;
            *clock = rest_now(core, *clock, rest, tally).await?;
        }
    }
    ingest(core, *clock, tally).await
}

/// Looks at what earlier runs left in flight.
async fn first_look(core: &Core, clock: StoreClock, shop: &ShopState, tally: &mut Tally<'_>) -> Result<(), Halt> {
    let outage = shop.unanswered_in_row >= core.settings.breaker_threshold;
    let now = core.now(clock);
    let mut seen = Validated {
        next_poll_at: now,
        looked: Vec::new(),
        settlements: Vec::new(),
        results: Vec::new(),
        reads: 0,
        halt: None,
    };
    look_at_due(core, clock, now, outage, &mut seen).await;
    tally.report.calls.reads += seen.reads;
    if !seen.looked.is_empty() {
        tally.tell(&Event::Looked {
            orders: seen.looked.len(),
        });
    }
    tally.settled(seen.settlements, &seen.results);
    seen.halt.map_or(Ok(()), Err)
}

/// Pauses the shop and waits until that is over.
async fn rest_now(
    core: &Core,
    clock: StoreClock,
    rest: Option<Duration>,
    tally: &Tally<'_>,
) -> Result<StoreClock, Halt> {
    let until = pause(core, core.now(clock), rest).await?;
    sit_out(core, clock, until, tally).await
}

/// Waits for the end of a pause, if that is not beyond a run's patience.
async fn sit_out(core: &Core, clock: StoreClock, until: Timestamp, tally: &Tally<'_>) -> Result<StoreClock, Halt> {
    let rest = time::until(core.now(clock), until);
    if rest.is_zero() {
        return Ok(clock);
    }
    if rest > core.settings.patience {
        return Err(Halt::Throttled { until });
    }
    tally.tell(&Event::Paused { until });
    core.ports.clock.sleep(rest).await;
    core.store_clock().await.map_err(Halt::Store)
}
