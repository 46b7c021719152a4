//! The record checked against itself, order by order: [`check`] names each thing that can't have come about by the
//! workflow and the entries of other programs alone, and [`rebuilt`] makes an order's work row anew from its record.
//!
//! Both are pure, and cost what the one order's record is long. What other programs wrote into the timeline is believed:
//! only its version is asked for. Of a call's answer nothing but the outcome is read, so bodies may be pruned.
//!
//! | file | what it asks |
//! |---|---|
//! | `timeline` | versions from 1 without gaps, moves of ours by the table |
//! | `calls` | every acceptance has its lease and its decision, and none went out over an undecided one |
//! | `evidence` | each entry of ours names a send and a look that are on record and agree with it |
//! | `inbox` | each failure of ours has its inbox entry, and whoever is in review waits for a person |
//! | `work` | the work row is what the record yields, and has a next action and a time for it |

mod assembly;
mod calls;
mod evidence;
mod facts;
mod inbox;
mod rebuild;
mod record;
mod timeline;
mod violation;
mod work;

#[cfg(test)]
mod tests;

pub use assembly::Assembly;
pub use rebuild::{Rebuilt, rebuilt};
pub use record::{AuditedCall, AuditedFailure, OrderRecord, Shown, StoredOrder, WorkRecord};
pub use violation::{Violation, ViolationKind};

use crate::time::Timestamp;

/// Who writes our entries, and resolves our inbox entries by itself.
pub const US: &str = "ackord";

/// Everything that can't be in the record of one order, as it stood at `now`. Empty where nothing is wrong.
#[must_use]
pub fn check(record: &OrderRecord, now: Timestamp) -> Vec<Violation> {
    let mut found = violation::Found::new(record);
    for what in record.unreadable.iter().chain(&record.unreadable_work) {
        found.add(ViolationKind::Unreadable, what.clone());
    }
    timeline::check(record, &mut found);
    calls::check(record, &mut found);
    evidence::check(record, &mut found);
    inbox::check(record, &mut found);
    work::check(record, now, &mut found);
    found.violations
}
