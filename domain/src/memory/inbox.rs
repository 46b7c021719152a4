//! [`Inbox`]: entries opened at most once.

use async_trait::async_trait;

use super::store::MemoryStore;
use super::tables::Tables;
use crate::ports::{Inbox, InboxEntry, StoreResult};

#[async_trait]
impl Inbox for MemoryStore {
    async fn open(&self, entries: &[InboxEntry]) -> StoreResult<usize> {
        let now = self.time();
        let mut tables = self.tables();
        let mut opened = 0;
        for entry in entries {
            if !tables.has_entry_like(entry) {
                tables.open_failure(&entry.failure, entry.version, now);
                opened += 1;
            }
        }
        Ok(opened)
    }
}

impl Tables {
    /// Whether an entry with the same related id and cause is open, or was ever opened for the same version.
    fn has_entry_like(&self, entry: &InboxEntry) -> bool {
        let cause = Some(entry.failure.cause.as_str());
        self.failures_about(&entry.failure.related_id)
            .filter(|filed| filed.row.cause.as_deref() == cause)
            .any(|filed| filed.row.resolved_at.is_none() || (entry.version.is_some() && filed.version == entry.version))
    }
}
