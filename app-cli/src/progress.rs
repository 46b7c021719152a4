//! Shows a run's progress: a bar on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ackord::OrderStatus;
use ackord::ports::SendVerdict;
use ackord::workflow::{Event, Observer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::{clean, clock_time};
use crate::streams::Sink;

/// What was seen of a run so far.
#[derive(Debug, Default)]
struct Seen {
    total: Option<u64>,
    sent: u64,
    answered: BTreeMap<&'static str, u64>,
    settled: BTreeMap<String, u64>,
    settled_in_all: u64,
}

/// An observer that tells people.
#[derive(Debug)]
pub(crate) struct Progress {
    err: Sink,
    bar: Option<ProgressBar>,
    quiet: bool,
    seen: Mutex<Seen>,
}

impl Progress {
    /// Shows progress on `err`; nothing where `quiet`.
    pub(crate) fn new(err: &Sink, quiet: bool) -> Self {
        let bar = (err.is_terminal() && !quiet).then(bar_on_terminal);
        err.set_bar(bar.clone());
        Self {
            err: err.clone(),
            bar,
            quiet,
            seen: Mutex::default(),
        }
    }

    /// Tells what is left to tell and takes the bar away.
    pub(crate) fn finish(&self) {
        self.err.set_bar(None);
        match &self.bar {
            Some(bar) => bar.finish_and_clear(),
            None => self.flush(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn line(&self, text: &str) {
        if !self.quiet {
            self.err.line(text);
        }
    }

    /// What came in large numbers is told in one line, before the next step begins.
    fn flush(&self, seen: &mut Seen) {
        if seen.sent > 0 {
            let answers = counted(&seen.answered);
            self.line(&format!("sent {}: {answers}", acceptances(seen.sent)));
        } else if !seen.answered.is_empty() {
            self.line(&format!("answers: {}", counted(&seen.answered)));
        }
        if !seen.settled.is_empty() {
            self.line(&format!("now {}", counted(&seen.settled)));
        }
        seen.sent = 0;
        seen.answered.clear();
        seen.settled.clear();
    }

    fn tell(&self, event: &Event, seen: &mut Seen) {
        match event {
            Event::Sending { .. } | Event::Answered { .. } | Event::Settled { .. } => {}
            Event::Requeued { orders: 0 } | Event::Ingested { new: 0, known: 0, .. } => {}
            Event::NeedsPerson { related_id, details } => {
                self.line(&format!(
                    "a person is asked about {}: {}",
                    clean(related_id),
                    clean(details)
                ));
            }
            event => {
                self.flush(seen);
                if let Some(text) = words(event) {
                    self.line(&text);
                }
            }
        }
    }

    fn draw(&self, bar: &ProgressBar, event: &Event, seen: &Seen) {
        if let Event::NeedsPerson { related_id, details } = event {
            let text = format!("a person is asked about {}: {}", clean(related_id), clean(details));
            // The stream itself keeps lines and bar apart.
            self.err.line(&text);
            return;
        }
        if let Some(total) = seen.total {
            bar.set_length(total.max(seen.settled_in_all));
        }
        bar.set_position(seen.settled_in_all);
        let step = words(event).unwrap_or_else(|| format!("sent {}", acceptances(seen.sent)));
        bar.set_message(step);
    }
}

impl Observer for Progress {
    fn on_event(&self, event: &Event) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Ingested { total, .. } => seen.total = total.or(seen.total),
            Event::Sending { .. } => seen.sent += 1,
            Event::Answered { verdict, .. } => *seen.answered.entry(answer_word(verdict)).or_default() += 1,
            Event::Settled { status, .. } => {
                *seen.settled.entry(status.as_str().to_owned()).or_default() += 1;
                seen.settled_in_all += u64::from(*status != OrderStatus::PendingAcceptance);
            }
            _ => {}
        }
        match &self.bar {
            Some(bar) => self.draw(bar, event, &seen),
            None => self.tell(event, &mut seen),
        }
    }
}

/// An event that stands for a step, in words.
fn words(event: &Event) -> Option<String> {
    Some(match event {
        Event::Requeued { orders } => format!("{} to be tried again", counted_orders(*orders)),
        Event::Ingested { new, known, total } => {
            let of = total
                .map(|total| format!(" (the marketplace lists {total})"))
                .unwrap_or_default();
            format!("ingested {}, {known} known{of}", counted_orders_new(*new))
        }
        Event::Looked { orders } => format!("looked at {}", counted_orders(*orders)),
        Event::SendingHeld { certain_from, .. } => format!(
            "sending is held; calls of before may be on their way until {}",
            clock_time(*certain_from)
        ),
        Event::SendingAllowed => "sending is allowed again".to_owned(),
        Event::OutOfBudget { until } => format!("the budget of calls is used up until {}", clock_time(*until)),
        Event::Paused { until } => format!("the marketplace asks for a rest until {}", clock_time(*until)),
        Event::Waiting { until, orders } => {
            format!("waiting for {} until {}", counted_orders(*orders), clock_time(*until))
        }
        _ => return None,
    })
}

fn counted_orders(count: usize) -> String {
    if count == 1 {
        "1 order".to_owned()
    } else {
        format!("{count} orders")
    }
}

fn counted_orders_new(count: usize) -> String {
    if count == 1 {
        "1 new order".to_owned()
    } else {
        format!("{count} new orders")
    }
}

fn acceptances(count: u64) -> String {
    if count == 1 {
        "1 acceptance".to_owned()
    } else {
        format!("{count} acceptances")
    }
}

fn counted<K: std::fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    if counts.is_empty() {
        return "no answer yet".to_owned();
    }
    let parts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    parts.join(", ")
}

fn answer_word(verdict: &SendVerdict) -> &'static str {
    match verdict {
        SendVerdict::Applied => "taken",
        SendVerdict::Precondition => "already decided",
        SendVerdict::Refused => "refused",
        SendVerdict::Credentials => "key not taken",
        SendVerdict::Throttled(_) => "to come later",
        SendVerdict::Unknown => "without a clear answer",
        SendVerdict::NotSent => "not sent",
        SendVerdict::Withdrawn => "withdrawn",
    }
}

fn bar_on_terminal() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {bar:24} {pos}/{len} settled · {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message("reading what waits");
    bar.enable_steady_tick(Duration::from_millis(150));
    bar
}
