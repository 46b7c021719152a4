//! What a test acts in: one clock, one store, one marketplace, any number of workers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::audit::audit;
use super::drive::{block_on, block_on_patiently, run_until};
use super::gate::Gate;
use super::market::{Answer, FakeMarket, FakeOrder, Ledger};
use super::store::GatedStore;
use crate::memory::{FiledFailure, ManualClock, MemoryStore, SeededRandom, WorkRow};
use crate::order::OrderId;
use crate::ports::{Clock, Entry};
use crate::settings::Settings;
use crate::state::MarketplaceState;
use crate::time::{self, Timestamp};
use crate::work::Phase;
use crate::workflow::{AcceptanceWorkflow, Event, Ports, RunOptions, RunReport, Wait};

/// The start of every test.
pub(super) const START: i64 = 1_750_000_000;

/// A second, for sums.
pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn seconds(n: u64) -> Duration {
    SECOND * u32::try_from(n).unwrap()
}

pub(super) fn id(id: &str) -> OrderId {
    OrderId::new(id).unwrap()
}

/// The store's clock: as the workers' one, until somebody sets it back.
#[derive(Debug, Clone)]
pub(super) struct StoresClock {
    clock: ManualClock,
    back: Arc<Mutex<Duration>>,
}

impl StoresClock {
    /// Sets it back by so much.
    pub(super) fn set_back(&self, by: Duration) {
        *self.back.lock().unwrap() += by;
    }
}

#[async_trait]
impl Clock for StoresClock {
    fn now(&self) -> Timestamp {
        self.clock.now() - *self.back.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }
}

/// See the module.
pub(super) struct World {
    pub(super) clock: ManualClock,
    pub(super) stores_clock: StoresClock,
    pub(super) memory: MemoryStore,
    pub(super) gate: Gate,
    pub(super) market: Arc<FakeMarket>,
    pub(super) settings: Settings,
    pub(super) events: Arc<Mutex<Vec<Event>>>,
    workers: AtomicU64,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(super) fn with(settings: Settings) -> Self {
        Self::on(ManualClock::new(Timestamp::from_second(START).unwrap()), settings)
    }

    /// A world in which several can sleep at once.
    pub(super) fn patient(settings: Settings) -> Self {
        Self::on(ManualClock::patient(Timestamp::from_second(START).unwrap()), settings)
    }

    fn on(clock: ManualClock, settings: Settings) -> Self {
        let stores_clock = StoresClock {
            clock: clock.clone(),
            back: Arc::default(),
        };
        let memory = MemoryStore::new(Arc::new(stores_clock.clone()));
        let gate = Gate::new();
        let store = GatedStore::new(memory.clone(), gate.clone());
        let market = FakeMarket::new(clock.clone(), Arc::new(store), gate.clone());
        Self {
            clock,
            stores_clock,
            memory,
            gate,
            market: Arc::new(market),
            settings,
            events: Arc::default(),
            workers: AtomicU64::new(0),
        }
    }

    /// A waiting order with two lines.
    pub(super) fn order(&self, name: &str) -> OrderId {
        self.order_like(name, |_| {})
    }

    pub(super) fn order_like(&self, name: &str, like: impl FnOnce(&mut FakeOrder)) -> OrderId {
        let mut state = self.market.state();
        let placed_at = time::plus(
            Timestamp::from_second(START - 3600).unwrap(),
            Duration::from_millis(state.orders.len() as u64),
        );
        let mut order = FakeOrder {
            state: MarketplaceState::WaitingAcceptance,
            lines: vec![(format!("{name}-1"), None), (format!("{name}-2"), None)],
            placed_at,
            decided_at: None,
            accepted_as: MarketplaceState::Shipping,
            moved_at: None,
            stale_for: Duration::ZERO,
            effect_at: None,
            lag: 0,
            later: Vec::new().into(),
            hidden: false,
            unreadable: false,
            always_listed: false,
            script: Vec::new().into(),
        };
        like(&mut order);
        state.orders.insert(id(name), order);
        id(name)
    }

    /// A waiting order whose acceptances are answered like this.
    pub(super) fn scripted(&self, name: &str, answers: &[Answer]) -> OrderId {
        self.order_like(name, |order| order.script = answers.to_vec().into())
    }

    pub(super) fn orders(&self, count: usize) -> Vec<OrderId> {
        (0..count).map(|n| self.order(&format!("O{n:05}-A"))).collect()
    }

    /// Takes in an order, and gives it another state before anything is sent.
    pub(super) fn ingested_then(&self, name: &str, change: impl FnOnce(&mut FakeOrder) + Send + 'static) -> OrderId {
        let order = self.order(name);
        let (market, name) = (Arc::clone(&self.market), name.to_owned());
        // The list is young enough to serve as the look, so time has to pass as well.
        let clock = self.clock.clone();
        self.gate
            .at(super::gate::Op::Ingest, super::gate::When::After, 0, move || {
                market.change(&name, change);
                clock.advance(seconds(61));
            });
        order
    }

