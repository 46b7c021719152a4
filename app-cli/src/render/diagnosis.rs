//! Why an order fails.

use ackord::diagnosis::{Attempt, Diagnosis};
use serde_json::{Value, json};

use super::call::block;
use super::wrap::{fact, hung};
use super::{clean, stamp, style};
use crate::streams::Sink;

/// A diagnosis for people. What is over has no cause any more, and nothing is to be done about it.
#[must_use]
pub fn diagnosis_block(diagnosis: &Diagnosis, is_over: bool, sink: &Sink) -> String {
    let mut lines = vec![style::heading("Why")];
    if is_over {
        lines.push(fact("likely", "nothing is wrong any more: the order is settled", sink));
    } else {
        lines.push(fact("likely", &clean(&diagnosis.likely.words()), sink));
        lines.push(fact("to do", diagnosis.likely.remedy(), sink));
    }
    if let Some((at, state)) = &diagnosis.last_seen {
        let state = state
            .as_deref()
            .map_or_else(|| "not shown".to_owned(), |state| format!("'{}'", clean(state)));
        lines.push(fact("last seen", &format!("{state}, {} UTC", stamp(*at)), sink));
    }
    if !diagnosis.attempts.is_empty() {
        lines.push(style::heading("What was sent, and answered"));
    }
    for attempt in &diagnosis.attempts {
        lines.push(hung(&format!("  {} UTC  ", stamp(attempt.at)), &sent(attempt), sink));
        if let Some(answer) = attempt.answer.as_deref().filter(|answer| !answer.trim().is_empty()) {
            lines.push(block(&format!("  {answer}")));
        }
    }
    lines.join("\n")
}

fn sent(attempt: &Attempt) -> String {
    let lines = match attempt.lines {
        Some(1) => "1 line".to_owned(),
        Some(lines) => format!("{lines} lines"),
        None => "what can't be read".to_owned(),
    };
    let outcome = attempt
        .outcome
        .map_or("no answer on record", |outcome| outcome.as_str());
    let status = attempt
        .status_code
        .map_or_else(String::new, |status| format!(" (HTTP {status})"));
    let after = attempt
        .state_after
        .as_deref()
        .map_or_else(String::new, |state| format!(", then seen as '{}'", clean(state)));
    format!("call {}, {lines}: {outcome}{status}{after}", attempt.call_id.0)
}

/// The same for programs.
#[must_use]
pub fn diagnosis_json(diagnosis: &Diagnosis, is_over: bool) -> Value {
    let attempts = diagnosis.attempts.iter().map(|attempt| {
        json!({
            "call_id": attempt.call_id.0,
            "timestamp": attempt.at.to_string(),
            "lines": attempt.lines,
            "outcome": attempt.outcome.map(|outcome| outcome.as_str()),
            "status_code": attempt.status_code,
            "answer": attempt.answer,
            "duration_ms": attempt.duration_ms,
            "state_after": attempt.state_after,
        })
    });
    let last_seen = diagnosis
        .last_seen
        .as_ref()
        .map(|(at, state)| json!({ "timestamp": at.to_string(), "state": state }));
    json!({
        "likely": (!is_over).then(|| diagnosis.likely.words()),
        "remedy": (!is_over).then(|| diagnosis.likely.remedy()),
        "failed_attempts": diagnosis.failed,
        "last_seen": last_seen,
        "attempts": attempts.collect::<Vec<_>>(),
    })
}
