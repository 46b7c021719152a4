//! A future dropped at any point leaves the write whole or undone, and the writer free for the next one.

use crate::support::{Bench, accepted, claim_request, dropped_after, id, intent, new_call, operation};
use ackord::ports::{CallLog, NewOrder, Settled, ShopKey, ShopStore, WorkStore};

/// More polls than any write needs.
const ENOUGH: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ingest_dropped_half_way_is_whole_or_undone_and_its_repetition_completes_it() {
    let bench = Bench::new().await;
    let template = bench.ingest(1).await.remove(0);
    for polls in 1..ENOUGH {
        let orders: Vec<NewOrder> = ["first", "second", "third"]
            .map(|name| NewOrder {
                order_id: id(&format!("{name}-{polls}")),
                ..template.clone()
            })
            .into();
        let now = bench.now().await;
        let operation = operation();
        let told = dropped_after(polls, bench.store.ingest(&orders, now, operation)).await;
        let again = bench.store.ingest(&orders, now, operation).await.unwrap();
        assert_eq!(again.new.len(), 3, "after {polls} polls");
        assert!(told.is_none_or(|told| told.unwrap() == again));
        let entries = format!("SELECT count(*) FROM order_status_history WHERE order_id LIKE '%-{polls}'");
        assert_eq!(bench.number(&entries).await, 3, "after {polls} polls");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_dropped_half_way_leaves_the_writer_free() {
    let bench = Bench::new().await;
    let shop = ShopKey("shop".to_owned());
    for polls in 1..ENOUGH {
        let name = format!("C-{polls}");
        bench
            .plain(&format!("INSERT INTO orders (order_id) VALUES ('{name}')"))
            .await
            .unwrap();
        bench
            .plain(&format!(
                "INSERT INTO order_status_history (order_id, status) VALUES ('{name}', 'pending_acceptance')"
            ))
            .await
            .unwrap();
        let now = bench.now().await;

        let request = claim_request(now);
        dropped_after(polls, bench.store.claim(&request)).await;
        let claimed = bench.store.claim(&request).await.unwrap();
        assert_eq!(claimed.len(), 1, "claim after {polls} polls");
        assert_eq!(claimed[0].unreleased_claims, 1);

        let intents = [intent(&claimed[0], now)];
        let intend = operation();
        dropped_after(polls, bench.store.record_intents(&intents, intend)).await;
        let calls = bench.store.record_intents(&intents, intend).await.unwrap();
        let logged = format!("SELECT count(*) FROM api_calls WHERE related_id = '{name}'");
        assert_eq!(bench.number(&logged).await, 1, "intent after {polls} polls");

        let look = new_call(None, now);
        dropped_after(polls, bench.store.begin(&look)).await;
        dropped_after(polls, bench.store.pause(&shop, now)).await;
        dropped_after(
            polls,
            bench.store.finish(calls[0].unwrap(), &crate::support::applied(), &[]),
        )
        .await;

        let settlements = [accepted(&claimed[0])];
        let settle = operation();
        dropped_after(polls, bench.store.settle(&settlements, now, settle)).await;
        let settled = bench.store.settle(&settlements, now, settle).await.unwrap();
        assert_eq!(settled, [Settled::Written], "settle after {polls} polls");
        let entries = format!("SELECT count(*) FROM order_status_history WHERE order_id = '{name}'");
        assert_eq!(bench.number(&entries).await, 2, "settle after {polls} polls");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_beside_dropped_ones_see_no_error() {
    let bench = Bench::new().await;
    let shop = ShopKey("shop".to_owned());
    let spoilers = (0..4).map(|seed| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let now = store.now().await.unwrap();
            for round in 0..100 {
                let call = new_call(None, now);
                dropped_after(1 + (seed + round) % 9, store.begin(&call)).await;
            }
        })
    });
    let spoilers: Vec<_> = spoilers.collect();
    for _ in 0..100 {
        bench.store.count_unanswered(&shop, false, 1).await.unwrap();
    }
    for spoiler in spoilers {
        spoiler.await.unwrap();
    }
    assert_eq!(bench.store.shop(&shop).await.unwrap().unanswered_in_row, 100);
    // Nothing is held open: another program can write at once.
    bench
        .plain("PRAGMA busy_timeout = 0; INSERT INTO orders (order_id) VALUES ('D-1')")
        .await
        .unwrap();
}
