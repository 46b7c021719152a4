//! The end: faults stop, time goes on, and everything must settle.

use ackord::failure::PROCESS;
use ackord::memory::OrderRows;
use ackord::state::MarketplaceState as Place;
use ackord::status::OrderStatus;
use ackord::work::Phase;

use crate::facts::OrderFacts;
use crate::faults::FaultKind;
use crate::market::{MarketOrder, is_accepted, is_lost};
use crate::sim::Sim;

impl Sim {
    /// No faults, and nothing out, from now on.
    pub(crate) fn calm(&self) {
        let mut state = self.state();
        state.storm = false;
        state.spans = crate::sim::Spans::default();
        let now = self.now();
        state
            .trace
            .tell(now, || "== faults stop; everything must settle".to_owned());
    }

    /// The first order that is not where it belongs, and why.
    pub(crate) fn unsettled(&self) -> Option<String> {
        if self.state().facts.hold.is_some() {
            return Some("sending is still held".to_owned());
        }
        (0..self.ids.len()).find_map(|order| {
            let id = &self.ids[order];
            let what = self.memory.inspect(id, |rows| {
                let state = self.state();
                belongs(rows, &state.market.orders[order], &state.facts.orders[order]).err()
            })?;
            Some(format!("{id}: {what}"))
        })
    }
}

/// Whether an order stands where it belongs.
fn belongs(rows: &OrderRows<'_>, market: &MarketOrder, facts: &OrderFacts) -> Result<(), String> {
    let truth = market.state();
    let (Some(row), Some(newest)) = (rows.work, rows.entries.last()) else {
        // Never listed as waiting while anybody read the list, or about to be.
        return if *truth == Place::WaitingAcceptance || *truth == Place::Staging {
            Err(format!("never taken in, and {truth} on the marketplace"))
        } else {
            Ok(())
        };
    };
    match row.standing.phase {
        Phase::Settled if newest.source != "ackord" => Ok(()),
        Phase::Settled => {
            let agrees = match newest.status {
                OrderStatus::Accepted => is_accepted(truth) || is_lost(truth) && was_accepted(market),
                OrderStatus::Cancelled => is_lost(truth),
                _ => false,
            };
            if !agrees {
                return Err(format!("'{}' with us, {truth} on the marketplace", newest.status));
            }
            no_open_failure(rows)
        }
        Phase::Review if *truth == Place::WaitingAcceptance => true_reason(rows, facts),
        phase => Err(format!(
            "still in {phase}, due at {:?}, {truth} on the marketplace",
            row.standing.due_at
        )),
    }
}

fn was_accepted(market: &MarketOrder) -> bool {
    market.past.iter().any(|(_, state)| is_accepted(state))
}

/// What was settled leaves no failure of its attempts open.
fn no_open_failure(rows: &OrderRows<'_>) -> Result<(), String> {
    const ABOUT_THE_END: [&str; 4] = ["contradiction", "unreadable", "refused_by_shop", "refused_at_deadline"];
    let open = rows.failures.iter().find(|filed| {
        let cause = filed.row.cause.as_deref().unwrap_or_default();
        filed.row.resolved_at.is_none() && filed.row.process_name == PROCESS && !ABOUT_THE_END.contains(&cause)
    });
    match open {
        Some(filed) => Err(format!("settled, yet a failure is open: {:?}", filed.row.cause)),
        None => Ok(()),
    }
}

/// An order that waits for a person while the marketplace waits for its acceptance must do so for what really happened.
fn true_reason(rows: &OrderRows<'_>, facts: &OrderFacts) -> Result<(), String> {
    let happened = |faults: &[FaultKind]| faults.iter().any(|fault| facts.times(*fault) > 0);
    let open = rows
        .failures
        .iter()
        .filter(|filed| filed.row.resolved_at.is_none() && filed.row.needs_person)
        .filter_map(|filed| filed.row.cause.as_deref());
    for cause in open {
        let true_cause = match cause {
            "refused" => facts.refused,
            "not_confirmed" => happened(&[
                FaultKind::FalsePrecondition,
                FaultKind::EmptyPromise,
                FaultKind::EffectAfterSuccess,
            ]),
            "no_lines" => happened(&[FaultKind::NoLines]),
            "unknown_state" => happened(&[FaultKind::UnknownState]),
            "not_found" => happened(&[FaultKind::OrderMissing]),
            "unreadable" => happened(&[FaultKind::OrderUnreadable]),
            "foreign" => happened(&[FaultKind::ForeignFailed]),
            // The attempts are used up: something must have kept them from having an effect.
            "not_sent" | "unanswered" => true,
            _ => false,
        };
        if true_cause {
            return Ok(());
        }
    }
    Err("in review for no true reason".to_owned())
}
