//! The gate through which every port call of these tests passes, before and after its effect: where workers take turns,
//! crash, meet faults, and where other programs act in between.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::drive::yield_now;
use crate::memory::SeededRandom;
use crate::order::OrderId;
use crate::ports::{Randomness as _, StoreError, StoreResult};

/// A port call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Op {
    Now,
    Ingest,
    Claim,
    Renew,
    Intents,
    Answers,
    Settle,
    NextDue,
    Standings,
    Count,
    Shop,
    ReservePoll,
    Pause,
    DrawCalls,
    CountUnanswered,
    Begin,
    Finish,
    Open,
    Sending,
    HoldSending,
    AllowSending,
    ToReconcile,
    TakeUp,
    Waiting,
    Look,
    Accept,
}

impl Op {
    /// All but `Renew` and `DrawCalls`: leases are renewed only where a queue outlasts them, calls drawn only from a budget.
    pub(super) const ALL: [Self; 19] = [
        Self::Now,
        Self::Ingest,
        Self::Claim,
        Self::Intents,
        Self::Answers,
        Self::Settle,
        Self::NextDue,
        Self::Standings,
        Self::Count,
        Self::Shop,
        Self::ReservePoll,
        Self::Pause,
        Self::CountUnanswered,
        Self::Begin,
        Self::Finish,
        Self::Open,
        Self::Waiting,
        Self::Look,
        Self::Accept,
    ];
}

/// Before or after the call's effect; an acceptance is also on its way for a while, where the marketplace takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum When {
    Before,
    OnItsWay,
    After,
}

/// How a store call fails. After its effect only [`Fault::Unconfirmed`] makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Unreachable,
    Unconfirmed,
    Busy,
    Full,
}

type Hook = Box<dyn FnOnce() + Send>;

struct Inner {
    passed: u64,
    hang_at: Option<u64>,
    hung: bool,
    turns: Option<SeededRandom>,
    faults: Vec<(Op, When, u32, Fault)>,
    hooks: Vec<(Op, When, u32, Hook)>,
    delays: Vec<(Op, When, u32, u64)>,
    calls: BTreeMap<Op, u64>,
    most: u64,
    locked: bool,
    poison: Option<(Op, OrderId)>,
}

/// See the module.
#[derive(Clone)]
pub(super) struct Gate(Arc<Mutex<Inner>>);

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Inner {
            passed: 0,
            hang_at: None,
            hung: false,
            turns: None,
            faults: Vec::new(),
            hooks: Vec::new(),
            delays: Vec::new(),
            calls: BTreeMap::new(),
            most: 100_000,
            locked: false,
            poison: None,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on workers take turns at each call, in an order drawn from `seed`.
    pub(super) fn take_turns(&self, seed: u64) {
        self.inner().turns = Some(SeededRandom::new(seed));
    }

    /// Stops everything at the `n`th passage from now, counted from 0.
    pub(super) fn hang_at(&self, n: u64) {
        let mut inner = self.inner();
        inner.hang_at = Some(inner.passed + n);
    }

    /// Whether it has come to that.
    pub(super) fn hung(&self) -> bool {
        self.inner().hung
    }

    /// Lets calls pass again, for the next worker.
    pub(super) fn reopen(&self) {
        let mut inner = self.inner();
        inner.hang_at = None;
        inner.hung = false;
    }

    /// No faults, no turns and nobody in between from now on.
    pub(super) fn calm(&self) {
        let mut inner = self.inner();
        inner.faults.clear();
        inner.hooks.clear();
        inner.delays.clear();
        inner.turns = None;
        inner.locked = false;
    }

    /// Whether another program's open transaction keeps every row locked: no claim gets any then.
    pub(super) fn lock_rows(&self, locked: bool) {
        self.inner().locked = locked;
    }

    /// From now on a worker dies as soon as it has claimed this order, or writes about it ([`Op::Settle`]).
    pub(super) fn poison(&self, order: &OrderId, at: Op) {
        self.inner().poison = Some((at, order.clone()));
    }

    /// No order kills any more.
    pub(super) fn cure(&self) {
        self.inner().poison = None;
    }

    /// Dies where one of these is poison.
    pub(super) fn taste<'a>(&self, at: Op, mut orders: impl Iterator<Item = &'a OrderId>) {
        let poison = self.inner().poison.clone();
        if let Some((op, poison)) = poison
            && op == at
            && orders.any(|order| *order == poison)
        {
            self.hang_at(0);
        }
    }

    /// How often `op` was called.
    pub(super) fn calls(&self, op: Op) -> u64 {
        self.inner().calls.get(&op).copied().unwrap_or(0)
    }

    pub(super) fn rows_are_locked(&self) -> bool {
        self.inner().locked
    }

    /// The run may make `most` port calls from now on; one more fails the test.
    pub(super) fn allow(&self, most: u64) {
        let mut inner = self.inner();
        inner.most = inner.calls.values().sum::<u64>() + most;
    }

    /// Fails `op` after `skip` further ones.
    pub(super) fn fail(&self, op: Op, when: When, skip: u32, fault: Fault) {
        self.inner().faults.push((op, when, skip, fault));
    }

    /// Acts at `op` after `skip` further ones.
    pub(super) fn at(&self, op: Op, when: When, skip: u32, hook: impl FnOnce() + Send + 'static) {
        self.inner().hooks.push((op, when, skip, Box::new(hook)));
    }

    /// Lets the others go on for `turns` turns at `op` after `skip` further ones.
    pub(super) fn delay(&self, op: Op, when: When, skip: u32, turns: u64) {
        self.inner().delays.push((op, when, skip, turns));
    }

    pub(super) async fn pass(&self, op: Op, when: When) -> StoreResult<()> {
        let turns = {
            let mut inner = self.inner();
            if when == When::Before {
                *inner.calls.entry(op).or_default() += 1;
                let all: u64 = inner.calls.values().sum();
                assert!(
                    all <= inner.most,
                    "{all} port calls: the run goes in a circle: {:?}",
                    inner.calls
                );
            }
            if inner.hang_at == Some(inner.passed) {
                inner.hung = true;
            }
            inner.passed += 1;
            let delay = take(&mut inner.delays, op, when).unwrap_or(0);
            delay + inner.turns.as_ref().map_or(0, |random| random.next_u64() % 3)
        };
        if self.hung() {
            std::future::pending::<()>().await;
        }
        for _ in 0..turns {
            yield_now().await;
        }
        if self.hung() {
            std::future::pending::<()>().await;
        }
        let hook = take(&mut self.inner().hooks, op, when);
        if let Some(hook) = hook {
            hook();
        }
        match take(&mut self.inner().faults, op, when) {
            Some(fault) => Err(error(fault)),
            None => Ok(()),
        }
    }
}

/// The first of `list` that is meant for this passage.
fn take<T>(list: &mut Vec<(Op, When, u32, T)>, op: Op, when: When) -> Option<T> {
    let mut due = None;
    for (index, (of, at, skip, _)) in list.iter_mut().enumerate() {
        if (*of, *at) == (op, when) {
            if *skip > 0 {
                *skip -= 1;
            } else if due.is_none() {
                due = Some(index);
            }
        }
    }
    due.map(|index| list.remove(index).3)
}

fn error(fault: Fault) -> StoreError {
    match fault {
        Fault::Unreachable => StoreError::Unreachable("no route".into()),
        Fault::Unconfirmed => StoreError::Unconfirmed("connection reset".into()),
        Fault::Busy => StoreError::Busy("deadlock".into()),
        Fault::Full => StoreError::Full("no space".into()),
    }
}
