//! One order's way through the marketplace's states: decisions, deadlines, payments and other people's hands.
//!
//! Pure: time comes in as a parameter and every move goes out as a value. A decision *takes effect* the moment it is
//! applied here, even where the order goes on reading `WAITING_ACCEPTANCE` for a while.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::later;
use crate::seed::{OrderSeed, Pace, Step};
use crate::state::MarketState;

/// Why an order moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It was put into the sandbox.
    Created,
    /// The fraud check ended.
    FraudCheck,
    /// An OR21 that accepts at least one line.
    Acceptance,
    /// An OR21 that refuses every line.
    Refusal,
    /// The acceptance deadline passed.
    Deadline,
    /// The platform accepted it by itself.
    AutomaticAcceptance,
    /// The payment went on, or was refused.
    Payment,
    /// A person accepted it in the back office.
    AcceptedByPerson,
    /// A person refused it in the back office.
    RefusedByPerson,
    /// The customer cancelled it.
    CancelledByCustomer,
    /// The marketplace's operator cancelled it.
    CancelledByOperator,
    /// Its state was set over the control API.
    SetByHand,
}

/// One move of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) from: Option<MarketState>,
    pub(crate) to: MarketState,
    pub(crate) at: Timestamp,
    pub(crate) cause: Cause,
}

/// A decision that took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decided {
    /// When a person or the shop decided; `None` where it happened by itself.
    pub(crate) date: Option<Timestamp>,
    cause: Cause,
}

/// Where an order stands and where it goes next.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    state: MarketState,
    refused: Vec<bool>,
    line_states: Option<Vec<MarketState>>,
    decided: Option<Decided>,
    upcoming: VecDeque<Step>,
    stays: Pace,
    looks: u32,
    due: Option<Timestamp>,
    deadline: Option<Timestamp>,
    reads_waiting: Pace,
    path: Vec<Step>,
}

impl Life {
    /// The life of a new order, and the moves by which it got into its first state.
    pub(crate) fn new(
        seed: &OrderSeed,
        lines: usize,
        created_at: Timestamp,
        now: Timestamp,
        default_deadline_ms: Option<u64>,
        line_states: Option<Vec<MarketState>>,
    ) -> (Self, Vec<Move>) {
        let first = seed.first_state();
        let mut life = Self {
            state: first.clone(),
            refused: vec![false; lines],
            line_states,
            decided: None,
            upcoming: VecDeque::new(),
            stays: Pace::Never,
            looks: 0,
            due: None,
            deadline: seed
                .deadline_ms
                .or(default_deadline_ms)
                .map(|millis| later(created_at, millis)),
            reads_waiting: seed.reads_waiting.unwrap_or(Pace::AtOnce),
            path: seed.accepted_path(),
        };
        let mut moves = vec![Move {
            from: None,
            to: first.clone(),
            at: now,
            cause: Cause::Created,
        }];
        if first == MarketState::Staging {
            life.upcoming = VecDeque::from([Step::new(MarketState::WaitingAcceptance, Pace::Never)]);
            life.stay(seed.staging_pace(), now, &mut moves);
        }
        (life, moves)
    }

    pub(crate) fn state(&self) -> &MarketState {
        &self.state
    }

    /// The states of the lines, in their order.
    pub(crate) fn line_states(&self) -> Vec<MarketState> {
        if let Some(set) = &self.line_states {
            return set.clone();
        }
        self.refused
            .iter()
            .map(|&refused| {
                if refused && !self.state.is_before_decision() {
                    MarketState::Refused
                } else {
                    self.state.clone()
                }
            })
            .collect()
    }

    /// The decision date as the order shows it: not before the order has moved.
    pub(crate) fn decision_date(&self) -> Option<Timestamp> {
        if self.state.is_before_decision() {
            return None;
        }
        self.decided.and_then(|decided| decided.date)
    }

    /// Whether the order can still be decided: it reads `WAITING_ACCEPTANCE` and nobody has decided yet.
    pub(crate) fn is_undecided(&self) -> bool {
        self.reads_as_waiting() && self.decided.is_none()
    }

    /// Whether the order reads `WAITING_ACCEPTANCE`, decided or not.
    pub(crate) fn reads_as_waiting(&self) -> bool {
        self.state == MarketState::WaitingAcceptance
    }

