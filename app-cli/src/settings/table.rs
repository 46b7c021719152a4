//! Every setting, one row each: from here come its flag, its variable, its key in the file and its explanation.
//!
//! The file is long because the table is.

use std::net::SocketAddr;

use ackord_postgres::ClaimStrategy;
use jiff::tz::TimeZone;
use url::Url;

use super::{Config, KeySource, StoreUrl};
use crate::schedule::CronText;
use crate::span;

/// What the values of a setting look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A span of time.
    Span,
    /// A whole number.
    Number,
    /// Yes or no.
    Switch,
    /// Any other text.
    Text,
}

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file.
    pub key: &'static str,
    /// What its values look like.
    pub kind: Kind,
    /// What the value is called in the help.
    pub value_name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// More on it, for the example file.
    pub more: &'static str,
    /// Whether it has a flag.
    pub flag: bool,
    /// Whether it is in the short help.
    pub common: bool,
    pub(super) set: fn(&mut Config, &str) -> Result<(), String>,
    pub(super) show: fn(&Config) -> Option<String>,
}

impl Setting {
    /// Its flag, without the dashes.
    #[must_use]
    pub fn flag_name(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Its environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("ACKORD_{}", self.key.to_ascii_uppercase())
    }

    /// Its default, as it would be written; `None` where there is none.
    #[must_use]
    pub fn default_text(&self) -> Option<String> {
        (self.show)(&Config::default())
    }
}

/// The setting of this key.
#[must_use]
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The settings that the one of this key has to fit.
pub(super) fn related(key: &str) -> &'static [&'static str] {
    match key {
        "lease" | "lease_margin" | "call_timeout" => &["call_timeout", "lease_margin"],
        "look_freshness" => &["call_timeout"],
        "retry_cap" => &["retry_base"],
        "call_burst" => &["calls_per_hour"],
        _ => &[],
    }
}

macro_rules! span_setting {
    ($key:literal, $field:ident $(. $inner:ident)*, $about:literal, $more:literal) => {
        Setting {
            key: $key,
            kind: Kind::Span,
            value_name: "SPAN",
            about: $about,
            more: $more,
            flag: true,
            common: false,
            set: |config, text| {
                config.$field $(. $inner)* = span::parse(text)?;
                Ok(())
            },
            show: |config| Some(span::show(config.$field $(. $inner)*)),
        }
    };
}

macro_rules! number_setting {
    ($key:literal, $field:ident $(. $inner:ident)*, $about:literal, $more:literal) => {
        Setting {
            key: $key,
            kind: Kind::Number,
            value_name: "NUMBER",
            about: $about,
            more: $more,
            flag: true,
            common: false,
            set: |config, text| {
                config.$field $(. $inner)* = number(text)?;
                Ok(())
            },
            show: |config| Some(config.$field $(. $inner)* .to_string()),
        }
    };
}

macro_rules! count_setting {
    ($key:literal, $field:ident $(. $inner:ident)*, $about:literal, $more:literal) => {
        Setting {
            key: $key,
            kind: Kind::Number,
            value_name: "NUMBER",
            about: $about,
            more: $more,
            flag: true,
            common: false,
            set: |config, text| {
                config.$field $(. $inner)* = Some(number(text)?);
                Ok(())
            },
            show: |config| config.$field $(. $inner)* .map(|count| count.to_string()),
        }
    };
}

macro_rules! secret_file {
    ($key:literal, $field:ident . $inner:ident, $about:literal, $more:literal) => {
        Setting {
            key: $key,
            kind: Kind::Text,
            value_name: "PATH",
            about: $about,
            more: $more,
            flag: true,
            common: false,
            set: |config, text| {
                config.$field.$inner = KeySource::File(text.into());
                Ok(())
            },
            show: |_| None,
        }
    };
}

macro_rules! text_setting {
    ($key:literal, $value_name:literal, $field:ident . $inner:ident, $read:path, $about:literal, $more:literal) => {
        Setting {
            key: $key,
            kind: Kind::Text,
            value_name: $value_name,
            about: $about,
            more: $more,
            flag: true,
            common: false,
            set: |config, text| {
                config.$field.$inner = Some($read(text)?);
                Ok(())
            },
            show: |config| config.$field.$inner.clone(),
        }
    };
}

