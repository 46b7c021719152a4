//! Days and weeks of a time zone as moments.

use ackord::Timestamp;
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// At most so many days or weeks are shown.
pub(super) const MOST: usize = 1000;

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// A day.
    Day,
    /// A week, from Monday on.
    Week,
}

impl By {
    /// The word for one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
        }
    }
}

/// Why there are no such days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadCalendar {
    /// More than [`MOST`].
    TooMany,
    /// They lie outside of what a calendar has.
    OutOfRange,
}

/// The beginnings of days or weeks, from the one that `since` is in up to the first that is not before `until`.
pub(super) fn bounds(
    by: By,
    since: Timestamp,
    until: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<Timestamp>, BadCalendar> {
    let out_of_range = |_| BadCalendar::OutOfRange;
    let day = since.to_zoned(zone.clone()).date();
    let (back, step) = match by {
        By::Day => (0, 1),
        By::Week => (day.weekday().to_monday_zero_offset(), 7),
    };
    let mut day = day.checked_sub(Span::new().days(back)).map_err(out_of_range)?;
    let mut bounds: Vec<Timestamp> = Vec::new();
    loop {
        let begins = beginning(day, zone).map_err(out_of_range)?;
        // A zone may leave a whole day out.
        if bounds.last().is_none_or(|last| *last < begins) {
            bounds.push(begins);
        }
        if begins >= until {
            return Ok(bounds);
        }
        if bounds.len() > MOST {
            return Err(BadCalendar::TooMany);
        }
        day = day.checked_add(Span::new().days(step)).map_err(out_of_range)?;
    }
}

/// The first moment of a day: not always midnight.
fn beginning(day: Date, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    Ok(day.to_zoned(zone.clone())?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(by: By, since: &str, until: &str, zone: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let bounds = bounds(by, since.parse().unwrap(), until.parse().unwrap(), &zone).unwrap();
        bounds.iter().map(Timestamp::to_string).collect()
    }

    #[test]
    fn days_begin_at_midnight_and_the_last_ends_with_the_end_or_after_it() {
        let days = told(By::Day, "2026-02-01T10:00:00Z", "2026-02-03T00:00:00Z", "UTC");
        assert_eq!(
            days,
            ["2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z"]
        );
        let days = told(By::Day, "2026-02-01T00:00:00Z", "2026-02-01T00:00:01Z", "UTC");
        assert_eq!(days, ["2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"]);
    }

    #[test]
    fn weeks_begin_on_monday() {
        let weeks = told(By::Week, "2026-02-04T10:00:00Z", "2026-02-09T00:00:01Z", "UTC");
        assert_eq!(
            weeks,
            ["2026-02-02T00:00:00Z", "2026-02-09T00:00:00Z", "2026-02-16T00:00:00Z"]
        );
    }

    #[test]
    fn a_day_is_as_long_as_its_zone_makes_it() {
        let days = told(
            By::Day,
            "2026-11-01T12:00:00Z",
            "2026-11-02T12:00:00Z",
            "America/Toronto",
        );
        assert_eq!(
            days,
            ["2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", "2026-11-03T05:00:00Z"]
        );
    }

    #[test]
    fn a_day_that_a_zone_left_out_is_no_span() {
        let days = told(By::Day, "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z", "Pacific/Apia");
        assert!(days.is_sorted_by(|one, next| one < next), "{days:?}");
    }

    #[test]
    fn there_are_not_too_many() {
        let bounds = |by, since: &str| {
            let until = "2026-02-01T00:00:00Z".parse().unwrap();
            bounds(by, since.parse().unwrap(), until, &TimeZone::UTC)
        };
        assert_eq!(bounds(By::Day, "2023-05-08T00:00:00Z").unwrap().len(), MOST + 1);
        assert_eq!(bounds(By::Day, "2023-05-07T00:00:00Z"), Err(BadCalendar::TooMany));
        assert!(bounds(By::Week, "2023-05-07T00:00:00Z").is_ok());
        assert_eq!(bounds(By::Day, "-009999-01-03T00:00:00Z"), Err(BadCalendar::TooMany));
        // Its day began before any time there is.
        assert_eq!(bounds(By::Day, "-009999-01-02T01:59:59Z"), Err(BadCalendar::OutOfRange));
    }
}
