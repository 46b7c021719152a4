//! What was said is never rewritten: the database itself refuses it, whoever asks.

use ackord::call::{CallOutcome, SeenState};
use ackord::failure::FailureCause;
use ackord::ports::{OrderStory, RecordedAnswer};
use ackord::status::OrderStatus;
use ackord::work::Phase;

use super::given::{at, conclude, end, failure, id, park};
use super::{Dialect, StoreFixture};

/// An order with something in every table of the record; gives its story.
async fn written(f: &StoreFixture) -> OrderStory {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let look = f.listing(now).await;
    let seen = SeenState {
        order_id: id("a"),
        state: Some("SHIPPING".to_owned()),
    };
    f.store
        .finish(look, &end(CallOutcome::Answered), &[seen])
        .await
        .unwrap();
    let send = f.intended(&claimed, now).await;
    let answer = RecordedAnswer {
        call: send,
        end: end(CallOutcome::Applied),
    };
    f.store.record_answers(&[answer]).await.unwrap();
    let mut settlement = park(&claimed, Phase::Ready, Some(now));
    settlement.failure = Some(failure("a", FailureCause::NotConfirmed));
    f.settled(settlement, now).await;
    let claimed = f.claim_of("a", Phase::Ready, now).await;
    let mut settlement = conclude(&claimed, OrderStatus::Accepted);
    settlement.resolution = Some("seen as accepted".to_owned());
    f.settled(settlement, at(now, 1)).await;
    f.story("a").await
}

/// Has each statement refused in clear words, and checks that the record stands as it stood.
async fn refused(f: &StoreFixture, statements: &[&str]) {
    let before = written(f).await;
    let raw = f.foreign.raw_order("a").await.unwrap();
    for statement in statements {
        let told = f.foreign.sql(statement).await;
        let words = told.expect_err(statement);
        assert!(!words.is_empty(), "{statement}");
    }
    assert_eq!(f.story("a").await, before);
    assert_eq!(f.foreign.raw_order("a").await.unwrap(), raw);
}

pub(super) async fn deleting_from_the_record_is_refused(f: &StoreFixture) {
    let statements = [
        "DELETE FROM order_status_history",
        "DELETE FROM order_status_history WHERE order_id = 'a' AND version = 1",
        "DELETE FROM call_orders",
        "DELETE FROM api_calls",
        "DELETE FROM api_calls WHERE endpoint = 'OR21'",
        "DELETE FROM process_failures",
        "DELETE FROM orders",
        "DELETE FROM orders WHERE order_id = 'without an entry'",
    ];
    f.foreign.insert_order("without an entry", "{}").await.unwrap();
    refused(f, &statements).await;
    assert!(f.foreign.raw_order("without an entry").await.unwrap().is_some());
}

pub(super) async fn truncating_the_record_is_refused(f: &StoreFixture) {
    let statements = [
        "TRUNCATE order_status_history",
        "TRUNCATE call_orders",
        "TRUNCATE api_calls CASCADE",
        "TRUNCATE process_failures",
        "TRUNCATE orders CASCADE",
    ];
    refused(f, &statements).await;
}

pub(super) async fn rewriting_the_timeline_is_refused(f: &StoreFixture) {
    let statements = [
        "UPDATE order_status_history SET status = 'cancelled'",
        "UPDATE order_status_history SET notes = 'never mind' WHERE version = 2",
        "UPDATE order_status_history SET \"timestamp\" = '2020-01-01 00:00:00'",
        "UPDATE order_status_history SET version = version + 1",
        "UPDATE order_status_history SET version = NULL",
        "UPDATE order_status_history SET history_id = history_id + 100",
        "UPDATE order_status_history SET source = 'external'",
        "UPDATE order_status_history SET actor = 'somebody else'",
        "UPDATE order_status_history SET attempt = 7",
        "UPDATE order_status_history SET send_call_id = NULL, look_call_id = NULL WHERE version = 1",
        "UPDATE orders SET raw_order_data = '{}'",
        "UPDATE orders SET order_id = 'b'",
        "UPDATE orders SET placed_at = NULL, created_at = '2020-01-01 00:00:00'",
    ];
    refused(f, &statements).await;
}

pub(super) async fn rewriting_a_completed_call_is_refused(f: &StoreFixture) {
    let statements = [
        "UPDATE api_calls SET response_body = 'never mind'",
        "UPDATE api_calls SET response_body = NULL",
        "UPDATE api_calls SET status_code = 500",
        "UPDATE api_calls SET is_success = NOT is_success",
        "UPDATE api_calls SET outcome = 'unknown'",
        "UPDATE api_calls SET outcome = NULL",
        "UPDATE api_calls SET duration_ms = 1",
        "UPDATE api_calls SET request_payload = '{}'",
        "UPDATE api_calls SET related_id = 'b'",
        "UPDATE api_calls SET endpoint = 'OR12'",
        "UPDATE api_calls SET \"timestamp\" = '2020-01-01 00:00:00'",
        "UPDATE api_calls SET fence = 1",
        "UPDATE call_orders SET state = 'CANCELED'",
        "UPDATE call_orders SET order_id = 'b'",
    ];
    refused(f, &statements).await;
}

