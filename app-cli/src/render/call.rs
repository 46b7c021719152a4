//! Calls: in a list, and one by itself.

use ackord::ports::CallRow;

use super::table::Listing;
use super::{clean, clean_block, stamp, stamp_exact, style, wrap};
use crate::streams::Sink;

/// How much of an answer is shown to people.
const LINES: usize = 60;

/// Calls as a table.
#[must_use]
pub fn call_rows(calls: &[CallRow]) -> Listing {
    let mut listing = Listing::new(&[
        "CALL",
        "TIME (UTC)",
        "ENDPOINT",
        "ABOUT",
        "OUTCOME",
        "HTTP",
        "TOOK",
        "SEEN",
    ])
    .numbers(&["TOOK"]);
    for call in calls {
        listing.row(vec![
            call.call_id.to_string(),
            stamp(call.at),
            clean(&call.endpoint),
            about(call),
            outcome(call),
            call.status_code.map(|code| code.to_string()).unwrap_or_default(),
            call.duration_ms.map(|took| format!("{took} ms")).unwrap_or_default(),
            seen_words(call),
        ]);
    }
    listing
}

/// What it is about: an order, or how many.
fn about(call: &CallRow) -> String {
    match (&call.related_id, call.seen.len()) {
        (Some(id), _) => clean(id),
        (None, 0) => String::new(),
        (None, 1) => clean(&call.seen[0].0),
        (None, more) => format!("{more} orders"),
    }
}

/// The outcome in its colour.
pub(super) fn outcome(call: &CallRow) -> String {
    match (call.outcome, call.is_success) {
        (Some(outcome), _) if outcome.is_success() => style::good(outcome.as_str()),
        (Some(outcome), _) => style::bad(outcome.as_str()),
        (None, Some(true)) => style::good("success"),
        (None, Some(false)) => style::bad("failed"),
        (None, None) => style::notice("no answer on record"),
    }
}

/// The states that it showed, counted where there are several.
fn seen_words(call: &CallRow) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for (_, state) in &call.seen {
        let state = state.as_deref().map_or_else(|| "not listed".to_owned(), clean);
        match counts.iter_mut().find(|(name, _)| *name == state) {
            Some((_, count)) => *count += 1,
            None => counts.push((state, 1)),
        }
    }
    let parts: Vec<String> = counts
        .into_iter()
        .map(|(state, count)| if count == 1 { state } else { format!("{count} {state}") })
        .collect();
    parts.join(", ")
}

/// One call with all that is on record of it.
#[must_use]
pub fn call_page(call: &CallRow, sink: &Sink) -> String {
    let mut lines = vec![format!(
        "{} {} {}",
        style::heading(&format!("Call {}", call.call_id)),
        clean(&call.service),
        clean(&call.endpoint)
    )];
    let mut fact = |name: &str, text: String| {
        if !text.is_empty() {
            lines.push(wrap::fact(name, &text, sink));
        }
    };
    fact("about", about(call));
    fact("started", format!("{} UTC", stamp_exact(call.at)));
    let took = call
        .duration_ms
        .map(|took| format!(", after {took} ms"))
        .unwrap_or_default();
    let http = call
        .status_code
        .map(|code| format!(" (HTTP {code}{took})"))
        .unwrap_or(took);
    fact("outcome", format!("{}{http}", outcome(call)));
    for (order, state) in &call.seen {
        let state = state.as_deref().map_or_else(|| "not listed".to_owned(), clean);
        fact("seen", format!("{}: {state}", clean(order)));
    }
    if let Some(request) = &call.request {
        lines.push(style::heading("Request"));
        lines.push(block(
            &serde_json::to_string_pretty(request).unwrap_or_else(|_| request.to_string()),
        ));
    }
    if let Some(pruned_at) = call.pruned_at {
        let words = format!("  pruned on {} UTC: see `ackord prune --log`", stamp(pruned_at));
        lines.extend([style::heading("Response"), style::dim(&words)]);
    }
    if let Some(response) = &call.response {
        lines.push(style::heading("Response"));
        let pretty = serde_json::from_str::<serde_json::Value>(response)
            .ok()
            .filter(|value| value.is_object() || value.is_array())
            .and_then(|value| serde_json::to_string_pretty(&value).ok());
        lines.push(match response.trim() {
            "" => style::dim("  (empty)"),
            _ => cut(&block(pretty.as_deref().unwrap_or(response))),
        });
    }
    lines.join("\n") + "\n"
}

/// The first lines of a long text: the whole is for `--json`.
fn cut(text: &str) -> String {
    let more = text.lines().count().saturating_sub(LINES);
    if more == 0 {
        return text.to_owned();
    }
    let shown: Vec<&str> = text.lines().take(LINES).collect();
    let rest = style::dim(&format!("  … {more} more lines: --json shows all"));
    format!("{}\n{rest}", shown.join("\n"))
}

/// Text of several lines, set in.
pub(super) fn block(text: &str) -> String {
    let lines: Vec<String> = clean_block(text).lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}
