//! What the verbs share that read a span of the record: from when, and until when.

use ackord::Timestamp;
use clap::Args;
use jiff::tz::TimeZone;

use crate::report_error::BadFlag;
use crate::span;

/// A span of the record.
#[derive(Debug, Clone, Args)]
pub struct WindowArgs {
    /// From this time on: `2026-02-03T10:00:00Z`, `2026-02-03`, or how long ago, `2h`, `7d`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Up to this time, and not including it
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

impl WindowArgs {
    /// The two times; dates begin at midnight in `zone`.
    ///
    /// # Errors
    /// [`BadFlag`] where one can't be read, or the second is not after the first.
    pub(super) fn read(
        &self,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), BadFlag> {
        let since = moment("since", self.since.as_deref(), now, zone)?;
        let until = moment("until", self.until.as_deref(), now, zone)?;
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            return Err(self.bad_until());
        }
        Ok((since, until))
    }

    /// The error of an end that is not after the beginning.
    pub(super) fn bad_until(&self) -> BadFlag {
        BadFlag {
            flag: "until",
            value: self.until.clone().unwrap_or_default(),
            problem: "is not after --since".to_owned(),
        }
    }

    /// The error of a span that can be read, and not be shown.
    pub(super) fn bad(&self, problem: &str) -> BadFlag {
        let (flag, value) = match (&self.since, &self.until) {
            (None, Some(until)) => ("until", until.clone()),
            (since, _) => ("since", since.clone().unwrap_or_default()),
        };
        BadFlag {
            flag,
            value,
            problem: problem.to_owned(),
        }
    }
}

fn moment(
    flag: &'static str,
    text: Option<&str>,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Option<Timestamp>, BadFlag> {
    let Some(text) = text else {
        return Ok(None);
    };
    span::parse_moment(text, now, zone)
        .map(Some)
        .map_err(|problem| BadFlag {
            flag,
            value: text.to_owned(),
            problem,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(since: Option<&str>, until: Option<&str>) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
        let args = WindowArgs {
            since: since.map(str::to_owned),
            until: until.map(str::to_owned),
        };
        let now = "2026-02-03T10:00:00Z".parse().unwrap();
        args.read(now, &TimeZone::UTC).map_err(|error| error.to_string())
    }

    #[test]
    fn either_end_may_be_left_out() {
        assert_eq!(window(None, None), Ok((None, None)));
        let day = "2026-02-01T00:00:00Z".parse().ok();
        assert_eq!(window(Some("2026-02-01"), None), Ok((day, None)));
        assert_eq!(window(None, Some("2026-02-01")), Ok((None, day)));
    }

    #[test]
    fn an_end_that_is_not_after_the_beginning_is_refused() {
        for until in ["2026-02-01", "2026-01-31", "30d"] {
            let words = window(Some("2026-02-01"), Some(until)).unwrap_err();
            assert_eq!(words, format!("--until: `{until}` is not after --since"));
        }
        assert!(
            window(Some("soon"), None)
                .unwrap_err()
                .starts_with("--since: `soon` is no time")
        );
        assert!(
            window(None, Some("soon"))
                .unwrap_err()
                .starts_with("--until: `soon` is no time")
        );
    }
}
