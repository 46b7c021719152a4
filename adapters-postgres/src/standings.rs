//! What is due next, where orders stand, how many there are; and the store's own time.

use ackord::Timestamp;
use ackord::order::OrderId;
use ackord::ports::{OrderStanding, StoreResult};
use ackord::work::Phase;

use crate::columns::{at, ids};
use crate::pool::Connections;
use crate::rows::{StandingRow, corrupt};

/// [`ackord::ports::WorkStore::now`]: the server's clock, which keeps microseconds.
pub(crate) async fn now(connections: &Connections) -> StoreResult<Timestamp> {
    let rows = connections
        .read(|| sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#))
        .await?;
    let now = rows.first().ok_or_else(|| corrupt("the server's clock told nothing"))?;
    Ok(now.to_jiff())
}

/// [`ackord::ports::WorkStore::next_due`].
pub(crate) async fn next_due(
    connections: &Connections,
    phases: &[Phase],
    now: Timestamp,
) -> StoreResult<Option<Timestamp>> {
    let phases: Vec<&str> = phases.iter().map(|phase| phase.as_str()).collect();
    let rows = connections.read(|| {
        sqlx::query_scalar!(
            r#"
            SELECT min(due_at) AS "due_at?" FROM order_work
            WHERE phase = ANY ($1) AND phase <> 'settled' AND (lease_until IS NULL OR lease_until <= $2)
            "#,
            &phases as &[&str],
            at(now),
        )
    });
    Ok(rows.await?.into_iter().flatten().next().map(|due| due.to_jiff()))
}

/// [`ackord::ports::WorkStore::standings`], in the order of `ids`.
pub(crate) async fn standings(connections: &Connections, orders: &[OrderId]) -> StoreResult<Vec<OrderStanding>> {
    let order_id = ids(orders);
    let rows = connections.read(|| {
        sqlx::query_as!(
            StandingRow,
            r#"
            SELECT w.order_id, w.phase, w.due_at, w.lease_until
            FROM unnest($1::text[]) WITH ORDINALITY AS g (order_id, place)
            JOIN order_work w ON w.order_id = g.order_id
            ORDER BY g.place
            "#,
            &order_id as &[&str],
        )
    });
    rows.await?.into_iter().map(OrderStanding::try_from).collect()
}

/// [`ackord::ports::WorkStore::count`]. Settled orders are counted only where they are asked for.
pub(crate) async fn count(connections: &Connections, phases: &[Phase]) -> StoreResult<u64> {
    let names: Vec<&str> = phases.iter().map(|phase| phase.as_str()).collect();
    let unsettled = connections.read(|| {
        sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM order_work WHERE phase = ANY ($1) AND phase <> 'settled'"#,
            &names as &[&str],
        )
    });
    let mut counts = unsettled.await?;
    if phases.contains(&Phase::Settled) {
        let settled = connections
            .read(|| sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM order_work WHERE phase = 'settled'"#));
        counts.extend(settled.await?);
    }
    Ok(counts.into_iter().map(|count| u64::try_from(count).unwrap_or(0)).sum())
}