const fn common(setting: Setting) -> Setting {
    Setting {
        common: true,
        ..setting
    }
}

/// Every setting, in the order of the example file.
pub static SETTINGS: &[Setting] = &[
    Setting {
        key: "store",
        kind: Kind::Text,
        value_name: "URL",
        about: "Where the record is kept: `sqlite:PATH` or `postgres://USER@HOST/DATABASE`",
        more: "A SQLite file is made where there is none.",
        flag: true,
        common: true,
        set: |config, text| {
            config.store = StoreUrl::parse(text)?;
            Ok(())
        },
        show: |config| Some(config.store.to_string()),
    },
    Setting {
        key: "marketplace_url",
        kind: Kind::Text,
        value_name: "URL",
        about: "Where the marketplace's API is",
        more: "It must be https, except on this machine (the sandbox).",
        flag: true,
        common: true,
        set: |config, text| {
            config.marketplace.url = marketplace_url(text)?;
            Ok(())
        },
        show: |config| Some(config.marketplace.url.clone()),
    },
    Setting {
        key: "api_key",
        kind: Kind::Text,
        value_name: "KEY",
        about: "The marketplace's API key",
        more: "Better in a file of its own or in the environment. It has no flag: everybody on a machine can read those.",
        flag: false,
        common: false,
        set: |config, text| {
            config.key = KeySource::Given(text.into());
            Ok(())
        },
        show: |_| None,
    },
    Setting {
        key: "api_key_file",
        kind: Kind::Text,
        value_name: "PATH",
        about: "A file that holds the API key alone",
        more: "Give either this or api_key.",
        flag: true,
        common: true,
        set: |config, text| {
            config.key = KeySource::File(text.into());
            Ok(())
        },
        show: |_| None,
    },
    Setting {
        key: "shop_id",
        kind: Kind::Number,
        value_name: "ID",
        about: "Which shop, where the key's owner has several",
        more: "Left out, the marketplace silently takes the owner's default shop.",
        flag: true,
        common: true,
        set: |config, text| {
            config.marketplace.shop_id = Some(number(text)?);
            Ok(())
        },
        show: |config| config.marketplace.shop_id.map(|id| id.to_string()),
    },
    common(span_setting!(
        "poll_interval",
        workflow.poll_interval,
        "The least time between two looks of the whole shop at its orders in flight",
        "The marketplace publishes once a minute as its ceiling (15 minutes for keys of external partners)."
    )),
    common(number_setting!(
        "validation_attempts",
        workflow.validation_attempts,
        "How many looks an order gets to be seen as accepted after its acceptance was sent",
        "An order not seen as accepted by then waits for a person."
    )),
    common(number_setting!(
        "concurrency",
        workflow.concurrency,
        "How many acceptances may be under way at once",
        "From 1 to 1024."
    )),
    common(span_setting!(
        "retry_base",
        workflow.retry.base,
        "The wait before a failed order's first retry, doubled for each further one",
        "Half of it is left to chance. A retry happens in the first run after its time."
    )),
    span_setting!(
        "retry_cap",
        workflow.retry.cap,
        "The longest wait before a retry",
        "At least retry_base."
    ),
    common(number_setting!(
        "retry_attempts",
        workflow.retry.attempts,
        "How many attempts an order gets in all before a person is asked",
        "1 for no retries."
    )),
    span_setting!(
        "call_timeout",
        workflow.call_timeout,
        "The most that one call may take in all",
        "From before the connection to the last byte of the answer. The lease must have room for it."
    ),
    span_setting!(
        "connect_timeout",
        marketplace.connect_timeout,
        "The most that making a connection may take",
        "Part of call_timeout, and never longer."
    ),
    number_setting!(
        "max_response_bytes",
        marketplace.max_response_bytes,
        "The largest answer that is read, in bytes",
        "A page of 100 orders has about a million."
    ),
    number_setting!(
        "page_size",
        marketplace.page_size,
        "How many orders to ask for on a page of the list",
        "From 1 to 100, the marketplace's own limit."
    ),
    number_setting!(
        "read_retries",
        marketplace.read_retries,
        "How often a read is made again after a fault that may pass",
        "From 0 to 20. An acceptance is never sent again by the client."
    ),
    span_setting!(
        "read_time_budget",
        marketplace.read_time_budget,
        "How long a read may take with all its retries",
        ""
    ),
    span_setting!(
        "lease",
        workflow.lease,
        "How long a worker holds an order it works on",
        "At least call_timeout and three times lease_margin. After a crash, this is how long its orders wait for another worker."
    ),
    span_setting!(
        "lease_margin",
        workflow.lease_margin,
        "How long before its end a worker stops trusting its own lease",
        ""
    ),
    span_setting!(
        "debit_grace",
        workflow.debit_grace,
        "How long an order may wait for its debit before a person is asked",
        "Payments of 48 hours and more have been seen."
    ),
    span_setting!(
        "acceptance_deadline",
        workflow.acceptance_deadline,
        "How long after its creation the marketplace refuses an order that nobody accepted",
        "The marketplace's own setting, which no answer of its API tells: ask its operator."
    ),
    span_setting!(
        "read_staleness",
        workflow.read_staleness,
        "How old the marketplace's lists may be",
        "An effect older than this is certain to be seen by a look."
    ),
    span_setting!(
        "look_freshness",
        workflow.look_freshness,
        "How old a look may be that justifies sending an acceptance",
        "At least twice call_timeout."
    ),
    span_setting!(
        "slow_look_interval",
        workflow.slow_look_interval,
        "The longest time between two looks at an order that waits for its debit or for a person",
        ""
    ),
    number_setting!(
        "breaker_threshold",
        workflow.breaker_threshold,
        "After how many acceptances in a row without an answer the workflow stops sending",
        "The next run then tries one."
    ),
    span_setting!(
        "patience",
        workflow.patience,
        "How much of a rest asked for by the marketplace a run waits for",
        "A longer one ends the run with exit code 4; a later run goes on."
    ),
    span_setting!(
        "default_pause",
        workflow.default_pause,
        "How long the shop rests after a 429 that names no time",
        ""
    ),
    count_setting!(
        "calls_per_hour",
        workflow.calls_per_hour,
        "The most calls to the marketplace in any hour, over all workers that share the store",
        "Left out, as many are made as there are. The marketplace counts the calls of a key over the last hour and answers \
         429 where they are too many; it publishes no number."
    ),
    count_setting!(
        "call_burst",
        workflow.call_burst,
        "How many of the hour's calls may be made at once",
        "The rest is made evenly. At least 3 and less than calls_per_hour; left out, a quarter of it."
    ),
    number_setting!(
        "batch",
        workflow.batch,
        "How many orders are claimed, and how many settled, together",
        "From 1 to 1000."
    ),
    number_setting!(
        "postgres_connections",
        postgres.connections,
        "How many connections to a PostgreSQL store may be open at once",
        ""
    ),
    Setting {
        key: "postgres_statement_cache",
        kind: Kind::Switch,
        value_name: "BOOL",
        about: "Whether statements stay prepared on connections to a PostgreSQL store",
        more: "Must be false behind a pooler that gives out connections by the transaction, such as PgBouncer.",
        flag: true,
        common: false,
        set: |config, text| {
            config.postgres.statement_cache = switch(text)?;
            Ok(())
        },
        show: |config| Some(config.postgres.statement_cache.to_string()),
    },
    Setting {
        key: "postgres_claim",
        kind: Kind::Text,
        value_name: "STRATEGY",
        about: "How orders are claimed from a PostgreSQL store: `skip-locked` or `guarded-update`",
        more: "The second is for databases that speak PostgreSQL and have no SKIP LOCKED.",
        flag: true,
        common: false,
        set: |config, text| {
            config.postgres.claim = claim_strategy(text)?;
            Ok(())
        },
        show: |config| Some(claim_name(config.postgres.claim).to_owned()),
    },
    span_setting!(
        "serve_interval",
        serve.interval,
        "How long from one run of `ackord serve` to the next",
        "Counted from beginning to beginning. The marketplace asks for no more than one list a minute."
    ),
    span_setting!(
        "serve_jitter",
        serve.jitter,
        "How much later than due a run of `ackord serve` may begin, at random",
        "It keeps several that were started together apart."
    ),
    Setting {
        key: "serve_cron",
        kind: Kind::Text,
        value_name: "EXPRESSION",
        about: "The times at which `ackord serve` runs, in the place of serve_interval",
        more: "A cron expression of five parts (minute, hour, day of the month, month, day of the week), `*/10 6-22 * * *` for example.",
        flag: true,
        common: false,
        set: |config, text| {
            config.serve.cron = Some(CronText::parse(text)?);
            Ok(())
        },
        show: |config| config.serve.cron.as_ref().map(|cron| cron.as_str().to_owned()),
    },
    Setting {
        key: "serve_time_zone",
        kind: Kind::Text,
        value_name: "ZONE",
        about: "The time zone of serve_cron, `America/Toronto` for example",
        more: "Left out, that of the system.",
        flag: true,
        common: false,
        set: |config, text| {
            config.serve.time_zone = Some(time_zone(text)?);
            Ok(())
        },
        show: |config| config.serve.time_zone.as_ref()?.iana_name().map(str::to_owned),
    },
    Setting {
        key: "serve_listen",
        kind: Kind::Text,
        value_name: "ADDRESS",
        about: "Where `ackord serve` answers over HTTP: `/livez`, `/readyz`, `/metrics` for Prometheus, and `POST /run`",
        more: "Left out, nowhere. What it answers is plain HTTP: let it listen on this machine, or behind a proxy.",
        flag: true,
        common: false,
        set: |config, text| {
            config.serve.listen = Some(address(text)?);
            Ok(())
        },
        show: |config| config.serve.listen.map(|address| address.to_string()),
    },
    secret_file!(
        "serve_token_file",
        serve.token,
        "A file that holds the token for `POST /run` alone: `Authorization: Bearer TOKEN`",
        "Left out, nobody can ask for a run over HTTP."
    ),
    text_setting!(
        "alert_webhook_url",
        "URL",
        alerts.webhook_url,
        receiver_url,
        "Where alerts are posted as JSON",
        "Always signed: it needs alert_webhook_secret_file. It must be https, except on this machine."
    ),
    secret_file!(
        "alert_webhook_secret_file",
        alerts.webhook_secret,
        "A file that holds the secret alone by which posted alerts are signed",
        "Needed with alert_webhook_url; 16 characters or more."
    ),
    secret_file!(
        "alert_slack_url_file",
        alerts.slack_url,
        "A file that holds the URL alone of an incoming webhook of Slack, or of what understands the same",
        "Whoever knows the URL can post there: it is a secret."
    ),
    text_setting!(
        "alert_smtp_url",
        "URL",
        alerts.smtp_url,
        plain_text,
        "The mail server for alerts: `smtps://USER@HOST:465` or `smtp+starttls://USER@HOST:587`",
        "Needs alert_mail_from and alert_mail_to."
    ),
    secret_file!(
        "alert_smtp_password_file",
        alerts.smtp_password,
        "A file that holds the password alone for the mail server",
        "Left out, nobody logs in there."
    ),
    text_setting!(
        "alert_mail_from",
        "ADDRESS",
        alerts.mail_from,
        plain_text,
        "The sender of alerts by mail",
        ""
    ),
    text_setting!(
        "alert_mail_to",
        "ADDRESSES",
        alerts.mail_to,
        plain_text,
        "Who gets alerts by mail",
        "Several are separated by commas."
    ),
    span_setting!(
        "alert_outage_after",
        alerts.rules.outage_after,
        "How long the marketplace or the database may be down before there is an alert",
        ""
    ),
    span_setting!(
        "alert_silent_after",
        alerts.rules.silent_after,
        "How long nothing may have run before there is an alert",
        "Longer than serve_interval, or than the gaps of serve_cron."
    ),
    span_setting!(
        "alert_reminder",
        alerts.rules.reminder,
        "How often there is a reminder of what still is so",
        ""
    ),
    number_setting!(
        "alert_hourly_limit",
        alerts.rules.hourly,
        "Of how many alerts people are told within an hour at the most",
        "Critical ones and all-clears go out all the same; what is beyond is told when there is room."
    ),
];

