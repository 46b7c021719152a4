//! [`Desk`]: what a person decides, a batch in one statement.
//!
//! The order's work row is locked where it still has the version that the person saw; the trigger for entries of others does
//! the rest.

use std::borrow::Cow;
use std::collections::HashSet;

use ackord::failure::{FailureId, PROCESS};
use ackord::ports::{Decided, Desk, ManualEntry, OPERATOR, StoreResult};
use async_trait::async_trait;

use crate::columns::first_by_id;
use crate::store::PostgresStore;
use crate::text::storable;

#[async_trait]
impl Desk for PostgresStore {
    async fn add_entries(&self, entries: &[ManualEntry], actor: &str) -> StoreResult<Vec<Decided>> {
        let first = first_by_id(entries, |entry| &entry.order_id);
        let columns: Columns<'_> = first.into_iter().collect();
        let actor = storable(actor);
        let added = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                WITH given AS (
                    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[])
                        AS g (order_id, version, status, note, resolution)
                ), held AS MATERIALIZED (
                    SELECT g.* FROM given g JOIN order_work w ON w.order_id = g.order_id
                    WHERE w.version = g.version
                    ORDER BY w.order_id
                    FOR UPDATE OF w
                ), added AS (
                    INSERT INTO order_status_history (order_id, status, notes, source, actor)
                    SELECT order_id, status, note, $6, $7 FROM held
                    RETURNING order_id
                ), closed AS (
                    UPDATE process_failures f SET
                        resolved_at = clock_timestamp(), resolved_by = $7, resolution = h.resolution
                    FROM held h
                    WHERE f.related_id = h.order_id AND f.process_name = $8 AND f.resolved_at IS NULL
                        AND h.resolution IS NOT NULL
                )
                SELECT order_id AS "order_id!" FROM added
                "#,
                &columns.order_id as &[&str],
                &columns.version,
                &columns.status as &[Cow<'_, str>],
                &columns.note as &[Cow<'_, str>],
                &columns.resolution as &[Option<Cow<'_, str>>],
                OPERATOR,
                &*actor,
                PROCESS,
            )
        });
        let mut added: HashSet<String> = added.await?.into_iter().collect();
        Ok(told(entries.iter().map(|entry| added.remove(entry.order_id.as_str()))))
    }

    async fn close_failures(&self, ids: &[FailureId], actor: &str, resolution: &str) -> StoreResult<Vec<Decided>> {
        let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let (actor, resolution) = (storable(actor), storable(resolution));
        let closed = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                UPDATE process_failures SET resolved_at = clock_timestamp(), resolved_by = $2, resolution = $3
                WHERE failure_id = ANY ($1) AND resolved_at IS NULL
                RETURNING failure_id
                "#,
                &numbers,
                &*actor,
                &*resolution,
            )
        });
        let mut closed: HashSet<i64> = closed.await?.into_iter().collect();
        Ok(told(ids.iter().map(|id| closed.remove(&id.0))))
    }
}

fn told(written: impl Iterator<Item = bool>) -> Vec<Decided> {
    written
        .map(|written| if written { Decided::Written } else { Decided::MovedOn })
        .collect()
}

#[derive(Default)]
struct Columns<'a> {
    order_id: Vec<&'a str>,
    version: Vec<i64>,
    status: Vec<Cow<'a, str>>,
    note: Vec<Cow<'a, str>>,
    resolution: Vec<Option<Cow<'a, str>>>,
}

impl<'a> FromIterator<&'a ManualEntry> for Columns<'a> {
    fn from_iter<I: IntoIterator<Item = &'a ManualEntry>>(entries: I) -> Self {
        let mut columns = Self::default();
        for entry in entries {
            columns.order_id.push(entry.order_id.as_str());
            columns.version.push(entry.version.0);
            columns.status.push(storable(entry.status.as_str()));
            columns.note.push(storable(&entry.note));
            columns.resolution.push(entry.resolution.as_deref().map(storable));
        }
        columns
    }
}
