//! The whole story of one order, read at one moment.

use std::collections::HashMap;

use ackord::OrderId;
use ackord::ports::{CallRow, OrderStory, StoreResult};
use sqlx::SqliteConnection;

use crate::errors;
use crate::rows::{EntryRow, FiledFailure, LoggedCall, SummaryRow, Text};

/// [`ackord::ports::RecordReader::story`], inside of a transaction.
pub(crate) async fn story(tx: &mut SqliteConnection, id: &OrderId) -> StoreResult<Option<OrderStory>> {
    let id = id.as_str();
    let Some(summary) = summary(tx, id).await.map_err(errors::of_statement)? else {
        return Ok(None);
    };
    let entries = entries(tx, id).await.map_err(errors::of_statement)?;
    let failures = failures(tx, id).await.map_err(errors::of_statement)?;
    let calls = calls(tx, id).await.map_err(errors::of_statement)?;
    let mut calls = calls
        .into_iter()
        .map(LoggedCall::read)
        .collect::<StoreResult<Vec<_>>>()?;
    add_seen(tx, &mut calls, Some(id)).await.map_err(errors::of_statement)?;
    Ok(Some(OrderStory {
        summary: summary.read()?,
        entries: entries.into_iter().map(EntryRow::read).collect::<StoreResult<_>>()?,
        calls,
        failures: failures
            .into_iter()
            .map(FiledFailure::read)
            .collect::<StoreResult<_>>()?,
    }))
}

/// Adds what each call showed: of every order, or of one alone.
pub(crate) async fn add_seen(
    tx: &mut SqliteConnection,
    calls: &mut [CallRow],
    order: Option<&str>,
) -> sqlx::Result<()> {
    let ids = serde_json::Value::from_iter(calls.iter().map(|call| call.call_id.0)).to_string();
    let rows = sqlx::query!(
        r#"SELECT s.call_id AS "call_id!", s.order_id AS "order_id!: Text", s.state AS "state?: Text"
        FROM json_each(?1) AS id CROSS JOIN call_orders s ON s.call_id = id.value
        WHERE ?2 IS NULL OR s.order_id = ?2
        ORDER BY s.call_id, s.order_id"#,
        ids,
        order
    );
    let mut seen: HashMap<i64, Vec<(String, Option<String>)>> = HashMap::new();
    for row in rows.fetch_all(tx).await? {
        seen.entry(row.call_id)
            .or_default()
            .push((row.order_id.0, row.state.map(|state| state.0)));
    }
    for call in calls {
        call.seen = seen.remove(&call.call_id.0).unwrap_or_default();
    }
    Ok(())
}

async fn summary(tx: &mut SqliteConnection, id: &str) -> sqlx::Result<Option<SummaryRow>> {
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
        WHERE o.order_id = ?1"#,
        id
    )
    .fetch_optional(tx)
    .await
}

async fn entries(tx: &mut SqliteConnection, id: &str) -> sqlx::Result<Vec<EntryRow>> {
    sqlx::query_as!(
        EntryRow,
        r#"SELECT history_id AS "history_id!", version AS "version!", status AS "status!: Text", notes AS "notes?: Text",
            at_utc AS "at?: String", source AS "source!: Text", actor AS "actor?: Text", attempt AS "attempt?",
            retry_at_utc AS "retry_at?: String", send_call_id AS "send_call_id?", look_call_id AS "look_call_id?"
        FROM order_status_history WHERE order_id = ?1 ORDER BY version"#,
        id
    )
    .fetch_all(tx)
    .await
}

async fn calls(tx: &mut SqliteConnection, id: &str) -> sqlx::Result<Vec<LoggedCall>> {
    sqlx::query_as!(
        LoggedCall,
        r#"SELECT c.call_id AS "call_id!", c.service AS "service!: Text", c.endpoint AS "endpoint!: Text", c.related_id AS "related_id?: Text",
            c.request_payload AS "request?: Text", c.response_body AS "response?: Text", c.status_code AS "status_code?",
            c.is_success AS "is_success?: bool", c.at_utc AS "at?: String", c.outcome AS "outcome?",
            c.duration_ms AS "duration_ms?",
            (SELECT p."timestamp" FROM prunings p WHERE p.pruning_id = c.pruning_id) AS "pruned_at?: String"
        FROM api_calls c
        WHERE c.call_id IN (
            SELECT call_id FROM api_calls WHERE related_id = ?1
            UNION SELECT call_id FROM call_orders WHERE order_id = ?1
        )
        ORDER BY c.call_id"#,
        id
    )
    .fetch_all(tx)
    .await
}

async fn failures(tx: &mut SqliteConnection, id: &str) -> sqlx::Result<Vec<FiledFailure>> {
    sqlx::query_as!(
        FiledFailure,
        r#"SELECT failure_id AS "failure_id!", related_id AS "related_id?: Text", process_name AS "process_name!: Text", cause AS "cause?: Text",
            details AS "details?: Text", payload AS "payload?: Text", at_utc AS "at?: String",
            needs_person AS "needs_person!: bool", resolved_at_utc AS "resolved_at?: String",
            resolved_by AS "resolved_by?: Text", resolution AS "resolution?: Text"
        FROM process_failures WHERE related_id = ?1 ORDER BY failure_id"#,
        id
    )
    .fetch_all(tx)
    .await
}
