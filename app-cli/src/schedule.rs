//! When `ackord serve` runs: every so often, or by a cron expression in a time zone.

use std::str::FromStr as _;
use std::sync::Arc;

use ackord::Timestamp;
use ackord::ports::Randomness;
use ackord::workflow::{Every, Schedule};
use croner::Cron;
use jiff::tz::TimeZone;

use crate::settings::ServeConfig;

/// The schedule of the settings.
#[must_use]
pub(crate) fn schedule(config: &ServeConfig) -> Arc<dyn Schedule> {
    let every = Every {
        interval: config.interval,
        jitter: config.jitter,
    };
    match &config.cron {
        None => Arc::new(every),
        Some(cron) => Arc::new(ByCron {
            cron: cron.0.clone(),
            zone: config.time_zone.clone().unwrap_or_else(TimeZone::system),
            every,
        }),
    }
}

/// A cron expression that can be kept.
#[derive(Debug, Clone)]
pub struct CronText(Cron);

impl CronText {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let cron = Cron::from_str(text.trim()).map_err(|error| format!("is no cron expression: {error}"))?;
        let never = |error| format!("names no time that ever comes: {error}");
        let now = Timestamp::now().to_zoned(TimeZone::UTC);
        cron.find_next_occurrence(&now, false).map_err(never)?;
        Ok(Self(cron))
    }

    /// The expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.pattern.as_str()
    }
}

#[derive(Debug)]
struct ByCron {
    cron: Cron,
    zone: TimeZone,
    /// Its jitter; its interval where the expression names no further time.
    every: Every,
}

impl Schedule for ByCron {
    fn next(&self, began: Timestamp, now: Timestamp, random: &dyn Randomness) -> Timestamp {
        let after = began.min(now).to_zoned(self.zone.clone());
        let Ok(next) = self.cron.find_next_occurrence(&after, false) else {
            return self.every.next(began, now, random);
        };
        let late = Every {
            interval: std::time::Duration::ZERO,
            ..self.every
        };
        let next = next.timestamp();
        late.next(next, next, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackord_system::SystemRandom;
    use std::time::Duration;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn by_cron(text: &str, zone: &str) -> Arc<dyn Schedule> {
        schedule(&ServeConfig {
            interval: Duration::from_secs(300),
            jitter: Duration::ZERO,
            cron: Some(CronText::parse(text).unwrap()),
            time_zone: Some(TimeZone::get(zone).unwrap()),
            ..ServeConfig::default()
        })
    }

    #[test]
    fn a_cron_expression_counts_in_its_time_zone() {
        let schedule = by_cron("30 6 * * *", "America/Toronto");
        let began = time("2026-11-23T08:00:00Z");
        let next = schedule.next(began, began, &SystemRandom::new());
        assert_eq!(next, time("2026-11-23T11:30:00Z"));
    }

    #[test]
    fn times_that_were_missed_are_made_up_for_once() {
        let schedule = by_cron("*/10 * * * *", "UTC");
        let (began, now) = (time("2026-11-23T08:00:30Z"), time("2026-11-23T08:45:00Z"));
        assert!(schedule.next(began, now, &SystemRandom::new()) <= now);
        assert_eq!(
            schedule.next(now, now, &SystemRandom::new()),
            time("2026-11-23T08:50:00Z")
        );
    }

    #[test]
    fn a_clock_that_goes_forward_and_back_in_autumn_loses_no_hour() {
        let schedule = by_cron("0 * * * *", "America/Toronto");
        let mut at = time("2026-11-01T03:30:00Z");
        let mut gaps = Vec::new();
        for _ in 0..6 {
            let next = schedule.next(at, at, &SystemRandom::new());
            gaps.push(ackord::time::until(at, next).as_secs() / 60);
            at = next;
        }
        assert_eq!(gaps[1..], [60, 60, 60, 60, 60], "{gaps:?}");
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["", "5", "* * *", "61 * * * *", "0 0 31 2 *"] {
            assert!(CronText::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(CronText::parse("*/5 * * * *").unwrap().as_str(), "*/5 * * * *");
    }
}
