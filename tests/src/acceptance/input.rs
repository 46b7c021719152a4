//! Hostile and broken input: nothing is lost, nothing personal gets on record, and the next run goes on.

use ackord::ports::{CallFilter, MarketplaceError};
use ackord::workflow::Halt;
use ackord_sandbox::{Endpoint, Fault, FaultRule, OrderSeed, Sandbox};

use super::rig::{Rig, audited, expect_accepted_once};
use crate::cases_then;
use crate::contract::store::StoreFixture;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<StoreFixture>> {
    cases_then![audited;
        a_list_that_is_not_json_stops_the_run_and_the_next_one_goes_on,
        a_list_of_fifty_megabytes_is_refused_and_the_next_run_goes_on,
        an_acceptance_answered_with_fifty_megabytes_ends_accepted,
        a_redirect_is_not_followed,
        a_slow_body_is_cut_off_by_the_total_timeout,
        mistake_13_every_call_is_on_record,
        mistake_14_the_record_of_calls_holds_no_key_and_no_customer
    ]
}

async fn one_bad_list(fixture: &StoreFixture, fault: Fault) {
    // Reads are retried; the fault outlasts the retries of one run.
    let rule = FaultRule::on(Endpoint::Or11, fault).times(4);
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1")).fault(rule)).await;
    let report = rig.worker("worker").run().await;
    let Some(Halt::Marketplace(error)) = &report.halt else {
        panic!("{report:?}")
    };
    let expected = matches!(
        error,
        MarketplaceError::Unreadable { .. } | MarketplaceError::Unreachable { .. }
    );
    assert!(expected, "{error:?}");
    rig.sandbox.clear_faults();
    rig.run().await;
    expect_accepted_once(&rig, "A-1").await;
}

async fn a_list_that_is_not_json_stops_the_run_and_the_next_one_goes_on(fixture: &StoreFixture) {
    one_bad_list(fixture, Fault::Html { status: 200 }).await;
}

async fn a_list_of_fifty_megabytes_is_refused_and_the_next_run_goes_on(fixture: &StoreFixture) {
    one_bad_list(fixture, Fault::HugeBody { bytes: 50 << 20 }).await;
}

async fn a_slow_body_is_cut_off_by_the_total_timeout(fixture: &StoreFixture) {
    one_bad_list(
        fixture,
        Fault::SlowBody {
            chunk_bytes: 1,
            pause_ms: 50,
        },
    )
    .await;
}

async fn an_acceptance_answered_with_fifty_megabytes_ends_accepted(fixture: &StoreFixture) {
    let rule = FaultRule::on(Endpoint::Or21, Fault::HugeBody { bytes: 50 << 20 }).once();
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1")).fault(rule)).await;
    rig.run().await;
    expect_accepted_once(&rig, "A-1").await;
}

async fn a_redirect_is_not_followed(fixture: &StoreFixture) {
    let elsewhere = Fault::Redirect {
        status: 307,
        location: "http://127.0.0.1:9/api/orders/A-1/accept".to_owned(),
    };
    let rule = FaultRule::on(Endpoint::Or21, elsewhere).once();
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1")).fault(rule)).await;
    let story = rig.run_until_status("A-1", ackord::OrderStatus::Accepted).await;
    assert_eq!(rig.ledger().decisions_applied("A-1"), 1, "{story:?}");
}

fn every_call() -> CallFilter {
    CallFilter {
        order: None,
        endpoint: None,
        outcome: None,
        since: None,
        before: None,
        limit: 1000,
    }
}

async fn mistake_13_every_call_is_on_record(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().bulk(12)).await;
    rig.run().await;
    let calls = fixture.store.calls(&every_call()).await.expect("the calls");
    assert_eq!(calls.len() as u64, rig.ledger().calls_total());
    assert!(
        calls
            .iter()
            .all(|call| call.outcome.is_some() && call.status_code.is_some()),
        "{calls:?}"
    );
    assert_eq!(calls.iter().filter(|call| call.endpoint == "OR21").count(), 12);
}

async fn mistake_14_the_record_of_calls_holds_no_key_and_no_customer(fixture: &StoreFixture) {
    let key = "canary-key-1f6e";
    let rig = Rig::open(fixture, Sandbox::builder().key(key).bulk(3)).await;
    rig.run().await;
    let raw = fixture
        .foreign
        .raw_order("BULK-000001")
        .await
        .expect("the row")
        .expect("there");
    let order: serde_json::Value = serde_json::from_str(&raw).expect("JSON");
    let customer = &order["customer"];
    let personal: Vec<_> = ["firstname", "lastname"]
        .iter()
        .filter_map(|field| customer[field].as_str())
        .collect();
    assert_eq!(personal.len(), 2, "the sandbox's orders have customers: {customer}");

    let calls = fixture.store.calls(&every_call()).await.expect("the calls");
    for call in &calls {
        let text = format!("{call:?}");
        assert!(!text.contains(key), "the key is on record: {text}");
        for name in &personal {
            assert!(
                !text.contains(&format!("\"{name}\"")),
                "{name} is on record in call {}",
                call.call_id
            );
        }
    }
}
