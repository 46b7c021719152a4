//! After a restored backup, or a failover that lost commits: sending is held until every order was looked at.
//!
//! The hold stands in the store, for all of its workers and every later run. It is asked where an order is given out to be
//! sent and again where an intent is written: a claim that began before the hold and ends after it gets no further than
//! that.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreResult;
use crate::order::OrderId;
use crate::time::Timestamp;
use crate::work::{Claimed, Epoch, OperationId};

/// A hold on sending. The epoch names it: no two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The store's epoch from then on.
    pub epoch: Epoch,
    /// Since when it stands.
    pub since: Timestamp,
}

/// Whether acceptances may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending {
    /// The store's epoch.
    pub epoch: Epoch,
    /// The hold that stands; `None` where sending is allowed.
    pub hold: Option<Hold>,
}

/// Which orders to lease for a look, whatever is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeUp {
    /// These.
    pub ids: Vec<OrderId>,
    /// The store's time.
    pub now: Timestamp,
    /// The length of the lease.
    pub lease: Duration,
    /// Who asks.
    pub worker: String,
    /// The write's id.
    pub operation: OperationId,
}

/// Holds sending, store-wide, and gives out any order for a look meanwhile.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Recovery: Debug + Send + Sync + 'static {
    /// Whether acceptances may be sent.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn sending(&self) -> StoreResult<Sending>;

    /// Holds sending from `now` on, in the place of any hold before. While it stands, a claim MUST NOT give out orders in
    /// [`crate::work::Phase::Ready`] or [`crate::work::Phase::Sending`], and no intent MUST be written; all else goes on. Every
    /// lease from before MUST be void: its number is no order's any more, and the order is free. The epoch rises, to
    /// [`Epoch::least_at`] `now` or further: it is then one that the store did not have before it was restored either.
    ///
    /// # Errors
    /// A [`super::StoreError`]. The hold may stand all the same; repeated, it is a later one.
    async fn hold_sending(&self, now: Timestamp) -> StoreResult<Hold>;

    /// Ends this hold, and tells whether sending is allowed now. It MUST NOT end another one.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn allow_sending(&self, hold: Hold) -> StoreResult<bool>;

    /// Every order that is unsettled, and each whose newest entry, settling it, is from `settled_since` or later: each
    /// once, as of one moment, the unsettled first. Its cost MUST follow their number, not that of all orders.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn to_reconcile(&self, settled_since: Timestamp) -> StoreResult<Vec<OrderId>>;

    /// Leases unsettled orders as a claim does (see [`super::WorkStore::claim`]), in any phase, due or not, whatever hold
    /// stands; their count of unreleased claims stays. Settled orders are told as they stand, without a lease: a settlement
    /// of theirs is guarded by (fence, version) all the same. Orders under a lease of another are left out. The answers are
    /// in no certain order. Repeated under its operation id, it MUST tell what it leased and still holds under the same
    /// numbers; what it did not get before it leases now, if that is free.
    ///
    /// # Errors
    /// A [`super::StoreError`]; an order whose lease was not confirmed is free again when it ends.
    async fn take_up(&self, request: &TakeUp) -> StoreResult<Vec<Claimed>>;
}
