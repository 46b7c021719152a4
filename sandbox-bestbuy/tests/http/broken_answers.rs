//! Faults in answers: statuses, bodies, single orders, the past.

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, RetryAfter, Sandbox};
use serde_json::Value;

use crate::client::start;

fn plain(fault: FaultRule) -> Sandbox {
    Sandbox::builder()
        .orders([OrderSeed::plain("A"), OrderSeed::plain("B")])
        .fault(fault)
}

fn or21(fault: Fault) -> Sandbox {
    plain(FaultRule::on(Endpoint::Or21, fault).once())
}

fn or11(fault: Fault) -> Sandbox {
    plain(FaultRule::on(Endpoint::Or11, fault).once())
}

#[tokio::test]
async fn a_5xx_before_the_effect_changes_nothing() {
    let status = Fault::Status {
        status: 503,
        moment: Moment::Before,
    };
    let (sandbox, client) = start(or21(status)).await;
    assert_eq!(client.accept("A").await.status, 503);
    assert_eq!(sandbox.ledger().decisions_applied("A"), 0);
    assert_eq!(client.accept("A").await.status, 204);
    assert_eq!(sandbox.ledger().acceptances_received("A"), 2);
}

#[tokio::test]
async fn a_5xx_after_the_effect_hides_it() {
    let status = Fault::Status {
        status: 500,
        moment: Moment::After,
    };
    let (sandbox, client) = start(or21(status)).await;
    assert_eq!(client.accept("A").await.status, 500);
    assert_eq!(sandbox.ledger().decisions_applied("A"), 1);
    assert_eq!(client.look("A").await.as_deref(), Some("SHIPPING"));
}

#[tokio::test]
async fn a_429_carries_retry_after_in_seconds() {
    let (sandbox, client) = start(or21(Fault::TooManyRequests {
        retry_after: Some(RetryAfter::Seconds(17)),
    }))
    .await;
    let answer = client.accept("A").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("17")));
    assert_eq!(sandbox.ledger().decisions_applied("A"), 0);
}

#[tokio::test]
async fn a_429_carries_retry_after_as_a_date() {
    let (_sandbox, client) = start(or11(Fault::TooManyRequests {
        retry_after: Some(RetryAfter::DateInSeconds(60)),
    }))
    .await;
    let answer = client.get("/api/orders").await;
    let date = answer.header("retry-after").unwrap();
    assert_eq!(answer.status, 429);
    assert!(date.ends_with(" GMT") && date.contains(", "), "{date}");
}

#[tokio::test]
async fn a_429_can_come_without_retry_after() {
    let (_sandbox, client) = start(or11(Fault::TooManyRequests { retry_after: None })).await;
    let answer = client.get("/api/orders").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, None));
}

#[tokio::test]
async fn bad_json_cannot_be_read() {
    let (_sandbox, client) = start(or11(Fault::BadJson)).await;
    let answer = client.get("/api/orders").await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<Value>(&answer.text).is_err());
}

#[tokio::test]
async fn truncated_json_ends_in_the_middle() {
    let (_sandbox, client) = start(or11(Fault::TruncatedJson)).await;
    let answer = client.get("/api/orders").await;
    assert!(answer.text.starts_with("{\"orders\":[{"));
    assert!(serde_json::from_str::<Value>(&answer.text).is_err());
}

#[tokio::test]
async fn a_page_from_a_proxy_is_html() {
    let (sandbox, client) = start(or21(Fault::Html { status: 502 })).await;
    let answer = client.accept("A").await;
    assert_eq!(answer.status, 502);
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    assert!(answer.text.starts_with("<!DOCTYPE html>"));
    assert_eq!(sandbox.ledger().decisions_applied("A"), 1);
}

#[tokio::test]
async fn an_empty_body_is_a_200_with_nothing_in_it() {
    let (_sandbox, client) = start(or11(Fault::EmptyBody)).await;
    let answer = client.get("/api/orders").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
}

#[tokio::test]
async fn a_huge_body_has_the_size_asked_for() {
    let (_sandbox, client) = start(or11(Fault::HugeBody { bytes: 50_000_000 })).await;
    let answer = client.get("/api/orders").await;
    assert!((50_000_000..50_001_000).contains(&answer.text.len()));
    assert_eq!(answer.json()["total_count"], 0);
}

