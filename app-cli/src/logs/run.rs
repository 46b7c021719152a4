//! Puts the id of a run into every line that is logged in it, and all that is done in it under one span of a trace.
//!
//! The id is the field of a span. `ackord run` is in it from end to end ([`one`]). A service is one piece of work in the course of which
//! runs begin and end, so that no span can go around each; instead [`RunLog`] enters the span of the run under way whenever that work
//! is gone on with, and leaves it when it waits. The span for traces is entered and left with it, right before and after.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ackord::Timestamp;
use ackord::ports::new_operation;
use ackord::workflow::{Halt, RunReport, SPANS};
use ackord_system::SystemRandom;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::events;
use crate::metrics::outcome_of;

/// Carries out other work than a run under an id of its own, as a run has it in the log.
pub(crate) async fn other<T>(work: impl Future<Output = T>) -> T {
    work.instrument(log_span(&new_id())).await
}

/// Carries out one run under an id of its own.
pub(crate) async fn one(work: impl Future<Output = RunReport>) -> RunReport {
    let logged = async {
        events::begun();
        let report = work.await;
        events::ended(&report);
        report
    };
    let spans = Spans::new();
    let report = logged
        .instrument(spans.log.clone())
        .instrument(spans.trace.clone())
        .await;
    spans.ended(&report);
    report
}

/// The runs of a service, one after another.
#[derive(Debug, Default)]
pub(crate) struct RunLog {
    under_way: Mutex<Option<Spans>>,
}

impl RunLog {
    /// Carries out the work that tells of its runs by [`RunLog::begins`] and [`RunLog::ends`]: what it logs in between bears their ids.
    pub(crate) async fn carry<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            let _entered = Entered::new(self);
            work.as_mut().poll(context)
        })
        .await
    }

    /// A run begins.
    pub(crate) fn begins(&self) {
        let spans = Spans::new();
        spans.enter();
        *self.under_way() = Some(spans);
        events::begun();
    }

    /// The run under way has ended.
    pub(crate) fn ends(&self, report: &RunReport) {
        events::ended(report);
        let ended = self.under_way().take();
        if let Some(spans) = ended {
            spans.exit();
            spans.ended(report);
        }
    }

    fn under_way(&self) -> MutexGuard<'_, Option<Spans>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, this thread is in the run under way, whichever that comes to be.
struct Entered<'a>(&'a RunLog);

impl<'a> Entered<'a> {
    fn new(log: &'a RunLog) -> Self {
        if let Some(spans) = &*log.under_way() {
            spans.enter();
        }
        Self(log)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if let Some(spans) = &*self.0.under_way() {
            spans.exit();
        }
    }
}

fn new_id() -> String {
    new_operation(Timestamp::now(), &SystemRandom::new()).0.to_string()
}

fn log_span(id: &str) -> Span {
    tracing::error_span!(target: "ackord::in_run", "run", run = %id)
}

/// The spans of a run.
#[derive(Debug)]
struct Spans {
    /// The root of a trace; the log's filter never lets it in.
    trace: Span,
    /// At a level and under a target that the log's filter never takes out.
    log: Span,
}

impl Spans {
    /// Those of a run with a new id.
    fn new() -> Self {
        let id = new_id();
        let trace = tracing::info_span!(
            target: SPANS,
            parent: None,
            "run",
            otel.status_code = Empty,
            ackord.run_id = %id,
            ackord.outcome = Empty,
            ackord.ingested = Empty,
            ackord.accepted = Empty,
            ackord.acceptance_failed = Empty,
            ackord.needs_person = Empty,
        );
        Self {
            trace,
            log: log_span(&id),
        }
    }

    /// Enters both, the log's last: what looks for the span it is in finds that one first.
    fn enter(&self) {
        for span in [&self.trace, &self.log] {
            span.with_subscriber(|(id, log)| log.enter(id));
        }
    }

    fn exit(&self) {
        for span in [&self.log, &self.trace] {
            span.with_subscriber(|(id, log)| log.exit(id));
        }
    }

