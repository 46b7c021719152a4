//! Work rows made anew, while workers and other programs go on.
//!
//! Whoever appends to a timeline locks its work row first. So the rows of the page are locked before their records are
//! read, and nothing that they are made from can change until they are written. A row that is missing can't be locked:
//! it is inserted, and where somebody else has just made one, the page is done again.

use ackord::Timestamp;
use ackord::audit::{OrderRecord, Rebuilt, rebuilt};
use ackord::order::OrderId;
use ackord::ports::{RebuiltPage, StoreError, StoreResult};
use sqlx::{Connection as _, PgConnection};

use super::read::{page, records};
use crate::columns::{Standings, at, ids};
use crate::errors::{Access, of_statement};
use crate::pool::{Connections, Retry, bounded};

/// How often a page is done again because rows came up that were missing.
const ATTEMPTS: u32 = 20;

/// [`ackord::ports::RecordAudit::rebuild`].
pub(super) async fn rebuild(
    connections: &Connections,
    after: Option<&OrderId>,
    limit: usize,
    now: Timestamp,
) -> StoreResult<RebuiltPage> {
    let mut retry = Retry::default();
    let mut attempts = 0;
    loop {
        let mut lent = connections.lend().await?;
        let outcome = {
            let (connection, patience) = lent.parts()?;
            bounded(patience, attempt(connection, after, limit, now)).await
        };
        match lent.end(outcome) {
            Ok(Some(page)) => return Ok(page),
            Ok(None) if attempts < ATTEMPTS => attempts += 1,
            Ok(None) => {
                let what = "work rows came up while they were made anew, again and again";
                return Err(StoreError::Busy(what.into()));
            }
            Err(error) if retry.again_after(&error).await => {}
            Err(error) => return Err(of_statement(error, Access::Write)),
        }
    }
}

/// One transaction; `None` where a missing row has come up meanwhile, and nothing was written.
async fn attempt(
    connection: &mut PgConnection,
    after: Option<&OrderId>,
    limit: usize,
    now: Timestamp,
) -> sqlx::Result<Option<RebuiltPage>> {
    let mut tx = connection.begin().await?;
    let orders = page(&mut tx, after, limit).await?;
    let locked = sqlx::query_scalar!(
        "SELECT order_id FROM order_work WHERE order_id = ANY ($1) ORDER BY order_id FOR UPDATE",
        &ids(&orders) as &[&str],
    );
    let locked = locked.fetch_all(&mut *tx).await?;
    let records = records(&mut tx, &orders).await?;
    let mut told = RebuiltPage {
        last: orders.last().cloned(),
        ..RebuiltPage::default()
    };
    let mut anew: Vec<(&OrderId, Rebuilt)> = Vec::new();
    let mut without_a_timeline: Vec<&OrderId> = Vec::new();
    for record in &records {
        match rebuilt(record, now) {
            Some(row) => anew.push((&record.order_id, row)),
            None if has_no_timeline(record) => without_a_timeline.push(&record.order_id),
            None => told.skipped.push(record.order_id.clone()),
        }
    }
    if put(&mut tx, &anew, &locked).await? < anew.len() {
        tx.rollback().await?;
        return Ok(None);
    }
    told.rebuilt = anew.len() as u64;
    told.removed = remove(&mut tx, &without_a_timeline).await?;
    tx.commit().await?;
    Ok(Some(told))
}

fn has_no_timeline(record: &OrderRecord) -> bool {
    record.entries.is_empty() && record.unreadable.is_empty()
}

/// Puts the rows under no lease, each with a greater fencing number than any before; tells how many. A row that is there and
/// was not locked is left as it is.
async fn put(connection: &mut PgConnection, rows: &[(&OrderId, Rebuilt)], locked: &[String]) -> sqlx::Result<usize> {
    let mut standings = Standings::default();
    for (_, row) in rows {
        standings.push(&row.standing);
    }
    let order_id = ids(rows.iter().map(|(id, _)| *id));
    let version: Vec<i64> = rows.iter().map(|(_, row)| row.version.0).collect();
    let status: Vec<&str> = rows.iter().map(|(_, row)| row.status.as_str()).collect();
    let status_at: Vec<_> = rows.iter().map(|(_, row)| at(row.status_at)).collect();
    let placed_at: Vec<_> = rows.iter().map(|(_, row)| at(row.placed_at)).collect();
    let call_id: Vec<Option<i64>> = rows.iter().map(|(_, row)| row.call.map(|call| call.0)).collect();
    let fence: Vec<i64> = rows.iter().map(|(_, row)| row.least_fence.0).collect();
    let written = sqlx::query_scalar!(
        r#"
        INSERT INTO order_work AS w (order_id, version, status, status_at, placed_at, call_id, fence, phase, due_at,
            attempt, looks, waiting_looks, slow_looks, since_at, call_open, decision, reason)
        SELECT g.order_id, g.version, g.status, g.status_at, g.placed_at, g.call_id,
            greatest(g.fence, (SELECT epoch << 32 FROM store_meta)) + 1, g.phase, g.due_at,
            g.attempt, g.looks, g.waiting_looks, g.slow_looks, g.since_at, g.call_open, g.decision::jsonb, g.reason
        FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[], $7::bigint[],
            $8::text[], $9::timestamptz[], $10::integer[], $11::integer[], $12::integer[], $13::integer[],
            $14::timestamptz[], $15::boolean[], $16::text[], $17::text[])
            AS g (order_id, version, status, status_at, placed_at, call_id, fence, phase, due_at, attempt, looks,
                waiting_looks, slow_looks, since_at, call_open, decision, reason)
        ON CONFLICT (order_id) DO UPDATE SET
            version = EXCLUDED.version, status = EXCLUDED.status, status_at = EXCLUDED.status_at,
            placed_at = EXCLUDED.placed_at, call_id = EXCLUDED.call_id, phase = EXCLUDED.phase,
            due_at = EXCLUDED.due_at, attempt = EXCLUDED.attempt, looks = EXCLUDED.looks,
            waiting_looks = EXCLUDED.waiting_looks, slow_looks = EXCLUDED.slow_looks, since_at = EXCLUDED.since_at,
            call_open = EXCLUDED.call_open, decision = EXCLUDED.decision, reason = EXCLUDED.reason,
            fence = greatest(EXCLUDED.fence, w.fence + 1),
            lease_until = NULL, worker = NULL, unreleased_claims = 0, unreleased_alone = 0, op_id = NULL
        WHERE w.order_id = ANY ($18)
        RETURNING order_id
        "#,
        &order_id as &[&str],
        &version,
        &status as &[&str],
        &status_at,
        &placed_at,
        &call_id as &[Option<i64>],
        &fence,
        &standings.phase as &[&str],
        &standings.due_at as &[Option<jiff_sqlx::Timestamp>],
        &standings.attempt,
        &standings.looks,
        &standings.waiting_looks,
        &standings.slow_looks,
        &standings.since_at,
        &standings.call_open,
        &standings.decision as &[Option<String>],
        &standings.reason as &[Option<std::borrow::Cow<'_, str>>],
        locked,
    );
    Ok(written.fetch_all(connection).await?.len())
}

async fn remove(connection: &mut PgConnection, orders: &[&OrderId]) -> sqlx::Result<u64> {
    let removed = sqlx::query!(
        "DELETE FROM order_work WHERE order_id = ANY ($1)",
        &ids(orders.iter().copied()) as &[&str]
    );
    Ok(removed.execute(connection).await?.rows_affected())
}
