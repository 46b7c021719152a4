//! [`Desk`]: what a person decides.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::foreign::ForeignEntry;
use super::store::{MemoryStore, refused};
use crate::failure::FailureId;
use crate::ports::{Decided, Desk, ManualEntry, OPERATOR, StoreResult};

#[async_trait]
impl Desk for MemoryStore {
    async fn add_entries(&self, entries: &[ManualEntry], actor: &str) -> StoreResult<Vec<Decided>> {
        let now = self.time();
        if entries.iter().any(|entry| entry.status.as_str().is_empty()) {
            return Err(refused("a status can't be empty"));
        }
        let mut tables = self.tables();
        let mut mentioned = BTreeSet::new();
        let mut decided = Vec::with_capacity(entries.len());
        for entry in entries {
            let id = &entry.order_id;
            let is_newest = tables.work.get(id).is_some_and(|row| row.version == entry.version);
            if !mentioned.insert(id) || !is_newest {
                decided.push(Decided::MovedOn);
                continue;
            }
            let added = ForeignEntry {
                status: entry.status.clone(),
                note: Some(&entry.note),
                retry_at: None,
                source: OPERATOR,
                actor: Some(actor),
            };
            tables.append_foreign(id, added, now)?;
            if let Some(resolution) = &entry.resolution {
                tables.resolve_failures(id, actor, resolution, now);
            }
            decided.push(Decided::Written);
        }
        Ok(decided)
    }

    async fn close_failures(&self, ids: &[FailureId], actor: &str, resolution: &str) -> StoreResult<Vec<Decided>> {
        let now = self.time();
        let mut tables = self.tables();
        let decided = ids.iter().map(|id| {
            let filed = tables.failures.get_mut(id);
            match filed.is_some_and(|filed| filed.resolve(actor, resolution, now)) {
                true => Decided::Written,
                false => Decided::MovedOn,
            }
        });
        Ok(decided.collect())
    }
}
