//! [`Inbox`]: entries opened at most once.

use ackord::failure::{NewFailure, PROCESS};
use ackord::ports::{Inbox, InboxEntry, StoreResult, WorkStore};
use async_trait::async_trait;
use sqlx::SqliteConnection;

use crate::pool::{self, SqliteStore};
use crate::{errors, times};

#[async_trait]
impl Inbox for SqliteStore {
    async fn open(&self, entries: &[InboxEntry]) -> StoreResult<usize> {
        let now = times::text(self.now().await?);
        let mut tx = self.begin_write().await?;
        let mut opened = 0;
        for entry in entries {
            let one = open_one(&mut tx, entry, &now).await;
            opened += usize::from(one.map_err(errors::of_statement)?);
        }
        pool::commit(tx).await?;
        Ok(opened)
    }
}

/// Opens an entry unless one like it is open, or was ever opened for the same version.
async fn open_one(tx: &mut SqliteConnection, entry: &InboxEntry, now: &str) -> sqlx::Result<bool> {
    let cause = entry.failure.cause.as_str();
    let version = entry.version.map(|version| version.0);
    let like = sqlx::query_scalar!(
        "SELECT count(*) FROM process_failures
        WHERE related_id = ?1 AND cause = ?2 AND (resolved_at IS NULL OR version = ?3)",
        entry.failure.related_id,
        cause,
        version
    );
    if like.fetch_one(&mut *tx).await? > 0 {
        return Ok(false);
    }
    insert(tx, &entry.failure, version, now, None).await?;
    Ok(true)
}

/// Inserts an entry of acceptance.
pub(crate) async fn insert(
    tx: &mut SqliteConnection,
    failure: &NewFailure,
    version: Option<i64>,
    now: &str,
    operation: Option<&str>,
) -> sqlx::Result<()> {
    let cause = failure.cause.as_str();
    let payload = failure.payload.to_string();
    sqlx::query!(
        r#"INSERT INTO process_failures
            (related_id, process_name, details, payload, "timestamp", cause, needs_person, version, op_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"#,
        failure.related_id,
        PROCESS,
        failure.details,
        payload,
        now,
        cause,
        failure.needs_person,
        version,
        operation
    )
    .execute(tx)
    .await?;
    Ok(())
}
