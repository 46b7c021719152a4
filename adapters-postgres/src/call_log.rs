//! [`CallLog`]: reads, begun and finished.

use std::borrow::Cow;

use ackord::call::{CallEnd, CallId, NewCall, SERVICE, SeenState};
use ackord::ports::{CallLog, StoreResult};
use async_trait::async_trait;

use crate::columns::{at, ids, json};
use crate::errors::refused;
use crate::rows::corrupt;
use crate::store::PostgresStore;
use crate::text::storable;

#[async_trait]
impl CallLog for PostgresStore {
    async fn begin(&self, call: &NewCall) -> StoreResult<CallId> {
        let related_id = call.related_id.as_deref().map(storable);
        let request = json(&call.request);
        let rows = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                INSERT INTO api_calls (service, endpoint, related_id, request_payload, "timestamp", answer_by)
                VALUES ($1, $2, $3, $4::text::jsonb, $5, $6)
                RETURNING call_id
                "#,
                SERVICE,
                call.endpoint.as_str(),
                related_id.as_deref(),
                request,
                at(call.started_at),
                at(call.answer_by),
            )
        });
        let id = rows
            .await?
            .first()
            .copied()
            .ok_or_else(|| corrupt("a call that was inserted has no id"))?;
        Ok(CallId(id))
    }

    async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()> {
        let response = end.response.as_deref().map(storable);
        let duration_ms = i64::try_from(end.duration.as_millis()).unwrap_or(i64::MAX);
        let order_id = ids(seen.iter().map(|seen| &seen.order_id));
        let state: Vec<_> = seen.iter().map(|seen| seen.state.as_deref().map(storable)).collect();
        let known = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                WITH completed AS (
                    UPDATE api_calls SET
                        outcome = coalesce(outcome, $2),
                        is_success = coalesce(is_success, $3),
                        status_code = $4,
                        response_body = $5,
                        duration_ms = $6
                    WHERE call_id = $1 AND duration_ms IS NULL
                    RETURNING call_id
                ), noted AS (
                    INSERT INTO call_orders (call_id, order_id, state)
                    SELECT c.call_id, g.order_id, g.state
                    FROM completed c CROSS JOIN unnest($7::text[], $8::text[]) AS g (order_id, state)
                    ON CONFLICT (call_id, order_id) DO NOTHING
                )
                SELECT call_id FROM api_calls WHERE call_id = $1
                "#,
                id.0,
                end.outcome.as_str(),
                end.outcome.is_success(),
                end.status_code.map(i32::from),
                response.as_deref(),
                duration_ms,
                &order_id as &[&str],
                &state as &[Option<Cow<'_, str>>],
            )
        });
        if known.await?.is_empty() {
            return Err(refused(format!("there is no call {id} to finish")));
        }
        Ok(())
    }
}
