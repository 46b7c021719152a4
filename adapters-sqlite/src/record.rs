//! [`RecordReader`]: listings, newest first, and the look-ups by id.

use ackord::OrderId;
use ackord::call::CallId;
use ackord::failure::FailureId;
use ackord::ports::{
    CallFilter, CallRow, EntryCursor, EntryFilter, FailureFilter, FailureRow, OrderFilter, OrderStory, OrderSummary,
    RecordReader, StoreResult, TimelineRow,
};
use async_trait::async_trait;
use sqlx::SqliteConnection;

use crate::pool::SqliteStore;
use crate::rows::{FiledFailure, LoggedCall, SummaryRow, Text, readable};
use crate::work_store::json_list;
use crate::{errors, story, timeline, times};

/// Stands above every text that is a time.
const AFTER_ALL_TIMES: &str = "~";

#[async_trait]
impl RecordReader for SqliteStore {
    async fn orders(&self, filter: &OrderFilter) -> StoreResult<Vec<OrderSummary>> {
        let mut tx = self.begin_read().await?;
        let rows = if filter.status.is_some() {
            of_status(&mut tx, filter).await
        } else {
            of_any_status(&mut tx, filter).await
        };
        Ok(readable(rows.map_err(errors::of_statement)?, SummaryRow::read))
    }

