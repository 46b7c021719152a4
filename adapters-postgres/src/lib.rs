//! The store ports of Ackord over PostgreSQL 14 and later.
//!
//! [`PostgresStore`] keeps the record in tables that other programs may read, and append to, by plain SQL; the database
//! itself refuses that anything on record is rewritten or removed. Every write of the workflow is one statement, and
//! all of a batch travels in it. Connections may be pooled in front of the server (see
//! [`PostgresOptions::statement_cache`]): nothing here needs a session to last.

mod account;
mod alerts;
mod audit;
mod call_log;
mod claim;
mod columns;
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
mod renew;
mod retention;
mod rows;
mod schema;
mod settle;
mod shop;
mod standings;
mod store;
mod story;
mod text;
mod timeline;
mod work_store;

pub use options::{ClaimStrategy, PostgresOptions};
pub use store::PostgresStore;
