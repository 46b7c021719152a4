//! [`RecordAudit`]: whole records in pages, and the work table made anew from them.

mod read;
mod rebuild;
mod rows;

use ackord::audit::OrderRecord;
use ackord::ports::{RebuiltPage, RecordAudit, StoreResult};
use ackord::{OrderId, Timestamp};
use async_trait::async_trait;

use crate::errors;
use crate::pool::{self, SqliteStore};

#[async_trait]
impl RecordAudit for SqliteStore {
    async fn records(&self, after: Option<OrderId>, limit: usize) -> StoreResult<Vec<OrderRecord>> {
        let mut tx = self.begin_read().await?;
        let page = read::page(&mut tx, after.as_ref(), limit).await?;
        read::records(&mut tx, page).await
    }

    async fn begin_rebuild(&self) -> StoreResult<()> {
        let mut tx = self.begin_write().await?;
        sqlx::query!("UPDATE store_meta SET epoch = epoch + 1")
            .execute(&mut *tx)
            .await
            .map_err(errors::of_statement)?;
        pool::commit(tx).await
    }

    async fn rebuild(&self, after: Option<OrderId>, limit: usize, now: Timestamp) -> StoreResult<RebuiltPage> {
        let mut tx = self.begin_write().await?;
        let page = read::page(&mut tx, after.as_ref(), limit).await?;
        let records = read::records(&mut tx, page).await?;
        let page = rebuild::rebuild(&mut tx, &records, now).await?;
        pool::commit(tx).await?;
        Ok(page)
    }
}
