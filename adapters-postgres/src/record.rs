//! [`RecordReader`]: listings.

use std::collections::HashMap;

use ackord::call::CallId;
use ackord::failure::FailureId;
use ackord::order::OrderId;
use ackord::ports::{
    CallFilter, CallRow, EntryCursor, EntryFilter, FailureFilter, FailureRow, OrderFilter, OrderStory, OrderSummary,
    RecordReader, StoreResult, TimelineRow,
};
use async_trait::async_trait;

use crate::columns::{at, ids, page};
use crate::pool::Connections;
use crate::rows::{FiledRow, LoggedRow, SeenRow, SummaryRow};
use crate::store::PostgresStore;
use crate::{story, timeline};

#[async_trait]
impl RecordReader for PostgresStore {
    async fn orders(&self, filter: &OrderFilter) -> StoreResult<Vec<OrderSummary>> {
        let rows = match &filter.status {
            Some(status) => of_status(&self.connections, status.as_str(), filter).await?,
            None => of_any_status(&self.connections, filter).await?,
        };
        rows.into_iter().map(OrderSummary::try_from).collect()
    }

    async fn summaries(&self, orders: &[OrderId]) -> StoreResult<Vec<OrderSummary>> {
        let order_id = ids(orders);
        let rows = self.connections.read(|| {
            sqlx::query_as!(
                SummaryRow,
                r#"
                SELECT o.order_id AS "order_id!", coalesce(o.placed_at, o.created_at) AS "placed_at!", w.status AS "status?",
                    coalesce(w.version, 0) AS "version!", w.status_at AS "status_at?", h.notes AS "note?", w.phase AS "phase?",
                    w.due_at AS "due_at?", coalesce(w.attempt, 1) AS "attempt!",
                    (SELECT count(*) FROM process_failures f WHERE f.related_id = o.order_id AND f.resolved_at IS NULL)
                        AS "open_failures!"
                FROM unnest($1::text[]) WITH ORDINALITY AS g (order_id, place)
                JOIN orders o ON o.order_id = g.order_id
                LEFT JOIN order_work w ON w.order_id = o.order_id
                LEFT JOIN order_status_history h ON h.order_id = w.order_id AND h.version = w.version
                ORDER BY g.place
                "#,
                &order_id as &[&str],
            )
        });
        rows.await?.into_iter().map(OrderSummary::try_from).collect()
    }

    async fn story(&self, id: &OrderId) -> StoreResult<Option<OrderStory>> {
        story::story(&self.connections, id).await
    }

    async fn entries(&self, filter: &EntryFilter) -> StoreResult<Vec<TimelineRow>> {
        timeline::entries(&self.connections, filter).await
    }

    async fn newest_entry(&self) -> StoreResult<Option<EntryCursor>> {
        timeline::newest(&self.connections).await
    }

    async fn calls(&self, filter: &CallFilter) -> StoreResult<Vec<CallRow>> {
        let calls = match &filter.order {
            Some(order) => about(&self.connections, order, filter).await?,
            None => all(&self.connections, filter).await?,
        };
        with_seen(&self.connections, calls).await
    }

    async fn call(&self, id: CallId) -> StoreResult<Option<CallRow>> {
        let calls = self.connections.read(|| {
            sqlx::query_as!(
                LoggedRow,
                r#"
                SELECT call_id, service, endpoint, related_id, request_payload::text AS request, response_body, status_code,
                    is_success, "timestamp" AS at, outcome, duration_ms,
                    (SELECT p."timestamp" FROM prunings p WHERE p.pruning_id = api_calls.pruning_id) AS pruned_at
                FROM api_calls WHERE call_id = $1
                "#,
                id.0,
            )
        });
        Ok(with_seen(&self.connections, calls.await?).await?.pop())
    }