    pub(super) fn worker(&self) -> AcceptanceWorkflow {
        let number = self.workers.fetch_add(1, Ordering::Relaxed);
        let ports = Ports {
            store: Arc::new(GatedStore::new(self.memory.clone(), self.gate.clone())),
            marketplace: Arc::clone(&self.market) as _,
            clock: Arc::new(self.clock.clone()),
            randomness: Arc::new(SeededRandom::new(number + 1)),
        };
        AcceptanceWorkflow::new(ports, self.settings.clone(), format!("worker {number}")).unwrap()
    }

    pub(super) async fn one_run(&self, wait: Wait) -> RunReport {
        let events = Arc::clone(&self.events);
        let observer = move |event: &Event| events.lock().unwrap().push(event.clone());
        self.worker()
            .run(
                &RunOptions {
                    wait,
                    ..RunOptions::default()
                },
                &observer,
            )
            .await
    }

    /// One run that waits for its validations, and the audit after it.
    pub(super) fn run(&self) -> RunReport {
        self.run_within(20_000)
    }

    /// A run that makes at most `calls` port calls.
    pub(super) fn run_within(&self, calls: u64) -> RunReport {
        self.gate.allow(calls);
        let report = block_on_patiently(self.one_run(Wait::ForValidations), &self.clock);
        audit(self);
        report
    }

    pub(super) fn run_no_wait(&self) -> RunReport {
        self.gate.allow(20_000);
        let report = block_on(self.one_run(Wait::No));
        audit(self);
        report
    }

    /// A run that is cut at the `n`th passage of the gate; `false` where it ended before that.
    pub(super) fn crash_at(&self, n: u64) -> bool {
        self.gate.hang_at(n);
        let cut = run_until(self.one_run(Wait::ForValidations), || self.gate.hung()).is_none();
        assert!(!cut || self.gate.hung(), "the run hangs: a wakeup was lost");
        self.gate.reopen();
        cut
    }

    pub(super) fn advance(&self, seconds_: u64) {
        self.clock.advance(seconds(seconds_));
    }

    pub(super) fn entries(&self, order: &OrderId) -> Vec<Entry> {
        self.memory.entries(order)
    }

    /// Its statuses, oldest first.
    pub(super) fn statuses(&self, order: &OrderId) -> Vec<String> {
        let entries = self.entries(order);
        entries.iter().map(|entry| entry.status.as_str().to_owned()).collect()
    }

    pub(super) fn status(&self, order: &OrderId) -> String {
        self.statuses(order).pop().unwrap_or_default()
    }

    /// Its newest note.
    pub(super) fn note(&self, order: &OrderId) -> String {
        let newest = self.entries(order).pop();
        newest.and_then(|entry| entry.note).unwrap_or_default()
    }

    pub(super) fn work(&self, order: &OrderId) -> WorkRow {
        self.memory.work(order).expect("the order has a work row")
    }

    pub(super) fn phase(&self, order: &OrderId) -> Phase {
        self.work(order).standing.phase
    }

    pub(super) fn failures(&self, order: &OrderId) -> Vec<FiledFailure> {
        let about = |filed: &FiledFailure| filed.row.related_id.as_deref() == Some(order.as_str());
        self.memory.filed_failures().into_iter().filter(about).collect()
    }

    /// The causes of its open entries.
    pub(super) fn open_causes(&self, order: &OrderId) -> Vec<String> {
        let open = self.failures(order).into_iter();
        open.filter(|filed| filed.row.resolved_at.is_none())
            .filter_map(|filed| filed.row.cause)
            .collect()
    }

    pub(super) fn ledger<T>(&self, read: impl FnOnce(&Ledger) -> T) -> T {
        read(&self.market.state().ledger)
    }

    /// Another program's entry.
    pub(super) fn append_foreign(&self, order: &OrderId, status: &str) {
        self.memory
            .append_foreign(order, status, Some("by another program"), None)
            .unwrap();
    }

    /// A closure that appends another program's entry.
    pub(super) fn foreign_entry(&self, order: &OrderId, status: &'static str) -> impl FnOnce() + Send + 'static {
        let (memory, order) = (self.memory.clone(), order.clone());
        move || {
            memory
                .append_foreign(&order, status, Some("by another program"), None)
                .unwrap();
        }
    }

    /// Runs again and again, a minute apart, until nothing is pending; at most `most` times.
    pub(super) fn settle_all(&self, most: usize) {
        for _ in 0..most {
            let report = self.run();
            if report.halt.is_none() && self.unsettled() == 0 {
                return;
            }
            self.advance(60);
        }
        panic!("still unsettled after {most} runs: {:#?}", self.memory.work_rows());
    }

    /// How many orders a run still has to do with.
    pub(super) fn unsettled(&self) -> usize {
        let rows = self.memory.work_rows();
        rows.values().filter(|row| row.standing.phase != Phase::Settled).count()
    }
}
