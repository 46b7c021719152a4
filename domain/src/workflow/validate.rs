//! Validate: orders in flight share one look, a hundred to a call, no oftener than the poll interval.
//!
//! The right to look is reserved in the store, for all workers of the shop. No lease is held between looks: each one
//! leases its orders for one call and ends with a guarded settle, so that a crash costs a lease and nothing else. Orders
//! in review are looked at along with them, seldom; they settle by themselves if they moved.

use crate::order::OrderId;
use crate::ports::{PollSlot, Settled, StoreClock, Suspects};
use crate::settings::IDS_PER_LOOK;
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Phase, Settlement};

use super::core::Core;
use super::decide;
use super::purse::Purse;
use super::report::Halt;
use super::rest::{Rest, not_paused};

/// What became of one look at all that is in flight.
#[derive(Debug)]
pub(super) struct Validated {
    /// When it was asked for: it was about what was due then.
    pub(super) asked_at: Timestamp,
    /// Whether the look was ours to make.
    pub(super) granted: bool,
    /// At most so many orders, for whole looks alone; none for all that is due.
    pub(super) most: Option<usize>,
    /// When the next look may begin.
    pub(super) next_poll_at: Timestamp,
    pub(super) looked: Vec<OrderId>,
    pub(super) settlements: Vec<Settlement>,
    pub(super) results: Vec<Settled>,
    pub(super) reads: u64,
    /// Whether the next look is drawn from the budget already.
    is_drawn: bool,
    pub(super) halt: Option<Halt>,
}

impl Validated {
    /// Before anything was looked at.
    pub(super) fn new(asked_at: Timestamp, slot: PollSlot, core: &Core) -> Self {
        Self {
            asked_at,
            granted: slot == PollSlot::Granted,
            most: None,
            next_poll_at: match slot {
                PollSlot::Granted => time::plus(asked_at, core.settings.poll_interval),
                PollSlot::NotBefore(at) => at,
            },
            looked: Vec::new(),
            settlements: Vec::new(),
            results: Vec::new(),
            reads: 0,
            is_drawn: false,
            halt: None,
        }
    }
}

impl Validated {
    /// Draws the next look from the budget, unless that is done; `false` where nothing of these phases is due.
    async fn draw(&mut self, clock: StoreClock, purse: &Purse<'_>, phases: &[Phase]) -> Result<bool, Halt> {
        self.is_drawn = self.is_drawn || purse.before_look(clock, phases, self.asked_at).await?;
        Ok(self.is_drawn)
    }
}

/// Looks at what is in flight and due, all of it or `most`, if the look is ours to make.
pub(super) async fn validate(
    core: &Core,
    clock: StoreClock,
    purse: &Purse<'_>,
    outage: bool,
    most: Option<usize>,
) -> Result<Validated, Halt> {
    // The right to look is reserved once there is a call to look with.
    purse.one(clock).await?;
    let now = core.now(clock);
    let mut validated = Validated::new(now, reserve(core, now).await?, core);
    validated.most = most;
    validated.is_drawn = true;
    if validated.granted {
        look_at_due(core, clock, purse, outage, &mut validated).await;
    }
    Ok(validated)
}

/// Reserves the next look for this worker.
pub(super) async fn reserve(core: &Core, now: Timestamp) -> Result<PollSlot, Halt> {
    let key = core.ports.marketplace.shop_key();
    core.ports
        .store
        .reserve_poll(&key, now, core.settings.poll_interval)
        .await
        .map_err(Halt::Store)
}

