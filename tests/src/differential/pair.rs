//! The two stores that a history runs on: the one in memory, which is the reference, and another.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ackord::memory::MemoryStore;
use ackord::ports::Clock;
use ackord::time::Timestamp;
use ackord_postgres::ClaimStrategy;
use async_trait::async_trait;
use tempfile::TempDir;

use super::side::{Inside, Side};
use super::state;
use crate::contract::store::mutants::Fault;
use crate::contract::store::{AnyStore, Dialect, StoreFixture};
use crate::harness::SetupError;
use crate::postgres::{SharedServer, quick_directory};

/// What is compared with the store in memory.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A file for each history.
    Sqlite,
    /// A database, emptied for each history, and how the store claims there.
    Postgres(SharedServer, ClaimStrategy),
    /// The store in memory itself, as good as it is or with a fault that is to be found.
    Memory(Option<Fault>),
}

impl Subject {
    /// The name under which its trials run.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_, ClaimStrategy::SkipLocked) => "postgres",
            Self::Postgres(..) => "guarded_claims",
            Self::Memory(_) => "faults",
        }
    }
}

/// Empties a database past its triggers. What the migrations themselves put there stays.
const EMPTY: &str = "DO $$ BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    EXECUTE (
        SELECT 'TRUNCATE ' || string_agg(format('%I', tablename), ', ') FROM pg_tables
        WHERE schemaname = current_schema() AND tablename NOT IN ('ackord_migrations', 'store_meta')
    );
    UPDATE store_meta SET epoch = 1, held_epoch = NULL, held_since = NULL;
END $$";

/// Both stores of a history, fresh.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) memory: MemoryStore,
    pub(super) reference: Side,
    pub(super) subject: Side,
}

/// Makes fresh pairs, one after the other.
#[derive(Debug)]
pub(super) struct Lane {
    subject: Subject,
    kept: Option<StoreFixture>,
}

impl Lane {
    pub(super) fn new(subject: Subject) -> Self {
        Self { subject, kept: None }
    }

    /// A fresh pair. The one before is of no use any more.
    pub(super) async fn pair(&mut self) -> Result<Pair, SetupError> {
        let (memory, foreign) = StoreFixture::memory_and_foreign(Arc::new(SteppingClock::default()));
        let reference = Side::new(Arc::new(memory.clone()), foreign, Inside::Memory(memory.clone()));
        let subject = self.subject().await?;
        Ok(Pair {
            memory,
            reference,
            subject,
        })
    }

    async fn subject(&mut self) -> Result<Side, SetupError> {
        let (fixture, dialect) = match &self.subject {
            Subject::Memory(fault) => {
                let (memory, foreign) = StoreFixture::memory_and_foreign(Arc::new(SteppingClock::default()));
                let store: Arc<dyn AnyStore> = match fault {
                    Some(fault) => fault.of(memory.clone()),
                    None => Arc::new(memory.clone()),
                };
                return Ok(Side::new(store, foreign, Inside::Memory(memory)));
            }
            Subject::Sqlite => {
                let directory = TempDir::new_in(quick_directory(false));
                let directory = directory.map_err(|error| SetupError::Broken(error.to_string()))?;
                (StoreFixture::sqlite_in(directory).await?, Dialect::Sqlite)
            }
            Subject::Postgres(server, claim) => {
                let emptied = match self.kept.take() {
                    Some(fixture) if fixture.foreign.sql(EMPTY).await.is_ok() => Some(fixture),
                    _ => None,
                };
                let fixture = match emptied {
                    Some(fixture) => fixture,
                    None => StoreFixture::postgres(server.clone(), *claim).await?,
                };
                (fixture, Dialect::Postgres)
            }
        };
        let side = Side::new(
            Arc::clone(&fixture.store),
            Arc::clone(&fixture.foreign),
            Inside::Sql(state::query(dialect)),
        );
        self.kept = Some(fixture);
        Ok(side)
    }
}

/// A clock that goes on by a millisecond whenever it is read, as every database's does at least between two statements.
#[derive(Debug)]
struct SteppingClock(AtomicI64);

/// When it starts.
const START: i64 = 1_750_000_000_000;

impl Default for SteppingClock {
    fn default() -> Self {
        Self(AtomicI64::new(START))
    }
}

#[async_trait]
impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.fetch_add(1, Ordering::SeqCst)).unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        let passed = self.0.load(Ordering::SeqCst) - START;
        Duration::from_millis(passed.unsigned_abs())
    }

    async fn sleep(&self, _: Duration) {}
}
