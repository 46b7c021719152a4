//! Prepare: claim orders that are due, look at them, and sort out what may be sent.
//!
//! An order that has moved already is settled from what was seen, without a call. Where the ingest listing is young
//! enough it serves as the look; an order with an earlier call is always looked at anew, after this claim. What the budget
//! has no calls for is given back. What is given up here (a store or a marketplace that fails) is released at once where that is possible, and otherwise when
//! the lease ends.

use std::time::Duration;

use crate::call::CallOutcome;
use crate::guards::{Guard, dropped};
use crate::order::{Decision, OrderId};
use crate::ports::{Settled, StoreClock, Suspects};
use crate::reading::Seen;
use crate::settings::IDS_PER_LOOK;
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Phase, Settlement};

use super::core::Core;
use super::decide::{self, BeforeSend, LookedAt};
use super::ingest::Waiting;
use super::purse::Purse;
use super::report::Halt;

/// An order that may be sent while its lease and its look are fresh.
#[derive(Debug)]
pub(super) struct Sendable {
    pub(super) claimed: Claimed,
    pub(super) decision: Decision,
    /// When the look behind it began, by the store's time.
    pub(super) looked_at: Timestamp,
    /// Until when the lease is trusted, by the monotonic clock: a margin before its end, counted from before the claim.
    pub(super) trusted_until: Duration,
}

/// What became of one claim.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub(super) claimed: Vec<OrderId>,
    pub(super) sendable: Vec<Sendable>,
    pub(super) settlements: Vec<Settlement>,
    pub(super) results: Vec<Settled>,
    pub(super) reads: u64,
    /// Whether there may be more to claim.
    pub(super) full: bool,
    /// Whether it is one order that may be what its workers end by: nothing else may be in hand with it.
    pub(super) alone: bool,
    /// Where the shop rests: until when. Nothing was claimed then.
    pub(super) paused_until: Option<Timestamp>,
    /// How many acceptances in a row were not sent or not answered, over all workers of the shop; `None` if not known.
    pub(super) unanswered_in_row: Option<u32>,
    /// Until when the lease is trusted, by the monotonic clock: a margin before its end, counted from before the claim.
    trusted_until: Duration,
    /// How long the budget was waited for.
    pub(super) waited: Duration,
    pub(super) halt: Option<Halt>,
}

/// What to claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// At most so many orders.
    pub(super) limit: usize,
    pub(super) suspects: Suspects,
}

/// Claims orders and prepares them.
pub(super) async fn prepare(
    core: &Core,
    clock: StoreClock,
    purse: &Purse<'_>,
    waiting: &Waiting,
    wanted: Wanted,
    outage: bool,
) -> Prepared {
    let mut prepared = Prepared::default();
    let asked_at = core.ports.clock.monotonic();
    let drawn = purse.before_claim(clock, to_be_sent()).await;
    prepared.waited = core.ports.clock.monotonic().saturating_sub(asked_at);
    let begun = match drawn {
        Ok(drawn) => claim(core, clock, wanted, &mut prepared)
            .await
            .map(|claimed| (drawn, claimed)),
        Err(halt) => Err(halt),
    };
    let (drawn, claimed) = match begun {
        Ok(begun) => begun,
        Err(halt) => {
            prepared.halt = Some(halt);
            return prepared;
        }
    };
    let trusted_until = prepared.trusted_until;
    prepared.claimed = claimed.iter().map(|order| order.order_id.clone()).collect();

    let mut sort = Sort {
        core,
        clock,
        purse,
        outage,
        drawn,
        trusted_until,
        prepared,
    };
    sort.all(claimed, waiting).await;
    let mut prepared = sort.prepared;
    let settled = core.settle(&prepared.settlements, core.now(clock)).await;
    match settled {
        Ok(results) => prepared.results = results,
        Err(error) => {
            prepared.settlements.clear();
            prepared.halt = Some(Halt::Store(error));
        }
    }
    prepared
}

/// Claims, unless another worker has learnt meanwhile that the shop has to rest.
async fn claim(core: &Core, clock: StoreClock, wanted: Wanted, prepared: &mut Prepared) -> Result<Vec<Claimed>, Halt> {
    let key = core.ports.marketplace.shop_key();
    let shop = core.ports.store.shop(&key).await.map_err(Halt::Store)?;
    let now = core.now(clock);
    prepared.paused_until = shop.paused_until.filter(|until| *until > now);
    prepared.unanswered_in_row = Some(shop.unanswered_in_row);
    if prepared.paused_until.is_some() {
        prepared.full = true;
        return Ok(Vec::new());
    }
    prepared.trusted_until = trusted_from_now(core);
    let claimed = core
        .claim(now, now, to_be_sent(), wanted.limit, wanted.suspects)
        .await?;
    prepared.full = claimed.len() >= wanted.limit;
    prepared.alone = claimed.iter().any(Claimed::is_alone);
    Ok(claimed)
}

