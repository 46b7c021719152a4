//! Rows that another program keeps locked in an open transaction.

use std::sync::Arc;
use std::time::Duration;

use ackord::work::Phase;

use super::StoreFixture;
use super::given::names;

/// Keeps a row locked for some seconds.
const KEEP_LOCKED: &str = "WITH kept AS MATERIALIZED (SELECT order_id FROM order_work WHERE order_id = 'a' FOR UPDATE)
    SELECT pg_sleep(5) FROM kept";

/// Tells whether that is under way.
const IS_LOCKED: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'PgSleep'";

pub(super) async fn a_row_that_another_program_keeps_locked_holds_up_no_other(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let foreign = Arc::clone(&f.foreign);
    let locker = tokio::spawn(async move { foreign.sql(KEEP_LOCKED).await.unwrap() });
    while f.foreign.number(IS_LOCKED).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(names(&f.claim(&[Phase::Ready], now).await), ["b", "c"]);
    assert!(!locker.is_finished(), "the claim waited for the lock");
    locker.await.unwrap();
    assert_eq!(names(&f.claim(&[Phase::Ready], now).await), ["a"]);
}
