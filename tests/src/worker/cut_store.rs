//! A store whose process aborts right before or right after one of its methods.

use std::sync::Arc;
use std::time::Duration;

use ackord::budget::{CallRate, Drawn, Wanted};
use ackord::call::{CallEnd, CallId, NewCall, SeenState};
use ackord::order::OrderId;
use ackord::ports::{
    CallLog, ClaimRequest, Hold, Inbox, InboxEntry, Ingested, Intent, NewOrder, OrderStanding, PollSlot,
    RecordedAnswer, Recovery, RenewRequest, Sending, Settled, ShopKey, ShopState, ShopStore, Store, StoreResult,
    TakeUp, WorkStore,
};
use ackord::time::Timestamp;
use ackord::work::{Claimed, OperationId, Phase, Settlement};
use async_trait::async_trait;

use super::points::Side;
use super::tripwire::Tripwire;

/// The store, behind the tripwire.
#[derive(Debug)]
pub(super) struct CutStore {
    pub(super) store: Arc<dyn Store>,
    pub(super) wire: Arc<Tripwire>,
}

impl CutStore {
    async fn cut<T>(&self, method: &'static str, call: impl Future<Output = T> + Send) -> T {
        self.wire.pass(method, Side::Before);
        let answer = call.await;
        self.wire.pass(method, Side::After);
        answer
    }
}

#[async_trait]
impl WorkStore for CutStore {
    async fn now(&self) -> StoreResult<Timestamp> {
        self.cut("now", self.store.now()).await
    }

    async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested> {
        self.cut("ingest", self.store.ingest(orders, now, operation)).await
    }

    async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
        self.cut("claim", self.store.claim(request)).await
    }

    async fn renew(&self, request: &RenewRequest) -> StoreResult<Vec<Settled>> {
        self.cut("renew", self.store.renew(request)).await
    }

    async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>> {
        self.cut("record_intents", self.store.record_intents(intents, operation))
            .await
    }

    async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()> {
        self.cut("record_answers", self.store.record_answers(answers)).await
    }

    async fn settle(
        &self,
        settlements: &[Settlement],
        now: Timestamp,
        operation: OperationId,
    ) -> StoreResult<Vec<Settled>> {
        self.cut("settle", self.store.settle(settlements, now, operation)).await
    }

    async fn next_due(&self, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>> {
        self.cut("next_due", self.store.next_due(phases, now)).await
    }

    async fn standings(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>> {
        self.cut("standings", self.store.standings(ids)).await
    }

    async fn count(&self, phases: &[Phase]) -> StoreResult<u64> {
        self.cut("count", self.store.count(phases)).await
    }
}

#[async_trait]
impl ShopStore for CutStore {
    async fn shop(&self, key: &ShopKey) -> StoreResult<ShopState> {
        self.cut("shop", self.store.shop(key)).await
    }

    async fn reserve_poll(&self, key: &ShopKey, now: Timestamp, interval: Duration) -> StoreResult<PollSlot> {
        self.cut("reserve_poll", self.store.reserve_poll(key, now, interval))
            .await
    }

    async fn pause(&self, key: &ShopKey, until: Timestamp) -> StoreResult<()> {
        self.cut("pause", self.store.pause(key, until)).await
    }

    async fn draw_calls(&self, key: &ShopKey, rate: CallRate, wanted: Wanted) -> StoreResult<Drawn> {
        let drawn = self.store.draw_calls(key, rate, wanted);
        self.cut("draw_calls", drawn).await
    }

    async fn count_unanswered(&self, key: &ShopKey, answered: bool, unanswered: u32) -> StoreResult<ShopState> {
        let counted = self.store.count_unanswered(key, answered, unanswered);
        self.cut("count_unanswered", counted).await
    }
}

#[async_trait]
impl CallLog for CutStore {
    async fn begin(&self, call: &NewCall) -> StoreResult<CallId> {
        self.cut("begin", self.store.begin(call)).await
    }

    async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()> {
        self.cut("finish", self.store.finish(id, end, seen)).await
    }
}

#[async_trait]
impl Inbox for CutStore {
    async fn open(&self, entries: &[InboxEntry]) -> StoreResult<usize> {
        self.cut("open", self.store.open(entries)).await
    }
}

/// A run only ever asks whether sending is held.
#[async_trait]
impl Recovery for CutStore {
    async fn sending(&self) -> StoreResult<Sending> {
        self.cut("sending", self.store.sending()).await
    }

    async fn hold_sending(&self, now: Timestamp) -> StoreResult<Hold> {
        self.store.hold_sending(now).await
    }

    async fn allow_sending(&self, hold: Hold) -> StoreResult<bool> {
        self.store.allow_sending(hold).await
    }

    async fn to_reconcile(&self, settled_since: Timestamp) -> StoreResult<Vec<OrderId>> {
        self.store.to_reconcile(settled_since).await
    }

    async fn take_up(&self, request: &TakeUp) -> StoreResult<Vec<Claimed>> {
        self.store.take_up(request).await
    }
}
