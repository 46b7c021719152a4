//! The built program end to end, on each store. The cases stand in `tests/src/binary`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ackord_tests::binary::{Backing, ProgramFixture, cases, cases_of_an_own_server};
use ackord_tests::contract::store::postgres_server;
use ackord_tests::harness::{self, Suite};

/// How long a case may take in which a database goes away: a run under way tries to put an answer on record for most of a minute.
const LIMIT: Duration = Duration::from_secs(300);

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_ackord"))
}

fn main() -> ExitCode {
    let sqlite = || ProgramFixture::new(program(), Backing::Sqlite);
    let mut trials = Suite::new("sqlite", cases(), sqlite).trials();
    let server = Backing::Postgres(postgres_server());
    let postgres = move || ProgramFixture::new(program(), server.clone());
    trials.extend(Suite::new("postgres", cases(), postgres).trials());
    let own_server = || ProgramFixture::new(program(), Backing::OwnServer);
    let suite = Suite::new("postgres", cases_of_an_own_server(), own_server).limit(LIMIT);
    trials.extend(suite.trials());
    harness::run(trials)
}
