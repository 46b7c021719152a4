//! The log: to stderr, warnings alone unless more is asked for.

use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::environment::Environment;
use crate::streams::Sink;

/// Starts the log of this process. A log that is already there (another command in the same test) is left in place.
pub(crate) fn start(verbose: u8, environment: &Environment, err: &Sink) {
    let filter = match (environment.get("ACKORD_LOG"), verbose) {
        (Some(text), _) => match EnvFilter::try_new(text) {
            Ok(filter) => filter,
            Err(error) => {
                err.line(&format!("warning: the environment variable ACKORD_LOG: {error}"));
                EnvFilter::new("warn")
            }
        },
        (None, 0) => EnvFilter::new("warn,sqlx=error"),
        (None, 1) => EnvFilter::new("info,sqlx=warn"),
        (None, 2) => EnvFilter::new("debug,sqlx=warn,hyper=info,hyper_util=info"),
        (None, _) => EnvFilter::new("trace"),
    };
    let subscriber = fmt()
        .with_env_filter(filter)
        .with_writer(Mutex::new(err.clone()))
        .with_ansi(err.is_terminal())
        .finish();
    if subscriber.try_init().is_err() {
        tracing::trace!("a log was there already");
    }
}
