//! Points in time, rounded to what every store can keep.

use std::time::Duration;

use jiff::SignedDuration;
pub use jiff::Timestamp;

/// `at` cut down to whole microseconds, the finest step that every store keeps.
#[must_use]
pub fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// `at` plus `by`, held at the end of time instead of failing.
#[must_use]
pub fn plus(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// `at` less `by`, held at the beginning of time instead of failing.
#[must_use]
pub fn minus(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// The time from `from` until `to`; zero where `to` is not later.
#[must_use]
pub fn until(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_are_cut_to_microseconds() {
        let at = Timestamp::from_nanosecond(1_234_567_891).unwrap();
        assert_eq!(to_micros(at).as_nanosecond(), 1_234_567_000);
    }

    #[test]
    fn sums_stop_at_the_end_of_time() {
        assert_eq!(plus(Timestamp::MAX, Duration::from_secs(1)), Timestamp::MAX);
        assert_eq!(plus(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MAX);
        assert_eq!(minus(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MIN);
        let second = Duration::from_secs(1);
        assert_eq!(
            plus(minus(Timestamp::UNIX_EPOCH, second), second),
            Timestamp::UNIX_EPOCH
        );
    }

    #[test]
    fn a_span_into_the_past_is_zero() {
        let later = plus(Timestamp::UNIX_EPOCH, Duration::from_secs(5));
        assert_eq!(until(later, Timestamp::UNIX_EPOCH), Duration::ZERO);
        assert_eq!(until(Timestamp::UNIX_EPOCH, later), Duration::from_secs(5));
    }
}
