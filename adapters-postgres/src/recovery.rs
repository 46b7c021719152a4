//! [`Recovery`]: the hold on sending, and leases for a look at any order.
//!
//! A claim or an intent whose snapshot is older than the hold still sees none. Such a claim gets no further than its
//! intent; such an intent either stands before the hold does, or finds another number on the row that it waited for.

use ackord::Timestamp;
use ackord::order::OrderId;
use ackord::ports::{Hold, Recovery, Sending, StoreResult, TakeUp};
use ackord::time::plus;
use ackord::work::{Claimed, Epoch};
use async_trait::async_trait;
use sqlx::{Connection as _, PgConnection};

use crate::columns::{at, ids};
use crate::errors::{Access, of_statement};
use crate::pool::bounded;
use crate::rows::{ClaimedRow, corrupt, order};
use crate::store::PostgresStore;
use crate::text::storable;

#[async_trait]
impl Recovery for PostgresStore {
    async fn sending(&self) -> StoreResult<Sending> {
        let rows = self
            .connections
            .read(|| sqlx::query_as!(SendingRow, "SELECT epoch, held_epoch, held_since FROM store_meta"));
        let row = rows.await?.into_iter().next();
        row.map(Sending::from).ok_or_else(no_row)
    }

    async fn hold_sending(&self, now: Timestamp) -> StoreResult<Hold> {
        let rows = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                WITH meta AS (
                    UPDATE store_meta SET
                        epoch = greatest(epoch + 1, $1), held_epoch = greatest(epoch + 1, $1), held_since = $2
                    RETURNING epoch
                ), unsettled AS MATERIALIZED (
                    SELECT w.order_id, m.epoch FROM meta m CROSS JOIN order_work w
                    WHERE w.phase <> 'settled'
                    ORDER BY w.order_id
                    FOR UPDATE OF w
                ), voided AS (
                    UPDATE order_work w SET
                        fence = greatest(w.fence, u.epoch << 32) + 1, lease_until = NULL, worker = NULL
                    FROM unsettled u
                    WHERE w.order_id = u.order_id
                )
                SELECT epoch FROM meta
                "#,
                Epoch::least_at(now).0,
                at(now),
            )
        });
        let epoch = rows.await?.into_iter().next().ok_or_else(no_row)?;
        Ok(Hold {
            epoch: Epoch(epoch),
            since: now,
        })
    }

    async fn allow_sending(&self, hold: Hold) -> StoreResult<bool> {
        let ended = self.connections.write(|| {
            sqlx::query_scalar!(
                "UPDATE store_meta SET held_since = NULL, held_epoch = NULL WHERE held_epoch = $1 RETURNING epoch",
                hold.epoch.0,
            )
        });
        if !ended.await?.is_empty() {
            return Ok(true);
        }
        Ok(self.sending().await?.hold.is_none())
    }

    async fn to_reconcile(&self, settled_since: Timestamp) -> StoreResult<Vec<OrderId>> {
        let mut lent = self.connections.lend().await?;
        let outcome = {
            let (connection, patience) = lent.parts()?;
            bounded(patience, unsettled_and_settled_since(connection, settled_since)).await
        };
        let found = lent.end(outcome).map_err(|error| of_statement(error, Access::Read))?;
        found.into_iter().map(|id| order("order_work", id)).collect()
    }

    async fn take_up(&self, request: &TakeUp) -> StoreResult<Vec<Claimed>> {
        let order_id = ids(&request.ids);
        let worker = storable(&request.worker);
        let until = plus(request.now, request.lease);
        let rows = self.connections.write(|| {
            sqlx::query_as!(
                ClaimedRow,
                r#"
                WITH told AS MATERIALIZED (
                    SELECT * FROM order_work
                    WHERE order_id = ANY ($1) AND (phase = 'settled' OR (op_id = $5 AND lease_until IS NOT NULL))
                ), free AS MATERIALIZED (
                    SELECT w.order_id FROM order_work w
                    WHERE w.order_id = ANY ($1) AND w.phase <> 'settled' AND w.op_id IS DISTINCT FROM $5
                        AND (w.lease_until IS NULL OR w.lease_until <= $2 OR w.lease_until > $6)
                    ORDER BY w.order_id
                    FOR UPDATE
                ), taken AS (
                    UPDATE order_work w SET
                        fence = greatest(w.fence, (SELECT epoch << 32 FROM store_meta)) + 1,
                        lease_until = $3,
                        worker = $4,
                        op_id = $5
                    FROM free f
                    WHERE w.order_id = f.order_id
                    RETURNING w.*
                )
                SELECT t.order_id AS "order_id!", t.fence AS "fence!", t.version AS "version!", t.status AS "status!",
                    t.placed_at AS "placed_at!", t.phase AS "phase!", t.due_at AS "due_at?", t.attempt AS "attempt!",
                    t.looks AS "looks!", t.waiting_looks AS "waiting_looks!", t.slow_looks AS "slow_looks!",
                    t.since_at AS "since_at!", t.call_open AS "call_open!", t.decision::text AS "decision?",
                    t.reason AS "reason?", t.unreleased_claims AS "unreleased_claims!",
                    t.unreleased_alone AS "unreleased_alone!", c.call_id AS "call_id?",
                    c."timestamp" AS "call_started_at?", c.answer_by AS "call_answer_by?", c.outcome AS "call_outcome?"
                FROM (SELECT * FROM taken UNION ALL SELECT * FROM told) t
                LEFT JOIN api_calls c ON c.call_id = t.call_id
                "#,
                &order_id as &[&str],
                at(request.now),
                at(until),
                &*worker,
                request.operation.0,
                at(plus(until, request.lease)),
            )
        });
        rows.await?.into_iter().map(Claimed::try_from).collect()
    }
}

/// What is unsettled first. The times of entries are indexed by ranges of pages, which bitmaps alone can read.
async fn unsettled_and_settled_since(connection: &mut PgConnection, since: Timestamp) -> sqlx::Result<Vec<String>> {
    let mut transaction = connection.begin().await?;
    sqlx::query!("SELECT set_config('enable_bitmapscan', 'on', true) AS bitmaps")
        .fetch_one(&mut *transaction)
        .await?;
    let found = sqlx::query_scalar!(
        r#"
        SELECT order_id AS "order_id!" FROM (
            SELECT order_id, 0 AS part FROM order_work WHERE phase <> 'settled'
            UNION ALL
            -- An order's newest entry has the time of its status.
            SELECT w.order_id, 1 AS part
            FROM order_status_history h JOIN order_work w ON w.order_id = h.order_id
            WHERE h."timestamp" >= $1 AND h.version = w.version AND w.phase = 'settled'
        ) found
        ORDER BY part
        "#,
        at(since),
    );
    let found = found.fetch_all(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(found)
}

struct SendingRow {
    epoch: i64,
    held_epoch: Option<i64>,
    held_since: Option<jiff_sqlx::Timestamp>,
}

impl From<SendingRow> for Sending {
    fn from(row: SendingRow) -> Self {
        let hold = row.held_epoch.zip(row.held_since).map(|(epoch, since)| Hold {
            epoch: Epoch(epoch),
            since: since.to_jiff(),
        });
        Self {
            epoch: Epoch(row.epoch),
            hold,
        }
    }
}

fn no_row() -> ackord::ports::StoreError {
    corrupt("store_meta has no row")
}
