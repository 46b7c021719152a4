//! Connections: their settings, lending them out, and running one statement on one.
//!
//! A connection goes back to the pool only after its statement came to an end that leaves it clean. Whatever else
//! happens, a future dropped half-way included, it is closed instead: a `BEGIN` whose caller went away would otherwise
//! reach the next borrower (sqlx issue 4385), and a peer that died silently would keep its place (issue 4349).

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::time::Duration;

use ackord::ports::{StoreError, StoreResult};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::query::{Map, QueryScalar};
use sqlx::{ConnectOptions as _, Connection as _, FromRow, PgConnection, Postgres};
use tokio::time::{sleep, timeout};

use crate::errors::{Access, is_conflict, keeps_connection, of_connecting, of_statement};
use crate::options::PostgresOptions;

/// How often a statement is tried that other writers get in the way of.
const ATTEMPTS: u32 = 8;
/// The first wait between two of them; each further one may be twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(10);
/// How much longer than the server's own limit we wait for its answer.
const GRACE: Duration = Duration::from_secs(5);

/// The pool, and how long an answer may take.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: PgPool,
    address: PgConnectOptions,
    patience: Duration,
}

impl Connections {
    /// Opens the pool, with one connection to show that the address is right.
    pub(crate) async fn open(address: PgConnectOptions, options: &PostgresOptions) -> StoreResult<Self> {
        let limits = (options.statement_timeout, options.lock_timeout);
        // Not through the pool, which would try a refused connection again until its time is up and then forget why.
        let probe = bounded(options.acquire_timeout, address.connect()).await;
        bounded(options.acquire_timeout, probe.map_err(of_connecting)?.close())
            .await
            .map_err(of_connecting)?;
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections.max(1))
            .min_connections(0)
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(move |connection, _| Box::pin(async move { prepare(connection, limits).await }))
            .connect_lazy_with(address.clone());
        let patience = options.statement_timeout.saturating_add(GRACE);
        Ok(Self {
            pool,
            address,
            patience,
        })
    }

    /// Closes the pool: waits for what is lent out, then ends every connection.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// A connection of its own, outside of the pool and with the server's own settings: for migrations.
    pub(crate) async fn separate(&self) -> StoreResult<PgConnection> {
        self.address.connect().await.map_err(of_connecting)
    }

    /// Lends a connection.
    pub(crate) async fn lend(&self) -> StoreResult<Lent> {
        let connection = self.pool.acquire().await.map_err(of_connecting)?;
        Ok(Lent {
            connection: Some(connection),
            patience: self.patience,
        })
    }

    /// Runs a statement that changes nothing.
    pub(crate) async fn read<S: Statement>(&self, statement: impl Fn() -> S + Send + Sync) -> StoreResult<Vec<S::Row>> {
        self.run(statement, Access::Read).await
    }

    /// Runs a statement that writes, in a transaction of its own; again where other writers were in the way.
    pub(crate) async fn write<S: Statement>(
        &self,
        statement: impl Fn() -> S + Send + Sync,
    ) -> StoreResult<Vec<S::Row>> {
        self.run(statement, Access::Write).await
    }

    /// The same, but where other writers were in the way the caller is told at once.
    pub(crate) async fn write_once<S: Statement>(
        &self,
        statement: impl Fn() -> S + Send + Sync,
    ) -> StoreResult<Vec<S::Row>> {
        let outcome = self.attempt(&statement).await?;
        outcome.map_err(|error| of_statement(error, Access::Write))
    }

    async fn run<S: Statement>(
        &self,
        statement: impl Fn() -> S + Send + Sync,
        access: Access,
    ) -> StoreResult<Vec<S::Row>> {
        let mut retry = Retry::default();
        loop {
            match self.attempt(&statement).await? {
                Err(error) if retry.again_after(&error).await => {}
                outcome => return outcome.map_err(|error| of_statement(error, access)),
            }
        }
    }

    async fn attempt<S: Statement>(
        &self,
        statement: &(impl Fn() -> S + Send + Sync),
    ) -> StoreResult<sqlx::Result<Vec<S::Row>>> {
        let mut lent = self.lend().await?;
        let outcome = {
            let (connection, patience) = lent.parts()?;
            bounded(patience, statement().rows(connection)).await
        };
        Ok(lent.end(outcome))
    }
}

/// A checked statement with its values, ready to run once.
pub(crate) trait Statement: Send {
    /// What it answers with.
    type Row: Send;

