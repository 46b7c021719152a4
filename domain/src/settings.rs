//! The settings of the workflow, with their defaults and the limits within which they make sense.

use std::time::Duration;

use crate::budget::{CallBudget, CallRate};
use crate::retry::RetryPolicy;

/// How many orders one look may ask for; more is answered with a 400. Source: Mirakl, OR11, `order_ids`.
pub const IDS_PER_LOOK: usize = 100;

/// No span of time of the workflow makes sense beyond a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// The settings of the workflow. [`Settings::default`] holds the numbers for the real marketplace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The most that one call may take in all, from before the connection to the last byte of the answer.
    pub call_timeout: Duration,
    /// How long a claim lasts.
    pub lease: Duration,
    /// How long before its end a worker stops trusting its own lease.
    pub lease_margin: Duration,
    /// The least time between two looks of the whole shop at its orders in flight. Zero is for tests and benchmarks.
    pub poll_interval: Duration,
    /// How many looks an order gets to be seen as accepted after its acceptance was sent; 1 or more.
    pub validation_attempts: u32,
    /// How failed attempts are retried.
    pub retry: RetryPolicy,
    /// How long an order may stand in `WAITING_DEBIT` before a person is asked.
    pub debit_grace: Duration,
    /// How long after its creation the marketplace refuses an order that nobody accepted. No payload tells it.
    pub acceptance_deadline: Duration,
    /// How many acceptances may be under way at once; 1 or more.
    pub concurrency: usize,
    /// How old the marketplace's listing may be: an effect older than this is certain to be seen by a look.
    pub read_staleness: Duration,
    /// How old a look may be that justifies a send.
    pub look_freshness: Duration,
    /// How long orders that wait for their debit or for a person are left alone between two looks, at the most.
    pub slow_look_interval: Duration,
    /// After how many calls in a row that were not sent or not answered the workflow stops sending.
    pub breaker_threshold: u32,
    /// How much of a pause asked for by the marketplace a run waits for before it gives up.
    pub patience: Duration,
    /// How long the shop rests after a 429 that names no time.
    pub default_pause: Duration,
    /// How many orders are claimed, and how many settled, together; 1 to 1000.
    pub batch: usize,
    /// The most calls in any hour, over all workers of the store; `None` for no limit. 4 or more.
    pub calls_per_hour: Option<u32>,
    /// The most of them at once, after a time without calls: 3 or more and less than `calls_per_hour`; `None` for a quarter.
    pub call_burst: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self {
            call_timeout: Duration::from_secs(10),
            lease: Duration::from_secs(20),
            lease_margin: Duration::from_secs(2),
            poll_interval: MINUTE,
            validation_attempts: 5,
            retry: RetryPolicy {
                base: MINUTE,
                cap: 15 * MINUTE,
                attempts: 5,
            },
            debit_grace: 72 * 60 * MINUTE,
            acceptance_deadline: 24 * 60 * MINUTE,
            concurrency: 16,
            read_staleness: Duration::from_secs(5),
            look_freshness: MINUTE,
            slow_look_interval: 60 * MINUTE,
            breaker_threshold: 5,
            patience: MINUTE,
            default_pause: MINUTE,
            batch: 100,
            calls_per_hour: None,
            call_burst: None,
        }
    }
}

/// A setting outside of the range in which the workflow can keep its promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the setting `{name}` {problem}")]
pub struct InvalidSetting {
    /// The setting's name.
    pub name: &'static str,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl Settings {
    /// The budget of calls, where there is one.
    #[must_use]
    pub fn call_budget(&self) -> Option<CallBudget> {
        let quarter = CallBudget::per_hour(self.calls_per_hour?);
        Some(CallBudget {
            burst: self.call_burst.unwrap_or(quarter.burst),
            ..quarter
        })
    }

    /// How the budget of calls is drawn from. What was drawn leaves while its look is fresh, a lease later at the most;
    /// a minute is left for reads that are repeated and for a slow store.
    #[must_use]
    pub fn call_rate(&self) -> Option<CallRate> {
        const SPARE: Duration = Duration::from_secs(60);
        let held_for = self.look_freshness.saturating_add(self.lease).saturating_add(SPARE);
        self.call_budget().map(|budget| budget.rate(held_for))
    }

