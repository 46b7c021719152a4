//! Suites of asynchronous cases, one named test for each case and adapter.
//!
//! A suite is written once, over a fixture it knows nothing of, and runs for every adapter:
//!
//! ```
//! use ackord_tests::cases;
//! use ackord_tests::harness::{Case, Suite};
//!
//! trait Fixture: 'static {
//!     fn limit(&self) -> usize;
//! }
//!
//! async fn the_limit_is_positive<F: Fixture>(fixture: &F) {
//!     assert!(fixture.limit() > 0);
//! }
//!
//! fn contract<F: Fixture>() -> Vec<Case<F>> {
//!     cases![the_limit_is_positive]
//! }
//!
//! struct Memory;
//! impl Fixture for Memory {
//!     fn limit(&self) -> usize {
//!         7
//!     }
//! }
//!
//! let trials = Suite::new("memory", contract(), async || Ok(Memory)).trials();
//! assert_eq!(trials[0].name(), "memory::the_limit_is_positive");
//! ```
//!
//! A test target with `harness = false` gathers the trials of its suites and hands them to [`run`]. Each case gets a fresh
//! fixture and a runtime of its own, so that no task and no connection outlives its case. A case whose fixture cannot be
//! had on this machine is reported as ignored, with the reason and the remedy; where `CI` is `true`, it fails.

mod case;
mod listing;
mod panics;
mod setup;
mod suite;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

pub use case::Case;
pub use listing::every_case_is_listed;
pub use setup::SetupError;
pub use suite::Suite;

/// Runs the trials as the command line asks (filters, `--list`, `--exact` and the rest of cargo's usual options).
#[must_use]
pub fn run(trials: Vec<Trial>) -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
