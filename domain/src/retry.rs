//! When a failed attempt is tried again: exponential backoff with jitter.

use std::time::Duration;

use crate::ports::Randomness;

/// How failed attempts of one order are retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The wait after the first failed attempt, before jitter.
    pub base: Duration,
    /// The longest wait.
    pub cap: Duration,
    /// How many attempts an order gets in all; 1 or more.
    pub attempts: u32,
}

impl RetryPolicy {
    /// The wait after the failed attempt number `attempt` (from 1), between half and the whole of the doubled base,
    /// at most the cap.
    #[must_use]
    pub fn backoff(&self, attempt: u32, random: &dyn Randomness) -> Duration {
        jittered(doubled(self.base, attempt.saturating_sub(1), self.cap), random)
    }

    /// Whether another attempt may follow the failed attempt number `attempt` (from 1).
    #[must_use]
    pub fn allows_another(&self, attempt: u32) -> bool {
        attempt < self.attempts
    }
}

/// `base` doubled `times` times, at most `cap`.
#[must_use]
pub fn doubled(base: Duration, times: u32, cap: Duration) -> Duration {
    base.checked_mul(2u32.saturating_pow(times.min(31)))
        .map_or(cap, |wait| wait.min(cap))
}

/// A wait between half of `wait` and the whole of it.
#[must_use]
pub fn jittered(wait: Duration, random: &dyn Randomness) -> Duration {
    let half = wait / 2;
    let span = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(random.next_u64() % (span + 1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::SeededRandom;

    const POLICY: RetryPolicy = RetryPolicy {
        base: Duration::from_secs(60),
        cap: Duration::from_secs(900),
        attempts: 5,
    };

    #[test]
    fn the_wait_doubles_within_its_jitter_and_stops_at_the_cap() {
        let random = SeededRandom::new(7);
        for (attempt, whole) in [(1, 60), (2, 120), (3, 240), (4, 480), (5, 900), (40, 900)] {
            for _ in 0..50 {
                let wait = POLICY.backoff(attempt, &random);
                assert!(wait >= Duration::from_secs(whole) / 2, "{attempt}: {wait:?}");
                assert!(wait <= Duration::from_secs(whole), "{attempt}: {wait:?}");
            }
        }
    }

    #[test]
    fn the_attempt_limit_counts_the_first_send() {
        assert!(POLICY.allows_another(4));
        assert!(!POLICY.allows_another(5));
        assert!(!RetryPolicy { attempts: 1, ..POLICY }.allows_another(1));
    }

    #[test]
    fn a_base_of_zero_is_retried_at_once() {
        let now = RetryPolicy {
            base: Duration::ZERO,
            ..POLICY
        };
        assert!(now.backoff(3, &SeededRandom::new(1)) <= Duration::from_micros(1));
    }
}