    /// Checks that the settings fit together.
    ///
    /// # Errors
    /// [`InvalidSetting`], naming the first one that does not.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let fail = |name, problem: String| Err(InvalidSetting { name, problem });
        let counts = [
            ("validation_attempts", u64::from(self.validation_attempts), 1000),
            ("retry_attempts", u64::from(self.retry.attempts), 1000),
            ("concurrency", self.concurrency as u64, 1024),
            ("breaker_threshold", u64::from(self.breaker_threshold), 1000),
            ("batch", self.batch as u64, 1000),
        ];
        for (name, value, most) in counts {
            if value == 0 || value > most {
                return fail(name, format!("is {value}; it must lie between 1 and {most}"));
            }
        }
        if self.call_burst.is_some() && self.calls_per_hour.is_none() {
            return fail(
                "call_burst",
                "is a part of `calls_per_hour`, which is not set: set both or none".to_owned(),
            );
        }
        if let Some(CallBudget { per_hour, burst }) = self.call_budget() {
            let least = CallBudget::LEAST_BURST;
            if per_hour <= least {
                return fail(
                    "calls_per_hour",
                    format!("is {per_hour}; it must be {} or more", least + 1),
                );
            }
            if burst < least || burst >= per_hour {
                let most = per_hour - 1;
                return fail(
                    "call_burst",
                    format!("is {burst}; it must lie between {least} and {most}"),
                );
            }
        }
        let spans = [
            ("call_timeout", self.call_timeout),
            ("lease", self.lease),
            ("lease_margin", self.lease_margin),
            ("poll_interval", self.poll_interval),
            ("retry_base", self.retry.base),
            ("retry_cap", self.retry.cap),
            ("debit_grace", self.debit_grace),
            ("acceptance_deadline", self.acceptance_deadline),
            ("read_staleness", self.read_staleness),
            ("look_freshness", self.look_freshness),
            ("slow_look_interval", self.slow_look_interval),
            ("patience", self.patience),
            ("default_pause", self.default_pause),
        ];
        if let Some((name, span)) = spans.into_iter().find(|(_, span)| *span > LONGEST) {
            return fail(name, format!("is {span:?}; it must be {LONGEST:?} (a year) or less"));
        }
        if self.call_timeout.is_zero() {
            return fail(
                "call_timeout",
                "is zero; a call needs some time, `10s` for one".to_owned(),
            );
        }
        if self.lease_margin.is_zero() {
            return fail(
                "lease_margin",
                "is zero; a lease can't be trusted to its very end".to_owned(),
            );
        }
        let least = self.call_timeout + self.lease_margin * 3;
        if self.lease < least {
            let problem = format!(
                "is {:?}; a call may take {:?} and the margin is {:?}, so it must be {least:?} or more",
                self.lease, self.call_timeout, self.lease_margin
            );
            return fail("lease", problem);
        }
        if self.retry.cap < self.retry.base {
            let problem = format!("is {:?}, less than the base of {:?}", self.retry.cap, self.retry.base);
            return fail("retry_cap", problem);
        }
        let least = self.call_timeout * 2;
        if self.look_freshness < least {
            let problem = format!(
                "is {:?}; a look may take {:?} itself, so it must be {least:?} or more to justify a send",
                self.look_freshness, self.call_timeout
            );
            return fail("look_freshness", problem);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_together() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn a_lease_too_short_for_a_call_is_refused_by_name() {
        let settings = Settings {
            lease: Duration::from_secs(11),
            ..Settings::default()
        };
        let error = settings.check().unwrap_err();
        assert_eq!(error.name, "lease");
        assert!(error.to_string().contains("16s or more"), "{error}");
    }

    #[test]
    fn counts_of_zero_are_refused_by_name() {
        let settings = Settings {
            concurrency: 0,
            ..Settings::default()
        };
        assert_eq!(settings.check().unwrap_err().name, "concurrency");
    }

    #[test]
    fn budgets_that_leave_nothing_to_work_with_are_refused_by_name() {
        let with = |per_hour, burst| Settings {
            calls_per_hour: Some(per_hour),
            call_burst: Some(burst),
            ..Settings::default()
        };
        assert_eq!(with(4, 3).check(), Ok(()));
        assert_eq!(with(3, 3).check().unwrap_err().name, "calls_per_hour");
        assert_eq!(with(4, 4).check().unwrap_err().name, "call_burst");
        assert_eq!(with(4, 2).check().unwrap_err().name, "call_burst");
        let alone = Settings {
            call_burst: Some(10),
            ..Settings::default()
        };
        assert_eq!(alone.check().unwrap_err().name, "call_burst");
    }

    #[test]
    fn a_look_that_could_never_be_fresh_is_refused_by_name() {
        let settings = Settings {
            look_freshness: Duration::from_secs(5),
            ..Settings::default()
        };
        assert_eq!(settings.check().unwrap_err().name, "look_freshness");
    }

    #[test]
    fn spans_beyond_a_year_are_refused_by_name() {
        let settings = Settings {
            call_timeout: Duration::MAX,
            ..Settings::default()
        };
        assert_eq!(settings.check().unwrap_err().name, "call_timeout");
        let mut settings = Settings::default();
        settings.retry.base = Duration::from_secs(u64::MAX);
        assert_eq!(settings.check().unwrap_err().name, "retry_base");
    }

    #[test]
    fn a_cap_below_its_base_is_refused_by_name() {
        let mut settings = Settings::default();
        settings.retry.cap = Duration::from_secs(1);
        assert_eq!(settings.check().unwrap_err().name, "retry_cap");
    }
}
