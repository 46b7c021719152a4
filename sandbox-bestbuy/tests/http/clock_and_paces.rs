//! Time and looks: what moves orders when nobody touches them.

use ackord_sandbox::{OrderKind, OrderSeed, Pace, Sandbox, SandboxClock, SandboxHandle, Step};
use jiff::{SignedDuration, Timestamp};

use crate::client::{Client, start};

fn noon() -> Timestamp {
    "2026-02-03T12:00:00Z".parse().unwrap()
}

async fn by_hand(order: OrderSeed) -> (SandboxHandle, Client) {
    start(Sandbox::builder().clock(SandboxClock::manual(noon())).order(order)).await
}

#[tokio::test]
async fn an_order_nobody_decides_is_refused_at_the_deadline() {
    let (sandbox, client) = by_hand(OrderSeed::plain("A")).await;
    sandbox
        .advance(SignedDuration::from_hours(24) - SignedDuration::from_millis(1))
        .unwrap();
    assert_eq!(client.look("A").await.as_deref(), Some("WAITING_ACCEPTANCE"));
    sandbox.advance(SignedDuration::from_millis(1)).unwrap();
    let order = client.get("/api/orders/A").await.json();
    assert_eq!(order["order_state"], "REFUSED");
    assert!(order["acceptance_decision_date"].is_null());
    assert_eq!(client.accept("A").await.code(), "ORDER_INVALID_STATE");
}

#[tokio::test]
async fn an_order_can_have_a_deadline_of_its_own() {
    let (sandbox, client) = by_hand(OrderSeed::plain("A").deadline_ms(500)).await;
    sandbox.advance(SignedDuration::from_millis(500)).unwrap();
    let waiting = client.get("/api/orders?order_state_codes=WAITING_ACCEPTANCE").await;
    assert!(waiting.order_ids().is_empty());
}

#[tokio::test]
async fn debits_take_the_time_they_are_given() {
    let order = OrderSeed::slow_debit("A").reads_waiting(Pace::Ms(1_000)).path([
        Step::new("WAITING_DEBIT", Pace::Ms(60_000)),
        Step::new("WAITING_DEBIT_PAYMENT", Pace::Ms(60_000)),
        Step::new("SHIPPING", Pace::Never),
    ]);
    let (sandbox, client) = by_hand(order).await;
    client.accept("A").await;
    let mut seen = Vec::new();
    for seconds in [0, 1, 59, 1, 59, 1] {
        sandbox.advance(SignedDuration::from_secs(seconds)).unwrap();
        seen.push(client.look("A").await.unwrap());
    }
    assert_eq!(
        seen,
        [
            "WAITING_ACCEPTANCE",
            "WAITING_DEBIT",
            "WAITING_DEBIT",
            "WAITING_DEBIT_PAYMENT",
            "WAITING_DEBIT_PAYMENT",
            "SHIPPING",
        ]
    );
}

#[tokio::test]
async fn debits_can_be_counted_in_looks() {
    let (_sandbox, client) = by_hand(OrderSeed::slow_debit("A")).await;
    client.accept("A").await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(client.look("A").await.unwrap());
    }
    assert_eq!(seen, ["WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING"]);
}

#[tokio::test]
async fn a_refused_payment_cancels_an_accepted_order() {
    let (_sandbox, client) = by_hand(OrderSeed::of(OrderKind::PaymentRefused, "A")).await;
    client.accept("A").await;
    assert_eq!(client.look("A").await.as_deref(), Some("WAITING_DEBIT"));
    assert_eq!(client.look("A").await.as_deref(), Some("CANCELED"));
}

#[tokio::test]
async fn a_staged_order_cannot_be_decided_yet() {
    let (_sandbox, client) = by_hand(OrderSeed::of(OrderKind::Staging, "A")).await;
    assert_eq!(client.accept("A").await.code(), "ORDER_INVALID_STATE");
    assert_eq!(client.look("A").await.as_deref(), Some("STAGING"));
    assert_eq!(client.look("A").await.as_deref(), Some("WAITING_ACCEPTANCE"));
    assert_eq!(client.accept("A").await.status, 204);
}

#[tokio::test]
async fn an_order_can_go_to_a_state_that_nobody_knows() {
    let (_sandbox, client) = by_hand(OrderSeed::of(OrderKind::UnknownState, "A")).await;
    client.accept("A").await;
    assert_eq!(client.look("A").await.as_deref(), Some("QUALITY_HOLD"));
}

#[tokio::test]
async fn dates_come_from_the_sandbox_clock() {
    let (sandbox, client) = by_hand(OrderSeed::plain("A")).await;
    sandbox.advance(SignedDuration::from_mins(5)).unwrap();
    client.accept("A").await;
    let order = client.get("/api/orders/A").await.json();
    assert_eq!(order["created_date"], "2026-02-03T12:00:00Z");
    assert_eq!(order["acceptance_decision_date"], "2026-02-03T12:05:00Z");
    assert_eq!(order["last_updated_date"], "2026-02-03T12:05:00Z");
}
