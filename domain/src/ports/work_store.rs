//! The store port of the workflow: ingest, claim, intend, answer, settle. Each method is one transaction.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreResult;
use crate::call::{CallEnd, CallId, NewCall};
use crate::order::{Decision, OrderId};
use crate::status::OrderStatus;
use crate::time::Timestamp;
use crate::work::{Claimed, Fence, Lease, OperationId, Phase, Settlement, Version};

/// An order to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Its id.
    pub order_id: OrderId,
    /// Its JSON, to the letter.
    pub raw: Box<str>,
    /// When the customer placed it, where that is known.
    pub placed_at: Option<Timestamp>,
    /// The note of its first entry.
    pub note: String,
    /// The call that listed it.
    pub look: CallId,
}

/// An order that was known before, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOrder {
    /// The order.
    pub order_id: OrderId,
    /// The status of its newest entry.
    pub status: OrderStatus,
    /// The version of its newest entry.
    pub version: Version,
    /// The time of its newest entry.
    pub status_at: Timestamp,
}

/// What became of the orders given to [`WorkStore::ingest`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ingested {
    /// Those that were new: they now have their first entry.
    pub new: Vec<OrderId>,
    /// Those that had an entry: nothing was changed.
    pub known: Vec<KnownOrder>,
}

/// Which orders to claim, and on what terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// In these phases.
    pub phases: Vec<Phase>,
    /// Due at this time, by the store's clock.
    pub now: Timestamp,
    /// The length of the lease.
    pub lease: Duration,
    /// Who claims.
    pub worker: String,
    /// At most this many.
    pub limit: usize,
    /// What to do about suspects.
    pub suspects: Suspects,
    /// The write's id.
    pub operation: OperationId,
}

/// What a claim does about suspects: orders whose last [`crate::work::CLAIMS_TOGETHER`] claims or more were not released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspects {
    /// None is given out: the worker has other orders in hand.
    LeftOut,
    /// One is given out alone, where nothing else is.
    AloneAtLast,
}

/// Leases to be prolonged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewRequest {
    /// The leases, each of another order.
    pub leases: Vec<Lease>,
    /// The store's time.
    pub now: Timestamp,
    /// How long they last from then on.
    pub lease: Duration,
}

/// An acceptance about to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// The order.
    pub order_id: OrderId,
    /// The number of our lease.
    pub fence: Fence,
    /// The version on which it was decided.
    pub version: Version,
    /// The call.
    pub call: NewCall,
    /// The decision: the frozen one where there is one.
    pub decision: Decision,
}

/// The answer to an acceptance, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAnswer {
    /// The call.
    pub call: CallId,
    /// How it ended.
    pub end: CallEnd,
}

/// Whether a guarded write took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It stands.
    Written,
    /// The lease or the version had passed on to somebody else: nothing was written.
    Lost,
}

/// Where an order stands, for a worker that waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderStanding {
    /// The order.
    pub order_id: OrderId,
    /// What comes next.
    pub phase: Phase,
    /// When that is due.
    pub due_at: Option<Timestamp>,
    /// Until when somebody holds a lease on it.
    pub leased_until: Option<Timestamp>,
}

/// The store of the workflow.
///
/// Every write MUST be durable when it returns. Repeated under its operation id before its worker writes anything else
/// about the same orders, it MUST tell again what took effect, without a second effect; what did not is tried anew. A
/// settlement without an entry may be told as lost once somebody else has written to its order.
///
/// Of several intents or settlements of one order in a call, the first alone MUST count: the others are lost.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait WorkStore: Debug + Send + Sync + 'static {
    /// The store's own time: the one clock that all its workers share, in whole microseconds.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn now(&self) -> StoreResult<Timestamp>;

    /// Stores each order that has no entry yet, with its first `pending_acceptance` entry and its standing
    /// ([`crate::work::Standing::fresh`] at `now`). Orders with an entry MUST be left as they are; a row in `orders`
    /// without any entry counts as new and keeps its row. Of two workers that ingest an order at once exactly one MUST
    /// be told that it is new. The same id twice in `orders` counts once.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then none was stored.
    async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested>;

    /// Leases orders that are due, oldest first (by `placed_at`, then id). An order under a lease of another claim MUST NOT
    /// be given out, unless that lease has ended by `request.now`, or ends later than `request.now` plus two whole
    /// leases (a clock jumped; one lease is too little, for two workers read the clock a little apart). Each claim of an
    /// order MUST carry a greater fencing number than any before. An order MUST be due (`due_at <= now`).
    ///
    /// A suspect MUST be given out only as the one order of its claim, where [`ClaimRequest::suspects`] allows it and no
    /// other order of these phases is to be had; the one that was claimed in vain the least often comes first, so that none
    /// stands in the way of those behind it. Claims in a row that nothing released MUST be counted, those alone among
    /// them once more; a settlement and an entry of another program end both counts.
    ///
    /// A claim that gave out something MUST, repeated under its operation id, give out nothing more, and tells of what it
    /// gave out that which is still held under it and was not written to since.
    ///
    /// # Errors
    /// A [`super::StoreError`]; an order whose claim was not confirmed is free again when the lease ends.
    async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>>;

    /// Prolongs leases: each ends `request.lease` after `request.now` from then on, where (fence, version) are still the
    /// order's and the lease was not ended. One that has passed its end MUST be prolonged only while nobody else claimed
    /// the order. It MUST NOT revive a lease that was settled, released or taken over, and changes nothing else. The
    /// answers are in the order of `request.leases`. It needs no operation id: repeating it changes nothing.
    ///
    /// # Errors
    /// A [`super::StoreError`]; each lease then ends when it would have, or later.
    async fn renew(&self, request: &RenewRequest) -> StoreResult<Vec<Settled>>;

    /// Writes intents: the call, begun; the order in [`Phase::Sending`], due at once, its call open, its decision frozen.
    /// The lease goes on. An intent whose (fence, version) are no longer the order's MUST NOT be written; its place in
    /// the answer is `None`.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then none of the calls may be made.
    async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>>;

    /// Completes acceptance calls. It MUST be written whoever holds the lease by now. A call is completed once: the same
    /// answer again changes nothing; on a call closed as unanswered the answer is added and the outcome stays.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then none was written.
    async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()>;

    /// Settles orders, each for itself: guarded by (fence, version), its entry (version + 1), inbox entry, resolutions,
    /// closed call and standing stand together or not at all, and its lease ends. The answers are in the order of `settlements`.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then none was written.
    async fn settle(
        &self,
        settlements: &[Settlement],
        now: Timestamp,
        operation: OperationId,
    ) -> StoreResult<Vec<Settled>>;

    /// When the next order of these phases is due that nobody holds a lease on at `now`; `None` where there is none.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn next_due(&self, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>>;

    /// Where these orders stand; those never seen are left out.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn standings(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>>;

    /// How many orders stand in one of these phases, due or not, leased or not. Its cost MUST follow the number of
    /// unsettled orders, not of all.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn count(&self, phases: &[Phase]) -> StoreResult<u64>;
}
