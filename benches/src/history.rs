//! A history of years, made by bulk statements: settled orders with four or five entries each, their calls, their work rows.
//!
//! The rows are those that the stores themselves would have left; only the triggers and foreign keys that would check each
//! of them are passed over while they are made.

mod postgres;
mod sqlite;

use anyhow::Result;

use crate::place::{Place, StoreKind};
use crate::progress::tell;
use crate::sql::Sql;

/// Orders in one statement.
const CHUNK: u64 = 100_000;

/// Of every two orders one has four entries and one has five.
const ENTRIES_OF_TWO: u64 = 9;

/// A part of the history: orders by number, the last included.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: u64,
    last: u64,
}

/// Brings the history of a store to about `entries` entries, from the `had` that it has by an earlier call.
///
/// # Errors
/// What the database says.
pub async fn grow(place: &Place, had: u64, entries: u64) -> Result<()> {
    let orders = |entries: u64| entries * 2 / ENTRIES_OF_TWO;
    let (mut done, all) = (orders(had), orders(entries));
    if done >= all {
        return Ok(());
    }
    let mut sql = place.sql().await?;
    let triggers = prepare(place.kind(), &mut sql).await?;
    while done < all {
        let span = Span {
            first: done + 1,
            last: all.min(done + CHUNK),
        };
        let statements = match place.kind() {
            StoreKind::Postgres => postgres::statements(span),
            StoreKind::Sqlite => sqlite::statements(span),
        };
        for statement in statements {
            sql.run(&statement).await?;
        }
        done = span.last;
        tell(format_args!(
            "{}: {done} of {all} orders of history are made",
            place.kind()
        ));
    }
    finish(place.kind(), &mut sql, &triggers).await
}

async fn prepare(kind: StoreKind, sql: &mut Sql) -> Result<Vec<String>> {
    match kind {
        StoreKind::Postgres => {
            sql.run(postgres::PREPARE).await?;
            Ok(Vec::new())
        }
        StoreKind::Sqlite => {
            for statement in sqlite::PREPARE {
                sql.run(statement).await?;
            }
            let triggers = sql.texts(sqlite::TRIGGERS).await?;
            for name in sql.texts(sqlite::TRIGGER_NAMES).await? {
                sql.run(&format!("DROP TRIGGER {name}")).await?;
            }
            Ok(triggers)
        }
    }
}

async fn finish(kind: StoreKind, sql: &mut Sql, triggers: &[String]) -> Result<()> {
    for trigger in triggers {
        sql.run(trigger).await?;
    }
    let statements: &[&str] = match kind {
        StoreKind::Postgres => &postgres::FINISH,
        StoreKind::Sqlite => &sqlite::FINISH,
    };
    for statement in statements {
        sql.run(statement).await?;
    }
    tell(format_args!("{kind}: the history is cleared up"));
    Ok(())
}
