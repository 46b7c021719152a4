//! Claim without passing over locked rows: for databases that can't.
//!
//! Of several workers that read the same rows one takes each; whoever comes away with nothing while something is left
//! tries again. A row that another program keeps locked must not hold up the others: where a lock was in the way, rows are
//! asked for it one by one, and those that are locked are left out.

use ackord::ports::{StoreError, StoreResult};
use jiff_sqlx::Timestamp as At;

use super::Terms;
use crate::pool::Connections;
use crate::rows::ClaimedRow;

/// How often a claim is tried that others were quicker than; each time somebody got on with the work.
const ATTEMPTS: u32 = 16;

pub(super) async fn claim(connections: &Connections, terms: &Terms<'_>) -> StoreResult<Vec<ClaimedRow>> {
    let mut locked: Vec<String> = Vec::new();
    for attempt in 1..=ATTEMPTS {
        match take(connections, terms, &locked).await {
            Ok(rows) if !rows.is_empty() => return Ok(rows),
            Ok(_) if candidates(connections, terms, &locked).await?.is_empty() => break,
            Ok(_) => {}
            Err(StoreError::Busy(_)) if attempt < ATTEMPTS => {
                for id in candidates(connections, terms, &locked).await? {
                    if is_locked(connections, &id).await? {
                        locked.push(id);
                    }
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Vec::new())
}

async fn take(connections: &Connections, terms: &Terms<'_>, without: &[String]) -> StoreResult<Vec<ClaimedRow>> {
    let rows = connections.write_once(|| {
        sqlx::query_file_as!(
            ClaimedRow,
            "queries/claim_guarded.sql",
            &terms.phases as &[&str],
            terms.now,
            terms.until,
            &*terms.worker,
            terms.limit,
            terms.operation.0,
            terms.longest,
            terms.together,
            terms.suspects,
            &terms.from as &[Option<At>],
            without,
        )
    });
    rows.await
}

/// The orders that a claim would take now, if nobody was in the way; none for one that has taken something before.
async fn candidates(connections: &Connections, terms: &Terms<'_>, without: &[String]) -> StoreResult<Vec<String>> {
    let rows = connections.read(|| {
        sqlx::query_scalar!(
            r#"
            SELECT c.order_id AS "order_id!"
            FROM unnest($1::text[], $9::timestamptz[]) AS p (phase, placed_from)
            CROSS JOIN LATERAL (
                SELECT w.order_id FROM order_work w
                WHERE w.phase = p.phase AND w.phase <> 'settled' AND w.due_at <= $2
                    AND w.placed_at >= coalesce(p.placed_from, '-infinity')
                    AND (w.lease_until IS NULL OR w.lease_until <= $2 OR w.lease_until > $3)
                    AND (w.unreleased_claims < $4 OR $5)
                    AND w.order_id <> ALL ($6::text[])
                ORDER BY w.placed_at, w.order_id
                LIMIT $7
            ) c
            WHERE NOT EXISTS (SELECT FROM claims WHERE op_id = $8)
                AND (p.phase NOT IN ('ready', 'sending')
                    OR NOT EXISTS (SELECT FROM store_meta m WHERE m.held_since IS NOT NULL))
            "#,
            &terms.phases as &[&str],
            terms.now,
            terms.longest,
            terms.together,
            terms.suspects,
            without,
            terms.limit,
            terms.operation.0,
            &terms.from as &[Option<At>],
        )
    });
    rows.await
}

/// Whether somebody else has the row locked.
async fn is_locked(connections: &Connections, order_id: &str) -> StoreResult<bool> {
    let asked = connections.write_once(|| {
        sqlx::query_scalar!(
            "SELECT order_id FROM order_work WHERE order_id = $1 FOR UPDATE NOWAIT",
            order_id,
        )
    });
    match asked.await {
        Ok(_) => Ok(false),
        Err(StoreError::Busy(_)) => Ok(true),
        Err(error) => Err(error),
    }
}
