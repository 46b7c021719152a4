//! The control API under `/_sandbox`.

use ackord_sandbox::{DEFAULT_KEY, OrderSeed, Sandbox, SandboxClock};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, start, with_orders};

#[tokio::test]
async fn health_tells_what_is_there() {
    let (_sandbox, client) = with_orders(&["A", "B"]).await;
    let health = client.control(Method::GET, "health", Value::Null).await.json();
    assert_eq!(
        (health["status"].as_str(), health["orders"].as_u64()),
        (Some("ok"), Some(2))
    );
}

#[tokio::test]
async fn control_needs_no_key_and_is_not_counted() {
    let (sandbox, _client) = with_orders(&[]).await;
    let stranger = Client::of(&sandbox).with_key("");
    assert_eq!(stranger.control(Method::GET, "health", Value::Null).await.status, 200);
    assert_eq!(sandbox.ledger().calls_total(), 0);
    assert_eq!(sandbox.api_key(), DEFAULT_KEY);
}

#[tokio::test]
async fn orders_are_put_in_one_by_one_or_many_at_once() {
    let (_sandbox, client) = with_orders(&[]).await;
    let one = client.control(Method::POST, "orders", json!({"order_id": "A"})).await;
    assert_eq!(one.status, 201);
    let many = json!([{"order_id": "B", "kind": "two_lines"}, {"order_id": "C", "kind": "shipped"}]);
    assert_eq!(client.control(Method::POST, "orders", many).await.status, 201);
    let bulk = json!({"count": 5, "prefix": "X"});
    assert_eq!(client.control(Method::POST, "orders/bulk", bulk).await.status, 201);
    let listed = client
        .control(Method::GET, "orders?state=WAITING_ACCEPTANCE&limit=3", Value::Null)
        .await;
    assert_eq!(listed.json()["orders"].as_array().unwrap().len(), 3);
    assert_eq!(client.get("/api/orders?max=100").await.order_ids().len(), 8);
    let taken = client.control(Method::POST, "orders", json!({"order_id": "A"})).await;
    assert_eq!(taken.status, 409);
}

#[tokio::test]
async fn unreadable_control_calls_say_what_is_wrong() {
    let (_sandbox, client) = with_orders(&[]).await;
    let misspelt = client
        .control(Method::POST, "orders", json!({"order_id": "A", "colour": 1}))
        .await;
    assert_eq!(misspelt.status, 422);
    assert!(misspelt.json()["error"].as_str().unwrap().contains("colour"));
    let senseless = json!({"probability": 7, "fault": {"kind": "empty_body"}});
    assert_eq!(client.control(Method::POST, "faults", senseless).await.status, 422);
}

