//! Proof that the contract can fail: stores with one fault each, and databases without one of their triggers. For each
//! there is a case that fails.

mod alerts;
mod store;
mod triggers;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use libtest_mimic::Trial;
use tokio::time::timeout;

use super::{MEMORY, StoreFixture, cases};
use crate::harness::{Case, Suite};
use crate::postgres::SharedServer;

pub use store::Fault;

/// How long one case may take; one that does not end counts as failed.
const LIMIT: Duration = Duration::from_secs(30);
/// How long all cases may take for all triggers.
const LIMIT_IN_ALL: Duration = Duration::from_secs(900);

/// One trial for each fault: it fails if no case of the contract does.
#[must_use]
pub fn faults() -> Vec<Trial> {
    let trials = Fault::ALL.map(|fault| {
        let name = format!("a_store_that_{}", fault.name());
        Suite::new(name, crate::cases![is_caught], move || async move { Ok(fault) }).trials()
    });
    trials.into_iter().flatten().collect()
}

async fn is_caught(fault: &Fault) {
    for case in cases(MEMORY) {
        if fails(&case, &StoreFixture::faulty(*fault)).await {
            return;
        }
    }
    panic!("no case fails on a store that {}", fault.name());
}

/// One trial for each store over SQL, which fails if the contract holds without one of the triggers.
#[must_use]
pub fn triggers(server: SharedServer) -> Vec<Trial> {
    use triggers::{of_postgres, of_sqlite};
    let each = crate::cases![of_sqlite::every_trigger_is_held_by_a_case];
    let mut trials = Suite::new("sqlite", each, async || Ok(())).limit(LIMIT_IN_ALL).trials();
    let each = crate::cases![of_postgres::every_trigger_is_held_by_a_case];
    let setup = move || {
        let server = server.clone();
        async move {
            server.server().await?;
            Ok(server)
        }
    };
    trials.extend(Suite::new("postgres", each, setup).limit(LIMIT_IN_ALL).trials());
    trials
}

/// Whether a case fails on this store.
async fn fails(case: &Case<StoreFixture>, fixture: &StoreFixture) -> bool {
    let run = AssertUnwindSafe((case.run)(fixture)).catch_unwind();
    !matches!(timeout(LIMIT, run).await, Ok(Ok(())))
}
