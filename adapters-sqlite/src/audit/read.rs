//! The rows of a page of orders, table by table.

use ackord::OrderId;
use ackord::audit::{Assembly, OrderRecord};
use ackord::call::CallId;
use ackord::ports::StoreResult;
use sqlx::SqliteConnection;

use super::rows::{CallRow, FailureRow, StoredRow, WorkRow};
use crate::errors;
use crate::rows::{EntryRow, Text, order_id};
use crate::work_store::json_list;

/// The next orders that have any row. An acceptance may name an order that was never one.
pub(super) async fn page(
    tx: &mut SqliteConnection,
    after: Option<&OrderId>,
    limit: usize,
) -> StoreResult<Vec<OrderId>> {
    let after = after.map_or("", OrderId::as_str);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query_scalar!(
        r#"SELECT order_id AS "order_id!: Text" FROM (
            SELECT order_id FROM (SELECT order_id FROM orders WHERE order_id > ?1 ORDER BY order_id LIMIT ?2)
            UNION
            SELECT order_id FROM (SELECT order_id FROM order_work WHERE order_id > ?1 ORDER BY order_id LIMIT ?2)
            UNION
            SELECT order_id FROM (
                SELECT DISTINCT order_id FROM order_status_history WHERE order_id > ?1 ORDER BY order_id LIMIT ?2
            )
            UNION
            SELECT related_id FROM (
                SELECT DISTINCT related_id FROM api_calls
                WHERE related_id > ?1 AND service = 'mirakl' AND endpoint = 'OR21'
                    AND length(CAST(related_id AS BLOB)) <= 255 AND instr(related_id, char(0)) = 0
                ORDER BY related_id LIMIT ?2
            )
        ) ORDER BY order_id LIMIT ?2"#,
        after,
        limit
    );
    let rows = rows.fetch_all(tx).await.map_err(errors::of_statement)?;
    rows.iter().map(|id| order_id(&id.0)).collect()
}

/// The records of these orders.
pub(super) async fn records(tx: &mut SqliteConnection, page: Vec<OrderId>) -> StoreResult<Vec<OrderRecord>> {
    let ids = json_list(page.iter().map(OrderId::as_str));
    let mut assembly = Assembly::of(page);
    fill(tx, &ids, &mut assembly).await.map_err(errors::of_statement)?;
    Ok(assembly.records())
}

async fn fill(tx: &mut SqliteConnection, ids: &str, into: &mut Assembly) -> sqlx::Result<()> {
    stored(tx, ids, into).await?;
    entries(tx, ids, into).await?;
    work(tx, ids, into).await?;
    failures(tx, ids, into).await?;
    shown(tx, ids, into).await?;
    calls(tx, ids, into).await
}

async fn stored(tx: &mut SqliteConnection, ids: &str, into: &mut Assembly) -> sqlx::Result<()> {
    // `created_at` in the fixed form that the schema gives `listed_at`.
    let rows = sqlx::query_as!(
        StoredRow,
        r#"SELECT o.order_id AS "order_id!: Text", o.listed_at AS "listed_at?: String",
            o.placed_at IS NOT NULL AS "is_placed!: bool",
            CASE
                WHEN o.created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]Z' THEN o.created_at
                ELSE strftime('%Y-%m-%dT%H:%M:%f000Z', o.created_at, 'auto', '+0 days')
            END AS "created_at?: String"
        FROM json_each(?1) AS id CROSS JOIN orders o ON o.order_id = id.value"#,
        ids
    );
    for row in rows.fetch_all(tx).await? {
        row.add_to(into);
    }
    Ok(())
}

async fn entries(tx: &mut SqliteConnection, ids: &str, into: &mut Assembly) -> sqlx::Result<()> {
    let rows = sqlx::query!(
        r#"SELECT h.order_id AS "order_id!: Text", h.history_id AS "history_id!", coalesce(h.version, 0) AS "version!: i64",
            h.status AS "status!: Text", h.notes AS "notes?: Text", h.at_utc AS "at?: String", h.source AS "source!: Text",
            h.actor AS "actor?: Text", h.attempt AS "attempt?", h.retry_at_utc AS "retry_at?: String",
            h.send_call_id AS "send_call_id?", h.look_call_id AS "look_call_id?"
        FROM json_each(?1) AS id CROSS JOIN order_status_history h ON h.order_id = id.value"#,
        ids
    );
    for row in rows.fetch_all(tx).await? {
        let entry = EntryRow {
            history_id: row.history_id,
            version: row.version,
            status: row.status,
            notes: row.notes,
            at: row.at,
            source: row.source,
            actor: row.actor,
            attempt: row.attempt,
            retry_at: row.retry_at,
            send_call_id: row.send_call_id,
            look_call_id: row.look_call_id,
        };
        let Ok(order) = order_id(&row.order_id.0) else { continue };
        match entry.read() {
            Ok(entry) => into.entry(&order, entry),
            Err(error) => into.unreadable(&order, false, error.to_string()),
        }
    }
    Ok(())
}

