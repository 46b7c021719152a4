//! The built program as a shop's operator runs it: real processes, environment, exit codes, on each store.
//!
//! The target that runs these cases stands with the program (`app-cli/tests/end_to_end.rs`), because cargo tells only
//! there where the program was built to.

mod alerting;
mod canaries;
mod input;
mod kills;
mod logging;
mod metrics;
mod recovery;
mod runs;
mod service;
mod serving;
mod shop;

pub use shop::{Backing, ProgramFixture, execute};

use crate::harness::Case;

/// Every case, for one store.
#[must_use]
pub fn cases() -> Vec<Case<ProgramFixture>> {
    let mut cases = runs::cases();
    cases.extend(kills::cases());
    cases.extend(recovery::cases());
    cases.extend(serving::cases());
    cases.extend(metrics::cases());
    cases.extend(canaries::cases());
    cases.extend(logging::cases());
    cases.extend(alerting::cases());
    cases.extend(input::cases());
    cases
}
