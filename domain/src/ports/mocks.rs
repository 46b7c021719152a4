//! One mock for all the store ports together: what the workflow is given.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{
    CallLog, ClaimRequest, Hold, Inbox, InboxEntry, Ingested, Intent, NewOrder, OrderStanding, PollSlot,
    RecordedAnswer, Recovery, RenewRequest, Sending, Settled, ShopKey, ShopState, ShopStore, StoreResult, TakeUp,
    WorkStore,
};
use crate::budget::{CallRate, Drawn, Wanted};
use crate::call::{CallEnd, CallId, NewCall, SeenState};
use crate::order::OrderId;
use crate::time::Timestamp;
use crate::work::{Claimed, OperationId, Phase, Settlement};

mockall::mock! {
    /// A mock of [`WorkStore`], [`ShopStore`], [`CallLog`], [`Inbox`] and [`Recovery`] in one, and so of [`super::Store`].
    pub Store {}

    #[async_trait]
    impl WorkStore for Store {
        async fn now(&self) -> StoreResult<Timestamp>;
        async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested>;
        async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>>;
        async fn renew(&self, request: &RenewRequest) -> StoreResult<Vec<Settled>>;
        async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>>;
        async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()>;
        async fn settle(
            &self,
            settlements: &[Settlement],
            now: Timestamp,
            operation: OperationId,
        ) -> StoreResult<Vec<Settled>>;
        async fn next_due(&self, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>>;
        async fn standings(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>>;
        async fn count(&self, phases: &[Phase]) -> StoreResult<u64>;
    }

    #[async_trait]
    impl ShopStore for Store {
        async fn shop(&self, key: &ShopKey) -> StoreResult<ShopState>;
        async fn reserve_poll(&self, key: &ShopKey, now: Timestamp, interval: Duration) -> StoreResult<PollSlot>;
        async fn pause(&self, key: &ShopKey, until: Timestamp) -> StoreResult<()>;
        async fn draw_calls(&self, key: &ShopKey, rate: CallRate, wanted: Wanted) -> StoreResult<Drawn>;
        async fn count_unanswered(&self, key: &ShopKey, answered: bool, unanswered: u32) -> StoreResult<ShopState>;
    }

    #[async_trait]
    impl CallLog for Store {
        async fn begin(&self, call: &NewCall) -> StoreResult<CallId>;
        async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()>;
    }

    #[async_trait]
    impl Inbox for Store {
        async fn open(&self, entries: &[InboxEntry]) -> StoreResult<usize>;
    }

    #[async_trait]
    impl Recovery for Store {
        async fn sending(&self) -> StoreResult<Sending>;
        async fn hold_sending(&self, now: Timestamp) -> StoreResult<Hold>;
        async fn allow_sending(&self, hold: Hold) -> StoreResult<bool>;
        async fn to_reconcile(&self, settled_since: Timestamp) -> StoreResult<Vec<OrderId>>;
        async fn take_up(&self, request: &TakeUp) -> StoreResult<Vec<Claimed>>;
    }
}

impl fmt::Debug for MockStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockStore").finish_non_exhaustive()
    }
}
