//! What the record yields about one order: read by the checks and by the rebuild alike.

use super::US;
use super::record::{AuditedCall, AuditedFailure, OrderRecord};
use crate::call::{CallId, CallOutcome, Endpoint, SERVICE};
use crate::failure::{FailureCause, PROCESS};
use crate::order::Decision;
use crate::ports::Entry;
use crate::status::OrderStatus;
use crate::work::Version;

/// Whether the entry is one of ours.
pub(super) fn is_ours(entry: &Entry) -> bool {
    entry.source == US
}

/// Whether the call is an acceptance of ours, of whatever order.
pub(super) fn is_acceptance(call: &AuditedCall) -> bool {
    call.service == SERVICE && call.endpoint == Endpoint::Or21.as_str()
}

/// Whether the call is a look of ours.
pub(super) fn is_look(call: &AuditedCall) -> bool {
    call.service == SERVICE && call.endpoint == Endpoint::Or11.as_str()
}

/// The entry with the greatest version.
pub(super) fn newest(record: &OrderRecord) -> Option<&Entry> {
    record.entries.iter().max_by_key(|entry| entry.version)
}

/// The order's acceptances, in the order of their leases.
pub(super) fn acceptances(record: &OrderRecord) -> Vec<&AuditedCall> {
    let about_it = |call: &&AuditedCall| call.related_id.as_deref() == Some(record.order_id.as_str());
    let mut calls: Vec<_> = record
        .calls
        .iter()
        .filter(|call| is_acceptance(call))
        .filter(about_it)
        .collect();
    calls.sort_by_key(|call| (call.fence, call.call_id));
    calls
}

/// The call of this id, if it is on record.
pub(super) fn call(record: &OrderRecord, id: CallId) -> Option<&AuditedCall> {
    record.calls.iter().find(|call| call.call_id == id)
}

/// The decision that an acceptance carries.
pub(super) fn decision(call: &AuditedCall) -> Option<Decision> {
    Decision::from_json(call.request.as_ref()?).ok()
}

/// What is known of what became of an acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// An entry of ours says so.
    Settled,
    /// It had no effect, and needs no entry to say so.
    WithoutEffect,
    /// Nobody has decided it yet.
    Undecided,
}

/// What is known of what became of `call`.
pub(super) fn fate(record: &OrderRecord, call: &AuditedCall) -> Fate {
    let settles = |entry: &&Entry| {
        is_ours(entry) && entry.send == Some(call.call_id) && entry.status != OrderStatus::PendingAcceptance
    };
    if record.entries.iter().any(|entry| settles(&entry)) {
        return Fate::Settled;
    }
    match call.outcome {
        Some(CallOutcome::Unanswered | CallOutcome::NotSent | CallOutcome::Throttled | CallOutcome::Credentials) => {
            Fate::WithoutEffect
        }
        None
        | Some(
            CallOutcome::Applied
            | CallOutcome::Precondition
            | CallOutcome::Unknown
            | CallOutcome::Refused
            | CallOutcome::Answered,
        ) => Fate::Undecided,
    }
}

/// The inbox entries of acceptance.
pub(super) fn own_failures(record: &OrderRecord) -> impl Iterator<Item = &AuditedFailure> {
    record.failures.iter().filter(|failure| failure.process_name == PROCESS)
}

/// The inbox entry of acceptance that was written with this version of the timeline.
pub(super) fn failure_at(record: &OrderRecord, version: Version) -> Option<&AuditedFailure> {
    own_failures(record).find(|failure| failure.version == Some(version) && !is_contradiction(failure))
}

/// An entry of this cause is opened by a listing, at any time; it is no part of the order's own work.
pub(super) fn is_contradiction(failure: &AuditedFailure) -> bool {
    failure.cause.as_deref() == Some(FailureCause::Contradiction.as_str())
}

/// Whether a person was asked about this version of the order. An entry that a person resolved counts: nobody else is
/// asked again for the same thing.
pub(super) fn is_filed_for_a_person(record: &OrderRecord, version: Version) -> bool {
    own_failures(record)
        .filter(|failure| failure.version == Some(version) && failure.needs_person && !is_contradiction(failure))
        .any(|failure| failure.resolved_at.is_none() || failure.resolved_by.as_deref() != Some(US))
}

/// The numbers that the attempt under way, or next, may have: least and greatest. They differ only after a failure that
/// an older version filed without saying whether it counted.
pub(super) fn attempts(record: &OrderRecord) -> (u32, u32) {
    let mut attempts = (1, 1);
    for entry in &record.entries {
        if !is_ours(entry) {
            if entry.status == OrderStatus::PendingAcceptance {
                attempts = (1, 1);
            }
            continue;
        }
        let Some(attempt) = entry.attempt else { continue };
        attempts = match (&entry.status, entry.retry_at) {
            (OrderStatus::AcceptanceFailed, Some(_)) => match next_attempt(record, entry.version) {
                Some(next) => (next, next),
                None => (attempt, attempt.saturating_add(1)),
            },
            _ => (attempt, attempt),
        };
    }
    attempts
}

fn next_attempt(record: &OrderRecord, version: Version) -> Option<u32> {
    let next = failure_at(record, version)?
        .payload
        .as_ref()?
        .get("next_attempt")?
        .as_u64()?;
    u32::try_from(next).ok()
}
