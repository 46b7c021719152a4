//! Real processes that abort at each named point, on each store: nothing is lost, nothing done twice.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ackord_tests::contract::store::postgres_server;
use ackord_tests::crash_points::{Backing, CrashFixture, cases};
use ackord_tests::harness::{self, Suite};

/// How long all points may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(900);

fn fixture(backing: Backing) -> CrashFixture {
    CrashFixture::new(PathBuf::from(env!("CARGO_BIN_EXE_ackord-worker")), backing)
}

fn main() -> ExitCode {
    let sqlite = async || Ok(fixture(Backing::Sqlite));
    let mut trials = Suite::new("sqlite", cases(), sqlite).limit(LIMIT).trials();
    let server = postgres_server();
    let postgres = move || {
        let server = server.clone();
        async move {
            server.server().await?;
            Ok(fixture(Backing::Postgres(server)))
        }
    };
    trials.extend(Suite::new("postgres", cases(), postgres).limit(LIMIT).trials());
    harness::run(trials)
}
