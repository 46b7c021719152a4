//! Plain INSERTs of other programs: numbered, taken over and shown, whatever form their times have.

use crate::support::{Bench, accepted, id, intent, operation};
use ackord::call::CallOutcome;
use ackord::ports::{CallFilter, FailureFilter, OrderFilter, RecordReader, Settled, WorkStore};
use ackord::status::OrderStatus;
use ackord::work::{Phase, Version};

#[tokio::test]
async fn an_entry_is_numbered_and_counts_at_once() {
    let bench = Bench::new().await;
    bench.ingest(1).await;
    let sql =
        "INSERT INTO order_status_history (order_id, status, notes) VALUES ('A-0', 'shipped', 'by the label module')";
    bench.plain(sql).await.unwrap();
    let story = bench.store.story(&id("A-0")).await.unwrap().unwrap();
    assert_eq!(story.summary.status, Some(OrderStatus::parse("shipped")));
    assert_eq!(story.summary.version, Version(2));
    assert_eq!(story.summary.note.as_deref(), Some("by the label module"));
    assert_eq!(story.summary.phase, Some(Phase::Settled));
    assert_eq!(story.entries[1].source, "external");
    assert!(bench.claim().await.is_empty());
}

#[tokio::test]
async fn a_version_and_an_operation_of_its_own_are_not_kept() {
    let bench = Bench::new().await;
    bench.ingest(1).await;
    let sql =
        "INSERT INTO order_status_history (order_id, status, version, op_id) VALUES ('A-0', 'packed', 99, 'mine')";
    bench.plain(sql).await.unwrap();
    let kept = "SELECT version FROM order_status_history WHERE status = 'packed' AND op_id IS NULL";
    assert_eq!(bench.number(kept).await, 2);
}

#[tokio::test]
async fn rows_with_ids_of_their_own_and_several_in_one_statement_are_numbered_in_their_order() {
    let bench = Bench::new().await;
    bench.ingest(2).await;
    bench
        .plain("INSERT INTO order_status_history (history_id, order_id, status) VALUES (1000, 'A-0', 'x'), (500, 'A-1', 'y'), (501, 'A-0', 'z')")
        .await
        .unwrap();
    assert_eq!(
        bench
            .number("SELECT version FROM order_status_history WHERE history_id = 501")
            .await,
        3
    );
    assert_eq!(
        bench
            .number("SELECT version FROM order_status_history WHERE history_id = 500")
            .await,
        2
    );
}

#[tokio::test]
async fn an_entry_takes_the_order_away_from_its_worker() {
    let bench = Bench::new().await;
    bench.ingest(1).await;
    let claimed = bench.claim().await.remove(0);
    bench
        .plain("INSERT INTO order_status_history (order_id, status) VALUES ('A-0', 'pending_acceptance')")
        .await
        .unwrap();
    let now = bench.now().await;
    let intents = bench
        .store
        .record_intents(&[intent(&claimed, now)], operation())
        .await
        .unwrap();
    assert_eq!(intents, [None]);
    let settled = bench
        .store
        .settle(&[accepted(&claimed)], now, operation())
        .await
        .unwrap();
    assert_eq!(settled, [Settled::Lost]);
    let again = bench.claim().await.remove(0);
    assert!(again.fence > claimed.fence);
    assert_eq!(again.version, Version(2));
}

#[tokio::test]
async fn a_first_entry_by_another_program_is_its_order_s_standing() {
    let bench = Bench::new().await;
    let sql = "INSERT INTO orders (order_id, raw_order_data) VALUES ('B-1', '{}');
        INSERT INTO order_status_history (order_id, status, retry_at)
        VALUES ('B-1', 'acceptance_failed', datetime('now', '+1 hour'))";
    bench.plain(sql).await.unwrap();
    let standing = bench.store.standings(&[id("B-1")]).await.unwrap().remove(0);
    assert_eq!(standing.phase, Phase::Retry);
    assert!(standing.due_at.unwrap() > bench.now().await);
}

