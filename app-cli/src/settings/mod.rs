//! Settings: flags over environment over `ackord.toml` over defaults.
//!
//! [`SettingFlags`] is what was typed; [`Config`] is what holds: read, checked, and with the origin of each value for
//! whoever has to mend it. Every setting is one row of the table in [`table`], from which its flag, its environment variable,
//! its key in the file, the help and `ackord.example.toml` are made.

mod api_key;
mod error;
pub mod example;
mod file;
mod flags;
mod layers;
mod store_url;
pub mod table;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use ackord::alerts::AlertRules;
use ackord::settings::InvalidSetting;
use ackord::workflow::Every;
use ackord_postgres::ClaimStrategy;
use jiff::tz::TimeZone;
use secrecy::SecretString;

use crate::schedule::CronText;

pub use api_key::KeySource;
pub use error::{Origin, SettingsError};
pub use flags::{SettingFlags, StoreFlag};
pub use layers::load;
pub use store_url::StoreUrl;

/// The settings of the marketplace client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketplaceConfig {
    /// Where it is, without a slash at its end.
    pub url: String,
    /// Which shop of the key's owner; `None` for the default one.
    pub shop_id: Option<i64>,
    /// The most that making a connection may take.
    pub connect_timeout: Duration,
    /// The largest answer that is read, in bytes.
    pub max_response_bytes: usize,
    /// How many orders to ask for on a page.
    pub page_size: u32,
    /// How often a read is made again.
    pub read_retries: u32,
    /// How long a read may take with all its retries.
    pub read_time_budget: Duration,
}

/// The settings of a PostgreSQL store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostgresConfig {
    /// How many connections may be open at once.
    pub connections: u32,
    /// Whether statements stay prepared on their connections.
    pub statement_cache: bool,
    /// How orders are claimed.
    pub claim: ClaimStrategy,
}

/// When `ackord serve` runs.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// From the beginning of one run to that of the next.
    pub interval: Duration,
    /// Up to so much later, at random.
    pub jitter: Duration,
    /// The times of runs, in the place of the interval.
    pub cron: Option<CronText>,
    /// The time zone of these; the system's where it is left out.
    pub time_zone: Option<TimeZone>,
    /// Where it answers over HTTP; nowhere by default.
    pub listen: Option<SocketAddr>,
    /// Where the token for asking for a run stands.
    pub token: KeySource,
}

impl Default for ServeConfig {
    fn default() -> Self {
        let Every { interval, jitter } = Every::default();
        Self {
            interval,
            jitter,
            cron: None,
            time_zone: None,
            listen: None,
            token: KeySource::None,
        }
    }
}

/// When and how people are told of what is wrong.
#[derive(Debug, Clone, Default)]
pub struct AlertsConfig {
    /// Where alerts are posted.
    pub webhook_url: Option<String>,
    /// By what they are signed.
    pub webhook_secret: KeySource,
    /// The incoming webhook of Slack.
    pub slack_url: KeySource,
    /// The mail server.
    pub smtp_url: Option<String>,
    /// Its password.
    pub smtp_password: KeySource,
    /// The sender.
    pub mail_from: Option<String>,
    /// The receivers, separated by commas.
    pub mail_to: Option<String>,
    /// When, and how often; its deadline is the workflow's.
    pub rules: AlertRules,
}

/// The settings that hold.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the record is kept.
    pub store: StoreUrl,
    /// How a PostgreSQL store is reached.
    pub postgres: PostgresConfig,
    /// The marketplace.
    pub marketplace: MarketplaceConfig,
    /// Where the API key comes from.
    pub key: KeySource,
    /// The workflow's own settings.
    pub workflow: ackord::Settings,
    /// When `ackord serve` runs.
    pub serve: ServeConfig,
    /// Alerts.
    pub alerts: AlertsConfig,
    origins: BTreeMap<&'static str, Origin>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            store: StoreUrl::default(),
            postgres: PostgresConfig {
                connections: 10,
                statement_cache: true,
                claim: ClaimStrategy::SkipLocked,
            },
            marketplace: MarketplaceConfig {
                url: "https://marketplace.bestbuy.ca".to_owned(),
                shop_id: None,
                connect_timeout: Duration::from_secs(5),
                max_response_bytes: 32 << 20,
                page_size: 100,
                read_retries: 3,
                read_time_budget: Duration::from_secs(30),
            },
            key: KeySource::default(),
            workflow: ackord::Settings::default(),
            serve: ServeConfig::default(),
            alerts: AlertsConfig::default(),
            origins: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Where the value of a setting comes from.
    #[must_use]
    pub fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }

    /// How many settings differ from their defaults in origin, for `check`.
    #[must_use]
    pub fn origins(&self) -> Vec<(&'static str, &Origin)> {
        self.origins.iter().map(|(key, origin)| (*key, origin)).collect()
    }

    /// Checks that the settings fit together.
    ///
    /// # Errors
    /// [`SettingsError::DoesNotFit`], naming the setting, where its value comes from, and what would fit.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.workflow.check().map_err(|source| self.does_not_fit(source))
    }

    /// The API key.
    ///
    /// # Errors
    /// [`SettingsError::NoKey`] where none was given, [`SettingsError::Key`] where it can't be read or is none.
    pub fn api_key(&self) -> Result<SecretString, SettingsError> {
        let origin = match self.key {
            KeySource::File(_) => self.origin("api_key_file"),
            KeySource::None | KeySource::Given(_) => self.origin("api_key"),
        };
        self.key.read(origin)
    }

    /// The token by which other programs ask `ackord serve` for a run; `None` where there is none.
    ///
    /// # Errors
    /// [`SettingsError::Key`] where it can't be read or is none.
    pub fn serve_token(&self) -> Result<Option<SecretString>, SettingsError> {
        self.secret("serve_token_file", &self.serve.token)
    }

    /// What the file of the setting `key` holds; `None` where there is none.
    ///
    /// # Errors
    /// [`SettingsError::Key`] where it can't be read or is none.
    pub(crate) fn secret(&self, key: &str, source: &KeySource) -> Result<Option<SecretString>, SettingsError> {
        match source {
            KeySource::None => Ok(None),
            source => source.read(self.origin(key)).map(Some),
        }
    }

    /// The rules of alerts.
    #[must_use]
    pub fn alert_rules(&self) -> AlertRules {
        AlertRules {
            deadline: self.workflow.acceptance_deadline,
            ..self.alerts.rules.clone()
        }
    }

    fn does_not_fit(&self, source: InvalidSetting) -> SettingsError {
        // Where a default no longer fits, the setting that somebody changed is the one to name as well.
        let own = match self.origin(source.name) {
            Origin::Default => {
                let (flag, variable) = (source.name.replace('_', "-"), source.name.to_ascii_uppercase());
                format!(
                    "`{}` is at its default: set it by --{flag} or ACKORD_{variable}",
                    source.name
                )
            }
            origin => format!("`{}` was set by {origin}", source.name),
        };
        let others = table::related(source.name)
            .iter()
            .filter(|key| **key != source.name)
            .filter_map(|key| self.origins.get_key_value(key))
            .map(|(key, origin)| format!("`{key}` was set by {origin}"));
        SettingsError::DoesNotFit {
            origins: std::iter::once(own).chain(others).collect(),
            source,
        }
    }
}
