//! When runs begin.

use std::fmt::Debug;
use std::time::Duration;

use crate::ports::Randomness;
use crate::time::{self, Timestamp};

/// Every five minutes suits what the marketplace publishes about its list.
const INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Several services that were started together come apart by it.
const JITTER: Duration = Duration::from_secs(15);

/// Tells when the next run begins.
pub trait Schedule: Debug + Send + Sync + 'static {
    /// When the run after the one that began at `began` and has ended by `now` begins. A time that has passed means at once:
    /// however many times were missed, one run makes up for them.
    fn next(&self, began: Timestamp, now: Timestamp, random: &dyn Randomness) -> Timestamp;
}

/// From the beginning of one run to that of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every {
    /// So long.
    pub interval: Duration,
    /// And up to so much longer, at random.
    pub jitter: Duration,
}

impl Default for Every {
    /// Five minutes, and up to fifteen seconds.
    fn default() -> Self {
        Self {
            interval: INTERVAL,
            jitter: JITTER,
        }
    }
}

impl Schedule for Every {
    fn next(&self, began: Timestamp, now: Timestamp, random: &dyn Randomness) -> Timestamp {
        let interval = self.interval.saturating_add(share(self.jitter, random));
        // A wall clock that was set back meanwhile must not make the wait longer.
        time::plus(began.min(now), interval)
    }
}

/// A part of `span` at random.
fn share(span: Duration, random: &dyn Randomness) -> Duration {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    match millis.checked_add(1) {
        Some(choices) => Duration::from_millis(random.next_u64() % choices),
        None => span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::SeededRandom;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const PLAIN: Every = Every {
        interval: Duration::from_secs(300),
        jitter: Duration::ZERO,
    };

    #[test]
    fn an_interval_counts_from_the_beginning_of_a_run() {
        let (began, now) = (time("2026-11-23T08:00:00Z"), time("2026-11-23T08:01:10Z"));
        let next = PLAIN.next(began, now, &SeededRandom::new(1));
        assert_eq!(next, time("2026-11-23T08:05:00Z"));
    }

    #[test]
    fn a_run_that_took_longer_is_followed_at_once_and_once() {
        let (began, now) = (time("2026-11-23T08:00:00Z"), time("2026-11-23T09:00:00Z"));
        let next = PLAIN.next(began, now, &SeededRandom::new(1));
        assert!(next <= now);
        assert_eq!(
            PLAIN.next(now, now, &SeededRandom::new(1)),
            time("2026-11-23T09:05:00Z")
        );
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_wait_longer() {
        let (began, now) = (time("2026-11-23T08:00:00Z"), time("2026-11-22T08:00:00Z"));
        let next = PLAIN.next(began, now, &SeededRandom::new(1));
        assert_eq!(next, time("2026-11-22T08:05:00Z"));
    }

    #[test]
    fn jitter_adds_up_to_so_much() {
        let every = Every {
            jitter: Duration::from_secs(15),
            ..PLAIN
        };
        let began = time("2026-11-23T08:00:00Z");
        let random = SeededRandom::new(7);
        let waits: Vec<u64> = (0..200)
            .map(|_| time::until(began, every.next(began, began, &random)).as_secs())
            .collect();
        assert!(waits.iter().all(|wait| (300..=315).contains(wait)), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait < 305) && waits.iter().any(|wait| *wait > 310));
    }
}
