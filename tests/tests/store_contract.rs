//! The contract of the store ports, for every store: one named test for each case and store.

use std::process::ExitCode;

use ackord_postgres::ClaimStrategy;
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
    let server = store::postgres_server();
    trials.extend(on_postgres("postgres", &server, ClaimStrategy::SkipLocked));
    trials.extend(on_postgres("postgres_guarded", &server, ClaimStrategy::GuardedUpdate));
    for image in containers_from_env() {
        let server = store::postgres_container(image.clone());
        trials.extend(on_postgres(&image, &server, ClaimStrategy::SkipLocked));
        trials.extend(on_postgres(
            &format!("{image}_guarded"),
            &server,
            ClaimStrategy::GuardedUpdate,
        ));
    }
    harness::run(trials)
}

fn on_postgres(name: &str, server: &SharedServer, claim: ClaimStrategy) -> Vec<Trial> {
    let server = server.clone();
    Suite::new(name, store::cases(store::POSTGRES), move || {
        StoreFixture::postgres(server.clone(), claim)
    })
    .trials()
}
