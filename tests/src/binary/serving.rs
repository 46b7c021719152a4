//! `ackord serve`: a process that stays, and what it lives through.

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use super::ProgramFixture;
use super::service::{answer_to, signal};
use super::shop::{Shop, audited};
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        a_service_accepts_what_comes_in_run_after_run,
        a_signal_asks_a_service_for_a_run_at_once,
        a_service_that_is_killed_goes_on_when_it_is_started_again,
        two_services_on_one_store_share_the_work,
        a_service_lives_through_an_outage_of_the_marketplace,
        a_service_waits_for_times_of_a_cron_expression,
        a_service_answers_over_http
    ]
}

/// Asks a service to end; what it said.
async fn ended(service: Child) -> String {
    signal(&service, "TERM").await;
    let output = service.wait_with_output().await.expect("it ends");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{words}");
    words
}

/// Asks over HTTP; the status of the answer.
async fn asked(address: &str, method: &str, path: &str, token: Option<&str>) -> u16 {
    let authorization = token.map(|token| format!("Bearer {token}"));
    answer_to(address, method, path, authorization.as_deref()).await.status
}

impl Shop<'_> {
    /// Returns once the marketplace has this order as accepted.
    pub(super) async fn until_accepted(&self, id: &str) {
        let ledger = self.sandbox.ledger();
        ledger.until(|ledger| ledger.decisions_applied(id) == 1).await;
    }

    /// Orders that are accepted here, each once on the marketplace.
    pub(super) async fn accepted_once(&self, ids: &[&str]) {
        for id in ids {
            assert_eq!(self.statuses(id).await, ["pending_acceptance", "accepted"], "{id}");
            assert_eq!(self.sandbox.ledger().decisions_applied(id), 1, "{id}");
        }
    }
}

async fn a_service_accepts_what_comes_in_run_after_run(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    let service = shop.start(&["serve", "--serve-interval", "100ms", "--serve-jitter", "0"]);
    shop.until_accepted("A-1").await;
    shop.sandbox.put_order(OrderSeed::plain("A-2")).expect("an order");
    shop.until_accepted("A-2").await;
    let looks = shop.sandbox.ledger().looks("A-2");
    shop.sandbox.ledger().until(|ledger| ledger.looks("A-2") > looks).await;
    let words = ended(service).await;
    assert!(words.contains("1 new · 1 accepted"), "{words}");
    shop.accepted_once(&["A-1", "A-2"]).await;
}

async fn a_signal_asks_a_service_for_a_run_at_once(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder()).await;
    let mut service = shop.start(&["serve", "--serve-interval", "1h"]);
    let mut lines = BufReader::new(service.stderr.take().expect("its words")).lines();
    while let Some(line) = lines.next_line().await.expect("text") {
        if line.contains("nothing to do") {
            break;
        }
    }
    shop.sandbox.put_order(OrderSeed::plain("A-1")).expect("an order");
    signal(&service, "USR1").await;
    shop.until_accepted("A-1").await;
    while let Some(line) = lines.next_line().await.expect("text") {
        if line.contains("1 accepted") {
            break;
        }
    }
    ended(service).await;
    shop.accepted_once(&["A-1"]).await;
}

async fn a_service_that_is_killed_goes_on_when_it_is_started_again(fixture: &ProgramFixture) {
    let hang = FaultRule::on(Endpoint::Or21, Fault::Hang { moment: Moment::After }).once();
    let shop = fixture
        .open(Sandbox::builder().order(OrderSeed::plain("A-1")).fault(hang))
        .await;
    let arguments = ["serve", "--serve-interval", "100ms", "--serve-jitter", "0"];
    let mut doomed = shop.start(&arguments);
    shop.until_accepted("A-1").await;
    doomed.kill().await.expect("it is killed");
    shop.sandbox.put_order(OrderSeed::plain("A-2")).expect("an order");
    let service = shop.start(&arguments);
    shop.until_accepted("A-2").await;
    shop.until_settled(&["A-1", "A-2"]).await;
    ended(service).await;
    shop.accepted_once(&["A-1", "A-2"]).await;
    assert_eq!(shop.sandbox.ledger().acceptances_received("A-1"), 1);
}

