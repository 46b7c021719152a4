//! The whole story of one order: its timeline, calls and failures on one axis.

use std::time::Duration;

use ackord::Timestamp;
use ackord::ports::{CallRow, Entry, FailureRow, OrderStory, OrderSummary, TimelineRow};
use ackord::time::{plus, until};
use ackord::work::Phase;

use super::order::is_unsettled;
use super::table::Listing;
use super::{call, clean, failure, prose, stamp, stamp_exact, style, wrap};
use crate::span;
use crate::streams::Sink;

/// Something that happened: when, its place among what happened at once, and its row.
struct Happening {
    at: Timestamp,
    rank: u8,
    row: [String; 3],
}

/// The story as a page.
#[must_use]
pub fn story_page(story: &OrderStory, deadline: Duration, now: Timestamp, sink: &Sink) -> String {
    let summary = &story.summary;
    let mut text = format!(
        "{}\n",
        style::heading(&format!("Order {}", clean(summary.order_id.as_str())))
    );
    for (name, words) in facts(summary, deadline, now) {
        text.push_str(&wrap::fact(name, &words, sink));
        text.push('\n');
    }
    text.push('\n');
    let mut listing = Listing::new(&["TIME (UTC)", "WHAT", "", ""]);
    for happening in axis(story) {
        let [what, word, words] = happening.row;
        listing.row(vec![style::dim(&stamp_exact(happening.at)), what, word, words]);
    }
    text + &listing.render(sink)
}

/// An entry by itself, as one line, for whoever follows live.
#[must_use]
pub fn entry_line(row: &TimelineRow) -> String {
    let Happening {
        at,
        row: [what, status, words],
        ..
    } = of_entry(&row.entry);
    let order = clean(row.order_id.as_str());
    let line = format!("{}  {order}  {what}  {status}  {words}", style::dim(&stamp_exact(at)));
    format!("{}\n", line.trim_end())
}

fn facts(summary: &OrderSummary, deadline: Duration, now: Timestamp) -> Vec<(&'static str, String)> {
    let status = match (&summary.status, summary.status_at) {
        (Some(status), Some(at)) => {
            format!(
                "{} since {} UTC (version {})",
                style::status(status),
                stamp(at),
                summary.version
            )
        }
        (Some(status), None) => style::status(status),
        (None, _) => "none yet".to_owned(),
    };
    let mut facts = vec![
        ("status", status),
        ("placed", format!("{} UTC", stamp(summary.placed_at))),
    ];
    if is_unsettled(summary) {
        let at = plus(summary.placed_at, deadline);
        let left = if at > now {
            format!("in {}", span::roughly(until(now, at)))
        } else {
            style::bad(&format!("passed {} ago", span::roughly(until(at, now))))
        };
        facts.push(("deadline", format!("{} UTC ({left})", stamp(at))));
    }
    facts.push(("next", next(summary, now)));
    if summary.open_failures > 0 {
        let open = format!("{} open in the inbox", summary.open_failures);
        facts.push(("failures", style::notice(&open)));
    }
    facts
}

/// What comes next, as a sentence.
fn next(summary: &OrderSummary, now: Timestamp) -> String {
    let when = match summary.due_at {
        Some(due) if due > now => format!("at {} UTC (in {})", stamp(due), span::roughly(until(now, due))),
        _ => "in the next run".to_owned(),
    };
    let attempt = summary.attempt;
    match summary.phase {
        None => "taken up as a new order in the next run".to_owned(),
        Some(Phase::Ready) => format!("looked at and accepted, attempt {attempt}, {when}"),
        Some(Phase::Sending) => format!("what became of the acceptance is found out {when}"),
        Some(Phase::Validating) => format!("looked at again {when}"),
        Some(Phase::Retry) => format!("attempt {attempt} {when}"),
        Some(Phase::Unfiled) => format!("an entry in the inbox {when}"),
        Some(Phase::Review) => {
            let person = style::notice("a person decides; nothing is sent by itself");
            format!("{person}; looked at again {when}")
        }
        Some(Phase::Settled) => "nothing: settled".to_owned(),
    }
}

