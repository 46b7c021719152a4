//! Spans of time as people write them: `250ms`, `60s`, `15m`, `72h`, `1h30m`, `7d`, `0`.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The units, longest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// The longest span that is taken: ten years.
const LONGEST_MS: u64 = 3660 * 86_400_000;

/// Reads a span: numbers with units, largest unit first or in any order, or a bare `0`.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with the value.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let trimmed = text.trim();
    if trimmed == "0" {
        return Ok(Duration::ZERO);
    }
    if !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("has no unit; write `{trimmed}s` for seconds"));
    }
    let mut rest = trimmed;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, tail) = tail.split_at(letters);
        let number: u64 = number.parse().map_err(|_| not_a_span())?;
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(not_a_span)?;
        total = number
            .checked_mul(*millis)
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= LONGEST_MS)
            .ok_or_else(|| "is longer than ten years".to_owned())?;
        rest = tail.trim_start();
    }
    if trimmed.is_empty() {
        return Err(not_a_span());
    }
    Ok(Duration::from_millis(total))
}

fn not_a_span() -> String {
    "is no span of time; write `250ms`, `60s`, `15m` or `72h`".to_owned()
}

/// Writes a span so that [`parse`] reads it back, in the largest unit that holds it whole.
pub(crate) fn show(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    // Days stay hours: `72h` is what settings are written in.
    let (unit, size) = UNITS[1..]
        .iter()
        .find(|(_, size)| millis.is_multiple_of(*size))
        .unwrap_or(&("ms", 1));
    format!("{}{unit}", millis / size)
}

/// Writes a span for people: its two largest units (`23h 59m`, `4s`), the rest cut off.
pub(crate) fn roughly(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let Some(first) = UNITS.iter().position(|(_, size)| millis >= *size) else {
        return "0s".to_owned();
    };
    let (unit, size) = UNITS[first];
    let text = format!("{}{unit}", millis / size);
    match UNITS.get(first + 1) {
        Some((next, next_size)) if unit != "s" && millis % size >= *next_size => {
            format!("{text} {}{next}", millis % size / next_size)
        }
        _ => text,
    }
}

/// Reads a moment in the past: a timestamp, a date (midnight, UTC), or a span before `now`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse_since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    parse_moment(text, now, &TimeZone::UTC)
}

/// The same, where a date is the beginning of its day in `zone`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse_moment(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
        && let Ok(midnight) = date.to_zoned(zone.clone())
    {
        return Ok(midnight.timestamp());
    }
    match parse(text) {
        Ok(span) => now.checked_sub(span).map_err(|_| "lies before all time".to_owned()),
        Err(_) => Err("is no time; write `2026-02-03T10:00:00Z`, `2026-02-03`, or how long ago: `2h`, `7d`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_in_every_unit() {
        for (text, millis) in [
            ("250ms", 250),
            ("60s", 60_000),
            ("15m", 900_000),
            ("72h", 259_200_000),
            ("7d", 604_800_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn a_bare_number_is_told_its_likely_unit() {
        assert!(parse("60").unwrap_err().contains("`60s`"));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            "",
            "s",
            "-5s",
            "5 parsecs",
            "1.5h",
            "5s-",
            "99999999999999999999s",
            "s5",
            "4000d",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for millis in [0, 1, 250, 1000, 1500, 60_000, 90_000, 259_200_000] {
            let span = Duration::from_millis(millis);
            assert_eq!(parse(&show(span)), Ok(span), "{}", show(span));
        }
        assert_eq!(show(Duration::from_secs(72 * 3600)), "72h");
        assert_eq!(show(Duration::from_secs(90)), "90s");
    }

    #[test]
    fn people_are_told_the_two_largest_units() {
        for (millis, text) in [
            (0, "0s"),
            (250, "250ms"),
            (4_900, "4s"),
            (61_000, "1m 1s"),
            (86_340_000, "23h 59m"),
            (86_400_000, "1d"),
            (3_600_500, "1h"),
        ] {
            assert_eq!(roughly(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn since_takes_times_dates_and_spans() {
        let now: Timestamp = "2026-02-03T10:00:00Z".parse().unwrap();
        let at = |text: &str| parse_since(text, now).unwrap().to_string();
        assert_eq!(at("2026-02-01T08:00:00Z"), "2026-02-01T08:00:00Z");
        assert_eq!(at("2026-02-01"), "2026-02-01T00:00:00Z");
        assert_eq!(at("2h"), "2026-02-03T08:00:00Z");
        assert_eq!(at("7d"), "2026-01-27T10:00:00Z");
        assert!(parse_since("yesterday", now).is_err());
    }

    #[test]
    fn a_date_begins_at_the_midnight_of_its_zone() {
        let now: Timestamp = "2026-02-03T10:00:00Z".parse().unwrap();
        let toronto = TimeZone::get("America/Toronto").unwrap();
        let at = |text: &str| parse_moment(text, now, &toronto).unwrap().to_string();
        assert_eq!(at("2026-02-01"), "2026-02-01T05:00:00Z");
        assert_eq!(at("2026-02-01T08:00:00Z"), "2026-02-01T08:00:00Z");
        assert_eq!(at("2h"), "2026-02-03T08:00:00Z");
    }
}
