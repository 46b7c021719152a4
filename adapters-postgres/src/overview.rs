//! [`Overview`]: how the store stands, in one statement, so that its parts are of one moment.

use ackord::failure::FailureCause;
use ackord::ports::{
    OpenGroup, Overview, OverviewRequest, PhaseCount, StoreError, StoreResult, StoreStanding, Unaccepted,
};
use async_trait::async_trait;
use jiff_sqlx::Timestamp as At;

use crate::columns::{at, page};
use crate::rows::{order, phase, time};
use crate::store::PostgresStore;

#[async_trait]
impl Overview for PostgresStore {
    async fn standing(&self, asked: &OverviewRequest) -> StoreResult<StoreStanding> {
        let rows = self.connections.read(|| {
            sqlx::query_as!(
                PartRow,
                r#"
                WITH unsettled AS MATERIALIZED (
                    SELECT w.order_id, w.phase, w.placed_at, coalesce(w.lease_until > $1, false) AS is_leased,
                        CASE w.phase
                            WHEN 'validating' THEN w.call_open AND c.outcome IS DISTINCT FROM 'applied'
                            ELSE NOT EXISTS (
                                SELECT FROM process_failures f
                                WHERE f.related_id = w.order_id AND f.resolved_at IS NULL AND f.cause = $6
                            )
                        END AS is_unaccepted
                    FROM order_work w
                    -- The limit has each order's call found by its key: as a join, or asked for by EXISTS, all calls may be read.
                    LEFT JOIN LATERAL (
                        SELECT c.outcome FROM api_calls c WHERE c.call_id = w.call_id AND w.phase = 'validating' LIMIT 1
                    ) c ON true
                    WHERE w.phase <> 'settled'
                ), oldest AS (
                    SELECT order_id, placed_at FROM unsettled WHERE is_unaccepted ORDER BY placed_at, order_id LIMIT $5
                ), open AS (
                    SELECT process_name, coalesce(cause, '') AS cause, needs_person, count(*) AS entries,
                        min("timestamp") AS oldest_at,
                        (array_agg(related_id ORDER BY failure_id) FILTER (WHERE related_id IS NOT NULL))[1:$7] AS first
                    FROM process_failures
                    WHERE resolved_at IS NULL
                    GROUP BY process_name, coalesce(cause, ''), needs_person
                )
                SELECT 1 AS "part!", phase AS "name!", NULL::text AS cause, NULL::boolean AS needs_person, count(*) AS "orders!",
                    count(*) FILTER (WHERE is_leased) AS "leased!", count(*) FILTER (WHERE is_unaccepted) AS "unaccepted!",
                    count(*) FILTER (WHERE is_unaccepted AND placed_at <= $2) AS "half!",
                    count(*) FILTER (WHERE is_unaccepted AND placed_at <= $3) AS "late!",
                    count(*) FILTER (WHERE is_unaccepted AND placed_at <= $4) AS "past!",
                    NULL::timestamptz AS at, NULL::text[] AS first
                FROM unsettled GROUP BY phase
                UNION ALL
                SELECT 2, order_id, NULL, NULL, 0, 0, 0, 0, 0, 0, placed_at, NULL FROM oldest
                UNION ALL
                SELECT 3, process_name, cause, needs_person, entries, 0, 0, 0, 0, 0, oldest_at, first FROM open
                "#,
                at(asked.now),
                at(asked.half_by),
                at(asked.late_by),
                at(asked.past_by),
                page(asked.names),
                FailureCause::DebitOverdue.as_str(),
                i32::try_from(asked.names).unwrap_or(i32::MAX),
            )
        });
        let mut standing = StoreStanding::default();
        for row in rows.await? {
            row.count_in(&mut standing)?;
        }
        standing.phases.sort_by_key(|count| count.phase);
        standing
            .oldest
            .sort_by(|one, other| (one.placed_at, &one.order_id).cmp(&(other.placed_at, &other.order_id)));
        standing.open.sort_by(|one, other| {
            (&one.process_name, &one.cause, one.needs_person).cmp(&(
                &other.process_name,
                &other.cause,
                other.needs_person,
            ))
        });
        Ok(standing)
    }
}

/// A phase with its counts, an order, or a group of the inbox.
struct PartRow {
    part: i32,
    name: String,
    cause: Option<String>,
    needs_person: Option<bool>,
    orders: i64,
    leased: i64,
    unaccepted: i64,
    half: i64,
    late: i64,
    past: i64,
    at: Option<At>,
    first: Option<Vec<String>>,
}

impl PartRow {
    fn count_in(self, standing: &mut StoreStanding) -> Result<(), StoreError> {
        match (self.part, self.at) {
            (1, _) => {
                standing.leased += self.leased.unsigned_abs();
                standing.unaccepted += self.unaccepted.unsigned_abs();
                standing.half += self.half.unsigned_abs();
                standing.late += self.late.unsigned_abs();
                standing.past += self.past.unsigned_abs();
                standing.phases.push(PhaseCount {
                    phase: phase("of the overview", &self.name)?,
                    orders: self.orders.unsigned_abs(),
                });
            }
            (2, Some(placed_at)) => standing.oldest.push(Unaccepted {
                order_id: order("order_work", self.name)?,
                placed_at: time(placed_at),
            }),
            (_, oldest_at) => standing.open.push(OpenGroup {
                process_name: self.name,
                cause: self.cause.unwrap_or_default(),
                needs_person: self.needs_person.unwrap_or(true),
                entries: self.orders.unsigned_abs(),
                oldest_at: oldest_at.map_or(ackord::Timestamp::UNIX_EPOCH, time),
                first: self.first.unwrap_or_default(),
            }),
        }
        Ok(())
    }
}
