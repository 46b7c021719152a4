//! Where the sandbox reads the time: the wall clock, or a clock that a test moves by hand.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// The sandbox's source of time; clones of a manual clock share one hand.
#[derive(Debug, Clone, Default)]
pub enum SandboxClock {
    /// The machine's clock.
    #[default]
    Real,
    /// A clock that stands still until it is advanced.
    Manual(Arc<Mutex<Timestamp>>),
}

impl SandboxClock {
    /// A manual clock that reads `start`.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(Mutex::new(start)))
    }

    /// The present time, in whole milliseconds as the marketplace writes it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = match self {
            Self::Real => Timestamp::now(),
            Self::Manual(hand) => *hand.lock().unwrap_or_else(PoisonError::into_inner),
        };
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// Moves a manual clock forward and returns its new reading; `None` for the machine's clock, which nobody moves,
    /// and where the new reading would lie beyond the calendar.
    #[must_use]
    pub fn advance(&self, by: SignedDuration) -> Option<Timestamp> {
        match self {
            Self::Real => None,
            Self::Manual(hand) => {
                let mut reading = hand.lock().unwrap_or_else(PoisonError::into_inner);
                *reading = reading.checked_add(by).ok()?;
                Some(*reading)
            }
        }
    }
}

/// `from` moved by `millis`, held at the end of the calendar.
pub(crate) fn later(from: Timestamp, millis: u64) -> Timestamp {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    from.checked_add(SignedDuration::from_millis(millis))
        .unwrap_or(Timestamp::MAX)
}

/// `from` moved back by `millis`, held at the start of the calendar.
pub(crate) fn earlier(from: Timestamp, millis: u64) -> Timestamp {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    from.checked_sub(SignedDuration::from_millis(millis))
        .unwrap_or(Timestamp::MIN)
}

/// The time as an HTTP header carries it, for example in `Retry-After`.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_still_until_it_is_advanced() {
        let start: Timestamp = "2026-02-03T10:00:00Z".parse().unwrap();
        let clock = SandboxClock::manual(start);
        assert_eq!(clock.now(), start);
        let other = clock.clone();
        assert!(other.advance(SignedDuration::from_secs(90)).is_some());
        assert_eq!(clock.now(), "2026-02-03T10:01:30Z".parse().unwrap());
    }

    #[test]
    fn the_real_clock_cannot_be_advanced() {
        assert!(SandboxClock::Real.advance(SignedDuration::from_secs(1)).is_none());
    }

    #[test]
    fn http_dates_name_the_weekday_and_gmt() {
        let at: Timestamp = "2026-02-03T10:00:05Z".parse().unwrap();
        assert_eq!(http_date(at), "Tue, 03 Feb 2026 10:00:05 GMT");
    }
}
