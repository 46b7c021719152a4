//! Writing the ledger, and reading it back.

use std::sync::Arc;

use jiff::Timestamp;

use super::World;
use crate::faults::Endpoint;
use crate::ledger::{Counts, Decision, DecisionOutcome, LedgerReport, Look, OrderLedger, Transition};
use crate::lifecycle::Move;
use crate::state::MarketState;

/// Writes down a move of an order.
pub(super) fn transition(entry: &mut OrderLedger, moved: &Move, call: u64) {
    entry.state = Some(moved.to.clone());
    entry.transitions.push(Transition {
        at: moved.at,
        call,
        from: moved.from.clone(),
        to: moved.to.clone(),
        cause: moved.cause,
    });
}

impl World {
    /// Counts a call and returns its number.
    pub(super) fn record_call(&mut self, endpoint: Endpoint) -> u64 {
        *self.counts.calls.entry(endpoint).or_default() += 1;
        self.counts.calls_total += 1;
        self.counts.calls_total
    }

    /// Writes down the arrival of an OR21 and returns its place among the order's.
    pub(super) fn record_arrival(&mut self, order_id: &str, decision: Decision) -> usize {
        let id: Arc<str> = order_id.into();
        let entry = self.ledger.entry(id).or_insert_with(|| OrderLedger::new(order_id));
        entry.decisions.push(decision);
        entry.decisions.len() - 1
    }

    /// Writes down what became of an OR21.
    pub(crate) fn record_outcome(&mut self, order_id: &str, nth: usize, outcome: DecisionOutcome) {
        let Some(entry) = self.ledger.get_mut(order_id) else {
            return;
        };
        let applied = outcome == DecisionOutcome::Applied;
        if let Some(decision) = entry.decisions.get_mut(nth) {
            decision.outcome = outcome;
        }
        if applied {
            self.counts.decisions_applied += 1;
            if entry.decisions_applied() == 2 {
                self.counts.decided_twice += 1;
            }
        }
    }

    /// Writes down that an order stood in an answer.
    pub(super) fn record_look(&mut self, order_id: &str, at: Timestamp, call: u64, state: MarketState) {
        if let Some(entry) = self.ledger.get_mut(order_id) {
            entry.looks.push(Look { at, call, state });
        }
    }

    /// Writes down how many ids a look asked for.
    pub(super) fn record_ids_asked(&mut self, ids: usize) {
        self.counts.max_ids_in_a_look = self.counts.max_ids_in_a_look.max(ids);
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn order_ledger(&self, order_id: &str) -> Option<&OrderLedger> {
        self.ledger.get(order_id)
    }

    /// The whole ledger, orders by id.
    pub(crate) fn ledger_report(&self) -> LedgerReport {
        let mut orders: Vec<OrderLedger> = self.ledger.values().cloned().collect();
        orders.sort_by(|one, other| one.order_id.cmp(&other.order_id));
        LedgerReport {
            counts: self.counts.clone(),
            orders,
        }
    }
}
