//! From sqlx's errors to the port's, by SQLite's result codes and never by message text.

use std::path::Path;

use ackord::ports::StoreError;
use sqlx::migrate::MigrateError;

/// SQLite's primary result codes, as far as a caller does something different about them.
/// Source: <https://www.sqlite.org/rescode.html>.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const PROTOCOL: i32 = 15;
    pub(super) const CONSTRAINT: i32 = 19;
    pub(super) const NOTADB: i32 = 26;
}

/// A refusal in our own words.
pub(crate) fn refused(what: impl Into<String>) -> StoreError {
    StoreError::Refused {
        what: what.into(),
        source: None,
    }
}

/// The error of a statement, or of the beginning of a transaction: nothing of the transaction stands.
pub(crate) fn of_statement(error: sqlx::Error) -> StoreError {
    if let sqlx::Error::Migrate(error) = error {
        return of_migration(*error);
    }
    let Some(primary) = primary_code(&error) else {
        return match error {
            sqlx::Error::PoolTimedOut => StoreError::Busy(Box::new(error)),
            sqlx::Error::RowNotFound
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_) => StoreError::Corrupt {
                what: error.to_string(),
            },
            _ => StoreError::Unreachable(Box::new(error)),
        };
    };
    let refused = |what: &str, error| StoreError::Refused {
        what: what.to_owned(),
        source: Some(Box::new(error)),
    };
    match primary {
        code::BUSY | code::LOCKED | code::PROTOCOL => StoreError::Busy(Box::new(error)),
        code::READONLY => StoreError::ReadOnly(Box::new(error)),
        code::FULL => StoreError::Full(Box::new(error)),
        code::IOERR | code::CANTOPEN => StoreError::Unreachable(Box::new(error)),
        code::CORRUPT => StoreError::Corrupt {
            what: format!("the file is damaged ({error})"),
        },
        code::NOTADB => refused("the file is not a SQLite database", error),
        code::CONSTRAINT => refused("what was to be written breaks a rule of the record", error),
        _ => refused("the database does not take the statement", error),
    }
}

/// Whether another program has the file, or a part of it, to itself.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(code::BUSY | code::LOCKED))
}

/// The error of a COMMIT: after a fault of the disk or of the connection nobody knows whether it stands.
pub(crate) fn of_commit(error: sqlx::Error) -> StoreError {
    match of_statement(error) {
        StoreError::Unreachable(source) => StoreError::Unconfirmed(source),
        other => other,
    }
}

/// The error of opening the file at `path`, with what to do about it.
pub(crate) fn of_opening(path: &Path, error: sqlx::Error) -> StoreError {
    let file = path.display();
    let what = match primary_code(&error) {
        Some(code::CANTOPEN) => {
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            match directory {
                Some(parent) if !parent.is_dir() => {
                    format!(
                        "`{file}` can't be opened: there is no directory `{}`, create it first",
                        parent.display()
                    )
                }
                _ if path.is_dir() => format!("`{file}` can't be opened: it is a directory, name a file in it"),
                _ if !path.exists() => format!("`{file}` can't be opened: it is missing and can't be created"),
                _ => format!("`{file}` can't be opened: check the rights on it and on its directory"),
            }
        }
        Some(code::NOTADB) => format!("`{file}` is not a SQLite database: name another file"),
        _ => return of_statement(error),
    };
    StoreError::Refused {
        what,
        source: Some(Box::new(error)),
    }
}

/// The error of running the migrations.
pub(crate) fn of_migration(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => of_statement(error),
        other => StoreError::Refused {
            what: "the migrations on record are not those of this program".to_owned(),
            source: Some(Box::new(other)),
        },
    }
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    let extended: i32 = code.parse().ok()?;
    Some(extended & 0xff)
}
