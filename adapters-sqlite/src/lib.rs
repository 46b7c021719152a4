//! The store ports of Ackord over SQLite: the embedded default, one file and no server.
//!
//! [`SqliteStore`] implements all of [`ackord::ports`] that a store has to. The file is durable at every acknowledged
//! write (WAL, `synchronous = FULL`), and other programs may read and append to its tables by plain SQL: the database
//! itself numbers their entries and keeps the record append-only.
//!
//! ```no_run
//! # async fn open() -> ackord::ports::StoreResult<()> {
//! use ackord_sqlite::{SqliteOptions, SqliteStore};
//!
//! let store = SqliteStore::connect("sqlite:ackord.db", SqliteOptions::default()).await?;
//! store.migrate().await?;
//! store.check_schema().await?;
//! # Ok(())
//! # }
//! ```

mod account;
mod alerts;
mod audit;
mod call_log;
mod claim;
mod desk;
mod errors;
mod inbox;
mod ingest;
mod intents;
mod options;
mod overview;
mod pool;
mod record;
mod recovery;
mod retention;
mod rows;
mod schema;
mod settle;
mod shop;
mod standings;
mod story;
mod timeline;
mod times;
mod work_store;

pub use options::SqliteOptions;
pub use pool::SqliteStore;