fn address(text: &str) -> Result<SocketAddr, String> {
    text.trim()
        .parse()
        .map_err(|_| "is no address with a port: write `127.0.0.1:9464`".to_owned())
}

fn plain_text(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("is empty".to_owned()),
        text if text.chars().any(char::is_control) => Err("holds a control character".to_owned()),
        text => Ok(text.to_owned()),
    }
}

fn receiver_url(text: &str) -> Result<String, String> {
    let text = plain_text(text)?;
    let url = Url::parse(&text).map_err(|error| format!("is no URL: {error}"))?;
    match url.scheme() {
        "https" => Ok(text),
        "http" if is_local(&url) => Ok(text),
        _ => Err("must begin with https".to_owned()),
    }
}

fn time_zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text.trim()).map_err(|_| "is no time zone: write `America/Toronto`, or `UTC`".to_owned())
}

fn claim_strategy(text: &str) -> Result<ClaimStrategy, String> {
    [ClaimStrategy::SkipLocked, ClaimStrategy::GuardedUpdate]
        .into_iter()
        .find(|strategy| claim_name(*strategy) == text.trim())
        .ok_or_else(|| "is neither `skip-locked` nor `guarded-update`".to_owned())
}

const fn claim_name(strategy: ClaimStrategy) -> &'static str {
    match strategy {
        ClaimStrategy::SkipLocked => "skip-locked",
        ClaimStrategy::GuardedUpdate => "guarded-update",
    }
}

