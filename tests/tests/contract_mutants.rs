//! Proof that the store contract can fail: each faulty store is caught by a case, and so is each missing trigger.

use std::process::ExitCode;

use ackord_tests::contract::store::{mutants, postgres_server};
use ackord_tests::harness;

fn main() -> ExitCode {
    let mut trials = mutants::faults();
    trials.extend(mutants::triggers(postgres_server()));
    harness::run(trials)
}
