//! The store, with the time of each call booked.

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

use super::Times;

/// The store and the books.
#[derive(Debug)]
pub(super) struct TimedStore {
    pub(super) store: Arc<dyn Store>,
    pub(super) times: Arc<Times>,
}

#[async_trait]
impl WorkStore for TimedStore {
    async fn now(&self) -> StoreResult<Timestamp> {
        self.times.of("now", 0, self.store.now()).await
    }

    async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested> {
        let ingest = self.store.ingest(orders, now, operation);
        self.times.of("ingest", orders.len(), ingest).await
    }

    async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
        self.times.of("claim", request.limit, self.store.claim(request)).await
    }

    async fn renew(&self, request: &RenewRequest) -> StoreResult<Vec<Settled>> {
        let leases = request.leases.len();
        self.times.of("renew", leases, self.store.renew(request)).await
    }

    async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>> {
        let record = self.store.record_intents(intents, operation);
        self.times.of("record_intents", intents.len(), record).await
    }

    async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()> {
        let record = self.store.record_answers(answers);
        let recorded = self.times.of("record_answers", answers.len(), record).await;
        self.times.durable();
        recorded
    }

    async fn settle(
        &self,
        settlements: &[Settlement],
        now: Timestamp,
        operation: OperationId,
    ) -> StoreResult<Vec<Settled>> {
        let settle = self.store.settle(settlements, now, operation);
        self.times.of("settle", settlements.len(), settle).await
    }

    async fn next_due(&self, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>> {
        self.times.of("next_due", 0, self.store.next_due(phases, now)).await
    }

    async fn standings(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>> {
        self.times.of("standings", ids.len(), self.store.standings(ids)).await
    }

    async fn count(&self, phases: &[Phase]) -> StoreResult<u64> {
        self.times.of("count", 0, self.store.count(phases)).await
    }
}

#[async_trait]
impl ShopStore for TimedStore {
    async fn shop(&self, key: &ShopKey) -> StoreResult<ShopState> {
        self.times.of("shop", 0, self.store.shop(key)).await
    }

    async fn reserve_poll(&self, key: &ShopKey, now: Timestamp, interval: Duration) -> StoreResult<PollSlot> {
        let reserve = self.store.reserve_poll(key, now, interval);
        self.times.of("reserve_poll", 0, reserve).await
    }

    async fn pause(&self, key: &ShopKey, until: Timestamp) -> StoreResult<()> {
        self.times.of("pause", 0, self.store.pause(key, until)).await
    }

    async fn draw_calls(&self, key: &ShopKey, rate: CallRate, wanted: Wanted) -> StoreResult<Drawn> {
        let drawn = self.store.draw_calls(key, rate, wanted);
        self.times.of("draw_calls", 0, drawn).await
    }

    async fn count_unanswered(&self, key: &ShopKey, answered: bool, unanswered: u32) -> StoreResult<ShopState> {
        let counted = self.store.count_unanswered(key, answered, unanswered);
        self.times.of("count_unanswered", 0, counted).await
    }
}

#[async_trait]
impl CallLog for TimedStore {
    async fn begin(&self, call: &NewCall) -> StoreResult<CallId> {
        self.times.of("begin", 0, self.store.begin(call)).await
    }

    async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()> {
        self.times
            .of("finish", seen.len(), self.store.finish(id, end, seen))
            .await
    }
}

#[async_trait]
impl Inbox for TimedStore {
    async fn open(&self, entries: &[InboxEntry]) -> StoreResult<usize> {
        self.times.of("open", entries.len(), self.store.open(entries)).await
    }
}

/// A run only ever asks whether sending is held.
#[async_trait]
impl Recovery for TimedStore {
    async fn sending(&self) -> StoreResult<Sending> {
        self.times.of("sending", 0, self.store.sending()).await
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
