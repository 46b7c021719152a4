//! OR21: reading a decision, checking it against the order, and letting it take effect.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Caller, World};
use crate::ledger::LineDecision;
use crate::lifecycle::Cause;
use crate::options::RepeatedDecision;
use crate::reply::Problem;
use crate::state::MarketState;

/// Reads a decision's lines.
pub(crate) fn read_decision(body: &[u8]) -> Result<Vec<LineDecision>, Problem> {
    let body: Value =
        serde_json::from_slice(body).map_err(|_| Problem::invalid("body", "the body is not readable JSON"))?;
    let lines = body
        .get("order_lines")
        .and_then(Value::as_array)
        .ok_or_else(|| Problem::invalid("order_lines", "must be a list"))?;
    if lines.is_empty() {
        return Err(Problem::invalid("order_lines", "must not be empty"));
    }
    if lines.iter().any(Value::is_null) {
        return Err(Problem::coded(
            400,
            "ORDER_LINE_NULL_ELEMENT",
            "A line of the decision is null",
        ));
    }
    lines
        .iter()
        .map(|line| {
            let id = line
                .get("id")
                .and_then(Value::as_str)
                .ok_or_else(|| Problem::invalid("order_lines.id", "must be a text"))?;
            let accepted = line
                .get("accepted")
                .and_then(Value::as_bool)
                .ok_or_else(|| Problem::invalid("order_lines.accepted", "must be true or false"))?;
            Ok(LineDecision {
                id: id.to_owned(),
                accepted,
            })
        })
        .collect()
}

impl World {
    /// Checks a decision and lets it take effect.
    pub(super) fn accept(&mut self, caller: Caller, order_id: &str, body: &[u8]) -> Result<(), Problem> {
        let decision = read_decision(body)?;
        let mut seen = HashSet::new();
        if !decision.iter().all(|line| seen.insert(line.id.as_str())) {
            return Err(Problem::coded(400, "ORDER_LINE_DUPLICATE_ID", "A line is named twice"));
        }
        let accepted = self.check(caller, order_id, &decision)?;
        let cause = if accepted.iter().any(|&accepted| accepted) {
            Cause::Acceptance
        } else {
            Cause::Refusal
        };
        let now = self.now();
        self.move_order(order_id, |life, _| life.decide(&accepted, Some(now), cause, now));
        Ok(())
    }

    /// The decision for each line of the order, in the order's own sequence.
    fn check(&self, caller: Caller, order_id: &str, decision: &[LineDecision]) -> Result<Vec<bool>, Problem> {
        let order = self
            .orders
            .get(order_id)
            .filter(|order| order.shop_id == caller.shop_id)
            .ok_or_else(|| Problem::coded(404, "ORDER_NOT_FOUND", "There is no such order"))?;
        if order.blueprint.is_fulfilled_elsewhere() {
            return Err(Problem::coded(
                400,
                "ORDER_FULFILLED_UNAUTHORIZED",
                "The order is fulfilled by the marketplace",
            ));
        }
        let open = match self.options().repeated_decision {
            RepeatedDecision::Refused => order.life.is_undecided(),
            RepeatedDecision::Applied => order.life.reads_as_waiting(),
        };
        if !open {
            let state = order.life.state();
            let state = if order.life.reads_as_waiting() {
                "being processed"
            } else {
                MarketState::as_str(state)
            };
            return Err(Problem::coded(
                400,
                "ORDER_INVALID_STATE",
                format!("The order is {state} and can be neither accepted nor refused"),
            ));
        }
        let own: HashSet<&str> = order.line_ids.iter().map(String::as_str).collect();
        if let Some(stranger) = decision.iter().find(|line| !own.contains(line.id.as_str())) {
            let message = format!("The order has no line {}", stranger.id);
            return Err(Problem::coded(400, "ORDER_LINE_NOT_FOUND", message));
        }
        let by_id: HashMap<&str, bool> = decision.iter().map(|line| (line.id.as_str(), line.accepted)).collect();
        let accepted: Option<Vec<bool>> = order
            .line_ids
            .iter()
            .map(|id| by_id.get(id.as_str()).copied())
            .collect();
        let accepted = accepted.ok_or_else(|| {
            Problem::coded(
                400,
                "ORDER_LINE_ACCEPTANCE_DECISION_MISSING",
                "A line of the order has no decision",
            )
        })?;
        let mixed = accepted.contains(&true) && accepted.contains(&false);
        if mixed && !self.options().partial_acceptance {
            return Err(Problem::coded(
                400,
                "ORDER_PARTIAL_ACCEPTANCE_DISABLED",
                "Lines can't be accepted and refused in one decision",
            ));
        }
        Ok(accepted)
    }
}
