//! Ports without an outside, for tests and examples: a store in memory, a clock that is turned by hand, seeded randomness.

mod account;
mod alerts;
mod audit;
mod call_log;
mod claim;
mod clock;
mod desk;
mod foreign;
mod inbox;
mod ingest;
mod intents;
mod operations;
mod overview;
mod random;
mod record;
mod recovery;
mod retention;
mod settle;
mod shop;
mod standings;
mod store;
mod tables;
mod timeline;
mod view;
mod work_store;
mod work_table;

pub use clock::ManualClock;
pub use foreign::ForeignFailure;
pub use random::SeededRandom;
pub use store::MemoryStore;
pub use tables::{FiledFailure, LoggedCall, StoredOrder};
pub use view::OrderRows;
pub use work_table::WorkRow;
