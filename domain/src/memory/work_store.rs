//! [`WorkStore`]: one lock, one transaction; a write whose operation id is known tells again what it told.

use async_trait::async_trait;

use super::store::MemoryStore;
use super::tables::{Tables, Told};
use crate::call::CallId;
use crate::order::OrderId;
use crate::ports::{
    ClaimRequest, Ingested, Intent, NewOrder, OrderStanding, RecordedAnswer, Settled, StoreResult, WorkStore,
};
use crate::time::Timestamp;
use crate::work::{Claimed, OperationId, Phase, Settlement};

/// Tells again what the operation told before, or performs it and remembers what it tells.
macro_rules! once {
    ($tables:expr, $operation:expr, $kind:ident, $work:expr) => {{
        let tables: &mut Tables = &mut $tables;
        if let Some(Told::$kind(told)) = tables.told.get(&$operation) {
            return Ok(told.clone());
        }
        let told = $work(tables);
        tables.told.insert($operation, Told::$kind(told.clone()));
        Ok(told)
    }};
}

#[async_trait]
impl WorkStore for MemoryStore {
    async fn now(&self) -> StoreResult<Timestamp> {
        Ok(self.time())
    }

    async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested> {
        once!(self.tables(), operation, Ingest, |tables: &mut Tables| tables
            .ingest(orders, now))
    }

    async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
        once!(self.tables(), request.operation, Claim, |tables: &mut Tables| tables
            .claim(request))
    }

    async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>> {
        once!(self.tables(), operation, Intents, |tables: &mut Tables| tables
            .record_intents(intents))
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
        once!(self.tables(), operation, Settle, |tables: &mut Tables| tables
            .settle(settlements, now))
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
