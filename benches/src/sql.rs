//! A connection beside the store, for what the ports have no word for: preparing, counting, comparing.

use std::time::Instant;

use anyhow::{Context as _, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection};

use crate::place::StoreAddress;
use crate::sample::Sample;

/// A connection of our own.
#[derive(Debug)]
pub enum Sql {
    /// To PostgreSQL.
    Postgres(PgConnection),
    /// To a SQLite file.
    Sqlite(SqliteConnection),
}

impl Sql {
    /// Connects.
    ///
    /// # Errors
    /// Where that fails.
    pub async fn connect(address: &StoreAddress) -> Result<Self> {
        Ok(match address {
            StoreAddress::Postgres(url) => Self::Postgres(PgConnection::connect(url).await?),
            StoreAddress::Sqlite(path) => {
                let file = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(std::time::Duration::from_secs(60))
                    .pragma("cache_size", "-65536")
                    .disable_statement_logging();
                Self::Sqlite(file.connect().await?)
            }
        })
    }

    /// Runs one statement that takes no values, and tells how many rows it touched.
    ///
    /// # Errors
    /// What the database says, with the statement.
    pub async fn run(&mut self, statement: &str) -> Result<u64> {
        // Every statement is ours: no text of others gets into one.
        let query = sqlx::query(AssertSqlSafe(statement));
        let done = match self {
            Self::Postgres(connection) => query_pg(statement, connection).await,
            Self::Sqlite(connection) => query.execute(connection).await.map(|done| done.rows_affected()),
        };
        done.with_context(|| format!("this statement failed: {statement}"))
    }

    /// One number.
    ///
    /// # Errors
    /// What the database says, with the query.
    pub async fn number(&mut self, query: &str) -> Result<i64> {
        let number = match self {
            Self::Postgres(connection) => sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(connection).await,
            Self::Sqlite(connection) => sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(connection).await,
        };
        number.with_context(|| format!("this query failed: {query}"))
    }

    /// A column of texts.
    ///
    /// # Errors
    /// What the database says, with the query.
    pub async fn texts(&mut self, query: &str) -> Result<Vec<String>> {
        let texts = match self {
            Self::Postgres(connection) => sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(connection).await,
            Self::Sqlite(connection) => sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(connection).await,
        };
        texts.with_context(|| format!("this query failed: {query}"))
    }

    /// The steps of a query's plan; on PostgreSQL the whole of it, as JSON.
    ///
    /// # Errors
    /// What the database says, with the query.
    pub async fn plan(&mut self, query: &str) -> Result<Vec<String>> {
        let steps = match self {
            Self::Postgres(connection) => {
                let explain = format!("EXPLAIN (COSTS OFF, FORMAT JSON) {query}");
                let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(connection).await;
                // As the server wrote it.
                rows.and_then(|rows| rows.iter().map(|row| row.try_get_unchecked(0)).collect())
            }
            Self::Sqlite(connection) => {
                let explain = format!("EXPLAIN QUERY PLAN {query}");
                let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(connection).await;
                rows.and_then(|rows| rows.iter().map(|row| row.try_get("detail")).collect())
            }
        };
        steps.with_context(|| format!("this query can't be planned: {query}"))
    }

    /// Times a query of one column of texts, at least once and for as long as fits: it is repeated up to `most` times while
    /// less than ten seconds are gone. Gives how many rows it told, too.
    ///
    /// # Errors
    /// What the database says, with the query.
    pub async fn time(&mut self, query: &str, most: usize) -> Result<(Sample, usize)> {
        let begun = Instant::now();
        let mut sample = Sample::default();
        let mut rows = 0;
        for _ in 0..most.max(1) {
            rows = sample.time(self.texts(query)).await?.len();
            if begun.elapsed().as_secs() >= 10 {
                break;
            }
        }
        Ok((sample, rows))
    }
}

/// Without preparing it, so that it may hold several commands.
async fn query_pg(statement: &str, connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(done.rows_affected())
}
