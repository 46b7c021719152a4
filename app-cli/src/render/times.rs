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

/// A text whose times, as the record has them, are written for people.
pub(super) fn readable(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        match bare.parse::<Timestamp>() {
            Ok(at) if bare.ends_with('Z') => word.replacen(bare, &format!("{} UTC", stamp(at)), 1),
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_within_a_text_are_written_for_people() {
        assert_eq!(
            readable("retried at 2026-02-03T10:00:05.123456Z; (since 2026-02-03T09:00:00Z)."),
            "retried at 2026-02-03 10:00:05 UTC; (since 2026-02-03 09:00:00 UTC)."
        );
        assert_eq!(readable("no  time: 12Z, 2026-02-03"), "no  time: 12Z, 2026-02-03");
    }

    #[test]
    fn times_are_written_in_utc() {
        let at: Timestamp = "2026-02-03T10:00:05.123456Z".parse().unwrap();
        assert_eq!(stamp(at), "2026-02-03 10:00:05");
        assert_eq!(stamp_exact(at), "2026-02-03 10:00:05.123");
        assert_eq!(clock_time(at), "10:00:05 UTC");
    }
}
