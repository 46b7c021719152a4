//! Chaos on real parts: worker processes, a PostgreSQL server, connections and a marketplace, each broken at random
//! instants while orders pass through, and a judge that believes the sandbox's ledger alone.
//!
//! A [`round`] feeds orders to a fresh marketplace and a fresh store, and lets every kind of fault loose on the workers
//! between them until all orders are decided; then the faults stop, everything must settle, and each order is judged.
//! What happens is drawn from a seed, but when it strikes hangs on the machine: the same seed gives the same kinds of
//! fault at about the same times, never the same run.

pub mod chance;
pub mod figures;
pub mod judge;
pub mod market;
pub mod processes;
pub mod proxy;
pub mod round;
pub mod store;
pub mod takeover;
pub mod trouble;

pub use chance::Chance;
pub use figures::{Figures, Kind, Tally};