/// Until when a lease is trusted that is asked for now, by the monotonic clock.
pub(super) fn trusted_from_now(core: &Core) -> Duration {
    let margin = if dropped(Guard::LeaseMargin) {
        Duration::ZERO
    } else {
        core.settings.lease_margin
    };
    let trusted = core.settings.lease.saturating_sub(margin);
    core.ports.clock.monotonic().saturating_add(trusted)
}

/// The phases of orders that may be sent. Those in review wait for a person.
fn to_be_sent() -> &'static [Phase] {
    if dropped(Guard::ReviewIsNotSent) {
        &[Phase::Ready, Phase::Sending, Phase::Review]
    } else {
        &[Phase::Ready, Phase::Sending]
    }
}

struct Sort<'a> {
    core: &'a Core,
    clock: StoreClock,
    purse: &'a Purse<'a>,
    outage: bool,
    /// Calls in hand.
    drawn: usize,
    trusted_until: Duration,
    prepared: Prepared,
}

impl Sort<'_> {
    async fn all(&mut self, claimed: Vec<Claimed>, waiting: &Waiting) {
        let now = self.core.now(self.clock);
        let ctx = self.core.context(now, self.outage);
        let oldest = oldest_look(self.core, now);
        let mut to_look = Vec::new();
        // Those that a call may leave for, nearest deadline first: whether it takes a look.
        let mut to_call = Vec::new();
        for order in claimed {
            let decided = decide::workers_lost(&order, &ctx).or_else(|| decide::at_claim(&order, &ctx));
            if let Some(settlement) = decided {
                self.prepared.settlements.push(settlement);
                continue;
            }
            let new = order.call.is_none() || dropped(Guard::LookAfterClaim);
            let listed = waiting.seen(&order, oldest).filter(|_| new);
            match listed {
                Some((seen, look)) => {
                    let before = self.prepared.sendable.len();
                    self.one(order, seen, look);
                    to_call.extend((self.prepared.sendable.len() > before).then_some(false));
                }
                None => {
                    to_call.push(true);
                    to_look.push(order);
                }
            }
        }
        if let Err(halt) = self.draw(&to_call, &mut to_look).await {
            self.prepared.halt = Some(halt);
        }
        while !to_look.is_empty() {
            let chunk: Vec<_> = to_look.drain(..to_look.len().min(IDS_PER_LOOK)).collect();
            if let Err(halt) = self.look_at(&chunk).await {
                self.prepared
                    .settlements
                    .extend(chunk.iter().chain(&to_look).map(Settlement::release));
                self.prepared.halt = Some(halt);
                return;
            }
        }
    }

    /// Draws from the budget for these calls, each of which may take a look before it. What there are no calls for is given
    /// back.
    async fn draw(&mut self, to_call: &[bool], to_look: &mut Vec<Claimed>) -> Result<(), Halt> {
        let wanted = calls_of(to_call);
        let more = match wanted.saturating_sub(self.drawn) {
            0 => Ok(0),
            missing => self.purse.at_once(missing).await,
        };
        let covered = covered(to_call, self.drawn + more.as_ref().copied().unwrap_or(0));
        if covered.len() < to_call.len() {
            let looks = covered.iter().filter(|takes_a_look| **takes_a_look).count();
            let unsent = self.prepared.sendable.drain(covered.len() - looks..);
            let released = unsent.map(|sendable| sendable.claimed).chain(to_look.drain(looks..));
            let released = released.map(|order| Settlement::release(&order));
            self.prepared.settlements.extend(released);
            self.prepared.full = true;
        }
        more.map(drop)
    }

    async fn look_at(&mut self, chunk: &[Claimed]) -> Result<(), Halt> {
        let ids: Vec<_> = chunk.iter().map(|order| order.order_id.clone()).collect();
        self.prepared.reads += 1;
        let shown = self.core.look(self.clock, &ids).await?;
        for order in chunk {
            self.one(order.clone(), shown.of(&order.order_id), shown.look);
        }
        Ok(())
    }

    fn one(&mut self, claimed: Claimed, seen: &Seen, look: LookedAt) {
        let ctx = self.core.context(self.core.now(self.clock), self.outage);
        let staleness = self.core.settings.read_staleness;
        match decide::before_send(&claimed, seen, look, &ctx) {
            BeforeSend::Write(settlement) => self.prepared.settlements.push(*settlement),
            BeforeSend::Send(decision) => match too_early_for(&claimed, look.began_at, staleness) {
                Some(certain_from) => {
                    let mut wait = Settlement::release(&claimed);
                    wait.standing.due_at = Some(certain_from);
                    self.prepared.settlements.push(wait);
                }
                None => self.prepared.sendable.push(Sendable {
                    claimed,
                    decision,
                    looked_at: look.began_at,
                    trusted_until: self.trusted_until,
                }),
            },
        }
    }
}

