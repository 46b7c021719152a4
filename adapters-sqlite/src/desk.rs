//! [`Desk`]: what a person decides.
//!
//! An entry is inserted where the order's work row still has the version that the person saw; the trigger for entries of
//! others does the rest.

use std::collections::HashSet;

use ackord::failure::{FailureId, PROCESS};
use ackord::ports::{Decided, Desk, ManualEntry, OPERATOR, StoreResult, WorkStore};
use async_trait::async_trait;
use sqlx::SqliteConnection;

use crate::pool::{self, SqliteStore};
use crate::{errors, times};

#[async_trait]
impl Desk for SqliteStore {
    async fn add_entries(&self, entries: &[ManualEntry], actor: &str) -> StoreResult<Vec<Decided>> {
        let now = times::text(self.now().await?);
        let mut tx = self.begin_write().await?;
        let mut mentioned = HashSet::new();
        let mut decided = Vec::with_capacity(entries.len());
        for entry in entries {
            let stands = mentioned.insert(entry.order_id.as_str())
                && add(&mut tx, entry, actor, &now).await.map_err(errors::of_statement)?;
            decided.push(told(stands));
        }
        pool::commit(tx).await?;
        Ok(decided)
    }

    async fn close_failures(&self, ids: &[FailureId], actor: &str, resolution: &str) -> StoreResult<Vec<Decided>> {
        let now = times::text(self.now().await?);
        let mut tx = self.begin_write().await?;
        let mut decided = Vec::with_capacity(ids.len());
        for id in ids {
            let closed = sqlx::query!(
                "UPDATE process_failures SET resolved_at = ?2, resolved_by = ?3, resolution = ?4
                WHERE failure_id = ?1 AND resolved_at IS NULL",
                id.0,
                now,
                actor,
                resolution
            );
            let closed = closed.execute(&mut *tx).await.map_err(errors::of_statement)?;
            decided.push(told(closed.rows_affected() == 1));
        }
        pool::commit(tx).await?;
        Ok(decided)
    }
}

fn told(written: bool) -> Decided {
    if written { Decided::Written } else { Decided::MovedOn }
}

/// Appends one entry, and closes what the inbox has open, where nothing came in between; tells whether it did.
async fn add(tx: &mut SqliteConnection, entry: &ManualEntry, actor: &str, now: &str) -> sqlx::Result<bool> {
    let id = entry.order_id.as_str();
    let status = entry.status.as_str();
    let added = sqlx::query!(
        "INSERT INTO order_status_history (order_id, status, notes, source, actor)
        SELECT order_id, ?3, ?4, ?5, ?6 FROM order_work WHERE order_id = ?1 AND version = ?2",
        id,
        entry.version.0,
        status,
        entry.note,
        OPERATOR,
        actor
    );
    if added.execute(&mut *tx).await?.rows_affected() == 0 {
        return Ok(false);
    }
    if let Some(resolution) = &entry.resolution {
        sqlx::query!(
            "UPDATE process_failures SET resolved_at = ?3, resolved_by = ?4, resolution = ?5
            WHERE related_id = ?1 AND process_name = ?2 AND resolved_at IS NULL",
            id,
            PROCESS,
            now,
            actor,
            resolution
        )
        .execute(tx)
        .await?;
    }
    Ok(true)
}
