//! What to do about an error: each port's errors answer this by an exhaustive match.

use std::time::Duration;

/// What whoever met an error should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Try the same again after this long; `None` where nobody knows how long.
    RetryAfter(Option<Duration>),
    /// Somebody else was faster: read the state again, then decide anew.
    Reload,
    /// The effect is unknown: look before anything is sent or written again.
    LookFirst,
    /// The input can't be taken; trying again can't help.
    Reject,
    /// Stop the run: a person has to change something first.
    Stop,
}
