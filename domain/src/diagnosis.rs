//! Why an order fails: what was sent and answered each time, the state seen, a likely cause in words, and the remedy.
//!
//! It is read from the order's story, so that it is as true as the record and can't grow old. Where bodies of answers were pruned, it
//! goes by the codes that are left.

mod likely;

use crate::call::{CallId, CallOutcome, Endpoint};
use crate::ports::{CallRow, OrderStory};
use crate::status::OrderStatus;
use crate::time::Timestamp;

pub use likely::Likely;

/// From so many failed attempts on an order is diagnosed without being asked for.
pub const FROM_ATTEMPTS: usize = 3;

/// So many characters of an answer are shown.
const LONGEST_ANSWER: usize = 500;

/// An acceptance that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The call.
    pub call_id: CallId,
    /// When it was sent, or was to be.
    pub at: Timestamp,
    /// How many lines it decided on; `None` where the request can't be read.
    pub lines: Option<usize>,
    /// How it ended; `None` while no answer is on record.
    pub outcome: Option<CallOutcome>,
    /// The HTTP status of the answer.
    pub status_code: Option<u16>,
    /// The answer, cut where it is long; `None` where there was none or it was pruned.
    pub answer: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// The state in which the next look showed the order; `None` where none followed, or it was not shown.
    pub state_after: Option<String>,
}

/// Why an order fails.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// What was tried, oldest first.
    pub attempts: Vec<Attempt>,
    /// How many attempts failed.
    pub failed: usize,
    /// When the order was last looked at, and the state that it was shown in; `None` for one that was not shown.
    pub last_seen: Option<(Timestamp, Option<String>)>,
    /// The likely cause.
    pub likely: Likely,
}

impl Diagnosis {
    /// What an order's story comes to; `None` where nothing has failed.
    #[must_use]
    pub fn of(story: &OrderStory) -> Option<Self> {
        let failed = story
            .entries
            .iter()
            .filter(|entry| entry.status == OrderStatus::AcceptanceFailed)
            .count();
        let is_open = story.failures.iter().any(|failure| failure.resolved_at.is_none());
        if failed == 0 && !is_open {
            return None;
        }
        let id = story.summary.order_id.as_str();
        let mut calls: Vec<&CallRow> = story.calls.iter().collect();
        calls.sort_by_key(|call| (call.at, call.call_id));
        let attempts: Vec<Attempt> = calls
            .iter()
            .filter(|call| call.endpoint == Endpoint::Or21.as_str())
            .map(|call| attempt(call, &calls, id))
            .collect();
        let last_seen = calls.iter().rev().find_map(|call| Some((call.at, shown(call, id)?)));
        let cause = story
            .failures
            .iter()
            .filter(|failure| failure.resolved_at.is_none())
            .max_by_key(|failure| failure.failure_id)
            .and_then(|failure| failure.cause.clone());
        Some(Self {
            likely: likely::likely(&attempts, last_seen.as_ref(), cause.as_deref()),
            attempts,
            failed,
            last_seen,
        })
    }

    /// Whether enough has failed to show this without being asked for.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.failed >= FROM_ATTEMPTS
    }
}

fn attempt(call: &CallRow, calls: &[&CallRow], id: &str) -> Attempt {
    let after = calls
        .iter()
        .filter(|look| look.endpoint != Endpoint::Or21.as_str() && look.at >= call.at)
        .find_map(|look| shown(look, id));
    let lines = call
        .request
        .as_ref()
        .and_then(|request| request.get("order_lines")?.as_array());
    Attempt {
        call_id: call.call_id,
        at: call.at,
        lines: lines.map(Vec::len),
        outcome: call.outcome,
        status_code: call.status_code,
        answer: call.response.as_deref().map(cut),
        duration_ms: call.duration_ms,
        state_after: after.flatten(),
    }
}

/// The state in which a call showed the order; `None` where it was not about it, or has no answer.
fn shown(call: &CallRow, id: &str) -> Option<Option<String>> {
    let (_, state) = call.seen.iter().find(|(order, _)| order == id)?;
    Some(state.clone())
}

fn cut(answer: &str) -> String {
    match answer.char_indices().nth(LONGEST_ANSWER) {
        Some((end, _)) => format!("{}…", &answer[..end]),
        None => answer.to_owned(),
    }
}

#[cfg(test)]
mod tests;
