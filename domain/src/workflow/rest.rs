//! Rests: the whole shop pauses where the marketplace asks for it, and a run waits for only so much of that.
//!
//! A pause stands in the store, for all workers and the next run. What a run has waited is added up: a marketplace that
//! answers every call with another short rest is left to the next run too.

use std::time::Duration;

use crate::ports::{MarketplaceError, StoreClock};
use crate::time::{self, Timestamp};

use super::core::Core;
use super::events::Event;
use super::report::Halt;
use super::stop::StopSignal;
use super::tally::Tally;

/// Also where the marketplace says "at once", a rest is this long: no run goes in a circle with it.
const SHORTEST: Duration = Duration::from_secs(1);

/// No rest is longer than this, whatever was said: quotas count calls over an hour, and a slip must not stop a shop for years.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How much of the marketplace's rests a run still waits for.
#[derive(Debug)]
pub(super) struct Patience {
    /// Ends it at once.
    pub(super) stop: StopSignal,
    limit: Duration,
    spent: Duration,
    /// The last rest, from its start to its end.
    last: Option<(Timestamp, Timestamp)>,
}

impl Patience {
    pub(super) fn new(limit: Duration, stop: StopSignal) -> Self {
        let (spent, last) = (Duration::ZERO, None);
        Self {
            stop,
            limit,
            spent,
            last,
        }
    }

    /// Takes on a rest until `until`. Rests that overlap are one.
    ///
    /// # Errors
    /// [`Halt::Throttled`] where it is too long, by itself or with those before it.
    pub(super) fn bear(&mut self, now: Timestamp, until: Timestamp) -> Result<(), Halt> {
        match &mut self.last {
            Some((_, end)) if *end > now => *end = until.max(*end),
            last => {
                if let Some((start, end)) = last.take() {
                    self.spent = self.spent.saturating_add(time::until(start, end));
                }
                *last = Some((now, until));
            }
        }
        let rest = time::until(now, until);
        let too_often = !self.spent.is_zero() && self.spent.saturating_add(rest) > self.limit;
        if rest > self.limit || too_often {
            return Err(Halt::Throttled { until });
        }
        Ok(())
    }
}

/// A rest that stands in the way of a step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rest {
    /// The marketplace asks for it, from now on; maybe it says for how long.
    Asked(Option<Duration>),
    /// It is on record and ends then. Whoever finds it keeps it and prolongs nothing: workers that each put what the other
    /// found on record anew would rest for ever.
    OnRecord(Timestamp),
}

impl Rest {
    /// The rest that `halt` tells of, if that is what stopped a step.
    pub(super) fn behind(halt: &Halt) -> Option<Self> {
        match halt {
            Halt::Marketplace(MarketplaceError::Throttled { retry_after }) => Some(Self::Asked(*retry_after)),
            Halt::Throttled { until } => Some(Self::OnRecord(*until)),
            _ => None,
        }
    }
}

/// When a rest that was asked for at `now` is over.
pub(super) fn end_of_rest(core: &Core, now: Timestamp, rest: Option<Duration>) -> Timestamp {
    let rest = rest.unwrap_or(core.settings.default_pause).clamp(SHORTEST, LONGEST);
    time::to_micros(time::plus(now, rest))
}

/// Pauses the shop, for all workers and the next run.
pub(super) async fn store_pause(core: &Core, until: Timestamp) -> Result<(), Halt> {
    let key = core.ports.marketplace.shop_key();
    core.ports.store.pause(&key, until).await.map_err(Halt::Store)
}

/// Asks the store, before a read, whether another worker has learnt meanwhile that the shop has to rest.
///
/// # Errors
/// [`Halt::Throttled`] where it has to: until when.
pub(super) async fn not_paused(core: &Core, clock: StoreClock) -> Result<(), Halt> {
    let key = core.ports.marketplace.shop_key();
    let shop = core.ports.store.shop(&key).await.map_err(Halt::Store)?;
    let now = core.now(clock);
    match shop.paused_until.filter(|until| *until > now) {
        Some(until) => Err(Halt::Throttled { until }),
        None => Ok(()),
    }
}

/// Waits until a rest is over; one that was just asked for is put on record first.
pub(super) async fn rest_now(
    core: &Core,
    clock: StoreClock,
    rest: Rest,
    patience: &mut Patience,
    tally: &Tally<'_>,
) -> Result<StoreClock, Halt> {
    let until = match rest {
        Rest::OnRecord(until) => until,
        Rest::Asked(rest) => {
            let until = end_of_rest(core, core.now(clock), rest);
            store_pause(core, until).await?;
            until
        }
    };
    sit_out(core, clock, until, patience, tally).await
}

/// Waits for the end of a pause, if that is not beyond the run's patience.
pub(super) async fn sit_out(
    core: &Core,
    clock: StoreClock,
    until: Timestamp,
    patience: &mut Patience,
    tally: &Tally<'_>,
) -> Result<StoreClock, Halt> {
    let now = core.now(clock);
    if until <= now {
        return Ok(clock);
    }
    patience.bear(now, until)?;
    tally.tell(&Event::Paused { until });
    patience.stop.sleep(&*core.ports.clock, time::until(now, until)).await;
    if patience.stop.is_given() {
        return Err(Halt::Stopped);
    }
    core.store_clock().await.map_err(Halt::Store)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        time::plus(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    fn patience() -> Patience {
        Patience::new(Duration::from_secs(60), StopSignal::new())
    }

    #[test]
    fn one_rest_may_take_all_of_it() {
        assert!(patience().bear(at(0), at(60)).is_ok());
        assert!(matches!(patience().bear(at(0), at(61)), Err(Halt::Throttled { until }) if until == at(61)));
    }

    #[test]
    fn answers_that_come_in_together_ask_for_one_rest() {
        let mut patience = patience();
        assert!(patience.bear(at(0), at(60)).is_ok());
        assert!(patience.bear(at(1), at(61)).is_ok());
    }

    #[test]
    fn rests_one_after_another_add_up() {
        let mut patience = patience();
        assert!(patience.bear(at(0), at(40)).is_ok());
        assert!(patience.bear(at(40), at(60)).is_ok());
        assert!(patience.bear(at(60), at(61)).is_err());
    }

    #[test]
    fn without_patience_any_rest_is_too_long() {
        assert!(
            Patience::new(Duration::ZERO, StopSignal::new())
                .bear(at(0), at(1))
                .is_err()
        );
    }
}
