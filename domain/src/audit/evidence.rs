//! The evidence: each entry of ours names the send and the look that justify it, and says what they say.

use super::facts::{self, is_ours};
use super::record::{AuditedCall, OrderRecord, Shown};
use super::violation::{Found, ViolationKind};
use crate::call::{CallId, CallOutcome};
use crate::order::{LineId, OrderLine};
use crate::ports::Entry;
use crate::reading::{Reading, Seen, SeenOrder, read};
use crate::state::MarketplaceState;
use crate::status::OrderStatus;
use crate::work::Version;

pub(super) fn check(record: &OrderRecord, found: &mut Found<'_>) {
    for entry in record.entries.iter().filter(|entry| is_ours(entry)) {
        let send = entry.send.and_then(|id| send(record, entry, id, found));
        match &entry.status {
            OrderStatus::PendingAcceptance => ingested(record, entry, found),
            OrderStatus::Accepted | OrderStatus::Cancelled => seen(record, entry, found),
            OrderStatus::AcceptanceFailed => failed(record, entry, send, found),
            OrderStatus::Other(_) => {}
        }
    }
}

/// The acceptance that an entry names.
fn send<'a>(record: &'a OrderRecord, entry: &Entry, id: CallId, found: &mut Found<'_>) -> Option<&'a AuditedCall> {
    let version = entry.version;
    let Some(call) = facts::call(record, id) else {
        let detail = format!("entry {version} names call {id}, which is not on record");
        found.add(ViolationKind::SendMissing, detail);
        return None;
    };
    if !facts::is_acceptance(call) || call.related_id.as_deref() != Some(record.order_id.as_str()) {
        let detail = format!("entry {version} names call {id}, which is no acceptance of this order");
        found.add(ViolationKind::SendForeign, detail);
        return None;
    }
    Some(call)
}

/// The first entry names the listing that showed the order.
fn ingested(record: &OrderRecord, entry: &Entry, found: &mut Found<'_>) {
    if entry.version == Version(1) || entry.look.is_some() {
        look(record, entry, found);
    }
}

/// `accepted` and `cancelled` are said of what a look showed, and the note names its state.
fn seen(record: &OrderRecord, entry: &Entry, found: &mut Found<'_>) {
    let Some((id, shown)) = look(record, entry, found) else {
        return;
    };
    let agrees = |state: &str| {
        let named = format!("'{}'", MarketplaceState::parse(state));
        reads_as(state, &entry.status) && entry.note.as_ref().is_some_and(|note| note.contains(&named))
    };
    if !matches!(shown, Shown::State(state) if agrees(state)) {
        disagrees(entry, id, shown, found);
    }
}

/// `acceptance_failed` is said by an answer that settles it, or by looks that still showed the order waiting.
fn failed(record: &OrderRecord, entry: &Entry, send: Option<&AuditedCall>, found: &mut Found<'_>) {
    let version = entry.version;
    if entry.send.is_none() {
        let detail = format!("entry {version} says that an attempt failed, and names no acceptance call");
        found.add(ViolationKind::SendMissing, detail);
    }
    if let Some(call) = send {
        let retried = entry.retry_at.is_some();
        let agrees = match call.outcome {
            Some(CallOutcome::NotSent) => entry.look.is_none(),
            Some(CallOutcome::Refused) => entry.look.is_none() && !retried,
            Some(CallOutcome::Unknown) => entry.look.is_some(),
            Some(CallOutcome::Applied | CallOutcome::Precondition) => entry.look.is_some() && !retried,
            None
            | Some(
                CallOutcome::Unanswered | CallOutcome::Throttled | CallOutcome::Credentials | CallOutcome::Answered,
            ) => false,
        };
        if !agrees {
            let outcome = call.outcome.map_or("none", CallOutcome::as_str);
            let looked = if entry.look.is_some() { "a" } else { "no" };
            let detail = format!(
                "entry {version} says that an attempt failed by call {} and {looked} look; its outcome is {outcome}",
                call.call_id
            );
            found.add(ViolationKind::SendDisagrees, detail);
        }
    }
    if entry.look.is_some()
        && let Some((id, shown)) = look(record, entry, found)
        && !matches!(shown, Shown::State(state) if state == MarketplaceState::WaitingAcceptance.as_str())
    {
        disagrees(entry, id, shown, found);
    }
}

/// The look that an entry names, and what it showed of the order.
fn look<'a>(record: &'a OrderRecord, entry: &Entry, found: &mut Found<'_>) -> Option<(CallId, &'a Shown)> {
    let version = entry.version;
    let Some(id) = entry.look else {
        found.add(ViolationKind::LookMissing, format!("entry {version} names no look"));
        return None;
    };
    let Some(call) = facts::call(record, id) else {
        let detail = format!("entry {version} names look {id}, which is not on record");
        found.add(ViolationKind::LookMissing, detail);
        return None;
    };
    let answered = facts::is_look(call) && call.outcome == Some(CallOutcome::Answered);
    if !answered || call.shown == Shown::Nothing {
        let detail = format!("entry {version} names call {id}, which is no look that showed the order");
        found.add(ViolationKind::LookDisagrees, detail);
        return None;
    }
    Some((id, &call.shown))
}

fn disagrees(entry: &Entry, look: CallId, shown: &Shown, found: &mut Found<'_>) {
    let shown = match shown {
        Shown::State(state) => state.as_str(),
        Shown::Nothing | Shown::Missing => "(not in the answer)",
    };
    let detail = format!(
        "entry {} is {}, \"{}\"; look {look} showed {shown}",
        entry.version,
        entry.status,
        entry.note.as_deref().unwrap_or_default()
    );
    found.add(ViolationKind::LookDisagrees, detail);
}

/// Whether an order in this state can be read as having this status. The lines are not on record with a look, so a
/// state that is lost only with its lines may be either.
fn reads_as(state: &str, status: &OrderStatus) -> bool {
    let with_a_line = |line: Option<MarketplaceState>| {
        let lines = LineId::new("line").map(|id| OrderLine { id, state: line }).into_iter();
        read(&Seen::Order(SeenOrder {
            state: MarketplaceState::parse(state),
            lines: lines.collect(),
            decided_at: None,
        }))
    };
    match status {
        OrderStatus::Accepted => matches!(with_a_line(None), Reading::Accepted { .. }),
        OrderStatus::Cancelled => matches!(with_a_line(Some(MarketplaceState::Canceled)), Reading::Lost(_)),
        OrderStatus::PendingAcceptance | OrderStatus::AcceptanceFailed | OrderStatus::Other(_) => false,
    }
}
