//! Claim: a lease with a fencing number on orders that are due.
//!
//! Each phase is read along its own part of the index, oldest first, so the cost follows what is unsettled. Rows that
//! another claim has locked are passed over; correctness rests on the lock and on the conditions being asked again of
//! the locked row, not on the passing over. A claim that took something is noted by its operation id, for a day.

use std::collections::BTreeSet;

use ackord::ports::{ClaimRequest, StoreResult};
use ackord::time::plus;
use ackord::work::{Claimed, Phase};

use crate::columns::{at, page};
use crate::pool::Connections;
use crate::rows::ClaimedRow;
use crate::text::storable;

/// [`ackord::ports::WorkStore::claim`]. A lease counts as longer than any can be only from two lengths on: workers read
/// the clock a little apart, and a lease given out a moment ago by one that is ahead must hold. Rows that the same
/// operation claimed before are told again, and nothing else is claimed.
pub(crate) async fn claim(connections: &Connections, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
    let phases: BTreeSet<Phase> = request.phases.iter().copied().collect();
    let phases: Vec<&str> = phases.into_iter().map(Phase::as_str).collect();
    let worker = storable(&request.worker);
    let until = plus(request.now, request.lease);
    let rows = connections.write(|| {
        sqlx::query_as!(
            ClaimedRow,
            r#"
            WITH repeated AS MATERIALIZED (
                SELECT FROM claims WHERE op_id = $6
            ), before AS MATERIALIZED (
                SELECT * FROM order_work
                WHERE EXISTS (SELECT FROM repeated) AND phase = ANY ($1) AND phase <> 'settled'
                    AND op_id = $6 AND lease_until IS NOT NULL
            ), due AS MATERIALIZED (
                SELECT c.order_id
                FROM unnest($1::text[]) AS p (phase)
                CROSS JOIN LATERAL (
                    SELECT w.order_id, w.placed_at FROM order_work w
                    WHERE w.phase = p.phase AND w.phase <> 'settled' AND w.due_at <= $2
                        AND (w.lease_until IS NULL OR w.lease_until <= $2 OR w.lease_until > $7)
                    ORDER BY w.placed_at, w.order_id
                    LIMIT $5
                    FOR UPDATE SKIP LOCKED
                ) c
                WHERE NOT EXISTS (SELECT FROM repeated)
                ORDER BY c.placed_at, c.order_id
                LIMIT $5
            ), taken AS (
                UPDATE order_work w SET
                    fence = greatest(w.fence, (SELECT epoch << 32 FROM store_meta)) + 1,
                    lease_until = $3,
                    worker = $4,
                    unreleased_claims = w.unreleased_claims + 1,
                    op_id = $6
                FROM due d
                WHERE w.order_id = d.order_id
                RETURNING w.*
            ), noted AS (
                INSERT INTO claims (op_id, claimed_at) SELECT $6, $2 FROM taken LIMIT 1
            ), forgotten AS (
                DELETE FROM claims WHERE op_id IN (
                    SELECT op_id FROM claims WHERE claimed_at < $2 - interval '1 day' LIMIT 10 FOR UPDATE SKIP LOCKED
                )
            )
            SELECT t.order_id AS "order_id!", t.fence AS "fence!", t.version AS "version!", t.status AS "status!",
                t.placed_at AS "placed_at!", t.phase AS "phase!", t.due_at AS "due_at?", t.attempt AS "attempt!",
                t.looks AS "looks!", t.waiting_looks AS "waiting_looks!", t.slow_looks AS "slow_looks!",
                t.since_at AS "since_at!", t.call_open AS "call_open!", t.decision::text AS "decision?",
                t.reason AS "reason?", t.unreleased_claims AS "unreleased_claims!", c.call_id AS "call_id?",
                c."timestamp" AS "call_started_at?", c.answer_by AS "call_answer_by?", c.outcome AS "call_outcome?"
            FROM (SELECT * FROM taken UNION ALL SELECT * FROM before) t
            LEFT JOIN api_calls c ON c.call_id = t.call_id
            ORDER BY t.placed_at, t.order_id
            "#,
            &phases as &[&str],
            at(request.now),
            at(until),
            &*worker,
            page(request.limit),
            request.operation.0,
            at(plus(until, request.lease)),
        )
    });
    rows.await?.into_iter().map(Claimed::try_from).collect()
}
