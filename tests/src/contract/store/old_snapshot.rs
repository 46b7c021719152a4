//! Claims while a transaction keeps an old snapshot, and with it every row that has died since.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ackord::ports::ClaimRequest;
use ackord::work::Phase;

use super::StoreFixture;
use super::given::{at, names, release, request};

/// Has the oldest order fall due later than what claims may remember. (Nothing is claimed before the rows are dead: it is the
/// first claim that takes note of how many are.)
const NOT_YET_DUE: &str = "UPDATE order_work SET due_at = now() + interval '50 seconds' WHERE order_id = 'order-000'";

/// Keeps a snapshot until it is ended.
const KEEP_SNAPSHOT: &str = "SELECT pg_sleep(300)";

/// Tells whether that is under way.
const IS_KEPT: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'PgSleep'";

const END_SNAPSHOT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'PgSleep'";

/// Leaves more than ten thousand dead rows of a hundred orders behind.
const CHURN: &str = "DO $$ BEGIN FOR n IN 1..110 LOOP UPDATE order_work SET worker = n::text; END LOOP; END $$";

const DEAD_ROWS: &str = "SELECT pg_stat_get_dead_tuples('order_work'::regclass)";

/// How long anything here may take; less than what a store may remember of the work table.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn an_order_older_than_what_is_claimed_is_found_while_many_rows_are_dead(f: &StoreFixture) {
    let now = f.base().await;
    let later = at(now, 60);
    let all: Vec<String> = (0..100).map(|number| format!("order-{number:03}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    f.ingested(&all, now).await;
    f.foreign.sql(NOT_YET_DUE).await.unwrap();

    let foreign = Arc::clone(&f.foreign);
    let snapshot = tokio::spawn(async move { foreign.sql(KEEP_SNAPSHOT).await });
    until(async || f.foreign.number(IS_KEPT).await.unwrap() > 0).await;
    f.foreign.sql(CHURN).await.unwrap();
    until(async || f.foreign.number(DEAD_ROWS).await.unwrap() >= 10_000).await;

    // Claims that find newer orders may begin to read at the oldest of these, and pass over what is due only later.
    let one = async |now| {
        let request = ClaimRequest {
            limit: 1,
            ..request(&[Phase::Ready], now)
        };
        let claimed = f.store.claim(&request).await.unwrap();
        for order in &claimed {
            f.settled(release(order), now).await;
        }
        names(&claimed).join(" ")
    };
    assert_eq!(one(now).await, all[1]);
    until(async || one(later).await == all[1]).await;
    // Where these come to an end, it is found.
    assert_eq!(names(&f.claim(&[Phase::Ready], later).await), all[1..]);
    assert_eq!(names(&f.claim(&[Phase::Ready], later).await), all[..1]);

    f.foreign.sql(END_SNAPSHOT).await.unwrap();
    snapshot.await.unwrap().expect_err("it was ended");
}

/// Asks again and again: the server sends no signal.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < PATIENCE, "it did not come to be within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
