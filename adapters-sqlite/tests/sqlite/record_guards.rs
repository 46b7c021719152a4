//! The record tables hold themselves up against any program that opens the file, whatever its settings.

use crate::support::{Bench, accepted, applied, intent, operation};
use ackord::failure::{FailureCause, NewFailure};
use ackord::ports::{CallLog, Inbox, InboxEntry, WorkStore};

/// A store with a row in each table of the record.
async fn bench() -> Bench {
    let bench = Bench::new().await;
    bench.ingest(2).await;
    let claimed = bench.claim().await;
    let now = bench.now().await;
    let intents: Vec<_> = claimed.iter().map(|order| intent(order, now)).collect();
    let calls = bench.store.record_intents(&intents[..1], operation()).await.unwrap();
    let seen = ackord::call::SeenState {
        order_id: claimed[0].order_id.clone(),
        state: Some("WAITING_ACCEPTANCE".to_owned()),
    };
    bench
        .store
        .finish(calls[0].unwrap(), &applied(), &[seen])
        .await
        .unwrap();
    let failure = NewFailure {
        related_id: "A-0".to_owned(),
        cause: FailureCause::Refused,
        details: "refused".to_owned(),
        payload: serde_json::json!({}),
        needs_person: true,
    };
    bench
        .store
        .open(&[InboxEntry { failure, version: None }])
        .await
        .unwrap();
    bench
        .store
        .settle(&[accepted(&claimed[1])], now, operation())
        .await
        .unwrap();
    bench
}

async fn is_refused(bench: &Bench, sql: &str) {
    let before = everything(bench).await;
    let message = bench.plain(sql).await.expect_err(sql);
    assert!(message.contains("append-only"), "{sql}: {message}");
    assert_eq!(everything(bench).await, before, "{sql}");
}

/// All of the record, in one text.
async fn everything(bench: &Bench) -> String {
    let mut connection = bench.foreign().await;
    let mut text = String::new();
    for table in [
        "orders",
        "order_status_history",
        "api_calls",
        "call_orders",
        "process_failures",
    ] {
        let columns: String = sqlx::query_scalar(
            "SELECT group_concat('quote(' || '\"' || name || '\")', ' || ') FROM pragma_table_info(?1)",
        )
        .bind(table)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        let rows = format!("SELECT coalesce(group_concat({columns}), '') FROM {table}");
        text += &sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(rows))
            .fetch_one(&mut connection)
            .await
            .unwrap();
    }
    text
}

#[tokio::test]
async fn rows_are_not_deleted() {
    let bench = bench().await;
    for table in [
        "orders",
        "order_status_history",
        "api_calls",
        "call_orders",
        "process_failures",
    ] {
        is_refused(&bench, &format!("DELETE FROM {table}")).await;
    }
}

#[tokio::test]
async fn rows_are_not_updated() {
    let bench = bench().await;
    for sql in [
        "UPDATE orders SET raw_order_data = '{}'",
        "UPDATE orders SET order_id = 'B' WHERE order_id = 'A-0'",
        "UPDATE order_status_history SET notes = 'never'",
        "UPDATE order_status_history SET version = 9 WHERE version = 2",
        "UPDATE order_status_history SET version = NULL",
        "UPDATE order_status_history SET source = 'external'",
        "UPDATE api_calls SET service = 'other'",
        "UPDATE api_calls SET status_code = 500 WHERE outcome = 'applied'",
        "UPDATE api_calls SET response_body = 'late' WHERE outcome = 'applied'",
        "UPDATE api_calls SET outcome = 'unknown' WHERE outcome = 'applied'",
        "UPDATE call_orders SET state = 'SHIPPED'",
        "UPDATE process_failures SET details = 'nothing'",
        "UPDATE process_failures SET resolution = 'done'",
        "UPDATE OR REPLACE order_status_history SET version = 1",
    ] {
        is_refused(&bench, sql).await;
    }
}

#[tokio::test]
async fn rows_are_not_replaced_with_recursive_triggers_and_foreign_keys_off() {
    let bench = bench().await;
    for sql in [
        "INSERT OR REPLACE INTO orders (order_id, raw_order_data) VALUES ('A-0', '{}')",
        "REPLACE INTO orders (order_id) VALUES ('A-0')",
        "INSERT INTO orders (order_id) VALUES ('A-0') ON CONFLICT (order_id) DO UPDATE SET raw_order_data = '{}'",
        "INSERT OR REPLACE INTO order_status_history (history_id, order_id, status) VALUES (1, 'A-0', 'shipped')",
        "INSERT OR REPLACE INTO order_status_history (order_id, status, version) VALUES ('A-0', 'shipped', 1)",
        "INSERT OR REPLACE INTO order_status_history (order_id, status, version, source) VALUES ('A-0', 'shipped', 1, 'ackord')",
        "INSERT OR REPLACE INTO api_calls (call_id, service, endpoint) VALUES (1, 'labels', 'create')",
        "INSERT OR REPLACE INTO call_orders (call_id, order_id) SELECT call_id, order_id FROM call_orders",
        "INSERT OR REPLACE INTO process_failures (failure_id, process_name) VALUES (1, 'Labels')",
    ] {
        is_refused(
            &bench,
            &format!("PRAGMA recursive_triggers = OFF; PRAGMA foreign_keys = OFF; {sql}"),
        )
        .await;
    }
}

