//! Ingest: each order without an entry gets its row, its first entry and its work row, in one statement.
//!
//! What other transactions commit while the statement runs is not in its snapshot, so it can't tell how an order stands
//! that it left alone. A second statement reads that. An order that neither knows had its row inserted in between by
//! another program, without an entry: the next round finds it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ackord::Timestamp;
use ackord::order::OrderId;
use ackord::ports::{Ingested, KnownOrder, NewOrder, StoreResult};
use ackord::status::OrderStatus;
use ackord::work::{OperationId, Version};

use crate::columns::{at, ids};
use crate::pool::{Connections, too_often};
use crate::text::{storable, storable_json};

/// How often orders are tried whose rows come up in between.
const ROUNDS: usize = 5;

/// [`ackord::ports::WorkStore::ingest`].
pub(crate) async fn ingest(
    connections: &Connections,
    orders: &[NewOrder],
    now: Timestamp,
    operation: OperationId,
) -> StoreResult<Ingested> {
    // By id, so that writers lock in one order; the first of several mentions counts.
    let mut pending: BTreeMap<&OrderId, &NewOrder> = BTreeMap::new();
    for order in orders {
        pending.entry(&order.order_id).or_insert(order);
    }
    let mut new: HashSet<String> = HashSet::new();
    let mut known: HashMap<String, KnownRow> = HashMap::new();
    for _ in 0..ROUNDS {
        if pending.is_empty() {
            return Ok(told(orders, &new, known));
        }
        let stored = store(connections, &pending, now, operation).await?;
        pending.retain(|id, _| !stored.contains(id.as_str()));
        new.extend(stored);
        if pending.is_empty() {
            continue;
        }
        for row in read(connections, &pending, operation).await? {
            pending.retain(|id, _| id.as_str() != row.order_id);
            if row.is_ours {
                new.insert(row.order_id);
            } else {
                known.insert(row.order_id.clone(), row);
            }
        }
    }
    if pending.is_empty() {
        return Ok(told(orders, &new, known));
    }
    Err(too_often("rows of orders kept changing under the ingest"))
}

struct KnownRow {
    order_id: String,
    status: String,
    version: i64,
    status_at: jiff_sqlx::Timestamp,
    is_ours: bool,
}

/// The answer, in the order of the question.
fn told(orders: &[NewOrder], new: &HashSet<String>, mut known: HashMap<String, KnownRow>) -> Ingested {
    let mut ingested = Ingested::default();
    let mut mentioned = BTreeSet::new();
    for order in orders.iter().filter(|order| mentioned.insert(&order.order_id)) {
        let id = order.order_id.as_str();
        if new.contains(id) {
            ingested.new.push(order.order_id.clone());
        } else if let Some(row) = known.remove(id) {
            ingested.known.push(KnownOrder {
                order_id: order.order_id.clone(),
                status: OrderStatus::parse(&row.status),
                version: Version(row.version),
                status_at: row.status_at.to_jiff(),
            });
        }
    }
    ingested
}

/// Stores those without an entry; tells which that were. The sets inside are compared by hashing (`IS TRUE` keeps the
/// planner from a join, which it would do pair by pair), so that a listing of thousands is no trouble.
async fn store(
    connections: &Connections,
    orders: &BTreeMap<&OrderId, &NewOrder>,
    now: Timestamp,
    operation: OperationId,
) -> StoreResult<HashSet<String>> {
    let order_id = ids(orders.keys().copied());
    let raw: Vec<_> = orders.values().map(|order| storable_json(&order.raw)).collect();
    let placed_at: Vec<_> = orders.values().map(|order| order.placed_at.map(at)).collect();
    let note: Vec<_> = orders.values().map(|order| storable(&order.note)).collect();
    let look: Vec<i64> = orders.values().map(|order| order.look.0).collect();
    let rows = connections.write(|| {
        sqlx::query_scalar!(
            r#"
            WITH fresh AS MATERIALIZED (
                SELECT g.*, o.order_id IS NOT NULL AS has_row, coalesce(o.placed_at, g.placed_at, o.created_at, $6) AS counts_from
                FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[])
                    AS g (order_id, raw, placed_at, note, look)
                LEFT JOIN orders o ON o.order_id = g.order_id
                WHERE NOT EXISTS (SELECT FROM order_work w WHERE w.order_id = g.order_id)
                    AND NOT EXISTS (SELECT FROM order_status_history h WHERE h.order_id = g.order_id)
            ), inserted AS (
                INSERT INTO orders (order_id, raw_order_data, created_at, placed_at)
                SELECT order_id, raw::jsonb, $6, placed_at FROM fresh WHERE NOT has_row ORDER BY order_id COLLATE "C"
                ON CONFLICT (order_id) DO NOTHING
                RETURNING order_id
            ), dated AS (
                UPDATE orders o SET placed_at = f.placed_at FROM fresh f
                WHERE f.has_row AND o.order_id = f.order_id AND o.placed_at IS NULL AND f.placed_at IS NOT NULL
            ), work AS (
                INSERT INTO order_work (order_id, version, status, status_at, phase, due_at, placed_at, since_at, op_id)
                SELECT f.order_id, 1, 'pending_acceptance', $6, 'ready', $6, f.counts_from, $6, $7
                FROM fresh f
                WHERE f.has_row OR f.order_id IN (SELECT i.order_id FROM inserted i)
                ORDER BY f.order_id COLLATE "C"
                ON CONFLICT (order_id) DO NOTHING
                RETURNING order_id
            ), entries AS (
                INSERT INTO order_status_history
                    (order_id, status, notes, "timestamp", version, source, actor, attempt, look_call_id, op_id)
                SELECT f.order_id, 'pending_acceptance', f.note, $6, 1, 'ackord', 'ackord', 1, f.look, $7
                FROM fresh f
                WHERE (f.order_id IN (SELECT w.order_id FROM work w)) IS TRUE
            )
            SELECT order_id AS "order_id!" FROM work
            "#,
            &order_id as &[&str],
            &raw as &[Cow<'_, str>],
            &placed_at as &[Option<jiff_sqlx::Timestamp>],
            &note as &[Cow<'_, str>],
            &look,
            at(now),
            operation.0,
        )
    });
    Ok(rows.await?.into_iter().collect())
}

/// How those stand that have an entry; those that this very operation stored before are marked as ours.
async fn read(
    connections: &Connections,
    orders: &BTreeMap<&OrderId, &NewOrder>,
    operation: OperationId,
) -> StoreResult<Vec<KnownRow>> {
    let order_id = ids(orders.keys().copied());
    // As a write: by now something may have been stored.
    let rows = connections.write(|| {
        sqlx::query_as!(
            KnownRow,
            r#"
            SELECT h.order_id AS "order_id!", h.status AS "status!", h.version AS "version!", h."timestamp" AS "status_at!",
                EXISTS (
                    SELECT FROM order_status_history f WHERE f.order_id = h.order_id AND f.version = 1 AND f.op_id = $2
                ) AS "is_ours!"
            FROM unnest($1::text[]) AS g (order_id)
            CROSS JOIN LATERAL (
                SELECT n.* FROM order_status_history n WHERE n.order_id = g.order_id ORDER BY n.version DESC LIMIT 1
            ) h
            "#,
            &order_id as &[&str],
            operation.0,
        )
    });
    rows.await
}
