//! All timelines as one stream, by the ids of their entries.
//!
//! No index has the times of entries: it would cost every append. A span of time is found by going over the ids instead, a stretch
//! of them to a statement, so that none reads for long; a page goes on where the one before it ended. A walk over a span
//! goes once over the history at the most, from its beginning to its end. Without a span a page is one search by id.

use ackord::ports::{EntryCursor, EntryFilter, StoreResult, TimelineRow};
use sqlx::SqlitePool;

use crate::pool::SqliteStore;
use crate::rows::{EntryRow, Text, order_id};
use crate::{errors, times};

/// How many ids one statement goes over where there is a span of time.
const STRETCH: i64 = 50_000;

/// Stands above every text that is a time.
const AFTER_ALL_TIMES: &str = "~";

/// [`ackord::ports::RecordReader::entries`].
pub(crate) async fn entries(store: &SqliteStore, filter: &EntryFilter) -> StoreResult<Vec<TimelineRow>> {
    let pool = store.readers();
    let is_span = filter.since.is_some() || filter.before.is_some();
    let mut after = filter.after.map_or(0, |last| last.0.max(0));
    let mut rows = Vec::new();
    loop {
        let end = if is_span {
            after.saturating_add(STRETCH)
        } else {
            i64::MAX
        };
        let room = filter.limit - rows.len();
        let found = between(pool, after, end, room, filter).await;
        rows.extend(found.map_err(errors::of_statement)?);
        if rows.len() >= filter.limit || end == i64::MAX {
            break;
        }
        let next = next(pool, end).await.map_err(errors::of_statement)?;
        let Some(next) = next else { break };
        after = next - 1;
    }
    rows.into_iter().map(TimelineOf::read).collect()
}

/// [`ackord::ports::RecordReader::newest_entry`].
pub(crate) async fn newest(store: &SqliteStore) -> StoreResult<Option<EntryCursor>> {
    let id = sqlx::query_scalar!(
        r#"SELECT history_id AS "history_id!" FROM order_status_history
        WHERE history_id > 0 ORDER BY history_id DESC LIMIT 1"#
    );
    let id = id.fetch_optional(store.readers()).await.map_err(errors::of_statement)?;
    Ok(id.map(EntryCursor))
}

/// The first id after this one: ids may leave out any number.
async fn next(pool: &SqlitePool, after: i64) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        r#"SELECT history_id AS "history_id!" FROM order_status_history
        WHERE history_id > ?1 ORDER BY history_id LIMIT 1"#,
        after
    )
    .fetch_optional(pool)
    .await
}

/// Entries with ids after `after` and up to `end`.
async fn between(
    pool: &SqlitePool,
    after: i64,
    end: i64,
    room: usize,
    filter: &EntryFilter,
) -> sqlx::Result<Vec<TimelineOf>> {
    let since = times::optional_text(filter.since).unwrap_or_default();
    let before = times::optional_text(filter.before).unwrap_or_else(|| AFTER_ALL_TIMES.to_owned());
    let limit = i64::try_from(room).unwrap_or(i64::MAX);
    sqlx::query_as!(
        TimelineOf,
        r#"SELECT h.history_id AS "history_id!", h.order_id AS "order_id!: Text", o.listed_at AS "placed_at?: String",
            coalesce(h.version, 0) AS "version!: i64", h.status AS "status!: Text", h.notes AS "notes?: Text",
            h.at_utc AS "at?: String", h.source AS "source!: Text", h.actor AS "actor?: Text", h.attempt AS "attempt?",
            h.retry_at_utc AS "retry_at?: String", h.send_call_id AS "send_call_id?", h.look_call_id AS "look_call_id?",
            NOT EXISTS (
                SELECT 1 FROM order_status_history e
                WHERE e.order_id = h.order_id AND e.version < h.version AND e.status = h.status
            ) AS "is_first!: bool"
        FROM order_status_history h CROSS JOIN orders o ON o.order_id = h.order_id
        WHERE h.history_id > ?1 AND h.history_id <= ?2 AND h.at_utc >= ?3 AND h.at_utc < ?4
        ORDER BY h.history_id LIMIT ?5"#,
        after,
        end,
        since,
        before,
        limit
    )
    .fetch_all(pool)
    .await
}

/// A row of `order_status_history` with what the row of its order adds.
struct TimelineOf {
    history_id: i64,
    order_id: Text,
    placed_at: Option<String>,
    version: i64,
    status: Text,
    notes: Option<Text>,
    at: Option<String>,
    source: Text,
    actor: Option<Text>,
    attempt: Option<i64>,
    retry_at: Option<String>,
    send_call_id: Option<i64>,
    look_call_id: Option<i64>,
    is_first: bool,
}

impl TimelineOf {
    fn read(self) -> StoreResult<TimelineRow> {
        let place = || format!("order `{}`, placed_at", self.order_id.0);
        let placed_at = times::read(self.placed_at.as_deref().unwrap_or_default(), place)?;
        let entry = EntryRow {
            history_id: self.history_id,
            version: self.version,
            status: self.status,
            notes: self.notes,
            at: self.at,
            source: self.source,
            actor: self.actor,
            attempt: self.attempt,
            retry_at: self.retry_at,
            send_call_id: self.send_call_id,
            look_call_id: self.look_call_id,
        };
        Ok(TimelineRow {
            cursor: EntryCursor(self.history_id),
            order_id: order_id(&self.order_id.0)?,
            placed_at,
            is_first: self.is_first,
            entry: entry.read()?,
        })
    }
}
