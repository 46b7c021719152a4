//! The fleet: several workers on one thread, polled in an order that the seed decides.
//!
//! The file is long because it is one loop: what may happen next to a worker, to a call and to the shop stands here, as the seed draws it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use ackord::memory::SeededRandom;
use ackord::ports::SharedBudget;
use ackord::workflow::{AcceptanceWorkflow, Halt, Ports, ReconcileOptions, RunOptions, StopSignal, Wait};

use crate::desk::Desk;
use crate::faults::{FaultKind, Op};
use crate::flight::Broken;
use crate::sim::{Event, Sim};
use crate::store::SimStore;
use crate::times::{MILLI, MINUTE, SECOND, WorkerClock};

/// For how long a worker that could go on waits for its turn at the most.
const SHORT_WAIT: u64 = 20 * MILLI;

/// One process of the fleet, and its run.
struct Worker {
    workflow: AcceptanceWorkflow,
    clock: Arc<WorkerClock>,
    run: Option<Pin<Box<dyn Future<Output = Ended>>>>,
    stop: StopSignal,
    woken: Arc<Woken>,
}

/// How a worker's run, or its reconcile, ended.
struct Ended {
    /// A count that its trace is told by.
    done: u64,
    halt: Option<Halt>,
}

/// Set when a worker's future can go on.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// All workers.
pub(crate) struct Fleet {
    sim: Arc<Sim>,
    workers: Vec<Worker>,
    processes: u64,
    pub(crate) runs: u64,
    pub(crate) steps: u64,
}

impl Fleet {
    pub(crate) fn new(sim: Arc<Sim>) -> Self {
        let count = sim.state().profile.workers;
        let mut fleet = Self {
            sim,
            workers: Vec::new(),
            processes: 0,
            runs: 0,
            steps: 0,
        };
        for slot in 0..count {
            let worker = fleet.process(slot);
            fleet.workers.push(worker);
            let mut state = fleet.sim.state();
            let at = state.rng.below(5 * SECOND);
            state.schedule(at, Event::Start(slot));
        }
        fleet
    }

    /// A new process in a slot: new clock, new randomness, nothing remembered.
    fn process(&mut self, slot: usize) -> Worker {
        self.processes += 1;
        let sim = &self.sim;
        let (clock, settings, seed) = {
            let mut state = sim.state();
            let skew = state.profile.skew_ppm;
            let fast = state.rng.below(2 * skew + 1).cast_signed() - skew.cast_signed();
            let (base, wall) = (
                state.rng.below(1000 * SECOND),
                state.rng.below(600 * SECOND).cast_signed(),
            );
            let seed = state.rng.next();
            let clock = WorkerClock::new(Arc::clone(sim), base, fast, wall - 300 * SECOND.cast_signed());
            (Arc::new(clock), state.profile.settings.clone(), seed)
        };
        let store = SimStore {
            sim: Arc::clone(sim),
            slot,
        };
        let desk = Desk {
            sim: Arc::clone(sim),
            slot,
            clock: Arc::clone(&clock),
            log: store.clone(),
            call_timeout: settings.call_timeout,
            budget: settings.call_rate().map(|rate| SharedBudget {
                store: Arc::new(store.clone()),
                rate,
            }),
        };
        let ports = Ports {
            store: Arc::new(store),
            marketplace: Arc::new(desk),
            clock: Arc::clone(&clock) as _,
            randomness: Arc::new(SeededRandom::new(seed)),
        };
        let name = format!("worker {slot}.{}", self.processes);
        let workflow = AcceptanceWorkflow::new(ports, settings, name).expect("settings that fit together");
        Worker {
            workflow,
            clock,
            run: None,
            stop: StopSignal::new(),
            woken: Arc::default(),
        }
    }

    /// One step: a worker is polled, or the next thing happens. `false` where nothing is left to happen.
    pub(crate) fn step(&mut self) -> bool {
        self.steps += 1;
        let now = self.sim.now();
        let mut ready = [0; 8];
        let mut count = 0;
        let first = {
            let mut state = self.sim.state();
            for (slot, worker) in self.workers.iter().enumerate() {
                if worker.run.is_some() && worker.woken.0.load(Ordering::Relaxed) && state.frozen[slot] <= now {
                    ready[count] = slot;
                    count += 1;
                }
            }
            // Now and then something else happens before a worker that could go on does. It is not held up for long by
            // that: to be frozen is a fault of its own.
            let soon = state.next_at().is_some_and(|at| at <= now + SHORT_WAIT);
            let waits = count > 0 && soon && state.rng.once_in(16);
            (count > 0 && !waits).then(|| state.rng.pick(&ready[..count]))
        };
        match first {
            Some(slot) => self.poll(slot),
            None => {
                let next = self.sim.state().pop();
                match next {
                    Some((at, event)) => {
                        self.sim.times.set(at.max(now));
                        self.happens(event);
                    }
                    None if count > 0 => self.poll(ready[0]),
                    None => return false,
                }
            }
        }
        true
    }

