//! [`Retention`]: bodies of old answers go, a batch in one statement.

use ackord::call::{CallId, SERVICE};
use ackord::ports::{PruneBatch, PrunedBatch, Pruning, Retention, StoreResult};
use async_trait::async_trait;
use jiff_sqlx::Timestamp as At;

use crate::columns::{at, page};
use crate::rows::time;
use crate::store::PostgresStore;
use crate::text::storable;

#[async_trait]
impl Retention for PostgresStore {
    async fn prune(&self, batch: &PruneBatch) -> StoreResult<PrunedBatch> {
        let actor = storable(&batch.actor);
        let done = self.connections.write(|| {
            sqlx::query_as!(
                PrunedRow,
                r#"
                WITH looked AS MATERIALIZED (
                    SELECT call_id FROM api_calls WHERE call_id > $1 ORDER BY call_id LIMIT $2
                ), old AS MATERIALIZED (
                    SELECT b.call_id, b.bytes, b.is_waited_for
                    FROM call_bodies b
                    WHERE b.call_id > $1 AND b.call_id <= (SELECT max(l.call_id) FROM looked l)
                        AND b.service = $3 AND b.started_at < $4
                ), named AS MATERIALIZED (
                    SELECT gen_random_uuid() AS pruning_id
                ), pruned AS (
                    UPDATE api_calls c SET response_body = NULL, pruning_id = n.pruning_id
                    FROM old o CROSS JOIN named n
                    WHERE c.call_id = o.call_id AND NOT o.is_waited_for AND c.pruning_id IS NULL
                    RETURNING c.call_id, o.bytes
                ), noted AS (
                    INSERT INTO prunings
                        (pruning_id, "timestamp", actor, started_before, calls, bytes, first_call_id, last_call_id)
                    SELECT (SELECT n.pruning_id FROM named n), $5, $6, $4, count(*), sum(bytes), min(call_id), max(call_id)
                    FROM pruned HAVING count(*) > 0
                )
                SELECT (SELECT max(call_id) FROM looked) AS last,
                    (SELECT count(*) FROM pruned) AS "calls!",
                    (SELECT coalesce(sum(bytes), 0)::bigint FROM pruned) AS "bytes!",
                    (SELECT count(*) FROM old WHERE is_waited_for) AS "kept!"
                "#,
                after(batch),
                page(batch.limit),
                SERVICE,
                at(batch.before),
                at(batch.now),
                &*actor,
            )
        });
        Ok(done
            .await?
            .into_iter()
            .next()
            .map(PrunedBatch::from)
            .unwrap_or_default())
    }

    async fn prunable(&self, batch: &PruneBatch) -> StoreResult<PrunedBatch> {
        let found = self.connections.read(|| {
            sqlx::query_as!(
                PrunedRow,
                r#"
                WITH looked AS MATERIALIZED (
                    SELECT call_id FROM api_calls WHERE call_id > $1 ORDER BY call_id LIMIT $2
                ), old AS MATERIALIZED (
                    SELECT b.call_id, b.bytes, b.is_waited_for
                    FROM call_bodies b
                    WHERE b.call_id > $1 AND b.call_id <= (SELECT max(l.call_id) FROM looked l)
                        AND b.service = $3 AND b.started_at < $4
                )
                SELECT (SELECT max(call_id) FROM looked) AS last,
                    (SELECT count(*) FROM old WHERE NOT is_waited_for) AS "calls!",
                    (SELECT coalesce(sum(bytes), 0)::bigint FROM old WHERE NOT is_waited_for) AS "bytes!",
                    (SELECT count(*) FROM old WHERE is_waited_for) AS "kept!"
                "#,
                after(batch),
                page(batch.limit),
                SERVICE,
                at(batch.before),
            )
        });
        Ok(found
            .await?
            .into_iter()
            .next()
            .map(PrunedBatch::from)
            .unwrap_or_default())
    }

    async fn prunings(&self, limit: usize) -> StoreResult<Vec<Pruning>> {
        let rows = self.connections.read(|| {
            sqlx::query_as!(
                PruningRow,
                r#"
                SELECT "timestamp" AS at, actor, started_before, calls, bytes, first_call_id, last_call_id
                FROM prunings ORDER BY "timestamp" DESC, last_call_id DESC LIMIT $1
                "#,
                page(limit),
            )
        });
        Ok(rows.await?.into_iter().map(Pruning::from).collect())
    }
}

/// After which call the batch begins: ids of calls may be anything that other programs gave them.
fn after(batch: &PruneBatch) -> i64 {
    batch.after.map_or(i64::MIN, |call| call.0)
}

struct PrunedRow {
    last: Option<i64>,
    calls: i64,
    bytes: i64,
    kept: i64,
}

impl From<PrunedRow> for PrunedBatch {
    fn from(row: PrunedRow) -> Self {
        Self {
            last: row.last.map(CallId),
            calls: row.calls.unsigned_abs(),
            bytes: row.bytes.unsigned_abs(),
            kept: row.kept.unsigned_abs(),
        }
    }
}

struct PruningRow {
    at: At,
    actor: String,
    started_before: At,
    calls: i64,
    bytes: i64,
    first_call_id: i64,
    last_call_id: i64,
}

impl From<PruningRow> for Pruning {
    fn from(row: PruningRow) -> Self {
        Self {
            at: time(row.at),
            actor: row.actor,
            before: time(row.started_before),
            calls: row.calls.unsigned_abs(),
            bytes: row.bytes.unsigned_abs(),
            first: CallId(row.first_call_id),
            last: CallId(row.last_call_id),
        }
    }
}
