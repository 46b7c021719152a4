//! A clock that is turned by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::ports::Clock;
use crate::time::{self, Timestamp};

/// A clock that stands still until it is advanced; to sleep on it is to advance it.
#[derive(Debug, Clone)]
pub struct ManualClock {
    start: Timestamp,
    passed: Arc<Mutex<Duration>>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self {
            start: time::to_micros(start),
            passed: Arc::default(),
        }
    }

    /// Turns it on by `by`.
    pub fn advance(&self, by: Duration) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        time::to_micros(time::plus(self.start, self.monotonic()))
    }

    fn monotonic(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}