async fn two_services_on_one_store_share_the_work(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().bulk(40)).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    let arguments = ["serve", "--serve-interval", "100ms"];
    let services = [shop.start(&arguments), shop.start(&arguments)];
    let ids: Vec<String> = (1..=40).map(|n| format!("BULK-{n:06}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for id in &ids {
        shop.until_accepted(id).await;
    }
    shop.until_settled(&ids).await;
    for service in services {
        ended(service).await;
    }
    shop.accepted_once(&ids).await;
}

async fn a_service_lives_through_an_outage_of_the_marketplace(fixture: &ProgramFixture) {
    let mut shop = fixture.open(Sandbox::builder()).await;
    shop.sandbox.go_down().await;
    let mut service = shop.start(&["serve", "--serve-interval", "100ms", "--read-retries", "0"]);
    let mut lines = BufReader::new(service.stderr.take().expect("its words")).lines();
    while let Some(line) = lines.next_line().await.expect("text") {
        if line.contains("error") {
            break;
        }
    }
    shop.sandbox.come_back().await.expect("it listens again");
    shop.sandbox.put_order(OrderSeed::plain("A-1")).expect("an order");
    shop.until_accepted("A-1").await;
    shop.until_settled(&["A-1"]).await;
    let mut errors = Vec::new();
    signal(&service, "TERM").await;
    while let Some(line) = lines.next_line().await.expect("text") {
        errors.extend(line.starts_with("error:").then_some(line));
    }
    assert!(service.wait().await.expect("it ends").success());
    assert_eq!(errors, [""; 0], "a trouble is told once");
    shop.accepted_once(&["A-1"]).await;
}

async fn a_service_waits_for_times_of_a_cron_expression(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    let refused = shop.ackord(&["serve", "--serve-cron", "61 * * * *"]).await;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("is no cron expression"), "{refused:?}");
    // Every second: an expression of six parts begins with the seconds.
    let service = shop.start(&[
        "serve",
        "--serve-cron",
        "* * * * * *",
        "--serve-time-zone",
        "America/Toronto",
    ]);
    shop.until_accepted("A-1").await;
    shop.sandbox.put_order(OrderSeed::plain("A-2")).expect("an order");
    shop.until_accepted("A-2").await;
    shop.until_settled(&["A-1", "A-2"]).await;
    ended(service).await;
    shop.accepted_once(&["A-1", "A-2"]).await;
}

async fn a_service_answers_over_http(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder()).await;
    let token = fixture.directory.path().join("token");
    std::fs::write(&token, "t-1\n").expect("a file");
    let token = token.display().to_string();
    let arguments = [
        "serve",
        "--serve-interval",
        "1h",
        "--serve-listen",
        "127.0.0.1:0",
        "--serve-token-file",
        &token,
    ];
    let mut service = shop.start(&arguments);
    let mut lines = BufReader::new(service.stderr.take().expect("its words")).lines();
    let mut url = String::new();
    while let Some(line) = lines.next_line().await.expect("text") {
        if let Some((_, told)) = line.split_once("answering on ") {
            told.clone_into(&mut url);
        }
        if line.contains("nothing to do") {
            break;
        }
    }
    let address = url.trim_start_matches("http://");
    for path in ["/livez", "/readyz"] {
        assert_eq!(asked(address, "GET", path, None).await, 200, "{path}");
    }
    shop.sandbox.put_order(OrderSeed::plain("A-1")).expect("an order");
    assert_eq!(asked(address, "POST", "/run", None).await, 401);
    assert_eq!(asked(address, "POST", "/run", Some("t-2")).await, 401);
    assert_eq!(shop.sandbox.ledger().acceptances_received("A-1"), 0);
    assert_eq!(asked(address, "POST", "/run", Some("t-1")).await, 202);
    shop.until_accepted("A-1").await;
    shop.until_settled(&["A-1"]).await;
    ended(service).await;
    shop.accepted_once(&["A-1"]).await;
}