/// All that happened, by time.
fn axis(story: &OrderStory) -> Vec<Happening> {
    let mut all: Vec<Happening> = story.calls.iter().map(of_call).collect();
    all.extend(story.failures.iter().map(of_failure));
    all.extend(story.entries.iter().map(of_entry));
    let resolutions = story.failures.iter();
    all.extend(resolutions.filter_map(|failure| of_resolution(failure, &story.entries)));
    // The sort is stable: what has the same time and rank stays in the order of its ids.
    all.sort_by_key(|happening| (happening.at, happening.rank));
    all
}

fn of_entry(entry: &Entry) -> Happening {
    let mut words = entry.note.as_deref().map(prose).unwrap_or_default();
    if entry.source != "ackord" {
        if let Some(retry_at) = entry.retry_at {
            words = format!(
                "{words} {}",
                style::dim(&format!("(retry due {} UTC)", stamp(retry_at)))
            );
        }
        let who = entry.actor.as_deref().unwrap_or(&entry.source);
        words = format!("{words} {}", style::dim(&format!("(written by {})", clean(who))))
            .trim_start()
            .to_owned();
    }
    let links: Vec<String> = [("call", entry.send), ("look", entry.look)]
        .into_iter()
        .filter_map(|(name, id)| Some(format!("{name} {}", id?)))
        .collect();
    if !links.is_empty() {
        words = format!("{words} {}", style::dim(&format!("[{}]", links.join(", "))));
    }
    Happening {
        at: entry.at,
        rank: 2,
        row: [format!("status {}", entry.version), style::status(&entry.status), words],
    }
}

fn of_call(row: &CallRow) -> Happening {
    let http = row.status_code.map(|code| format!("HTTP {code}"));
    let took = row.duration_ms.map(|took| format!("{took} ms"));
    let facts: Vec<String> = [http, took].into_iter().flatten().collect();
    let is_look = row.related_id.is_none() && !row.seen.is_empty();
    let (what, word, mut words) = if is_look {
        let state = row.seen.first().and_then(|(_, state)| state.as_deref());
        let saw = state.map_or_else(|| "not in the answer".to_owned(), clean);
        (format!("look {}", row.call_id), format!("saw {saw}"), String::new())
    } else {
        let word = format!("{} {}", clean(&row.endpoint), call::outcome(row));
        (format!("call {}", row.call_id), word, answer_words(row))
    };
    if !facts.is_empty() {
        words = format!("{words} {}", style::dim(&format!("({})", facts.join(", "))))
            .trim_start()
            .to_owned();
    }
    Happening {
        at: row.at,
        rank: 0,
        row: [what, word, words],
    }
}

/// The beginning of an answer that was no success: mostly the marketplace's code and message.
fn answer_words(row: &CallRow) -> String {
    if row.outcome.is_some_and(ackord::call::CallOutcome::is_success) {
        return String::new();
    }
    let text = clean(row.response.as_deref().unwrap_or_default());
    if text.chars().count() > 160 {
        format!("{}…", text.chars().take(160).collect::<String>())
    } else {
        text
    }
}

fn of_failure(row: &FailureRow) -> Happening {
    let details = row.details.as_deref().map(prose).unwrap_or_default();
    Happening {
        at: row.at,
        rank: 1,
        row: [
            format!("failure {}", row.failure_id),
            style::bad(&failure::cause(row)),
            details,
        ],
    }
}

/// That a person's entry closed it stands behind that entry: the two are one decision, written a moment apart.
fn of_resolution(row: &FailureRow, entries: &[Entry]) -> Option<Happening> {
    let resolved_at = row.resolved_at?;
    let is_its = |entry: &&Entry| entry.at >= resolved_at && entry.note.is_some() && entry.note == row.resolution;
    let by = row
        .resolved_by
        .as_deref()
        .map_or_else(String::new, |who| format!("by {}", clean(who)));
    let words = row
        .resolution
        .as_deref()
        .map_or_else(|| by.clone(), |text| format!("{by}: {}", clean(text)));
    Some(Happening {
        at: entries.iter().find(is_its).map_or(resolved_at, |entry| entry.at),
        rank: 3,
        row: [format!("failure {}", row.failure_id), style::dim("closed"), words],
    })
}
