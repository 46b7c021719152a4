//! The contract of the store ports, for every store: one named test for each case and store.

use std::process::ExitCode;

use ackord_tests::contract::store::{self, StoreFixture};
use ackord_tests::harness::{self, Suite};
use ackord_tests::postgres::{SharedServer, containers_from_env};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    let mut trials = vec![store::every_case_runs()];
    trials.extend(
        Suite::new("memory", store::cases(store::MEMORY), async || {
            Ok(StoreFixture::memory())
        })
        .trials(),
    );
    trials.extend(Suite::new("sqlite", store::cases(store::SQLITE), StoreFixture::sqlite).trials());
    trials.extend(on_postgres("postgres".to_owned(), store::postgres_server()));
    for image in containers_from_env() {
        trials.extend(on_postgres(image.clone(), store::postgres_container(image)));
    }
    harness::run(trials)
}

fn on_postgres(name: String, server: SharedServer) -> Vec<Trial> {
    Suite::new(name, store::cases(store::POSTGRES), move || {
        StoreFixture::postgres(server.clone())
    })
    .trials()
}
