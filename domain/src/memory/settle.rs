//! Settle: all that one order's step leads to, together or not at all.

use std::collections::BTreeSet;

use super::tables::{Tables, US};
use crate::guards::{Guard, dropped};
use crate::order::OrderId;
use crate::ports::{Entry, Settled};
use crate::time::Timestamp;
use crate::work::{NewEntry, OperationId, Settlement, Version};

impl Tables {
    /// [`crate::ports::WorkStore::settle`]. Of several settlements of one order the first alone can stand.
    pub(super) fn settle(
        &mut self,
        settlements: &[Settlement],
        now: Timestamp,
        operation: OperationId,
    ) -> Vec<Settled> {
        let mut mentioned: BTreeSet<&OrderId> = BTreeSet::new();
        let mut settled = Vec::with_capacity(settlements.len());
        for settlement in settlements {
            settled.push(match mentioned.insert(&settlement.order_id) {
                true => self.settle_one(settlement, now, operation),
                false => Settled::Lost,
            });
        }
        settled
    }

    fn settle_one(&mut self, settlement: &Settlement, now: Timestamp, operation: OperationId) -> Settled {
        let id = &settlement.order_id;
        let next = Version(settlement.version.0 + 1);
        if self.operations.has_worked(id, operation) || self.operations.has_appended(id, next, operation) {
            return Settled::Written;
        }
        let Some(held) = self.work.get(id) else {
            return Settled::Lost;
        };
        let ours = held.fence == settlement.fence || dropped(Guard::FenceOnSettle);
        let seen = held.version == settlement.version || dropped(Guard::VersionOnSettle);
        if !ours || !seen {
            return Settled::Lost;
        }
        let version = match &settlement.entry {
            Some(_) => Version(held.version.0 + 1),
            None => held.version,
        };
        if let Some(resolution) = &settlement.resolution
            && !dropped(Guard::EarlierFailuresAreClosed)
        {
            self.resolve_failures(id, US, resolution, now);
        }
        if let Some(failure) = &settlement.failure
            && !dropped(Guard::FailureIsFiled)
        {
            self.open_failure(failure, Some(version), now);
        }
        if let Some(call) = settlement.close_call {
            self.close_call(call);
        }
        self.operations.worked(id, Some(operation));
        if let Some(entry) = &settlement.entry {
            self.operations.appended(id, version, operation);
            self.append_entry(id, entry_of_ours(entry, version, now));
        }
        self.work.change(id, |row| {
            if let Some(entry) = &settlement.entry {
                row.version = version;
                row.status = entry.status.clone();
                row.status_at = now;
            }
            row.standing = settlement.standing.clone();
            row.release(settlement.keeps_count);
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
