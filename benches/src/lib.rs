//! Benchmarks of Ackord that anyone can run: every figure stands beside its limit, measured in the same run on the same
//! machine.
//!
//! A part ([`parts`]) prepares what it needs, measures, and gives a [`report::Section`]. The shipped workflow, client and
//! stores are what is measured; the marketplace is the sandbox, in a process of its own, and so are the workers
//! ([`child`]). What they are compared with stands in [`limits`].

pub mod child;
pub mod cli;
pub mod cluster;
pub mod history;
pub mod limits;
pub mod machine;
pub mod orders;
pub mod parts;
pub mod place;
pub mod process;
pub mod progress;
pub mod report;
pub mod sample;
pub mod sql;