    async fn failures(&self, filter: &FailureFilter) -> StoreResult<Vec<FailureRow>> {
        let rows = self.connections.read(|| {
            sqlx::query_as!(
                FiledRow,
                r#"
                SELECT failure_id, related_id, process_name, cause, details, payload::text AS payload, "timestamp" AS at,
                    needs_person, resolved_at, resolved_by, resolution
                FROM process_failures
                WHERE ($1::boolean IS NULL OR (resolved_at IS NULL) = $1)
                    AND ($2::boolean IS NULL OR needs_person = $2)
                    AND ($3::text IS NULL OR cause = $3)
                    AND ($4::text IS NULL OR related_id = $4)
                    AND ($5::timestamptz IS NULL OR "timestamp" >= $5)
                    AND ($6::bigint IS NULL OR failure_id < $6)
                ORDER BY failure_id DESC
                LIMIT $7
                "#,
                filter.open,
                filter.needs_person,
                filter.cause.as_deref(),
                filter.related_id.as_deref(),
                filter.since.map(at),
                filter.before.map(|before| before.0),
                page(filter.limit),
            )
        });
        Ok(rows.await?.into_iter().map(FailureRow::from).collect())
    }

    async fn failure(&self, id: FailureId) -> StoreResult<Option<FailureRow>> {
        let rows = self.connections.read(|| {
            sqlx::query_as!(
                FiledRow,
                r#"
                SELECT failure_id, related_id, process_name, cause, details, payload::text AS payload, "timestamp" AS at,
                    needs_person, resolved_at, resolved_by, resolution
                FROM process_failures WHERE failure_id = $1
                "#,
                id.0,
            )
        });
        Ok(rows.await?.into_iter().next().map(FailureRow::from))
    }
}

/// A page of all orders, those without an entry included.
async fn of_any_status(connections: &Connections, filter: &OrderFilter) -> StoreResult<Vec<SummaryRow>> {
    let rows = connections.read(|| {
        sqlx::query_as!(
            SummaryRow,
            r#"
            SELECT o.order_id AS "order_id!", o.placed_at AS "placed_at!", w.status AS "status?",
                coalesce(w.version, 0) AS "version!", w.status_at AS "status_at?", h.notes AS "note?", w.phase AS "phase?",
                w.due_at AS "due_at?", coalesce(w.attempt, 1) AS "attempt!",
                (SELECT count(*) FROM process_failures f WHERE f.related_id = o.order_id AND f.resolved_at IS NULL)
                    AS "open_failures!"
            FROM (
                SELECT order_id, coalesce(placed_at, created_at) AS placed_at FROM orders
                WHERE ($1::timestamptz IS NULL OR coalesce(placed_at, created_at) >= $1)
                    AND ($2::timestamptz IS NULL OR (coalesce(placed_at, created_at), order_id) < ($2, $3::text))
                ORDER BY coalesce(placed_at, created_at) DESC, order_id DESC
                LIMIT $4
            ) o
            LEFT JOIN order_work w ON w.order_id = o.order_id
            LEFT JOIN order_status_history h ON h.order_id = w.order_id AND h.version = w.version
            ORDER BY o.placed_at DESC, o.order_id DESC
            "#,
            filter.since.map(at),
            filter.after.as_ref().map(|after| at(after.placed_at)),
            filter.after.as_ref().map(|after| after.order_id.as_str()),
            page(filter.limit),
        )
    });
    rows.await
}

/// A page of the orders of one status, along the index that has the status.
async fn of_status(connections: &Connections, status: &str, filter: &OrderFilter) -> StoreResult<Vec<SummaryRow>> {
    let rows = connections.read(|| {
        sqlx::query_as!(
            SummaryRow,
            r#"
            SELECT w.order_id AS "order_id!", w.placed_at AS "placed_at!", w.status AS "status?", w.version AS "version!",
                w.status_at AS "status_at?", h.notes AS "note?", w.phase AS "phase?", w.due_at AS "due_at?",
                w.attempt AS "attempt!",
                (SELECT count(*) FROM process_failures f WHERE f.related_id = w.order_id AND f.resolved_at IS NULL)
                    AS "open_failures!"
            FROM (
                SELECT * FROM order_work
                WHERE status = $5
                    AND ($1::timestamptz IS NULL OR placed_at >= $1)
                    AND ($2::timestamptz IS NULL OR (placed_at, order_id) < ($2, $3::text))
                ORDER BY placed_at DESC, order_id DESC
                LIMIT $4
            ) w
            LEFT JOIN order_status_history h ON h.order_id = w.order_id AND h.version = w.version
            ORDER BY w.placed_at DESC, w.order_id DESC
            "#,
            filter.since.map(at),
            filter.after.as_ref().map(|after| at(after.placed_at)),
            filter.after.as_ref().map(|after| after.order_id.as_str()),
            page(filter.limit),
            status,
        )
    });
    rows.await
}

