//! What a person decides: an entry in a timeline, the end of an entry in the inbox.
//!
//! A person acts on what they saw. So an entry names the version that it follows, and where the order has moved on since,
//! nothing is written: they are told, and look again.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreResult;
use crate::failure::FailureId;
use crate::order::OrderId;
use crate::status::OrderStatus;
use crate::work::Version;

/// The source of entries that a person added through Ackord.
pub const OPERATOR: &str = "operator";

/// An entry that a person adds to a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualEntry {
    /// The order.
    pub order_id: OrderId,
    /// The newest entry that the person saw.
    pub version: Version,
    /// The status.
    pub status: OrderStatus,
    /// Why.
    pub note: String,
    /// Closes what the inbox has open of acceptance about this order, with these words; `None` leaves the inbox as it is.
    pub resolution: Option<String>,
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It stands.
    Written,
    /// Things have moved on since the person looked, or it never was there: nothing was written.
    MovedOn,
}

/// Carries out what a person decides.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Desk: Debug + Send + Sync + 'static {
    /// Appends the entries, with the source [`OPERATOR`] and `actor`, in one transaction; tells what became of each, in their
    /// order. An entry MUST be written only where its version is still the order's newest; of several for one order the
    /// first alone can stand. It MUST move the order as an entry of another program does (see
    /// [`crate::work::Phase::after_foreign_entry`]): any lease ends, and an undecided call is kept. With a resolution, the
    /// open inbox entries of [`crate::failure::PROCESS`] about the order MUST be closed by `actor` together with it, and no
    /// others.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then nothing was written, or, where the store's answer was lost, all of it.
    async fn add_entries(&self, entries: &[ManualEntry], actor: &str) -> StoreResult<Vec<Decided>>;

    /// Closes entries of the inbox, whichever process wrote them; tells what became of each, in their order. One that is
    /// closed MUST stay as it was closed.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then nothing was written, or, where the store's answer was lost, all of it.
    async fn close_failures(&self, ids: &[FailureId], actor: &str, resolution: &str) -> StoreResult<Vec<Decided>>;
}
