//! The log: to stderr, warnings alone unless more is asked for.
//!
//! `ACKORD_LOG` says what is logged, `ACKORD_LOG_FORMAT` in which form. With `json` every line on stderr is a JSON object: what a command
//! tells people goes through the log then, so that whoever collects the lines meets none that is not one.

pub(crate) mod events;
mod json_lines;
pub(crate) mod run;

use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::util::SubscriberInitExt;

use self::json_lines::JsonLines;
use crate::environment::Environment;
use crate::streams::Streams;

/// Under this target stands in the log what a command tells people.
pub(crate) const WORDS: &str = "ackord::words";

/// What no filter takes out: what a command tells people, and the ids of runs.
const ALWAYS: &str = "ackord::words=info,ackord::in_run=error";

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

/// Starts the log of this process, and gives the streams that go with it. A log that is already there (another command in the same
/// test) is left in place.
pub(crate) fn start(verbose: u8, environment: &Environment, streams: Streams) -> Streams {
    let mut warnings = Vec::new();
    let form = form(environment, &mut warnings);
    let log = fmt()
        .with_env_filter(filter(verbose, environment, &mut warnings))
        .with_writer(Mutex::new(streams.err.clone()))
        .with_ansi(form == Form::Text && streams.err.is_terminal());
    let started = match form {
        Form::Text => log.finish().try_init(),
        Form::Json => log
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines)
            .finish()
            .try_init(),
    };
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
    streams
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
