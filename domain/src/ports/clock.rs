//! Time as the workflow sees it.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::time::{self, Timestamp};

/// The local clock.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Clock: Debug + Send + Sync + 'static {
    /// The wall clock's time. It MUST be cut down to microseconds; it may jump.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment. It MUST never run backwards and MUST NOT jump with the wall clock.
    fn monotonic(&self) -> Duration;

    /// Returns once `duration` has passed on the monotonic clock, not before.
    async fn sleep(&self, duration: Duration);
}

/// The store's time carried on by the local monotonic clock.
///
/// All workers of a store judge leases, due times and `answer_by` by the store's clock, so that neither a worker's skew
/// nor a jump of its wall clock matters. Between two readings the monotonic clock carries the time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreClock {
    anchor: Timestamp,
    read_at: Duration,
}

impl StoreClock {
    /// Anchors the store's time `store_now`, which was asked for when the monotonic clock stood at `asked_at`.
    #[must_use]
    pub fn new(store_now: Timestamp, asked_at: Duration) -> Self {
        Self {
            anchor: store_now,
            read_at: asked_at,
        }
    }

    /// The store's time when the monotonic clock stands at `monotonic`.
    #[must_use]
    pub fn at(&self, monotonic: Duration) -> Timestamp {
        time::to_micros(time::plus(self.anchor, monotonic.saturating_sub(self.read_at)))
    }
}
