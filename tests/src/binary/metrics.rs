//! What Prometheus reads from a service.

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderKind, OrderSeed, Sandbox};

use super::ProgramFixture;
use super::service::{Answer, Service};
use super::shop::{Shop, audited};
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        the_metrics_tell_what_a_service_did_and_how_its_store_stands,
        the_metrics_are_told_while_the_first_run_goes_on
    ]
}

/// A service that runs once, and then when it is asked to.
async fn serving(shop: &Shop<'_>) -> Service {
    let arguments = [
        "serve",
        "--serve-interval",
        "1h",
        "--serve-listen",
        "127.0.0.1:0",
        "--read-retries",
        "0",
    ];
    Service::start(shop.command(&arguments)).await
}

fn expect(scraped: &Answer, lines: &[&str]) {
    for line in lines {
        let told = scraped.body.lines().any(|told| told == *line);
        assert!(told, "`{line}` is missing in\n{}", scraped.body);
    }
}

/// The value of the series that is written like this.
fn value_of(scraped: &Answer, series: &str) -> f64 {
    let line = scraped
        .body
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = line.and_then(|value| value.parse().ok());
    value.unwrap_or_else(|| panic!("`{series}` is missing in\n{}", scraped.body))
}

async fn the_metrics_tell_what_a_service_did_and_how_its_store_stands(fixture: &ProgramFixture) {
    let without_lines = OrderSeed::of(OrderKind::NoLines, "N-1");
    let shop = fixture.open(Sandbox::builder().bulk(7).order(without_lines)).await;
    let mut service = serving(&shop).await;
    service.until_said("7 accepted").await;
    let scraped = service.get("/metrics").await;
    assert_eq!(scraped.status, 200, "{scraped:?}");
    assert!(
        scraped.head.contains("content-type: text/plain; version=0.0.4"),
        "{scraped:?}"
    );
    expect(
        &scraped,
        &[
            "ackord_store_up 1",
            "ackord_runs_total{outcome=\"needs_person\"} 1",
            "ackord_runs_total{outcome=\"done\"} 0",
            "ackord_run_duration_seconds_count 1",
            "ackord_orders_moved_total{status=\"ingested\"} 8",
            "ackord_orders_moved_total{status=\"accepted\"} 7",
            "ackord_orders_moved_total{status=\"cancelled\"} 0",
            "ackord_orders{phase=\"review\"} 1",
            "ackord_orders{phase=\"ready\"} 0",
            "ackord_orders{phase=\"validating\"} 0",
            "ackord_leases 0",
            "ackord_paused_seconds 0.0",
            "ackord_inbox_open{cause=\"no_lines\"} 1",
            "ackord_inbox_open{cause=\"refused\"} 0",
            "ackord_marketplace_calls_total{endpoint=\"OR21\",outcome=\"applied\"} 7",
            "ackord_marketplace_call_duration_seconds_count{endpoint=\"OR21\"} 7",
        ],
    );
    let lists = shop.sandbox.ledger().calls(Endpoint::Or11);
    let answered = "ackord_marketplace_calls_total{endpoint=\"OR11\",outcome=\"answered\"}";
    expect(&scraped, &[&format!("{answered} {lists}")]);
    // The order without lines was created as the sandbox started, and nobody has accepted it.
    let left = value_of(&scraped, "ackord_nearest_deadline_seconds");
    let age = value_of(&scraped, "ackord_oldest_unaccepted_age_seconds");
    let day = 24.0 * 3600.0;
    assert!(left > 0.0 && age >= 0.0, "{left} {age}");
    assert!((left + age - day).abs() < 1.0, "{left} {age}");
    assert!(value_of(&scraped, "ackord_last_run_timestamp_seconds") > 1.0e9);
    service.ended().await;
}

async fn the_metrics_are_told_while_the_first_run_goes_on(fixture: &ProgramFixture) {
    let hang = FaultRule::on(Endpoint::Or11, Fault::Hang { moment: Moment::Before });
    let shop = fixture.open(Sandbox::builder().bulk(1).fault(hang)).await;
    let service = serving(&shop).await;
    shop.sandbox
        .ledger()
        .until(|ledger| ledger.calls(Endpoint::Or11) >= 1)
        .await;
    let scraped = service.get("/metrics").await;
    assert_eq!(scraped.status, 200, "{scraped:?}");
    expect(
        &scraped,
        &[
            "ackord_store_up 1",
            "ackord_last_run_timestamp_seconds 0.0",
            "ackord_run_duration_seconds_count 0",
            "ackord_orders_moved_total{status=\"accepted\"} 0",
            "ackord_oldest_unaccepted_age_seconds 0.0",
        ],
    );
    assert!(!scraped.body.contains("ackord_nearest_deadline_seconds"), "{scraped:?}");
    service.ended().await;
}