async fn all(connections: &Connections, filter: &CallFilter) -> StoreResult<Vec<LoggedRow>> {
    let calls = connections.read(|| {
        sqlx::query_as!(
            LoggedRow,
            r#"
            SELECT call_id, service, endpoint, related_id, request_payload::text AS request, response_body, status_code,
                is_success, "timestamp" AS at, outcome, duration_ms,
                (SELECT p."timestamp" FROM prunings p WHERE p.pruning_id = api_calls.pruning_id) AS pruned_at
            FROM api_calls
            WHERE ($1::text IS NULL OR endpoint = $1)
                AND ($2::text IS NULL OR outcome = $2)
                AND ($3::timestamptz IS NULL OR "timestamp" >= $3)
                AND ($4::bigint IS NULL OR call_id < $4)
            ORDER BY call_id DESC
            LIMIT $5
            "#,
            filter.endpoint.as_deref(),
            filter.outcome.map(|outcome| outcome.as_str()),
            filter.since.map(at),
            filter.before.map(|before| before.0),
            page(filter.limit),
        )
    });
    calls.await
}

/// The calls about one order, and those that showed it.
async fn about(connections: &Connections, order: &OrderId, filter: &CallFilter) -> StoreResult<Vec<LoggedRow>> {
    let calls = connections.read(|| {
        sqlx::query_as!(
            LoggedRow,
            r#"
            SELECT c.call_id, c.service, c.endpoint, c.related_id, c.request_payload::text AS request, c.response_body,
                c.status_code, c.is_success, c."timestamp" AS at, c.outcome, c.duration_ms,
                (SELECT p."timestamp" FROM prunings p WHERE p.pruning_id = c.pruning_id) AS pruned_at
            FROM (
                SELECT call_id FROM api_calls WHERE related_id = $6
                UNION SELECT call_id FROM call_orders WHERE order_id = $6
            ) i
            JOIN api_calls c ON c.call_id = i.call_id
            WHERE ($1::text IS NULL OR c.endpoint = $1)
                AND ($2::text IS NULL OR c.outcome = $2)
                AND ($3::timestamptz IS NULL OR c."timestamp" >= $3)
                AND ($4::bigint IS NULL OR c.call_id < $4)
            ORDER BY c.call_id DESC
            LIMIT $5
            "#,
            filter.endpoint.as_deref(),
            filter.outcome.map(|outcome| outcome.as_str()),
            filter.since.map(at),
            filter.before.map(|before| before.0),
            page(filter.limit),
            order.as_str(),
        )
    });
    calls.await
}

/// Adds what each call showed. Calls and what they showed are never taken back, so two statements agree.
async fn with_seen(connections: &Connections, calls: Vec<LoggedRow>) -> StoreResult<Vec<CallRow>> {
    let call_id: Vec<i64> = calls.iter().map(|call| call.call_id).collect();
    if call_id.is_empty() {
        return Ok(Vec::new());
    }
    let seen = connections.read(|| {
        sqlx::query_as!(
            SeenRow,
            "SELECT call_id, order_id, state FROM call_orders WHERE call_id = ANY ($1) ORDER BY call_id, order_id",
            &call_id,
        )
    });
    Ok(joined(calls, seen.await?))
}

/// The calls, each with what it showed.
pub(crate) fn joined(calls: Vec<LoggedRow>, seen: Vec<SeenRow>) -> Vec<CallRow> {
    let mut calls: Vec<CallRow> = calls.into_iter().map(CallRow::from).collect();
    let mut by_call = HashMap::<i64, Vec<(String, Option<String>)>>::new();
    for row in seen {
        by_call.entry(row.call_id).or_default().push((row.order_id, row.state));
    }
    for call in &mut calls {
        call.seen = by_call.remove(&call.call_id.0).unwrap_or_default();
    }
    calls
}
