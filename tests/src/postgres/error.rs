//! Why there is no server, or why the one there is does not serve.

use std::error::Error;
use std::fmt::Write as _;

/// What stands between a test and its PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// This machine offers no server: the cases that need one are to be reported as ignored.
    #[error("no PostgreSQL can be had here: {reason}; remedy: {remedy}")]
    Unavailable {
        /// What was tried, and how each attempt ended.
        reason: String,
        /// What to install or set.
        remedy: String,
    },
    /// There is a server, but what was asked of it failed: the cases that need it fail.
    #[error("the test server failed: {0}")]
    Broken(String),
}

impl ServerError {
    /// The failure of a step, told with its chain of causes.
    pub(super) fn broken(step: &str, cause: &dyn Error) -> Self {
        Self::Broken(format!("{step}: {}", chain(cause)))
    }
}

/// An error and its causes on one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
