//! Acceptance end to end, over HTTP, on each store.

use std::process::ExitCode;

use ackord_postgres::ClaimStrategy;
use ackord_tests::acceptance::cases;
use ackord_tests::contract::store::{self, StoreFixture};
use ackord_tests::harness::{self, Suite};

fn main() -> ExitCode {
    let server = store::postgres_server();
    let mut trials = Suite::new("sqlite", cases(), StoreFixture::sqlite).trials();
    trials.extend(
        Suite::new("postgres", cases(), move || {
            StoreFixture::postgres(server.clone(), ClaimStrategy::default())
        })
        .trials(),
    );
    harness::run(trials)
}