fn switch(text: &str) -> Result<bool, String> {
    text.trim()
        .parse()
        .map_err(|_| "is neither `true` nor `false`".to_owned())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("is no whole number".to_owned());
    }
    text.parse().map_err(|_| "is too large".to_owned())
}

fn marketplace_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("is no URL: {error}"))?;
    let local = is_local(&url);
    match url.scheme() {
        _ if !url.username().is_empty() || url.password().is_some() => {
            Err("holds a user or password; the key alone opens the API".to_owned())
        }
        "https" => Ok(bare(&url)),
        "http" if local => Ok(bare(&url)),
        "http" => {
            Err("must begin with https: the key would travel readable (http is for this machine alone)".to_owned())
        }
        _ => Err("must begin with https".to_owned()),
    }
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn bare(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_default_reads_back_as_itself() {
        for setting in SETTINGS {
            let Some(default) = setting.default_text() else {
                continue;
            };
            let mut config = Config::default();
            (setting.set)(&mut config, &default).unwrap();
            assert_eq!((setting.show)(&config), Some(default), "{}", setting.key);
        }
    }

    #[test]
    fn every_setting_has_a_key_of_its_own() {
        let keys: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        assert_eq!(keys.len(), SETTINGS.len());
    }

    #[test]
    fn a_row_sets_what_it_shows() {
        for setting in SETTINGS {
            let value = match (setting.key, setting.kind) {
                ("store", _) => "sqlite:other.db",
                ("marketplace_url", _) => "https://other.example",
                ("api_key", _) => continue,
                (key, _) if key.ends_with("_file") => continue,
                ("alert_webhook_url", _) => "https://alerts.example/hook",
                ("serve_listen", _) => "127.0.0.1:9464",
                ("postgres_claim", _) => "guarded-update",
                ("serve_cron", _) => "*/7 * * * *",
                ("serve_time_zone", _) => "America/Toronto",
                (_, Kind::Span) => "123ms",
                (_, Kind::Switch) => "false",
                _ => "7",
            };
            let mut config = Config::default();
            (setting.set)(&mut config, value).unwrap();
            assert_eq!((setting.show)(&config).as_deref(), Some(value), "{}", setting.key);
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for url in [
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:1",
            "https://a.example",
        ] {
            assert!(marketplace_url(url).is_ok(), "{url}");
        }
        for url in [
            "http://a.example",
            "ftp://a.example",
            "a.example",
            "https://me:pw@a.example",
            "http://localhost.a.example",
        ] {
            assert!(marketplace_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn numbers_are_whole() {
        for text in ["", "-1", "1.5", "0x10", "ten", "99999999999999999999999"] {
            assert!(number::<u64>(text).is_err(), "{text}");
        }
        assert_eq!(number::<u32>(" 12 "), Ok(12));
    }
}
