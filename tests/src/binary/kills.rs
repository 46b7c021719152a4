//! Processes killed in the middle.

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};

use super::ProgramFixture;
use super::shop::audited;
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        mistake_03_a_process_killed_after_its_acceptance_took_effect_is_taken_over,
        a_process_killed_before_its_acceptance_took_effect_is_taken_over,
        a_process_killed_during_ingest_leaves_nothing_behind_that_is_lost,
        a_signal_lets_what_is_under_way_finish_and_gives_the_rest_back
    ]
}

async fn mistake_03_a_process_killed_after_its_acceptance_took_effect_is_taken_over(fixture: &ProgramFixture) {
    let hang = FaultRule::on(Endpoint::Or21, Fault::Hang { moment: Moment::After }).once();
    let shop = fixture
        .open(Sandbox::builder().order(OrderSeed::plain("A-1")).fault(hang))
        .await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    let mut doomed = shop.start(&["run"]);
    shop.sandbox
        .ledger()
        .until(|ledger| ledger.decisions_applied("A-1") == 1)
        .await;
    doomed.kill().await.expect("it is killed");

    shop.run_until("A-1", "accepted").await;
    assert_eq!(shop.statuses("A-1").await, ["pending_acceptance", "accepted"]);
    assert_eq!(shop.story("A-1").await["failures"], serde_json::json!([]));
    let ledger = shop.sandbox.ledger();
    assert_eq!(
        (ledger.acceptances_received("A-1"), ledger.decisions_applied("A-1")),
        (1, 1)
    );
}

async fn a_process_killed_before_its_acceptance_took_effect_is_taken_over(fixture: &ProgramFixture) {
    // The connection is taken and never answered; nothing takes effect until long after the kill.
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    let reset = FaultRule::on(
        Endpoint::Or21,
        Fault::Latency {
            ms: 60_000,
            to_ms: None,
            moment: Moment::Before,
        },
    );
    let rule = shop.sandbox.add_fault(reset.once()).expect("a rule");
    let mut doomed = shop.start(&["run"]);
    shop.sandbox
        .ledger()
        .until(|ledger| ledger.calls(Endpoint::Or21) == 1)
        .await;
    doomed.kill().await.expect("it is killed");
    shop.sandbox.remove_fault(rule);

    shop.run_until("A-1", "accepted").await;
    let statuses = shop.statuses("A-1").await;
    assert_eq!(statuses, ["pending_acceptance", "accepted"]);
    assert_eq!(shop.story("A-1").await["failures"], serde_json::json!([]));
    assert_eq!(shop.sandbox.ledger().decisions_applied("A-1"), 1);
}

async fn a_process_killed_during_ingest_leaves_nothing_behind_that_is_lost(fixture: &ProgramFixture) {
    let hang = FaultRule::on(Endpoint::Or11, Fault::Hang { moment: Moment::After })
        .skip(1)
        .once();
    let shop = fixture.open(Sandbox::builder().bulk(150).fault(hang)).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    let mut doomed = shop.start(&["run"]);
    shop.sandbox
        .ledger()
        .until(|ledger| ledger.calls(Endpoint::Or11) == 2)
        .await;
    doomed.kill().await.expect("it is killed");
    shop.sandbox.release_held();

    shop.run_until("BULK-000150", "accepted").await;
    let ledger = shop.sandbox.ledger();
    for n in 1..=150 {
        let id = format!("BULK-{n:06}");
        assert_eq!(
            (ledger.acceptances_received(&id), ledger.decisions_applied(&id)),
            (1, 1),
            "{id}"
        );
    }
}

async fn a_signal_lets_what_is_under_way_finish_and_gives_the_rest_back(fixture: &ProgramFixture) {
    let latency = Fault::Latency {
        ms: 300,
        to_ms: None,
        moment: Moment::Before,
    };
    let shop = fixture
        .open(
            Sandbox::builder()
                .bulk(60)
                .fault(FaultRule::on(Endpoint::Or21, latency)),
        )
        .await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    let running = shop.start(&["run", "--json"]);
    let ledger = shop.sandbox.ledger();
    ledger.until(|ledger| ledger.calls(Endpoint::Or21) >= 16).await;
    let process = running.id().expect("it runs").to_string();
    let told = tokio::process::Command::new("kill")
        .args(["-TERM", &process])
        .status()
        .await;
    assert!(told.expect("`kill` is there").success());

    let output = running.wait_with_output().await.expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        words.contains("stopped as asked") && !words.contains("error"),
        "{words}"
    );
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["halt"]["kind"], "stopped", "{report}");
    let sent = ledger.calls(Endpoint::Or21);
    assert!(sent < 60, "it stopped in the middle: {sent}");
    let calls = shop
        .ackord(&["calls", "list", "--endpoint", "OR21", "--limit", "100", "--json"])
        .await
        .json();
    let calls = calls["calls"].as_array().expect("calls").clone();
    // What had its intent on record and waited for its turn was taken back.
    let (not_sent, answered): (Vec<_>, Vec<_>) = calls.iter().partition(|call| call["outcome"] == "not_sent");
    assert!(not_sent.len() <= 8, "{not_sent:?}");
    assert_eq!(answered.len() as u64, sent);
    assert!(
        answered.iter().all(|call| call["outcome"] == "applied"),
        "each answer is on record: {calls:?}"
    );

    shop.sandbox.clear_faults();
    // No lease has to end first: one more run accepts all.
    let report = shop.run().await;
    assert_eq!(report["awaiting"], 0, "{report}");
    for n in 1..=60 {
        let id = format!("BULK-{n:06}");
        assert_eq!(
            (ledger.acceptances_received(&id), ledger.decisions_applied(&id)),
            (1, 1),
            "{id}"
        );
    }
}
