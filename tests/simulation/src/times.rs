//! Virtual time: the true time, and the clocks that tell it wrong.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use ackord::ports::Clock;
use ackord::time::Timestamp;
use async_trait::async_trait;

use crate::sim::Sim;

/// The start of every simulation on the wall, in microseconds.
const START: i64 = 1_750_000_000_000_000;

/// Microseconds in a millisecond.
pub(crate) const MILLI: u64 = 1_000;
/// Microseconds in a second.
pub(crate) const SECOND: u64 = 1_000_000;
/// Microseconds in a minute.
pub(crate) const MINUTE: u64 = 60 * SECOND;
/// Microseconds in an hour.
pub(crate) const HOUR: u64 = 60 * MINUTE;

pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The time on a wall clock that is off by `offset` at the true time `at`.
pub(crate) fn on_the_wall(at: u64, offset: i64) -> Timestamp {
    let at = START + i64::try_from(at).unwrap_or(i64::MAX) + offset;
    Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX)
}

/// The true time, and how far the store's clock is off.
#[derive(Debug, Default)]
pub(crate) struct Times {
    now: AtomicU64,
    store_offset: AtomicI64,
}

impl Times {
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, now: u64) {
        self.now.store(now, Ordering::Relaxed);
    }

    pub(crate) fn jump_store(&self, by: i64) {
        self.store_offset.fetch_add(by, Ordering::Relaxed);
    }

    /// By how much the store's clock is ahead.
    pub(crate) fn store_offset(&self) -> i64 {
        self.store_offset.load(Ordering::Relaxed)
    }

    pub(crate) fn store_now(&self) -> Timestamp {
        on_the_wall(self.now(), self.store_offset.load(Ordering::Relaxed))
    }
}

/// The store's clock.
#[derive(Debug)]
pub(crate) struct StoreTime(pub(crate) Arc<Times>);

#[async_trait]
impl Clock for StoreTime {
    fn now(&self) -> Timestamp {
        self.0.store_now()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.now())
    }

    async fn sleep(&self, _: Duration) {}
}

/// The clock of one worker's process: it runs at a rate of its own, and its wall clock jumps.
pub(crate) struct WorkerClock {
    sim: Arc<Sim>,
    born: u64,
    base: u64,
    /// Parts in a million by which it runs too fast.
    fast_ppm: i64,
    wall_offset: AtomicI64,
}

impl WorkerClock {
    pub(crate) fn new(sim: Arc<Sim>, base: u64, fast_ppm: i64, wall_offset: i64) -> Self {
        let born = sim.times.now();
        Self {
            sim,
            born,
            base,
            fast_ppm,
            wall_offset: AtomicI64::new(wall_offset),
        }
    }

    pub(crate) fn jump(&self, by: i64) {
        self.wall_offset.fetch_add(by, Ordering::Relaxed);
    }

    /// How much true time passes while this clock counts `by`.
    pub(crate) fn true_time(&self, by: u64) -> u64 {
        let (by, rate) = (i128::from(by), 1_000_000 + i128::from(self.fast_ppm));
        u64::try_from((by * 1_000_000 + rate - 1) / rate).unwrap_or(u64::MAX / 4)
    }
}

impl fmt::Debug for WorkerClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerClock").finish_non_exhaustive()
    }
}

#[async_trait]
impl Clock for WorkerClock {
    fn now(&self) -> Timestamp {
        on_the_wall(self.sim.times.now(), self.wall_offset.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        let passed = i128::from(self.sim.times.now() - self.born);
        let counted = passed + passed * i128::from(self.fast_ppm) / 1_000_000;
        Duration::from_micros(self.base + u64::try_from(counted).unwrap_or(0))
    }

    async fn sleep(&self, duration: Duration) {
        let wait = self.true_time(micros(duration).min(1000 * HOUR));
        self.sim.sleep(wait).await;
    }
}
