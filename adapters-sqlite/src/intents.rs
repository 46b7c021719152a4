//! Intents: an acceptance stands on record before it leaves.

use std::collections::{HashMap, HashSet};

use ackord::call::{CallId, SERVICE};
use ackord::ports::{Intent, StoreResult};
use ackord::work::OperationId;
use sqlx::SqliteConnection;

use crate::work_store::{json_list, op};
use crate::{errors, times};

/// [`ackord::ports::WorkStore::record_intents`], inside of a transaction.
pub(crate) async fn record(
    tx: &mut SqliteConnection,
    intents: &[Intent],
    operation: OperationId,
) -> StoreResult<Vec<Option<CallId>>> {
    let operation = op(operation);
    let mut written = written_by(tx, intents, &operation)
        .await
        .map_err(errors::of_statement)?;
    let mut seen = HashSet::new();
    let mut calls = Vec::with_capacity(intents.len());
    for intent in intents {
        let id = intent.order_id.as_str();
        let call = if !seen.insert(id) {
            // One send for one order: the first intent of the batch stands.
            None
        } else if let Some(call) = written.remove(id) {
            Some(call)
        } else {
            write(tx, intent, &operation).await.map_err(errors::of_statement)?
        };
        calls.push(call);
    }
    Ok(calls)
}

/// The intents that this operation wrote before, by order: its answer was lost.
async fn written_by(
    tx: &mut SqliteConnection,
    intents: &[Intent],
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

/// Writes an intent if (fence, version) are still the order's and sending is not held.
async fn write(tx: &mut SqliteConnection, intent: &Intent, operation: &str) -> sqlx::Result<Option<CallId>> {
    let id = intent.order_id.as_str();
    let endpoint = intent.call.endpoint.as_str();
    let request = intent.call.request.to_string();
    let started_at = times::text(intent.call.started_at);
    let answer_by = times::text(intent.call.answer_by);
    let inserted = sqlx::query!(
        r#"INSERT INTO api_calls
            (service, endpoint, related_id, request_payload, "timestamp", answer_by, fence, op_id)
        SELECT ?4, ?5, ?6, ?7, ?8, ?9, w.fence, ?10 FROM order_work w
        WHERE w.order_id = ?1 AND w.fence = ?2 AND w.version = ?3
            AND NOT EXISTS (SELECT 1 FROM store_meta WHERE held_since IS NOT NULL)"#,
        id,
        intent.fence.0,
        intent.version.0,
        SERVICE,
        endpoint,
        intent.call.related_id,
        request,
        started_at,
        answer_by,
        operation
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(None);
    }
    let call = inserted.last_insert_rowid();
    let decision = intent.decision.to_json().to_string();
    sqlx::query!(
        "UPDATE order_work SET phase = 'sending', due_at = ?2, call_id = ?3, call_open = 1, decision = ?4,
            op_id = ?5
        WHERE order_id = ?1",
        id,
        started_at,
        call,
        decision,
        operation
    )
    .execute(&mut *tx)
    .await?;
    Ok(Some(CallId(call)))
}
