//! The in-memory store behind the gate.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::lock::Mutex;

use super::gate::{Gate, Op, When};
use crate::budget::{CallRate, Drawn, Wanted};
use crate::call::{CallEnd, CallId, NewCall, SeenState};
use crate::memory::MemoryStore;
use crate::order::OrderId;
use crate::ports::{
    CallLog, ClaimRequest, Hold, Inbox, InboxEntry, Ingested, Intent, NewOrder, OrderStanding, PollSlot,
    RecordedAnswer, Recovery, RenewRequest, Sending, Settled, ShopKey, ShopState, ShopStore, StoreError, StoreResult,
    TakeUp, WorkStore,
};
use crate::time::Timestamp;
use crate::work::{Claimed, OperationId, Phase, Settlement};

/// A [`MemoryStore`] whose every call passes the gate, over one connection: a call waits until the one before it is done.
#[derive(Debug, Clone)]
pub(super) struct GatedStore {
    pub(super) memory: MemoryStore,
    pub(super) gate: Gate,
    connection: Arc<Mutex<()>>,
}

impl GatedStore {
    pub(super) fn new(memory: MemoryStore, gate: Gate) -> Self {
        let connection = Arc::default();
        Self {
            memory,
            gate,
            connection,
        }
    }
}

macro_rules! gated {
    ($self:ident, $op:ident, $call:expr) => {{
        let _connection = $self.connection.lock().await;
        $self.gate.pass(Op::$op, When::Before).await?;
        let told = $call.await?;
        $self.gate.pass(Op::$op, When::After).await?;
        Ok(told)
    }};
}

#[async_trait]
impl WorkStore for GatedStore {
    async fn now(&self) -> StoreResult<Timestamp> {
        gated!(self, Now, self.memory.now())
    }

    async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested> {
        gated!(self, Ingest, self.memory.ingest(orders, now, operation))
    }

    async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
        let mut request = request.clone();
        if self.gate.rows_are_locked() {
            request.limit = 0;
        }
        gated!(self, Claim, async {
            let claimed = self.memory.claim(&request).await?;
            self.gate.taste(Op::Claim, claimed.iter().map(|order| &order.order_id));
            Ok::<_, StoreError>(claimed)
        })
    }

    async fn renew(&self, request: &RenewRequest) -> StoreResult<Vec<Settled>> {
        gated!(self, Renew, self.memory.renew(request))
    }

    async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>> {
        self.gate
            .taste(Op::Settle, intents.iter().map(|intent| &intent.order_id));
        gated!(self, Intents, self.memory.record_intents(intents, operation))
    }

    async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()> {
        gated!(self, Answers, self.memory.record_answers(answers))
    }

    async fn settle(
        &self,
        settlements: &[Settlement],
        now: Timestamp,
        operation: OperationId,
    ) -> StoreResult<Vec<Settled>> {
        let decided = settlements.iter().filter(|settlement| settlement.failure.is_none());
        self.gate
            .taste(Op::Settle, decided.map(|settlement| &settlement.order_id));
        gated!(self, Settle, self.memory.settle(settlements, now, operation))
    }

    async fn next_due(&self, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>> {
        gated!(self, NextDue, self.memory.next_due(phases, now))
    }

    async fn standings(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>> {
        gated!(self, Standings, self.memory.standings(ids))
    }

    async fn count(&self, phases: &[Phase]) -> StoreResult<u64> {
        gated!(self, Count, self.memory.count(phases))
    }
}

#[async_trait]
impl ShopStore for GatedStore {
    async fn shop(&self, key: &ShopKey) -> StoreResult<ShopState> {
        gated!(self, Shop, self.memory.shop(key))
    }

    async fn reserve_poll(&self, key: &ShopKey, now: Timestamp, interval: Duration) -> StoreResult<PollSlot> {
        gated!(self, ReservePoll, self.memory.reserve_poll(key, now, interval))
    }

    async fn pause(&self, key: &ShopKey, until: Timestamp) -> StoreResult<()> {
        gated!(self, Pause, self.memory.pause(key, until))
    }

    async fn draw_calls(&self, key: &ShopKey, rate: CallRate, wanted: Wanted) -> StoreResult<Drawn> {
        gated!(self, DrawCalls, self.memory.draw_calls(key, rate, wanted))
    }

    async fn count_unanswered(&self, key: &ShopKey, answered: bool, unanswered: u32) -> StoreResult<ShopState> {
        gated!(
            self,
            CountUnanswered,
            self.memory.count_unanswered(key, answered, unanswered)
        )
    }
}

#[async_trait]
impl CallLog for GatedStore {
    async fn begin(&self, call: &NewCall) -> StoreResult<CallId> {
        gated!(self, Begin, self.memory.begin(call))
    }

    async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()> {
        gated!(self, Finish, self.memory.finish(id, end, seen))
    }
}

#[async_trait]
impl Inbox for GatedStore {
    async fn open(&self, entries: &[InboxEntry]) -> StoreResult<usize> {
        gated!(self, Open, self.memory.open(entries))
    }
}

#[async_trait]
impl Recovery for GatedStore {
    async fn sending(&self) -> StoreResult<Sending> {
        gated!(self, Sending, self.memory.sending())
    }

    async fn hold_sending(&self, now: Timestamp) -> StoreResult<Hold> {
        gated!(self, HoldSending, self.memory.hold_sending(now))
    }

    async fn allow_sending(&self, hold: Hold) -> StoreResult<bool> {
        gated!(self, AllowSending, self.memory.allow_sending(hold))
    }

    async fn to_reconcile(&self, settled_since: Timestamp) -> StoreResult<Vec<OrderId>> {
        gated!(self, ToReconcile, self.memory.to_reconcile(settled_since))
    }

    async fn take_up(&self, request: &TakeUp) -> StoreResult<Vec<Claimed>> {
        gated!(self, TakeUp, self.memory.take_up(request))
    }
}
