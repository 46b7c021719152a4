//! [`CallLog`]: calls, begun before they leave and completed once.

use ackord::call::{CallEnd, CallId, NewCall, SERVICE, SeenState};
use ackord::ports::{CallLog, StoreResult};
use async_trait::async_trait;
use sqlx::SqliteConnection;

use crate::pool::{self, SqliteStore};
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
        if complete(&mut tx, id, end).await? {
            note_seen(&mut tx, id, seen).await.map_err(errors::of_statement)?;
        }
        pool::commit(tx).await
    }
}

/// Completes a call, once: a call with an answer is left as it is; one closed as unanswered gets the answer but keeps its
/// outcome. Tells whether the answer was taken.
pub(crate) async fn complete(tx: &mut SqliteConnection, id: CallId, end: &CallEnd) -> StoreResult<bool> {
    let success = end.outcome.is_success();
    let outcome = end.outcome.as_str();
    let duration_ms = i64::try_from(end.duration.as_millis()).unwrap_or(i64::MAX);
    let completed = sqlx::query!(
        "UPDATE api_calls SET
            response_body = coalesce(response_body, ?2),
            status_code = coalesce(status_code, ?3),
            is_success = coalesce(is_success, ?4),
            outcome = coalesce(outcome, ?5),
            duration_ms = ?6
        WHERE call_id = ?1 AND duration_ms IS NULL AND (outcome IS NULL OR outcome = 'unanswered')",
        id.0,
        end.response,
        end.status_code,
        success,
        outcome,
        duration_ms
    );
    let completed = completed.execute(&mut *tx).await.map_err(errors::of_statement)?;
    if completed.rows_affected() == 1 {
        return Ok(true);
    }
    let known = sqlx::query_scalar!("SELECT count(*) FROM api_calls WHERE call_id = ?1", id.0);
    if known.fetch_one(&mut *tx).await.map_err(errors::of_statement)? == 0 {
        return Err(errors::refused(format!("there is no call {id} to complete")));
    }
    Ok(false)
}

/// Notes what a look showed; of two mentions of an order in one look the first stands.
async fn note_seen(tx: &mut SqliteConnection, id: CallId, seen: &[SeenState]) -> sqlx::Result<()> {
    for state in seen {
        let order = state.order_id.as_str();
        sqlx::query!(
            "INSERT INTO call_orders (call_id, order_id, state)
            SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM call_orders WHERE call_id = ?1 AND order_id = ?2)",
            id.0,
            order,
            state.state
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
