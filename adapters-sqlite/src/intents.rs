//! Intents: an acceptance stands on record before it leaves.

use std::collections::{HashMap, HashSet};

use ackord::call::{CallId, SERVICE};
use ackord::ports::{Intent, StoreResult};
use ackord::work::OperationId;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::work_store::{json_list, listed, op};
use crate::{errors, times};

/// [`ackord::ports::WorkStore::record_intents`], inside of a transaction.
pub(crate) async fn record(
    tx: &mut SqliteConnection,
    intents: &[Intent],
    operation: OperationId,
) -> StoreResult<Vec<Option<CallId>>> {
    let operation = op(operation);
    let mut seen = HashSet::new();
    // One send for one order: the first intent of the batch stands.
    let first = intents.iter().filter(|intent| seen.insert(intent.order_id.as_str()));
    let first: Vec<&Intent> = first.collect();
    let mut calls = write(tx, &first, &operation).await.map_err(errors::of_statement)?;
    let told = intents.iter().map(|intent| calls.remove(intent.order_id.as_str()));
    Ok(told.collect())
}

/// Writes those that may be written, in a few statements whatever their number; the calls of these and of those that this
/// operation wrote before, by order.
async fn write(
    tx: &mut SqliteConnection,
    intents: &[&Intent],
    operation: &str,
) -> sqlx::Result<HashMap<String, CallId>> {
    let mut calls = written_by(tx, intents, operation).await?;
    let (standing, last) = standing(tx, intents).await?;
    let written = intents.iter().filter(|intent| {
        let id = intent.order_id.as_str();
        standing.contains(id) && !calls.contains_key(id)
    });
    // Nobody else can begin a call while this transaction writes.
    let written: Vec<(&Intent, CallId)> = written.copied().zip((last + 1..).map(CallId)).collect();
    if !written.is_empty() {
        begin_calls(tx, &written, operation).await?;
        mark_sending(tx, &written, operation).await?;
    }
    calls.extend(
        written
            .iter()
            .map(|(intent, call)| (intent.order_id.as_str().to_owned(), *call)),
    );
    Ok(calls)
}

/// The intents that this operation wrote before, by order: its answer was lost.
async fn written_by(
    tx: &mut SqliteConnection,
    intents: &[&Intent],
    operation: &str,
) -> sqlx::Result<HashMap<String, CallId>> {
    let ids = json_list(intents.iter().map(|intent| intent.order_id.as_str()));
    let rows = sqlx::query!(
        r#"SELECT w.order_id AS "order_id!", c.call_id AS "call_id!"
        FROM json_each(?1) AS id
            CROSS JOIN order_work w ON w.order_id = id.value
            CROSS JOIN api_calls c ON c.call_id = w.call_id
        WHERE c.op_id = ?2"#,
        ids,
        operation
    );
    let rows = rows.fetch_all(tx).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.order_id, CallId(row.call_id)))
        .collect())
}

/// The orders whose (fence, version) are still as the intents have them, none while sending is held; and the last call.
async fn standing(tx: &mut SqliteConnection, intents: &[&Intent]) -> sqlx::Result<(HashSet<String>, i64)> {
    let rows = intents
        .iter()
        .map(|intent| json!([intent.order_id.as_str(), intent.fence.0, intent.version.0]));
    let rows = Value::from_iter(rows).to_string();
    let standing = sqlx::query_scalar!(
        r#"SELECT w.order_id AS "order_id!"
        FROM json_each(?1) AS g CROSS JOIN order_work w ON w.order_id = g.value ->> 0
        WHERE w.fence = g.value ->> 1 AND w.version = g.value ->> 2
            AND NOT EXISTS (SELECT 1 FROM store_meta WHERE held_since IS NOT NULL)"#,
        rows
    );
    let standing = standing.fetch_all(&mut *tx).await?.into_iter().collect();
    let last = sqlx::query_scalar!(r#"SELECT coalesce(max(call_id), 0) AS "last!: i64" FROM api_calls"#);
    Ok((standing, last.fetch_one(tx).await?))
}

/// Records the calls as begun.
async fn begin_calls(tx: &mut SqliteConnection, written: &[(&Intent, CallId)], operation: &str) -> sqlx::Result<()> {
    let rows = written.iter().map(|(intent, id)| {
        let call = &intent.call;
        json!([
            id.0,
            call.endpoint.as_str(),
            call.related_id.as_deref().map(listed),
            call.request.to_string(),
            times::text(call.started_at),
            times::text(call.answer_by),
            intent.fence.0,
        ])
    });
    let rows = Value::from_iter(rows).to_string();
    sqlx::query!(
        r#"INSERT INTO api_calls
            (call_id, service, endpoint, related_id, request_payload, "timestamp", answer_by, fence, op_id)
        SELECT value ->> 0, ?2, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, ?3
        FROM json_each(?1) ORDER BY key"#,
        rows,
        SERVICE,
        operation
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Leaves the orders in the phase in which an answer is waited for.
async fn mark_sending(tx: &mut SqliteConnection, written: &[(&Intent, CallId)], operation: &str) -> sqlx::Result<()> {
    let rows = written.iter().map(|(intent, id)| {
        json!([
            intent.order_id.as_str(),
            id.0,
            times::text(intent.call.started_at),
            intent.decision.to_json().to_string(),
        ])
    });
    let rows = Value::from_iter(rows).to_string();
    sqlx::query!(
        "UPDATE order_work SET phase = 'sending', due_at = g.due_at, call_id = g.call_id, call_open = 1,
            decision = g.decision, op_id = ?2
        FROM (
            SELECT value ->> 0 AS order_id, value ->> 1 AS call_id, value ->> 2 AS due_at, value ->> 3 AS decision
            FROM json_each(?1)
        ) AS g
        WHERE order_work.order_id = g.order_id",
        rows,
        operation
    )
    .execute(tx)
    .await?;
    Ok(())
}
