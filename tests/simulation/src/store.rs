//! The store in memory behind faults: aborts, lost acknowledgements, commits that land late, outages, restarts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ackord::budget::{CallRate, Drawn, Wanted};
use ackord::call::{CallEnd, CallId, NewCall, SeenState};
use ackord::order::OrderId;
use ackord::ports::{
    CallLog, ClaimRequest, Hold, Inbox, InboxEntry, Ingested, Intent, NewOrder, OrderStanding, PollSlot,
    RecordedAnswer, Recovery, RenewRequest, Sending, Settled, ShopKey, ShopState, ShopStore, StoreError, StoreResult,
    TakeUp, WorkStore,
};
use ackord::time::Timestamp;
use ackord::work::{Claimed, OperationId, Phase, Settlement};
use async_trait::async_trait;
use futures_util::FutureExt as _;

use crate::faults::{FaultKind, Op};
use crate::flight::{Broken, Call, Journey};
use crate::sim::{Sim, State};
use crate::times::{MILLI, SECOND};

/// The store as one worker reaches it.
#[derive(Clone)]
pub(crate) struct SimStore {
    pub(crate) sim: Arc<Sim>,
    pub(crate) slot: usize,
}

impl fmt::Debug for SimStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimStore").finish_non_exhaustive()
    }
}

/// How one call goes.
struct Plan {
    journey: Journey,
    instead: Option<Broken>,
    fault: Option<FaultKind>,
}

impl SimStore {
    /// Makes a call whose effect is `work`.
    async fn call<T: Send + 'static>(
        &self,
        op: Op,
        work: impl FnOnce(&Sim) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let plan = {
            let mut state = self.sim.state();
            let plan = plan(&mut state, self.sim.now(), op);
            if let Some(fault) = plan.fault {
                self.sim.strikes_call(&mut state, fault, op, self.slot);
            }
            plan
        };
        let call = Call {
            slot: self.slot,
            op,
            order: None,
            journey: plan.journey,
            effect: Box::new(work),
            instead: plan.instead.map(|how| Err(error(how))),
            broken: |how| Some(Err(error(how))),
        };
        self.sim.dispatch(call).await
    }
}

/// What a broken call says.
fn error(how: Broken) -> StoreError {
    match how {
        Broken::Unreachable => StoreError::Unreachable("no route".into()),
        Broken::Unconfirmed => StoreError::Unconfirmed("connection reset".into()),
        Broken::Busy => StoreError::Busy("serialization failure".into()),
        Broken::Full => StoreError::Full("no space left".into()),
    }
}

fn plan(state: &mut State, now: u64, op: Op) -> Plan {
    let State {
        rng, profile, storm, ..
    } = state;
    let there = rng.between(MILLI / 5, 3 * MILLI);
    let back = rng.between(MILLI / 5, 3 * MILLI);
    let good = Journey {
        effect_at: Some(now + there),
        reply_at: now + there + back,
    };
    let undone = Journey {
        effect_at: None,
        reply_at: good.reply_at,
    };
    let plan = |journey, instead, fault| Plan {
        journey,
        instead,
        fault: Some(fault),
    };
    if !*storm || !rng.once_in(profile.store_faults) {
        return Plan {
            journey: good,
            instead: None,
            fault: None,
        };
    }
    let kinds: &[FaultKind] = if op.writes() {
        &[
            FaultKind::StoreUnreachable,
            FaultKind::StoreBusy,
            FaultKind::AckLostDone,
            FaultKind::AckLostDone,
            FaultKind::AckLostNotDone,
            FaultKind::CommitLate,
            FaultKind::StoreSlow,
        ]
    } else {
        &[FaultKind::StoreUnreachable, FaultKind::StoreBusy, FaultKind::StoreSlow]
    };
    match rng.pick(kinds) {
        fault @ FaultKind::StoreBusy => plan(undone, Some(Broken::Busy), fault),
        fault @ FaultKind::AckLostDone => plan(good, Some(Broken::Unconfirmed), fault),
        fault @ FaultKind::AckLostNotDone => plan(undone, Some(Broken::Unconfirmed), fault),
        fault @ FaultKind::CommitLate => {
            let late = rng.pick(&[SECOND / 10, SECOND, 8 * SECOND, 40 * SECOND]);
            let journey = Journey {
                effect_at: Some(good.reply_at + rng.between(1, late)),
                reply_at: good.reply_at,
            };
            plan(journey, Some(Broken::Unconfirmed), fault)
        }
        fault @ FaultKind::StoreSlow => {
            let slow = rng.pick(&[SECOND, 4 * SECOND, 30 * SECOND]);
            let (there, back) = (rng.between(1, slow), rng.between(1, slow));
            let journey = Journey {
                effect_at: Some(now + there),
                reply_at: now + there + back,
            };
            plan(journey, None, fault)
        }
        fault => plan(undone, Some(Broken::Unreachable), fault),
    }
}

