//! All timelines as one stream, by the ids of their entries.
//!
//! The index over the times of entries knows ranges of pages alone, which give no order. A span of time is found by going over the
//! ids instead, a stretch of them to a statement, so that none reads for long; a page goes on where the one before it
//! ended. A walk over a span goes once over the history at the most, from its beginning to its end. Without a span a page is
//! one search by id.

use ackord::ports::{Entry, EntryCursor, EntryFilter, StoreError, StoreResult, TimelineRow};
use jiff_sqlx::Timestamp as At;

use crate::columns::{at, page};
use crate::pool::Connections;
use crate::rows::{EntryRow, order, time};

/// How many ids one statement goes over where there is a span of time.
const STRETCH: i64 = 50_000;

/// [`ackord::ports::RecordReader::entries`].
pub(crate) async fn entries(connections: &Connections, filter: &EntryFilter) -> StoreResult<Vec<TimelineRow>> {
    let is_span = filter.since.is_some() || filter.before.is_some();
    // Without a page before, the first stretch lies where no id is, and the next begins with the first id, whatever that is.
    let mut after = filter.after.map_or(i64::MIN, |last| last.0);
    let mut rows = Vec::new();
    loop {
        let end = if is_span {
            after.saturating_add(STRETCH)
        } else {
            i64::MAX
        };
        let room = filter.limit - rows.len();
        rows.extend(between(connections, after, end, room, filter).await?);
        if rows.len() >= filter.limit || end == i64::MAX {
            break;
        }
        let Some(next) = next(connections, end).await? else {
            break;
        };
        after = next - 1;
    }
    rows.into_iter().map(TimelineRow::try_from).collect()
}

/// [`ackord::ports::RecordReader::newest_entry`].
pub(crate) async fn newest(connections: &Connections) -> StoreResult<Option<EntryCursor>> {
    let ids = connections
        .read(|| sqlx::query_scalar!("SELECT history_id FROM order_status_history ORDER BY history_id DESC LIMIT 1"));
    Ok(ids.await?.pop().map(EntryCursor))
}

/// The first id after this one: ids may leave out any number.
async fn next(connections: &Connections, after: i64) -> StoreResult<Option<i64>> {
    let ids = connections.read(|| {
        sqlx::query_scalar!(
            "SELECT history_id FROM order_status_history WHERE history_id > $1 ORDER BY history_id LIMIT 1",
            after,
        )
    });
    Ok(ids.await?.pop())
}

/// Entries with ids after `after` and up to `end`.
async fn between(
    connections: &Connections,
    after: i64,
    end: i64,
    room: usize,
    filter: &EntryFilter,
) -> StoreResult<Vec<TimelineOf>> {
    let rows = connections.read(|| {
        sqlx::query_as!(
            TimelineOf,
            r#"
            SELECT h.history_id AS "history_id!", h.order_id AS "order_id!", coalesce(o.placed_at, o.created_at) AS "placed_at!",
                h.version AS "version!", h.status AS "status!", h.notes AS "notes?", h."timestamp" AS "at!",
                h.source AS "source!", h.actor AS "actor?", h.attempt AS "attempt?", h.retry_at AS "retry_at?",
                h.send_call_id AS "send_call_id?", h.look_call_id AS "look_call_id?",
                NOT EXISTS (
                    SELECT FROM order_status_history e
                    WHERE e.order_id = h.order_id AND e.version < h.version AND e.status = h.status
                ) AS "is_first!"
            FROM (
                SELECT * FROM order_status_history
                WHERE history_id > $1 AND history_id <= $2
                    AND ($3::timestamptz IS NULL OR "timestamp" >= $3)
                    AND ($4::timestamptz IS NULL OR "timestamp" < $4)
                ORDER BY history_id
                LIMIT $5
            ) h
            JOIN orders o ON o.order_id = h.order_id
            ORDER BY h.history_id
            "#,
            after,
            end,
            filter.since.map(at),
            filter.before.map(at),
            page(room),
        )
    });
    rows.await
}

/// A row of `order_status_history` with what the row of its order adds.
struct TimelineOf {
    history_id: i64,
    order_id: String,
    placed_at: At,
    version: i64,
    status: String,
    notes: Option<String>,
    at: At,
    source: String,
    actor: Option<String>,
    attempt: Option<i32>,
    retry_at: Option<At>,
    send_call_id: Option<i64>,
    look_call_id: Option<i64>,
    is_first: bool,
}

impl TryFrom<TimelineOf> for TimelineRow {
    type Error = StoreError;

    fn try_from(row: TimelineOf) -> Result<Self, StoreError> {
        let entry = EntryRow {
            version: row.version,
            status: row.status,
            notes: row.notes,
            at: row.at,
            source: row.source,
            actor: row.actor,
            attempt: row.attempt,
            retry_at: row.retry_at,
            send_call_id: row.send_call_id,
            look_call_id: row.look_call_id,
        };
        Ok(Self {
            cursor: EntryCursor(row.history_id),
            order_id: order("order_status_history", row.order_id)?,
            placed_at: time(row.placed_at),
            is_first: row.is_first,
            entry: Entry::from(entry),
        })
    }
}
