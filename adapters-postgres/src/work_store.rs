//! [`WorkStore`]: each method has its file.

use ackord::Timestamp;
use ackord::call::CallId;
use ackord::order::OrderId;
use ackord::ports::{
    ClaimRequest, Ingested, Intent, NewOrder, OrderStanding, RecordedAnswer, RenewRequest, Settled, StoreResult,
    WorkStore,
};
use ackord::work::{Claimed, OperationId, Phase, Settlement};
use async_trait::async_trait;

use crate::store::PostgresStore;
use crate::{claim, ingest, intents, renew, settle, standings};

#[async_trait]
impl WorkStore for PostgresStore {
    async fn now(&self) -> StoreResult<Timestamp> {
        standings::now(&self.connections).await
    }

    async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested> {
        ingest::ingest(&self.connections, orders, now, operation).await
    }

    async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
        claim::claim(&self.connections, self.claim, &self.floor, request).await
    }

    async fn renew(&self, request: &RenewRequest) -> StoreResult<Vec<Settled>> {
        renew::renew(&self.connections, request).await
    }

    async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>> {
        intents::record_intents(&self.connections, intents, operation).await
    }

    async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()> {
        intents::record_answers(&self.connections, answers).await
    }

    async fn settle(
        &self,
        settlements: &[Settlement],
        now: Timestamp,
        operation: OperationId,
    ) -> StoreResult<Vec<Settled>> {
        settle::settle(&self.connections, settlements, now, operation).await
    }

    async fn next_due(&self, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>> {
        standings::next_due(&self.connections, phases, now).await
    }

    async fn standings(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>> {
        standings::standings(&self.connections, ids).await
    }

    async fn count(&self, phases: &[Phase]) -> StoreResult<u64> {
        standings::count(&self.connections, phases).await
    }
}