/// The store in memory answers at once.
macro_rules! done {
    ($call:expr) => {
        $call.now_or_never().expect("the store in memory waits for nothing")
    };
}

#[async_trait]
impl WorkStore for SimStore {
    async fn now(&self) -> StoreResult<Timestamp> {
        self.call(Op::Now, |sim| Ok(sim.times.store_now())).await
    }

    async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested> {
        let orders = orders.to_vec();
        self.call(Op::Ingest, move |sim| {
            let told = done!(sim.memory.ingest(&orders, now, operation));
            sim.touched(orders.iter().map(|order| &order.order_id));
            told
        })
        .await
    }

    async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
        let (request, slot) = (request.clone(), self.slot);
        self.call(Op::Claim, move |sim| {
            let told = done!(sim.memory.claim(&request));
            if let Ok(claimed) = &told {
                sim.claimed(slot, claimed);
            }
            told
        })
        .await
    }

    async fn renew(&self, request: &RenewRequest) -> StoreResult<Vec<Settled>> {
        let request = request.clone();
        self.call(Op::Renew, move |sim| {
            let told = done!(sim.memory.renew(&request));
            sim.touched(request.leases.iter().map(|lease| &lease.order_id));
            told
        })
        .await
    }

    async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>> {
        let (intents, slot) = (intents.to_vec(), self.slot);
        self.call(Op::Intents, move |sim| {
            let before = sim.before_intents(&intents);
            let told = done!(sim.memory.record_intents(&intents, operation));
            if let Ok(calls) = &told {
                sim.intended(slot, &intents, calls, &before);
            }
            told
        })
        .await
    }

    async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()> {
        let answers = answers.to_vec();
        self.call(Op::Answers, move |sim| {
            let told = done!(sim.memory.record_answers(&answers));
            sim.answers_recorded(&answers);
            told
        })
        .await
    }

    async fn settle(
        &self,
        settlements: &[Settlement],
        now: Timestamp,
        operation: OperationId,
    ) -> StoreResult<Vec<Settled>> {
        let (settlements, slot) = (settlements.to_vec(), self.slot);
        self.call(Op::Settle, move |sim| {
            let before = sim.before_settlements(&settlements);
            let told = done!(sim.memory.settle(&settlements, now, operation));
            sim.settled_under_a_lease(&settlements, &before);
            sim.touched(settlements.iter().map(|settlement| &settlement.order_id));
            sim.settled(slot, &settlements, &told);
            told
        })
        .await
    }

    async fn next_due(&self, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>> {
        let phases = phases.to_vec();
        self.call(Op::NextDue, move |sim| done!(sim.memory.next_due(&phases, now)))
            .await
    }

    async fn standings(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>> {
        let ids = ids.to_vec();
        self.call(Op::Standings, move |sim| done!(sim.memory.standings(&ids)))
            .await
    }

    async fn count(&self, phases: &[Phase]) -> StoreResult<u64> {
        let phases = phases.to_vec();
        self.call(Op::Count, move |sim| done!(sim.memory.count(&phases))).await
    }
}

#[async_trait]
impl ShopStore for SimStore {
    async fn shop(&self, key: &ShopKey) -> StoreResult<ShopState> {
        let key = key.clone();
        self.call(Op::Shop, move |sim| done!(sim.memory.shop(&key))).await
    }

    async fn reserve_poll(&self, key: &ShopKey, now: Timestamp, interval: Duration) -> StoreResult<PollSlot> {
        let (key, slot) = (key.clone(), self.slot);
        self.call(Op::ReservePoll, move |sim| {
            let told = done!(sim.memory.reserve_poll(&key, now, interval));
            if matches!(told, Ok(PollSlot::Granted)) {
                sim.granted(slot);
            }
            told
        })
        .await
    }

    async fn pause(&self, key: &ShopKey, until: Timestamp) -> StoreResult<()> {
        let key = key.clone();
        self.call(Op::Pause, move |sim| {
            let told = done!(sim.memory.pause(&key, until));
            sim.paused(until);
            told
        })
        .await
    }

    async fn draw_calls(&self, key: &ShopKey, rate: CallRate, wanted: Wanted) -> StoreResult<Drawn> {
        let key = key.clone();
        self.call(Op::DrawCalls, move |sim| {
            done!(sim.memory.draw_calls(&key, rate, wanted))
        })
        .await
    }

    async fn count_unanswered(&self, key: &ShopKey, answered: bool, unanswered: u32) -> StoreResult<ShopState> {
        let key = key.clone();
        self.call(Op::CountUnanswered, move |sim| {
            done!(sim.memory.count_unanswered(&key, answered, unanswered))
        })
        .await
    }
}

#[async_trait]
impl CallLog for SimStore {
    async fn begin(&self, call: &NewCall) -> StoreResult<CallId> {
        let call = call.clone();
        self.call(Op::Begin, move |sim| done!(sim.memory.begin(&call))).await
    }

    async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()> {
        let (end, seen) = (end.clone(), seen.to_vec());
        self.call(Op::Finish, move |sim| done!(sim.memory.finish(id, &end, &seen)))
            .await
    }
}

#[async_trait]
impl Inbox for SimStore {
    async fn open(&self, entries: &[InboxEntry]) -> StoreResult<usize> {
        let entries = entries.to_vec();
        self.call(Op::Open, move |sim| done!(sim.memory.open(&entries))).await
    }
}

#[async_trait]
impl Recovery for SimStore {
    async fn sending(&self) -> StoreResult<Sending> {
        self.call(Op::Sending, |sim| done!(sim.memory.sending())).await
    }

    async fn hold_sending(&self, now: Timestamp) -> StoreResult<Hold> {
        let slot = self.slot;
        self.call(Op::HoldSending, move |sim| {
            let told = done!(sim.memory.hold_sending(now));
            if let Ok(hold) = &told {
                sim.held(slot, *hold);
            }
            told
        })
        .await
    }

    async fn allow_sending(&self, hold: Hold) -> StoreResult<bool> {
        let slot = self.slot;
        self.call(Op::AllowSending, move |sim| {
            let told = done!(sim.memory.allow_sending(hold));
            if matches!(told, Ok(true)) {
                sim.allowed(slot, hold);
            }
            told
        })
        .await
    }

    async fn to_reconcile(&self, settled_since: Timestamp) -> StoreResult<Vec<OrderId>> {
        self.call(Op::ToReconcile, move |sim| {
            done!(sim.memory.to_reconcile(settled_since))
        })
        .await
    }

    async fn take_up(&self, request: &TakeUp) -> StoreResult<Vec<Claimed>> {
        let (request, slot) = (request.clone(), self.slot);
        self.call(Op::TakeUp, move |sim| {
            let told = done!(sim.memory.take_up(&request));
            if let Ok(taken) = &told {
                sim.taken_up(slot, taken);
            }
            told
        })
        .await
    }
}
