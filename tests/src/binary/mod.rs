//! The built program as a shop's operator runs it: real processes, environment, exit codes, on each store.
//!
//! The target that runs these cases stands with the program (`app-cli/tests/end_to_end.rs`), because cargo tells only
//! there where the program was built to.

mod account;
mod alerting;
mod alerting_ends;
mod canaries;
mod database;
mod input;
mod kills;
mod logging;
mod metrics;
mod receiver;
mod recovery;
mod runs;
mod service;
mod serving;
mod settling;
mod shop;
mod telling;

pub use shop::{Backing, ProgramFixture, execute};

use crate::harness::Case;

/// Every case, for any store.
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
    cases.extend(alerting_ends::cases());
    cases.extend(account::cases());
    cases.extend(settling::cases());
    cases.extend(input::cases());
    cases
}

/// The cases for a database on a server of its own ([`Backing::OwnServer`]), which they stop and start.
#[must_use]
pub fn cases_of_an_own_server() -> Vec<Case<ProgramFixture>> {
    database::cases()
}
