//! What a service counts and measures, for Prometheus to scrape.
//!
//! Each series is registered once and kept by its handle; nothing is registered for the whole process (docs/decisions/0012). What
//! happens is counted in [`Metrics`] as it happens; how the store stands is read from it by [`Exporter`] when somebody asks.
//! No label tells of an order or a customer, and each takes only values that this program knows, so that series stay few.

mod exporter;
mod marketplace;
mod notifier;
mod standing;

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ackord::alerts::Severity;
use ackord::call::Endpoint;
use ackord::ports::{NotifyError, StoreResult};
use ackord::workflow::{Event, RunReport};
use ackord::{OrderStatus, Timestamp};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use exporter::Exporter;
pub use marketplace::MeteredMarketplace;
pub use notifier::MeteredNotifier;
pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;
pub use standing::Reading;

use self::standing::StoreGauges;
use crate::report_error;

/// A label with its value.
type Label = (&'static str, &'static str);
type ByOne<M> = Family<[Label; 1], M>;
type Count = Gauge<u64, AtomicU64>;
type Seconds = Gauge<f64, AtomicU64>;

/// How runs end; the words after the third are kinds of [`report_error::tell`].
const RUN_OUTCOMES: [&str; 13] = [
    "done",
    "needs_person",
    "stopped",
    "settings",
    "store",
    "marketplace",
    "throttled",
    "out_of_budget",
    "credentials",
    "breaker_open",
    "too_slow",
    "sending_held",
    "wrong_shop",
];

const ACCEPTED: &str = "accepted";
const CANCELLED: &str = "cancelled";
const FAILED: &str = "acceptance_failed";
const INGESTED: &str = "ingested";
const REQUEUED: &str = "requeued";

const SEVERITIES: [Severity; 3] = [Severity::Warning, Severity::Urgent, Severity::Critical];

/// How attempts to deliver an alert end.
const DELIVERY_OUTCOMES: [&str; 5] = ["delivered", "unreachable", "throttled", "refused", "failed"];

/// From a run that finds nothing to do to one that waits for its validations.
const RUN_BUCKETS: [f64; 11] = [0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0];

const CALL_BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// How a run ended, in one word: `done`, `needs_person` where it asked for one, or the kind of what stopped it.
#[must_use]
pub fn outcome_of(report: &RunReport) -> &'static str {
    match &report.halt {
        Some(halt) => report_error::tell(halt).kind,
        None if report.needs_person > 0 => "needs_person",
        None => "done",
    }
}

