//! What is due next, and where orders stand. All of it is read from the index of what is pending, or by key.

use std::collections::BTreeSet;

use ackord::ports::{OrderStanding, StoreError, StoreResult};
use ackord::work::Phase;
use ackord::{OrderId, Timestamp};
use sqlx::SqlitePool;

use crate::rows::order_id;
use crate::work_store::json_list;
use crate::{errors, times};

/// [`ackord::ports::WorkStore::next_due`].
pub(crate) async fn next_due(readers: &SqlitePool, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>> {
    let phases = json_list(phases.iter().map(|phase| phase.as_str()));
    let now = times::text(now);
    let due = sqlx::query_scalar!(
        r#"SELECT min(w.due_at) AS "due_at?: String"
        FROM json_each(?1) AS phase CROSS JOIN order_work w ON w.phase = phase.value
        WHERE w.phase <> 'settled' AND (w.lease_until IS NULL OR w.lease_until <= ?2)"#,
        phases,
        now
    );
    let due = due.fetch_one(readers).await.map_err(errors::of_statement)?;
    times::read_optional(due.as_deref(), || "order_work, due_at".to_owned())
}

/// [`ackord::ports::WorkStore::count`]; a phase named twice counts once. Settled orders alone are counted one by one.
pub(crate) async fn count(readers: &SqlitePool, phases: &[Phase]) -> StoreResult<u64> {
    let phases: BTreeSet<&str> = phases.iter().map(|phase| phase.as_str()).collect();
    let settled = phases.contains(Phase::Settled.as_str());
    let phases = json_list(phases.into_iter());
    let count = sqlx::query_scalar!(
        r#"SELECT (
                SELECT count(*) FROM json_each(?1) AS phase CROSS JOIN order_work w ON w.phase = phase.value
                WHERE w.phase <> 'settled'
            ) + CASE WHEN ?2 THEN (SELECT count(*) FROM order_work WHERE phase = 'settled') ELSE 0 END AS "count!: i64""#,
        phases,
        settled
    );
    let count = count.fetch_one(readers).await.map_err(errors::of_statement)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// [`ackord::ports::WorkStore::standings`], in the order of `ids`.
pub(crate) async fn standings(readers: &SqlitePool, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>> {
    let ids = json_list(ids.iter().map(OrderId::as_str));
    let rows = sqlx::query!(
        r#"SELECT w.order_id AS "order_id!", w.phase AS "phase!", w.due_at AS "due_at?", w.lease_until AS "lease_until?"
        FROM json_each(?1) AS id CROSS JOIN order_work w ON w.order_id = id.value
        ORDER BY id.key"#,
        ids
    );
    let rows = rows.fetch_all(readers).await.map_err(errors::of_statement)?;
    let standings = rows.into_iter().map(|row| {
        let place = |column: &str| format!("order_work `{}`, {column}", row.order_id);
        Ok(OrderStanding {
            order_id: order_id(&row.order_id)?,
            phase: Phase::parse(&row.phase).ok_or_else(|| StoreError::Corrupt {
                what: format!("{}: `{}`", place("phase"), row.phase),
            })?,
            due_at: times::read_optional(row.due_at.as_deref(), || place("due_at"))?,
            leased_until: times::read_optional(row.lease_until.as_deref(), || place("lease_until"))?,
        })
    });
    standings.collect()
}
