//! What to do about an error: those of the store and of the marketplace answer this by an exhaustive match.

use std::time::Duration;

/// What whoever met an error should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Try the same again after this long; `None` where nobody knows how long.
    RetryAfter(Option<Duration>),
    /// Somebody else was faster: read the state again, then decide anew. No error of ours asks for it; it is for those of other ports.
    Reload,
    /// The effect is unknown: look before anything is sent or written again.
    LookFirst,
    /// The input can't be taken; trying again can't help.
    Reject,
    /// Stop the run: a person has to change something first.
    Stop,
}
