//! [`WorkStore`]: one lock, one transaction.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::call::CallId;
use crate::order::OrderId;
use crate::ports::{
    ClaimRequest, Ingested, Intent, NewOrder, OrderStanding, RecordedAnswer, RenewRequest, Settled, StoreResult,
    WorkStore,
};
use crate::time::Timestamp;
use crate::work::{Claimed, OperationId, Phase, Settlement};

#[async_trait]
impl WorkStore for MemoryStore {
    async fn now(&self) -> StoreResult<Timestamp> {
        Ok(self.time())
    }

    async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested> {
        Ok(self.tables().ingest(orders, now, operation))
    }

    async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
        let tables = &mut *self.tables();
        if let Some(told) = tables.told.get(&request.operation) {
            return Ok(tables.still_held(told, request.operation));
        }
        let claimed = tables.claim(request);
        if !claimed.is_empty() {
            tables.told.insert(request.operation, claimed.clone());
        }
        Ok(claimed)
    }

    async fn renew(&self, request: &RenewRequest) -> StoreResult<Vec<Settled>> {
        Ok(self.tables().renew(request))
    }

    async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>> {
        Ok(self.tables().record_intents(intents, operation))
    }

    async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()> {
        self.tables().record_answers(answers)
    }

    async fn settle(
        &self,
        settlements: &[Settlement],
        now: Timestamp,
        operation: OperationId,
    ) -> StoreResult<Vec<Settled>> {
        Ok(self.tables().settle(settlements, now, operation))
    }

    async fn next_due(&self, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>> {
        Ok(self.tables().next_due(phases, now))
    }

    async fn standings(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>> {
        Ok(self.tables().standings(ids))
    }

    async fn count(&self, phases: &[Phase]) -> StoreResult<u64> {
        Ok(self.tables().count(phases))
    }
}