/// Every series of a service.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    runs: ByOne<Counter>,
    run_seconds: Histogram,
    last_run: Seconds,
    moved: ByOne<Counter>,
    calls: Family<[Label; 2], Counter>,
    call_seconds: ByOne<Histogram>,
    alerts: ByOne<Count>,
    deliveries: Family<[(&'static str, String); 2], Counter>,
    store: StoreGauges,
}

/// All at zero. What has a known set of labels is there with all of them, so that the first event counts as a rise.
impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("ackord");
        let store = StoreGauges::registered(&mut registry);
        let metrics = Self {
            runs: ByOne::default(),
            run_seconds: Histogram::new(RUN_BUCKETS),
            last_run: Seconds::default(),
            moved: ByOne::default(),
            calls: Family::default(),
            call_seconds: ByOne::new_with_constructor(|| Histogram::new(CALL_BUCKETS)),
            alerts: ByOne::default(),
            deliveries: Family::default(),
            store,
            registry,
        };
        metrics.begin_at_zero();
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of the program", version);
        registry.register("runs", "Runs, by how they ended", self.runs.clone());
        let name = "run_duration_seconds";
        registry.register(name, "How long runs take", self.run_seconds.clone());
        let name = "last_run_timestamp_seconds";
        registry.register(name, "When a run last ended; 0 before the first", self.last_run.clone());
        let help = "Orders taken in, given their next attempt, or settled by this process";
        registry.register("orders_moved", help, self.moved.clone());
        let help = "Calls to the marketplace, by operation and how they ended; a read counts once with all its retries";
        registry.register("marketplace_calls", help, self.calls.clone());
        let name = "marketplace_call_duration_seconds";
        let help = "How long calls to the marketplace take, those that never left aside; a read with all its retries";
        registry.register(name, help, self.call_seconds.clone());
        registry.register("alerts_open", "Open alerts, by severity", self.alerts.clone());
        let help = "Attempts to deliver an alert, by channel and how they ended";
        registry.register("alert_deliveries", help, self.deliveries.clone());
        self
    }

    fn begin_at_zero(&self) {
        for outcome in RUN_OUTCOMES {
            self.runs.get_or_create_owned(&[("outcome", outcome)]);
        }
        for status in [ACCEPTED, CANCELLED, FAILED, INGESTED, REQUEUED] {
            self.moved.get_or_create_owned(&[("status", status)]);
        }
        for (endpoint, outcomes) in marketplace::OUTCOMES {
            self.call_seconds
                .get_or_create_owned(&[("endpoint", endpoint.as_str())]);
            for outcome in outcomes {
                self.calls.get_or_create_owned(&call_labels(endpoint, outcome));
            }
        }
        self.alerts_open([]);
    }

    /// Counts a run that ended at `at`.
    pub fn run_ended(&self, report: &RunReport, at: Timestamp) {
        self.runs.get_or_create(&[("outcome", outcome_of(report))]).inc();
        self.run_seconds.observe(report.duration.as_secs_f64());
        self.last_run.set(at.as_millisecond() as f64 / 1000.0);
    }

    /// Counts what happens in a run.
    pub fn event(&self, event: &Event) {
        let (status, orders) = match event {
            Event::Ingested { new, .. } => (INGESTED, *new as u64),
            Event::Settled { status, .. } => match status {
                OrderStatus::Accepted => (ACCEPTED, 1),
                OrderStatus::Cancelled => (CANCELLED, 1),
                OrderStatus::AcceptanceFailed => (FAILED, 1),
                // `Event::Requeued` tells of the same orders again, all together.
                OrderStatus::PendingAcceptance => (REQUEUED, 1),
                OrderStatus::Other(_) => return,
            },
            _ => return,
        };
        self.moved.get_or_create(&[("status", status)]).inc_by(orders);
    }

    /// Counts a call to the marketplace; `took` is left out where nothing left.
    pub fn call(&self, endpoint: Endpoint, outcome: &'static str, took: Option<Duration>) {
        self.calls.get_or_create(&call_labels(endpoint, outcome)).inc();
        if let Some(took) = took {
            let labels = [("endpoint", endpoint.as_str())];
            self.call_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        }
    }

    /// Takes note of the alerts that are open now: the severity of each.
    pub fn alerts_open(&self, open: impl IntoIterator<Item = Severity>) {
        let open: Vec<Severity> = open.into_iter().collect();
        for severity in SEVERITIES {
            let count = open.iter().filter(|of| **of == severity).count() as u64;
            self.alerts.get_or_create(&[("severity", severity.as_str())]).set(count);
        }
    }

    /// Has the deliveries by the channel of this name begin at zero.
    pub fn channel(&self, channel: &str) {
        for outcome in DELIVERY_OUTCOMES {
            self.deliveries.get_or_create_owned(&delivery_labels(channel, outcome));
        }
    }

    /// Counts an attempt to deliver an alert by the channel of this name.
    pub fn delivery(&self, channel: &str, ended: &Result<(), NotifyError>) {
        let outcome = match ended {
            Ok(()) => "delivered",
            Err(NotifyError::Unreachable { .. }) => "unreachable",
            Err(NotifyError::Throttled { .. }) => "throttled",
            Err(NotifyError::Refused { .. }) => "refused",
            Err(_) => "failed",
        };
        self.deliveries.get_or_create(&delivery_labels(channel, outcome)).inc();
    }

    /// Shows how the store stands. Where it could not be read, what it last was stays.
    pub fn store(&self, reading: &StoreResult<Reading>) {
        match reading {
            Ok(reading) => self.store.show(reading),
            Err(_) => self.store_is_down(),
        }
    }

    /// Shows that the store could not be read.
    pub fn store_is_down(&self) {
        self.store.is_down();
    }

    /// All of it, in Prometheus' text format ([`CONTENT_TYPE`]).
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Err(error) = prometheus_text::encode(&mut text, &self.registry) {
            tracing::error!(%error, "the metrics are cut short");
        }
        text
    }
}

fn call_labels(endpoint: Endpoint, outcome: &'static str) -> [Label; 2] {
    [("endpoint", endpoint.as_str()), ("outcome", outcome)]
}

fn delivery_labels(channel: &str, outcome: &str) -> [(&'static str, String); 2] {
    [("channel", channel.to_owned()), ("outcome", outcome.to_owned())]
}

#[cfg(test)]
mod tests;
