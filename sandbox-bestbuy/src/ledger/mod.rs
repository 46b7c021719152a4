//! The ledger: what was received and what took effect, order by order.
//!
//! It is written from the sandbox's own state changes, never from what it answered, so that a fault on the way back can't
//! make it say anything that didn't happen.

mod view;

pub use view::Ledger;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::faults::Endpoint;
use crate::lifecycle::Cause;
use crate::state::MarketState;

/// What became of an OR21.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum DecisionOutcome {
    /// Received, and not carried out yet.
    Underway,
    /// It took effect.
    Applied,
    /// The marketplace refused it; nothing changed.
    Refused {
        /// The status of the answer.
        status: u16,
        /// The error code, where the refusal has one.
        code: Option<String>,
    },
    /// A fault ended the call before it was carried out; nothing changed.
    NotReached {
        /// The kind of fault.
        fault: String,
    },
}

/// The decision about one line, as received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineDecision {
    /// The line's id.
    pub id: String,
    /// Whether the line is accepted.
    pub accepted: bool,
}

/// One OR21 that was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When it was received.
    pub received_at: Timestamp,
    /// The number of the call among all calls.
    pub call: u64,
    /// The first bytes of a hash of the key it came with; never the key.
    pub key_fingerprint: Option<String>,
    /// The request's body as it came.
    pub body: String,
    /// The lines in it, where the body could be read.
    pub lines: Vec<LineDecision>,
    /// What became of it.
    pub outcome: DecisionOutcome,
}

/// One move of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// When it happened.
    pub at: Timestamp,
    /// How many calls had been received by then.
    pub call: u64,
    /// The state before; none for a new order.
    pub from: Option<MarketState>,
    /// The state after.
    pub to: MarketState,
    /// Why.
    pub cause: Cause,
}

/// One answer in which the order stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// The number of the call among all calls.
    pub call: u64,
    /// The state that the order was in (not always the one shown: a stale read shows an older one).
    pub state: MarketState,
}

/// Everything about one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLedger {
    /// The order.
    pub order_id: String,
    /// Its present state; none for an id that was asked about and never existed.
    pub state: Option<MarketState>,
    /// Every OR21 received for it, in order of arrival.
    pub decisions: Vec<Decision>,
    /// Every move it made.
    pub transitions: Vec<Transition>,
    /// Every answer in which it stood.
    pub looks: Vec<Look>,
}

impl OrderLedger {
    pub(crate) fn new(order_id: &str) -> Self {
        Self {
            order_id: order_id.to_owned(),
            state: None,
            decisions: Vec::new(),
            transitions: Vec::new(),
            looks: Vec::new(),
        }
    }

    /// How many OR21 took effect.
    #[must_use]
    pub fn decisions_applied(&self) -> usize {
        self.decisions
            .iter()
            .filter(|decision| decision.outcome == DecisionOutcome::Applied)
            .count()
    }

    /// How many OR21 were received.
    #[must_use]
    pub fn acceptances_received(&self) -> usize {
        self.decisions.len()
    }
}

/// The counts over everything received.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Calls received, by endpoint.
    pub calls: BTreeMap<Endpoint, u64>,
    /// Calls received altogether.
    pub calls_total: u64,
    /// The most ids in one OR11.
    pub max_ids_in_a_look: usize,
    /// OR21 that took effect.
    pub decisions_applied: u64,
    /// Orders for which more than one OR21 took effect.
    pub decided_twice: u64,
}

/// The whole ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerReport {
    /// The counts.
    pub counts: Counts,
    /// Order by order, by id.
    pub orders: Vec<OrderLedger>,
}