    /// Runs it and waits for all of its rows.
    fn rows(self, connection: &mut PgConnection) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;
}

impl<F, O> Statement for Map<'_, Postgres, F, PgArguments>
where
    F: FnMut(PgRow) -> sqlx::Result<O> + Send,
    O: Send + Unpin,
{
    type Row = O;

    async fn rows(self, connection: &mut PgConnection) -> sqlx::Result<Vec<O>> {
        self.fetch_all(connection).await
    }
}

impl<O> Statement for QueryScalar<'_, Postgres, O, PgArguments>
where
    O: Send + Unpin,
    (O,): for<'r> FromRow<'r, PgRow>,
{
    type Row = O;

    async fn rows(self, connection: &mut PgConnection) -> sqlx::Result<Vec<O>> {
        self.fetch_all(connection).await
    }
}

/// A connection that was lent out. Dropped without [`Lent::end`] it is closed.
pub(crate) struct Lent {
    connection: Option<PoolConnection<Postgres>>,
    patience: Duration,
}

impl Lent {
    /// The connection, and how long one of its answers may take.
    pub(crate) fn parts(&mut self) -> StoreResult<(&mut PgConnection, Duration)> {
        match self.connection.as_deref_mut() {
            Some(connection) => Ok((connection, self.patience)),
            None => Err(of_connecting(sqlx::Error::PoolClosed)),
        }
    }

    /// Hands on the outcome of what it was lent for, and gives the connection back where that left it clean.
    pub(crate) fn end<T>(mut self, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        if outcome.as_ref().err().is_none_or(keeps_connection) {
            // Dropping it is what returns it to the pool.
            drop(self.connection.take());
        }
        outcome
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}

/// Counts the attempts of one write.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    conflicts: u32,
}

impl Retry {
    /// Whether to try again after `error`; waits a little before saying so.
    pub(crate) async fn again_after(&mut self, error: &sqlx::Error) -> bool {
        self.conflicts += 1;
        if !is_conflict(error) || self.conflicts >= ATTEMPTS {
            return false;
        }
        let longest = FIRST_WAIT * 2_u32.pow(self.conflicts);
        sleep(longest.mul_f64(random_share())).await;
        true
    }
}

/// Waits for the database for so long at the most. The connection must not be used again if it took longer.
pub(crate) async fn bounded<T>(patience: Duration, answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    match timeout(patience, answer).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let words = format!("no answer within {patience:?}");
            Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, words)))
        }
    }
}

/// The session settings: whatever the role or the database has as its own, these are the ones that the statements were
/// written for. Plans are kept where they cost no more than one made for the values at hand: to plan a batch takes half as long
/// again as to write it. Tables that grow from nothing under one connection do no harm: plans go along the indexes, in their
/// order, whatever the size (only that passes over, and clears away, the entries of orders that moved on), and statistics
/// renewed on the way have them made anew.
async fn prepare(connection: &mut PgConnection, (statement, lock): (Duration, Duration)) -> sqlx::Result<()> {
    let millis = |limit: Duration| limit.as_millis().to_string();
    sqlx::query!(
        r#"
        SELECT set_config('TimeZone', 'UTC', false) AS zone,
            set_config('default_transaction_isolation', 'read committed', false) AS isolation,
            set_config('statement_timeout', $1, false) AS statement,
            set_config('lock_timeout', $2, false) AS lock,
            set_config('idle_in_transaction_session_timeout', $1, false) AS idle,
            set_config('plan_cache_mode', 'auto', false) AS plan,
            set_config('enable_bitmapscan', 'off', false) AS bitmaps,
            set_config('enable_seqscan', 'off', false) AS scans,
            set_config('jit', 'off', false) AS jit,
            set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                ELSE current_setting('synchronous_commit') END, false) AS durable
        "#,
        millis(statement),
        millis(lock),
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// A number from 0.5 up to 1. It only spreads writers apart.
fn random_share() -> f64 {
    let number = RandomState::new().build_hasher().finish() % 1024;
    0.5 + f64::from(u16::try_from(number).unwrap_or(0)) / 2048.0
}

/// An error for what can't be seen any more after so many attempts.
pub(crate) fn too_often(what: &str) -> StoreError {
    StoreError::Busy(what.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_lies_between_a_half_and_one() {
        for _ in 0..1000 {
            let share = random_share();
            assert!((0.5..=1.0).contains(&share), "{share}");
        }
    }
}
