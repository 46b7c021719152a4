//! The contract of the store ports, for every store: one named test for each case and store.

use std::process::ExitCode;

use ackord_tests::contract::store::{self, StoreFixture};
use ackord_tests::harness::{self, Suite};

fn main() -> ExitCode {
    let mut trials = vec![store::every_case_runs()];
    trials.extend(
        Suite::new("memory", store::cases(store::MEMORY), async || {
            Ok(StoreFixture::memory())
        })
        .trials(),
    );
    harness::run(trials)
}
