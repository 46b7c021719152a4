//! What people are told by `ackord serve` and `ackord run`: by a webhook that a receiver of ours hears.

use ackord_sandbox::{OrderSeed, Sandbox};
use serde_json::Value;

use super::ProgramFixture;
use super::receiver::Receiver;
use super::shop::audited;
use super::telling::refuses;
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        an_alert_is_told_once_over_kills_and_its_end_too,
        an_expired_key_is_told_at_once_and_its_end_under_the_new_one,
        a_run_by_a_timer_tells_as_well,
        a_message_that_did_not_arrive_goes_out_later,
        channels_can_be_tried
    ]
}

fn refusing() -> Sandbox {
    Sandbox::builder()
        .orders(["A-1", "A-2"].map(OrderSeed::plain))
        .faults(["A-1", "A-2"].map(refuses))
}

async fn an_alert_is_told_once_over_kills_and_its_end_too(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    let mut service = shop.serve(&receiver).await;
    let first = receiver.next().await;
    assert_eq!(first.what(), ("raised", "inbox:refused"));
    assert_eq!(first.body["count"], 2);
    assert_eq!(first.body["remedy"], "ackord failures list --open --cause refused");
    for _ in 0..3 {
        service.killed().await;
        service = shop.serve(&receiver).await;
        shop.until_listed(3).await;
    }
    let again = receiver.others();
    assert!(again.iter().all(|heard| heard.id == first.id), "{again:?}");
    let closed = shop
        .ackord(&[
            "failures", "resolve", "1", "2", "--as", "handled", "--reason", "by phone", "--yes",
        ])
        .await;
    assert_eq!(closed.code, 0, "{closed:?}");
    assert_eq!(receiver.next().await.what(), ("cleared", "inbox:refused"));
    service.killed().await;
    let shown = shop.ackord(&["alerts", "list", "--all", "--json"]).await.json();
    assert_eq!(shown["alerts"].as_array().map(Vec::len), Some(1), "{shown}");
    assert!(shown["alerts"][0]["cleared_at"].is_string(), "{shown}");
}

async fn an_expired_key_is_told_at_once_and_its_end_under_the_new_one(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    shop.sandbox.revoke_keys(true);
    let expired = shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    assert_eq!(expired.status.code(), Some(4), "{expired:?}");
    let raised = receiver.next().await;
    assert_eq!(raised.what(), ("raised", "trouble:credentials"));
    assert_eq!(raised.body["severity"], "critical");
    assert!(!raised.body.to_string().contains(shop.sandbox.api_key()), "{raised:?}");
    shop.sandbox.revoke_keys(false);
    assert_eq!(
        shop.telling(&receiver, &["run"])
            .output()
            .await
            .expect("it ends")
            .status
            .code(),
        Some(0)
    );
    assert_eq!(receiver.next().await.what(), ("cleared", "trouble:credentials"));
}

async fn a_run_by_a_timer_tells_as_well(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    for _ in 0..3 {
        shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    }
    assert_eq!(receiver.next().await.what(), ("raised", "inbox:refused"));
    assert!(receiver.others().is_empty(), "told once");
}

async fn a_message_that_did_not_arrive_goes_out_later(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    let mut deaf = shop.telling(&receiver, &["run"]);
    deaf.env("ACKORD_ALERT_WEBHOOK_URL", "http://127.0.0.1:9/hook");
    let told = deaf.output().await.expect("it ends");
    assert_eq!(told.status.code(), Some(3), "{told:?}");
    let log = shop.ackord(&["alerts", "log", "--json"]).await.json();
    assert_eq!(log["deliveries"][0]["attempts"], 1, "{log}");
    assert!(log["deliveries"][0]["error"].is_string(), "{log}");
    // Its wait is over.
    fixture.sql("UPDATE alert_deliveries SET due_at = written_at").await;
    shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    let heard = receiver.next().await;
    assert_eq!(heard.what(), ("raised", "inbox:refused"));
    let log = shop.ackord(&["alerts", "log", "--json"]).await.json();
    assert_eq!(log["deliveries"][0]["attempts"], 2, "{log}");
    assert!(log["deliveries"][0]["delivered_at"].is_string(), "{log}");
}

async fn channels_can_be_tried(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(Sandbox::builder()).await;
    let none = shop.ackord(&["alerts", "test"]).await;
    assert_eq!(none.code, 3, "{none:?}");
    assert!(none.stderr.contains("no channel for alerts is set up"), "{none:?}");
    let tried = shop
        .telling(&receiver, &["alerts", "test"])
        .output()
        .await
        .expect("it ends");
    assert!(tried.status.success(), "{tried:?}");
    assert_eq!(receiver.next().await.what(), ("test", "test"));
    let mut deaf = shop.telling(&receiver, &["alerts", "test", "--json"]);
    deaf.env("ACKORD_ALERT_WEBHOOK_URL", "http://127.0.0.1:9/hook");
    let told = deaf.output().await.expect("it ends");
    assert_eq!(told.status.code(), Some(1), "{told:?}");
    let words: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(words["channels"][0]["delivered"], false, "{words}");
}
