//! The ledger: written from what happened, never from what was answered.

use ackord_sandbox::{Cause, DecisionOutcome, Endpoint, Fault, FaultRule, OrderSeed, Sandbox};

use crate::client::{start, with_orders};

#[tokio::test]
async fn a_decision_is_written_down_with_its_body_and_outcome_and_no_key() {
    let (sandbox, client) = with_orders(&["A"]).await;
    client.accept("A").await;
    client.accept("A").await;
    let order = sandbox.ledger().order("A").unwrap();
    let [first, second] = &order.decisions[..] else {
        panic!("two decisions")
    };
    assert_eq!(first.outcome, DecisionOutcome::Applied);
    assert!(first.lines[0].accepted && first.lines[0].id == "A-1");
    assert_eq!(first.body, second.body);
    let code = Some("ORDER_INVALID_STATE".to_owned());
    assert_eq!(second.outcome, DecisionOutcome::Refused { status: 400, code });
    assert_eq!(first.key_fingerprint, second.key_fingerprint);
    let report = serde_json::to_string(&sandbox.ledger().report()).unwrap();
    assert!(!report.contains(sandbox.api_key()));
}

#[tokio::test]
async fn transitions_tell_their_causes() {
    let (sandbox, client) = start(Sandbox::builder().order(OrderSeed::slow_debit("A"))).await;
    client.accept("A").await;
    client.look("A").await;
    client.look("A").await;
    let order = sandbox.ledger().order("A").unwrap();
    let told: Vec<(String, Cause)> = order.transitions.iter().map(|t| (t.to.to_string(), t.cause)).collect();
    let expected = [
        ("WAITING_ACCEPTANCE", Cause::Created),
        ("WAITING_DEBIT", Cause::Acceptance),
        ("WAITING_DEBIT_PAYMENT", Cause::Payment),
        ("SHIPPING", Cause::Payment),
    ];
    assert_eq!(told, expected.map(|(state, cause)| (state.to_owned(), cause)));
    assert_eq!(order.looks.len(), 2);
}

#[tokio::test]
async fn a_look_whose_answer_was_lost_is_no_look() {
    let (sandbox, client) = start(
        Sandbox::builder()
            .order(OrderSeed::plain("A"))
            .fault(FaultRule::on(Endpoint::Or11, Fault::EmptyBody).once()),
    )
    .await;
    client.get("/api/orders").await;
    assert_eq!(sandbox.ledger().looks("A"), 0);
    client.get("/api/orders").await;
    assert_eq!(sandbox.ledger().looks("A"), 1);
    assert_eq!(sandbox.ledger().calls(Endpoint::Or11), 2);
}

#[tokio::test]
async fn calls_are_counted_by_endpoint_refused_ones_too() {
    let (sandbox, client) = with_orders(&["A"]).await;
    client.get("/api/orders").await;
    client.get("/api/orders/A").await;
    client.accept("A").await;
    client.get("/api/account").await;
    client.get("/nowhere").await;
    sandbox.revoke_keys(true);
    client.get("/api/orders").await;
    let ledger = sandbox.ledger();
    let counted = [
        Endpoint::Or11,
        Endpoint::Or12,
        Endpoint::Or21,
        Endpoint::A01,
        Endpoint::Other,
    ]
    .map(|endpoint| ledger.calls(endpoint));
    assert_eq!(counted, [2, 1, 1, 1, 1]);
    assert_eq!(ledger.calls_total(), 6);
}

#[tokio::test]
async fn the_ledger_can_be_read_after_the_sandbox_stopped() {
    let (sandbox, client) = with_orders(&["A"]).await;
    client.accept("A").await;
    let ledger = sandbox.ledger();
    sandbox.stop().await;
    assert_eq!(ledger.decisions_applied("A"), 1);
    assert_eq!(ledger.report().orders.len(), 1);
}
