//! Settle: all that one order's step leads to, together or not at all; a whole batch in one statement.

use std::borrow::Cow;
use std::collections::HashSet;

use ackord::Timestamp;
use ackord::failure::PROCESS;
use ackord::order::OrderId;
use ackord::ports::{Settled, StoreResult};
use ackord::work::{OperationId, Settlement};

use crate::columns::{Settlements, at};
use crate::pool::Connections;

type Texts<'a> = [Option<Cow<'a, str>>];

/// [`ackord::ports::WorkStore::settle`]. Of several settlements of one order in a batch the first alone can stand.
pub(crate) async fn settle(
    connections: &Connections,
    settlements: &[Settlement],
    now: Timestamp,
    operation: OperationId,
) -> StoreResult<Vec<Settled>> {
    let mut mentioned: HashSet<&OrderId> = HashSet::new();
    let first = settlements
        .iter()
        .filter(|settlement| mentioned.insert(&settlement.order_id));
    let columns: Settlements<'_> = first.collect();
    if columns.order_id.is_empty() {
        return Ok(Vec::new());
    }
    let mut written: HashSet<String> = write(connections, &columns, now, operation)
        .await?
        .into_iter()
        .collect();
    if written.len() < columns.order_id.len() {
        written.extend(read(connections, &columns, operation).await?);
    }
    let told = settlements
        .iter()
        .map(|settlement| match written.remove(settlement.order_id.as_str()) {
            true => Settled::Written,
            false => Settled::Lost,
        });
    Ok(told.collect())
}

/// Writes those whose lease and version still hold, unless this very operation has done so.
async fn write(
    connections: &Connections,
    columns: &Settlements<'_>,
    now: Timestamp,
    operation: OperationId,
) -> StoreResult<Vec<String>> {
    let standings = &columns.standings;
    let rows = connections.write(|| {
        sqlx::query_scalar!(
            r#"
            WITH given AS (
                SELECT * FROM unnest(
                    $1::text[], $2::bigint[], $3::bigint[],
                    $4::text[], $5::text[], $6::integer[], $7::timestamptz[], $8::bigint[], $9::bigint[],
                    $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[],
                    $15::text[], $16::bigint[],
                    $17::text[], $18::timestamptz[], $19::integer[], $20::integer[], $21::integer[], $22::integer[],
                    $23::timestamptz[], $24::boolean[], $25::text[], $26::text[]
                ) AS g (
                    order_id, fence, version,
                    status, note, entry_attempt, retry_at, send, look,
                    related_id, cause, details, payload, needs_person,
                    resolution, close_call,
                    phase, due_at, attempt, looks, waiting_looks, slow_looks,
                    since_at, call_open, decision, reason
                )
            ), held AS MATERIALIZED (
                SELECT g.*, g.version + (g.status IS NOT NULL)::integer AS version_after
                FROM given g JOIN order_work w ON w.order_id = g.order_id
                WHERE w.fence = g.fence AND w.version = g.version AND w.op_id IS DISTINCT FROM $28
                ORDER BY w.order_id
                FOR UPDATE OF w
            ), work AS (
                UPDATE order_work w SET
                    version = h.version_after,
                    status = coalesce(h.status, w.status),
                    status_at = CASE WHEN h.status IS NULL THEN w.status_at ELSE $27 END,
                    phase = h.phase, due_at = h.due_at, attempt = h.attempt, looks = h.looks,
                    waiting_looks = h.waiting_looks, slow_looks = h.slow_looks, since_at = h.since_at,
                    call_open = h.call_open, decision = h.decision::jsonb, reason = h.reason,
                    lease_until = NULL, worker = NULL, unreleased_claims = 0, op_id = $28
                FROM held h
                WHERE w.order_id = h.order_id
            ), entries AS (
                INSERT INTO order_status_history (order_id, status, notes, "timestamp", version, source, actor, attempt,
                    retry_at, send_call_id, look_call_id, op_id)
                SELECT order_id, status, note, $27, version_after, 'ackord', 'ackord', entry_attempt,
                    retry_at, send, look, $28
                FROM held WHERE status IS NOT NULL
            ), failures AS (
                INSERT INTO process_failures
                    (related_id, process_name, details, payload, "timestamp", cause, needs_person, version, op_id)
                SELECT related_id, $29, details, payload::jsonb, $27, cause, needs_person, version_after, $28
                FROM held WHERE cause IS NOT NULL
            ), resolved AS (
                UPDATE process_failures f SET resolved_at = $27, resolved_by = 'ackord', resolution = h.resolution
                FROM held h
                WHERE h.resolution IS NOT NULL AND f.related_id = h.order_id AND f.process_name = $29
                    AND f.resolved_at IS NULL
            ), closed AS (
                UPDATE api_calls c SET outcome = 'unanswered', is_success = false
                FROM held h
                WHERE c.call_id = h.close_call AND c.outcome IS NULL
            )
            SELECT order_id AS "order_id!" FROM held
            "#,
            &columns.order_id as &[&str],
            &columns.fence,
            &columns.version,
            &columns.status as &Texts<'_>,
            &columns.note as &Texts<'_>,
            &columns.entry_attempt as &[Option<i32>],
            &columns.retry_at as &[Option<jiff_sqlx::Timestamp>],
            &columns.send as &[Option<i64>],
            &columns.look as &[Option<i64>],
            &columns.related_id as &Texts<'_>,
            &columns.cause as &[Option<&str>],
            &columns.details as &Texts<'_>,
            &columns.payload as &[Option<String>],
            &columns.needs_person as &[Option<bool>],
            &columns.resolution as &Texts<'_>,
            &columns.close_call as &[Option<i64>],
            &standings.phase as &[&str],
            &standings.due_at as &[Option<jiff_sqlx::Timestamp>],
            &standings.attempt,
            &standings.looks,
            &standings.waiting_looks,
            &standings.slow_looks,
            &standings.since_at,
            &standings.call_open,
            &standings.decision as &[Option<String>],
            &standings.reason as &Texts<'_>,
            at(now),
            operation.0,
            PROCESS,
        )
    });
    rows.await
}

/// Those that this operation wrote before: the entry tells it for ever, the work row until the next write.
async fn read(
    connections: &Connections,
    columns: &Settlements<'_>,
    operation: OperationId,
) -> StoreResult<Vec<String>> {
    // As a write: some of the batch may just have been written.
    let rows = connections.write(|| {
        sqlx::query_scalar!(
            r#"
            SELECT g.order_id AS "order_id!"
            FROM unnest($1::text[], $2::bigint[]) AS g (order_id, version)
            WHERE EXISTS (SELECT FROM order_work w WHERE w.order_id = g.order_id AND w.op_id = $3)
                OR EXISTS (
                    SELECT FROM order_status_history h
                    WHERE h.order_id = g.order_id AND h.version = g.version + 1 AND h.op_id = $3
                )
            "#,
            &columns.order_id as &[&str],
            &columns.version,
            operation.0,
        )
    });
    rows.await
}
