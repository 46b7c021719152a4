//! How the file is opened: the options, and the address.

use std::str::FromStr;
use std::time::Duration;

use ackord::ports::{StoreError, StoreResult};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::errors;

/// How a [`crate::SqliteStore`] uses its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How many connections read at once; 1 or more. Writes always go through a single one.
    pub readers: u32,
    /// How long a write waits for other programs that write to the file before it gives up as busy.
    pub busy_timeout: Duration,
    /// The most pages (of 4096 bytes) that the file may grow to; `None` for no limit but the disk's. What would go
    /// beyond ends in [`StoreError::Full`], as on a full disk.
    pub max_pages: Option<u32>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers: 4,
            busy_timeout: Duration::from_secs(30),
            max_pages: None,
        }
    }
}

/// Reads the address: `sqlite:PATH` or `sqlite://PATH`, percent-encoded where the path holds `?` or `%`, optionally with
/// `?mode=ro`, `rw` or `rwc` (the default: the file is created where it is missing).
pub(crate) fn parse_url(url: &str) -> StoreResult<SqliteConnectOptions> {
    let address = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))
        .ok_or_else(|| errors::refused("the address of a SQLite store has the form `sqlite:PATH`"))?;
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    if path.is_empty() {
        return Err(errors::refused("the address names no file: write `sqlite:PATH`"));
    }
    let in_memory = path == ":memory:" || query.split('&').any(|part| part == "mode=memory");
    if in_memory || path.starts_with("file:") {
        return Err(errors::refused(
            "a store in memory would forget what was sent: write `sqlite:PATH` with the path of a file",
        ));
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|error| StoreError::Refused {
        what: "the address of the SQLite store can't be read".to_owned(),
        source: Some(Box::new(error)),
    })?;
    Ok(if may_create(url) {
        options.create_if_missing(true)
    } else {
        options
    })
}

/// Whether the file is created where it is missing.
pub(crate) fn may_create(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mode = query.split('&').find_map(|part| part.strip_prefix("mode="));
    mode.is_none_or(|mode| mode == "rwc")
}

/// The settings of the one connection that writes.
pub(crate) fn for_writing(file: SqliteConnectOptions, options: &SqliteOptions) -> SqliteConnectOptions {
    let file = for_every(file, options)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // 64 MiB at most: what is pending and its indexes stay in memory beside a long history.
        .pragma("cache_size", "-65536");
    match options.max_pages {
        Some(pages) => file.pragma("max_page_count", pages.to_string()),
        None => file,
    }
}

/// The settings of the connections that read.
pub(crate) fn for_reading(file: SqliteConnectOptions, options: &SqliteOptions) -> SqliteConnectOptions {
    for_every(file, options)
        .create_if_missing(false)
        .pragma("query_only", "ON")
}

fn for_every(file: SqliteConnectOptions, options: &SqliteOptions) -> SqliteConnectOptions {
    // Longer waits than a day can't be told to SQLite apart from each other.
    let busy_timeout = options.busy_timeout.min(Duration::from_secs(86_400));
    file.foreign_keys(true)
        .busy_timeout(busy_timeout)
        .disable_statement_logging()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_file_with_one_or_three_slashes() {
        for url in ["sqlite:ackord.db", "sqlite://ackord.db", "sqlite:ackord.db?mode=ro"] {
            let options = parse_url(url).unwrap();
            assert_eq!(options.get_filename().to_str(), Some("ackord.db"), "{url}");
        }
        let absolute = parse_url("sqlite:///var/lib/ackord.db").unwrap();
        assert_eq!(absolute.get_filename().to_str(), Some("/var/lib/ackord.db"));
    }

    #[test]
    fn addresses_that_name_no_file_are_refused_with_the_right_form() {
        for url in [
            "sqlite:",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite:x?mode=memory",
            "ackord.db",
            "postgres://localhost/x",
            "sqlite:x?mode=fast",
            "sqlite:file:x?mode=rw",
        ] {
            let error = parse_url(url).unwrap_err();
            assert!(matches!(error, StoreError::Refused { .. }), "{url}: {error:?}");
        }
    }
}
