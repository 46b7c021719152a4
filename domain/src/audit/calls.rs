//! The acceptances: each under its own lease, with the decision of the first, and none over an undecided one.

use super::facts::{self, Fate};
use super::record::{AuditedCall, OrderRecord};
use super::violation::{Found, ViolationKind};
use crate::call::CallOutcome;

pub(super) fn check(record: &OrderRecord, found: &mut Found<'_>) {
    let acceptances = facts::acceptances(record);
    if record.stored.is_none() && !acceptances.is_empty() {
        let detail = format!(
            "{} acceptance calls name an order that is not stored",
            acceptances.len()
        );
        found.add(ViolationKind::OrderMissing, detail);
    }
    if record.entries.is_empty() && !acceptances.is_empty() {
        let detail = format!("{} acceptance calls, and no entry", acceptances.len());
        found.add(ViolationKind::TimelineMissing, detail);
    }
    for call in &acceptances {
        complete(call, found);
    }
    for call in record
        .calls
        .iter()
        .filter(|call| facts::is_acceptance(call) || facts::is_look(call))
    {
        agrees(call, found);
    }
    for pair in acceptances.windows(2) {
        if let [before, after] = pair {
            in_a_row(record, before, after, found);
        }
    }
    for id in &record.lost_looks {
        let detail = format!("call {id} is said to have shown it, and is not on record");
        found.add(ViolationKind::LookLost, detail);
    }
}

fn complete(call: &AuditedCall, found: &mut Found<'_>) {
    let id = call.call_id;
    if call.fence.is_none() || call.answer_by.is_none() {
        let detail = format!("acceptance call {id} has no fencing number or no time by which it has ended");
        found.add(ViolationKind::CallWithoutLease, detail);
    }
    if facts::decision(call).is_none() {
        let detail = format!("the request of acceptance call {id} holds no decision");
        found.add(ViolationKind::CallWithoutDecision, detail);
    }
}

fn agrees(call: &AuditedCall, found: &mut Found<'_>) {
    let expected = call.outcome.map(CallOutcome::is_success);
    if call.is_success != expected {
        let outcome = call.outcome.map_or("none", CallOutcome::as_str);
        let detail = format!(
            "call {}: outcome {outcome}, success {:?}",
            call.call_id, call.is_success
        );
        found.add(ViolationKind::CallDisagrees, detail);
    }
}

fn in_a_row(record: &OrderRecord, before: &AuditedCall, after: &AuditedCall, found: &mut Found<'_>) {
    let (first, second) = (before.call_id, after.call_id);
    if before.fence.is_some() && before.fence == after.fence {
        let detail = format!("calls {first} and {second} stand under one fencing number");
        found.add(ViolationKind::CallUnderUsedLease, detail);
    }
    if facts::fate(record, before) == Fate::Undecided {
        let outcome = before.outcome.map_or("none", CallOutcome::as_str);
        let detail = format!("call {second} followed on call {first}, outcome {outcome}, which no entry decides");
        found.add(ViolationKind::CallOverUndecided, detail);
    }
    // A refusal took no effect, and lets go of its decision.
    if before.outcome != Some(CallOutcome::Refused) && facts::decision(before) != facts::decision(after) {
        let detail = format!("call {second} decides otherwise than call {first}");
        found.add(ViolationKind::DecisionChanged, detail);
    }
}
