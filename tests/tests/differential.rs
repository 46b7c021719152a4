//! Random histories of store calls, compared call by call: the store in memory against SQLite and PostgreSQL.

use std::process::ExitCode;
use std::time::Duration;

use ackord_postgres::ClaimStrategy;
use ackord_tests::contract::store;
use ackord_tests::differential::{Subject, cases, cases_of_faults};
use ackord_tests::harness::{self, Suite};

/// The long form has no other bound than this.
const LIMIT: Duration = Duration::from_secs(7200);

fn main() -> ExitCode {
    let server = store::postgres_server();
    let guarded = server.clone();
    let mut trials = Suite::new("sqlite", cases(), async || Ok(Subject::Sqlite))
        .limit(LIMIT)
        .trials();
    let postgres = move || {
        let server = server.clone();
        async move {
            server.server().await?;
            Ok(Subject::Postgres(server, ClaimStrategy::SkipLocked))
        }
    };
    trials.extend(Suite::new("postgres", cases(), postgres).limit(LIMIT).trials());
    let guarded_claims = move || {
        let server = guarded.clone();
        async move {
            server.server().await?;
            Ok(Subject::Postgres(server, ClaimStrategy::GuardedUpdate))
        }
    };
    trials.extend(
        Suite::new("guarded_claims", cases(), guarded_claims)
            .limit(LIMIT)
            .trials(),
    );
    trials.extend(
        Suite::new("faults", cases_of_faults(), async || Ok(()))
            .limit(LIMIT)
            .trials(),
    );
    harness::run(trials)
}
