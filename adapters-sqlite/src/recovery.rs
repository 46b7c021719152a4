//! [`Recovery`]: the hold on sending, and leases for a look at any order.

use ackord::ports::{Hold, Recovery, Sending, StoreResult, TakeUp};
use ackord::work::{Claimed, Epoch};
use ackord::{OrderId, Timestamp};
use async_trait::async_trait;
use sqlx::SqliteConnection;

use crate::claim::ClaimedRow;
use crate::pool::{self, SqliteStore};
use crate::rows::order_id;
use crate::work_store::{json_list, op, text_after};
use crate::{errors, times};

#[async_trait]
impl Recovery for SqliteStore {
    async fn sending(&self) -> StoreResult<Sending> {
        let row = sqlx::query!(
            r#"SELECT epoch AS "epoch!", held_epoch AS "held_epoch?", held_since AS "held_since?" FROM store_meta"#
        );
        let row = row.fetch_one(self.readers()).await.map_err(errors::of_statement)?;
        let since = times::read_optional(row.held_since.as_deref(), || "store_meta, held_since".to_owned())?;
        let hold = row.held_epoch.zip(since).map(|(epoch, since)| Hold {
            epoch: Epoch(epoch),
            since,
        });
        Ok(Sending {
            epoch: Epoch(row.epoch),
            hold,
        })
    }

    async fn hold_sending(&self, now: Timestamp) -> StoreResult<Hold> {
        let mut tx = self.begin_write().await?;
        let epoch = hold(&mut tx, now).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        Ok(Hold {
            epoch: Epoch(epoch),
            since: now,
        })
    }

    async fn allow_sending(&self, hold: Hold) -> StoreResult<bool> {
        let mut tx = self.begin_write().await?;
        sqlx::query!(
            "UPDATE store_meta SET held_since = NULL, held_epoch = NULL WHERE held_epoch = ?1",
            hold.epoch.0
        )
        .execute(&mut *tx)
        .await
        .map_err(errors::of_statement)?;
        let held = is_held(&mut tx).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        Ok(!held)
    }

    async fn to_reconcile(&self, settled_since: Timestamp) -> StoreResult<Vec<OrderId>> {
        let since = times::text(settled_since);
        let rows = sqlx::query!(
            r#"SELECT order_id AS "order_id!", 0 AS "settled!: i64" FROM order_work WHERE phase <> 'settled'
            UNION ALL
            SELECT order_id, 1 FROM order_work WHERE phase = 'settled' AND status_at >= ?1
            ORDER BY 2"#,
            since
        );
        let rows = rows.fetch_all(self.readers()).await.map_err(errors::of_statement)?;
        rows.iter().map(|row| order_id(&row.order_id)).collect()
    }

    async fn take_up(&self, request: &TakeUp) -> StoreResult<Vec<Claimed>> {
        let mut tx = self.begin_write().await?;
        let taken = take_up(&mut tx, request).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        taken.into_iter().map(ClaimedRow::read).collect()
    }
}

/// Whether sending is held.
pub(crate) async fn is_held(tx: &mut SqliteConnection) -> sqlx::Result<bool> {
    let held = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM store_meta WHERE held_since IS NOT NULL) AS "held!: bool""#
    );
    held.fetch_one(tx).await
}

/// Begins a hold in a new epoch, and voids every lease.
async fn hold(tx: &mut SqliteConnection, now: Timestamp) -> sqlx::Result<i64> {
    let least = Epoch::least_at(now).0;
    let now = times::text(now);
    let epoch = sqlx::query_scalar!(
        r#"UPDATE store_meta SET
            epoch = max(epoch + 1, ?1), held_epoch = max(epoch + 1, ?1), held_since = ?2
        RETURNING epoch AS "epoch!""#,
        least,
        now
    );
    let epoch = epoch.fetch_one(&mut *tx).await?;
    sqlx::query!(
        "UPDATE order_work SET fence = max(fence, ?1 << 32) + 1, lease_until = NULL, worker = NULL
        WHERE phase <> 'settled'",
        epoch
    )
    .execute(&mut *tx)
    .await?;
    Ok(epoch)
}

/// Leases what is unsettled and free, and tells it with what is settled.
async fn take_up(tx: &mut SqliteConnection, request: &TakeUp) -> sqlx::Result<Vec<ClaimedRow>> {
    let ids = json_list(request.ids.iter().map(OrderId::as_str));
    let operation = op(request.operation);
    let now = times::text(request.now);
    let until = text_after(request.now, request.lease);
    // As in a claim: a lease that ends later than this was given before a clock jumped.
    let longest = text_after(request.now, request.lease.saturating_mul(2));
    sqlx::query!(
        "UPDATE order_work SET
            fence = max(fence, (SELECT epoch FROM store_meta) << 32) + 1, lease_until = ?3, worker = ?4, op_id = ?5
        WHERE order_id IN (SELECT value FROM json_each(?1)) AND phase <> 'settled' AND op_id IS NOT ?5
            AND (lease_until IS NULL OR lease_until <= ?2 OR lease_until > ?6)",
        ids,
        now,
        until,
        request.worker,
        operation,
        longest
    )
    .execute(&mut *tx)
    .await?;
    let rows = sqlx::query_as!(
        ClaimedRow,
        r#"SELECT w.order_id AS "order_id!", w.fence AS "fence!", w.version AS "version!", w.status AS "status!",
            w.placed_at AS "placed_at!", w.phase AS "phase!", w.due_at AS "due_at?", w.attempt AS "attempt!",
            w.looks AS "looks!", w.waiting_looks AS "waiting_looks!", w.slow_looks AS "slow_looks!",
            w.since_at AS "since_at!", w.call_open AS "call_open!: bool", w.decision AS "decision?",
            w.reason AS "reason?", w.unreleased_claims AS "unreleased_claims!", w.unreleased_alone AS "unreleased_alone!",
            c.call_id AS "call_id?", c.at_utc AS "call_at?: String", c.answer_by AS "answer_by?", c.outcome AS "outcome?"
        FROM order_work w LEFT JOIN api_calls c ON c.call_id = w.call_id
        WHERE w.order_id IN (SELECT value FROM json_each(?1))
            AND (w.phase = 'settled' OR (w.op_id = ?2 AND w.lease_until IS NOT NULL))"#,
        ids,
        operation
    );
    rows.fetch_all(&mut *tx).await
}
