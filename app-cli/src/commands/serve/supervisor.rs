//! Tells of a service: people by a line for each run that did anything, the system's manager by its own protocol.

use std::sync::{Arc, Mutex, PoisonError};

use ackord::time::until;
use ackord::workflow::{Event, Halt, Observer, RunReport, ServiceObserver, Turn};
use ackord::{OrderStatus, Timestamp};
use sd_notify::NotifyState;

use super::super::Context;
use super::health::Health;
use crate::render::{clean, clock_time, style};
use crate::report_error;
use crate::span;
use crate::streams::{Sink, Streams};

/// What was told last.
#[derive(Debug, Default)]
struct Told {
    /// The kind of what stopped the run before: told once, not at each run.
    trouble: Option<&'static str>,
    /// Whether it was said that nothing goes on.
    idle: bool,
    status: String,
}

/// Watches over a service.
pub(super) struct Supervisor<'a> {
    streams: &'a Streams,
    quiet: bool,
    health: Arc<Health>,
    told: Mutex<Told>,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(context: &Context<'a>, health: Arc<Health>) -> Self {
        Self {
            health,
            streams: context.streams,
            quiet: context.quiet,
            told: Mutex::default(),
        }
    }

    /// The store is open: what begins now is service.
    pub(super) fn ready(&self) {
        self.notify(&[NotifyState::Ready]);
    }

    pub(super) fn waits_for_the_store(&self) {
        self.health.waits_for_the_store();
        self.status("waiting for the store");
        self.notify(&[NotifyState::Watchdog]);
    }

    fn out(&self) -> &Sink {
        &self.streams.err
    }

    fn line(&self, at: Timestamp, words: &str) {
        if !self.quiet {
            self.out().line(&format!("{} {words}", style::dim(&clock_time(at))));
        }
    }

    /// One line for the system's manager, where it changed.
    fn status(&self, words: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.status != words {
            words.clone_into(&mut told.status);
            drop(told);
            self.notify(&[NotifyState::Status(words)]);
        }
    }

    /// Where no manager listens this does nothing; one that does not take a message must not stop the service.
    fn notify(&self, states: &[NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(states) {
            tracing::debug!(%error, "the system's manager could not be told");
        }
    }

    fn ended(&self, began: Timestamp, at: Timestamp, report: &RunReport) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let did = summary(report);
        let took = span::roughly(until(began, at));
        match &did {
            Some(did) => self.line(at, &format!("{did} {}", style::dim(&format!("({took})")))),
            None if report.halt.is_none() && !told.idle => self.line(at, "nothing to do"),
            None => {}
        }
        told.idle = did.is_none() && report.halt.is_none();
        let trouble = report.halt.as_ref().filter(|halt| !matches!(halt, Halt::Stopped));
        let stopped = trouble.map(|halt| report_error::tell(halt));
        let kind = stopped.as_ref().map(|trouble| trouble.kind);
        match &stopped {
            Some(trouble) if kind != told.trouble => report_error::print(trouble, self.streams),
            None if told.trouble.is_some() && report.halt.is_none() => self.line(at, "that is over"),
            _ => {}
        }
        if !matches!(report.halt, Some(Halt::Stopped)) {
            told.trouble = kind;
        }
    }
}

impl Observer for Supervisor<'_> {
    fn on_event(&self, event: &Event) {
        if let Event::NeedsPerson { related_id, details } = event {
            let words = format!(
                "{} {}: {}",
                style::notice("a person is asked about"),
                clean(related_id),
                clean(details)
            );
            if !self.quiet {
                self.out().line(&words);
            }
        }
    }
}

impl ServiceObserver for Supervisor<'_> {
    fn on_turn(&self, turn: &Turn<'_>) {
        self.health.turned(turn);
        match turn {
            Turn::Begins { .. } | Turn::Working { .. } => self.status("a run is under way"),
            Turn::Ended { began, at, report } => self.ended(*began, *at, report),
            Turn::Resting { until } => self.status(&format!("next run at {} UTC", clock_time(*until))),
            Turn::Stopped => self.notify(&[NotifyState::Stopping]),
            _ => {}
        }
        self.notify(&[NotifyState::Watchdog]);
    }
}

/// What a run did, in a line; `None` where it did nothing.
fn summary(report: &RunReport) -> Option<String> {
    let counts = [
        (report.ingested, "new".to_owned()),
        (report.requeued, "tried again".to_owned()),
        (report.accepted, style::status(&OrderStatus::Accepted)),
        (report.cancelled, style::status(&OrderStatus::Cancelled)),
        (report.acceptance_failed, style::bad("failed")),
    ];
    let parts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}