#[tokio::test]
async fn hands_act_over_the_control_api() {
    let (_sandbox, client) = with_orders(&["A", "B/2"]).await;
    let acted = client
        .control(Method::POST, "orders/A/act", json!({"act": "cancel_by_customer"}))
        .await;
    assert_eq!(acted.json()["state"], "CANCELED");
    let set = json!({"act": {"set_state": {"state": "SHIPPED"}}});
    let acted = client.control(Method::POST, "orders/B%2F2/act", set).await;
    assert_eq!(acted.json()["state"], "SHIPPED");
    let late = client
        .control(Method::POST, "orders/A/act", json!({"act": "accept"}))
        .await;
    assert_eq!(late.status, 409);
    let none = client
        .control(Method::POST, "orders/Z/act", json!({"act": "accept"}))
        .await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn faults_are_added_listed_and_taken_away() {
    let (_sandbox, client) = with_orders(&["A"]).await;
    let fault = json!({"endpoint": "or11", "fault": {"kind": "status", "status": 503}});
    let added = client
        .control(Method::POST, "faults", json!([fault, fault]))
        .await
        .json();
    assert_eq!(added["fault_ids"], json!([1, 2]));
    assert_eq!(client.get("/api/orders").await.status, 503);
    let listed = client.control(Method::GET, "faults", Value::Null).await.json();
    assert_eq!(listed["faults"][0]["struck"], 1);
    assert_eq!(
        client.control(Method::DELETE, "faults/1", Value::Null).await.status,
        204
    );
    assert_eq!(
        client.control(Method::DELETE, "faults/1", Value::Null).await.status,
        404
    );
    assert_eq!(client.get("/api/orders").await.status, 503);
    assert_eq!(client.control(Method::DELETE, "faults", Value::Null).await.status, 204);
    assert_eq!(client.get("/api/orders").await.status, 200);
}

#[tokio::test]
async fn held_calls_are_released_over_the_control_api() {
    let (sandbox, client) = with_orders(&["A"]).await;
    let hang = json!({"endpoint": "or21", "fault": {"kind": "hang"}});
    client.control(Method::POST, "faults", hang).await;
    let ledger = sandbox.ledger();
    let (answer, released) = tokio::join!(client.accept("A"), async {
        ledger.until(|ledger| ledger.acceptances_received("A") == 1).await;
        client.control(Method::POST, "release", Value::Null).await
    });
    assert_eq!((answer.status, released.status), (204, 204));
}

#[tokio::test]
async fn the_account_is_changed_over_the_control_api() {
    let (_sandbox, client) = start(Sandbox::builder().order(OrderSeed::plain("A").lines(2))).await;
    client
        .control(Method::POST, "account", json!({"partial_acceptance": false}))
        .await;
    let mixed = crate::client::lines(&[("A-1", true), ("A-2", false)]);
    assert_eq!(
        client.decide("A", &mixed).await.code(),
        "ORDER_PARTIAL_ACCEPTANCE_DISABLED"
    );
    client
        .control(Method::POST, "account", json!({"shop_state": "TERMINATED"}))
        .await;
    assert_eq!(client.get("/api/orders").await.status, 403);
    client
        .control(Method::POST, "account", json!({"keys_revoked": true}))
        .await;
    assert_eq!(client.get("/api/orders").await.status, 401);
    let nowhere = json!({"shop_id": 99, "shop_state": "OPEN"});
    assert_eq!(client.control(Method::POST, "account", nowhere).await.status, 422);
}

#[tokio::test]
async fn a_manual_clock_is_advanced_over_the_control_api() {
    let clock = SandboxClock::manual("2026-02-03T12:00:00Z".parse().unwrap());
    let (_sandbox, client) = start(
        Sandbox::builder()
            .clock(clock)
            .order(OrderSeed::plain("A").deadline_ms(10)),
    )
    .await;
    let advanced = client.control(Method::POST, "clock", json!({"advance_ms": 10})).await;
    assert_eq!(advanced.json()["now"], "2026-02-03T12:00:00.01Z");
    assert_eq!(client.look("A").await.as_deref(), Some("REFUSED"));
    let (_sandbox, client) = with_orders(&[]).await;
    assert_eq!(
        client
            .control(Method::POST, "clock", json!({"advance_ms": 10}))
            .await
            .status,
        409
    );
    assert_eq!(
        client.control(Method::GET, "clock", Value::Null).await.json()["manual"],
        false
    );
}

#[tokio::test]
async fn the_ledger_is_served_whole_and_order_by_order() {
    let (_sandbox, client) = with_orders(&["A", "B"]).await;
    client.accept("A").await;
    let whole = client.control(Method::GET, "ledger", Value::Null).await.json();
    assert_eq!(whole["counts"]["decisions_applied"], 1);
    assert_eq!(whole["counts"]["calls"]["or21"], 1);
    assert_eq!(whole["orders"][0]["decisions"][0]["outcome"]["result"], "applied");
    let one = client.control(Method::GET, "ledger/B", Value::Null).await.json();
    assert_eq!(one["state"], "WAITING_ACCEPTANCE");
    assert_eq!(client.control(Method::GET, "ledger/Z", Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_reset_puts_everything_back_to_the_start() {
    let (sandbox, client) = with_orders(&["A"]).await;
    client.accept("A").await;
    client.control(Method::POST, "orders", json!({"order_id": "B"})).await;
    client.control(Method::POST, "reset", Value::Null).await;
    let page = client.get("/api/orders").await;
    assert_eq!(page.order_ids(), ["A"]);
    assert_eq!(page.json()["orders"][0]["order_state"], "WAITING_ACCEPTANCE");
    assert_eq!(sandbox.ledger().decisions_applied("A"), 0);
}
