//! Acting as another program would: rows written past the ports.

use super::store::{MemoryStore, refused};
use super::tables::{FiledFailure, StoredOrder, Tables};
use super::work_table::WorkRow;
use crate::failure::FailureId;
use crate::guards::{Guard, dropped};
use crate::order::OrderId;
use crate::ports::{Entry, FailureRow, StoreResult};
use crate::status::OrderStatus;
use crate::time::Timestamp;
use crate::work::{Phase, Version};

/// An inbox entry of another module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignFailure {
    /// What it is about.
    pub related_id: Option<String>,
    /// Which process writes it.
    pub process_name: String,
    /// Readable details.
    pub details: Option<String>,
}

impl MemoryStore {
    /// Appends an entry as another program would: it counts from now on, and any lease on the order ends.
    ///
    /// # Errors
    /// [`crate::ports::StoreError::Refused`] for an order that has no row, and for an empty status.
    pub fn append_foreign(
        &self,
        id: &OrderId,
        status: &str,
        note: Option<&str>,
        retry_at: Option<Timestamp>,
    ) -> StoreResult<()> {
        let now = self.time();
        let entry = ForeignEntry {
            status: OrderStatus::parse(status),
            note,
            retry_at,
            source: "external",
            actor: None,
        };
        self.tables().append_foreign(id, entry, now)
    }

    /// Inserts a row in `orders` without any entry, as another program would.
    ///
    /// # Errors
    /// [`crate::ports::StoreError::Refused`] where there is one already.
    pub fn insert_order_row(&self, id: &OrderId, raw: &str) -> StoreResult<()> {
        let created_at = self.time();
        let mut tables = self.tables();
        if tables.orders.contains_key(id) {
            return Err(refused(format!("there is an order {id} already")));
        }
        let row = StoredOrder {
            raw: raw.into(),
            created_at,
            placed_at: None,
        };
        tables.orders.insert(id.clone(), row);
        Ok(())
    }

    /// Opens an inbox entry as another module would.
    pub fn insert_foreign_failure(&self, failure: ForeignFailure) -> FailureId {
        let at = self.time();
        let row = FailureRow {
            failure_id: FailureId(0),
            related_id: failure.related_id,
            process_name: failure.process_name,
            cause: None,
            details: failure.details,
            payload: None,
            at,
            needs_person: true,
            resolved_at: None,
            resolved_by: None,
            resolution: None,
        };
        self.tables().insert_failure(FiledFailure { row, version: None })
    }

    /// Raises the epoch of the fencing numbers, as a rebuild does.
    pub fn raise_epoch(&self) {
        self.tables().epoch += 1;
    }
}

/// An entry that is not a worker's.
pub(super) struct ForeignEntry<'a> {
    pub(super) status: OrderStatus,
    pub(super) note: Option<&'a str>,
    pub(super) retry_at: Option<Timestamp>,
    pub(super) source: &'a str,
    pub(super) actor: Option<&'a str>,
}

impl Tables {
    pub(super) fn append_foreign(&mut self, id: &OrderId, entry: ForeignEntry<'_>, now: Timestamp) -> StoreResult<()> {
        let ForeignEntry { status, retry_at, .. } = entry;
        let order = self.orders.get(id);
        let order = order.ok_or_else(|| refused(format!("there is no order {id} to append to")))?;
        if status.as_str().is_empty() {
            return Err(refused("a status can't be empty"));
        }
        let mut before = self.work.get(id).cloned();
        if dropped(Guard::ForeignEntryKeepsTheCall)
            && let Some(row) = &mut before
        {
            row.call = None;
            row.standing.call_open = false;
            row.standing.phase = Phase::Ready;
        }
        let phase = Phase::after_foreign_entry(
            before.as_ref().map(|row| row.standing.phase),
            &status,
            retry_at.is_some(),
        );
        let mut row = match before {
            Some(mut row) => {
                row.version = Version(row.version.0 + 1);
                row
            }
            None => WorkRow::fresh(status.clone(), order.placed_or_created_at(), now),
        };
        row.status = status.clone();
        row.status_at = now;
        row.end_lease();
        let standing = &mut row.standing;
        standing.phase = phase;
        standing.due_at = match phase {
            Phase::Retry => retry_at,
            Phase::Settled => None,
            _ => Some(now),
        };
        if status == OrderStatus::PendingAcceptance {
            standing.attempt = 1;
            standing.looks = 0;
            standing.waiting_looks = 0;
            standing.slow_looks = 0;
            standing.since = now;
        }
        self.operations.worked(id, None);
        let written = Entry {
            version: row.version,
            status,
            note: entry.note.map(str::to_owned),
            at: now,
            source: entry.source.to_owned(),
            actor: entry.actor.map(str::to_owned),
            attempt: None,
            retry_at,
            send: None,
            look: None,
        };
        self.append_entry(id, written);
        self.work.put(id.clone(), row);
        Ok(())
    }
}
