//! The inbox: each failure of ours is in it, and says what the timeline says.

use super::facts::{self, is_ours};
use super::record::{AuditedFailure, OrderRecord, Shown};
use super::violation::{Found, ViolationKind};
use crate::call::CallOutcome;
use crate::failure::FailureCause;
use crate::ports::Entry;
use crate::state::MarketplaceState;
use crate::status::OrderStatus;
use crate::work::Version;

pub(super) fn check(record: &OrderRecord, found: &mut Found<'_>) {
    for entry in record.entries.iter().filter(|entry| is_ours(entry)) {
        match &entry.status {
            OrderStatus::AcceptanceFailed => failed(record, entry, found),
            OrderStatus::Cancelled => refused(record, entry, found),
            OrderStatus::PendingAcceptance | OrderStatus::Accepted | OrderStatus::Other(_) => {}
        }
    }
    let newest = facts::newest(record).map_or(Version(0), |entry| entry.version);
    let settled_at = settled_at(record);
    for failure in facts::own_failures(record).filter(|failure| !facts::is_contradiction(failure)) {
        let Some(version) = failure.version else { continue };
        if version > newest {
            let detail = format!(
                "inbox entry {} is about entry {version}, which is not there",
                failure.failure_id
            );
            found.add(ViolationKind::FailureDisagrees, detail);
        }
        if failure.resolved_at.is_none() && settled_at.is_some_and(|settled| version < settled) {
            let detail = format!(
                "inbox entry {} is open, and the order settled after it",
                failure.failure_id
            );
            found.add(ViolationKind::FailureLeftOpen, detail);
        }
    }
}

/// The newest entry of ours that closed what was open.
fn settled_at(record: &OrderRecord) -> Option<Version> {
    let settles =
        |entry: &&Entry| is_ours(entry) && matches!(entry.status, OrderStatus::Accepted | OrderStatus::Cancelled);
    record.entries.iter().filter(settles).map(|entry| entry.version).max()
}

/// A failed attempt is filed with its entry: for a person where it is not retried, and under the cause of its outcome.
fn failed(record: &OrderRecord, entry: &Entry, found: &mut Found<'_>) {
    let Some(failure) = facts::failure_at(record, entry.version) else {
        let detail = format!(
            "entry {} says that an attempt failed, and the inbox has no entry",
            entry.version
        );
        found.add(ViolationKind::FailureMissing, detail);
        return;
    };
    if failure.needs_person == entry.retry_at.is_some() {
        disagrees(entry, failure, "one of them says that it is retried", found);
    }
    let outcome = entry
        .send
        .and_then(|id| facts::call(record, id))
        .and_then(|call| call.outcome);
    if let Some(expected) = outcome.and_then(cause_of)
        && failure.cause.as_deref() != Some(expected.as_str())
    {
        let words = format!("its call's outcome asks for the cause {expected}");
        disagrees(entry, failure, &words, found);
    }
}

/// Why an attempt failed whose call ended like this.
fn cause_of(outcome: CallOutcome) -> Option<FailureCause> {
    match outcome {
        CallOutcome::NotSent => Some(FailureCause::NotSent),
        CallOutcome::Refused => Some(FailureCause::Refused),
        CallOutcome::Unknown => Some(FailureCause::Unanswered),
        CallOutcome::Applied | CallOutcome::Precondition => Some(FailureCause::NotConfirmed),
        CallOutcome::Answered | CallOutcome::Throttled | CallOutcome::Credentials | CallOutcome::Unanswered => None,
    }
}

/// A refusal on the marketplace is filed, with whose it was.
fn refused(record: &OrderRecord, entry: &Entry, found: &mut Found<'_>) {
    let shown = entry
        .look
        .and_then(|id| facts::call(record, id))
        .map(|look| &look.shown);
    let refused = matches!(shown, Some(Shown::State(state)) if state == MarketplaceState::Refused.as_str());
    if !refused {
        return;
    }
    let causes = [FailureCause::RefusedByShop, FailureCause::RefusedAtDeadline].map(FailureCause::as_str);
    let cause = facts::failure_at(record, entry.version).and_then(|failure| failure.cause.as_deref());
    if !cause.is_some_and(|cause| causes.contains(&cause)) {
        let detail = format!("entry {} tells of a refusal, and the inbox does not", entry.version);
        found.add(ViolationKind::FailureMissing, detail);
    }
}

fn disagrees(entry: &Entry, failure: &AuditedFailure, words: &str, found: &mut Found<'_>) {
    let detail = format!(
        "entry {} and inbox entry {} disagree: {words}",
        entry.version, failure.failure_id
    );
    found.add(ViolationKind::FailureDisagrees, detail);
}
