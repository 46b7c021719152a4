//! The machine's clock.

use std::time::{Duration, Instant};

use ackord::ports::Clock;
use ackord::time::{Timestamp, to_micros};
use async_trait::async_trait;

/// The machine's clock, with tokio's timer to sleep by.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time counts from now.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        to_micros(Timestamp::now())
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_in_whole_microseconds() {
        assert_eq!(SystemClock::new().now().as_nanosecond() % 1000, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_lasts_at_least_as_long_as_asked() {
        let before = tokio::time::Instant::now();
        SystemClock::new().sleep(Duration::from_secs(3)).await;
        assert!(before.elapsed() >= Duration::from_secs(3));
    }
}
