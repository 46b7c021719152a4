//! Settle: all that one order's step leads to, together or not at all.

use std::collections::HashSet;

use ackord::Timestamp;
use ackord::call::CallId;
use ackord::failure::PROCESS;
use ackord::ports::{Settled, StoreResult};
use ackord::work::{OperationId, Settlement};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::work_store::{US, listed, op};
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
    let first: Vec<&Settlement> = settlements
        .iter()
        .filter(|settlement| mentioned.insert(settlement.order_id.as_str()))
        .collect();
    let mut written = write(tx, &first, &now, &operation)
        .await
        .map_err(errors::of_statement)?;
    let mut settled = Vec::with_capacity(settlements.len());
    for settlement in settlements {
        // Of several settlements of one order the first alone can stand.
        let is_first = mentioned.remove(settlement.order_id.as_str());
        let stands = is_first
            && (written.remove(settlement.order_id.as_str())
                || was_settled_by(tx, settlement, &operation)
                    .await
                    .map_err(errors::of_statement)?);
        settled.push(if stands { Settled::Written } else { Settled::Lost });
    }
    Ok(settled)
}

/// Writes all that follows from those whose (fence, version) are still the order's; tells which these are.
async fn write(
    tx: &mut SqliteConnection,
    settlements: &[&Settlement],
    now: &str,
    operation: &str,
) -> sqlx::Result<HashSet<String>> {
    let standing = stand(tx, settlements, now, operation).await?;
    let written = || {
        settlements
            .iter()
            .copied()
            .filter(|one| standing.contains(one.order_id.as_str()))
    };
    for settlement in written() {
        // Before the new one is opened: only earlier entries close.
        if let Some(resolution) = &settlement.resolution {
            resolve(tx, settlement.order_id.as_str(), resolution, now).await?;
        }
        if let Some(call) = settlement.close_call {
            close_call(tx, call).await?;
        }
    }
    append(tx, written(), now, operation).await?;
    for settlement in written() {
        if let Some(failure) = &settlement.failure {
            inbox::insert(tx, failure, Some(version_after(settlement)), now, Some(operation)).await?;
        }
    }
    Ok(standing)
}

/// The order's version once it is settled.
fn version_after(settlement: &Settlement) -> i64 {
    settlement.version.0 + i64::from(settlement.entry.is_some())
}

async fn resolve(tx: &mut SqliteConnection, id: &str, resolution: &str, now: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE process_failures SET resolved_at = ?3, resolved_by = ?4, resolution = ?5
        WHERE related_id = ?1 AND process_name = ?2 AND resolved_at IS NULL",
        id,
        PROCESS,
        now,
        US,
        resolution
    )
    .execute(tx)
    .await?;
    Ok(())
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

/// Moves the work rows to where the settlements leave them, and ends the leases, of those orders whose (fence, version) are
/// still the order's and that this same operation has not settled before; tells which these are. One statement, whatever
/// their number: to have one run costs more than the row does.
async fn stand(
    tx: &mut SqliteConnection,
    settlements: &[&Settlement],
    now: &str,
    operation: &str,
) -> sqlx::Result<HashSet<String>> {
    let rows = settlements.iter().map(|settlement| {
        let standing = &settlement.standing;
        let decision = standing.decision.as_ref();
        json!([
            settlement.order_id.as_str(),
            settlement.fence.0,
            settlement.version.0,
            settlement.entry.as_ref().map(|entry| listed(entry.status.as_str())),
            standing.phase.as_str(),
            times::optional_text(standing.due_at),
            standing.attempt,
            standing.looks,
            standing.waiting_looks,
            standing.slow_looks,
            times::text(standing.since),
            standing.call_open,
            decision.map(|decision| decision.to_json().to_string()),
            standing.reason.as_deref().map(listed),
            settlement.keeps_count,
        ])
    });
    let rows = Value::from_iter(rows).to_string();
    let standing = sqlx::query_scalar!(
        r#"UPDATE order_work SET
            version = order_work.version + (g.status IS NOT NULL),
            status = coalesce(g.status, order_work.status),
            status_at = CASE WHEN g.status IS NULL THEN order_work.status_at ELSE ?2 END,
            phase = g.phase, due_at = g.due_at, attempt = g.attempt, looks = g.looks, waiting_looks = g.waiting_looks,
            slow_looks = g.slow_looks, since_at = g.since_at, call_open = g.call_open, decision = g.decision,
            reason = g.reason, lease_until = NULL, worker = NULL, op_id = ?3,
            unreleased_claims = CASE WHEN g.keeps_count THEN max(order_work.unreleased_claims - 1, 0) ELSE 0 END,
            unreleased_alone = CASE WHEN g.keeps_count THEN max(order_work.unreleased_alone - 1, 0) ELSE 0 END
        FROM (
            SELECT value ->> 0 AS order_id, value ->> 1 AS fence, value ->> 2 AS version, value ->> 3 AS status,
                value ->> 4 AS phase, value ->> 5 AS due_at, value ->> 6 AS attempt, value ->> 7 AS looks,
                value ->> 8 AS waiting_looks, value ->> 9 AS slow_looks, value ->> 10 AS since_at,
                value ->> 11 AS call_open, value ->> 12 AS decision, value ->> 13 AS reason, value ->> 14 AS keeps_count
            FROM json_each(?1)
        ) AS g
        WHERE order_work.order_id = g.order_id AND order_work.fence = g.fence AND order_work.version = g.version
            AND order_work.op_id IS NOT ?3
        RETURNING order_work.order_id AS "order_id!: String""#,
        rows,
        now,
        operation
    );
    Ok(standing.fetch_all(tx).await?.into_iter().collect())
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

/// Appends the entries, in one statement.
async fn append(
    tx: &mut SqliteConnection,
    settlements: impl Iterator<Item = &Settlement>,
    now: &str,
    operation: &str,
) -> sqlx::Result<()> {
    let rows: Vec<Value> = settlements
        .filter_map(|settlement| {
            let entry = settlement.entry.as_ref()?;
            Some(json!([
                settlement.order_id.as_str(),
                version_after(settlement),
                listed(entry.status.as_str()),
                listed(&entry.note),
                entry.attempt,
                times::optional_text(entry.retry_at),
                entry.send.map(|call| call.0),
                entry.look.map(|call| call.0),
            ]))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let rows = Value::from(rows).to_string();
    sqlx::query!(
        r#"INSERT INTO order_status_history
            (order_id, version, status, notes, attempt, retry_at, send_call_id, look_call_id, "timestamp", source, actor,
            op_id)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
            ?2, ?3, ?3, ?4
        FROM json_each(?1) ORDER BY key"#,
        rows,
        now,
        US,
        operation
    )
    .execute(tx)
    .await?;
    Ok(())
}
