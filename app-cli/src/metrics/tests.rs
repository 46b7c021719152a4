//! What a scrape reads.

use ackord::order::OrderId;
use ackord::ports::StoreError;
use ackord::time::plus;
use ackord::workflow::Halt;

use super::standing::tests::reading;
use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

/// Each line stands there.
#[track_caller]
pub(super) fn tells(metrics: &Metrics, lines: &[&str]) {
    let text = metrics.text();
    for line in lines {
        assert!(text.lines().any(|told| told == *line), "`{line}` is missing in\n{text}");
    }
}

fn series(metrics: &Metrics) -> Vec<String> {
    let text = metrics.text();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut types: Vec<String> = types.map(str::to_owned).collect();
    types.sort();
    types
}

#[test]
fn the_series_are_the_documented_ones() {
    let metrics = Metrics::default();
    let mut documented = vec![
        "ackord_alerts_open gauge",
        "ackord_build_info gauge",
        "ackord_inbox_open gauge",
        "ackord_last_run_timestamp_seconds gauge",
        "ackord_leases gauge",
        "ackord_marketplace_call_duration_seconds histogram",
        "ackord_marketplace_calls_total counter",
        "ackord_next_poll_seconds gauge",
        "ackord_oldest_unaccepted_age_seconds gauge",
        "ackord_orders gauge",
        "ackord_orders_moved_total counter",
        "ackord_paused_seconds gauge",
        "ackord_run_duration_seconds histogram",
        "ackord_runs_total counter",
        "ackord_store_up gauge",
    ];
    assert_eq!(series(&metrics), documented);
    metrics.store(&Ok(reading()));
    metrics.delivery("mail", &Ok(()));
    documented.extend([
        "ackord_alert_deliveries_total counter",
        "ackord_calls_left gauge",
        "ackord_nearest_deadline_seconds gauge",
    ]);
    documented.sort_unstable();
    assert_eq!(series(&metrics), documented);
}

#[test]
fn what_has_a_known_set_of_labels_begins_at_zero() {
    let metrics = Metrics::default();
    for status in ["accepted", "cancelled", "acceptance_failed", "ingested", "requeued"] {
        tells(
            &metrics,
            &[&format!("ackord_orders_moved_total{{status=\"{status}\"}} 0")],
        );
    }
    for phase in ["ready", "sending", "validating", "retry", "unfiled", "review"] {
        tells(&metrics, &[&format!("ackord_orders{{phase=\"{phase}\"}} 0")]);
    }
    assert!(!metrics.text().contains("phase=\"settled\""));
    for severity in ["warning", "urgent", "critical"] {
        tells(&metrics, &[&format!("ackord_alerts_open{{severity=\"{severity}\"}} 0")]);
    }
    let version = format!("ackord_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    tells(&metrics, &[&version, "ackord_last_run_timestamp_seconds 0.0"]);
}

#[test]
fn a_run_counts_by_how_it_ended() {
    let metrics = Metrics::default();
    let mut report = RunReport::default();
    report.duration = Duration::from_millis(700);
    metrics.run_ended(&report, now());
    report.needs_person = 1;
    metrics.run_ended(&report, now());
    for halt in [Halt::Stopped, Halt::Store(StoreError::Full("disk".into()))] {
        report.halt = Some(halt);
        metrics.run_ended(&report, plus(now(), Duration::from_millis(500)));
    }
    let at = format!("ackord_last_run_timestamp_seconds {}.5", now().as_second());
    tells(
        &metrics,
        &[
            "ackord_runs_total{outcome=\"done\"} 1",
            "ackord_runs_total{outcome=\"needs_person\"} 1",
            "ackord_runs_total{outcome=\"stopped\"} 1",
            "ackord_runs_total{outcome=\"store\"} 1",
            "ackord_run_duration_seconds_bucket{le=\"0.5\"} 0",
            "ackord_run_duration_seconds_bucket{le=\"1\"} 4",
            "ackord_run_duration_seconds_count 4",
            &at,
        ],
    );
}

#[test]
fn the_words_of_halts_are_there_from_the_start() {
    let until = now();
    for halt in [
        Halt::Throttled { until },
        Halt::OutOfBudget { until },
        Halt::Credentials { detail: "401".into() },
        Halt::BreakerOpen { unanswered: 5 },
        Halt::TooSlow { lease: HOUR },
        Halt::SendingHeld { since: until },
        Halt::WrongShop { asked: 10 },
        Halt::Stopped,
    ] {
        let mut report = RunReport::default();
        report.halt = Some(halt);
        assert!(RUN_OUTCOMES.contains(&outcome_of(&report)), "{report:?}");
    }
}

#[test]
fn orders_count_as_they_move() {
    let metrics = Metrics::default();
    let settled = |status: OrderStatus| Event::Settled {
        order_id: OrderId::new("A-1").unwrap(),
        status,
        note: String::new(),
    };
    for event in [
        Event::Ingested {
            new: 3,
            known: 9,
            total: None,
        },
        settled(OrderStatus::PendingAcceptance),
        Event::Requeued { orders: 1 },
        settled(OrderStatus::Accepted),
        settled(OrderStatus::Accepted),
        settled(OrderStatus::AcceptanceFailed),
        settled(OrderStatus::parse("shipped")),
    ] {
        metrics.event(&event);
    }
    tells(
        &metrics,
        &[
            "ackord_orders_moved_total{status=\"ingested\"} 3",
            "ackord_orders_moved_total{status=\"requeued\"} 1",
            "ackord_orders_moved_total{status=\"accepted\"} 2",
            "ackord_orders_moved_total{status=\"acceptance_failed\"} 1",
            "ackord_orders_moved_total{status=\"cancelled\"} 0",
        ],
    );
}

#[test]
fn alerts_are_counted_by_severity_and_channel() {
    let metrics = Metrics::default();
    metrics.alerts_open([Severity::Critical, Severity::Warning, Severity::Critical]);
    metrics.channel("mail");
    metrics.channel("slack");
    metrics.delivery("mail", &Ok(()));
    metrics.delivery("mail", &Err(NotifyError::Throttled { retry_after: None }));
    let what = || "no".to_owned();
    let lost = NotifyError::Unreachable {
        what: what(),
        source: None,
    };
    metrics.delivery("slack", &Err(lost));
    metrics.delivery("slack", &Err(NotifyError::Refused { what: what() }));
    let series = metrics.text().matches("ackord_alert_deliveries_total{").count();
    assert_eq!(series, 10, "each outcome has begun at zero");
    tells(
        &metrics,
        &[
            "ackord_alerts_open{severity=\"critical\"} 2",
            "ackord_alerts_open{severity=\"urgent\"} 0",
            "ackord_alert_deliveries_total{channel=\"mail\",outcome=\"delivered\"} 1",
            "ackord_alert_deliveries_total{channel=\"mail\",outcome=\"throttled\"} 1",
            "ackord_alert_deliveries_total{channel=\"mail\",outcome=\"failed\"} 0",
            "ackord_alert_deliveries_total{channel=\"slack\",outcome=\"unreachable\"} 1",
        ],
    );
    metrics.alerts_open([]);
    tells(&metrics, &["ackord_alerts_open{severity=\"critical\"} 0"]);
}
