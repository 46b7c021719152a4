//! Settle: all that one order's step leads to, together or not at all.

use super::tables::{Tables, US};
use crate::ports::{Entry, Settled};
use crate::time::Timestamp;
use crate::work::{NewEntry, Settlement, Version};

impl Tables {
    /// [`crate::ports::WorkStore::settle`].
    pub(super) fn settle(&mut self, settlements: &[Settlement], now: Timestamp) -> Vec<Settled> {
        settlements
            .iter()
            .map(|settlement| self.settle_one(settlement, now))
            .collect()
    }

    fn settle_one(&mut self, settlement: &Settlement, now: Timestamp) -> Settled {
        let id = &settlement.order_id;
        let held = self.work.get(id);
        if !held.is_some_and(|row| row.is_held_by(settlement.fence, settlement.version)) {
            return Settled::Lost;
        }
        let version = match &settlement.entry {
            Some(_) => Version(settlement.version.0 + 1),
            None => settlement.version,
        };
        if let Some(resolution) = &settlement.resolution {
            self.resolve_failures(id, resolution, now);
        }
        if let Some(failure) = &settlement.failure {
            self.open_failure(failure, Some(version), now);
        }
        if let Some(call) = settlement.close_call {
            self.close_call(call);
        }
        if let Some(entry) = &settlement.entry {
            self.entries
                .entry(id.clone())
                .or_default()
                .push(entry_of_ours(entry, version, now));
        }
        self.work.change(id, |row| {
            if let Some(entry) = &settlement.entry {
                row.version = version;
                row.status = entry.status.clone();
                row.status_at = now;
            }
            row.standing = settlement.standing.clone();
            row.end_lease();
        });
        Settled::Written
    }
}

fn entry_of_ours(entry: &NewEntry, version: Version, now: Timestamp) -> Entry {
    Entry {
        version,
        status: entry.status.clone(),
        note: Some(entry.note.clone()),
        at: now,
        source: US.to_owned(),
        actor: Some(US.to_owned()),
        attempt: entry.attempt,
        retry_at: entry.retry_at,
        send: entry.send,
        look: entry.look,
    }
}