    /// When the order next moves by itself, if time alone moves it.
    pub(crate) fn next_timer(&self) -> Option<Timestamp> {
        let deadline = self.deadline.filter(|_| self.is_undecided());
        match (self.due, deadline) {
            (Some(due), Some(deadline)) => Some(due.min(deadline)),
            (due, deadline) => due.or(deadline),
        }
    }

    /// Applies a decision line by line (`true` accepts); the caller has checked that it is legal.
    pub(crate) fn decide(
        &mut self,
        accepted: &[bool],
        date: Option<Timestamp>,
        cause: Cause,
        now: Timestamp,
    ) -> Vec<Move> {
        let mut moves = Vec::new();
        self.refused = accepted.iter().map(|accepted| !accepted).collect();
        self.decided = Some(Decided { date, cause });
        self.line_states = None;
        self.upcoming.clear();
        if !accepted.iter().any(|&accepted| accepted) {
            self.enter(MarketState::Refused, Pace::Never, now, cause, &mut moves);
            return moves;
        }
        self.upcoming = self.path.iter().cloned().collect();
        self.looks = 0;
        self.stay(self.reads_waiting, now, &mut moves);
        moves
    }

    /// Counts a look that returned the order, and moves it on where that was the last look of its stay.
    pub(crate) fn looked(&mut self, now: Timestamp) -> Vec<Move> {
        let mut moves = Vec::new();
        self.looks = self.looks.saturating_add(1);
        if matches!(self.stays, Pace::Looks(enough) if self.looks >= enough) {
            self.advance(now, &mut moves);
        }
        moves
    }

    /// Applies what fell due first by `now`, at its own time. Further things may be due after it.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Vec<Move> {
        let mut moves = Vec::new();
        if let Some(at) = self.next_timer().filter(|&at| at <= now) {
            if self.due == Some(at) {
                self.advance(at, &mut moves);
            } else {
                moves.extend(self.pass_deadline(at));
            }
        }
        moves
    }

    /// Refuses the order by itself, as the acceptance deadline does: with no decision date.
    pub(crate) fn pass_deadline(&mut self, at: Timestamp) -> Vec<Move> {
        let lines = vec![false; self.refused.len()];
        self.decide(&lines, None, Cause::Deadline, at)
    }

    /// Puts the order into a state, whatever it was in, and stops whatever was to come.
    pub(crate) fn set(
        &mut self,
        state: MarketState,
        lines: Option<Vec<MarketState>>,
        cause: Cause,
        now: Timestamp,
    ) -> Vec<Move> {
        let mut moves = Vec::new();
        self.upcoming.clear();
        if state == MarketState::WaitingAcceptance {
            self.decided = None;
            self.refused.fill(false);
        }
        self.line_states = lines;
        self.enter(state, Pace::Never, now, cause, &mut moves);
        moves
    }

    fn enter(&mut self, state: MarketState, stays: Pace, at: Timestamp, cause: Cause, moves: &mut Vec<Move>) {
        let from = std::mem::replace(&mut self.state, state.clone());
        self.looks = 0;
        moves.push(Move {
            from: Some(from),
            to: state,
            at,
            cause,
        });
        self.stay(stays, at, moves);
    }

    fn stay(&mut self, stays: Pace, at: Timestamp, moves: &mut Vec<Move>) {
        self.stays = stays;
        self.due = match stays {
            Pace::Ms(millis) => Some(later(at, millis)),
            _ => None,
        };
        if matches!(stays, Pace::AtOnce | Pace::Looks(0)) {
            self.advance(at, moves);
        }
    }

    fn advance(&mut self, at: Timestamp, moves: &mut Vec<Move>) {
        self.due = None;
        self.stays = Pace::Never;
        let cause = match (&self.state, self.decided) {
            (MarketState::Staging, None) => Cause::FraudCheck,
            (MarketState::WaitingAcceptance, Some(decided)) => decided.cause,
            _ => Cause::Payment,
        };
        if let Some(step) = self.upcoming.pop_front() {
            self.enter(step.state, step.stays, at, cause, moves);
        }
    }
}

#[cfg(test)]
mod tests;