/// How many calls it takes to look at those that take a look, a hundred to a call, and to send all.
fn calls_of(to_call: &[bool]) -> usize {
    let looked_at = to_call.iter().filter(|takes_a_look| **takes_a_look).count();
    to_call.len() + looked_at.div_ceil(IDS_PER_LOOK)
}

/// The first of these, as many as so many calls suffice for.
fn covered(to_call: &[bool], calls: usize) -> &[bool] {
    let most = (0..=to_call.len())
        .rev()
        .find(|most| calls_of(&to_call[..*most]) <= calls);
    &to_call[..most.unwrap_or(0)]
}

/// When a look must have begun to justify a send at `now`.
pub(super) fn oldest_look(core: &Core, now: Timestamp) -> Timestamp {
    if dropped(Guard::LookFreshness) {
        return Timestamp::MIN;
    }
    now.checked_sub(jiff::SignedDuration::try_from(core.settings.look_freshness).unwrap_or_default())
        .unwrap_or(Timestamp::MIN)
}

/// From when on a look is certain to show what an earlier call did, where one that began at `began_at` is not.
///
/// A call that is known to have had no effect has nothing to show. One that took effect, or may have, can be missing from
/// a stale answer: another program may ask for an order again right after it was accepted.
fn too_early_for(claimed: &Claimed, began_at: Timestamp, staleness: Duration) -> Option<Timestamp> {
    let call = claimed.call?;
    let may_have_had_an_effect = match call.outcome {
        Some(CallOutcome::Refused | CallOutcome::NotSent | CallOutcome::Throttled | CallOutcome::Credentials) => false,
        None
        | Some(
            CallOutcome::Unknown
            | CallOutcome::Unanswered
            | CallOutcome::Applied
            | CallOutcome::Precondition
            | CallOutcome::Answered,
        ) => true,
    };
    if dropped(Guard::EffectWouldShow) {
        return None;
    }
    let certain_from = time::to_micros(time::plus(call.answer_by, staleness));
    (may_have_had_an_effect && began_at < certain_from).then_some(certain_from)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::call::CallId;
    use crate::status::OrderStatus;
    use crate::work::{Fence, LastCall, Standing, Version};

    const STALENESS: Duration = Duration::from_secs(5);

    fn at(seconds: u64) -> Timestamp {
        time::plus(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    fn after_a_call(outcome: Option<CallOutcome>) -> Claimed {
        Claimed {
            order_id: OrderId::new("A-1").unwrap(),
            fence: Fence(1),
            version: Version(1),
            status: OrderStatus::PendingAcceptance,
            placed_at: at(0),
            standing: Standing::fresh(at(0)),
            call: Some(LastCall {
                id: CallId(1),
                started_at: at(0),
                answer_by: at(12),
                outcome,
            }),
            unreleased_claims: 1,
            unreleased_alone: 0,
        }
    }

    #[test]
    fn a_look_is_shared_by_a_hundred_and_takes_a_call() {
        assert_eq!(calls_of(&[]), 0);
        assert_eq!(calls_of(&[false; 7]), 7);
        assert_eq!(calls_of(&[true; 100]), 101);
        assert_eq!(calls_of(&[true; 101]), 103);
        assert_eq!(calls_of(&[false, true, false]), 4);
    }

    #[test]
    fn what_the_calls_suffice_for_is_taken_in_order() {
        let to_call = [false, true, true, false];
        for (calls, covered_by_them) in [(0, 0), (1, 1), (2, 1), (3, 2), (4, 3), (5, 4), (9, 4)] {
            assert_eq!(covered(&to_call, calls).len(), covered_by_them, "{calls}");
        }
        assert_eq!(covered(&[true; 101], 102).len(), 100);
    }

    #[test]
    fn a_call_without_an_effect_holds_up_nothing() {
        use CallOutcome::{Credentials, NotSent, Refused, Throttled};
        for outcome in [Refused, NotSent, Throttled, Credentials] {
            assert_eq!(too_early_for(&after_a_call(Some(outcome)), at(0), STALENESS), None);
        }
    }

    #[test]
    pub(in crate::workflow) fn a_call_that_may_have_had_one_must_be_certain_to_show() {
        use CallOutcome::{Applied, Precondition, Unanswered, Unknown};
        for outcome in [None, Some(Unknown), Some(Unanswered), Some(Applied), Some(Precondition)] {
            let claimed = after_a_call(outcome);
            assert_eq!(too_early_for(&claimed, at(16), STALENESS), Some(at(17)), "{outcome:?}");
            assert_eq!(too_early_for(&claimed, at(17), STALENESS), None, "{outcome:?}");
        }
    }
}
