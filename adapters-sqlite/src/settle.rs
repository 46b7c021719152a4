//! Settle: all that one order's step leads to, together or not at all.

use std::collections::HashSet;

use ackord::Timestamp;
use ackord::call::CallId;
use ackord::failure::PROCESS;
use ackord::ports::{Settled, StoreResult};
use ackord::work::{NewEntry, OperationId, Settlement};
use sqlx::SqliteConnection;

use crate::work_store::{US, op};
use crate::{errors, inbox, times};

/// [`ackord::ports::WorkStore::settle`], inside of a transaction.
pub(crate) async fn settle(
    tx: &mut SqliteConnection,
    settlements: &[Settlement],
    now: Timestamp,
    operation: OperationId,
) -> StoreResult<Vec<Settled>> {
    let now = times::text(now);
    let operation = op(operation);
    let mut mentioned = HashSet::new();
    let mut settled = Vec::with_capacity(settlements.len());
    for settlement in settlements {
        if !mentioned.insert(&settlement.order_id) {
            // Of several settlements of one order the first alone can stand.
            settled.push(Settled::Lost);
            continue;
        }
        let one = settle_one(tx, settlement, &now, &operation).await;
        settled.push(one.map_err(errors::of_statement)?);
    }
    Ok(settled)
}

async fn settle_one(
    tx: &mut SqliteConnection,
    settlement: &Settlement,
    now: &str,
    operation: &str,
) -> sqlx::Result<Settled> {
    if !stand(tx, settlement, now, operation).await? {
        let repeated = was_settled_by(tx, settlement, operation).await?;
        return Ok(if repeated { Settled::Written } else { Settled::Lost });
    }
    let id = settlement.order_id.as_str();
    let version = settlement.version.0 + i64::from(settlement.entry.is_some());
    if let Some(resolution) = &settlement.resolution {
        // Before the new one is opened: only earlier entries close.
        sqlx::query!(
            "UPDATE process_failures SET resolved_at = ?3, resolved_by = ?4, resolution = ?5
            WHERE related_id = ?1 AND process_name = ?2 AND resolved_at IS NULL",
            id,
            PROCESS,
            now,
            US,
            resolution
        )
        .execute(&mut *tx)
        .await?;
    }
    if let Some(call) = settlement.close_call {
        close_call(tx, call).await?;
    }
    if let Some(entry) = &settlement.entry {
        append(tx, id, entry, version, now, operation).await?;
    }
    if let Some(failure) = &settlement.failure {
        inbox::insert(tx, failure, Some(version), now, Some(operation)).await?;
    }
    Ok(Settled::Written)
}

/// Whether this same operation settled the order before: its answer was lost.
async fn was_settled_by(tx: &mut SqliteConnection, settlement: &Settlement, operation: &str) -> sqlx::Result<bool> {
    let id = settlement.order_id.as_str();
    let version = settlement.version.0 + 1;
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
                SELECT 1 FROM order_work WHERE order_id = ?1 AND op_id = ?3
            ) OR EXISTS (
                SELECT 1 FROM order_status_history
                WHERE order_id = ?1 AND version = ?2 AND source = 'ackord' AND op_id = ?3
            ) AS "found!: bool""#,
        id,
        version,
        operation
    );
    found.fetch_one(tx).await
}

/// Moves the work row to where the settlement leaves it, and ends the lease, if (fence, version) are still the order's
/// and this same operation has not done so before.
async fn stand(tx: &mut SqliteConnection, settlement: &Settlement, now: &str, operation: &str) -> sqlx::Result<bool> {
    let id = settlement.order_id.as_str();
    let standing = &settlement.standing;
    let status = settlement.entry.as_ref().map(|entry| entry.status.as_str());
    let phase = standing.phase.as_str();
    let due_at = times::optional_text(standing.due_at);
    let since = times::text(standing.since);
    let decision = standing
        .decision
        .as_ref()
        .map(|decision| decision.to_json().to_string());
    let written = sqlx::query!(
        "UPDATE order_work SET
            version = version + (?4 IS NOT NULL),
            status = coalesce(?4, status),
            status_at = CASE WHEN ?4 IS NULL THEN status_at ELSE ?5 END,
            phase = ?6, due_at = ?7, attempt = ?8, looks = ?9, waiting_looks = ?10, slow_looks = ?11, since_at = ?12,
            call_open = ?13, decision = ?14, reason = ?15,
            lease_until = NULL, worker = NULL, op_id = ?16,
            unreleased_claims = CASE WHEN ?17 THEN max(unreleased_claims - 1, 0) ELSE 0 END,
            unreleased_alone = CASE WHEN ?17 THEN max(unreleased_alone - 1, 0) ELSE 0 END
        WHERE order_id = ?1 AND fence = ?2 AND version = ?3 AND op_id IS NOT ?16",
        id,
        settlement.fence.0,
        settlement.version.0,
        status,
        now,
        phase,
        due_at,
        standing.attempt,
        standing.looks,
        standing.waiting_looks,
        standing.slow_looks,
        since,
        standing.call_open,
        decision,
        standing.reason,
        operation,
        settlement.keeps_count
    )
    .execute(&mut *tx)
    .await?;
    Ok(written.rows_affected() == 1)
}

async fn close_call(tx: &mut SqliteConnection, call: CallId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE api_calls SET outcome = 'unanswered', is_success = 0 WHERE call_id = ?1 AND outcome IS NULL",
        call.0
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}

async fn append(
    tx: &mut SqliteConnection,
    id: &str,
    entry: &NewEntry,
    version: i64,
    now: &str,
    operation: &str,
) -> sqlx::Result<()> {
    let status = entry.status.as_str();
    let retry_at = times::optional_text(entry.retry_at);
    let send = entry.send.map(|call| call.0);
    let look = entry.look.map(|call| call.0);
    sqlx::query!(
        r#"INSERT INTO order_status_history
            (order_id, status, notes, "timestamp", version, source, actor, attempt, retry_at, send_call_id,
            look_call_id, op_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11)"#,
        id,
        status,
        entry.note,
        now,
        version,
        US,
        entry.attempt,
        retry_at,
        send,
        look,
        operation
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}
