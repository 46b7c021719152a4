//! The rows of a page of orders, table by table.

use ackord::audit::{Assembly, OrderRecord};
use ackord::order::OrderId;
use ackord::ports::StoreResult;
use sqlx::{Connection as _, PgConnection};

use super::rows::{CallRow, EntryOf, FailureRow, ShownRow, StoredRow, WorkRow};
use crate::columns::{ids, page as page_size};
use crate::errors::{Access, of_statement};
use crate::pool::{Connections, bounded};
use crate::rows::order;

/// The records of a page of orders, in one snapshot.
pub(super) async fn snapshot(
    connections: &Connections,
    after: Option<&OrderId>,
    limit: usize,
) -> StoreResult<Vec<OrderRecord>> {
    let mut lent = connections.lend().await?;
    let outcome = {
        let (connection, patience) = lent.parts()?;
        bounded(patience, async {
            let mut snapshot = connection
                .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                .await?;
            let page = page(&mut snapshot, after, limit).await?;
            let records = records(&mut snapshot, &page).await?;
            snapshot.commit().await?;
            Ok(records)
        })
        .await
    };
    lent.end(outcome).map_err(|error| of_statement(error, Access::Read))
}

/// The next orders that have any row. An acceptance may name an order that was never one.
pub(super) async fn page(
    connection: &mut PgConnection,
    after: Option<&OrderId>,
    limit: usize,
) -> sqlx::Result<Vec<OrderId>> {
    let rows = sqlx::query_scalar!(
        r#"
        SELECT i.order_id AS "order_id!" FROM (
            (SELECT order_id FROM orders WHERE order_id > $1 ORDER BY order_id LIMIT $2)
            UNION
            (SELECT order_id FROM order_work WHERE order_id > $1 ORDER BY order_id LIMIT $2)
            UNION
            (SELECT DISTINCT order_id FROM order_status_history WHERE order_id > $1 ORDER BY order_id LIMIT $2)
            UNION
            (SELECT DISTINCT related_id FROM api_calls
                WHERE related_id > $1 AND service = 'mirakl' AND endpoint = 'OR21' AND octet_length(related_id) <= 255
                ORDER BY related_id LIMIT $2)
        ) i
        ORDER BY i.order_id LIMIT $2
        "#,
        after.map_or("", OrderId::as_str),
        page_size(limit),
    );
    let rows = rows.fetch_all(connection).await?;
    let read = |id| order("orders", id).map_err(|error| sqlx::Error::Decode(Box::new(error)));
    rows.into_iter().map(read).collect()
}

/// The records of these orders.
pub(super) async fn records(connection: &mut PgConnection, page: &[OrderId]) -> sqlx::Result<Vec<OrderRecord>> {
    let mut assembly = Assembly::of(page.iter().cloned());
    let ids = ids(page);
    stored(connection, &ids, &mut assembly).await?;
    entries(connection, &ids, &mut assembly).await?;
    work(connection, &ids, &mut assembly).await?;
    failures(connection, &ids, &mut assembly).await?;
    shown(connection, &ids, &mut assembly).await?;
    calls(connection, &ids, &mut assembly).await?;
    Ok(assembly.records())
}

async fn stored(connection: &mut PgConnection, ids: &[&str], into: &mut Assembly) -> sqlx::Result<()> {
    let rows = sqlx::query_as!(
        StoredRow,
        "SELECT order_id, created_at, placed_at FROM orders WHERE order_id = ANY ($1)",
        ids as &[&str],
    );
    for row in rows.fetch_all(connection).await? {
        row.add_to(into);
    }
    Ok(())
}

async fn entries(connection: &mut PgConnection, ids: &[&str], into: &mut Assembly) -> sqlx::Result<()> {
    let rows = sqlx::query_as!(
        EntryOf,
        r#"
        SELECT order_id, version, status, notes, "timestamp" AS at, source, actor, attempt, retry_at, send_call_id, look_call_id
        FROM order_status_history WHERE order_id = ANY ($1)
        "#,
        ids as &[&str],
    );
    for row in rows.fetch_all(connection).await? {
        row.add_to(into);
    }
    Ok(())
}

async fn work(connection: &mut PgConnection, ids: &[&str], into: &mut Assembly) -> sqlx::Result<()> {
    let rows = sqlx::query_as!(
        WorkRow,
        r#"
        SELECT order_id, version, status, status_at, placed_at, phase, due_at, attempt, looks, waiting_looks, slow_looks,
            since_at, call_id, call_open, decision::text AS decision, reason, fence, lease_until
        FROM order_work WHERE order_id = ANY ($1)
        "#,
        ids as &[&str],
    );
    for row in rows.fetch_all(connection).await? {
        row.add_to(into);
    }
    Ok(())
}

async fn failures(connection: &mut PgConnection, ids: &[&str], into: &mut Assembly) -> sqlx::Result<()> {
    let rows = sqlx::query_as!(
        FailureRow,
        r#"
        SELECT related_id AS "order_id!", failure_id, process_name, cause, version, payload::text AS payload, needs_person,
            resolved_at, resolved_by
        FROM process_failures WHERE related_id = ANY ($1)
        "#,
        ids as &[&str],
    );
    for row in rows.fetch_all(connection).await? {
        row.add_to(into);
    }
    Ok(())
}

async fn shown(connection: &mut PgConnection, ids: &[&str], into: &mut Assembly) -> sqlx::Result<()> {
    let rows = sqlx::query_as!(
        ShownRow,
        "SELECT order_id, call_id, state FROM call_orders WHERE order_id = ANY ($1)",
        ids as &[&str],
    );
    for row in rows.fetch_all(connection).await? {
        row.add_to(into);
    }
    Ok(())
}

async fn calls(connection: &mut PgConnection, ids: &[&str], into: &mut Assembly) -> sqlx::Result<()> {
    let linked: Vec<i64> = into.linked_calls().into_iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        CallRow,
        r#"
        SELECT c.call_id, c.service, c.endpoint, c.related_id, c.request_payload::text AS request, c.fence,
            c."timestamp" AS at, c.answer_by, c.outcome, c.is_success
        FROM (
            SELECT call_id FROM unnest($2::bigint[]) AS l (call_id)
            UNION SELECT call_id FROM api_calls WHERE related_id = ANY ($1)
        ) i
        JOIN api_calls c ON c.call_id = i.call_id
        "#,
        ids as &[&str],
        &linked,
    );
    for row in rows.fetch_all(connection).await? {
        row.add_to(into);
    }
    Ok(())
}
