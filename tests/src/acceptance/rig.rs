//! A shop with a store, a sandbox for its marketplace, and workers.

use std::sync::Arc;
use std::time::Duration;

use ackord::OrderStatus;
use ackord::audit::{Violation, check};
use ackord::failure::FailureCause;
use ackord::order::OrderId;
use ackord::ports::{Marketplace, OrderStory, RecordReader, Store};
use ackord::retry::RetryPolicy;
use ackord::settings::Settings;
use ackord::workflow::{AcceptanceWorkflow, Event, Ports, RunOptions, RunReport};
use ackord_bestbuy::{BestBuyClient, ClientPorts, ClientSettings};
use ackord_sandbox::{Ledger, Sandbox, SandboxHandle};
use ackord_system::{SystemClock, SystemRandom};

use crate::contract::store::StoreFixture;

/// The most runs that [`Rig::run_until`] makes.
const MOST_RUNS: usize = 200;

/// A shop: its store, its marketplace, its settings.
pub struct Rig<'a> {
    /// The store and its back doors.
    pub fixture: &'a StoreFixture,
    /// The marketplace.
    pub sandbox: SandboxHandle,
    /// The workflow's settings: the defaults, shortened so that a test ends soon.
    pub settings: Settings,
}

/// A worker: a workflow with a client of its own.
pub struct Worker {
    /// The workflow.
    pub workflow: AcceptanceWorkflow,
}

impl Worker {
    /// Runs once, waiting for validations.
    pub async fn run(&self) -> RunReport {
        self.workflow.run(&RunOptions::default(), &()).await
    }

    /// Runs once, telling each event.
    pub async fn run_telling(&self, tell: impl Fn(&Event) + Send + Sync) -> RunReport {
        self.workflow.run(&RunOptions::default(), &tell).await
    }
}

impl<'a> Rig<'a> {
    /// Opens a shop.
    pub async fn open(fixture: &'a StoreFixture, sandbox: Sandbox) -> Self {
        let sandbox = sandbox.start().await.expect("the sandbox starts");
        let settings = Settings {
            call_timeout: Duration::from_millis(800),
            lease: Duration::from_secs(3),
            lease_margin: Duration::from_millis(200),
            poll_interval: Duration::from_millis(50),
            retry: RetryPolicy {
                base: Duration::from_millis(10),
                cap: Duration::from_millis(50),
                attempts: 5,
            },
            read_staleness: Duration::from_millis(20),
            slow_look_interval: Duration::from_millis(100),
            default_pause: Duration::from_millis(200),
            patience: Duration::from_secs(3),
            ..Settings::default()
        };
        Self {
            fixture,
            sandbox,
            settings,
        }
    }

