//! What every step of a run needs: the ports, the settings, the store's time.

use std::sync::Arc;

use crate::guards::{Guard, dropped};
use crate::ports::{Clock, Marketplace, Randomness, Store, StoreClock, StoreError, StoreResult, new_operation};
use crate::settings::Settings;
use crate::time::Timestamp;
use crate::work::OperationId;

use super::decide::Context;

/// The ports that the workflow is given.
#[derive(Debug, Clone)]
pub struct Ports {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The marketplace, as one shop sees it.
    pub marketplace: Arc<dyn Marketplace>,
    /// The local clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness of this worker's own.
    pub randomness: Arc<dyn Randomness>,
}

/// How often the store's clock is read until an answer comes in time.
const CLOCK_READINGS: usize = 5;

/// The workflow's fixed parts.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) ports: Ports,
    pub(super) settings: Settings,
    pub(super) worker: String,
}

impl Core {
    /// Reads the store's clock and carries it on by the local one.
    ///
    /// The store read its clock at some moment between the question and the answer; counted from the question, our time
    /// is ahead of the store's by as much as that took at the most. A reading that took longer than the lease margin is
    /// not used.
    pub(super) async fn store_clock(&self) -> StoreResult<StoreClock> {
        for _ in 0..CLOCK_READINGS {
            let asked_at = self.ports.clock.monotonic();
            let now = self.ports.store.now().await?;
            let took = self.ports.clock.monotonic().saturating_sub(asked_at);
            if took <= self.settings.lease_margin || dropped(Guard::SlowClockReadings) {
                return Ok(StoreClock::new(now, asked_at));
            }
        }
        Err(StoreError::Unreachable(
            "its clock took longer to answer than the lease margin, again and again".into(),
        ))
    }

    /// The store's time now.
    pub(super) fn now(&self, clock: StoreClock) -> Timestamp {
        clock.at(self.ports.clock.monotonic())
    }

    pub(super) fn operation(&self, now: Timestamp) -> OperationId {
        new_operation(now, &*self.ports.randomness)
    }

    /// The circumstances of a decision.
    pub(super) fn context(&self, now: Timestamp, outage: bool) -> Context<'_> {
        Context {
            settings: &self.settings,
            now,
            random: &*self.ports.randomness,
            outage,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::super::tests::drive::block_on;
    use super::*;
    use crate::memory::{ManualClock, SeededRandom};
    use crate::ports::{MockMarketplace, MockStore};
    use crate::time;

    /// A core whose store's clock needs `slow` times three seconds for its answer.
    fn core_with(slow: usize) -> (Core, ManualClock) {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let mut store = MockStore::new();
        let (turned, mut readings) = (clock.clone(), 0);
        store.expect_now().returning(move || {
            let now = turned.now();
            if readings < slow {
                turned.advance(Duration::from_secs(3));
            }
            readings += 1;
            Ok(now)
        });
        let ports = Ports {
            store: Arc::new(store),
            marketplace: Arc::new(MockMarketplace::new()),
            clock: Arc::new(clock.clone()),
            randomness: Arc::new(SeededRandom::new(1)),
        };
        let core = Core {
            ports,
            settings: Settings::default(),
            worker: "worker".to_owned(),
        };
        (core, clock)
    }

    #[test]
    pub(in crate::workflow) fn a_reading_that_took_longer_than_the_margin_is_not_used() {
        let (core, clock) = core_with(2);
        let store_clock = block_on(core.store_clock()).unwrap();
        assert_eq!(core.now(store_clock), clock.now());
        assert_eq!(clock.now(), time::plus(Timestamp::UNIX_EPOCH, Duration::from_secs(6)));
    }

    #[test]
    fn a_store_whose_clock_is_always_late_is_out_of_reach() {
        let (core, _) = core_with(usize::MAX);
        let error = block_on(core.store_clock()).unwrap_err();
        assert!(matches!(error, StoreError::Unreachable(_)), "{error:?}");
    }
}