#[tokio::test]
async fn times_of_every_form_are_shown_in_one() {
    let bench = Bench::new().await;
    bench.ingest(1).await;
    let forms = [
        ("'2026-03-01 09:30:00'", "2026-03-01T09:30:00Z"),
        ("'2026-03-01T09:30:00.25'", "2026-03-01T09:30:00.25Z"),
        ("'2026-03-01T09:30:00.123456Z'", "2026-03-01T09:30:00.123456Z"),
        ("'2026-03-01 09:30+02:00'", "2026-03-01T07:30:00Z"),
        ("'2026-03-01'", "2026-03-01T00:00:00Z"),
        ("'2026-02-31T00:00:00.000000Z'", "2026-03-03T00:00:00Z"),
        ("1767323045", "2026-01-02T03:04:05Z"),
        ("2460000.5", "2023-02-25T00:00:00Z"),
    ];
    for (form, _) in forms {
        let sql =
            format!(r#"INSERT INTO order_status_history (order_id, status, "timestamp") VALUES ('A-0', 'x', {form})"#);
        bench.plain(&sql).await.unwrap();
    }
    let story = bench.store.story(&id("A-0")).await.unwrap().unwrap();
    let shown: Vec<String> = story.entries[1..].iter().map(|entry| entry.at.to_string()).collect();
    assert_eq!(shown, forms.map(|(_, shown)| shown));
    assert_eq!(story.summary.status_at, Some(story.entries[8].at));
}

#[tokio::test]
async fn a_missing_time_or_source_is_filled_in() {
    let bench = Bench::new().await;
    bench.ingest(1).await;
    let sql =
        r#"INSERT INTO order_status_history (order_id, status, "timestamp", source) VALUES ('A-0', 'x', NULL, NULL)"#;
    bench.plain(sql).await.unwrap();
    let story = bench.store.story(&id("A-0")).await.unwrap().unwrap();
    assert_eq!(story.entries[1].source, "external");
    assert!(story.entries[1].at >= story.entries[0].at);
}

#[tokio::test]
async fn calls_and_failures_of_other_modules_are_listed_with_what_they_hold() {
    let bench = Bench::new().await;
    let sql = "INSERT INTO api_calls (service, endpoint, related_id, status_code, is_success)
        VALUES ('labels', 'create', 'A-0', -1, 0);
        INSERT INTO process_failures (process_name, details) VALUES ('Labels', 'no printer')";
    bench.plain(sql).await.unwrap();
    let calls = CallFilter {
        order: Some(id("A-0")),
        endpoint: None,
        outcome: None,
        since: None,
        before: None,
        limit: 10,
    };
    let call = bench.store.calls(&calls).await.unwrap().remove(0);
    assert_eq!(
        (call.service.as_str(), call.status_code, call.is_success),
        ("labels", None, Some(false))
    );
    assert_eq!(call.outcome, None::<CallOutcome>);
    let failures = FailureFilter {
        open: Some(true),
        needs_person: Some(true),
        cause: None,
        related_id: None,
        since: None,
        before: None,
        limit: 10,
    };
    let failure = bench.store.failures(&failures).await.unwrap().remove(0);
    assert_eq!((failure.process_name.as_str(), failure.cause), ("Labels", None));
}

#[tokio::test]
async fn a_row_that_was_spoiled_past_every_guard_costs_a_listing_that_row_alone() {
    let bench = Bench::new().await;
    bench.ingest(3).await;
    bench
        .plain("UPDATE order_work SET status_at = 'spoiled' WHERE order_id = 'A-1'")
        .await
        .unwrap();
    let filter = OrderFilter {
        status: None,
        since: None,
        after: None,
        limit: 10,
    };
    let orders = bench.store.orders(&filter).await.unwrap();
    assert_eq!(orders.len(), 2);
    let error = bench.store.story(&id("A-1")).await.unwrap_err();
    assert!(
        error.to_string().contains("order `A-1`, status_at: `spoiled`"),
        "{error}"
    );
}

#[tokio::test]
async fn texts_that_are_no_utf_8_cost_nothing_but_their_unreadable_bytes() {
    let bench = Bench::new().await;
    let orders = bench.ingest(1).await;
    let sql = "INSERT INTO order_status_history (order_id, status, notes)
        VALUES ('A-0', CAST(x'657870e96469e9' AS TEXT), CAST(x'fc626572' AS TEXT))";
    bench.plain(sql).await.unwrap();
    let story = bench.store.story(&id("A-0")).await.unwrap().unwrap();
    assert_eq!(story.summary.status, Some(OrderStatus::parse("exp\u{fffd}di\u{fffd}")));
    assert_eq!(story.entries[1].note.as_deref(), Some("\u{fffd}ber"));
    let now = bench.now().await;
    let known = bench.store.ingest(&orders, now, operation()).await.unwrap().known;
    assert_eq!(known[0].version, Version(2));
}

#[tokio::test]
async fn a_row_stored_without_its_time_is_told_once_when_the_order_was_placed() {
    let bench = Bench::new().await;
    let mut orders = bench.ingest(1).await;
    bench
        .plain("INSERT INTO orders (order_id, raw_order_data) VALUES ('B-1', '{\"theirs\":1}')")
        .await
        .unwrap();
    let placed_at: ackord::Timestamp = "2026-03-01T09:30:00.5Z".parse().unwrap();
    orders[0].order_id = id("B-1");
    orders[0].placed_at = Some(placed_at);
    let now = bench.now().await;
    bench.store.ingest(&orders, now, operation()).await.unwrap();
    let claimed = bench.claim().await;
    assert_eq!(claimed[0].placed_at, placed_at);
    let story = bench.store.story(&id("B-1")).await.unwrap().unwrap();
    assert_eq!(story.summary.placed_at, placed_at);
    let kept = "SELECT count(*) FROM orders WHERE raw_order_data = '{\"theirs\":1}' AND placed_at IS NOT NULL";
    assert_eq!(bench.number(kept).await, 1);
    let again = bench
        .plain("UPDATE orders SET placed_at = '2020-01-01' WHERE order_id = 'B-1'")
        .await;
    assert!(again.is_err());
}

#[tokio::test]
async fn an_order_whose_id_no_order_can_have_is_refused() {
    let bench = Bench::new().await;
    let long = "x".repeat(256);
    for value in [
        format!("'{long}'"),
        "''".to_owned(),
        "'A' || char(0)".to_owned(),
        "NULL".to_owned(),
    ] {
        let sql = format!("INSERT INTO orders (order_id) VALUES ({value})");
        assert!(bench.plain(&sql).await.is_err(), "{value}");
    }
    bench
        .plain(&format!("INSERT INTO orders (order_id) VALUES ('{}')", &long[1..]))
        .await
        .unwrap();
}
