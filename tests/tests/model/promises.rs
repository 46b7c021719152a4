//! What must always hold, and what must be possible, or the model would prove nothing.

use stateright::Property;

use super::Protocol;
use super::rules::Rules;
use super::state::{Call, Claim, Outcome, Phase, State, Status, Step, Worker};

pub(crate) const ONE_DECISION: &str = "at most one decision takes effect";
pub(crate) const NO_FALSE_FAILURE: &str = "failed is never said of an order that was accepted";
pub(crate) const NOT_FAILED_UNDER_WAY: &str = "failed is never said while a call may still arrive";
pub(crate) const ACCEPTED_IS_SEEN: &str = "accepted is said only of what was seen";
pub(crate) const ONE_CALL: &str = "at most one call is on its way";
pub(crate) const ENTRIES_STAND: &str = "no write passes over an entry that its worker never saw";
pub(crate) const OWN_LEASE: &str = "a call leaves only under its worker's own lease";

/// What must be reached where nobody interferes.
pub(crate) const REACHED: [&str; 5] = [
    "an order settles as accepted",
    "an order fails for good",
    "a failed attempt is followed by another call",
    "an unanswered call is closed and another one follows",
    "a worker that lost its lease wants to write",
];
/// What must be reached where people act on the marketplace.
pub(crate) const CANCELLED: &str = "an order settles as cancelled";

/// The properties that are checked under these rules.
///
/// A call of a process that was frozen right before it leaves whenever the process goes on: what holds all the same is
/// that one decision takes effect and that what is written was seen. An entry of another program ends a lease without
/// its worker's knowledge, and so does a worker whose clock is ahead by more than the margin; then `answer_by` alone
/// protects the call.
pub(crate) fn all(rules: &Rules) -> Vec<Property<Protocol>> {
    let mut all = vec![
        Property::always(ONE_DECISION, |_, state: &State| state.market.applied <= 1),
        Property::always(ACCEPTED_IS_SEEN, |_, state: &State| !state.slips.accepted_unseen),
        Property::always(ENTRIES_STAND, |_, state: &State| !state.slips.passed_over_an_entry),
    ];
    if !rules.freezes || rules.frozen_calls_count {
        all.extend([
            Property::always(NO_FALSE_FAILURE, |_, state: &State| !state.slips.false_failure),
            Property::always(NOT_FAILED_UNDER_WAY, |_, state: &State| {
                state.row.status != Status::Failed || state.on_their_way() == 0
            }),
            Property::always(ONE_CALL, |_, state: &State| state.on_their_way() <= 1),
        ]);
    }
    if !rules.freezes && rules.foreign_entries == 0 && rules.lead.iter().all(|lead| *lead <= rules.margin) {
        let own = Property::always(OWN_LEASE, |_, state: &State| !state.slips.sent_under_lost_lease);
        all.push(own);
    }
    all.extend(possible());
    all
}

fn possible() -> [Property<Protocol>; 6] {
    [
        Property::sometimes(REACHED[0], |_, state: &State| state.row.status == Status::Accepted),
        Property::sometimes(REACHED[1], |_, state: &State| {
            state.row.status == Status::Failed && state.row.standing.phase == Phase::Review
        }),
        Property::sometimes(REACHED[2], |_, state: &State| {
            state.row.standing.attempt > 1 && state.on_their_way() > 0
        }),
        Property::sometimes(REACHED[3], |_, state: &State| {
            let closed = |call: Call| call.outcome == Some(Outcome::Unanswered);
            let again = |worker: &Worker| matches!(worker.step, Step::Intending { .. });
            state.row.call.is_some_and(closed) && state.workers.iter().any(again)
        }),
        Property::sometimes(REACHED[4], |_, state: &State| {
            let lost = |claim: Claim| !claim.fence;
            let writes = |worker: &Worker| matches!(worker.step, Step::Settling(_)) && worker.claim.is_some_and(lost);
            state.workers.iter().any(writes)
        }),
        Property::sometimes(CANCELLED, |_, state: &State| state.row.status == Status::Cancelled),
    ]
}