#[tokio::test]
async fn an_order_stored_again_only_where_it_is_new_is_no_error() {
    let bench = bench().await;
    for sql in [
        "INSERT OR IGNORE INTO orders (order_id, raw_order_data) VALUES ('A-0', '{}')",
        "INSERT INTO orders (order_id, raw_order_data) VALUES ('A-0', '{}') ON CONFLICT DO NOTHING",
        "INSERT INTO orders (order_id, raw_order_data) VALUES ('A-0', '{}') ON CONFLICT (order_id) DO NOTHING",
    ] {
        bench.plain(sql).await.unwrap();
        let replaced = "SELECT count(*) FROM orders WHERE order_id = 'A-0' AND raw_order_data = '{}'";
        assert_eq!(bench.number(replaced).await, 0, "{sql}");
        is_refused(
            &bench,
            "REPLACE INTO orders (order_id, raw_order_data) VALUES ('A-0', '{}')",
        )
        .await;
    }
    let message = bench
        .plain("INSERT INTO orders (order_id) VALUES ('A-0')")
        .await
        .unwrap_err();
    assert!(message.contains("UNIQUE"), "{message}");
}

#[tokio::test]
async fn an_entry_for_an_unknown_order_is_refused_with_foreign_keys_off() {
    let bench = bench().await;
    let sql =
        "PRAGMA foreign_keys = OFF; INSERT INTO order_status_history (order_id, status) VALUES ('Z-9', 'shipped')";
    let message = bench.plain(sql).await.unwrap_err();
    assert!(message.contains("insert it into orders first"), "{message}");
    assert_eq!(
        bench
            .number("SELECT count(*) FROM order_work WHERE order_id = 'Z-9'")
            .await,
        0
    );
}

#[tokio::test]
async fn an_entry_in_our_name_is_refused() {
    let bench = bench().await;
    for version in ["NULL", "7", "2"] {
        let sql = format!(
            "INSERT INTO order_status_history (order_id, status, source, version) VALUES ('A-0', 'x', 'ackord', {version})"
        );
        let message = bench.plain(&sql).await.unwrap_err();
        assert!(message.contains("written by Ackord alone"), "{message}");
    }
}

#[tokio::test]
async fn a_call_is_completed_once_and_a_failure_resolved_once_by_anybody() {
    let bench = bench().await;
    bench
        .plain("INSERT INTO api_calls (service, endpoint) VALUES ('labels', 'create')")
        .await
        .unwrap();
    let complete =
        "UPDATE api_calls SET status_code = 200, is_success = 1, response_body = 'ok' WHERE service = 'labels'";
    assert_eq!(bench.plain(complete).await, Ok(1));
    is_refused(
        &bench,
        "UPDATE api_calls SET status_code = 500 WHERE service = 'labels'",
    )
    .await;

    let resolve =
        "UPDATE process_failures SET resolved_at = datetime('now'), resolved_by = 'Ada', resolution = 'called'";
    assert_eq!(bench.plain(resolve).await, Ok(1));
    is_refused(&bench, "UPDATE process_failures SET resolution = 'called again'").await;
    is_refused(&bench, "UPDATE process_failures SET resolved_at = NULL").await;
}

#[tokio::test]
async fn what_is_not_a_time_is_refused() {
    let bench = bench().await;
    for value in ["'soon'", "'now'", "'12:30'", "''", "'2026-13-40'", "-5", "1e300"] {
        let sql =
            format!(r#"INSERT INTO order_status_history (order_id, status, "timestamp") VALUES ('A-0', 'x', {value})"#);
        let refused = bench.plain(&sql).await;
        assert!(refused.is_err(), "{value}");
    }
    assert!(
        bench
            .plain("INSERT INTO orders (order_id, created_at) VALUES ('B', 'soon')")
            .await
            .is_err()
    );
    let failure = "INSERT INTO process_failures (process_name, payload) VALUES ('Labels', 'not JSON')";
    assert!(bench.plain(failure).await.is_err());
}
