//! [`Inbox`]: entries opened at most once.
//!
//! Whether an entry is there already can only be asked while nobody else opens one, so openings wait for each other on
//! the store's one row, in a transaction. They are few: what is found in an order's own work goes with its settlement.

use std::borrow::Cow;
use std::time::Duration;

use ackord::failure::PROCESS;
use ackord::ports::{Inbox, InboxEntry, StoreResult};
use async_trait::async_trait;
use sqlx::{Connection as _, PgConnection};

use crate::columns::json;
use crate::errors::{Access, of_statement};
use crate::pool::{Retry, bounded};
use crate::store::PostgresStore;
use crate::text::storable;

#[async_trait]
impl Inbox for PostgresStore {
    async fn open(&self, entries: &[InboxEntry]) -> StoreResult<usize> {
        if entries.is_empty() {
            return Ok(0);
        }
        let columns: Columns<'_> = entries.iter().collect();
        let mut retry = Retry::default();
        loop {
            let mut lent = self.connections.lend().await?;
            let outcome = {
                let (connection, patience) = lent.parts()?;
                columns.open(connection, patience).await
            };
            match lent.end(outcome) {
                Err(error) if retry.again_after(&error).await => {}
                outcome => return outcome.map_err(|error| of_statement(error, Access::Write)),
            }
        }
    }
}

#[derive(Default)]
struct Columns<'a> {
    related_id: Vec<Cow<'a, str>>,
    cause: Vec<&'a str>,
    details: Vec<Cow<'a, str>>,
    payload: Vec<String>,
    needs_person: Vec<bool>,
    version: Vec<Option<i64>>,
}

impl<'a> FromIterator<&'a InboxEntry> for Columns<'a> {
    fn from_iter<I: IntoIterator<Item = &'a InboxEntry>>(entries: I) -> Self {
        let mut columns = Self::default();
        for InboxEntry { failure, version } in entries {
            columns.related_id.push(storable(&failure.related_id));
            columns.cause.push(failure.cause.as_str());
            columns.details.push(storable(&failure.details));
            columns.payload.push(json(&failure.payload));
            columns.needs_person.push(failure.needs_person);
            columns.version.push(version.map(|version| version.0));
        }
        columns
    }
}

impl Columns<'_> {
    async fn open(&self, connection: &mut PgConnection, patience: Duration) -> sqlx::Result<usize> {
        bounded(patience, async {
            let mut transaction = connection.begin().await?;
            sqlx::query_scalar!("SELECT epoch FROM store_meta FOR UPDATE")
                .fetch_one(&mut *transaction)
                .await?;
            let opened = self.insert(&mut transaction).await?;
            transaction.commit().await?;
            Ok(opened)
        })
        .await
    }

    /// Inserts those that are not there; of several alike in the batch the first.
    async fn insert(&self, connection: &mut PgConnection) -> sqlx::Result<usize> {
        let opened = sqlx::query_scalar!(
            r#"
            WITH given AS (
                SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::bigint[])
                    WITH ORDINALITY AS g (related_id, cause, details, payload, needs_person, version, place)
            ), missing AS (
                SELECT DISTINCT ON (related_id, cause) g.* FROM given g
                WHERE NOT EXISTS (
                    SELECT FROM process_failures f
                    WHERE f.related_id = g.related_id AND f.cause = g.cause
                        AND (f.resolved_at IS NULL OR f.version = g.version)
                )
                ORDER BY related_id, cause, place
            )
            INSERT INTO process_failures (related_id, process_name, details, payload, "timestamp", cause, needs_person, version)
            SELECT related_id, $7, details, payload::jsonb, clock_timestamp(), cause, needs_person, version
            FROM missing ORDER BY place
            RETURNING failure_id
            "#,
            &self.related_id as &[Cow<'_, str>],
            &self.cause as &[&str],
            &self.details as &[Cow<'_, str>],
            &self.payload,
            &self.needs_person,
            &self.version as &[Option<i64>],
            PROCESS,
        )
        .fetch_all(connection)
        .await?;
        Ok(opened.len())
    }
}
