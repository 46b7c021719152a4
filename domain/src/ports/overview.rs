//! The store as it stands at one moment, in numbers: for alerts, metrics, and whoever watches.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreResult;
use crate::order::OrderId;
use crate::time::Timestamp;
use crate::work::Phase;

/// What is asked of an overview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverviewRequest {
    /// Now, for leases.
    pub now: Timestamp,
    /// Orders placed by then are half way to their deadline.
    pub half_by: Timestamp,
    /// Orders placed by then have four fifths of the way behind them.
    pub late_by: Timestamp,
    /// Orders placed by then are past their deadline.
    pub past_by: Timestamp,
    /// How many orders are named, of each kind.
    pub names: usize,
}

/// Unsettled orders in one phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseCount {
    /// The phase.
    pub phase: Phase,
    /// How many orders.
    pub orders: u64,
}

/// An order that is not known to be accepted in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unaccepted {
    /// The order.
    pub order_id: OrderId,
    /// When it was placed, or else first stored: the deadline counts from here.
    pub placed_at: Timestamp,
}

/// The open entries of the inbox with one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenGroup {
    /// Who opened them.
    pub process_name: String,
    /// The cause; empty where an entry names none.
    pub cause: String,
    /// Whether they wait for a person.
    pub needs_person: bool,
    /// How many.
    pub entries: u64,
    /// When the oldest was opened.
    pub oldest_at: Timestamp,
    /// What the oldest are about, in the order of their ids; entries about nothing are left out.
    pub first: Vec<String>,
}

/// The store as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreStanding {
    /// Unsettled orders by phase, in the order of [`Phase`]; phases without any are left out.
    pub phases: Vec<PhaseCount>,
    /// Of these, how many are under a lease.
    pub leased: u64,
    /// How many orders are not known to be accepted in time.
    pub unaccepted: u64,
    /// Of these, how many were placed by [`OverviewRequest::half_by`].
    pub half: u64,
    /// How many by [`OverviewRequest::late_by`].
    pub late: u64,
    /// How many by [`OverviewRequest::past_by`].
    pub past: u64,
    /// The oldest of them, oldest first.
    pub oldest: Vec<Unaccepted>,
    /// The open entries of the inbox, by process, cause, and whether they wait for a person.
    pub open: Vec<OpenGroup>,
}

/// Tells how the store stands.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Overview: Debug + Send + Sync + 'static {
    /// The store at one moment, at a cost in proportion to what is unsettled and open.
    ///
    /// An order counts as not known to be accepted unless it is settled; or it is in [`Phase::Validating`] and its call was
    /// answered as applied, or no call of ours about it is undecided; or the inbox has it open for an overdue debit
    /// ([`crate::failure::FailureCause::DebitOverdue`]). The parts MUST be of one moment: each order counts once.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn standing(&self, asked: &OverviewRequest) -> StoreResult<StoreStanding>;
}
