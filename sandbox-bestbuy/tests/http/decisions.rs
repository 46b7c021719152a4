//! OR21: what takes effect, and every code with which it is refused.

use ackord_sandbox::{ErrorForm, OrderKind, OrderSeed, RepeatedDecision, Sandbox, Shop};
use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::client::{Client, lines, start, with_orders};

async fn two_lines() -> (ackord_sandbox::SandboxHandle, Client) {
    start(Sandbox::builder().order(OrderSeed::of(OrderKind::TwoLines, "A"))).await
}

async fn refusal(body: Value) -> (u16, String) {
    let (sandbox, client) = two_lines().await;
    let answer = client.decide("A", &body).await;
    assert_eq!(sandbox.ledger().decisions_applied("A"), 0);
    assert_eq!(client.look("A").await.as_deref(), Some("WAITING_ACCEPTANCE"));
    (answer.status, answer.code())
}

#[tokio::test]
async fn an_acceptance_is_answered_204_with_an_empty_body() {
    let (sandbox, client) = with_orders(&["A"]).await;
    let answer = client.accept("A").await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(client.look("A").await.as_deref(), Some("SHIPPING"));
    assert_eq!(sandbox.ledger().decisions_applied("A"), 1);
}

#[tokio::test]
async fn a_second_decision_is_an_invalid_state() {
    let (sandbox, client) = with_orders(&["A"]).await;
    client.accept("A").await;
    let again = client.accept("A").await;
    assert_eq!((again.status, again.code().as_str()), (400, "ORDER_INVALID_STATE"));
    assert_eq!(sandbox.ledger().decisions_applied("A"), 1);
    assert_eq!(sandbox.ledger().acceptances_received("A"), 2);
}

#[tokio::test]
async fn a_second_decision_is_refused_while_the_order_still_reads_waiting() {
    let (sandbox, client) = start(Sandbox::builder().order(OrderSeed::plain("A").moves_by_look(3))).await;
    client.accept("A").await;
    assert_eq!(client.look("A").await.as_deref(), Some("WAITING_ACCEPTANCE"));
    assert_eq!(client.accept("A").await.code(), "ORDER_INVALID_STATE");
    assert_eq!(client.look("A").await.as_deref(), Some("WAITING_ACCEPTANCE"));
    assert_eq!(client.look("A").await.as_deref(), Some("SHIPPING"));
    assert_eq!(sandbox.ledger().decisions_applied("A"), 1);
}

#[tokio::test]
async fn a_lenient_marketplace_lets_a_second_decision_take_effect_and_the_ledger_tells() {
    let (sandbox, client) = start(
        Sandbox::builder()
            .order(OrderSeed::plain("A").moves_by_look(3))
            .configure(|options| options.repeated_decision = RepeatedDecision::Applied),
    )
    .await;
    client.accept("A").await;
    assert_eq!(client.accept("A").await.status, 204);
    assert_eq!(sandbox.ledger().decisions_applied("A"), 2);
    assert_eq!(sandbox.ledger().counts().decided_twice, 1);
}

#[tokio::test]
async fn an_unknown_order_is_not_found() {
    let (sandbox, client) = with_orders(&[]).await;
    let answer = client.accept("NOPE").await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "ORDER_NOT_FOUND"));
    assert_eq!(sandbox.ledger().acceptances_received("NOPE"), 1);
}

#[tokio::test]
async fn an_order_of_another_shop_is_not_found() {
    let (_sandbox, client) = start(
        Sandbox::builder()
            .shop(Shop::open(1))
            .shop(Shop::open(2))
            .order(OrderSeed::plain("A").shop(2)),
    )
    .await;
    assert_eq!(client.accept("A").await.code(), "ORDER_NOT_FOUND");
    let path = "/api/orders/A/accept?shop_id=2";
    let right = client
        .request(Method::PUT, path)
        .json(&lines(&[("A-1", true)]))
        .send()
        .await;
    assert_eq!(right.unwrap().status().as_u16(), 204);
}

#[tokio::test]
async fn a_missing_line_is_a_missing_decision() {
    let expected = (400, "ORDER_LINE_ACCEPTANCE_DECISION_MISSING".to_owned());
    assert_eq!(refusal(lines(&[("A-1", true)])).await, expected);
}

#[tokio::test]
async fn a_line_named_twice_is_a_duplicate() {
    let body = lines(&[("A-1", true), ("A-1", true), ("A-2", true)]);
    assert_eq!(refusal(body).await, (400, "ORDER_LINE_DUPLICATE_ID".to_owned()));
}

