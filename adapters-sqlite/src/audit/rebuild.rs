//! Work rows made anew, within the transaction that read their records.

use ackord::audit::{OrderRecord, Rebuilt, rebuilt};
use ackord::ports::{RebuiltPage, StoreResult};
use ackord::{OrderId, Timestamp};
use sqlx::SqliteConnection;

use crate::{errors, times};

/// [`ackord::ports::RecordAudit::rebuild`], of these records.
pub(super) async fn rebuild(
    tx: &mut SqliteConnection,
    records: &[OrderRecord],
    now: Timestamp,
) -> StoreResult<RebuiltPage> {
    let mut page = RebuiltPage::default();
    for record in records {
        let id = &record.order_id;
        match rebuilt(record, now) {
            Some(row) => {
                put(tx, id, &row).await.map_err(errors::of_statement)?;
                page.rebuilt += 1;
            }
            None if record.entries.is_empty() && record.unreadable.is_empty() => {
                page.removed += remove(tx, id).await.map_err(errors::of_statement)?;
            }
            None => page.skipped.push(id.clone()),
        }
        page.last = Some(id.clone());
    }
    Ok(page)
}

/// Puts the row under no lease, with a greater fencing number than any before.
async fn put(tx: &mut SqliteConnection, id: &OrderId, row: &Rebuilt) -> sqlx::Result<()> {
    let id = id.as_str();
    let standing = &row.standing;
    let status = row.status.as_str();
    let status_at = times::text(row.status_at);
    let placed_at = times::text(row.placed_at);
    let phase = standing.phase.as_str();
    let due_at = times::optional_text(standing.due_at);
    let since = times::text(standing.since);
    let call = row.call.map(|call| call.0);
    let decision = standing
        .decision
        .as_ref()
        .map(|decision| decision.to_json().to_string());
    sqlx::query!(
        "INSERT INTO order_work
            (order_id, version, status, status_at, placed_at, phase, due_at, attempt, looks, waiting_looks, slow_looks,
            since_at, call_id, call_open, decision, reason, fence)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
            max(?17, (SELECT epoch FROM store_meta) << 32) + 1)
        ON CONFLICT (order_id) DO UPDATE SET
            version = excluded.version, status = excluded.status, status_at = excluded.status_at,
            placed_at = excluded.placed_at, phase = excluded.phase, due_at = excluded.due_at,
            attempt = excluded.attempt, looks = excluded.looks, waiting_looks = excluded.waiting_looks,
            slow_looks = excluded.slow_looks, since_at = excluded.since_at, call_id = excluded.call_id,
            call_open = excluded.call_open, decision = excluded.decision, reason = excluded.reason,
            fence = max(excluded.fence, order_work.fence + 1),
            lease_until = NULL, worker = NULL, unreleased_claims = 0, unreleased_alone = 0, op_id = NULL",
        id,
        row.version.0,
        status,
        status_at,
        placed_at,
        phase,
        due_at,
        standing.attempt,
        standing.looks,
        standing.waiting_looks,
        standing.slow_looks,
        since,
        call,
        standing.call_open,
        decision,
        standing.reason,
        row.least_fence.0
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn remove(tx: &mut SqliteConnection, id: &OrderId) -> sqlx::Result<u64> {
    let id = id.as_str();
    let removed = sqlx::query!("DELETE FROM order_work WHERE order_id = ?1", id);
    Ok(removed.execute(tx).await?.rows_affected())
}
