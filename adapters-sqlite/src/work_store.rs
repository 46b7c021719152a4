//! [`WorkStore`]: each method is one transaction, in the module named for it.

use std::borrow::Cow;
use std::time::Duration;

use ackord::call::CallId;
use ackord::ports::{
    ClaimRequest, Ingested, Intent, NewOrder, OrderStanding, RecordedAnswer, RenewRequest, Settled, StoreResult,
    WorkStore,
};
use ackord::work::{Claimed, OperationId, Phase, Settlement};
use ackord::{OrderId, Timestamp, time};
use async_trait::async_trait;

use crate::pool::{self, SqliteStore};
use crate::{call_log, claim, errors, ingest, intents, settle, standings, times};

/// Who writes our entries, and closes our inbox entries.
pub(crate) const US: &str = "ackord";

#[async_trait]
impl WorkStore for SqliteStore {
    async fn now(&self) -> StoreResult<Timestamp> {
        let now = sqlx::query_scalar!(r#"SELECT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') AS "now!: String""#)
            .fetch_one(self.readers())
            .await
            .map_err(errors::of_statement)?;
        times::read(&now, || "the database's clock".to_owned())
    }

    async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested> {
        let mut tx = self.begin_write().await?;
        let ingested = ingest::ingest(&mut tx, orders, now, operation).await?;
        pool::commit(tx).await?;
        Ok(ingested)
    }

    async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
        let mut tx = self.begin_write().await?;
        let claimed = claim::claim(&mut tx, request).await?;
        pool::commit(tx).await?;
        Ok(claimed)
    }

    async fn renew(&self, request: &RenewRequest) -> StoreResult<Vec<Settled>> {
        let mut tx = self.begin_write().await?;
        let renewed = claim::renew(&mut tx, request).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        Ok(renewed)
    }

    async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>> {
        let mut tx = self.begin_write().await?;
        let calls = intents::record(&mut tx, intents, operation).await?;
        pool::commit(tx).await?;
        Ok(calls)
    }

    async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()> {
        let mut tx = self.begin_write().await?;
        let ends: Vec<_> = answers.iter().map(|answer| (answer.call, &answer.end)).collect();
        call_log::complete(&mut tx, &ends).await?;
        pool::commit(tx).await
    }

    async fn settle(
        &self,
        settlements: &[Settlement],
        now: Timestamp,
        operation: OperationId,
    ) -> StoreResult<Vec<Settled>> {
        let mut tx = self.begin_write().await?;
        let settled = settle::settle(&mut tx, settlements, now, operation).await?;
        pool::commit(tx).await?;
        Ok(settled)
    }

    async fn next_due(&self, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>> {
        standings::next_due(self.readers(), phases, now).await
    }

    async fn standings(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>> {
        standings::standings(self.readers(), ids).await
    }

    async fn count(&self, phases: &[Phase]) -> StoreResult<u64> {
        standings::count(self.readers(), phases).await
    }
}

/// The text of an operation id.
pub(crate) fn op(operation: OperationId) -> String {
    operation.0.to_string()
}

/// The text of the time `by` after `at`.
pub(crate) fn text_after(at: Timestamp, by: Duration) -> String {
    times::text(time::plus(at, by))
}

/// A text as it may stand in a JSON list: there SQLite takes a NUL character for the end of the text.
pub(crate) fn listed(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A JSON array of texts, for `json_each`.
pub(crate) fn json_list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(texts).to_string()
}
