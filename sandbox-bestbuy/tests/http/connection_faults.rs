//! Faults beneath HTTP: lost answers, resets, hangs, slow and broken bodies. Judged over bare TCP where it matters.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use ackord_sandbox::{DecisionOutcome, Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};

use crate::client::{accept_one, raw, raw_accept, raw_list, start};

fn faulty(rule: FaultRule) -> Sandbox {
    Sandbox::builder().order(OrderSeed::plain("A")).fault(rule)
}

fn or21(fault: Fault) -> Sandbox {
    faulty(FaultRule::on(Endpoint::Or21, fault).once())
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_without_a_byte_and_after_the_effect() {
    let (sandbox, client) = start(or21(Fault::AnswerLost)).await;
    let (bytes, ended) = raw(&sandbox, &raw_accept(&sandbox, "A")).await;
    assert!(bytes.is_empty());
    assert_eq!(ended.unwrap(), 0);
    assert_eq!(sandbox.ledger().decisions_applied("A"), 1);
    assert_eq!(client.look("A").await.as_deref(), Some("SHIPPING"));
}

#[tokio::test]
async fn a_lost_answer_is_an_error_to_an_http_client_that_does_not_resend() {
    let (sandbox, client) = start(or21(Fault::AnswerLost)).await;
    assert!(client.try_accept("A").await.is_err());
    assert_eq!(sandbox.ledger().acceptances_received("A"), 1);
}

#[tokio::test]
async fn a_reset_before_the_effect_changes_nothing() {
    let (sandbox, _client) = start(or21(Fault::Reset { moment: Moment::Before })).await;
    let (bytes, ended) = raw(&sandbox, &raw_accept(&sandbox, "A")).await;
    assert!(bytes.is_empty());
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let order = sandbox.ledger().order("A").unwrap();
    assert_eq!(order.decisions_applied(), 0);
    assert_eq!(
        order.decisions[0].outcome,
        DecisionOutcome::NotReached { fault: "reset".into() }
    );
}

#[tokio::test]
async fn a_reset_after_the_effect_hides_it() {
    let (sandbox, _client) = start(or21(Fault::Reset { moment: Moment::After })).await;
    let (_, ended) = raw(&sandbox, &raw_accept(&sandbox, "A")).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(sandbox.ledger().decisions_applied("A"), 1);
}

#[tokio::test]
async fn a_call_that_hangs_before_the_effect_waits_for_its_release() {
    let (sandbox, client) = start(or21(Fault::Hang { moment: Moment::Before })).await;
    let ledger = sandbox.ledger();
    let (answer, ()) = tokio::join!(client.accept("A"), async {
        ledger.until(|ledger| ledger.acceptances_received("A") == 1).await;
        assert_eq!(ledger.decisions_applied("A"), 0);
        sandbox.release_held();
    });
    assert_eq!(answer.status, 204);
    assert_eq!(ledger.decisions_applied("A"), 1);
}

#[tokio::test]
async fn a_call_whose_caller_gave_up_takes_effect_when_it_is_released() {
    let (sandbox, client) = start(or21(Fault::Hang { moment: Moment::Before })).await;
    let ledger = sandbox.ledger();
    let request = client.decision("A", &accept_one("A"));
    let given_up = request.timeout(Duration::from_millis(50)).send().await;
    assert!(given_up.unwrap_err().is_timeout());
    assert_eq!(ledger.decisions_applied("A"), 0);
    sandbox.release_held();
    ledger.until(|ledger| ledger.decisions_applied("A") == 1).await;
}

#[tokio::test]
async fn a_call_that_hangs_after_the_effect_never_answers() {
    let (sandbox, client) = start(or21(Fault::Hang { moment: Moment::After })).await;
    let request = client.decision("A", &accept_one("A"));
    let given_up = request.timeout(Duration::from_millis(50)).send().await;
    assert!(given_up.unwrap_err().is_timeout());
    assert_eq!(sandbox.ledger().decisions_applied("A"), 1);
}

#[tokio::test]
async fn latency_delays_the_answer() {
    let latency = Fault::Latency {
        ms: 60,
        to_ms: Some(80),
        moment: Moment::After,
    };
    let (_sandbox, client) = start(faulty(FaultRule::always(latency))).await;
    let begun = Instant::now();
    assert_eq!(client.get("/api/orders").await.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_late_effect_happens_though_its_caller_has_hung_up() {
    let latency = Fault::Latency {
        ms: 150,
        to_ms: None,
        moment: Moment::Before,
    };
    let (sandbox, client) = start(or21(latency)).await;
    let ledger = sandbox.ledger();
    let request = client.decision("A", &accept_one("A"));
    assert!(
        request
            .timeout(Duration::from_millis(20))
            .send()
            .await
            .unwrap_err()
            .is_timeout()
    );
    assert_eq!(ledger.decisions_applied("A"), 0);
    ledger.until(|ledger| ledger.decisions_applied("A") == 1).await;
}

#[tokio::test]
async fn a_slow_body_arrives_in_pieces() {
    let slow = Fault::SlowBody {
        chunk_bytes: 512,
        pause_ms: 5,
    };
    let (_sandbox, client) = start(faulty(FaultRule::on(Endpoint::Or11, slow))).await;
    let begun = Instant::now();
    let answer = client.get("/api/orders").await;
    assert_eq!(answer.order_ids(), ["A"]);
    let pieces = answer.text.len().div_ceil(512) as u64;
    assert!(pieces > 3);
    assert!(begun.elapsed() >= Duration::from_millis(5 * (pieces - 1)));
}

#[tokio::test]
async fn a_cut_body_promises_more_than_arrives() {
    let (sandbox, client) = start(faulty(FaultRule::on(Endpoint::Or11, Fault::CutBody))).await;
    assert!(client.try_get("/api/orders").await.is_err());
    let (bytes, _) = raw(&sandbox, &raw_list(&sandbox)).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let promised = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse::<usize>()
                .ok()
        })
        .unwrap();
    assert!(head.starts_with("HTTP/1.1 200"));
    assert!(
        !body.is_empty() && body.len() < promised,
        "{} of {promised}",
        body.len()
    );
}

#[tokio::test]
async fn other_calls_go_on_while_one_hangs() {
    let (sandbox, client) = start(or21(Fault::Hang { moment: Moment::Before })).await;
    let ledger = sandbox.ledger();
    let (answer, state) = tokio::join!(client.accept("A"), async {
        ledger.until(|ledger| ledger.acceptances_received("A") == 1).await;
        let state = client.look("A").await;
        sandbox.release_held();
        state
    });
    assert_eq!(state.as_deref(), Some("WAITING_ACCEPTANCE"));
    assert_eq!(answer.status, 204);
}
