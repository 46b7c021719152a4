//! [`RecordAudit`]: whole records in pages, and the work table made anew from them.

mod read;
mod rebuild;
mod rows;

use ackord::Timestamp;
use ackord::audit::OrderRecord;
use ackord::order::OrderId;
use ackord::ports::{RebuiltPage, RecordAudit, StoreResult};
use async_trait::async_trait;

use crate::store::PostgresStore;

#[async_trait]
impl RecordAudit for PostgresStore {
    async fn records(&self, after: Option<OrderId>, limit: usize) -> StoreResult<Vec<OrderRecord>> {
        read::snapshot(&self.connections, after.as_ref(), limit).await
    }

    async fn begin_rebuild(&self) -> StoreResult<()> {
        let raised = self
            .connections
            .write(|| sqlx::query_scalar!("UPDATE store_meta SET epoch = epoch + 1 RETURNING epoch"));
        raised.await.map(drop)
    }

    async fn rebuild(&self, after: Option<OrderId>, limit: usize, now: Timestamp) -> StoreResult<RebuiltPage> {
        rebuild::rebuild(&self.connections, after.as_ref(), limit, now).await
    }
}