/// Looks at everything that was due when the look was asked for, or as much as was asked for, for a worker that holds the
/// slot. Orders in review come along where everything is looked at.
pub(super) async fn look_at_due(core: &Core, clock: StoreClock, purse: &Purse<'_>, outage: bool, into: &mut Validated) {
    let due_by = into.asked_at;
    let mut left = into.most.unwrap_or(usize::MAX);
    let phases = [Phase::Validating, Phase::Review];
    for phase in phases.into_iter().take(if into.most.is_none() { 2 } else { 1 }) {
        while left > 0 {
            let limit = left.min(IDS_PER_LOOK).min(core.settings.batch);
            match into.draw(clock, purse, &[phase]).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(halt) => {
                    into.halt = Some(halt);
                    return;
                }
            }
            if let Err(halt) = not_paused(core, clock).await {
                into.halt = Some(halt);
                return;
            }
            let claimed = match core
                .claim(due_by, core.now(clock), &[phase], limit, Suspects::LeftOut)
                .await
            {
                Ok(claimed) if claimed.is_empty() => break,
                Ok(claimed) => claimed,
                Err(halt) => {
                    into.halt = Some(halt);
                    return;
                }
            };
            left -= claimed.len().min(left);
            if let Err(halt) = look_at(core, clock, &claimed, outage, into).await {
                into.halt = Some(halt);
                return;
            }
        }
    }
}

/// Looks at suspects, one by one, for a worker that has nothing else in hand: at those that were due at `due_by`.
pub(super) async fn look_at_suspects(
    core: &Core,
    clock: StoreClock,
    purse: &Purse<'_>,
    outage: bool,
    into: &mut Validated,
) {
    let phases = [Phase::Validating, Phase::Review];
    loop {
        let ready = match into.draw(clock, purse, &phases).await {
            Ok(false) => return,
            Ok(true) => not_paused(core, clock).await,
            Err(halt) => Err(halt),
        };
        if let Err(halt) = ready {
            // In a rest they wait for the next run.
            into.halt = Some(halt).filter(|halt| Rest::behind(halt).is_none());
            return;
        }
        let claim = core.claim(
            into.asked_at,
            core.now(clock),
            &phases,
            IDS_PER_LOOK,
            Suspects::AloneAtLast,
        );
        let claimed = match claim.await {
            Ok(claimed) if claimed.is_empty() => return,
            Ok(claimed) => claimed,
            Err(halt) => {
                into.halt = Some(halt);
                return;
            }
        };
        // Others have the next poll.
        if !claimed.iter().all(Claimed::is_alone) {
            let released = claimed.iter().map(Settlement::release).collect();
            into.halt = settle(core, released, core.now(clock), into).await.err();
            return;
        }
        if let Err(halt) = look_at(core, clock, &claimed, outage, into).await {
            into.halt = Some(halt);
            return;
        }
    }
}

async fn look_at(
    core: &Core,
    clock: StoreClock,
    claimed: &[Claimed],
    outage: bool,
    into: &mut Validated,
) -> Result<(), Halt> {
    let ctx = core.context(core.now(clock), outage);
    if let [suspect] = claimed
        && let Some(review) = decide::workers_lost(suspect, &ctx)
    {
        return settle(core, vec![review], ctx.now, into).await;
    }
    let ids: Vec<_> = claimed.iter().map(|order| order.order_id.clone()).collect();
    into.reads += 1;
    into.is_drawn = false;
    // Orders in review are often not listed any more, and no look at them fails one: they don't tell of the settings.
    let in_review = claimed.iter().any(|order| order.standing.phase == Phase::Review);
    let shown = if in_review {
        core.look_at_any(clock, &ids).await
    } else {
        core.look(clock, &ids).await
    };
    let now = core.now(clock);
    let ctx = core.context(now, outage);
    let (settlements, halt): (Vec<_>, _) = match shown {
        Err(halt) => (claimed.iter().map(Settlement::release).collect(), Some(halt)),
        Ok(shown) => {
            let settle = |order: &Claimed| {
                let seen = shown.of(&order.order_id);
                match order.standing.phase {
                    Phase::Review => decide::in_review(order, seen, shown.look, &ctx),
                    _ => decide::validating(order, seen, shown.look, &ctx),
                }
            };
            into.looked.extend(ids);
            (claimed.iter().map(settle).collect(), None)
        }
    };
    settle(core, settlements, now, into).await?;
    halt.map_or(Ok(()), Err)
}

async fn settle(core: &Core, settlements: Vec<Settlement>, now: Timestamp, into: &mut Validated) -> Result<(), Halt> {
    let results = core.settle(&settlements, now).await.map_err(Halt::Store)?;
    into.settlements.extend(settlements);
    into.results.extend(results);
    Ok(())
}
