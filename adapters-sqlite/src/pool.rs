//! The connections: one that writes, a few that read, and the transactions on them.
//!
//! Every write is one `BEGIN IMMEDIATE … COMMIT` on the single writer. A future dropped half way leaves nothing behind:
//! the open transaction is rolled back before the connection is used again. SQLite itself ends a transaction on some
//! faults (a full disk, an I/O error); sqlx then still counts it as open, and such a connection is replaced.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ackord::ports::StoreResult;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Connection, Sqlite, SqlitePool, Transaction};

use crate::errors;
use crate::options::{self, SqliteOptions};

/// A transaction on one of the connections.
pub(crate) type Tx = Transaction<'static, Sqlite>;

/// How long a method waits for its turn among those of its own process.
const TURN: Duration = Duration::from_secs(60);

/// Between two attempts to open a file that another program has to itself.
const PAUSE: Duration = Duration::from_millis(10);

/// The store ports over one SQLite file; clones share its connections.
#[derive(Clone)]
pub struct SqliteStore {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file at `url`: `sqlite:PATH` or `sqlite://PATH`, created where it is missing; with `?mode=rw` it has to be
    /// there, with `?mode=ro` nothing is written either. A path that holds `?` or `%` is percent-encoded. A store in memory
    /// is refused: it would forget what was sent. A file that is made here is for its owner alone: it holds customers' addresses.
    /// The schema is neither made nor checked here: see
    /// [`SqliteStore::migrate`] and [`SqliteStore::check_schema`].
    ///
    /// # Errors
    /// [`ackord::ports::StoreError::Refused`] for an address that can't be read, a missing directory or a file that is
    /// no database; otherwise what the first access to the file met.
    pub async fn connect(url: &str, options: SqliteOptions) -> StoreResult<Self> {
        let file = options::parse_url(url)?;
        let path = file.get_filename().to_path_buf();
        if options::may_create(url) {
            create_for_its_owner(&path);
        }
        let open = async |connections: u32, settings: SqliteConnectOptions| {
            let pool = SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(TURN + options.busy_timeout)
                .idle_timeout(None)
                .max_lifetime(None)
                .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }));
            let opened = connected(pool, settings, options.busy_timeout).await;
            opened.map_err(|error| errors::of_opening(&path, error))
        };
        // The writer comes first: it creates the file and turns on WAL, which readers then find.
        let writer = open(1, options::for_writing(file.clone(), &options)).await?;
        let readers = open(options.readers.max(1), options::for_reading(file, &options)).await?;
        Ok(Self { path, writer, readers })
    }

    /// Closes every connection, once those in use are given back; the store answers no more afterwards.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// The connections that read.
    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Begins to read several things of one moment.
    pub(crate) async fn begin_read(&self) -> StoreResult<Tx> {
        self.readers.begin().await.map_err(errors::of_statement)
    }

    /// Begins to write: from here on nobody else does.
    pub(crate) async fn begin_write(&self) -> StoreResult<Tx> {
        let begun = self.writer.begin_with("BEGIN IMMEDIATE").await;
        begun.map_err(errors::of_statement)
    }
}

/// Makes the file where it is missing. SQLite gives what it makes beside it the same rights. What can't be made is told by its opening.
fn create_for_its_owner(path: &Path) {
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    if let Err(error) = file.open(path) {
        tracing::trace!(%error, "no file was made");
    }
}

/// Connects, again and again for as long as `patience` while another program has the file to itself: SQLite does not
/// wait by itself for its turn to turn on WAL.
async fn connected(
    pool: SqlitePoolOptions,
    settings: SqliteConnectOptions,
    patience: Duration,
) -> Result<SqlitePool, sqlx::Error> {
    let began = Instant::now();
    loop {
        match pool.clone().connect_with(settings.clone()).await {
            Err(error) if errors::is_busy(&error) && began.elapsed() < patience => {
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

/// Makes a write durable.
pub(crate) async fn commit(tx: Tx) -> StoreResult<()> {
    tx.commit().await.map_err(errors::of_commit)
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
