//! [`Retention`]: bodies of old answers go, a batch in one transaction.

use ackord::call::{CallId, SERVICE};
use ackord::ports::{PruneBatch, PrunedBatch, Pruning, Retention, StoreResult};
use async_trait::async_trait;
use sqlx::SqliteConnection;

use crate::pool::{self, SqliteStore};
use crate::rows::Text;
use crate::{errors, times};

#[async_trait]
impl Retention for SqliteStore {
    async fn prune(&self, batch: &PruneBatch) -> StoreResult<PrunedBatch> {
        let mut tx = self.begin_write().await?;
        let done = prune(&mut tx, batch).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        Ok(done)
    }

    async fn prunable(&self, batch: &PruneBatch) -> StoreResult<PrunedBatch> {
        let mut tx = self.begin_read().await?;
        Ok(look(&mut tx, batch).await.map_err(errors::of_statement)?.found)
    }

    async fn prunings(&self, limit: usize) -> StoreResult<Vec<Pruning>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = sqlx::query_as!(
            PruningRow,
            r#"SELECT "timestamp" AS at, actor AS "actor!: Text", started_before, calls, bytes, first_call_id, last_call_id
            FROM prunings ORDER BY "timestamp" DESC, last_call_id DESC LIMIT ?1"#,
            limit
        );
        let rows = rows.fetch_all(self.readers()).await.map_err(errors::of_statement)?;
        rows.into_iter().map(PruningRow::read).collect()
    }
}

/// What a batch comes to, and between which ids it lies.
struct Looked {
    found: PrunedBatch,
    after: i64,
    through: i64,
}

async fn look(tx: &mut SqliteConnection, batch: &PruneBatch) -> sqlx::Result<Looked> {
    let after = batch.after.map_or(i64::MIN, |call| call.0);
    let limit = i64::try_from(batch.limit).unwrap_or(i64::MAX);
    let last = sqlx::query_scalar!(
        r#"SELECT max(call_id) AS "last?: i64"
        FROM (SELECT call_id FROM api_calls WHERE call_id > ?1 ORDER BY call_id LIMIT ?2)"#,
        after,
        limit
    );
    let last = last.fetch_one(&mut *tx).await?;
    let through = last.unwrap_or(after);
    let before = times::text(batch.before);
    let counted = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE NOT is_waited_for) AS "calls!: i64",
            coalesce(sum(bytes) FILTER (WHERE NOT is_waited_for), 0) AS "bytes!: i64",
            count(*) FILTER (WHERE is_waited_for) AS "kept!: i64"
        FROM call_bodies
        WHERE call_id > ?1 AND call_id <= ?2 AND service = ?3 AND started_at < ?4"#,
        after,
        through,
        SERVICE,
        before
    );
    let counted = counted.fetch_one(tx).await?;
    let found = PrunedBatch {
        last: last.map(CallId),
        calls: counted.calls.unsigned_abs(),
        bytes: counted.bytes.unsigned_abs(),
        kept: counted.kept.unsigned_abs(),
    };
    Ok(Looked { found, after, through })
}

/// The pruning first, so that the calls can name it.
async fn prune(tx: &mut SqliteConnection, batch: &PruneBatch) -> sqlx::Result<PrunedBatch> {
    let Looked { found, after, through } = look(&mut *tx, batch).await?;
    if found.calls == 0 {
        return Ok(found);
    }
    let (now, before) = (times::text(batch.now), times::text(batch.before));
    let pruning = sqlx::query_scalar!(
        r#"INSERT INTO prunings ("timestamp", actor, started_before, calls, bytes, first_call_id, last_call_id)
        SELECT ?1, ?2, ?3, count(*), sum(bytes), min(call_id), max(call_id)
        FROM call_bodies
        WHERE call_id > ?4 AND call_id <= ?5 AND service = ?6 AND started_at < ?3 AND NOT is_waited_for
        RETURNING pruning_id AS "id!: i64""#,
        now,
        batch.actor,
        before,
        after,
        through,
        SERVICE
    );
    let pruning = pruning.fetch_one(&mut *tx).await?;
    sqlx::query!(
        "UPDATE api_calls SET response_body = NULL, pruning_id = ?1
        WHERE call_id IN (
            SELECT call_id FROM call_bodies
            WHERE call_id > ?2 AND call_id <= ?3 AND service = ?4 AND started_at < ?5 AND NOT is_waited_for
        )",
        pruning,
        after,
        through,
        SERVICE,
        before
    )
    .execute(tx)
    .await?;
    Ok(found)
}

struct PruningRow {
    at: String,
    actor: Text,
    started_before: String,
    calls: i64,
    bytes: i64,
    first_call_id: i64,
    last_call_id: i64,
}

impl PruningRow {
    fn read(self) -> StoreResult<Pruning> {
        let place = || "prunings, timestamp".to_owned();
        Ok(Pruning {
            at: times::read(&self.at, place)?,
            actor: self.actor.0,
            before: times::read(&self.started_before, || "prunings, started_before".to_owned())?,
            calls: self.calls.unsigned_abs(),
            bytes: self.bytes.unsigned_abs(),
            first: CallId(self.first_call_id),
            last: CallId(self.last_call_id),
        })
    }
}
