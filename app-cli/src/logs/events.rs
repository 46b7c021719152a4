//! A line for each thing that happens in a run.

use ackord::workflow::{Event, RunReport};

use crate::metrics::outcome_of;
use crate::report_error;

/// The target of these lines.
const RUN: &str = "ackord::run";

/// A run begins.
pub(super) fn begun() {
    tracing::info!(target: RUN, "a run begins");
}

/// A run has ended.
pub(super) fn ended(report: &RunReport) {
    let problem = report.halt.as_ref().map(|halt| report_error::tell(halt).message());
    tracing::info!(
        target: RUN,
        outcome = outcome_of(report),
        problem = problem.as_deref(),
        ingested = report.ingested,
        requeued = report.requeued,
        accepted = report.accepted,
        cancelled = report.cancelled,
        acceptance_failed = report.acceptance_failed,
        awaiting = report.awaiting,
        needs_person = report.needs_person,
        reads = report.calls.reads,
        sends = report.calls.sends,
        duration_ms = u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        "a run has ended"
    );
}

/// Logs what happens in a run. Notes and details hold no personal data: that is so of whatever stands on record in words.
pub(crate) fn event(event: &Event) {
    match event {
        Event::Requeued { orders } => tracing::info!(target: RUN, orders, "failed orders get their next attempt"),
        Event::Ingested { new, known, total } => {
            tracing::info!(target: RUN, new, known, total, "what the marketplace lists is stored");
        }
        Event::Sending { order_id } => {
            tracing::debug!(target: RUN, order = order_id.as_str(), "an acceptance is about to leave");
        }
        Event::Answered { order_id, verdict } => {
            let outcome = verdict.outcome().as_str();
            tracing::info!(target: RUN, order = order_id.as_str(), outcome, "an acceptance has ended");
        }
        Event::Looked { orders } => tracing::debug!(target: RUN, orders, "orders in flight were looked at"),
        Event::Settled { order_id, status, note } => {
            let (order, status) = (order_id.as_str(), status.as_str());
            tracing::info!(target: RUN, order, status, note = note.as_str(), "an order has moved");
        }
        Event::NeedsPerson { related_id, details } => {
            let (order, details) = (related_id.as_str(), details.as_str());
            tracing::info!(target: RUN, order, details, "a person is asked");
        }
        Event::SendingHeld { since, certain_from } => {
            tracing::info!(target: RUN, %since, %certain_from, "sending is held");
        }
        Event::SendingAllowed => tracing::info!(target: RUN, "sending is allowed again"),
        Event::OutOfBudget { until } => tracing::info!(target: RUN, %until, "the budget of calls is used up"),
        Event::Paused { until } => tracing::info!(target: RUN, %until, "the marketplace asks for a rest"),
        Event::Waiting { until, orders } => tracing::debug!(target: RUN, %until, orders, "nothing to do until then"),
        _ => {}
    }
}
