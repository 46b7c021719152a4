//! The retry budget of a read: a count, a time, and pauses with decorrelated jitter.

use std::time::Duration;

use ackord::ports::Randomness;

/// What is left of one read's retries.
#[derive(Debug)]
pub(crate) struct ReadBudget {
    retries: u32,
    ends_at: Duration,
    base: Duration,
    cap: Duration,
    last_pause: Duration,
}

impl ReadBudget {
    /// A budget of `retries` within `time`, from `now` on the monotonic clock, with pauses from `base` to `cap`.
    pub(crate) fn new(retries: u32, time: Duration, base: Duration, cap: Duration, now: Duration) -> Self {
        Self {
            retries,
            ends_at: now.saturating_add(time),
            base,
            cap,
            last_pause: base,
        }
    }

    /// The pause before the next attempt, at least as long as `asked`; `None` where the budget is used up or the next
    /// attempt would begin past its time.
    pub(crate) fn next_pause(
        &mut self,
        now: Duration,
        asked: Option<Duration>,
        random: &dyn Randomness,
    ) -> Option<Duration> {
        self.retries = self.retries.checked_sub(1)?;
        // Decorrelated: anywhere between the base and three times the last pause, so that many workers spread out.
        let widest = self.last_pause.saturating_mul(3).clamp(self.base, self.cap);
        let pause = spread(self.base, widest, random.next_u64());
        self.last_pause = pause;
        let pause = pause.max(asked.unwrap_or_default());
        (now.saturating_add(pause) < self.ends_at).then_some(pause)
    }
}

/// The point between `from` and `to` that `number` picks out of all of `u64`.
fn spread(from: Duration, to: Duration, number: u64) -> Duration {
    let span = to.saturating_sub(from).as_nanos();
    let part = span.saturating_mul(u128::from(number >> 32)) >> 32;
    from + Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use ackord::memory::SeededRandom;

    use super::*;

    const BASE: Duration = Duration::from_millis(100);
    const CAP: Duration = Duration::from_secs(1);

    #[test]
    fn the_count_is_kept() {
        let random = SeededRandom::new(1);
        let mut budget = ReadBudget::new(2, Duration::MAX, BASE, CAP, Duration::ZERO);
        assert!(budget.next_pause(Duration::ZERO, None, &random).is_some());
        assert!(budget.next_pause(Duration::ZERO, None, &random).is_some());
        assert_eq!(budget.next_pause(Duration::ZERO, None, &random), None);
    }

    #[test]
    fn no_attempt_begins_past_the_time() {
        let random = SeededRandom::new(1);
        let mut budget = ReadBudget::new(9, Duration::from_secs(3), BASE, CAP, Duration::ZERO);
        assert_eq!(budget.next_pause(Duration::from_millis(2950), None, &random), None);
        assert_eq!(
            budget.next_pause(Duration::ZERO, Some(Duration::from_secs(4)), &random),
            None
        );
    }

    #[test]
    fn pauses_stay_between_base_and_cap_and_differ() {
        let random = SeededRandom::new(7);
        let mut budget = ReadBudget::new(50, Duration::MAX, BASE, CAP, Duration::ZERO);
        let pauses: Vec<_> = std::iter::from_fn(|| budget.next_pause(Duration::ZERO, None, &random)).collect();
        assert_eq!(pauses.len(), 50);
        assert!(pauses.iter().all(|pause| (BASE..=CAP).contains(pause)));
        assert!(pauses.windows(2).any(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn a_rest_that_was_asked_for_lengthens_the_pause() {
        let random = SeededRandom::new(7);
        let asked = Duration::from_secs(2);
        let mut budget = ReadBudget::new(1, Duration::from_secs(9), BASE, CAP, Duration::ZERO);
        assert_eq!(budget.next_pause(Duration::ZERO, Some(asked), &random), Some(asked));
    }
}