    /// Notes how the run ended; in the trace alone.
    fn ended(self, report: &RunReport) {
        let counts = [
            ("ackord.ingested", report.ingested),
            ("ackord.accepted", report.accepted),
            ("ackord.acceptance_failed", report.acceptance_failed),
            ("ackord.needs_person", report.needs_person),
        ];
        for (field, count) in counts {
            self.trace.record(field, i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.trace.record("ackord.outcome", outcome_of(report));
        if !matches!(report.halt, None | Some(Halt::Stopped)) {
            self.trace.record("otel.status_code", "error");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicIsize, Ordering};
    use std::sync::{Arc, Mutex};

    use ackord::workflow::Event;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id};
    use tracing::{Event as Line, Subscriber};
    use tracing_subscriber::filter::filter_fn;
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
    use tracing_subscriber::registry::LookupSpan;

    use super::*;

    /// The messages that were logged, each with the id of the run that it was in.
    #[derive(Clone)]
    struct Lines {
        /// The field of a span that holds the id.
        id: &'static str,
        logged: Arc<Mutex<Vec<Logged>>>,
        /// How many spans were entered and not left.
        inside: Arc<AtomicIsize>,
    }

    /// What was logged, and under which run.
    type Logged = (String, Option<String>);

    /// The field of this name, where there is one.
    struct Named(&'static str, Option<String>);

    impl Visit for Named {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            if field.name() == self.0 {
                self.1 = Some(format!("{value:?}"));
            }
        }
    }

    impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
        fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
            let mut run = Named(self.id, None);
            attributes.record(&mut run);
            if let Some(span) = context.span(id) {
                span.extensions_mut().insert(run.1);
            }
        }

        fn on_enter(&self, _: &Id, _: Context<'_, S>) {
            self.inside.fetch_add(1, Ordering::Relaxed);
        }

        fn on_exit(&self, _: &Id, _: Context<'_, S>) {
            self.inside.fetch_sub(1, Ordering::Relaxed);
        }

        fn on_event(&self, event: &Line<'_>, context: Context<'_, S>) {
            let mut message = Named("message", None);
            event.record(&mut message);
            let run = context
                .lookup_current()
                .and_then(|span| span.extensions().get::<Option<String>>().cloned())
                .flatten();
            self.logged.lock().unwrap().push((message.1.unwrap_or_default(), run));
        }
    }

    /// What `work` logs. Traces place each line as the log does.
    async fn logged(work: impl Future) -> Vec<Logged> {
        let [log, traces] = logged_and_traced(work).await;
        assert_eq!(log, traces);
        log
    }

    async fn logged_and_traced(work: impl Future) -> [Vec<Logged>; 2] {
        let [log, traces] = ["run", "ackord.run_id"].map(|id| Lines {
            id,
            logged: Arc::default(),
            inside: Arc::default(),
        });
        let subscriber = tracing_subscriber::registry()
            .with(log.clone().with_filter(filter_fn(|about| about.target() != SPANS)))
            .with(
                traces
                    .clone()
                    .with_filter(filter_fn(|about| about.is_event() || about.target() == SPANS)),
            );
        let _default = tracing::subscriber::set_default(subscriber);
        work.await;
        [log, traces].map(|lines| {
            assert_eq!(lines.inside.load(Ordering::Relaxed), 0, "{} is not left", lines.id);
            lines.logged.lock().unwrap().clone()
        })
    }

    /// Two runs, each with a wait in its midst.
    async fn serve(log: &RunLog) {
        for _ in 0..2 {
            tracing::info!("rests");
            tokio::task::yield_now().await;
            log.begins();
            tracing::info!("works");
            tokio::task::yield_now().await;
            tracing::info!("works on");
            log.ends(&RunReport::default());
            tracing::info!("is done");
        }
    }

    #[tokio::test]
    async fn each_line_bears_the_id_of_the_run_that_it_is_of() {
        let lines = logged(async {
            let log = RunLog::default();
            log.carry(serve(&log)).await;
            tracing::info!("afterwards");
        })
        .await;
        let mut ids = BTreeSet::new();
        for (message, run) in &lines {
            let of_a_run = ["a run begins", "works", "works on", "a run has ended"].contains(&message.as_str());
            assert_eq!(run.is_some(), of_a_run, "{message}: {lines:?}");
            ids.extend(run.clone());
        }
        assert_eq!((lines.len(), ids.len()), (13, 2), "{lines:?}");
        assert!(
            ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'7'),
            "{ids:?}"
        );
    }

    #[tokio::test]
    async fn a_single_run_is_in_its_span_from_end_to_end() {
        let lines = logged(one(async {
            tokio::task::yield_now().await;
            events::event(&Event::SendingAllowed);
            RunReport::default()
        }))
        .await;
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(
            lines.iter().all(|(_, run)| run.is_some() && *run == lines[0].1),
            "{lines:?}"
        );
    }

    #[tokio::test]
    async fn other_work_has_an_id_in_the_log_and_is_no_run_of_a_trace() {
        let [log, traces] = logged_and_traced(other(async { events::event(&Event::SendingAllowed) })).await;
        assert!(matches!(&log[..], [(_, Some(_))]), "{log:?}");
        assert!(matches!(&traces[..], [(_, None)]), "{traces:?}");
    }
}