#[tokio::test]
async fn a_redirect_points_elsewhere_and_changes_nothing() {
    let location = "http://127.0.0.1:9/elsewhere".to_owned();
    let (sandbox, client) = start(or21(Fault::Redirect {
        status: 307,
        location: location.clone(),
    }))
    .await;
    let answer = client.accept("A").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (307, Some(location.as_str()))
    );
    assert_eq!(sandbox.ledger().decisions_applied("A"), 0);
}

#[tokio::test]
async fn an_unknown_state_is_shown_for_the_named_order_alone() {
    let rule = FaultRule::on(
        Endpoint::Or11,
        Fault::UnknownState {
            value: "ON_THE_MOON".into(),
        },
    );
    let (_sandbox, client) = start(plain(rule.order("B"))).await;
    let page = client.get("/api/orders").await.json();
    assert_eq!(page["orders"][0]["order_state"], "WAITING_ACCEPTANCE");
    assert_eq!(page["orders"][1]["order_state"], "ON_THE_MOON");
}

#[tokio::test]
async fn a_missing_field_costs_one_order_of_the_page() {
    for field in ["order_id", "order_state", "order_lines"] {
        let (_sandbox, client) = start(or11(Fault::MissingField { field: field.into() })).await;
        let page = client.get("/api/orders").await.json();
        assert!(page["orders"][0].get(field).is_none());
        assert!(page["orders"][1].get(field).is_some());
    }
}

#[tokio::test]
async fn lines_can_be_null() {
    let (_sandbox, client) = start(or11(Fault::NullLines)).await;
    let page = client.get("/api/orders").await.json();
    assert!(page["orders"][0]["order_lines"].is_null());
}

#[tokio::test]
async fn an_order_can_be_missing_from_the_answer() {
    let rule = FaultRule::on(Endpoint::Or11, Fault::OrderMissing).order("A");
    let (sandbox, client) = start(plain(rule)).await;
    let page = client.get("/api/orders?order_ids=A,B").await;
    assert_eq!(page.order_ids(), ["B"]);
    assert_eq!(sandbox.ledger().looks("A"), 0);
    assert_eq!(sandbox.ledger().looks("B"), 1);
}

#[tokio::test]
async fn a_stale_read_shows_the_state_of_some_calls_ago() {
    let stale = FaultRule::on(Endpoint::Or11, Fault::StaleRead { ms: 0, calls: 2 });
    let (sandbox, client) = start(plain(stale)).await;
    client.accept("A").await;
    assert_eq!(client.look("A").await.as_deref(), Some("WAITING_ACCEPTANCE"));
    let waiting = client.get("/api/orders?order_state_codes=WAITING_ACCEPTANCE").await;
    assert_eq!(waiting.order_ids(), ["A", "B"]);
    assert_eq!(client.look("A").await.as_deref(), Some("SHIPPING"));
    assert_eq!(sandbox.ledger().state("A").unwrap().as_str(), "SHIPPING");
}

#[tokio::test]
async fn a_stale_read_shows_the_state_of_some_time_ago() {
    let clock = ackord_sandbox::SandboxClock::manual("2026-02-03T12:00:00Z".parse().unwrap());
    let stale = FaultRule::on(Endpoint::Or11, Fault::StaleRead { ms: 2_000, calls: 0 });
    let (sandbox, client) = start(plain(stale).clock(clock)).await;
    client.accept("A").await;
    assert_eq!(client.look("A").await.as_deref(), Some("WAITING_ACCEPTANCE"));
    sandbox.advance(jiff::SignedDuration::from_secs(2)).unwrap();
    assert_eq!(client.look("A").await.as_deref(), Some("SHIPPING"));
}

#[tokio::test]
async fn the_same_seed_and_calls_give_the_same_faults() {
    let mut runs = Vec::new();
    for seed in [5, 5, 6] {
        let status = Fault::Status {
            status: 503,
            moment: Moment::Before,
        };
        let rule = FaultRule::on(Endpoint::Or11, status).probability(0.5);
        let (_sandbox, client) = start(Sandbox::builder().seed(seed).fault(rule)).await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(client.get("/api/orders").await.status);
        }
        assert!(statuses.contains(&200) && statuses.contains(&503));
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}
