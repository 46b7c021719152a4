//! Several programs on one file at once.

use std::collections::HashSet;
use std::time::Duration;

use crate::support::{Bench, accepted, claim_request, operation};
use ackord::ports::{ClaimRequest, ShopKey, ShopStore, StoreError, WorkStore};
use ackord_sqlite::{SqliteOptions, SqliteStore};
use sqlx::Executor;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_claim_each_order_once_while_twenty_others_insert() {
    const ORDERS: usize = 200;
    let bench = Bench::new().await;
    bench.ingest(ORDERS).await;
    let mut programs = Vec::new();
    for _ in 0..2 {
        let store = bench.another().await;
        programs.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let now = store.now().await.unwrap();
                let request = ClaimRequest {
                    limit: 7,
                    // No slow disk outlasts it.
                    lease: Duration::from_secs(3600),
                    ..claim_request(now)
                };
                let claimed = store.claim(&request).await.unwrap();
                if claimed.is_empty() {
                    return mine;
                }
                let settlements: Vec<_> = claimed.iter().map(accepted).collect();
                store.settle(&settlements, now, operation()).await.unwrap();
                mine.extend(claimed.into_iter().map(|order| order.order_id));
            }
        }));
    }
    let mut writers = Vec::new();
    for writer in 0..20 {
        let mut connection = bench.foreign().await;
        writers.push(tokio::spawn(async move {
            for _ in 0..10 {
                let insert = sqlx::query("INSERT INTO order_status_history (order_id, status) VALUES (?1, 'packed')");
                connection.execute(insert.bind(format!("A-{writer}"))).await.unwrap();
            }
        }));
    }
    let mut claimed = Vec::new();
    for program in programs {
        claimed.extend(program.await.unwrap());
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let distinct: HashSet<_> = claimed.iter().collect();
    assert_eq!(distinct.len(), claimed.len());
    let gaps = "SELECT count(*) FROM (SELECT order_id, count(*) AS entries, max(version) AS newest
        FROM order_status_history GROUP BY order_id) WHERE entries <> newest";
    assert_eq!(bench.number(gaps).await, 0);
    let behind = "SELECT count(*) FROM order_work w WHERE version <>
        (SELECT max(version) FROM order_status_history h WHERE h.order_id = w.order_id)";
    assert_eq!(bench.number(behind).await, 0);
    assert_eq!(
        bench
            .number("SELECT count(*) FROM order_work WHERE phase <> 'settled'")
            .await,
        0
    );
}

#[tokio::test]
async fn a_claim_that_waited_its_turn_takes_no_lease_that_was_given_meanwhile() {
    let bench = Bench::new().await;
    bench.ingest(1).await;
    let early = bench.now().await;
    let late = ackord::time::plus(early, Duration::from_millis(1500));
    assert_eq!(bench.store.claim(&claim_request(late)).await.unwrap().len(), 1);
    assert_eq!(bench.store.claim(&claim_request(early)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_holds_the_file_too_long_makes_the_store_busy_and_no_more() {
    let bench = Bench::new().await;
    let options = SqliteOptions {
        busy_timeout: Duration::from_millis(50),
        ..SqliteOptions::default()
    };
    let impatient = SqliteStore::connect(&bench.url(), options).await.unwrap();
    let shop = ShopKey("shop".to_owned());
    let mut holder = bench.foreign().await;
    holder.execute("BEGIN IMMEDIATE").await.unwrap();
    let error = impatient.count_unanswered(&shop, false, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
    assert_eq!(impatient.shop(&shop).await.unwrap().unanswered_in_row, 0);
    holder.execute("ROLLBACK").await.unwrap();
    assert_eq!(
        impatient
            .count_unanswered(&shop, false, 1)
            .await
            .unwrap()
            .unanswered_in_row,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_of_one_program_take_turns() {
    let bench = Bench::new().await;
    let shop = ShopKey("shop".to_owned());
    let tasks = (0..50).map(|_| {
        let (store, shop) = (bench.store.clone(), shop.clone());
        tokio::spawn(async move { store.count_unanswered(&shop, false, 1).await.unwrap() })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(bench.store.shop(&shop).await.unwrap().unanswered_in_row, 50);
}
