//! The worker's arguments.

use std::time::Duration;

use ackord::retry::RetryPolicy;
use ackord::settings::Settings;

use super::points::Point;

/// How to use the program.
const USAGE: &str = "ackord-worker --list
ackord-worker --store URL --marketplace URL --key KEY [--worker NAME] [--until-settled | --runs N]
    [--abort-at POINT[:NTH]] [--lease-ms N] [--margin-ms N] [--call-timeout-ms N] [--poll-ms N] [--retry-base-ms N]
    [--retry-cap-ms N] [--staleness-ms N] [--slow-look-ms N] [--pause-ms N] [--pg-connections N] [--concurrency N]
    [--batch N] [--attempts N]";

/// What the worker is asked for.
#[derive(Debug)]
pub enum Given {
    /// The list of points.
    List,
    /// To work.
    Work(Box<Options>),
}

/// When the worker ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Never: it runs until it is told to stop.
    Loop,
    /// After so many runs.
    Runs(u64),
    /// Once nothing is left to do but what waits for a person.
    UntilSettled,
}

/// Where the record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkerStore {
    /// A file, by its URL.
    Sqlite(String),
    /// A database, by its URL.
    Postgres(String),
}

/// All that a worker is told.
#[derive(Debug)]
pub struct Options {
    /// Its store; migrated already.
    pub store: WorkerStore,
    /// The marketplace's URL.
    pub marketplace: String,
    /// The shop's key.
    pub key: String,
    /// The worker's name in its leases.
    pub worker: String,
    /// When it ends by itself.
    pub mode: Mode,
    /// Where it aborts, and at which time that it comes there.
    pub abort_at: Option<(Point, u64)>,
    /// How many connections it opens to PostgreSQL at the most.
    pub pg_connections: u32,
    /// The workflow's settings: short, unless told otherwise.
    pub settings: Settings,
}

/// Arguments that can't be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}\n{USAGE}")]
pub struct UsageError(String);

/// The settings of a worker that is told nothing else: a lease of two seconds, and all other times to match.
fn short() -> Settings {
    Settings {
        call_timeout: Duration::from_millis(500),
        lease: Duration::from_secs(2),
        lease_margin: Duration::from_millis(200),
        poll_interval: Duration::from_millis(50),
        retry: RetryPolicy {
            base: Duration::from_millis(20),
            cap: Duration::from_millis(200),
            attempts: 5,
        },
        read_staleness: Duration::from_millis(20),
        slow_look_interval: Duration::from_millis(200),
        default_pause: Duration::from_millis(200),
        patience: Duration::from_secs(3),
        // More than any test makes: it is drawn from all the same.
        calls_per_hour: Some(100_000_000),
        ..Settings::default()
    }
}

impl Given {
    /// Reads the arguments, the program's name left out.
    ///
    /// # Errors
    /// [`UsageError`] for anything unknown, missing or unreadable.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, UsageError> {
        let mut options = Options {
            store: WorkerStore::Sqlite(String::new()),
            marketplace: String::new(),
            key: String::new(),
            worker: format!("worker-{}", std::process::id()),
            mode: Mode::Loop,
            abort_at: None,
            pg_connections: 4,
            settings: short(),
        };
        while let Some(name) = arguments.next() {
            match name.as_str() {
                "--list" => return Ok(Self::List),
                "--until-settled" => options.mode = Mode::UntilSettled,
                _ => {
                    let value = arguments
                        .next()
                        .ok_or_else(|| UsageError(format!("{name} needs a value")))?;
                    options.take(&name, value)?;
                }
            }
        }
        let missing = [
            ("--marketplace", options.marketplace.is_empty()),
            ("--key", options.key.is_empty()),
            ("--store", options.store == WorkerStore::Sqlite(String::new())),
        ];
        match missing.iter().find(|(_, missing)| *missing) {
            Some((name, _)) => Err(UsageError(format!("{name} is missing"))),
            None => Ok(Self::Work(Box::new(options))),
        }
    }
}

impl Options {
    fn take(&mut self, name: &str, value: String) -> Result<(), UsageError> {
        let settings = &mut self.settings;
        match name {
            "--store" if value.starts_with("sqlite:") => self.store = WorkerStore::Sqlite(value),
            "--store" => self.store = WorkerStore::Postgres(value),
            "--marketplace" => self.marketplace = value,
            "--key" => self.key = value,
            "--worker" => self.worker = value,
            "--runs" => self.mode = Mode::Runs(number(name, &value)?),
            "--abort-at" => self.abort_at = Some(point(&value)?),
            "--pg-connections" => self.pg_connections = number(name, &value)?,
            "--lease-ms" => settings.lease = millis(name, &value)?,
            "--margin-ms" => settings.lease_margin = millis(name, &value)?,
            "--call-timeout-ms" => settings.call_timeout = millis(name, &value)?,
            "--poll-ms" => settings.poll_interval = millis(name, &value)?,
            "--retry-base-ms" => settings.retry.base = millis(name, &value)?,
            "--retry-cap-ms" => settings.retry.cap = millis(name, &value)?,
            "--staleness-ms" => settings.read_staleness = millis(name, &value)?,
            "--slow-look-ms" => settings.slow_look_interval = millis(name, &value)?,
            "--pause-ms" => settings.default_pause = millis(name, &value)?,
            "--concurrency" => settings.concurrency = number(name, &value)?,
            "--batch" => settings.batch = number(name, &value)?,
            "--attempts" => settings.retry.attempts = number(name, &value)?,
            _ => return Err(UsageError(format!("{name} is unknown"))),
        }
        Ok(())
    }
}

fn number<N: std::str::FromStr>(name: &str, value: &str) -> Result<N, UsageError> {
    value
        .parse()
        .map_err(|_| UsageError(format!("{name} takes a number, not `{value}`")))
}

fn millis(name: &str, value: &str) -> Result<Duration, UsageError> {
    number(name, value).map(Duration::from_millis)
}

fn point(value: &str) -> Result<(Point, u64), UsageError> {
    let (name, nth) = value.split_once(':').unwrap_or((value, "1"));
    let point = name.parse().map_err(|error| UsageError(format!("{error}")))?;
    Ok((point, number("--abort-at", nth)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(line: &str) -> Result<Given, UsageError> {
        Given::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_worker_is_told_where_to_work_and_where_to_abort() {
        let line = "--store sqlite:x.db --marketplace http://m --key k --until-settled --abort-at settle.after:3 --lease-ms 5000";
        let Ok(Given::Work(options)) = given(line) else {
            panic!("it can be read");
        };
        assert_eq!(options.store, WorkerStore::Sqlite("sqlite:x.db".to_owned()));
        assert_eq!(options.mode, Mode::UntilSettled);
        let (point, nth) = options.abort_at.unwrap();
        assert_eq!((point.to_string().as_str(), nth), ("settle.after", 3));
        assert_eq!(options.settings.lease, Duration::from_secs(5));
    }

    #[test]
    fn what_is_unknown_or_missing_is_refused() {
        for line in [
            "--store sqlite:x --key k",
            "--marketplace m --key k",
            "--stor x",
            "--store",
            "--store sqlite:x --marketplace m --key k --abort-at nowhere.before",
            "--store sqlite:x --marketplace m --key k --runs some",
        ] {
            assert!(given(line).is_err(), "{line}");
        }
    }

    #[test]
    fn the_short_settings_fit_together() {
        assert_eq!(short().check(), Ok(()));
    }
}
