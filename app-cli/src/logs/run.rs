//! Puts the id of a run into every line that is logged in it.
//!
//! The id is the field of a span. `ackord run` is in it from end to end ([`one`]). A service is one piece of work in the course of which
//! runs begin and end, so that no span can go around each; instead [`RunLog`] enters the span of the run under way whenever that work
//! is gone on with, and leaves it when it waits.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ackord::Timestamp;
use ackord::ports::new_operation;
use ackord::workflow::RunReport;
use ackord_system::SystemRandom;
use tracing::{Instrument as _, Span};

use super::events;

/// Carries out one run under an id of its own.
pub(crate) async fn one(work: impl Future<Output = RunReport>) -> RunReport {
    let logged = async {
        events::begun();
        let report = work.await;
        events::ended(&report);
        report
    };
    logged.instrument(span()).await
}

/// The runs of a service, one after another.
#[derive(Debug, Default)]
pub(crate) struct RunLog {
    under_way: Mutex<Option<Span>>,
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
        let span = span();
        enter(&span);
        *self.under_way() = Some(span);
        events::begun();
    }

    /// The run under way has ended.
    pub(crate) fn ends(&self, report: &RunReport) {
        events::ended(report);
        let ended = self.under_way().take();
        if let Some(span) = ended {
            exit(&span);
        }
    }

    fn under_way(&self) -> MutexGuard<'_, Option<Span>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, this thread is in the run under way, whichever that comes to be.
struct Entered<'a>(&'a RunLog);

impl<'a> Entered<'a> {
    fn new(log: &'a RunLog) -> Self {
        if let Some(span) = &*log.under_way() {
            enter(span);
        }
        Self(log)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if let Some(span) = &*self.0.under_way() {
            exit(span);
        }
    }
}

fn enter(span: &Span) {
    span.with_subscriber(|(id, log)| log.enter(id));
}

fn exit(span: &Span) {
    span.with_subscriber(|(id, log)| log.exit(id));
}

/// A span with a new id; at a level and under a target that is never filtered out.
fn span() -> Span {
    let id = new_operation(Timestamp::now(), &SystemRandom::new()).0;
    tracing::error_span!(target: "ackord::in_run", "run", run = %id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};

    use ackord::workflow::Event;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id};
    use tracing::{Event as Line, Subscriber};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
    use tracing_subscriber::registry::LookupSpan;

    use super::*;

    /// The messages that were logged, each with the id of the run that it was in.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<Logged>>>);

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
            let mut run = Named("run", None);
            attributes.record(&mut run);
            if let Some(span) = context.span(id) {
                span.extensions_mut().insert(run.1);
            }
        }

        fn on_event(&self, event: &Line<'_>, context: Context<'_, S>) {
            let mut message = Named("message", None);
            event.record(&mut message);
            let run = context
                .lookup_current()
                .and_then(|span| span.extensions().get::<Option<String>>().cloned())
                .flatten();
            self.0.lock().unwrap().push((message.1.unwrap_or_default(), run));
        }
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
        let lines = Lines::default();
        let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
        let log = RunLog::default();
        log.carry(serve(&log)).await;
        tracing::info!("afterwards");

        let lines = lines.0.lock().unwrap().clone();
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
        let lines = Lines::default();
        let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
        one(async {
            tokio::task::yield_now().await;
            events::event(&Event::SendingAllowed);
            RunReport::default()
        })
        .await;
        let lines = lines.0.lock().unwrap().clone();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(
            lines.iter().all(|(_, run)| run.is_some() && *run == lines[0].1),
            "{lines:?}"
        );
    }
}
