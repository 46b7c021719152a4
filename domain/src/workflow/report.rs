//! What a run did: counts, calls, and what stopped it.

use std::time::Duration;

use crate::ports::{MarketplaceError, StoreError};
use crate::settings::InvalidSetting;
use crate::time::Timestamp;

/// What one run did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RunReport {
    /// Orders stored for the first time.
    pub ingested: u64,
    /// Failed orders that got their next attempt.
    pub requeued: u64,
    /// Orders settled as accepted.
    pub accepted: u64,
    /// Orders settled as cancelled: cancelled or refused on the marketplace.
    pub cancelled: u64,
    /// Attempts that failed, with or without a retry to come.
    pub acceptance_failed: u64,
    /// Of those, how many are retried by themselves.
    pub retry_scheduled: u64,
    /// Orders of the store that are neither settled, nor failed, nor in review: still to be seen as accepted.
    pub awaiting: u64,
    /// Entries opened in the inbox that wait for a person.
    pub needs_person: u64,
    /// Settlements that somebody else was faster with: nothing was written.
    pub lost_to_others: u64,
    /// The calls to the marketplace.
    pub calls: Calls,
    /// How long it took.
    pub duration: Duration,
    /// What stopped it before its work was done; `None` for a run that came to its end.
    pub halt: Option<Halt>,
}

/// Calls to the marketplace, by kind. (Retries inside of a read are on record, not in here.)
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// Pages of the list, and looks.
    pub reads: u64,
    /// Acceptances that were or may have been sent.
    pub sends: u64,
}

impl Calls {
    /// All of them.
    #[must_use]
    pub fn total(self) -> u64 {
        self.reads + self.sends
    }
}

/// What stops a run before its work is done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Halt {
    /// The settings don't fit together.
    #[error(transparent)]
    Settings(#[from] InvalidSetting),
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// A read of the marketplace failed.
    #[error("the marketplace could not be read")]
    Marketplace(#[source] MarketplaceError),
    /// The marketplace asked for a longer rest than a run waits for.
    #[error("the marketplace asks for a rest until {until}")]
    Throttled {
        /// When it may be called again.
        until: Timestamp,
    },
    /// The budget of calls is used up for longer than a run waits.
    #[error("the budget of calls is used up until {until}")]
    OutOfBudget {
        /// When there is a call again.
        until: Timestamp,
    },
    /// An acceptance was answered with 401 or 403.
    #[error("the marketplace does not take the key: {detail}")]
    Credentials {
        /// The answer in words.
        detail: String,
    },
    /// Too many acceptances in a row were not sent or not answered.
    #[error("{unanswered} acceptances in a row were not sent or not answered; the next run tries one")]
    BreakerOpen {
        /// How many.
        unanswered: u32,
    },
    /// Nothing could be sent for several leases: each time, the lease or the look was too old before a call could start.
    #[error("the store or the marketplace is too slow: no acceptance could start in time under a lease of {lease:?}")]
    TooSlow {
        /// The length of a lease.
        lease: Duration,
    },
    /// It was asked to stop: what was under way is finished and on record, the rest is left to the next run.
    #[error("the run was asked to stop")]
    Stopped,
    /// Sending is held: nothing was sent, the rest was done.
    #[error("sending is held since {since}")]
    SendingHeld {
        /// Since when.
        since: Timestamp,
    },
    /// Another `reconcile` has put its own hold in the place of ours, and lifts it when it is done.
    #[error("another `reconcile` was started meanwhile and goes on in its stead")]
    HoldTakenOver,
    /// Orders that `reconcile` has to look at were in other workers' hands again and again.
    #[error("{orders} orders were in other workers' hands again and again")]
    HeldByOthers {
        /// How many.
        orders: usize,
    },
    /// A look at ten orders or more showed none of them.
    #[error("the marketplace lists none of {asked} orders of ours: the shop id or the key is another shop's")]
    WrongShop {
        /// How many were asked for.
        asked: usize,
    },
}
