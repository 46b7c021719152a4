//! The shared core: virtual time, the queue of what is to come, calls in flight, and everything that is known.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use ackord::memory::MemoryStore;
use ackord::order::OrderId;
use ackord::work::Phase;

use crate::coverage::Coverage;
use crate::facts::Facts;
use crate::faults::{FaultKind, Op, OrderPlace, Place};
use crate::flight::InFlight;
use crate::market::Market;
use crate::profile::Profile;
use crate::rng::Rng;
use crate::times::{StoreTime, Times};
use crate::trace::Trace;

/// More port calls than any seed needs: beyond it the fleet goes in a circle.
const MOST_PORT_CALLS: u64 = 150_000;

/// Once in so many seldom calls something happens to the worker in the middle of it.
const AIMED_ONCE_IN: u64 = 8;

/// Something that is to happen at a time.
pub(crate) enum Event {
    /// A call reaches the other side.
    Effect(u64),
    /// A call's answer reaches its worker.
    Reply(u64),
    /// A sleeper's time has come.
    Wake(Waker),
    /// A frozen process goes on.
    Thaw(usize),
    /// A worker's next run begins.
    Start(usize),
    /// An acceptance takes effect after its answer: the number of the one received.
    LateEffect(usize, usize),
    /// An order goes on along its way.
    Onward(usize),
    /// The next page of the work table is made anew: the orders after this one.
    Rebuild(Option<OrderId>),
    /// Somebody acts on an order while an acceptance of it is under way.
    Meddle(usize),
    /// An order's acceptance deadline.
    Deadline(usize),
}

struct Timed {
    at: u64,
    tie: u64,
    number: u64,
    event: Event,
}

impl Timed {
    fn key(&self) -> (u64, u64, u64) {
        (self.at, self.tie, self.number)
    }
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Timed {}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timed {
    /// The earliest is the greatest, for the heap.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

/// Spans of time in which something is out.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    pub(crate) store_out: u64,
    pub(crate) store_full: u64,
    pub(crate) market_out: u64,
    pub(crate) key_refused: u64,
    pub(crate) throttled: u64,
}

/// All that changes.
pub(crate) struct State {
    pub(crate) rng: Rng,
    pub(crate) trace: Trace,
    pub(crate) coverage: Coverage,
    pub(crate) profile: Profile,
    pub(crate) market: Market,
    pub(crate) facts: Facts,
    pub(crate) spans: Spans,
    /// Calls under way, by number.
    pub(crate) flight: BTreeMap<u64, InFlight>,
    /// Until when each worker's process is frozen.
    pub(crate) frozen: Vec<u64>,
    /// When each worker's process last went on after it was frozen.
    pub(crate) frozen_last: Vec<u64>,
    /// A worker that makes a seldom call: what happens to a worker next happens to it.
    pub(crate) aimed_at: Option<usize>,
    /// Orders whose rows changed since the last audit.
    pub(crate) dirty: BTreeSet<usize>,
    /// Whether faults still happen.
    pub(crate) storm: bool,
    pub(crate) port_calls: u64,
    violation: Option<String>,
    queue: BinaryHeap<Timed>,
    scheduled: u64,
    next_call: u64,
}

impl State {
    pub(crate) fn schedule(&mut self, at: u64, event: Event) {
        self.scheduled += 1;
        let timed = Timed {
            at,
            tie: self.rng.below(1024),
            number: self.scheduled,
            event,
        };
        self.queue.push(timed);
    }

    /// The next event and its time.
    pub(crate) fn pop(&mut self) -> Option<(u64, Event)> {
        self.queue.pop().map(|timed| (timed.at, timed.event))
    }

    /// When the next event is.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.queue.peek().map(|timed| timed.at)
    }

