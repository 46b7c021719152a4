//! Mail by SMTP.
//!
//! `Message-ID` is made of the delivery's id and the time since when the alert has been so, both the same each time that a message
//! is tried: a mail that was delivered twice is known as one by whoever looks at it. (The id alone counts up in each store anew.)

mod letter;
mod server;
mod session;

use std::fmt;
use std::time::Duration;

use ackord::alerts::Message;
use ackord::ports::{Notifier, NotifyError};
use async_trait::async_trait;
use secrecy::SecretString;
use tokio::time::timeout;

use crate::mail::letter::Correspondents;
use crate::mail::server::MailServer;
use crate::mail::session::Account;
use crate::settings::{AlertSettingsError, bounded, checked_name};

/// The time for a whole delivery, where nothing else is set.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How long the goodbye may take, after the mail was taken.
const GOODBYE: Duration = Duration::from_secs(2);

/// Sends messages as mail, one to all receivers.
pub struct MailNotifier {
    name: String,
    account: Account,
    correspondents: Correspondents,
    timeout: Duration,
}

impl fmt::Debug for MailNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailNotifier")
            .field("name", &self.name)
            .field("account", &self.account)
            .field("receivers", &self.correspondents.to.len())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl MailNotifier {
    /// A channel called `name` that sends mail through the server at `url`, from the address `from` to each of `to`; nothing is
    /// sent yet. A delivery takes 20 s at the most.
    ///
    /// `url` is `smtps://user@host:465`, `smtp+starttls://user@host:587`, or, for this machine alone and without TLS,
    /// `smtp://host:25`. The user goes with a `password`, and both may be left out. Addresses are `name@example.org` or
    /// `Name <name@example.org>`.
    ///
    /// A server that takes some of the receivers and turns others away gets the mail for those: one address that no longer exists
    /// does not silence the channel.
    ///
    /// Where the process has no TLS provider yet, ring becomes it.
    ///
    /// # Errors
    /// [`AlertSettingsError`], which says what to write instead: for a name that is no word; for a URL that is none, carries the
    /// password, or is not encrypted (this machine aside); for a user without a password or the other way round; for an address
    /// that is none; for no address at all.
    pub fn new(
        name: &str,
        url: &str,
        password: Option<SecretString>,
        from: &str,
        to: &[String],
    ) -> Result<Self, AlertSettingsError> {
        let correspondents = Correspondents::checked(from, to)?;
        Ok(Self {
            name: checked_name(name)?,
            account: Account::new(MailServer::checked(url)?, password, correspondents.from.email.domain())?,
            correspondents,
            timeout: TIMEOUT,
        })
    }

    /// Has a delivery take `timeout` at the most, instead of 20 s; 25 s where that is less.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = bounded(timeout);
        self
    }
}

#[async_trait]
impl Notifier for MailNotifier {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, id: &str, message: &Message) -> Result<(), NotifyError> {
        let letter = self
            .correspondents
            .letter(id, message)
            .map_err(|error| NotifyError::Refused {
                what: format!("the mail can't be written: {error}"),
            })?;
        let handed_over = timeout(self.timeout, session::hand_over(&self.account, &letter, self.timeout)).await;
        let mut connection = handed_over.map_err(|_| NotifyError::Unreachable {
            what: format!("the mail server takes longer than {:?}", self.timeout),
            source: None,
        })??;
        // It has been taken: what the server says to the goodbye changes nothing.
        let _ = timeout(GOODBYE.min(self.timeout), connection.abort()).await;
        Ok(())
    }
}
