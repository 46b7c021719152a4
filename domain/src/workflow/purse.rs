//! The purse: what a run may still call, drawn from the budget that all workers of the shop share.
//!
//! Calls are drawn right before they leave. Where the budget is used up, a place in the row is taken and waited for: so nobody
//! is passed over, however many wait. No lease is held meanwhile: whoever claims draws before it for a look and a call, and
//! gives back what there was no more for. Without a budget nothing is asked.

use std::time::Duration;

use crate::budget::{CallRate, Drawn, Wanted};
use crate::guards::{Guard, dropped};
use crate::ports::StoreClock;
use crate::settings::Settings;
use crate::time::{self, Timestamp};
use crate::work::Phase;

use super::core::Core;
use super::events::{Event, Observer};
use super::report::Halt;
use super::stop::StopSignal;

/// A look, and the call that it may lead to.
pub(super) const LOOK_AND_CALL: usize = 2;

/// A run waits for this many calls to come back, or for as long as its patience: what is more.
const CALLS_WAITED_FOR: u32 = 20;

/// Waits that are shorter are not told of: there may be one before each call.
const WORTH_TELLING: Duration = Duration::from_secs(5);

/// What one run draws with.
pub(super) struct Purse<'a> {
    core: &'a Core,
    observer: &'a dyn Observer,
    stop: StopSignal,
    rate: Option<CallRate>,
    /// The longest wait.
    within: Duration,
}

impl<'a> Purse<'a> {
    /// For a run that leaves to later ones what it would have to wait long for.
    pub(super) fn new(core: &'a Core, stop: &StopSignal, observer: &'a dyn Observer) -> Self {
        let rate = core.settings.call_rate();
        Self {
            core,
            observer,
            stop: stop.clone(),
            rate,
            within: longest_wait(&core.settings, rate),
        }
    }

    /// For work that is of no use half done: it waits for as long as any call may be drawn ahead, an hour.
    pub(super) fn without_end(self) -> Self {
        Self {
            within: Duration::MAX,
            ..self
        }
    }

    /// Draws what a claim of these phases leads to at the least, a look and a call, where any order is due. Tells how many
    /// calls are in hand.
    pub(super) async fn before_claim(&self, clock: StoreClock, phases: &[Phase]) -> Result<usize, Halt> {
        if self.rate.is_none() || !self.is_any_due(clock, phases, None).await? {
            return Ok(0);
        }
        self.wait_for(clock, LOOK_AND_CALL, LOOK_AND_CALL).await
    }

    /// Draws a look, where any order of these phases was due at `due_by`; whether it did.
    pub(super) async fn before_look(
        &self,
        clock: StoreClock,
        phases: &[Phase],
        due_by: Timestamp,
    ) -> Result<bool, Halt> {
        if self.rate.is_some() && !self.is_any_due(clock, phases, Some(due_by)).await? {
            return Ok(false);
        }
        self.one(clock).await.map(|()| true)
    }

    /// Draws one call; waits for it.
    pub(super) async fn one(&self, clock: StoreClock) -> Result<(), Halt> {
        self.wait_for(clock, 1, 1).await.map(drop)
    }

    /// Draws from one call to `most`; waits for the first.
    pub(super) async fn some(&self, clock: StoreClock, most: usize) -> Result<usize, Halt> {
        self.wait_for(clock, 1, most).await
    }

    /// Draws as many calls as there are at once, `most` at the most.
    pub(super) async fn at_once(&self, most: usize) -> Result<usize, Halt> {
        let Some(rate) = self.rate else { return Ok(most) };
        let wanted = Wanted::at_once(count(most));
        self.draw(rate, wanted).await.map(|drawn| drawn.calls as usize)
    }

    /// Waits for its turn, and no longer than is worth it.
    ///
    /// # Errors
    /// [`Halt::OutOfBudget`] where that is too long: until when. [`Halt::Stopped`] where the run was stopped meanwhile.
    async fn wait_for(&self, clock: StoreClock, least: usize, most: usize) -> Result<usize, Halt> {
        let Some(rate) = self.rate else { return Ok(most) };
        let wanted = Wanted {
            least: count(least),
            most: count(most),
            within: self.within,
        };
        let drawn = self.draw(rate, wanted).await?;
        let until = time::plus(self.core.now(clock), drawn.wait);
        if drawn.calls == 0 {
            return Err(Halt::OutOfBudget { until });
        }
        if drawn.wait >= WORTH_TELLING {
            self.observer.on_event(&Event::OutOfBudget { until });
        }
        if !drawn.wait.is_zero() {
            self.stop.sleep(&*self.core.ports.clock, drawn.wait).await;
            if self.stop.is_given() {
                return Err(Halt::Stopped);
            }
        }
        Ok(drawn.calls as usize)
    }

    async fn draw(&self, rate: CallRate, wanted: Wanted) -> Result<Drawn, Halt> {
        let key = self.core.ports.marketplace.shop_key();
        let drawn = self.core.ports.store.draw_calls(&key, rate, wanted).await;
        match drawn.map_err(Halt::Store)? {
            _ if dropped(Guard::NoCallBeyondBudget) => Ok(Drawn {
                calls: wanted.most,
                wait: Duration::ZERO,
            }),
            drawn => Ok(drawn),
        }
    }

    /// Whether any order of these phases is due, and was at `due_by`.
    async fn is_any_due(&self, clock: StoreClock, phases: &[Phase], due_by: Option<Timestamp>) -> Result<bool, Halt> {
        let now = self.core.now(clock);
        let due_at = self.core.ports.store.next_due(phases, now).await.map_err(Halt::Store)?;
        let by = due_by.map_or(now, |due_by| due_by.min(now));
        Ok(due_at.is_some_and(|due_at| due_at <= by))
    }
}

fn longest_wait(settings: &Settings, rate: Option<CallRate>) -> Duration {
    let calls = rate.map(|rate| rate.interval.saturating_mul(CALLS_WAITED_FOR));
    settings.patience.max(calls.unwrap_or_default())
}

fn count(calls: usize) -> u32 {
    u32::try_from(calls).unwrap_or(u32::MAX)
}
