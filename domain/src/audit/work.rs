//! The work row: what the record yields, and a next action with a time that comes.

use std::time::Duration;

use super::facts::{self, Fate, is_ours};
use super::record::{OrderRecord, WorkRecord};
use super::violation::{Found, ViolationKind};
use crate::call::CallOutcome;
use crate::order::Decision;
use crate::ports::Entry;
use crate::status::OrderStatus;
use crate::time::{self, Timestamp};
use crate::work::Phase;

/// No lease is given for so long.
const LONGEST_LEASE: Duration = Duration::from_secs(24 * 3600);
/// No wait of the workflow is so long: the limit of the settings, and a day.
const LONGEST_WAIT: Duration = Duration::from_secs(366 * 24 * 3600);

pub(super) fn check(record: &OrderRecord, now: Timestamp, found: &mut Found<'_>) {
    if record.stored.is_none() && !(record.entries.is_empty() && record.work.is_none()) {
        found.add(
            ViolationKind::OrderMissing,
            "there are rows of it, and the order itself is not stored",
        );
    }
    match (facts::newest(record), &record.work) {
        (None, None) => {}
        (None, Some(_)) => found.add(ViolationKind::TimelineMissing, "a work row, and no entry"),
        (Some(newest), None) => {
            // A row that can't be read is told of as such.
            if record.unreadable_work.is_none() {
                let detail = format!(
                    "the timeline ends with entry {}, and there is no work row",
                    newest.version
                );
                found.add(ViolationKind::WorkMissing, detail);
            }
        }
        (Some(newest), Some(work)) => {
            in_step(newest, work, found);
            placed(record, work, found);
            phase(record, newest, work, found);
            call(record, work, found);
            decision(record, work, found);
            in_time(newest, work, now, found);
        }
    }
}

fn in_step(newest: &Entry, work: &WorkRecord, found: &mut Found<'_>) {
    if (work.version, &work.status, work.status_at) != (newest.version, &newest.status, newest.at) {
        let detail = format!(
            "the work row is at entry {}, {} of {}; the newest is entry {}, {} of {}",
            work.version, work.status, work.status_at, newest.version, newest.status, newest.at
        );
        found.add(ViolationKind::WorkBehind, detail);
    }
}

/// Another program may have told the order's time after the work row was made.
fn placed(record: &OrderRecord, work: &WorkRecord, found: &mut Found<'_>) {
    let Some(stored) = record.stored else { return };
    if work.placed_at != stored.created_at && Some(work.placed_at) != stored.placed_at {
        let detail = format!("the work row says {}, the order neither", work.placed_at);
        found.add(ViolationKind::WorkPlaced, detail);
    }
}

fn phase(record: &OrderRecord, newest: &Entry, work: &WorkRecord, found: &mut Found<'_>) {
    let standing = &work.standing;
    let allowed: &[Phase] = match (&newest.status, newest.retry_at) {
        (OrderStatus::PendingAcceptance, _) => &[Phase::Ready, Phase::Sending, Phase::Validating, Phase::Review],
        (OrderStatus::AcceptanceFailed, Some(_)) => &[Phase::Retry],
        (OrderStatus::AcceptanceFailed, None) if is_ours(newest) => &[Phase::Review],
        (OrderStatus::AcceptanceFailed, None) => &[Phase::Unfiled, Phase::Review],
        (OrderStatus::Accepted | OrderStatus::Cancelled | OrderStatus::Other(_), _) => &[Phase::Settled],
    };
    if !allowed.contains(&standing.phase) {
        let detail = format!("the order is {}, and its phase is {}", newest.status, standing.phase);
        found.add(ViolationKind::WorkPhase, detail);
    }
    if standing.phase == Phase::Retry && standing.due_at != newest.retry_at {
        found.add(
            ViolationKind::WorkPhase,
            "the retry is due at another time than its entry says",
        );
    }
    if standing.phase == Phase::Review && !facts::is_filed_for_a_person(record, newest.version) {
        let detail = format!(
            "it waits for a person at entry {}, and the inbox asks nobody",
            newest.version
        );
        found.add(ViolationKind::ReviewUnfiled, detail);
    }
    let (least, most) = facts::attempts(record);
    if !(least..=most).contains(&standing.attempt) {
        let detail = format!("the work row is at attempt {}, the record at {most}", standing.attempt);
        found.add(ViolationKind::WorkPhase, detail);
    }
}

fn call(record: &OrderRecord, work: &WorkRecord, found: &mut Found<'_>) {
    let acceptances = facts::acceptances(record);
    let last = acceptances.last().copied();
    if work.call != last.map(|call| call.call_id) {
        let name = |id: Option<crate::call::CallId>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
        let detail = format!(
            "the work row's last call is {}, the record's {}",
            name(work.call),
            name(last.map(|call| call.call_id))
        );
        found.add(ViolationKind::WorkCall, detail);
    }
    let open = work.standing.call_open;
    let agrees = match last.map(|call| facts::fate(record, call)) {
        None | Some(Fate::Settled) => !open,
        // Until whoever takes the order over has noticed.
        Some(Fate::WithoutEffect) => true,
        Some(Fate::Undecided) => open,
    };
    if !agrees {
        let said = if open { "undecided" } else { "decided" };
        found.add(
            ViolationKind::WorkCall,
            format!("the work row takes the last call for {said}"),
        );
    }
    if work.standing.phase == Phase::Sending && !open {
        found.add(
            ViolationKind::WorkCall,
            "a call is said to be under way, and none is undecided",
        );
    }
    if let Some(fence) = acceptances
        .iter()
        .filter_map(|call| call.fence)
        .max()
        .filter(|fence| work.fence < *fence)
    {
        let detail = format!("the work row's fencing number is {}, a call's {fence}", work.fence);
        found.add(ViolationKind::WorkFence, detail);
    }
}

fn decision(record: &OrderRecord, work: &WorkRecord, found: &mut Found<'_>) {
    let last = facts::acceptances(record).last().copied();
    let frozen = last.and_then(facts::decision);
    // A refusal, once settled, lets go of its decision.
    let let_go = last.is_some_and(|call| call.outcome == Some(CallOutcome::Refused)) && !work.standing.call_open;
    let agrees = match &work.standing.decision {
        None => frozen.is_none() || let_go,
        Some(_) => work.standing.decision == frozen,
    };
    if !agrees {
        let lines = |decision: &Option<Decision>| decision.as_ref().map_or(0, |decision| decision.lines().len());
        let detail = format!(
            "the work row's decision ({} lines) is not that of the last acceptance ({} lines)",
            lines(&work.standing.decision),
            lines(&frozen)
        );
        found.add(ViolationKind::WorkDecision, detail);
    }
}

fn in_time(newest: &Entry, work: &WorkRecord, now: Timestamp, found: &mut Found<'_>) {
    let standing = &work.standing;
    let settled = standing.phase == Phase::Settled;
    match standing.due_at {
        None if !settled => {
            found.add(
                ViolationKind::Limbo,
                format!("it is {}, and due at no time", standing.phase),
            );
        }
        Some(due) if settled => found.add(ViolationKind::Limbo, format!("it is settled, and due at {due}")),
        // What another program asked for is its own affair.
        Some(due) if due > time::plus(now, LONGEST_WAIT) && (is_ours(newest) || standing.phase != Phase::Retry) => {
            found.add(ViolationKind::Limbo, format!("it is not due before {due}"));
        }
        _ => {}
    }
    if let Some(until) = work.lease_until.filter(|until| *until > time::plus(now, LONGEST_LEASE)) {
        found.add(ViolationKind::Limbo, format!("it is leased until {until}"));
    }
}
