//! [`CallLog`]: calls, begun before they leave and completed once.

use std::collections::HashSet;

use ackord::call::{CallEnd, CallId, NewCall, SERVICE, SeenState};
use ackord::ports::{CallLog, StoreResult};
use async_trait::async_trait;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::pool::{self, SqliteStore};
use crate::work_store::listed;
use crate::{errors, times};

#[async_trait]
impl CallLog for SqliteStore {
    async fn begin(&self, call: &NewCall) -> StoreResult<CallId> {
        let endpoint = call.endpoint.as_str();
        let request = call.request.to_string();
        let started_at = times::text(call.started_at);
        let answer_by = times::text(call.answer_by);
        let mut tx = self.begin_write().await?;
        let inserted = sqlx::query!(
            r#"INSERT INTO api_calls (service, endpoint, related_id, request_payload, "timestamp", answer_by)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)"#,
            SERVICE,
            endpoint,
            call.related_id,
            request,
            started_at,
            answer_by
        );
        let inserted = inserted.execute(&mut *tx).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        Ok(CallId(inserted.last_insert_rowid()))
    }

    async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()> {
        let mut tx = self.begin_write().await?;
        if complete(&mut tx, &[(id, end)]).await? == 1 {
            note_seen(&mut tx, id, seen).await.map_err(errors::of_statement)?;
        }
        pool::commit(tx).await
    }
}

/// Completes calls, in one statement, and each once: a call with an answer is left as it is; one closed as unanswered gets
/// the answer but keeps its outcome. Tells how many answers were taken.
pub(crate) async fn complete(tx: &mut SqliteConnection, ends: &[(CallId, &CallEnd)]) -> StoreResult<u64> {
    let mut mentioned = HashSet::new();
    // Of several answers to one call the first stands.
    let first = ends.iter().filter(|(id, _)| mentioned.insert(*id));
    let rows = first.map(|(id, end)| {
        json!([
            id.0,
            end.response.as_deref().map(listed),
            end.status_code,
            end.outcome.is_success(),
            end.outcome.as_str(),
            i64::try_from(end.duration.as_millis()).unwrap_or(i64::MAX),
        ])
    });
    let rows = Value::from_iter(rows).to_string();
    let completed = sqlx::query!(
        "UPDATE api_calls SET
            response_body = coalesce(response_body, g.response),
            status_code = coalesce(status_code, g.code),
            is_success = coalesce(is_success, g.success),
            outcome = coalesce(outcome, g.told),
            duration_ms = g.duration
        FROM (
            SELECT value ->> 0 AS id, value ->> 1 AS response, value ->> 2 AS code, value ->> 3 AS success,
                value ->> 4 AS told, value ->> 5 AS duration
            FROM json_each(?1)
        ) AS g
        WHERE call_id = g.id AND duration_ms IS NULL AND (outcome IS NULL OR outcome = 'unanswered')",
        rows
    );
    let completed = completed.execute(&mut *tx).await.map_err(errors::of_statement)?;
    let completed = completed.rows_affected();
    if usize::try_from(completed) != Ok(mentioned.len()) {
        let missing = sqlx::query_scalar!(
            r#"SELECT value ->> 0 AS "id!: i64" FROM json_each(?1)
            WHERE NOT EXISTS (SELECT 1 FROM api_calls WHERE call_id = value ->> 0) LIMIT 1"#,
            rows
        );
        if let Some(id) = missing.fetch_optional(tx).await.map_err(errors::of_statement)? {
            return Err(errors::refused(format!("there is no call {id} to complete")));
        }
    }
    Ok(completed)
}

/// Notes what a look showed, in one statement; of two mentions of an order in one look the first stands.
async fn note_seen(tx: &mut SqliteConnection, id: CallId, seen: &[SeenState]) -> sqlx::Result<()> {
    let mut mentioned = HashSet::new();
    let first = seen.iter().filter(|state| mentioned.insert(state.order_id.as_str()));
    let rows = first.map(|state| json!([state.order_id.as_str(), state.state.as_deref().map(listed)]));
    let rows = Value::from_iter(rows).to_string();
    sqlx::query!(
        "INSERT INTO call_orders (call_id, order_id, state)
        SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2)
        WHERE NOT EXISTS (SELECT 1 FROM call_orders WHERE call_id = ?1 AND order_id = value ->> 0)
        ORDER BY key",
        id.0,
        rows
    )
    .execute(tx)
    .await?;
    Ok(())
}
