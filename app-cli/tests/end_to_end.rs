//! The built program end to end, on each store. The cases stand in `tests/src/binary`.

use std::path::PathBuf;
use std::process::ExitCode;

use ackord_tests::binary::{Backing, ProgramFixture, cases, cases_of_an_own_server};
use ackord_tests::contract::store::postgres_server;
use ackord_tests::harness::{self, Suite};

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
    trials.extend(Suite::new("postgres", cases_of_an_own_server(), own_server).trials());
    harness::run(trials)
}
