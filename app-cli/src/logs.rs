//! The log: to stderr, warnings alone unless more is asked for.
//!
//! `ACKORD_LOG` says what is logged, `ACKORD_LOG_FORMAT` in which form. With `json` every line on stderr is a JSON object: what a command
//! tells people goes through the log then, so that whoever collects the lines meets none that is not one.
//!
//! Beside it stand traces, where the program is built with them and the environment asks for them. The log knows nothing of their spans.

pub(crate) mod events;
mod json_lines;
pub(crate) mod run;
#[cfg(feature = "otel")]
mod traces;

use std::sync::Mutex;

use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use self::json_lines::JsonLines;
use crate::environment::Environment;
use crate::streams::Streams;

/// Under this target stands in the log what a command tells people.
pub(crate) const WORDS: &str = "ackord::words";

/// What no filter takes out, what a command tells people and the ids of runs; and what none lets in, the spans made for traces.
const ALWAYS: &str = "ackord::words=info,ackord::in_run=error,ackord::spans=off";

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

/// The log of a process, and what goes with it. It has to be ended.
#[derive(Debug)]
#[must_use]
pub(crate) struct Log {
    #[cfg(feature = "otel")]
    traces: Option<traces::Traces>,
}

impl Log {
    /// Sends what has not been sent yet. It takes a few seconds at most.
    pub(crate) async fn end(self) {
        #[cfg(feature = "otel")]
        if let Some(traces) = self.traces {
            traces.end().await;
        }
    }
}

/// Starts the log of this process, and gives the streams that go with it. A log that is already there (another command in the same
/// test) is left in place.
pub(crate) fn start(verbose: u8, environment: &Environment, streams: Streams) -> (Streams, Log) {
    let mut warnings = Vec::new();
    let form = form(environment, &mut warnings);
    let lines = lines(form, &streams);
    let filter = filter(verbose, environment, &mut warnings);
    #[cfg(feature = "otel")]
    let traces = traces::Traces::set_up(environment, &mut warnings);
    #[cfg(feature = "otel")]
    let started = match &traces {
        Some(traces) => tracing_subscriber::registry()
            .with(lines.with_filter(filter))
            .with(traces.layer())
            .try_init(),
        None => tracing_subscriber::registry().with(lines).with(filter).try_init(),
    };
    #[cfg(not(feature = "otel"))]
    let started = tracing_subscriber::registry().with(lines).with(filter).try_init();
    if started.is_err() {
        tracing::trace!("a log was there already");
    }
    let streams = match form {
        Form::Json if started.is_ok() => streams.words_to_log(),
        Form::Json | Form::Text => streams,
    };
    for problem in warnings {
        streams
            .err
            .line(&format!("warning: the environment variable {problem}"));
    }
    let log = Log {
        #[cfg(feature = "otel")]
        traces: traces.filter(|_| started.is_ok()),
    };
    (streams, log)
}

/// What writes lines of this form.
fn lines(form: Form, streams: &Streams) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer()
        .with_writer(Mutex::new(streams.err.clone()))
        .with_ansi(form == Form::Text && streams.err.is_terminal())
        .log_internal_errors(true);
    match form {
        Form::Text => lines.boxed(),
        Form::Json => lines.fmt_fields(JsonFields::new()).event_format(JsonLines).boxed(),
    }
}

fn form(environment: &Environment, warnings: &mut Vec<String>) -> Form {
    match environment.get("ACKORD_LOG_FORMAT") {
        None | Some("text") => Form::Text,
        Some("json") => Form::Json,
        Some(other) => {
            warnings.push(format!("ACKORD_LOG_FORMAT: `{other}` is neither `text` nor `json`"));
            Form::Text
        }
    }
}

fn filter(verbose: u8, environment: &Environment, warnings: &mut Vec<String>) -> EnvFilter {
    let asked = match (environment.get("ACKORD_LOG"), verbose) {
        (Some(text), _) => match EnvFilter::try_new(text) {
            Ok(_) => text,
            Err(error) => {
                warnings.push(format!("ACKORD_LOG: {error}"));
                "warn"
            }
        },
        (None, 0) => "warn,sqlx=error",
        (None, 1) => "info,sqlx=warn",
        (None, 2) => "debug,sqlx=warn,hyper=info,hyper_util=info",
        (None, _) => "trace",
    };
    EnvFilter::new(format!("{asked},{ALWAYS}"))
}
