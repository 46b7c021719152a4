//! The story of one order, read in one snapshot, so that its parts agree.

use std::time::Duration;

use ackord::order::OrderId;
use ackord::ports::{Entry, FailureRow, OrderStory, StoreResult};
use sqlx::{Connection as _, PgConnection};

use crate::errors::{Access, of_statement};
use crate::pool::{Connections, bounded};
use crate::record::joined;
use crate::rows::{EntryRow, FiledRow, LoggedRow, SeenRow, SummaryRow};

/// [`ackord::ports::RecordReader::story`].
pub(crate) async fn story(connections: &Connections, id: &OrderId) -> StoreResult<Option<OrderStory>> {
    let mut lent = connections.lend().await?;
    let outcome = {
        let (connection, patience) = lent.parts()?;
        Story::read(connection, patience, id).await
    };
    let story = lent.end(outcome).map_err(|error| of_statement(error, Access::Read))?;
    story.map(Story::told).transpose()
}

/// The rows of one order's story.
struct Story {
    summary: SummaryRow,
    entries: Vec<EntryRow>,
    calls: Vec<LoggedRow>,
    seen: Vec<SeenRow>,
    failures: Vec<FiledRow>,
}

impl Story {
    async fn read(connection: &mut PgConnection, patience: Duration, id: &OrderId) -> sqlx::Result<Option<Self>> {
        bounded(patience, async {
            let mut snapshot = connection
                .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                .await?;
            let story = match Self::summary(&mut snapshot, id).await? {
                Some(summary) => Some(Self::rest(&mut snapshot, id, summary).await?),
                None => None,
            };
            snapshot.commit().await?;
            Ok(story)
        })
        .await
    }

    async fn summary(connection: &mut PgConnection, id: &OrderId) -> sqlx::Result<Option<SummaryRow>> {
        sqlx::query_as!(
            SummaryRow,
            r#"
            SELECT o.order_id AS "order_id!", coalesce(o.placed_at, o.created_at) AS "placed_at!", w.status AS "status?",
                coalesce(w.version, 0) AS "version!", w.status_at AS "status_at?", h.notes AS "note?", w.phase AS "phase?",
                w.due_at AS "due_at?", coalesce(w.attempt, 1) AS "attempt!",
                (SELECT count(*) FROM process_failures f WHERE f.related_id = o.order_id AND f.resolved_at IS NULL)
                    AS "open_failures!"
            FROM orders o
            LEFT JOIN order_work w ON w.order_id = o.order_id
            LEFT JOIN order_status_history h ON h.order_id = w.order_id AND h.version = w.version
            WHERE o.order_id = $1
            "#,
            id.as_str(),
        )
        .fetch_optional(connection)
        .await
    }

    async fn rest(connection: &mut PgConnection, id: &OrderId, summary: SummaryRow) -> sqlx::Result<Self> {
        let entries = sqlx::query_as!(
            EntryRow,
            r#"
            SELECT version, status, notes, "timestamp" AS at, source, actor, attempt, retry_at, send_call_id, look_call_id
            FROM order_status_history WHERE order_id = $1 ORDER BY version
            "#,
            id.as_str(),
        );
        let entries = entries.fetch_all(&mut *connection).await?;
        let calls = sqlx::query_as!(
            LoggedRow,
            r#"
            SELECT c.call_id, c.service, c.endpoint, c.related_id, c.request_payload::text AS request, c.response_body,
                c.status_code, c.is_success, c."timestamp" AS at, c.outcome, c.duration_ms,
                (SELECT p."timestamp" FROM prunings p WHERE p.pruning_id = c.pruning_id) AS pruned_at
            FROM (
                SELECT call_id FROM api_calls WHERE related_id = $1
                UNION SELECT call_id FROM call_orders WHERE order_id = $1
            ) i
            JOIN api_calls c ON c.call_id = i.call_id
            ORDER BY c.call_id
            "#,
            id.as_str(),
        );
        let calls = calls.fetch_all(&mut *connection).await?;
        let seen = sqlx::query_as!(
            SeenRow,
            "SELECT call_id, order_id, state FROM call_orders WHERE order_id = $1",
            id.as_str(),
        );
        let seen = seen.fetch_all(&mut *connection).await?;
        let failures = sqlx::query_as!(
            FiledRow,
            r#"
            SELECT failure_id, related_id, process_name, cause, details, payload::text AS payload, "timestamp" AS at,
                needs_person, resolved_at, resolved_by, resolution
            FROM process_failures WHERE related_id = $1 ORDER BY failure_id
            "#,
            id.as_str(),
        );
        let failures = failures.fetch_all(&mut *connection).await?;
        Ok(Self {
            summary,
            entries,
            calls,
            seen,
            failures,
        })
    }

    fn told(self) -> StoreResult<OrderStory> {
        Ok(OrderStory {
            summary: self.summary.try_into()?,
            entries: self.entries.into_iter().map(Entry::from).collect(),
            calls: joined(self.calls, self.seen),
            failures: self.failures.into_iter().map(FailureRow::from).collect(),
        })
    }
}