    fn poll(&mut self, slot: usize) {
        let worker = &mut self.workers[slot];
        let Some(run) = &mut worker.run else { return };
        worker.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&worker.woken));
        let mut context = Context::from_waker(&waker);
        let Poll::Ready(report) = run.as_mut().poll(&mut context) else {
            return;
        };
        worker.run = None;
        let halted = report.halt.map(|halt| halt.to_string());
        let now = self.sim.now();
        let mut state = self.sim.state();
        state.facts.reconciling.remove(&slot);
        state.trace.mix(7000 + slot as u64, report.done);
        state.trace.tell(now, || {
            let ended = halted.unwrap_or_else(|| "at its end".to_owned());
            format!("-- worker {slot}'s run is over: {ended}")
        });
        let rest = if state.storm {
            let most = state.profile.rest;
            state.rng.between(SECOND / 2, most)
        } else {
            state.rng.between(MINUTE, 8 * MINUTE)
        };
        state.schedule(now + rest, Event::Start(slot));
    }

    fn start(&mut self, slot: usize) {
        if self.workers[slot].run.is_some() {
            return;
        }
        self.runs += 1;
        self.workers[slot].stop = StopSignal::new();
        self.workers[slot].woken.0.store(true, Ordering::Relaxed);
        if self.is_to_reconcile() {
            return self.reconcile(slot);
        }
        let worker = &mut self.workers[slot];
        let wait = if self.sim.state().rng.once_in(3) {
            Wait::No
        } else {
            Wait::ForValidations
        };
        let options = RunOptions {
            wait,
            stop: worker.stop.clone(),
        };
        let workflow = worker.workflow.clone();
        worker.run = Some(Box::pin(async move {
            let report = workflow.run(&options, &()).await;
            Ended {
                done: report.accepted,
                halt: report.halt,
            }
        }));
        self.sim.tell(|| format!("-- worker {slot} begins a run ({wait:?})"));
    }

    /// Whether somebody has a worker reconcile next: now and then, and where a hold was left.
    fn is_to_reconcile(&self) -> bool {
        let mut state = self.sim.state();
        let left = state.facts.hold.is_some() && state.facts.reconciling.is_empty();
        let reconciles = state.profile.reconciles;
        match (left, state.storm) {
            (true, true) => state.rng.once_in(2),
            (left, false) => left,
            (false, true) => state.rng.once_in(reconciles),
        }
    }

    fn reconcile(&mut self, slot: usize) {
        let worker = &mut self.workers[slot];
        let settled_within = {
            let mut state = self.sim.state();
            state.facts.reconciling.insert(slot);
            state
                .rng
                .pick(&[ReconcileOptions::default().settled_within, Duration::ZERO])
        };
        let options = ReconcileOptions {
            settled_within,
            stop: worker.stop.clone(),
        };
        let workflow = worker.workflow.clone();
        worker.run = Some(Box::pin(async move {
            let report = workflow.reconcile(&options, &()).await;
            Ended {
                done: report.looked_at,
                halt: report.halt,
            }
        }));
        self.sim.tell(|| format!("-- worker {slot} begins to reconcile"));
    }

    fn happens(&mut self, event: Event) {
        let sim = &self.sim;
        match event {
            Event::Effect(number) => effect(sim, number),
            Event::Reply(number) => reply(sim, number),
            Event::Wake(waker) => waker.wake(),
            Event::Thaw(slot) => sim.state().frozen_last[slot] = sim.now(),
            Event::Start(slot) => self.start(slot),
            Event::LateEffect(order, number) => sim.late_effect(order, number),
            Event::Onward(order) => sim.onward(order),
            Event::Rebuild(after) => sim.rebuild_page(after),
            Event::Meddle(order) => crate::acts::meddle_with(sim, order),
            Event::Deadline(order) => sim.deadline(order),
        }
    }

    /// Kills a worker where it stands. Of its calls in flight each has happened, never does, or happens later.
    pub(crate) fn kill(&mut self, slot: usize) {
        if self.workers[slot].run.is_none() {
            return;
        }
        let sim = Arc::clone(&self.sim);
        let now = sim.now();
        let mut gone = Vec::new();
        {
            let mut state = sim.state();
            let numbers: Vec<u64> = state
                .flight
                .iter()
                .filter(|(_, call)| call.slot == slot && call.awaited)
                .map(|(number, _)| *number)
                .collect();
            if numbers.is_empty() {
                sim.strikes_call(&mut state, FaultKind::CrashNothingDone, Op::Between, slot);
            }
            for number in numbers {
                let Some(mut call) = state.flight.remove(&number) else {
                    continue;
                };
                call.awaited = false;
                let op = call.op;
                if !call.to_come {
                    sim.strikes_call(&mut state, FaultKind::CrashDone, op, slot);
                    gone.push(call);
                } else if state.rng.once_in(2) {
                    sim.strikes_call(&mut state, FaultKind::CrashNothingDone, op, slot);
                    if let Some(order) = call.order {
                        state.facts.orders[order].under_way -= 1;
                    }
                    gone.push(call);
                } else {
                    sim.strikes_call(&mut state, FaultKind::CrashDoneLater, op, slot);
                    // On the wire it takes no longer than it would have; in the store it may.
                    let number = if op != Op::Accept && state.rng.once_in(2) {
                        let at = now + state.rng.between(1, 60 * SECOND);
                        let number = state.number_call(slot, op);
                        state.schedule(at, Event::Effect(number));
                        number
                    } else {
                        number
                    };
                    state.flight.insert(number, call);
                }
            }
            let back = now + state.rng.pick(&[SECOND, 10 * SECOND, 60 * SECOND]);
            state.frozen[slot] = 0;
            state.facts.reconciling.remove(&slot);
            state.facts.reads.remove(&slot);
            state.facts.granted.remove(&slot);
            state.schedule(back, Event::Start(slot));
        }
        drop(gone);
        self.workers[slot] = self.process(slot);
    }

    /// Freezes a worker's process: its clock goes on, and it does not.
    pub(crate) fn freeze(&mut self, slot: usize) {
        if self.workers[slot].run.is_none() {
            return;
        }
        let sim = &self.sim;
        let mut state = sim.state();
        let until = sim.now()
            + state
                .rng
                .pick(&[SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, 120 * SECOND]);
        strikes_worker(sim, &mut state, FaultKind::Freeze, slot);
        state.frozen[slot] = state.frozen[slot].max(until);
        state.schedule(until, Event::Thaw(slot));
    }

    /// Asks a worker to stop.
    pub(crate) fn ask_to_stop(&mut self, slot: usize) {
        let worker = &self.workers[slot];
        if worker.run.is_none() || worker.stop.is_given() {
            return;
        }
        strikes_worker(&self.sim, &mut self.sim.state(), FaultKind::GracefulStop, slot);
        worker.stop.stop();
    }

    /// Lets a worker's wall clock jump.
    pub(crate) fn jump_wall(&mut self, slot: usize) {
        let by = {
            let mut state = self.sim.state();
            strikes_worker(&self.sim, &mut state, FaultKind::WallJump, slot);
            state.rng.below(24 * 3600 * SECOND).cast_signed() - 12 * 3600 * SECOND.cast_signed()
        };
        self.workers[slot].clock.jump(by);
    }

    /// Restarts the store: every call of any worker to it is cut.
    pub(crate) fn restart_store(&self) {
        let sim = &self.sim;
        let now = sim.now();
        let mut state = sim.state();
        let numbers: Vec<u64> = state.flight.keys().copied().collect();
        for number in numbers {
            let Some(mut call) = state.flight.remove(&number) else {
                continue;
            };
            let of_the_store = !matches!(call.op, Op::Waiting | Op::Look | Op::Accept);
            if of_the_store {
                sim.strikes_call(&mut state, FaultKind::StoreRestart, call.op, call.slot);
                call.to_come = false;
                call.pending.breaks(if call.op.writes() {
                    Broken::Unconfirmed
                } else {
                    Broken::Unreachable
                });
                state.schedule(now + 1, Event::Reply(number));
            }
            if call.awaited || call.to_come {
                state.flight.insert(number, call);
            }
        }
    }
}

