//! The marketplace port: list, look, accept.

use std::error::Error as StdError;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::advice::Advice;
use crate::call::{CallEnd, CallId, CallOutcome};
use crate::order::{Decision, Order, OrderId};

/// The result of a read.
pub type MarketplaceResult<T> = Result<T, MarketplaceError>;

/// Names a shop for the state that its workers share: made of URL, shop id and a hash of the key, never the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShopKey(pub String);

impl fmt::Display for ShopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the next page of a list begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageCursor {
    /// How many orders come before it.
    pub offset: u64,
}

/// What a read showed, with the call that showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The call on record (the last one, where the read was retried).
    pub call: CallId,
    /// When that call's request began, by the monotonic clock that the workflow has too.
    pub began_at: Duration,
    /// The orders that could be read.
    pub orders: Vec<Order>,
    /// The orders that could not.
    pub unreadable: Vec<UnreadableOrder>,
}

/// One page of the orders that wait for acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it showed.
    pub listing: Listing,
    /// The next page; `None` on the last.
    pub next: Option<PageCursor>,
    /// How many orders the marketplace says there are in all.
    pub total: Option<u64>,
}

/// Fresh states of some orders.
pub type Look = Listing;

/// An order in an answer that can't be read: it costs that order alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableOrder {
    /// Its id, where that much could be read.
    pub order_id: Option<OrderId>,
    /// What stands for it in the inbox where it could not: the same for the same content.
    pub stand_in: String,
    /// Its JSON, with customers' personal fields blanked.
    pub redacted: serde_json::Value,
    /// What is wrong with it, naming the field.
    pub problem: String,
}

/// The shop behind the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub shop_id: Option<i64>,
    /// Its name.
    pub shop_name: Option<String>,
    /// Its state as it was written: `OPEN`, `CLOSE`, `SUSPENDED`, `TERMINATED`.
    pub shop_state: Option<String>,
}

/// How the shop decides on its orders, by the marketplace's own count. Each figure may be missing.
///
/// Rates are kept in ten-thousandths of the unit in which the marketplace tells them, which is not published: compare a rate with
/// others of its kind alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShopFigures {
    /// `approval_rate`: how many of its orders the shop accepts.
    pub approval_rate: Option<i64>,
    /// `auto_refused_rate`: how many were refused by the marketplace at their deadline.
    pub auto_refused_rate: Option<i64>,
    /// `consecutive_refused_orders_count`: orders refused one after another, up to the last one decided.
    pub refused_in_row: Option<i64>,
}

/// Says whether an acceptance may still leave: asked right before the bytes are written.
pub trait SendPermit: Debug + Send + Sync + 'static {
    /// Whether it still holds.
    fn holds(&self) -> bool;
}

/// The marketplace's answer to an acceptance, classed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendVerdict {
    /// Answered with success.
    Applied,
    /// The order was not in the state that the acceptance needs.
    Precondition,
    /// Refused; the same again can't help.
    Refused,
    /// The key was not taken.
    Credentials,
    /// The whole shop has to rest, for this long where that was said.
    Throttled(Option<Duration>),
    /// Nobody knows whether it took effect.
    Unknown,
    /// No connection came about: nothing was sent.
    NotSent,
    /// The permit did not hold any more: nothing was sent.
    Withdrawn,
}

impl SendVerdict {
    /// The outcome under which it stands on record.
    #[must_use]
    pub fn outcome(&self) -> CallOutcome {
        match self {
            Self::Applied => CallOutcome::Applied,
            Self::Precondition => CallOutcome::Precondition,
            Self::Refused => CallOutcome::Refused,
            Self::Credentials => CallOutcome::Credentials,
            Self::Throttled(_) => CallOutcome::Throttled,
            Self::Unknown => CallOutcome::Unknown,
            Self::NotSent | Self::Withdrawn => CallOutcome::NotSent,
        }
    }
}

/// What became of one acceptance call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendAnswer {
    /// Its class.
    pub verdict: SendVerdict,
    /// For the record; its outcome is the verdict's.
    pub end: CallEnd,
    /// In words: the marketplace's own code and message where it sent them. No personal data.
    pub detail: String,
}

/// What can go wrong with a read; one variant for each thing that a caller does differently.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MarketplaceError {
    /// No usable answer, also after the retries: no connection, timeouts, 5xx.
    #[error("the marketplace can't be reached: {what}")]
    Unreachable {
        /// The last answer or fault.
        what: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// 429: the whole shop has to rest.
    #[error("the marketplace asks for a rest")]
    Throttled {
        /// For how long, where that was said.
        retry_after: Option<Duration>,
    },
    /// 401 or 403.
    #[error("the marketplace does not take the key (HTTP {status})")]
    Credentials {
        /// The HTTP status.
        status: u16,
    },
    /// Another 4xx: the request itself is wrong.
    #[error("the marketplace refused the request (HTTP {status}): {what}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code and message of the answer.
        what: String,
    },
    /// An answer that can't be understood: not JSON, too large, another shape.
    #[error("the marketplace's answer can't be read: {what}")]
    Unreadable {
        /// What is wrong, naming the field.
        what: String,
    },
    /// The call could not be put on record.
    #[error("a call could not be put on record")]
    Unrecorded(#[source] StoreError),
}

impl MarketplaceError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match self {
            Self::Unreachable { .. } | Self::Unreadable { .. } => Advice::RetryAfter(None),
            Self::Throttled { retry_after } => Advice::RetryAfter(*retry_after),
            Self::Credentials { .. } => Advice::Stop,
            Self::Refused { .. } => Advice::Reject,
            Self::Unrecorded(error) => error.advice(),
        }
    }
}

/// A marketplace, seen by one shop.
///
/// Every read MUST be in the call log before its first byte leaves and completed there before it is returned, each
/// retry of it as a call of its own. The key and customers' personal fields MUST NOT reach the call log, an error or a log line.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Marketplace: Debug + Send + Sync + 'static {
    /// Names the shop for the state that its workers share.
    fn shop_key(&self) -> ShopKey;

    /// One page of the orders in `WAITING_ACCEPTANCE`, oldest first, from `cursor` or the start.
    /// It MUST name a next page while the marketplace has one, also where a page came back short or partly unreadable.
    ///
    /// # Errors
    /// A [`MarketplaceError`] once the retries for reads are used up.
    async fn waiting(&self, cursor: Option<PageCursor>) -> MarketplaceResult<Page>;

    /// Fresh states of up to [`crate::settings::IDS_PER_LOOK`] orders, in one call. Orders that the answer does not hold
    /// are in neither list; orders that were not asked for MUST NOT be in any.
    ///
    /// # Errors
    /// A [`MarketplaceError`] once the retries for reads are used up.
    async fn look(&self, ids: &[OrderId]) -> MarketplaceResult<Look>;

    /// Sends the decision on an order, once. It MUST ask `permit` right before the bytes are written, MUST NOT send them
    /// twice, follow a redirect or go on past the total call timeout, and MUST write the same decision to the same bytes.
    /// It doesn't write the call log: the workflow has, and will.
    async fn accept(&self, id: &OrderId, decision: &Decision, permit: Arc<dyn SendPermit>) -> SendAnswer;

    /// The shop behind the key.
    ///
    /// # Errors
    /// A [`MarketplaceError`] once the retries for reads are used up.
    async fn account(&self) -> MarketplaceResult<Account>;

    /// How the shop decides on its orders. The marketplace wants to be asked once a day at the most.
    ///
    /// # Errors
    /// A [`MarketplaceError`] once the retries for reads are used up.
    async fn figures(&self) -> MarketplaceResult<ShopFigures>;
}
