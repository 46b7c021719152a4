//! Ingest: each order without an entry gets its row, its first entry and its standing.

use std::collections::{HashMap, HashSet};

use ackord::ports::{Ingested, KnownOrder, NewOrder, StoreResult};
use ackord::work::{OperationId, Version};
use ackord::{OrderStatus, Timestamp};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::rows::{Text, order_id};
use crate::work_store::{US, json_list, listed, op};
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
    let mut new = Vec::new();
    for order in orders {
        if !seen.insert(order.order_id.as_str()) {
            continue;
        }
        match known.remove(order.order_id.as_str()) {
            Some(order) if !order.by_this_operation => ingested.known.push(order.standing),
            Some(order) => ingested.new.push(order.standing.order_id),
            None => {
                new.push(order);
                ingested.new.push(order.order_id.clone());
            }
        }
    }
    if !new.is_empty() {
        store(tx, &new, &now, &operation).await.map_err(errors::of_statement)?;
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

/// Stores orders, each with its standing and its first entry, in a few statements whatever their number.
async fn store(tx: &mut SqliteConnection, orders: &[&NewOrder], now: &str, operation: &str) -> sqlx::Result<()> {
    let rows = orders.iter().map(|order| {
        json!([
            order.order_id.as_str(),
            &*order.raw,
            times::optional_text(order.placed_at),
            listed(&order.note),
            order.look.0,
        ])
    });
    let rows = Value::from_iter(rows).to_string();
    // A row of another program is told, once, when the order was placed.
    sqlx::query!(
        "UPDATE orders SET placed_at = g.placed_at
        FROM (SELECT value ->> 0 AS order_id, value ->> 2 AS placed_at FROM json_each(?1)) AS g
        WHERE orders.order_id = g.order_id AND orders.placed_at IS NULL AND g.placed_at IS NOT NULL",
        rows
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO orders (order_id, raw_order_data, created_at, placed_at)
        SELECT value ->> 0, value ->> 1, ?2, value ->> 2 FROM json_each(?1)
        WHERE NOT EXISTS (SELECT 1 FROM orders WHERE order_id = value ->> 0) ORDER BY key",
        rows,
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO order_work (order_id, version, status, status_at, phase, due_at, placed_at, since_at, op_id)
        SELECT o.order_id, 1, 'pending_acceptance', ?2, 'ready', ?2, o.listed_at, ?2, ?3
        FROM json_each(?1) AS g CROSS JOIN orders o ON o.order_id = g.value ->> 0 ORDER BY g.key",
        rows,
        now,
        operation
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        r#"INSERT INTO order_status_history
            (order_id, status, notes, "timestamp", version, source, actor, attempt, look_call_id, op_id)
        SELECT value ->> 0, 'pending_acceptance', value ->> 3, ?2, 1, ?3, ?3, 1, value ->> 4, ?4
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