async fn work(tx: &mut SqliteConnection, ids: &str, into: &mut Assembly) -> sqlx::Result<()> {
    let rows = sqlx::query_as!(
        WorkRow,
        r#"SELECT w.order_id AS "order_id!: Text", w.version AS "version!", w.status AS "status!: Text",
            w.status_at AS "status_at!: Text", w.placed_at AS "placed_at!: Text", w.phase AS "phase!: Text",
            w.due_at AS "due_at?: Text", w.attempt AS "attempt!", w.looks AS "looks!", w.waiting_looks AS "waiting_looks!",
            w.slow_looks AS "slow_looks!", w.since_at AS "since_at!: Text", w.call_id AS "call_id?",
            w.call_open AS "call_open!: bool", w.decision AS "decision?: Text", w.reason AS "reason?: Text",
            w.fence AS "fence!", w.lease_until AS "lease_until?: Text"
        FROM json_each(?1) AS id CROSS JOIN order_work w ON w.order_id = id.value"#,
        ids
    );
    for row in rows.fetch_all(tx).await? {
        row.add_to(into);
    }
    Ok(())
}

async fn failures(tx: &mut SqliteConnection, ids: &str, into: &mut Assembly) -> sqlx::Result<()> {
    let rows = sqlx::query_as!(
        FailureRow,
        r#"SELECT f.related_id AS "order_id!: Text", f.failure_id AS "failure_id!", f.process_name AS "process_name!: Text",
            f.cause AS "cause?: Text", f.version AS "version?", f.payload AS "payload?: Text",
            f.needs_person AS "needs_person!: bool", f.resolved_at_utc AS "resolved_at?: String",
            f.resolved_by AS "resolved_by?: Text"
        FROM json_each(?1) AS id CROSS JOIN process_failures f ON f.related_id = id.value"#,
        ids
    );
    for row in rows.fetch_all(tx).await? {
        row.add_to(into);
    }
    Ok(())
}

async fn shown(tx: &mut SqliteConnection, ids: &str, into: &mut Assembly) -> sqlx::Result<()> {
    let rows = sqlx::query!(
        r#"SELECT s.order_id AS "order_id!: Text", s.call_id AS "call_id!", s.state AS "state?: Text"
        FROM json_each(?1) AS id CROSS JOIN call_orders s ON s.order_id = id.value"#,
        ids
    );
    for row in rows.fetch_all(tx).await? {
        if let Ok(order) = order_id(&row.order_id.0) {
            into.shown(&order, CallId(row.call_id), row.state.map(|state| state.0));
        }
    }
    Ok(())
}

async fn calls(tx: &mut SqliteConnection, ids: &str, into: &mut Assembly) -> sqlx::Result<()> {
    let linked = serde_json::Value::from_iter(into.linked_calls().iter().map(|id| id.0)).to_string();
    let rows = sqlx::query_as!(
        CallRow,
        r#"SELECT c.call_id AS "call_id!", c.service AS "service!: Text", c.endpoint AS "endpoint!: Text",
            c.related_id AS "related_id?: Text", c.request_payload AS "request?: Text", c.fence AS "fence?",
            c.at_utc AS "at?: String", c.answer_by AS "answer_by?: Text", c.outcome AS "outcome?: Text",
            c.is_success AS "is_success?: bool"
        FROM (
            SELECT value AS call_id FROM json_each(?2)
            UNION
            SELECT a.call_id FROM json_each(?1) AS id CROSS JOIN api_calls a ON a.related_id = id.value
        ) AS i CROSS JOIN api_calls c ON c.call_id = i.call_id"#,
        ids,
        linked
    );
    for row in rows.fetch_all(tx).await? {
        row.add_to(into);
    }
    Ok(())
}