    /// What the marketplace received, and what took effect.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.sandbox.ledger()
    }

    /// A client of this shop.
    #[must_use]
    pub fn client(&self) -> Arc<dyn Marketplace> {
        let settings = ClientSettings::builder(&self.sandbox.url(), self.sandbox.api_key().into())
            .call_timeout(self.settings.call_timeout)
            .connect_timeout(Duration::from_millis(500))
            .retry_pause(Duration::from_millis(5), Duration::from_millis(20))
            .build()
            .expect("the client's settings");
        let ports = ClientPorts {
            call_log: Arc::clone(&self.fixture.store) as _,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandom::new()),
            budget: None,
        };
        Arc::new(BestBuyClient::new(settings, ports).expect("the client"))
    }

    /// A worker of that name.
    #[must_use]
    pub fn worker(&self, name: &str) -> Worker {
        self.worker_over(name, self.client())
    }

    /// A worker whose marketplace port is given.
    #[must_use]
    pub fn worker_over(&self, name: &str, marketplace: Arc<dyn Marketplace>) -> Worker {
        let ports = Ports {
            store: Arc::clone(&self.fixture.store) as Arc<dyn Store>,
            marketplace,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandom::new()),
        };
        let workflow = AcceptanceWorkflow::new(ports, self.settings.clone(), name).expect("the settings fit together");
        Worker { workflow }
    }

    /// Runs once as a worker of its own, and expects that nothing stopped the run.
    pub async fn run(&self) -> RunReport {
        let report = self.worker("worker").run().await;
        assert!(report.halt.is_none(), "the run was stopped: {report:?}");
        report
    }

    /// Runs again and again until `done`; time passes in between, as between scheduled runs.
    pub async fn run_until(&self, what: &str, mut done: impl AsyncFnMut(&Self) -> bool) {
        for _ in 0..MOST_RUNS {
            if done(self).await {
                return;
            }
            self.worker("worker").run().await;
            // Leases and retries end by the clock; this is the time between two scheduled runs.
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("after {MOST_RUNS} runs still not: {what}");
    }

    /// Runs until an order has this status.
    pub async fn run_until_status(&self, id: &str, status: OrderStatus) -> OrderStory {
        self.run_until(&format!("{id} is {status}"), async |rig| {
            rig.has_status(id, &status).await
        })
        .await;
        self.story(id).await
    }

    async fn has_status(&self, id: &str, status: &OrderStatus) -> bool {
        let story = self.find(id).await;
        story.is_some_and(|story| story.summary.status.as_ref() == Some(status))
    }

    /// An order's whole story, if it is stored.
    pub async fn find(&self, id: &str) -> Option<OrderStory> {
        let id = OrderId::new(id).expect("an id");
        let reader: &dyn RecordReader = &*self.fixture.store;
        reader.story(&id).await.expect("the story can be read")
    }

    /// An order's whole story.
    pub async fn story(&self, id: &str) -> OrderStory {
        self.find(id).await.unwrap_or_else(|| panic!("{id} is not stored"))
    }

    /// Appends an entry as another program.
    pub async fn foreign_entry(&self, id: &str, status: &str) {
        let entry = crate::contract::store::ForeignEntry {
            order_id: id.to_owned(),
            status: status.to_owned(),
            note: Some("by another program".to_owned()),
            retry_at: None,
        };
        self.fixture.foreign.append(&[entry]).await.expect("the entry is taken");
    }
}

/// Everything that is wrong with the record, by `ackord verify`'s own check.
pub(super) async fn violations(fixture: &StoreFixture) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = fixture.store.records(after, 50).await.expect("the record can be read");
        let Some(last) = page.last() else {
            return found;
        };
        after = Some(last.order_id.clone());
        let now = fixture.store.now().await.expect("the store's time");
        found.extend(page.iter().flat_map(|record| check(record, now)));
    }
}

/// Expects that nothing is wrong with the record that a case left.
pub(super) async fn audited(fixture: &StoreFixture) {
    let found = violations(fixture).await;
    assert!(found.is_empty(), "the record does not agree with itself: {found:#?}");
}

/// The statuses of a timeline, oldest first.
#[must_use]
pub(super) fn statuses(story: &OrderStory) -> Vec<&str> {
    story.entries.iter().map(|entry| entry.status.as_str()).collect()
}

/// The causes of the open entries in the inbox.
#[must_use]
pub(super) fn open_causes(story: &OrderStory) -> Vec<&str> {
    story
        .failures
        .iter()
        .filter(|failure| failure.resolved_at.is_none())
        .map(|failure| failure.cause.as_deref().unwrap_or("(none)"))
        .collect()
}

/// Expects an order accepted with one decision, no failure, and no failed attempt.
pub(super) async fn expect_accepted_once(rig: &Rig<'_>, id: &str) {
    let story = rig.story(id).await;
    assert_eq!(statuses(&story), ["pending_acceptance", "accepted"], "{id}");
    assert!(story.failures.is_empty(), "{id}: {:?}", story.failures);
    assert_eq!(rig.ledger().decisions_applied(id), 1, "{id}");
}

/// Expects exactly one open entry in the inbox, of this cause.
#[track_caller]
pub(super) fn expect_open(story: &OrderStory, cause: FailureCause) {
    assert_eq!(open_causes(story), [cause.as_str()], "{}", story.summary.order_id);
}
