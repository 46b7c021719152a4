//! What stands on the scripted marketplace, what becomes of calls to it, and its ledger.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use crate::order::{LineId, Order, OrderId, OrderLine};
use crate::state::MarketplaceState;
use crate::time::{self, Timestamp};

/// An order on the marketplace.
#[derive(Debug, Clone)]
pub(super) struct FakeOrder {
    pub(super) state: MarketplaceState,
    pub(super) lines: Vec<(String, Option<MarketplaceState>)>,
    pub(super) placed_at: Timestamp,
    pub(super) decided_at: Option<Timestamp>,
    /// What it becomes when it is accepted.
    pub(super) accepted_as: MarketplaceState,
    /// When it was accepted, by us or by a person.
    pub(super) moved_at: Option<Timestamp>,
    /// How long after the acceptance it is still shown as waiting.
    pub(super) stale_for: Duration,
    /// An acceptance that was taken but takes effect only then.
    pub(super) effect_at: Option<(Timestamp, Value)>,
    /// How many looks after the acceptance still show it waiting.
    pub(super) lag: u32,
    /// What it becomes after each further look that showed its true state.
    pub(super) later: VecDeque<MarketplaceState>,
    /// Not in any answer.
    pub(super) hidden: bool,
    /// In the answers, but not to be read.
    pub(super) unreadable: bool,
    /// In the list of waiting orders whatever its state.
    pub(super) always_listed: bool,
    /// What becomes of the acceptances; then they are answered as they should be.
    pub(super) script: VecDeque<Answer>,
}

/// What becomes of one acceptance.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// It takes effect; the answer is lost, or says 5xx.
    LostAfterEffect,
    /// The answer is lost, and it takes effect only so much later.
    EffectLater(Duration),
    /// It has no effect; no answer comes, or a 5xx.
    LostWithoutEffect,
    /// No connection.
    NotSent,
    /// A 400 of another kind.
    Refused,
    /// A 429.
    Throttled(Option<Duration>),
    /// A 401.
    Credentials,
    /// A 400 `ORDER_INVALID_STATE`, whatever the state.
    Precondition,
    /// A 204 without effect.
    EmptyPromise,
}

/// What becomes of one read.
#[derive(Debug, Clone)]
pub(super) enum ReadFault {
    Unreachable,
    Throttled(Option<Duration>),
    Credentials,
    /// It is answered, but shows no order.
    Empty,
}

/// What the marketplace has seen and done.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Every acceptance that arrived.
    pub(super) received: Vec<(OrderId, Value)>,
    /// The orders to which one arrived after another one had taken effect, or would.
    pub(super) again: Vec<OrderId>,
    /// The orders whose acceptances were answered as not sent or refused, or lost without an effect, one by one.
    pub(super) in_vain: Vec<(OrderId, Answer)>,
    /// Every acceptance that took effect.
    pub(super) effects: Vec<(OrderId, Value)>,
    /// When each acceptance of ours took effect.
    pub(super) moved: Vec<(OrderId, Timestamp)>,
    /// Pages of the list.
    pub(super) pages: usize,
    /// Looks, each with the number of ids.
    pub(super) looks: Vec<usize>,
    /// When each look was asked for.
    pub(super) look_times: Vec<Timestamp>,
}

impl Ledger {
    pub(super) fn calls(&self) -> usize {
        self.received.len() + self.pages + self.looks.len()
    }

    pub(super) fn received_for(&self, id: &str) -> usize {
        self.received.iter().filter(|(order, _)| order.as_str() == id).count()
    }

    pub(super) fn effects_on(&self, id: &str) -> usize {
        self.effects.iter().filter(|(order, _)| order.as_str() == id).count()
    }
}

impl FakeOrder {
    pub(super) fn shown(&mut self, now: Timestamp) -> MarketplaceState {
        if self.moved_at.is_some_and(|at| now < time::plus(at, self.stale_for)) {
            return MarketplaceState::WaitingAcceptance;
        }
        let accepted = self.state != MarketplaceState::WaitingAcceptance && self.state != MarketplaceState::Staging;
        if accepted && self.lag > 0 {
            self.lag -= 1;
            return MarketplaceState::WaitingAcceptance;
        }
        let shown = self.state.clone();
        if shown != MarketplaceState::WaitingAcceptance
            && let Some(next) = self.later.pop_front()
        {
            self.state = next;
        }
        shown
    }

    pub(super) fn as_order(&self, id: &OrderId, state: MarketplaceState) -> Order {
        let line = |(id, state): &(String, Option<MarketplaceState>)| OrderLine {
            id: LineId::new(id.as_str()).unwrap(),
            state: state.clone(),
        };
        Order {
            id: id.clone(),
            raw: json!({"order_id": id.as_str(), "order_state": state.as_str()})
                .to_string()
                .into(),
            state,
            lines: self.lines.iter().map(line).collect(),
            placed_at: Some(self.placed_at),
            decided_at: self.decided_at,
        }
    }
}