#[tokio::test]
async fn a_line_of_another_order_is_not_found() {
    let body = lines(&[("A-1", true), ("A-2", true), ("B-1", true)]);
    assert_eq!(refusal(body).await, (400, "ORDER_LINE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn a_null_line_is_a_null_element() {
    let body = json!({"order_lines": [{"id": "A-1", "accepted": true}, null]});
    assert_eq!(refusal(body).await, (400, "ORDER_LINE_NULL_ELEMENT".to_owned()));
}

#[tokio::test]
async fn unreadable_decisions_are_validation_errors() {
    for body in [
        json!({}),
        json!([]),
        json!({"order_lines": []}),
        json!({"order_lines": "A-1"}),
        json!({"order_lines": [{"id": 7, "accepted": true}]}),
        json!({"order_lines": [{"id": "A-1", "accepted": "yes"}]}),
        json!({"order_lines": [{"id": "A-1"}]}),
    ] {
        assert_eq!(refusal(body).await, (400, "VALIDATION_ERROR".to_owned()));
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_validation_error() {
    let (_sandbox, client) = with_orders(&["A"]).await;
    let request = client.request(Method::PUT, "/api/orders/A/accept");
    let request = request.header(header::CONTENT_TYPE, "application/json").body("{oops");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    assert!(answer.text().await.unwrap().contains("VALIDATION_ERROR"));
}

#[tokio::test]
async fn mixed_decisions_refuse_a_line_and_ship_the_rest() {
    let (_sandbox, client) = two_lines().await;
    let answer = client.decide("A", &lines(&[("A-2", false), ("A-1", true)])).await;
    assert_eq!(answer.status, 204);
    let order = client.get("/api/orders/A").await.json();
    assert_eq!(order["order_state"], "SHIPPING");
    assert_eq!(order["order_lines"][0]["order_line_state"], "SHIPPING");
    assert_eq!(order["order_lines"][1]["order_line_state"], "REFUSED");
}

#[tokio::test]
async fn mixed_decisions_can_be_disabled() {
    let (_sandbox, client) = start(
        Sandbox::builder()
            .order(OrderSeed::of(OrderKind::TwoLines, "A"))
            .configure(|options| options.partial_acceptance = false),
    )
    .await;
    let mixed = client.decide("A", &lines(&[("A-1", true), ("A-2", false)])).await;
    assert_eq!(
        (mixed.status, mixed.code().as_str()),
        (400, "ORDER_PARTIAL_ACCEPTANCE_DISABLED")
    );
    let whole = client.decide("A", &lines(&[("A-1", true), ("A-2", true)])).await;
    assert_eq!(whole.status, 204);
}

#[tokio::test]
async fn refusing_every_line_refuses_the_order() {
    let (_sandbox, client) = two_lines().await;
    client.decide("A", &lines(&[("A-1", false), ("A-2", false)])).await;
    let order = client.get("/api/orders/A").await.json();
    assert_eq!(order["order_state"], "REFUSED");
    assert!(order["acceptance_decision_date"].is_string());
}

#[tokio::test]
async fn an_order_that_the_marketplace_fulfils_cannot_be_decided_by_the_shop() {
    let body = json!({
        "order_id": "A", "order_state": "WAITING_ACCEPTANCE",
        "fulfillment": {"center": {"code": "OPERATOR"}},
        "order_lines": [{"order_line_id": "A-1"}],
    });
    let (_sandbox, client) = start(Sandbox::builder().order(OrderSeed::full("A", body))).await;
    let answer = client.accept("A").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "ORDER_FULFILLED_UNAUTHORIZED")
    );
}

#[tokio::test]
async fn only_json_is_taken() {
    let (sandbox, client) = with_orders(&["A"]).await;
    let request = client.request(Method::PUT, "/api/orders/A/accept");
    let request = request.header(header::CONTENT_TYPE, "text/plain").body("{}");
    assert_eq!(request.send().await.unwrap().status().as_u16(), 415);
    assert_eq!(sandbox.ledger().decisions_applied("A"), 0);
}

#[tokio::test]
async fn ids_with_slashes_spaces_and_other_scripts_are_decoded() {
    let id = "Commande/№ 7 — été%20#?&+A";
    let (sandbox, client) = with_orders(&[id]).await;
    assert_eq!(client.accept(id).await.status, 204);
    assert_eq!(sandbox.ledger().decisions_applied(id), 1);
    let page = client.get("/api/orders").await;
    assert_eq!(page.order_ids(), [id]);
}

#[tokio::test]
async fn errors_can_be_written_in_the_older_form_or_not_at_all() {
    for (form, expected) in [(ErrorForm::Older, true), (ErrorForm::Empty, false)] {
        let sandbox = Sandbox::builder().configure(|options| options.errors = form);
        let (_sandbox, client) = start(sandbox).await;
        let answer = client.accept("NOPE").await;
        assert_eq!(answer.status, 404);
        if expected {
            assert_eq!(answer.json()["status"], 404);
        } else {
            assert_eq!(answer.text, "");
        }
    }
}
