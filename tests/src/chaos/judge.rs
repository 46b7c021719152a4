//! The judge: what the record says of an order, held against what the sandbox's ledger says took effect.

use std::fmt;
use std::time::Duration;

use ackord::OrderStatus;
use ackord::call::CallOutcome;
use ackord::ports::{CallRow, OrderStory};
use ackord::time::{Timestamp, plus};
use ackord::work::Phase;
use ackord_sandbox::{Cause, DecisionOutcome, MarketState, OrderLedger};

/// What the judge has to know of the workers' settings.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The most that one call takes.
    pub call_timeout: Duration,
    /// How old an effect must be to be certain to be seen.
    pub read_staleness: Duration,
    /// How far a worker's idea of the store's time may run ahead: the lease margin.
    pub margin: Duration,
}

/// A broken promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// An order is not on record, or did not end as the ledger says, and no person is asked.
    Lost,
    /// More than one acceptance took effect.
    AppliedTwice,
    /// An acceptance was sent again although the first took effect in time to be seen.
    SentAgain,
    /// "Failed" was said of an order whose acceptance could be seen.
    FalseFailure,
    /// "Accepted" was said of an order that was not.
    FalseAcceptance,
    /// An acceptance arrived that is not on record, or was recorded after it arrived.
    NoIntent,
}

impl Broken {
    /// Every promise that can be broken.
    pub const ALL: [Self; 6] = [
        Self::Lost,
        Self::AppliedTwice,
        Self::SentAgain,
        Self::FalseFailure,
        Self::FalseAcceptance,
        Self::NoIntent,
    ];
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::AppliedTwice => "applied twice",
            Self::SentAgain => "sent again after it could be seen",
            Self::FalseFailure => "false failures",
            Self::FalseAcceptance => "false acceptances",
            Self::NoIntent => "acceptances without an intent",
        })
    }
}

/// What became of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The promises that were broken.
    pub broken: Vec<Broken>,
    /// Whether it waits for a person, as it should.
    pub in_review: bool,
    /// How many acceptances arrived after one had taken effect, because a process or its call stood still past its time.
    pub late_repeats: u64,
    /// How many attempts on record failed.
    pub failed_attempts: u64,
}

/// Judges an order once the faults have stopped and the workers have had their time.
#[must_use]
pub fn judge(ledger: &OrderLedger, story: Option<&OrderStory>, terms: &Terms) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(story) = story else {
        if !left_before_anybody_saw_it(ledger) {
            verdict.broken.push(Broken::Lost);
        }
        return verdict;
    };
    let mut broken = |broken, holds: bool| {
        if holds {
            verdict.broken.push(broken);
        }
    };
    let review = waits_for_a_person(story);
    broken(Broken::Lost, !ended_as(ledger, story, review));
    broken(Broken::AppliedTwice, ledger.decisions_applied() > 1);
    broken(Broken::FalseFailure, failed_falsely(ledger, story, terms));
    broken(Broken::FalseAcceptance, accepted_falsely(ledger, story));
    let sends: Vec<&CallRow> = story.calls.iter().filter(|call| call.endpoint == "OR21").collect();
    broken(Broken::NoIntent, !each_arrival_has_its_intent(ledger, &sends, terms));
    let (repeats, explained) = repeats(ledger, &sends, terms);
    broken(Broken::SentAgain, repeats > 0 && !explained);
    verdict.in_review = review;
    verdict.late_repeats = repeats;
    verdict.failed_attempts = failures(story).count() as u64;
    verdict
}

fn failures(story: &OrderStory) -> impl Iterator<Item = &ackord::ports::Entry> {
    let failed = |entry: &&ackord::ports::Entry| entry.status == OrderStatus::AcceptanceFailed;
    story.entries.iter().filter(failed)
}

/// Whether other hands took an order away that is not on record, so that no listing shows it any more.
fn left_before_anybody_saw_it(ledger: &OrderLedger) -> bool {
    let waits = matches!(
        ledger.state,
        Some(MarketState::WaitingAcceptance | MarketState::Staging)
    );
    ledger.decisions.is_empty() && !waits
}

fn waits_for_a_person(story: &OrderStory) -> bool {
    story.summary.phase == Some(Phase::Review)
        && story
            .failures
            .iter()
            .any(|failure| failure.needs_person && failure.resolved_at.is_none())
}

