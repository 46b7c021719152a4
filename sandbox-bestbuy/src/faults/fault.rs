//! The faults themselves: what can go wrong with a call, and what other hands can do around it.

use serde::{Deserialize, Serialize};

use crate::options::ShopState;
use crate::state::MarketState;

/// An operation of the seller API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `GET /api/orders`
    Or11,
    /// `GET /api/orders/{id}`
    Or12,
    /// `PUT /api/orders/{id}/accept`
    Or21,
    /// `GET /api/account`
    A01,
    /// `GET /api/account/statistics`
    A21,
    /// `GET /api/platform/configuration`
    Pc01,
    /// Anything else that was asked for.
    Other,
}

impl Endpoint {
    /// Every endpoint, in a fixed order.
    pub const ALL: [Self; 7] = [
        Self::Or11,
        Self::Or12,
        Self::Or21,
        Self::A01,
        Self::A21,
        Self::Pc01,
        Self::Other,
    ];
}

/// Whether something happens before or after the marketplace has done what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before: where the fault ends the call, nothing takes effect.
    #[default]
    Before,
    /// After: what was asked for has taken effect.
    After,
}

/// The form of a `Retry-After` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// As a number of seconds.
    Seconds(u64),
    /// As an HTTP date this many seconds from now.
    DateInSeconds(u64),
}

/// What other hands do to an order, a key or a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A person accepts every line in the back office.
    Accept,
    /// A person refuses every line in the back office.
    Refuse,
    /// The customer cancels.
    CancelByCustomer,
    /// The marketplace's operator cancels.
    CancelByOperator,
    /// The acceptance deadline passes.
    PassDeadline,
    /// The order is put into a state, whatever it was in.
    SetState {
        /// The state.
        state: MarketState,
        /// The states of the lines, if they differ from the order's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lines: Option<Vec<MarketState>>,
    },
    /// Every key is revoked.
    RevokeKeys,
    /// The revoked keys work again.
    RestoreKeys,
    /// The shop that the call is for comes into a state.
    SetShop {
        /// The state.
        state: ShopState,
    },
}

/// One thing that goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The call takes longer. Several such rules add up.
    Latency {
        /// Milliseconds, or the least of a range.
        ms: u64,
        /// The most of the range.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_ms: Option<u64>,
        /// Before the effect (it happens even if the caller has hung up by then) or after.
        #[serde(default)]
        moment: Moment,
    },
    /// The call hangs until held calls are released; nothing is answered before.
    Hang {
        /// Before the effect or after.
        #[serde(default)]
        moment: Moment,
    },
    /// An answer of this status, for example 503.
    Status {
        /// The status.
        status: u16,
        /// Before the effect or after.
        #[serde(default)]
        moment: Moment,
    },
    /// 429, before the effect.
    TooManyRequests {
        /// The `Retry-After` header, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<RetryAfter>,
    },
    /// The effect happens and the connection is closed without an answer.
    AnswerLost,
    /// The connection is reset (RST).
    Reset {
        /// Before the effect or after.
        #[serde(default)]
        moment: Moment,
    },
    /// The answer's body arrives in small pieces.
    SlowBody {
        /// Bytes in a piece.
        chunk_bytes: usize,
        /// Milliseconds between pieces.
        pause_ms: u64,
    },
    /// The answer's body is text that is not JSON, with status 200.
    BadJson,
    /// The answer's body is cut off in the middle, and its length agrees with what is sent.
    TruncatedJson,
    /// The answer's body stops in the middle and the connection closes: less arrives than its length promised.
    CutBody,
    /// A page from a proxy in place of the answer. For OR21 the effect has happened.
    Html {
        /// The status of the page.
        #[serde(default = "bad_gateway")]
        status: u16,
    },
    /// Status 200 with no body at all.
    EmptyBody,
    /// Status 200 with a JSON body of about this many bytes.
    HugeBody {
        /// How many bytes.
        bytes: u64,
    },
    /// A redirect, before the effect.
    Redirect {
        /// The status, for example 307.
        #[serde(default = "temporary_redirect")]
        status: u16,
        /// Where to.
        location: String,
    },
    /// OR11 and OR12 show a state that no client knows. Concerns the named order, or the first of the page.
    UnknownState {
        /// The text shown as `order_state`.
        value: String,
    },
    /// OR11 and OR12 leave a field of the order out. Concerns the named order, or the first of the page.
    MissingField {
        /// The field, for example `order_state`.
        field: String,
    },
    /// OR11 and OR12 show `order_lines` as null. Concerns the named order, or the first of the page.
    NullLines,
    /// OR11 leaves an order out of its answer. Concerns the named order, or the first of the page.
    OrderMissing,
    /// OR11 and OR12 show the past. An order younger than that is shown as it first was.
    StaleRead {
        /// This many milliseconds ago by the sandbox's clock.
        #[serde(default)]
        ms: u64,
        /// This many calls ago.
        #[serde(default)]
        calls: u64,
    },
    /// Other hands do something to the orders of the call: OR21's order, or those that OR11 returns.
    Hands {
        /// What they do. What comes too late does nothing.
        act: Act,
        /// Before the call is carried out, or right after.
        #[serde(default)]
        moment: Moment,
    },
}

fn bad_gateway() -> u16 {
    502
}

fn temporary_redirect() -> u16 {
    307
}