/// Counts a fault of a worker for each call that it has in flight, or for none.
fn strikes_worker(sim: &Sim, state: &mut crate::sim::State, fault: FaultKind, slot: usize) {
    let mut ops: Vec<Op> = state
        .flight
        .values()
        .filter(|call| call.slot == slot && call.awaited)
        .map(|call| call.op)
        .collect();
    if ops.is_empty() {
        ops.push(Op::Between);
    }
    for op in ops {
        sim.strikes_call(state, fault, op, slot);
    }
}

/// A call reaches the other side, if it still does.
fn effect(sim: &Sim, number: u64) {
    let now = sim.now();
    let call = {
        let mut state = sim.state();
        let Some(mut call) = state.flight.remove(&number) else {
            return;
        };
        if !call.to_come {
            state.flight.insert(number, call);
            return;
        }
        call.to_come = false;
        let of_the_store = !matches!(call.op, Op::Waiting | Op::Look | Op::Accept);
        let broken = if of_the_store && state.spans.store_out > now {
            Some((FaultKind::StoreOutage, Broken::Unreachable))
        } else if of_the_store && call.op.writes() && state.spans.store_full > now {
            Some((FaultKind::StoreFull, Broken::Full))
        } else {
            None
        };
        if let Some((fault, how)) = broken {
            sim.strikes_call(&mut state, fault, call.op, call.slot);
            call.pending.breaks(how);
            if call.awaited {
                state.flight.insert(number, call);
            }
            return;
        }
        state.trace.mix(8000 + call.op as u64, call.slot as u64);
        call
    };
    let mut call = call;
    call.pending.effect(sim);
    if call.awaited {
        sim.state().flight.insert(number, call);
    }
}

/// A call's answer reaches its worker, if that still waits.
fn reply(sim: &Sim, number: u64) {
    let call = sim.state().flight.remove(&number);
    let Some(mut call) = call else { return };
    if call.awaited {
        call.awaited = false;
        call.pending.reply();
    }
    if call.to_come {
        sim.state().flight.insert(number, call);
    }
}
