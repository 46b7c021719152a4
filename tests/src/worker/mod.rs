//! A worker process for tests: the shipped workflow, client and stores, which can be told to abort at a named point.
//!
//! The program is `tests/src/bin/ackord-worker.rs`. It runs again and again until it is told to stop (SIGTERM drains, a
//! second one ends it), or until nothing is left to do, or it aborts: right before or right after a call of a port, as a
//! process does that is killed there.

mod cut_marketplace;
mod cut_store;
mod options;
mod points;
mod run;
mod tripwire;

pub use options::{Given, Mode, Options, UsageError, WorkerStore};
pub use points::{Point, Side};
pub use run::{Failed, Totals, run};
pub use tripwire::Tripwire;