pub(super) async fn rewriting_the_inbox_is_refused(f: &StoreFixture) {
    let statements = [
        "UPDATE process_failures SET details = 'never mind'",
        "UPDATE process_failures SET payload = '{}'",
        "UPDATE process_failures SET process_name = 'Other'",
        "UPDATE process_failures SET related_id = 'b'",
        "UPDATE process_failures SET cause = 'refused'",
        "UPDATE process_failures SET \"timestamp\" = '2020-01-01 00:00:00'",
        "UPDATE process_failures SET resolution = 'otherwise'",
        "UPDATE process_failures SET resolved_at = NULL, resolved_by = NULL, resolution = NULL",
    ];
    refused(f, &statements).await;
}

pub(super) async fn replacing_rows_of_the_record_is_refused(f: &StoreFixture) {
    let statements: &[&str] = match f.capabilities.sql.unwrap() {
        Dialect::Sqlite => &[
            "INSERT OR REPLACE INTO orders (order_id, raw_order_data) VALUES ('a', '{}')",
            "REPLACE INTO orders (order_id, raw_order_data) VALUES ('a', '{}')",
            "INSERT OR REPLACE INTO order_status_history (history_id, order_id, status)
             SELECT history_id, order_id, 'cancelled' FROM order_status_history",
            "INSERT OR REPLACE INTO api_calls (call_id, service, endpoint) SELECT call_id, 'x', 'y' FROM api_calls",
            "INSERT OR REPLACE INTO call_orders (call_id, order_id, state)
             SELECT call_id, order_id, 'CANCELED' FROM call_orders",
            "INSERT OR REPLACE INTO process_failures (failure_id, related_id, process_name)
             SELECT failure_id, related_id, 'x' FROM process_failures",
            "INSERT INTO orders (order_id, raw_order_data) VALUES ('a', '{}')
             ON CONFLICT (order_id) DO UPDATE SET raw_order_data = '{}'",
        ],
        Dialect::Postgres => &[
            "INSERT INTO orders (order_id, raw_order_data) VALUES ('a', '{}')
             ON CONFLICT (order_id) DO UPDATE SET raw_order_data = '{}'",
            "INSERT INTO order_status_history (history_id, order_id, status)
             OVERRIDING SYSTEM VALUE SELECT history_id, order_id, 'cancelled' FROM order_status_history
             ON CONFLICT (history_id) DO UPDATE SET status = 'cancelled'",
        ],
    };
    refused(f, statements).await;
}

pub(super) async fn the_refusal_names_the_table_and_the_way_out(f: &StoreFixture) {
    written(f).await;
    let words = f.foreign.sql("DELETE FROM order_status_history").await.unwrap_err();
    assert!(words.contains("order_status_history is append-only"), "{words}");
    assert!(words.contains("add a new entry"), "{words}");
}

pub(super) async fn an_open_failure_may_be_resolved_by_another_program_once(f: &StoreFixture) {
    f.foreign
        .insert_failure("a", "ShippingLabels", "no printer")
        .await
        .unwrap();
    let now = "2026-01-01T00:00:00.000000Z";
    let resolve = |words: &str| {
        format!("UPDATE process_failures SET resolved_at = '{now}', resolved_by = 'kim', resolution = '{words}'")
    };
    assert_eq!(f.foreign.sql(&resolve("new printer")).await, Ok(1));
    f.foreign.sql(&resolve("newer printer")).await.unwrap_err();
    let row = f.store.failure(ackord::failure::FailureId(1)).await.unwrap().unwrap();
    assert_eq!(row.resolution.as_deref(), Some("new printer"));
    assert_eq!(row.resolved_by.as_deref(), Some("kim"));
    assert_eq!(
        row.resolved_at.map(|at| at.to_string()).as_deref(),
        Some("2026-01-01T00:00:00Z")
    );
}

pub(super) async fn the_work_table_can_not_lose_an_order_of_the_timeline(f: &StoreFixture) {
    written(f).await;
    let missing = "SELECT COUNT(*) FROM order_status_history h
                   WHERE NOT EXISTS (SELECT 1 FROM order_work w WHERE w.order_id = h.order_id AND w.version >= h.version)";
    assert_eq!(f.foreign.number(missing).await, Ok(0));
}
