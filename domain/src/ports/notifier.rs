//! Where alerts go.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::alerts::Message;

/// What can go wrong with a message; one variant for each thing that is done differently.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotifyError {
    /// It did not arrive, or nobody knows: it is tried again.
    #[error("the message did not arrive: {what}")]
    Unreachable {
        /// The last answer or fault, without any secret.
        what: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// The receiver asks for a rest: it is tried again after it.
    #[error("the receiver asks for a rest")]
    Throttled {
        /// For how long, where that was said.
        retry_after: Option<Duration>,
    },
    /// The receiver does not take it: to try again can't help before somebody mends the settings.
    #[error("the receiver refused the message: {what}")]
    Refused {
        /// What it said, without any secret.
        what: String,
    },
}

/// A channel by which people are told.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Notifier: Debug + Send + Sync + 'static {
    /// Its name, a word: it stands in the delivery log, and in what is due for it.
    fn name(&self) -> &str;

    /// Delivers a message, and returns once the receiver has taken it. `id` is the same each time that this message is tried, and
    /// MUST travel with it where the receiver can tell by it what it has already. It MUST end by itself within half a minute.
    ///
    /// # Errors
    /// A [`NotifyError`].
    async fn deliver(&self, id: &str, message: &Message) -> Result<(), NotifyError>;
}
