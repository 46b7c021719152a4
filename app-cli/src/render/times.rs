//! Times for people: always UTC.

use ackord::Timestamp;

/// Day and time, to the second.
#[must_use]
pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Day and time, to the millisecond.
#[must_use]
pub fn stamp_exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// The time of day alone.
#[must_use]
pub fn clock_time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        let at: Timestamp = "2026-02-03T10:00:05.123456Z".parse().unwrap();
        assert_eq!(stamp(at), "2026-02-03 10:00:05");
        assert_eq!(stamp_exact(at), "2026-02-03 10:00:05.123");
        assert_eq!(clock_time(at), "10:00:05 UTC");
    }
}
