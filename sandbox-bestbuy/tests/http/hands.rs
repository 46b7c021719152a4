//! Other people's hands, at once and between two of the client's steps.

use ackord_sandbox::{Act, Cause, Endpoint, FaultRule, Moment, OrderSeed, Sandbox, SandboxError, ShopState};

use crate::client::{start, with_orders};

fn plain(rule: FaultRule) -> Sandbox {
    Sandbox::builder()
        .orders([OrderSeed::plain("A"), OrderSeed::plain("B")])
        .fault(rule)
}

#[tokio::test]
async fn a_customer_cancels_between_look_and_send() {
    let rule = FaultRule::hands(Endpoint::Or11, Act::CancelByCustomer, Moment::After)
        .order("A")
        .once();
    let (sandbox, client) = start(plain(rule)).await;
    assert_eq!(client.look("B").await.as_deref(), Some("WAITING_ACCEPTANCE"));
    assert_eq!(client.look("A").await.as_deref(), Some("WAITING_ACCEPTANCE"));
    assert_eq!(client.accept("A").await.code(), "ORDER_INVALID_STATE");
    assert_eq!(client.look("A").await.as_deref(), Some("CANCELED"));
    assert_eq!(sandbox.ledger().state("B").unwrap().as_str(), "WAITING_ACCEPTANCE");
}

#[tokio::test]
async fn hands_can_wait_for_the_third_look() {
    let rule = FaultRule::hands(Endpoint::Or11, Act::CancelByOperator, Moment::After)
        .order("A")
        .skip(2)
        .once();
    let (_sandbox, client) = start(plain(rule)).await;
    for _ in 0..3 {
        assert_eq!(client.look("A").await.as_deref(), Some("WAITING_ACCEPTANCE"));
    }
    assert_eq!(client.look("A").await.as_deref(), Some("CANCELED"));
}

#[tokio::test]
async fn hands_before_a_look_are_seen_by_it() {
    let rule = FaultRule::hands(Endpoint::Or11, Act::Refuse, Moment::Before)
        .order("A")
        .once();
    let (_sandbox, client) = start(plain(rule)).await;
    assert_eq!(client.look("A").await.as_deref(), Some("REFUSED"));
}

#[tokio::test]
async fn a_person_accepts_right_before_our_decision() {
    let rule = FaultRule::hands(Endpoint::Or21, Act::Accept, Moment::Before)
        .order("A")
        .once();
    let (sandbox, client) = start(plain(rule)).await;
    assert_eq!(client.accept("A").await.code(), "ORDER_INVALID_STATE");
    assert_eq!(client.look("A").await.as_deref(), Some("SHIPPING"));
    let order = sandbox.ledger().order("A").unwrap();
    assert_eq!(order.decisions_applied(), 0);
    assert_eq!(order.transitions.last().unwrap().cause, Cause::AcceptedByPerson);
}

#[tokio::test]
async fn a_customer_cancels_right_after_our_decision() {
    let rule = FaultRule::hands(Endpoint::Or21, Act::CancelByCustomer, Moment::After).once();
    let (sandbox, client) = start(plain(rule)).await;
    assert_eq!(client.accept("A").await.status, 204);
    assert_eq!(client.look("A").await.as_deref(), Some("CANCELED"));
    assert_eq!(sandbox.ledger().decisions_applied("A"), 1);
}

#[tokio::test]
async fn the_deadline_passes_right_before_our_decision() {
    let rule = FaultRule::hands(Endpoint::Or21, Act::PassDeadline, Moment::Before).once();
    let (_sandbox, client) = start(plain(rule)).await;
    assert_eq!(client.accept("A").await.code(), "ORDER_INVALID_STATE");
    let order = client.get("/api/orders/A").await.json();
    assert_eq!(order["order_state"], "REFUSED");
    assert!(order["acceptance_decision_date"].is_null());
}

#[tokio::test]
async fn the_key_is_revoked_in_the_middle_of_a_run() {
    let rule = FaultRule::hands(Endpoint::Or21, Act::RevokeKeys, Moment::After).once();
    let (sandbox, client) = start(plain(rule)).await;
    assert_eq!(client.accept("A").await.status, 204);
    assert_eq!(client.accept("B").await.status, 401);
    assert_eq!(sandbox.ledger().decisions_applied("B"), 0);
}

#[tokio::test]
async fn the_shop_is_suspended_in_the_middle_of_a_run() {
    let act = Act::SetShop {
        state: ShopState::Suspended,
    };
    let rule = FaultRule::hands(Endpoint::Or11, act, Moment::After).once();
    let (_sandbox, client) = start(plain(rule)).await;
    assert_eq!(client.get("/api/orders").await.status, 200);
    assert_eq!(client.accept("A").await.status, 403);
}

#[tokio::test]
async fn hands_act_at_once_when_asked_directly() {
    let (sandbox, client) = with_orders(&["A", "B", "C", "D"]).await;
    sandbox.cancel("A").unwrap();
    sandbox.accept("B").unwrap();
    sandbox.refuse("C").unwrap();
    sandbox.set_state("D", "ON_THE_MOON").unwrap();
    let mut seen = Vec::new();
    for id in ["A", "B", "C", "D"] {
        seen.push(client.look(id).await.unwrap());
    }
    assert_eq!(seen, ["CANCELED", "SHIPPING", "REFUSED", "ON_THE_MOON"]);
}

#[tokio::test]
async fn hands_that_come_too_late_are_told_so() {
    let (sandbox, _client) = with_orders(&["A"]).await;
    sandbox.set_state("A", "SHIPPED").unwrap();
    assert!(matches!(sandbox.cancel("A"), Err(SandboxError::TooLate { .. })));
    assert!(matches!(sandbox.accept("A"), Err(SandboxError::TooLate { .. })));
    assert!(matches!(sandbox.cancel("Z"), Err(SandboxError::NoSuchOrder { .. })));
}