    /// A number for the next call.
    pub(crate) fn number_call(&mut self, slot: usize, op: Op) -> u64 {
        self.next_call += 1;
        self.port_calls += 1;
        if self.port_calls > MOST_PORT_CALLS {
            self.violate(|| format!("{MOST_PORT_CALLS} port calls: the fleet goes in a circle"));
        }
        self.trace.mix(op as u64 + 1, slot as u64);
        if op.is_seldom() && self.rng.once_in(AIMED_ONCE_IN) {
            self.aimed_at = Some(slot);
        }
        self.next_call
    }

    /// Notes that a promise is broken; the first one stands.
    pub(crate) fn violate(&mut self, what: impl FnOnce() -> String) {
        if self.violation.is_none() {
            self.violation = Some(what());
        }
    }

    pub(crate) fn violation(&self) -> Option<&String> {
        self.violation.as_ref()
    }
}

/// See the module.
pub(crate) struct Sim {
    pub(crate) times: Arc<Times>,
    pub(crate) memory: MemoryStore,
    pub(crate) ids: Vec<OrderId>,
    state: Mutex<State>,
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").finish_non_exhaustive()
    }
}

impl Sim {
    pub(crate) fn new(profile: Profile, rng: Rng, with_story: bool) -> Arc<Self> {
        let times = Arc::new(Times::default());
        let memory = MemoryStore::new(Arc::new(StoreTime(Arc::clone(&times))));
        let ids = (0..profile.orders).map(order_id).collect();
        let state = State {
            rng,
            trace: Trace::new(with_story),
            coverage: Coverage::default(),
            market: Market::default(),
            facts: Facts::new(&profile),
            spans: Spans::default(),
            flight: BTreeMap::new(),
            frozen: vec![0; profile.workers],
            frozen_last: vec![0; profile.workers],
            aimed_at: None,
            dirty: BTreeSet::new(),
            storm: true,
            port_calls: 0,
            violation: None,
            queue: BinaryHeap::new(),
            scheduled: 0,
            next_call: 0,
            profile,
        };
        Arc::new(Self {
            times,
            memory,
            ids,
            state: Mutex::new(state),
        })
    }

    /// All that changes. Never held over a call into the store.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> u64 {
        self.times.now()
    }

    /// How an order stands in the store.
    pub(crate) fn phase(&self, order: usize) -> Option<Phase> {
        let id = &self.ids[order];
        self.memory.inspect(id, |rows| rows.work.map(|row| row.standing.phase))
    }

    /// Counts a fault that concerns one order.
    pub(crate) fn strikes_order(&self, fault: FaultKind, order: usize) {
        let place = OrderPlace::from(self.phase(order));
        let mut state = self.state();
        state.coverage.count(fault, Place::Order(place));
        state.facts.orders[order].struck(fault);
        state.trace.mix(1000 + fault as u64, order as u64);
        let now = self.now();
        let id = &self.ids[order];
        state.trace.tell(now, || format!("!! {fault}: {id} ({place})"));
    }

    /// Counts a fault that concerns a call, or the worker that makes it.
    pub(crate) fn strikes_call(&self, state: &mut State, fault: FaultKind, op: Op, slot: usize) {
        state.coverage.count(fault, Place::Call(op));
        state.trace.mix(2000 + fault as u64, op as u64);
        let now = self.now();
        state.trace.tell(now, || format!("!! {fault}: {op} of worker {slot}"));
    }

    /// Freezes a worker's process until a true time.
    pub(crate) fn freeze_process(&self, slot: usize, until: u64) {
        let mut state = self.state();
        let until = until.max(state.frozen[slot]);
        state.frozen[slot] = until;
        state.schedule(until, Event::Thaw(slot));
    }

    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        let now = self.now();
        self.state().trace.tell(now, line);
    }

    pub(crate) fn violate(&self, what: impl FnOnce() -> String) {
        self.state().violate(what);
    }
}

fn order_id(number: usize) -> OrderId {
    OrderId::new(format!("O{number:02}-A")).expect("a short id")
}

/// The number of an order by its id.
pub(crate) fn number_of(id: &str) -> Option<usize> {
    id.get(1..3)?.parse().ok()
}
