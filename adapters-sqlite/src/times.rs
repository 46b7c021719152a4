//! Times as they stand in the file: UTC, of fixed width, with microseconds, so that they sort as text.

use ackord::Timestamp;
use ackord::ports::{StoreError, StoreResult};
use ackord::time;

/// The text of a time: `2026-03-01T09:30:00.000000Z`.
pub(crate) fn text(at: Timestamp) -> String {
    format!("{:.6}", time::to_micros(at))
}

/// The text of a time that may be missing.
pub(crate) fn optional_text(at: Option<Timestamp>) -> Option<String> {
    at.map(text)
}

/// Reads the text of a time; `row` names where it stands.
pub(crate) fn read(text: &str, row: impl FnOnce() -> String) -> StoreResult<Timestamp> {
    let at: Result<Timestamp, _> = text.parse();
    at.map(time::to_micros).map_err(|_| StoreError::Corrupt {
        what: format!("{}: `{text}` is not a time", row()),
    })
}

/// Reads the text of a time that may be missing.
pub(crate) fn read_optional(text: Option<&str>, row: impl FnOnce() -> String) -> StoreResult<Option<Timestamp>> {
    text.map(|text| read(text, row)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_and_sort_as_they_stand() {
        let early = Timestamp::from_microsecond(1_767_323_045_000_001).unwrap();
        let late = Timestamp::from_microsecond(1_767_323_045_100_000).unwrap();
        assert_eq!(text(early), "2026-01-02T03:04:05.000001Z");
        assert!(text(early) < text(late));
        for at in [early, late, Timestamp::UNIX_EPOCH] {
            assert_eq!(read(&text(at), String::new).unwrap(), at);
        }
    }

    #[test]
    fn what_is_not_a_time_is_reported_with_its_place() {
        let error = read("soon", || "shops `x`, paused_until".to_owned()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the store holds what can't be read: shops `x`, paused_until: `soon` is not a time"
        );
    }
}