/// Whether the newest status is one that the order's moves on the marketplace lead to.
fn ended_as(ledger: &OrderLedger, story: &OrderStory, review: bool) -> bool {
    let settled = story.summary.phase == Some(Phase::Settled);
    match (&ledger.state, &story.summary.status) {
        (Some(MarketState::WaitingAcceptance | MarketState::Staging), status) => {
            review && *status != Some(OrderStatus::Accepted)
        }
        (Some(MarketState::Refused | MarketState::Canceled), Some(OrderStatus::Cancelled)) => settled,
        // It was cancelled after it had been seen as accepted.
        (Some(MarketState::Refused | MarketState::Canceled), Some(OrderStatus::Accepted)) => {
            settled && ledger.transitions.iter().any(|moved| shows_acceptance(&moved.to))
        }
        (Some(state), Some(OrderStatus::Accepted)) => settled && shows_acceptance(state),
        _ => false,
    }
}

fn shows_acceptance(state: &MarketState) -> bool {
    matches!(state, MarketState::WaitingDebitPayment | MarketState::Shipping)
}

/// When the order was accepted by the ledger: when an acceptance of ours took effect, or a person's did. Where an order
/// goes on reading as waiting after its effect, that is when the effect's call arrived.
fn accepted_at(ledger: &OrderLedger) -> Option<Timestamp> {
    let ours = ledger
        .decisions
        .iter()
        .find(|decision| decision.outcome == DecisionOutcome::Applied);
    let moved = ledger
        .transitions
        .iter()
        .find(|moved| matches!(moved.cause, Cause::Acceptance | Cause::AcceptedByPerson));
    match (ours, moved) {
        // The call may have been held up between its arrival and its effect: the later one is certain.
        (Some(ours), Some(moved)) => Some(ours.received_at.max(moved.at)),
        (ours, moved) => ours.map(|ours| ours.received_at).or(moved.map(|moved| moved.at)),
    }
}

/// Whether an entry says "failed" though the deciding look began later than the staleness after the effect.
fn failed_falsely(ledger: &OrderLedger, story: &OrderStory, terms: &Terms) -> bool {
    let Some(accepted_at) = accepted_at(ledger) else {
        return false;
    };
    let visible_from = plus(accepted_at, terms.read_staleness + terms.margin);
    failures(story).any(|entry| {
        let call_at = |id| {
            story
                .calls
                .iter()
                .find(|call| Some(call.call_id) == id)
                .map(|call| call.at)
        };
        let sent_at = call_at(entry.send);
        // Where no look is named, the last one before the send was what it was sent on.
        let looked_at = call_at(entry.look).or_else(|| {
            let looks = story.calls.iter().filter(|call| call.endpoint == "OR11");
            looks
                .map(|call| call.at)
                .filter(|at| sent_at.is_none_or(|sent| *at <= sent))
                .max()
        });
        looked_at.is_some_and(|looked_at| looked_at > visible_from)
    })
}

fn accepted_falsely(ledger: &OrderLedger, story: &OrderStory) -> bool {
    let seen_from = ledger
        .transitions
        .iter()
        .find(|moved| shows_acceptance(&moved.to))
        .map(|moved| moved.at);
    story
        .entries
        .iter()
        .filter(|entry| entry.status == OrderStatus::Accepted)
        .any(|entry| seen_from.is_none_or(|from| entry.at < from))
}

/// Whether as many intents as acceptances had been recorded whenever one arrived.
fn each_arrival_has_its_intent(ledger: &OrderLedger, sends: &[&CallRow], terms: &Terms) -> bool {
    let mut begun: Vec<Timestamp> = sends.iter().map(|call| call.at).collect();
    begun.sort();
    ledger.decisions.iter().enumerate().all(|(nth, decision)| {
        begun
            .get(nth)
            .is_some_and(|at| *at <= plus(decision.received_at, terms.margin))
    })
}

/// How many acceptances arrived after one had taken effect, and whether that has its reason in a call past its time.
///
/// No two intents' times overlap: a resend is begun after the time of the one before it is over. So if each arrival lies
/// within the time of an intent of its own, and the effect too, nobody was late, and the look before the resend lied.
fn repeats(ledger: &OrderLedger, sends: &[&CallRow], terms: &Terms) -> (u64, bool) {
    let applied = ledger
        .decisions
        .iter()
        .position(|decision| decision.outcome == DecisionOutcome::Applied);
    let Some(applied) = applied else {
        return (0, true);
    };
    let repeats = ledger.decisions.len() - applied - 1;
    let mut taken = vec![false; sends.len()];
    let in_time = ledger.decisions.iter().enumerate().all(|(nth, decision)| {
        let effect = if nth == applied { accepted_at(ledger) } else { None };
        let last = effect.map_or(decision.received_at, |effect| effect.max(decision.received_at));
        let window = sends.iter().enumerate().find(|(place, call)| {
            let by = plus(call.at, terms.call_timeout);
            !taken[*place]
                && call.at <= plus(decision.received_at, terms.margin)
                && last <= by
                && call.outcome != Some(CallOutcome::NotSent)
        });
        window.map(|(place, _)| taken[place] = true).is_some()
    });
    (repeats as u64, !in_time)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
