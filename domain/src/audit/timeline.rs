//! The timeline: versions from 1 without gaps, and moves of ours that the table of statuses has.

use super::facts::is_ours;
use super::record::OrderRecord;
use super::violation::{Found, ViolationKind};
use crate::status::{OrderStatus, check_move};

pub(super) fn check(record: &OrderRecord, found: &mut Found<'_>) {
    let mut version = 0;
    let mut status: Option<&OrderStatus> = None;
    for entry in &record.entries {
        if entry.version.0 == version {
            found.add(ViolationKind::VersionTwice, format!("there are two entries {version}"));
        } else if entry.version.0 != version + 1 {
            let detail = format!("after entry {version} comes entry {}", entry.version);
            found.add(ViolationKind::VersionGap, detail);
        }
        if is_ours(entry)
            && let Err(error) = check_move(status, &entry.status)
        {
            found.add(ViolationKind::UnlawfulMove, format!("entry {}: {error}", entry.version));
        }
        version = entry.version.0;
        status = Some(&entry.status);
    }
}
