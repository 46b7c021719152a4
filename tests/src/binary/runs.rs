//! Plain days: set up, run, look.

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderKind, OrderSeed, RetryAfter, Sandbox};
use futures_util::future::join_all;

use super::ProgramFixture;
use super::shop::audited;
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        migrate_and_run_accept_what_waits,
        a_run_on_an_empty_store_sets_it_up,
        a_run_leaves_its_validations_to_the_next_when_asked,
        overlapping_processes_send_one_acceptance_an_order,
        a_failed_order_is_retried_by_a_later_run,
        a_run_that_needs_a_person_ends_with_3,
        a_wrong_key_ends_with_4,
        a_marketplace_that_is_not_there_ends_with_4,
        a_long_retry_after_ends_with_4,
        check_tells_what_is_right_and_what_is_wrong
    ]
}

async fn migrate_and_run_accept_what_waits(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().bulk(25)).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0, "twice is fine");
    let report = shop.run().await;
    for (field, expected) in [
        ("ingested", 25),
        ("accepted", 25),
        ("cancelled", 0),
        ("acceptance_failed", 0),
        ("awaiting", 0),
    ] {
        assert_eq!(report[field], expected, "{field}: {report}");
    }
    let ledger = shop.sandbox.ledger();
    assert_eq!(
        report["calls"],
        ledger.calls(Endpoint::Or11) + ledger.calls(Endpoint::Or21)
    );
    assert!(report["duration_ms"].is_number());

    let listed = shop
        .ackord(&["orders", "list", "--status", "accepted", "--limit", "10", "--json"])
        .await;
    assert_eq!(listed.code, 0, "{listed:?}");
    assert!(listed.stdout.contains("BULK-0000"), "{listed:?}");
    assert_eq!(shop.statuses("BULK-000007").await, ["pending_acceptance", "accepted"]);
}

async fn a_run_on_an_empty_store_sets_it_up(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    assert_eq!(shop.run().await["accepted"], 1);
}

async fn a_run_leaves_its_validations_to_the_next_when_asked(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().bulk(3)).await;
    let printed = shop.ackord(&["run", "--no-wait", "--json"]).await;
    assert_eq!(printed.code, 0, "{printed:?}");
    let report = printed.json();
    assert_eq!(
        (&report["accepted"], &report["awaiting"]),
        (&0.into(), &3.into()),
        "{report}"
    );
    let report = shop.run().await;
    assert_eq!(
        (&report["accepted"], &report["awaiting"]),
        (&3.into(), &0.into()),
        "{report}"
    );
    assert_eq!(shop.sandbox.ledger().calls(Endpoint::Or21), 3);
}

async fn overlapping_processes_send_one_acceptance_an_order(fixture: &ProgramFixture) {
    let latency = FaultRule::on(
        Endpoint::Or21,
        Fault::Latency {
            ms: 5,
            to_ms: Some(25),
            moment: Moment::Before,
        },
    );
    let shop = fixture.open(Sandbox::builder().bulk(80).fault(latency)).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    let runs = join_all((0..4).map(|_| shop.ackord(&["run", "--json"]))).await;
    assert!(runs.iter().all(|run| run.code == 0), "{runs:?}");
    shop.run().await;
    let ledger = shop.sandbox.ledger();
    for n in 1..=80 {
        let id = format!("BULK-{n:06}");
        assert_eq!(
            (ledger.acceptances_received(&id), ledger.decisions_applied(&id)),
            (1, 1),
            "{id}"
        );
    }
    let accepted: u64 = runs
        .iter()
        .map(|run| run.json()["accepted"].as_u64().expect("a count"))
        .sum();
    assert!(accepted <= 80, "{accepted}");
}

async fn a_failed_order_is_retried_by_a_later_run(fixture: &ProgramFixture) {
    let fails = FaultRule::on(
        Endpoint::Or21,
        Fault::Status {
            status: 500,
            moment: Moment::Before,
        },
    )
    .once();
    let shop = fixture
        .open(Sandbox::builder().order(OrderSeed::plain("A-1")).fault(fails))
        .await;
    let report = shop.run().await;
    assert_eq!(
        (&report["acceptance_failed"], &report["retry_scheduled"]),
        (&1.into(), &1.into()),
        "{report}"
    );
    shop.run_until("A-1", "accepted").await;
    let open = shop.ackord(&["failures", "list", "--json"]).await;
    assert_eq!(open.code, 0, "{open:?}");
    let story = shop.story("A-1").await;
    let failures = story["failures"].as_array().expect("failures");
    assert!(failures.len() == 1 && !failures[0]["resolved_at"].is_null(), "{story}");
}

async fn a_run_that_needs_a_person_ends_with_3(fixture: &ProgramFixture) {
    let shop = fixture
        .open(Sandbox::builder().order(OrderSeed::of(OrderKind::NoLines, "A-1")))
        .await;
    let printed = shop.ackord(&["run", "--json"]).await;
    assert_eq!(printed.code, 3, "{printed:?}");
    assert_eq!(printed.json()["needs_person"], 1);
    assert_eq!(shop.ackord(&["run"]).await.code, 0, "the second run opened nothing");
    let inbox = shop.ackord(&["failures", "list"]).await;
    assert!(inbox.stdout.contains("A-1"), "{inbox:?}");
}

async fn a_wrong_key_ends_with_4(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    let printed = shop
        .ackord_with(&["run", "--json"], &[("ACKORD_API_KEY", "canary-wrong-key")])
        .await;
    assert_eq!(printed.code, 4, "{printed:?}");
    assert!(
        !format!("{printed:?}").contains("canary-wrong-key"),
        "the key is printed: {printed:?}"
    );
    assert!(
        printed.stderr.contains("ACKORD_API_KEY"),
        "it says what to do: {printed:?}"
    );
}

async fn a_marketplace_that_is_not_there_ends_with_4(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder()).await;
    let nowhere = [("ACKORD_MARKETPLACE_URL", "http://127.0.0.1:9")];
    let printed = shop.ackord_with(&["run", "--json"], &nowhere).await;
    assert_eq!(printed.code, 4, "{printed:?}");
    assert!(!printed.json()["halt"].is_null());
}

async fn a_long_retry_after_ends_with_4(fixture: &ProgramFixture) {
    let throttled = Fault::TooManyRequests {
        retry_after: Some(RetryAfter::Seconds(900)),
    };
    let fault = FaultRule::on(Endpoint::Or11, throttled).once();
    let shop = fixture
        .open(Sandbox::builder().order(OrderSeed::plain("A-1")).fault(fault))
        .await;
    assert_eq!(shop.ackord(&["run"]).await.code, 4);
    let calls = shop.sandbox.ledger().calls_total();
    assert_eq!(shop.ackord(&["run"]).await.code, 4, "the pause outlives the process");
    assert_eq!(shop.sandbox.ledger().calls_total(), calls);
}

async fn check_tells_what_is_right_and_what_is_wrong(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder()).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    let good = shop.ackord(&["check"]).await;
    assert_eq!(good.code, 0, "{good:?}");
    let bad = shop
        .ackord_with(&["check"], &[("ACKORD_API_KEY", "canary-wrong-key")])
        .await;
    assert_eq!(bad.code, 4, "{bad:?}");
    assert!(
        !format!("{bad:?}").contains("canary-wrong-key"),
        "the key is printed: {bad:?}"
    );
}
