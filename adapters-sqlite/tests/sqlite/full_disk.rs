//! A full disk, and other faults in the middle of a write: a typed error, nothing half written, and a store that goes on
//! when the fault is over.

use crate::support::{Bench, id, operation};
use ackord::ports::{NewOrder, RecordReader, ShopKey, ShopStore, StoreError, WorkStore};
use ackord_sqlite::{SqliteOptions, SqliteStore};

#[tokio::test]
async fn a_full_disk_loses_nothing_and_poisons_nothing() {
    let bench = Bench::new().await;
    let template = bench.ingest(1).await.remove(0);
    let shop = ShopKey("shop".to_owned());
    bench.store.count_unanswered(&shop, false, 1).await.unwrap();
    let pages = bench.number("PRAGMA page_count").await;
    let options = SqliteOptions {
        max_pages: Some(u32::try_from(pages).unwrap() + 20),
        ..SqliteOptions::default()
    };
    let narrow = SqliteStore::connect(&bench.url(), options).await.unwrap();

    let orders: Vec<NewOrder> = (0..50)
        .map(|number| NewOrder {
            order_id: id(&format!("large-{number}")),
            raw: format!("\"{}\"", "x".repeat(8000)).into(),
            ..template.clone()
        })
        .collect();
    let now = bench.now().await;
    let operation = operation();
    for _ in 0..3 {
        let error = narrow.ingest(&orders, now, operation).await.unwrap_err();
        assert!(matches!(error, StoreError::Full(_)), "{error:?}");
        // What needs no room still works, on the same store.
        narrow.count_unanswered(&shop, false, 1).await.unwrap();
        assert!(narrow.story(&id("large-0")).await.unwrap().is_none());
    }
    assert_eq!(narrow.shop(&shop).await.unwrap().unanswered_in_row, 4);

    let ingested = bench.store.ingest(&orders, now, operation).await.unwrap();
    assert_eq!(ingested.new.len(), 50);
    assert_eq!(bench.number("SELECT count(*) FROM order_status_history").await, 51);
}

#[tokio::test]
async fn a_transaction_that_sqlite_itself_ended_does_not_block_the_next_one() {
    let bench = Bench::new().await;
    let template = bench.ingest(1).await.remove(0);
    // Some faults end the whole transaction, as this stand-in for them does.
    let fault = "CREATE TRIGGER fault BEFORE INSERT ON order_work BEGIN SELECT RAISE(ROLLBACK, 'a fault'); END";
    bench.plain(fault).await.unwrap();
    let orders = [NewOrder {
        order_id: id("B-1"),
        ..template
    }];
    let now = bench.now().await;
    let operation = operation();
    for _ in 0..3 {
        let error = bench.store.ingest(&orders, now, operation).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    }
    bench.plain("DROP TRIGGER fault").await.unwrap();
    assert_eq!(bench.store.ingest(&orders, now, operation).await.unwrap().new.len(), 1);
}
