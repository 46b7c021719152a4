//! [`Overview`]: how the store stands, read at one moment.

use ackord::failure::FailureCause;
use ackord::ports::{
    OpenGroup, Overview, OverviewRequest, PhaseCount, StoreError, StoreResult, StoreStanding, Unaccepted,
};
use ackord::work::Phase;
use async_trait::async_trait;
use sqlx::SqliteConnection;

use crate::pool::SqliteStore;
use crate::rows::{Text, order_id};
use crate::{errors, times};

#[async_trait]
impl Overview for SqliteStore {
    async fn standing(&self, asked: &OverviewRequest) -> StoreResult<StoreStanding> {
        let mut tx = self.begin_read().await?;
        let names = i64::try_from(asked.names).unwrap_or(i64::MAX);
        let mut standing = StoreStanding::default();
        for row in phases(&mut tx, asked).await.map_err(errors::of_statement)? {
            row.count_in(&mut standing)?;
        }
        standing.phases.sort_by_key(|count| count.phase);
        for (id, placed_at) in oldest(&mut tx, names).await.map_err(errors::of_statement)? {
            standing.oldest.push(Unaccepted {
                placed_at: times::read(&placed_at, || format!("order_work, order `{}`, placed_at", id.0))?,
                order_id: order_id(&id.0)?,
            });
        }
        for group in groups(&mut tx, names).await.map_err(errors::of_statement)? {
            standing.open.push(group.read()?);
        }
        Ok(standing)
    }
}

struct PhaseRow {
    phase: String,
    orders: i64,
    leased: i64,
    unaccepted: i64,
    half: i64,
    late: i64,
    past: i64,
}

impl PhaseRow {
    fn count_in(self, standing: &mut StoreStanding) -> StoreResult<()> {
        let phase = Phase::parse(&self.phase).ok_or_else(|| StoreError::Corrupt {
            what: format!("order_work: the phase `{}`", self.phase),
        })?;
        standing.leased += self.leased.unsigned_abs();
        standing.unaccepted += self.unaccepted.unsigned_abs();
        standing.half += self.half.unsigned_abs();
        standing.late += self.late.unsigned_abs();
        standing.past += self.past.unsigned_abs();
        standing.phases.push(PhaseCount {
            phase,
            orders: self.orders.unsigned_abs(),
        });
        Ok(())
    }
}

async fn phases(tx: &mut SqliteConnection, asked: &OverviewRequest) -> sqlx::Result<Vec<PhaseRow>> {
    let [now, half, late, past] = [asked.now, asked.half_by, asked.late_by, asked.past_by].map(times::text);
    let overdue = FailureCause::DebitOverdue.as_str();
    sqlx::query_as!(
        PhaseRow,
        r#"WITH unsettled AS (
            SELECT w.phase, w.placed_at, w.lease_until > ?1 AS is_leased,
                CASE w.phase
                    WHEN 'validating' THEN w.call_open AND NOT EXISTS (
                        SELECT 1 FROM api_calls c WHERE c.call_id = w.call_id AND c.outcome = 'applied'
                    )
                    ELSE NOT EXISTS (
                        SELECT 1 FROM process_failures f
                        WHERE f.related_id = w.order_id AND f.resolved_at IS NULL AND f.cause = ?5
                    )
                END AS is_unaccepted
            FROM order_work w
            WHERE w.phase <> 'settled'
        )
        SELECT phase AS "phase!", count(*) AS "orders!: i64", count(*) FILTER (WHERE is_leased) AS "leased!: i64",
            count(*) FILTER (WHERE is_unaccepted) AS "unaccepted!: i64",
            count(*) FILTER (WHERE is_unaccepted AND placed_at <= ?2) AS "half!: i64",
            count(*) FILTER (WHERE is_unaccepted AND placed_at <= ?3) AS "late!: i64",
            count(*) FILTER (WHERE is_unaccepted AND placed_at <= ?4) AS "past!: i64"
        FROM unsettled GROUP BY phase"#,
        now,
        half,
        late,
        past,
        overdue
    )
    .fetch_all(tx)
    .await
}

async fn oldest(tx: &mut SqliteConnection, names: i64) -> sqlx::Result<Vec<(Text, String)>> {
    let overdue = FailureCause::DebitOverdue.as_str();
    let rows = sqlx::query!(
        r#"SELECT w.order_id AS "order_id!: Text", w.placed_at AS "placed_at!"
        FROM order_work w
        WHERE w.phase <> 'settled' AND CASE w.phase
            WHEN 'validating' THEN w.call_open AND NOT EXISTS (
                SELECT 1 FROM api_calls c WHERE c.call_id = w.call_id AND c.outcome = 'applied'
            )
            ELSE NOT EXISTS (
                SELECT 1 FROM process_failures f
                WHERE f.related_id = w.order_id AND f.resolved_at IS NULL AND f.cause = ?2
            )
        END
        ORDER BY w.placed_at, w.order_id LIMIT ?1"#,
        names,
        overdue
    );
    let rows = rows.fetch_all(tx).await?;
    Ok(rows.into_iter().map(|row| (row.order_id, row.placed_at)).collect())
}

struct GroupRow {
    process_name: Text,
    cause: Text,
    needs_person: bool,
    entries: i64,
    oldest_at: String,
    first: String,
}

impl GroupRow {
    fn read(self) -> StoreResult<OpenGroup> {
        let place = || format!("process_failures of {}", self.process_name.0);
        let first: Vec<String> = serde_json::from_str(&self.first).map_err(|error| StoreError::Corrupt {
            what: format!("{}: {error}", place()),
        })?;
        Ok(OpenGroup {
            oldest_at: times::read(&self.oldest_at, place)?,
            process_name: self.process_name.0,
            cause: self.cause.0,
            needs_person: self.needs_person,
            entries: self.entries.unsigned_abs(),
            first,
        })
    }
}

async fn groups(tx: &mut SqliteConnection, names: i64) -> sqlx::Result<Vec<GroupRow>> {
    sqlx::query_as!(
        GroupRow,
        r#"WITH open AS (
            SELECT failure_id, related_id, process_name, coalesce(cause, '') AS cause, needs_person, at_utc,
                count(related_id) OVER (
                    PARTITION BY process_name, coalesce(cause, ''), needs_person ORDER BY failure_id
                ) AS place
            FROM process_failures
            WHERE resolved_at IS NULL
        )
        SELECT process_name AS "process_name!: Text", cause AS "cause!: Text", needs_person AS "needs_person!: bool",
            count(*) AS "entries!: i64", min(at_utc) AS "oldest_at!: String",
            json_group_array(related_id ORDER BY failure_id) FILTER (WHERE related_id IS NOT NULL AND place <= ?1) AS "first!: String"
        FROM open
        GROUP BY process_name, cause, needs_person
        ORDER BY process_name, cause, needs_person"#,
        names
    )
    .fetch_all(tx)
    .await
}
