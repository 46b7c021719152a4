//! The budget of calls: so many in any hour, for one key, over all workers.
//!
//! The marketplace counts the calls of a key over the last hour and publishes no quota (Mirakl, 429). A shop that knows its
//! own sets it here. It is kept as a token bucket: what has piled up may go out at once, the rest follows evenly. The bucket
//! is one point in time, the moment at which it is full again; so it needs no process of its own to be filled.

use std::time::Duration;

use crate::time::{self, Timestamp};

/// The marketplace counts calls over this time.
const HOUR: Duration = Duration::from_secs(3600);

/// No call is drawn further ahead than this.
const FURTHEST_AHEAD: Duration = HOUR;

/// How many calls one key may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallBudget {
    /// The most in any hour.
    pub per_hour: u32,
    /// The most at once, after a time without calls. What is left of the hour's follows evenly: `per_hour - burst` an hour.
    /// At least [`CallBudget::LEAST_BURST`], and less than `per_hour`.
    pub burst: u32,
}

impl CallBudget {
    /// The least that work goes on with: a list at once with a look and an acceptance, or lists could use up what the
    /// others wait for.
    pub const LEAST_BURST: u32 = 3;

    /// A budget with a quarter of the hour's calls at once.
    #[must_use]
    pub fn per_hour(per_hour: u32) -> Self {
        let burst = (per_hour / 4).max(Self::LEAST_BURST);
        Self { per_hour, burst }
    }

    /// How it is drawn from, where a call may leave as late as `held_for` after it was drawn.
    #[must_use]
    pub fn rate(self, held_for: Duration) -> CallRate {
        let steadily = self.per_hour.saturating_sub(self.burst).max(1);
        let span = HOUR.saturating_add(held_for).as_micros();
        let interval = span.div_ceil(u128::from(steadily));
        CallRate {
            interval: Duration::from_micros(u64::try_from(interval).unwrap_or(u64::MAX)),
            burst: self.burst,
        }
    }
}

/// A token bucket: it holds `burst` calls, and gets one back each `interval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallRate {
    /// The time in which one call comes back; whole microseconds, more than none.
    pub interval: Duration,
    /// How many calls it holds.
    pub burst: u32,
}

impl CallRate {
    fn of(self, calls: u32) -> Duration {
        self.interval.saturating_mul(calls)
    }
}

/// What is wanted from a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// No less than this; more than the bucket ever holds is never waited for.
    pub least: u32,
    /// No more than this, and more than `least` only as far as it is there at once.
    pub most: u32,
    /// How long the least is worth waiting for.
    pub within: Duration,
}

impl Wanted {
    /// As many as there are at once, `most` at the most.
    #[must_use]
    pub fn at_once(most: u32) -> Self {
        Self {
            least: 1,
            most,
            within: Duration::ZERO,
        }
    }
}

/// Calls drawn from a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// How many may be made; none where the wait would be too long.
    pub calls: u32,
    /// How long to wait before they are made; where none was drawn, how long it would take for the least that was wanted.
    pub wait: Duration,
}

/// Draws at `now` from a bucket that is full again at `full_at`; tells what was drawn, and when the bucket is full from then
/// on.
///
/// What is there is drawn at once, up to the most. Where it is less than the least, that much is drawn ahead, to be used once
/// it has come back: whoever draws next waits for what comes after it, and so everybody's turn comes. A bucket that would be
/// full later than that can lead to was left by a clock that has jumped since: it counts as empty.
#[must_use]
pub fn draw(full_at: Option<Timestamp>, now: Timestamp, rate: CallRate, wanted: Wanted) -> (Drawn, Option<Timestamp>) {
    let least = wanted.least.clamp(1, rate.burst.max(1));
    let now = time::to_micros(now);
    let empty = time::plus(now, rate.of(rate.burst));
    let before = match full_at {
        Some(full_at) if full_at > time::plus(empty, FURTHEST_AHEAD) => empty,
        Some(full_at) => full_at.max(now),
        None => now,
    };
    let room = time::until(before, empty).as_micros();
    let there = u32::try_from(room / rate.interval.as_micros().max(1)).unwrap_or(u32::MAX);
    // The least has come back once the bucket, with it drawn, is no more than empty.
    let missing = time::until(empty, time::plus(before, rate.of(least)));
    let calls = match there >= least {
        true => there.min(wanted.most).max(least),
        false if missing <= wanted.within.min(FURTHEST_AHEAD) => least,
        false => 0,
    };
    let full_at = time::plus(before, rate.of(calls));
    (Drawn { calls, wait: missing }, (full_at > now).then_some(full_at))
}

