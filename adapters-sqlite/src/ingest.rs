//! Ingest: each order without an entry gets its row, its first entry and its standing.

use std::collections::{HashMap, HashSet};

use ackord::ports::{Ingested, KnownOrder, NewOrder, StoreResult};
use ackord::work::{OperationId, Version};
use ackord::{OrderStatus, Timestamp};
use sqlx::SqliteConnection;

use crate::rows::{Text, order_id};
use crate::work_store::{US, json_list, op};
use crate::{errors, times};

/// An order that has an entry, and whether this same operation gave it that.
struct Known {
    standing: KnownOrder,
    by_this_operation: bool,
}

/// [`ackord::ports::WorkStore::ingest`], inside of a transaction. The work row stands for "has an entry".
pub(crate) async fn ingest(
    tx: &mut SqliteConnection,
    orders: &[NewOrder],
    now: Timestamp,
    operation: OperationId,
) -> StoreResult<Ingested> {
    let mut known = known(tx, orders, operation).await?;
    let now = times::text(now);
    let operation = op(operation);
    let mut seen = HashSet::new();
    let mut ingested = Ingested::default();
    for order in orders {
        if !seen.insert(order.order_id.as_str()) {
            continue;
        }
        match known.remove(order.order_id.as_str()) {
            Some(order) if !order.by_this_operation => ingested.known.push(order.standing),
            Some(order) => ingested.new.push(order.standing.order_id),
            None => {
                store(tx, order, &now, &operation).await.map_err(errors::of_statement)?;
                ingested.new.push(order.order_id.clone());
            }
        }
    }
    Ok(ingested)
}

async fn known(
    tx: &mut SqliteConnection,
    orders: &[NewOrder],
    operation: OperationId,
) -> StoreResult<HashMap<String, Known>> {
    let ids = json_list(orders.iter().map(|order| order.order_id.as_str()));
    let operation = op(operation);
    let rows = sqlx::query!(
        r#"SELECT w.order_id AS "order_id!", w.version AS "version!", w.status AS "status!: Text", w.status_at AS "status_at!",
            EXISTS (
                SELECT 1 FROM order_status_history h
                WHERE h.order_id = w.order_id AND h.version = 1 AND h.source = 'ackord' AND h.op_id = ?2
            ) AS "by_this_operation!: bool"
        FROM json_each(?1) AS id CROSS JOIN order_work w ON w.order_id = id.value"#,
        ids,
        operation
    );
    let rows = rows.fetch_all(tx).await.map_err(errors::of_statement)?;
    let mut known = HashMap::with_capacity(rows.len());
    for row in rows {
        let standing = KnownOrder {
            order_id: order_id(&row.order_id)?,
            status: OrderStatus::parse(&row.status.0),
            version: Version(row.version),
            status_at: times::read(&row.status_at, || format!("order_work `{}`, status_at", row.order_id))?,
        };
        let by_this_operation = row.by_this_operation;
        known.insert(
            row.order_id,
            Known {
                standing,
                by_this_operation,
            },
        );
    }
    Ok(known)
}

async fn store(tx: &mut SqliteConnection, order: &NewOrder, now: &str, operation: &str) -> sqlx::Result<()> {
    let id = order.order_id.as_str();
    let raw = &*order.raw;
    let placed_at = times::optional_text(order.placed_at);
    let stored = sqlx::query!(
        "INSERT INTO orders (order_id, raw_order_data, created_at, placed_at)
        SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM orders WHERE order_id = ?1)",
        id,
        raw,
        now,
        placed_at
    );
    if stored.execute(&mut *tx).await?.rows_affected() == 0 {
        complete(tx, id, placed_at.as_deref()).await?;
    }
    sqlx::query!(
        "INSERT INTO order_work (order_id, version, status, status_at, phase, due_at, placed_at, since_at, op_id)
        SELECT order_id, 1, 'pending_acceptance', ?2, 'ready', ?2, listed_at, ?2, ?3 FROM orders WHERE order_id = ?1",
        id,
        now,
        operation
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        r#"INSERT INTO order_status_history
            (order_id, status, notes, "timestamp", version, source, actor, attempt, look_call_id, op_id)
        VALUES (?1, 'pending_acceptance', ?2, ?3, 1, ?4, ?4, 1, ?5, ?6)"#,
        id,
        order.note,
        now,
        US,
        order.look.0,
        operation
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Tells a row of another program, once, when the order was placed.
async fn complete(tx: &mut SqliteConnection, id: &str, placed_at: Option<&str>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE orders SET placed_at = ?2 WHERE order_id = ?1 AND placed_at IS NULL AND ?2 IS NOT NULL",
        id,
        placed_at
    )
    .execute(tx)
    .await?;
    Ok(())
}
