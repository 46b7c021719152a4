//! Chaos on real parts, in short: every kind of fault at least once on each store, and the takeover of a killed worker.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ackord_tests::cases;
use ackord_tests::chaos::round::{self, RoundPlan};
use ackord_tests::chaos::store::ChaosStore;
use ackord_tests::chaos::takeover::Heir;
use ackord_tests::chaos::trouble::Pace;
use ackord_tests::chaos::{Chance, Figures, takeover};
use ackord_tests::harness::{self, Case, SetupError, Suite};
use ackord_tests::postgres::{Options, Server};

/// The seed of what is drawn; when it strikes hangs on the machine.
const SEED: u64 = 20_261_122;

/// The most that a takeover may take under the default settings.
const TAKEOVER: Duration = Duration::from_secs(30);

/// Which store to make.
struct Chaos {
    server: Option<Server>,
}

impl Chaos {
    async fn postgres() -> Result<Self, SetupError> {
        let server = Server::start_local(Options::default()).await?;
        Ok(Self { server: Some(server) })
    }

    async fn sqlite() -> Result<Self, SetupError> {
        Ok(Self { server: None })
    }

    async fn store(&self) -> ChaosStore {
        let store = match &self.server {
            Some(server) => ChaosStore::postgres(server).await,
            None => ChaosStore::sqlite().await,
        };
        store.expect("a store")
    }
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_ackord-worker"))
}

#[expect(clippy::print_stdout, reason = "the figures are told")]
async fn nothing_is_lost_and_nothing_happens_twice_under_every_kind_of_fault(chaos: &Chaos) {
    let plan = RoundPlan {
        number: 1,
        seed: SEED,
        orders: 300,
        workers: 3,
        at_once: 150,
        pace: Pace::SHORT,
        until_every_kind: Some(Duration::from_secs(150)),
        trouble_limit: Duration::from_secs(170),
        program: program(),
    };
    let figures = Figures::default();
    let outcome = round::play(&plan, chaos.store().await, &figures)
        .await
        .expect("a round");
    println!("{:#}", figures.to_json()["counts"]);
    println!("{}", outcome.note);
    assert!(outcome.broken.is_empty(), "{}", outcome.broken.join("\n"));
    let missing = outcome.tally.missing(chaos.server.is_some());
    assert!(missing.is_empty(), "these never struck: {missing:?}");
    for violation in ["a worker did not stop when asked", "a worker broke down"] {
        assert_eq!(figures.of(&format!("violations: {violation}")), 0, "{violation}");
    }
}

#[expect(clippy::print_stdout, reason = "the measurement is told")]
async fn the_orders_of_a_killed_worker_are_taken_over_in_time(chaos: &Chaos) {
    let store = chaos.store().await;
    let taken = takeover::measure(&store, &program(), Heir::Waiting, &mut Chance::new(SEED)).await;
    let taken = taken.expect("a measurement");
    println!("taken over after {taken:?}");
    assert!(taken <= TAKEOVER, "{taken:?}");
}

fn main() -> ExitCode {
    let limit = Duration::from_secs(400);
    let storm = || -> Vec<Case<Chaos>> { cases![nothing_is_lost_and_nothing_happens_twice_under_every_kind_of_fault] };
    let mut trials = Suite::new("sqlite", storm(), Chaos::sqlite).limit(limit).trials();
    let mut on_postgres = storm();
    on_postgres.extend(cases![the_orders_of_a_killed_worker_are_taken_over_in_time]);
    trials.extend(
        Suite::new("postgres", on_postgres, Chaos::postgres)
            .limit(limit)
            .trials(),
    );
    harness::run(trials)
}
