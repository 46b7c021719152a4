//! Tells of a service: people by a line for each run that did anything, the log and the metrics by all that happens, the system's
//! manager by its own protocol.

use std::sync::{Arc, Mutex, PoisonError};

use ackord::alerts::RunNote;
use ackord::time::until;
use ackord::workflow::{Event, Halt, Observer, RunReport, ServiceObserver, Turn};
use ackord::{OrderStatus, Timestamp};
use sd_notify::NotifyState;
use tokio::sync::mpsc::UnboundedSender;

use super::super::Context;
use super::health::Health;
use crate::logs::events;
use crate::logs::run::RunLog;
use crate::metrics::Metrics;
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
    metrics: Arc<Metrics>,
    runs: RunLog,
    /// Where it is noted how runs ended, once there is a store to note it in.
    notes: Option<UnboundedSender<RunNote>>,
    told: Mutex<Told>,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(context: &Context<'a>, health: Arc<Health>, metrics: Arc<Metrics>) -> Self {
        Self {
            health,
            metrics,
            runs: RunLog::default(),
            streams: context.streams,
            quiet: context.quiet,
            notes: None,
            told: Mutex::default(),
        }
    }

    /// How runs end is told there.
    pub(super) fn notes_go_to(&mut self, notes: UnboundedSender<RunNote>) {
        self.notes = Some(notes);
    }

    /// What has to carry the service, so that the log knows its runs.
    pub(super) fn runs(&self) -> &RunLog {
        &self.runs
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

    fn words(&self) -> &Sink {
        &self.streams.err
    }

    fn line(&self, at: Timestamp, words: &str) {
        if !self.quiet {
            self.words().line(&format!("{}  {words}", style::dim(&clock_time(at))));
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
        if let (Some(notes), Some(note)) = (&self.notes, RunNote::of(report.halt.as_ref())) {
            // Nobody listens any more where the service ends.
            let _ = notes.send(note);
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let did = summary(report);
        let took = span::roughly(until(began, at));
        match &did {
            Some(did) => self.line(at, &format!("{did} {}", style::dim(&format!("({took})")))),
            None if report.halt.is_none() && report.needs_person > 0 => self.line(at, "nothing settled"),
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
        self.metrics.event(event);
        events::event(event);
        if let Event::NeedsPerson { related_id, details } = event {
            let words = format!(
                "{} {}: {}",
                style::notice("a person is asked about"),
                clean(related_id),
                clean(details)
            );
            if !self.quiet {
                self.words().line(&words);
            }
        }
    }
}

impl ServiceObserver for Supervisor<'_> {
    fn on_turn(&self, turn: &Turn<'_>) {
        self.health.turned(turn);
        match turn {
            Turn::Begins { .. } => {
                self.runs.begins();
                self.status("a run is under way");
            }
            Turn::Working { .. } => self.status("a run is under way"),
            Turn::Ended { began, at, report } => {
                self.metrics.run_ended(report, *at);
                self.ended(*began, *at, report);
                self.runs.ends(report);
            }
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
