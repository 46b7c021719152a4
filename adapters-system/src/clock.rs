//! The machine's clock.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ackord::ports::Clock;
use ackord::time::{Timestamp, to_micros};
use async_trait::async_trait;

/// The machine's clock, with tokio's timer to sleep by.
///
/// All values of this type in a process tell the same monotonic time, so the client and the workflow may have one each.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The moment from which a process counts its monotonic time.
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        to_micros(Timestamp::now())
    }

    fn monotonic(&self) -> Duration {
        origin().elapsed()
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
        assert_eq!(SystemClock.now().as_nanosecond() % 1000, 0);
    }

    #[test]
    fn two_clocks_of_a_process_tell_the_same_monotonic_time() {
        let (a, b) = (SystemClock, SystemClock);
        let first = a.monotonic();
        let second = b.monotonic();
        assert!(first <= second && second <= a.monotonic());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_lasts_at_least_as_long_as_asked() {
        let before = tokio::time::Instant::now();
        SystemClock.sleep(Duration::from_secs(3)).await;
        assert!(before.elapsed() >= Duration::from_secs(3));
    }
}