/// How many calls are there at once.
#[must_use]
pub fn left(full_at: Option<Timestamp>, now: Timestamp, rate: CallRate) -> u32 {
    draw(full_at, now, rate, Wanted::at_once(rate.burst)).0.calls
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    /// Ten calls at once, one more each second.
    const RATE: CallRate = CallRate {
        interval: SECOND,
        burst: 10,
    };

    fn at(millis: u64) -> Timestamp {
        time::plus(Timestamp::UNIX_EPOCH, Duration::from_millis(millis))
    }

    fn in_time(calls: u32, seconds: u64) -> Wanted {
        Wanted {
            least: calls,
            most: calls,
            within: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn a_bucket_that_was_never_drawn_from_is_full() {
        let (drawn, full_at) = draw(None, at(0), RATE, Wanted::at_once(4));
        assert_eq!((drawn.calls, drawn.wait, full_at), (4, Duration::ZERO, Some(at(4000))));
        let (drawn, _) = draw(None, at(0), RATE, Wanted::at_once(40));
        assert_eq!(drawn.calls, 10);
    }

    #[test]
    fn what_is_left_is_what_could_be_drawn() {
        assert_eq!(left(None, at(0), RATE), 10);
        let (_, full_at) = draw(None, at(0), RATE, Wanted::at_once(7));
        assert_eq!(left(full_at, at(0), RATE), 3);
        let (_, empty) = draw(full_at, at(0), RATE, Wanted::at_once(3));
        assert_eq!((left(empty, at(999), RATE), left(empty, at(2000), RATE)), (0, 2));
        let (_, ahead) = draw(empty, at(0), RATE, in_time(5, 60));
        assert_eq!(left(ahead, at(1000), RATE), 0);
    }

    #[test]
    fn calls_come_back_one_by_one() {
        let (_, empty) = draw(None, at(0), RATE, Wanted::at_once(10));
        let (early, unchanged) = draw(empty, at(999), RATE, Wanted::at_once(10));
        assert_eq!(
            (early.calls, early.wait, unchanged),
            (0, Duration::from_millis(1), empty)
        );
        let (drawn, _) = draw(empty, at(3500), RATE, Wanted::at_once(10));
        assert_eq!((drawn.calls, drawn.wait), (3, Duration::ZERO));
    }

    #[test]
    fn who_waits_has_a_place_in_the_row() {
        let (_, empty) = draw(None, at(0), RATE, Wanted::at_once(10));
        let (first, row) = draw(empty, at(0), RATE, in_time(2, 60));
        assert_eq!((first.calls, first.wait), (2, SECOND * 2));
        let (second, row) = draw(row, at(500), RATE, in_time(1, 60));
        assert_eq!((second.calls, second.wait), (1, Duration::from_millis(2500)));
        let (third, unchanged) = draw(row, at(3100), RATE, Wanted::at_once(5));
        assert_eq!(
            (third.calls, third.wait, unchanged),
            (0, Duration::from_millis(900), row)
        );
    }

    #[test]
    fn what_takes_too_long_is_not_drawn() {
        let (_, empty) = draw(None, at(0), RATE, Wanted::at_once(10));
        let (drawn, unchanged) = draw(empty, at(0), RATE, in_time(5, 4));
        assert_eq!((drawn.calls, drawn.wait, unchanged), (0, SECOND * 5, empty));
        let (drawn, _) = draw(empty, at(0), RATE, in_time(5, 5));
        assert_eq!((drawn.calls, drawn.wait), (5, SECOND * 5));
    }

    #[test]
    fn more_than_the_bucket_holds_is_never_waited_for() {
        let (drawn, _) = draw(None, at(0), RATE, in_time(50, 0));
        assert_eq!((drawn.calls, drawn.wait), (10, Duration::ZERO));
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_an_empty_bucket() {
        let (drawn, full_at) = draw(Some(at(999_000_000_000)), at(0), RATE, in_time(1, 1));
        assert_eq!((drawn.calls, drawn.wait, full_at), (1, SECOND, Some(at(11_000))));
    }

    #[test]
    fn a_quarter_of_the_hour_may_go_out_at_once_unless_said_otherwise() {
        let CallBudget { per_hour, burst } = CallBudget::per_hour(1000);
        assert_eq!((per_hour, burst), (1000, 250));
        assert_eq!(CallBudget::per_hour(4).burst, 3);
    }

    proptest! {
        /// Whatever is asked for and when, and as late as calls may leave after they were drawn: no hour has more.
        #[test]
        fn no_hour_has_more_calls_than_its_budget(
            per_hour in 4u32..5000,
            burst in 3u32..5000,
            asks in proptest::collection::vec((0u64..600_000, 1u32..4, 1u32..200, 0u64..2000, 0u64..60_000), 1..200),
        ) {
            let budget = CallBudget { per_hour, burst: burst.min(per_hour - 1) };
            let rate = budget.rate(Duration::from_secs(60));
            let (mut now, mut full_at, mut made) = (0, None, Vec::new());
            for (pause, least, most, within, held) in asks {
                now += pause;
                let wanted = Wanted { least, most, within: Duration::from_secs(within) };
                let (drawn, left) = draw(full_at, at(now), rate, wanted);
                full_at = left;
                prop_assert!(drawn.calls <= most.max(least) && drawn.calls <= budget.burst);
                prop_assert!(drawn.calls > 0 || drawn.wait > wanted.within.min(HOUR));
                let leaves = now * 1000 + u64::try_from(drawn.wait.as_micros()).unwrap() + held * 1000;
                made.extend(std::iter::repeat_n(leaves, drawn.calls as usize));
            }
            made.sort_unstable();
            let mut from = 0;
            for (to, last) in made.iter().enumerate() {
                while made[from] + 3_600_000_000 <= *last {
                    from += 1;
                }
                prop_assert!(to - from < per_hour as usize, "{} calls in an hour of {per_hour}", to - from + 1);
            }
        }
    }
}
