//! A database without one of its triggers breaks the contract, whichever that trigger is.

use std::collections::BTreeSet;

use ackord_postgres::ClaimStrategy;

use super::super::{POSTGRES, SQLITE, StoreFixture, beside_others, by_postgres, by_sql};
use super::fails;
use crate::harness::Case;

/// The cases that triggers are there for.
fn guarded(fixture: &StoreFixture) -> Vec<Case<StoreFixture>> {
    let mut cases = by_sql();
    if fixture.capabilities == POSTGRES {
        cases.extend(by_postgres());
    }
    cases.extend(beside_others());
    cases
}

/// Which of `triggers` can be dropped by their statement without any case failing.
async fn idle<M: AsyncFn() -> StoreFixture>(fresh: M, drop_statements: &[String]) -> Vec<String> {
    let mut idle = Vec::new();
    for statement in drop_statements {
        let mut caught = false;
        for case in guarded(&fresh().await) {
            let fixture = fresh().await;
            fixture.foreign.sql(statement).await.unwrap();
            caught = fails(&case, &fixture).await;
            if caught {
                break;
            }
        }
        if !caught {
            idle.push(statement.clone());
        }
    }
    idle
}

/// Triggers that another one stands behind: a table that others refer to can be truncated together with those alone.
const BACKED_UP: [&str; 2] = [
    "DROP TRIGGER api_calls_keep_all ON api_calls",
    "DROP TRIGGER orders_keep_all ON orders",
];

fn assert_none_idle(idle: &[String], all: &[String]) {
    assert!(!all.is_empty(), "there are no triggers");
    let unexpected: Vec<&String> = idle.iter().filter(|drop| !BACKED_UP.contains(&drop.as_str())).collect();
    assert_eq!(unexpected, [""; 0], "after these no case fails");
}

pub(super) mod of_sqlite {
    use super::*;

    /// Asks for the statements that drop each trigger.
    const DROPS: &str = "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name";

    pub(in super::super) async fn every_trigger_is_held_by_a_case(_: &()) {
        let fresh = async || StoreFixture::sqlite().await.unwrap();
        let fixture = fresh().await;
        assert_eq!(fixture.capabilities, SQLITE);
        let drops = fixture.foreign.texts(DROPS).await.unwrap();
        assert_none_idle(&idle(fresh, &drops).await, &drops);
    }
}

pub(super) mod of_postgres {
    use super::*;
    use crate::postgres::SharedServer;

    /// Asks for the statements that drop each trigger.
    const DROPS: &str = "SELECT format('DROP TRIGGER %I ON %I', tgname, relname)
                         FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT tgisinternal ORDER BY 1";

    pub(in super::super) async fn every_trigger_is_held_by_a_case(server: &SharedServer) {
        let fresh = async || {
            StoreFixture::postgres(server.clone(), ClaimStrategy::default())
                .await
                .unwrap()
        };
        let drops = fresh().await.foreign.texts(DROPS).await.unwrap();
        let distinct: BTreeSet<&String> = drops.iter().collect();
        assert_eq!(distinct.len(), drops.len());
        assert_none_idle(&idle(fresh, &drops).await, &drops);
    }
}
