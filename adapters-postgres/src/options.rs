//! How the store connects: the settings, and the address with its password.

use std::str::FromStr as _;
use std::time::Duration;

use ackord::ports::{StoreError, StoreResult};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::errors::refused;

/// What an address may say besides user, host, port and database.
const PARAMETERS: [&str; 19] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "options[search_path]",
];

/// How an address looks, for errors.
const FORM: &str = "it should look like postgres://USER:PASSWORD@HOST:PORT/DATABASE";

/// How orders that are due are claimed. Both keep the same promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClaimStrategy {
    /// Rows that another worker is just claiming are passed over (`FOR UPDATE SKIP LOCKED`).
    #[default]
    SkipLocked,
    /// Rows are read, and taken where they still stand as they were read: for databases without `SKIP LOCKED`. Workers
    /// that claim at the same moment get in each other's way and try again.
    GuardedUpdate,
}

/// The settings of a [`crate::PostgresStore`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// How many connections may be open at once; 1 or more. 10 by default.
    pub max_connections: u32,
    /// How long to wait for a connection, opening one included. 5 s by default.
    pub acquire_timeout: Duration,
    /// Whether statements stay prepared on their connections: `true` by default. Behind a pooler that gives out
    /// connections by the transaction (PgBouncer) it must be `false`, and migrations need a direct address.
    pub statement_cache: bool,
    /// The name under which the server lists the connections. `ackord` by default.
    pub application_name: String,
    /// How long a statement may take before the server ends it. 30 s by default.
    pub statement_timeout: Duration,
    /// How long a statement may wait for another writer before it is tried again. 500 ms by default: less than the
    /// server's `deadlock_timeout`, so that of two writers in each other's way it is never the other program that fails.
    pub lock_timeout: Duration,
    /// How orders are claimed. [`ClaimStrategy::SkipLocked`] by default.
    pub claim: ClaimStrategy,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_cache: true,
            application_name: "ackord".to_owned(),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_millis(500),
            claim: ClaimStrategy::default(),
        }
    }
}

/// Reads an address. No part of it is repeated in an error: a misplaced password could be in any.
pub(crate) fn address(url: &SecretString, options: &PostgresOptions) -> StoreResult<PgConnectOptions> {
    let text = url.expose_secret();
    let parsed =
        Url::parse(text).map_err(|error| refused(format!("the database address can't be read ({error}): {FORM}")))?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") {
        return Err(refused(format!(
            "the database address does not begin with postgres://: {FORM}"
        )));
    }
    if parsed
        .query_pairs()
        .any(|(name, _)| !PARAMETERS.contains(&&*name) && !name.starts_with("options["))
    {
        let known = PARAMETERS.join(", ");
        return Err(refused(format!(
            "the database address has an unknown parameter; known are {known}"
        )));
    }
    let mut address = PgConnectOptions::from_str(text).map_err(|_| unreadable_parameter())?;
    if address.get_application_name().is_none() {
        address = address.application_name(&options.application_name);
    }
    if !options.statement_cache {
        address = address.statement_cache_capacity(0);
    }
    Ok(address)
}

fn unreadable_parameter() -> StoreError {
    refused(format!("a parameter of the database address can't be read: {FORM}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        let error = address(&SecretString::from(url), &PostgresOptions::default()).unwrap_err();
        format!("{error} {error:?}")
    }

    #[test]
    fn an_address_keeps_what_it_says() {
        let url = SecretString::from("postgres://shop:s3cret@db.example:6543/orders?sslmode=require");
        let address = address(&url, &PostgresOptions::default()).unwrap();
        assert_eq!((address.get_host(), address.get_port()), ("db.example", 6543));
        assert_eq!(address.get_database(), Some("orders"));
        assert_eq!(address.get_application_name(), Some("ackord"));
    }

    #[test]
    fn an_unreadable_address_is_refused_without_its_password() {
        for url in [
            "postgres://shop:s3cret@db:port/orders",
            "shop:s3cret@db/orders",
            "mysql://shop:s3cret@db/orders",
            "postgres://shop:s3cret@db/orders?sslmode=s3cret",
            "postgres://shop@db/orders?passwort=s3cret",
        ] {
            let words = refusal(url);
            assert!(!words.contains("s3cret"), "{words}");
            assert!(words.contains("the database address"), "{words}");
        }
    }
}
