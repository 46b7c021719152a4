//! What is particular to SQLite; what every store has to do is in the shared contract suite.
#![expect(clippy::unwrap_used, reason = "tests")]

mod contention;
mod dropped_futures;
mod foreign_entries;
mod full_disk;
mod opening;
mod record_guards;
mod support;
