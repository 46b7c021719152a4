//! The work row made anew from the record.
//!
//! Where the record does not say how far somebody had got, the order goes back to where nothing can go wrong: an
//! undecided call is looked at before anything is sent, a wait begins anew, used-up looks are given again. What the
//! record does say stands: the attempt, the time of a retry, the frozen decision, whom the inbox asks.

use super::facts::{self, Fate, is_ours};
use super::record::{AuditedCall, OrderRecord};
use crate::call::{CallId, CallOutcome};
use crate::order::Decision;
use crate::ports::Entry;
use crate::status::OrderStatus;
use crate::time::Timestamp;
use crate::work::{Fence, Phase, Standing, Version};

/// A work row as the record yields it. It is under no lease, and its fencing number is the store's to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// The version of the order's newest entry.
    pub version: Version,
    /// The status of its newest entry.
    pub status: OrderStatus,
    /// The time of its newest entry.
    pub status_at: Timestamp,
    /// From when its deadline counts.
    pub placed_at: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// Its last acceptance call.
    pub call: Option<CallId>,
    /// The greatest fencing number of its acceptances: the row's own has to be greater than any given out.
    pub least_fence: Fence,
}

/// The work row that the record yields; `None` for an order that is not stored or has no entry, which has none, and for
/// one of whose record a row can't be read.
#[must_use]
pub fn rebuilt(record: &OrderRecord, now: Timestamp) -> Option<Rebuilt> {
    let stored = record.stored.filter(|_| record.unreadable.is_empty())?;
    let newest = facts::newest(record)?;
    let acceptances = facts::acceptances(record);
    let last = acceptances.last().copied();
    let undecided = last.filter(|call| facts::fate(record, call) == Fate::Undecided);
    let (phase, due_at) = next(record, newest, undecided, now);
    let standing = Standing {
        phase,
        due_at,
        attempt: facts::attempts(record).1,
        call_open: undecided.is_some(),
        decision: last.and_then(|call| frozen(call, undecided)),
        reason: reason(record, newest),
        ..Standing::fresh(now)
    };
    Some(Rebuilt {
        version: newest.version,
        status: newest.status.clone(),
        status_at: newest.at,
        placed_at: stored.placed_at.unwrap_or(stored.created_at),
        standing,
        call: last.map(|call| call.call_id),
        least_fence: acceptances
            .iter()
            .filter_map(|call| call.fence)
            .max()
            .unwrap_or(Fence(0)),
    })
}

/// What comes next, and when.
fn next(
    record: &OrderRecord,
    newest: &Entry,
    undecided: Option<&AuditedCall>,
    now: Timestamp,
) -> (Phase, Option<Timestamp>) {
    let filed = facts::is_filed_for_a_person(record, newest.version);
    match (&newest.status, newest.retry_at) {
        (OrderStatus::Accepted | OrderStatus::Cancelled | OrderStatus::Other(_), _) => (Phase::Settled, None),
        (OrderStatus::AcceptanceFailed, Some(at)) => (Phase::Retry, Some(at)),
        (OrderStatus::AcceptanceFailed, None) if is_ours(newest) || filed => (Phase::Review, Some(now)),
        (OrderStatus::AcceptanceFailed, None) => (Phase::Unfiled, Some(now)),
        (OrderStatus::PendingAcceptance, _) if filed => (Phase::Review, Some(now)),
        (OrderStatus::PendingAcceptance, _) => match undecided {
            // Whoever made it may still be about to record the answer.
            Some(call) if call.outcome.is_none() => (Phase::Sending, Some(call.answer_by.unwrap_or(now).max(now))),
            Some(_) => (Phase::Sending, Some(now)),
            None => (Phase::Ready, Some(now)),
        },
    }
}

/// The decision that the next acceptance has to repeat: a settled refusal has let go of it.
fn frozen(last: &AuditedCall, undecided: Option<&AuditedCall>) -> Option<Decision> {
    let let_go = last.outcome == Some(CallOutcome::Refused) && undecided.is_none();
    facts::decision(last).filter(|_| !let_go)
}

/// Why the last attempt failed, for the note of the next one.
fn reason(record: &OrderRecord, newest: &Entry) -> Option<String> {
    if newest.status != OrderStatus::AcceptanceFailed {
        return None;
    }
    let payload = facts::failure_at(record, newest.version)?.payload.as_ref()?;
    payload.get("reason")?.as_str().map(str::to_owned)
}