    async fn summaries(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderSummary>> {
        let ids = json_list(ids.iter().map(OrderId::as_str));
        let rows = sqlx::query_as!(
            SummaryRow,
            r#"SELECT o.order_id AS "order_id!: Text", coalesce(w.placed_at, o.listed_at) AS "placed_at?: String",
                w.status AS "status?: Text", w.version AS "version?", w.status_at AS "status_at?", h.notes AS "note?: Text",
                w.phase AS "phase?", w.due_at AS "due_at?", w.attempt AS "attempt?",
                (SELECT count(*) FROM process_failures f WHERE f.related_id = o.order_id AND f.resolved_at IS NULL)
                    AS "open_failures!: i64"
            FROM json_each(?1) AS g
                CROSS JOIN orders o ON o.order_id = g.value
                LEFT JOIN order_work w ON w.order_id = o.order_id
                LEFT JOIN order_status_history h ON h.order_id = w.order_id AND h.version = w.version
            ORDER BY g.key"#,
            ids
        );
        let mut tx = self.begin_read().await?;
        let rows = rows.fetch_all(&mut *tx).await.map_err(errors::of_statement)?;
        Ok(readable(rows, SummaryRow::read))
    }

    async fn story(&self, id: &OrderId) -> StoreResult<Option<OrderStory>> {
        let mut tx = self.begin_read().await?;
        story::story(&mut tx, id).await
    }

    async fn entries(&self, filter: &EntryFilter) -> StoreResult<Vec<TimelineRow>> {
        timeline::entries(self, filter).await
    }

    async fn newest_entry(&self) -> StoreResult<Option<EntryCursor>> {
        timeline::newest(self).await
    }

    async fn calls(&self, filter: &CallFilter) -> StoreResult<Vec<CallRow>> {
        let mut tx = self.begin_read().await?;
        let rows = match &filter.order {
            Some(order) => calls_about(&mut tx, order, filter).await,
            None => calls_of_any(&mut tx, filter).await,
        };
        let mut calls = readable(rows.map_err(errors::of_statement)?, LoggedCall::read);
        story::add_seen(&mut tx, &mut calls, None)
            .await
            .map_err(errors::of_statement)?;
        Ok(calls)
    }

    async fn call(&self, id: CallId) -> StoreResult<Option<CallRow>> {
        let mut tx = self.begin_read().await?;
        let row = sqlx::query_as!(
            LoggedCall,
            r#"SELECT c.call_id AS "call_id!", c.service AS "service!: Text", c.endpoint AS "endpoint!: Text", c.related_id AS "related_id?: Text",
            c.request_payload AS "request?: Text", c.response_body AS "response?: Text", c.status_code AS "status_code?",
            c.is_success AS "is_success?: bool", c.at_utc AS "at?: String", c.outcome AS "outcome?",
            c.duration_ms AS "duration_ms?",
            (SELECT p."timestamp" FROM prunings p WHERE p.pruning_id = c.pruning_id) AS "pruned_at?: String"
            FROM api_calls c WHERE c.call_id = ?1"#,
            id.0
        );
        let row = row.fetch_optional(&mut *tx).await.map_err(errors::of_statement)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let mut call = [row.read()?];
        story::add_seen(&mut tx, &mut call, None)
            .await
            .map_err(errors::of_statement)?;
        let [call] = call;
        Ok(Some(call))
    }

    async fn failures(&self, filter: &FailureFilter) -> StoreResult<Vec<FailureRow>> {
        let since = times::optional_text(filter.since);
        let before = filter.before.map_or(i64::MAX, |id| id.0);
        let limit = limit(filter.limit);
        let rows = sqlx::query_as!(
            FiledFailure,
            r#"SELECT failure_id AS "failure_id!", related_id AS "related_id?: Text", process_name AS "process_name!: Text", cause AS "cause?: Text",
            details AS "details?: Text", payload AS "payload?: Text", at_utc AS "at?: String",
            needs_person AS "needs_person!: bool", resolved_at_utc AS "resolved_at?: String",
            resolved_by AS "resolved_by?: Text", resolution AS "resolution?: Text"
            FROM process_failures
            WHERE (?1 IS NULL OR (resolved_at IS NULL) = ?1)
                AND (?2 IS NULL OR needs_person = ?2)
                AND (?3 IS NULL OR cause = ?3)
                AND (?4 IS NULL OR related_id = ?4)
                AND (?5 IS NULL OR at_utc >= ?5)
                AND failure_id < ?6
            ORDER BY failure_id DESC LIMIT ?7"#,
            filter.open,
            filter.needs_person,
            filter.cause,
            filter.related_id,
            since,
            before,
            limit
        );
        let rows = rows.fetch_all(self.readers()).await.map_err(errors::of_statement)?;
        Ok(readable(rows, FiledFailure::read))
    }

    async fn failure(&self, id: FailureId) -> StoreResult<Option<FailureRow>> {
        let row = sqlx::query_as!(
            FiledFailure,
            r#"SELECT failure_id AS "failure_id!", related_id AS "related_id?: Text", process_name AS "process_name!: Text", cause AS "cause?: Text",
            details AS "details?: Text", payload AS "payload?: Text", at_utc AS "at?: String",
            needs_person AS "needs_person!: bool", resolved_at_utc AS "resolved_at?: String",
            resolved_by AS "resolved_by?: Text", resolution AS "resolution?: Text"
            FROM process_failures WHERE failure_id = ?1"#,
            id.0
        );
        let row = row.fetch_optional(self.readers()).await.map_err(errors::of_statement)?;
        row.map(FiledFailure::read).transpose()
    }
}

/// A page of the orders of one status, from the index of the work table by status.
async fn of_status(tx: &mut SqliteConnection, filter: &OrderFilter) -> sqlx::Result<Vec<SummaryRow>> {
    let status = filter.status.as_ref().map(|status| status.as_str());
    let since = times::optional_text(filter.since).unwrap_or_default();
    let (after_at, after_id) = after(filter);
    let limit = limit(filter.limit);
    sqlx::query_as!(
        SummaryRow,
        r#"SELECT o.order_id AS "order_id!: Text", coalesce(w.placed_at, o.listed_at) AS "placed_at?: String",
            w.status AS "status?: Text", w.version AS "version?", w.status_at AS "status_at?", h.notes AS "note?: Text",
            w.phase AS "phase?", w.due_at AS "due_at?", w.attempt AS "attempt?",
            (SELECT count(*) FROM process_failures f WHERE f.related_id = o.order_id AND f.resolved_at IS NULL)
                AS "open_failures!: i64"
        FROM order_work w
            CROSS JOIN orders o ON o.order_id = w.order_id
            LEFT JOIN order_status_history h ON h.order_id = w.order_id AND h.version = w.version
        WHERE w.status = ?1 AND w.placed_at >= ?2 AND (w.placed_at, w.order_id) < (?3, ?4)
        ORDER BY w.placed_at DESC, w.order_id DESC LIMIT ?5"#,
        status,
        since,
        after_at,
        after_id,
        limit
    )
    .fetch_all(tx)
    .await
}

/// A page of all orders. It follows the times of their own rows; the last order of the page before is found by its id,
/// for its work row may show another time than its own.
async fn of_any_status(tx: &mut SqliteConnection, filter: &OrderFilter) -> sqlx::Result<Vec<SummaryRow>> {
    let since = times::optional_text(filter.since).unwrap_or_default();
    let (after_at, after_id) = after(filter);
    let limit = limit(filter.limit);
    sqlx::query_as!(
        SummaryRow,
        r#"SELECT o.order_id AS "order_id!: Text", coalesce(w.placed_at, o.listed_at) AS "placed_at?: String",
            w.status AS "status?: Text", w.version AS "version?", w.status_at AS "status_at?", h.notes AS "note?: Text",
            w.phase AS "phase?", w.due_at AS "due_at?", w.attempt AS "attempt?",
            (SELECT count(*) FROM process_failures f WHERE f.related_id = o.order_id AND f.resolved_at IS NULL)
                AS "open_failures!: i64"
        FROM orders o
            LEFT JOIN order_work w ON w.order_id = o.order_id
            LEFT JOIN order_status_history h ON h.order_id = w.order_id AND h.version = w.version
        WHERE o.listed_at >= ?1
            AND (o.listed_at, o.order_id) < (coalesce((SELECT listed_at FROM orders WHERE order_id = ?3), ?2), ?3)
        ORDER BY o.listed_at DESC, o.order_id DESC LIMIT ?4"#,
        since,
        after_at,
        after_id,
        limit
    )
    .fetch_all(tx)
    .await
}

/// Where a page of orders begins.
fn after(filter: &OrderFilter) -> (String, String) {
    filter.after.as_ref().map_or_else(
        || (AFTER_ALL_TIMES.to_owned(), String::new()),
        |last| (times::text(last.placed_at), last.order_id.as_str().to_owned()),
    )
}

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

async fn calls_of_any(tx: &mut SqliteConnection, filter: &CallFilter) -> sqlx::Result<Vec<LoggedCall>> {
    let outcome = filter.outcome.map(|outcome| outcome.as_str());
    let since = times::optional_text(filter.since);
    let before = filter.before.map_or(i64::MAX, |id| id.0);
    let limit = limit(filter.limit);
    sqlx::query_as!(
        LoggedCall,
        r#"SELECT c.call_id AS "call_id!", c.service AS "service!: Text", c.endpoint AS "endpoint!: Text", c.related_id AS "related_id?: Text",
            c.request_payload AS "request?: Text", c.response_body AS "response?: Text", c.status_code AS "status_code?",
            c.is_success AS "is_success?: bool", c.at_utc AS "at?: String", c.outcome AS "outcome?",
            c.duration_ms AS "duration_ms?",
            (SELECT p."timestamp" FROM prunings p WHERE p.pruning_id = c.pruning_id) AS "pruned_at?: String"
        FROM api_calls c
        WHERE (?1 IS NULL OR c.endpoint = ?1)
            AND (?2 IS NULL OR c.outcome = ?2)
            AND (?3 IS NULL OR c.at_utc >= ?3)
            AND c.call_id < ?4
        ORDER BY c.call_id DESC LIMIT ?5"#,
        filter.endpoint,
        outcome,
        since,
        before,
        limit
    )
    .fetch_all(tx)
    .await
}

async fn calls_about(tx: &mut SqliteConnection, order: &OrderId, filter: &CallFilter) -> sqlx::Result<Vec<LoggedCall>> {
    let order = order.as_str();
    let outcome = filter.outcome.map(|outcome| outcome.as_str());
    let since = times::optional_text(filter.since);
    let before = filter.before.map_or(i64::MAX, |id| id.0);
    let limit = limit(filter.limit);
    sqlx::query_as!(
        LoggedCall,
        r#"SELECT c.call_id AS "call_id!", c.service AS "service!: Text", c.endpoint AS "endpoint!: Text", c.related_id AS "related_id?: Text",
            c.request_payload AS "request?: Text", c.response_body AS "response?: Text", c.status_code AS "status_code?",
            c.is_success AS "is_success?: bool", c.at_utc AS "at?: String", c.outcome AS "outcome?",
            c.duration_ms AS "duration_ms?",
            (SELECT p."timestamp" FROM prunings p WHERE p.pruning_id = c.pruning_id) AS "pruned_at?: String"
        FROM api_calls c
        WHERE c.call_id IN (
                SELECT call_id FROM api_calls WHERE related_id = ?6
                UNION SELECT call_id FROM call_orders WHERE order_id = ?6
            )
            AND (?1 IS NULL OR c.endpoint = ?1)
            AND (?2 IS NULL OR c.outcome = ?2)
            AND (?3 IS NULL OR c.at_utc >= ?3)
            AND c.call_id < ?4
        ORDER BY c.call_id DESC LIMIT ?5"#,
        filter.endpoint,
        outcome,
        since,
        before,
        limit,
        order
    )
    .fetch_all(tx)
    .await
}
