//! Intents and their answers: an acceptance stands on record before it leaves, and its answer afterwards.

use std::borrow::Cow;
use std::collections::HashMap;

use ackord::call::{CallId, SERVICE};
use ackord::ports::{Intent, RecordedAnswer, StoreResult};
use ackord::work::OperationId;

use crate::columns::{Ends, Intents, first_by_id};
use crate::errors::refused;
use crate::pool::Connections;

struct Written {
    order_id: String,
    call_id: i64,
}

/// [`ackord::ports::WorkStore::record_intents`]. Of several intents for one order in a batch the first alone can stand.
pub(crate) async fn record_intents(
    connections: &Connections,
    intents: &[Intent],
    operation: OperationId,
) -> StoreResult<Vec<Option<CallId>>> {
    let first = first_by_id(intents, |intent| &intent.order_id);
    let columns: Intents<'_> = first.into_iter().collect();
    if columns.order_id.is_empty() {
        return Ok(Vec::new());
    }
    let mut written = write(connections, &columns, operation).await?;
    if written.len() < columns.order_id.len() {
        written.extend(read(connections, &columns, operation).await?);
    }
    let mut calls: HashMap<String, i64> = written.into_iter().map(|row| (row.order_id, row.call_id)).collect();
    let told = intents
        .iter()
        .map(|intent| calls.remove(intent.order_id.as_str()).map(CallId));
    Ok(told.collect())
}

/// Writes those whose lease and version still hold, where sending is not held, unless this very operation has done so.
async fn write(connections: &Connections, columns: &Intents<'_>, operation: OperationId) -> StoreResult<Vec<Written>> {
    let calls = &columns.calls;
    connections
        .write(|| {
            sqlx::query_as!(
                Written,
                r#"
                WITH given AS (
                    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[],
                        $7::timestamptz[], $8::timestamptz[], $9::text[])
                        AS g (order_id, fence, version, endpoint, related_id, request, started_at, answer_by, decision)
                ), held AS (
                    UPDATE order_work w SET
                        phase = 'sending', due_at = g.started_at, call_open = true, decision = g.decision::jsonb, op_id = $10,
                        call_id = nextval((SELECT pg_get_serial_sequence('api_calls', 'call_id')::regclass))
                    FROM given g
                    WHERE w.order_id = g.order_id
                        AND w.fence = g.fence AND w.version = g.version AND w.op_id IS DISTINCT FROM $10
                        AND NOT EXISTS (SELECT FROM api_calls c WHERE c.call_id = w.call_id AND c.op_id = $10)
                        AND NOT EXISTS (SELECT FROM store_meta m WHERE m.held_since IS NOT NULL)
                    RETURNING g.*, w.call_id
                ), calls AS (
                    INSERT INTO api_calls
                        (call_id, service, endpoint, related_id, request_payload, "timestamp", fence, answer_by, op_id)
                    SELECT call_id, $11, endpoint, related_id, request::jsonb, started_at, fence, answer_by, $10 FROM held
                )
                SELECT order_id AS "order_id!", call_id AS "call_id!" FROM held
                "#,
                &columns.order_id as &[&str],
                &columns.fence,
                &columns.version,
                &calls.endpoint as &[&str],
                &calls.related_id as &[Option<Cow<'_, str>>],
                &calls.request,
                &calls.started_at,
                &calls.answer_by,
                &columns.decision,
                operation.0,
                SERVICE,
            )
        })
        .await
}

/// Those that this operation wrote before.
async fn read(connections: &Connections, columns: &Intents<'_>, operation: OperationId) -> StoreResult<Vec<Written>> {
    // As a write: some of the batch may just have been written.
    connections
        .write(|| {
            sqlx::query_as!(
                Written,
                r#"
                SELECT w.order_id AS "order_id!", c.call_id AS "call_id!"
                FROM unnest($1::text[]) AS g (order_id)
                JOIN order_work w ON w.order_id = g.order_id
                JOIN api_calls c ON c.call_id = w.call_id
                WHERE c.op_id = $2
                "#,
                &columns.order_id as &[&str],
                operation.0,
            )
        })
        .await
}

/// [`ackord::ports::WorkStore::record_answers`]: no lease is asked for, and a call that has its answer keeps it.
pub(crate) async fn record_answers(connections: &Connections, answers: &[RecordedAnswer]) -> StoreResult<()> {
    let mut first: HashMap<CallId, &RecordedAnswer> = HashMap::new();
    for answer in answers {
        first.entry(answer.call).or_insert(answer);
    }
    let mut first: Vec<_> = first.into_values().collect();
    first.sort_by_key(|answer| answer.call);
    let mut ends = Ends::default();
    for answer in first {
        ends.push(answer.call.0, &answer.end);
    }
    if ends.call_id.is_empty() {
        return Ok(());
    }
    let missing = connections.write(|| {
        sqlx::query_scalar!(
            r#"
            WITH given AS (
                SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::integer[], $5::text[], $6::bigint[])
                    AS g (call_id, outcome, is_success, status_code, response, duration_ms)
            ), missing AS MATERIALIZED (
                SELECT g.call_id FROM given g WHERE NOT EXISTS (SELECT FROM api_calls c WHERE c.call_id = g.call_id)
            ), completed AS (
                UPDATE api_calls c SET
                    outcome = coalesce(c.outcome, g.outcome),
                    is_success = coalesce(c.is_success, g.is_success),
                    status_code = g.status_code,
                    response_body = g.response,
                    duration_ms = g.duration_ms
                FROM given g
                WHERE c.call_id = g.call_id AND c.duration_ms IS NULL AND NOT EXISTS (SELECT FROM missing)
            )
            SELECT call_id AS "call_id!" FROM missing
            "#,
            &ends.call_id,
            &ends.outcome as &[&str],
            &ends.is_success,
            &ends.status_code as &[Option<i32>],
            &ends.response as &[Option<Cow<'_, str>>],
            &ends.duration_ms,
        )
    });
    match missing.await?.first() {
        Some(id) => Err(refused(format!("there is no call {id} to answer"))),
        None => Ok(()),
    }
}
