//! What the database reports, as errors of the port: by SQLSTATE, never by the words of a message.

use std::error::Error as StdError;

use ackord::ports::StoreError;
use sqlx::error::DatabaseError;

/// What a statement was for: a lost answer means more after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// An error class of the database, by what a caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Other writers were in the way; the statement left nothing behind and can be tried again at once.
    Conflict,
    /// Cut short by the server before it took effect; later it may do.
    Busy,
    /// The connection or the server goes away; what was under way may have taken effect.
    Gone,
    ReadOnly,
    Full,
    Corrupt,
    /// The tables are not those that this program knows.
    Tables,
    Refused,
}

/// Source: PostgreSQL's appendix on error codes.
fn class(code: &str) -> Class {
    match code {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Class::Conflict,
        // query_canceled: by the statement timeout, which undoes the statement
        "57014" => Class::Busy,
        // statement_completion_unknown
        "40003" => Class::Gone,
        // idle_in_transaction_session_timeout, transaction_timeout: the session is ended and its transaction undone
        "25P03" | "25P04" => Class::Gone,
        // read_only_sql_transaction: a standby, or a server set so
        "25006" => Class::ReadOnly,
        // disk_full
        "53100" => Class::Full,
        // data_corrupted, index_corrupted
        "XX001" | "XX002" => Class::Corrupt,
        // undefined_table, undefined_column, undefined_function
        "42P01" | "42703" | "42883" => Class::Tables,
        _ => match code.get(..2) {
            // connection_exception; operator_intervention: shutdown, crash, starting up
            Some("08" | "57") => Class::Gone,
            // insufficient_resources: memory, connections
            Some("53") => Class::Busy,
            _ => Class::Refused,
        },
    }
}

/// The rule that a claim meets whose first try is still under way although its answer was given up.
const SAME_CLAIM: &str = "claims_op_id";

/// Whether the statement can be tried again at once: it left nothing behind.
pub(crate) fn is_conflict(error: &sqlx::Error) -> bool {
    let constraint = error.as_database_error().and_then(DatabaseError::constraint);
    constraint == Some(SAME_CLAIM) || code_of(error).is_some_and(|code| class(&code) == Class::Conflict)
}

/// Whether the connection is still good for another statement.
pub(crate) fn keeps_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(_) => code_of(error).is_none_or(|code| class(&code) != Class::Gone),
        sqlx::Error::RowNotFound | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
        _ => false,
    }
}

/// The error of a statement on a connection that was given out.
pub(crate) fn of_statement(error: sqlx::Error, access: Access) -> StoreError {
    match error {
        sqlx::Error::Database(cause) => of_database(cause, access),
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::TypeNotFound { .. }
        | sqlx::Error::RowNotFound => StoreError::Corrupt {
            what: error.to_string(),
        },
        sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) => StoreError::Refused {
            what: "a value can't be written in the database's format".to_owned(),
            source: Some(Box::new(error)),
        },
        other => gone(Box::new(other), access),
    }
}

/// The error of getting a connection: nothing was sent yet.
pub(crate) fn of_connecting(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(cause) => match cause.code().as_deref().and_then(|code| code.get(..2)) {
            // invalid_authorization_specification, invalid_catalog_name, insufficient_privilege
            Some("28" | "3D" | "42") => StoreError::Refused {
                what: format!("the database does not let us in: {}", cause.message()),
                source: Some(cause),
            },
            _ => StoreError::Unreachable(cause),
        },
        other => StoreError::Unreachable(Box::new(other)),
    }
}

/// A refusal without a cause.
pub(crate) fn refused(what: impl Into<String>) -> StoreError {
    StoreError::Refused {
        what: what.into(),
        source: None,
    }
}

fn of_database(cause: Box<dyn DatabaseError>, access: Access) -> StoreError {
    match class(cause.code().as_deref().unwrap_or_default()) {
        Class::Conflict | Class::Busy => StoreError::Busy(cause),
        Class::Gone => gone(cause, access),
        Class::ReadOnly => StoreError::ReadOnly(cause),
        Class::Full => StoreError::Full(cause),
        Class::Corrupt => StoreError::Corrupt {
            what: cause.message().to_owned(),
        },
        Class::Tables => StoreError::Refused {
            what: "the tables are missing or not as this program made them: run `ackord migrate`".to_owned(),
            source: Some(cause),
        },
        Class::Refused => StoreError::Refused {
            what: cause.message().to_owned(),
            source: Some(cause),
        },
    }
}

fn gone(cause: Box<dyn StdError + Send + Sync>, access: Access) -> StoreError {
    match access {
        Access::Read => StoreError::Unreachable(cause),
        Access::Write => StoreError::Unconfirmed(cause),
    }
}

fn code_of(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn broken_pipe() -> sqlx::Error {
        sqlx::Error::Io(io::Error::from(io::ErrorKind::BrokenPipe))
    }

    #[test]
    fn sqlstates_are_classed_by_what_can_be_done_about_them() {
        for (code, expected) in [
            ("40001", Class::Conflict),
            ("40P01", Class::Conflict),
            ("55P03", Class::Conflict),
            ("57014", Class::Busy),
            ("53300", Class::Busy),
            ("40003", Class::Gone),
            ("25P03", Class::Gone),
            ("25P04", Class::Gone),
            ("57P01", Class::Gone),
            ("57P02", Class::Gone),
            ("57P03", Class::Gone),
            ("08006", Class::Gone),
            ("25006", Class::ReadOnly),
            ("53100", Class::Full),
            ("XX001", Class::Corrupt),
            ("42P01", Class::Tables),
            ("23503", Class::Refused),
            ("23001", Class::Refused),
            ("22P02", Class::Refused),
            ("", Class::Refused),
        ] {
            assert_eq!(class(code), expected, "{code}");
        }
    }

    #[test]
    fn a_connection_lost_during_a_write_leaves_the_write_unconfirmed() {
        let error = of_statement(broken_pipe(), Access::Write);
        assert!(matches!(error, StoreError::Unconfirmed(_)), "{error:?}");
    }

    #[test]
    fn a_connection_lost_during_a_read_leaves_the_store_unreachable() {
        let error = of_statement(broken_pipe(), Access::Read);
        assert!(matches!(error, StoreError::Unreachable(_)), "{error:?}");
    }

    #[test]
    fn no_connection_means_that_nothing_was_written() {
        for error in [sqlx::Error::PoolTimedOut, sqlx::Error::PoolClosed, broken_pipe()] {
            let error = of_connecting(error);
            assert!(matches!(error, StoreError::Unreachable(_)), "{error:?}");
        }
    }

    #[test]
    fn a_connection_whose_state_is_unknown_is_not_used_again() {
        assert!(!keeps_connection(&broken_pipe()));
        assert!(keeps_connection(&sqlx::Error::RowNotFound));
    }
}
