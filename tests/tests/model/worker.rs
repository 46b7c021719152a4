//! A worker's moves and what each does: claim, look, intend, send, record, settle.

use super::decide::{Decider, stand};
use super::moves::Move;
use super::rules::{Broken, Rules};
use super::state::{
    Basis, Call, Claim, Letter, Look, Outcome, Phase, Row, Seen, Settlement, Standing, State, Status, Step, Verdict,
    Worker,
};

/// Makes a move of worker `who`.
pub(crate) fn make(rules: &Rules, state: &mut State, who: usize, step: Move) {
    let decider = Decider {
        rules,
        lead: rules.lead[who],
    };
    let (now, claim) = (state.workers[who].step, state.workers[who].claim);
    match (step, claim, now) {
        (Move::List, ..) => state.workers[who].listing = true,
        (Move::Claim, ..) => take(&decider, state, who),
        (Move::Crash, ..) => crash(state, who),
        (Move::Release, Some(claim), _) => state.workers[who].step = Step::Settling(stand(claim.standing)),
        (Move::TakeListing, ..) => state.workers[who].step = Step::Sendable,
        (Move::BeginLook, Some(claim), _) => {
            let look = begin_look(&decider, state, &claim);
            state.workers[who].step = Step::Looking(look);
        }
        (Move::EndLook(seen), Some(claim), Step::Looking(look)) => {
            state.workers[who].step = end_look(&decider, &claim, seen, &look);
        }
        (Move::Intend, ..) => {
            state.workers[who].step = Step::Intending {
                start_within: rules.margin + 1,
                certain_in: rules.answer_within() + rules.staleness + decider.lead,
            };
        }
        (
            Move::CommitIntent,
            Some(claim),
            Step::Intending {
                start_within,
                certain_in,
            },
        ) => {
            commit_intent(rules, state, who, claim, start_within, certain_in);
        }
        (Move::Withdraw, ..) => state.workers[who].step = Step::Answered(Verdict::Withdrawn),
        (Move::Freeze, ..) => state.workers[who].step = Step::Frozen,
        (Move::Send, Some(claim), _) => {
            state.slips.sent_under_lost_lease |= !claim.fence;
            // It may arrive up to its very timeout, that tick included.
            let (left, reply) = (rules.call_timeout + 1, None);
            state.workers[who].step = Step::Sending(Letter { left, reply });
        }
        (Move::Hear(verdict), _, Step::Sending(letter)) => {
            if letter.left > 0 && letter.reply.is_none() && verdict == Verdict::Unknown {
                state.orphans.push(letter);
            }
            state.workers[who].step = Step::Answered(verdict);
        }
        (Move::Record, Some(claim), Step::Answered(verdict)) => record(&decider, state, who, claim, verdict),
        (Move::Settle, Some(claim), Step::Settling(settlement)) => settle(rules, state, who, &claim, &settlement),
        _ => {}
    }
}

fn take(decider: &Decider<'_>, state: &mut State, who: usize) {
    let (rules, lead) = (decider.rules, decider.lead);
    state.row.lease = rules.lease() + lead;
    for claim in state.workers.iter_mut().filter_map(|worker| worker.claim.as_mut()) {
        claim.fence = false;
    }
    let trusted = if rules.lacks(Broken::LeaseMargin) {
        rules.lease()
    } else {
        rules.lease() - rules.margin
    };
    let Row { standing, call, .. } = state.row;
    let claim = Claim {
        fence: true,
        version: true,
        last_call: true,
        standing: Standing { due_in: 0, ..standing },
        call,
        trusted,
    };
    let before_send = matches!(standing.phase, Phase::Ready | Phase::Sending);
    let in_doubt = standing.open && call.is_some_and(|call| call.outcome.is_none());
    let step = match standing.phase {
        Phase::Retry => Step::Settling(decider.requeue(&claim)),
        _ if before_send && in_doubt && rules.lacks(Broken::TakeoverLook) => Step::Sendable,
        _ if before_send => decider.at_claim(&claim).map_or(Step::Claimed, Step::Settling),
        _ => Step::Claimed,
    };
    state.workers[who].claim = Some(claim);
    state.workers[who].step = step;
}

fn crash(state: &mut State, who: usize) {
    if let Step::Sending(letter) = state.workers[who].step
        && letter.left > 0
        && letter.reply.is_none()
    {
        state.orphans.push(letter);
    }
    state.workers[who] = Worker {
        listing: false,
        claim: None,
        step: Step::Idle,
    };
}

fn begin_look(decider: &Decider<'_>, state: &State, claim: &Claim) -> Look {
    let (rules, lead) = (decider.rules, decider.lead);
    let certain_in = claim.call.map_or(0, |call| call.certain_in);
    let any_time = rules.lacks(Broken::AnswerBy);
    Look {
        may_show: state.market.may_show(),
        after_answer_by: any_time || certain_in.saturating_sub(rules.staleness) <= lead,
        certain: any_time || certain_in <= lead,
        after_since: claim.standing.since <= lead,
        next_in: rules.poll + lead,
        accepted_for_long: state.market.accepted_for_long(),
    }
}

fn end_look(decider: &Decider<'_>, claim: &Claim, seen: Seen, look: &Look) -> Step {
    let settlement = match claim.standing.phase {
        Phase::Validating => Some(decider.validating(claim, seen, look)),
        Phase::Review => Some(decider.in_review(claim, seen)),
        _ => decider
            .before_send(claim, seen, look)
            .or_else(|| decider.too_early_for(claim, look)),
    };
    settlement.map_or(Step::Sendable, Step::Settling)
}

fn commit_intent(rules: &Rules, state: &mut State, who: usize, claim: Claim, start_within: u8, certain_in: u8) {
    let fence = claim.fence || rules.lacks(Broken::FenceOnIntent);
    let version = claim.version || rules.lacks(Broken::VersionOnIntent);
    if !fence || !version {
        state.workers[who].claim = None;
        state.workers[who].step = Step::Idle;
        return;
    }
    state.slips.passed_over_an_entry |= !claim.version;
    for other in state.workers.iter_mut().filter_map(|worker| worker.claim.as_mut()) {
        other.last_call = false;
    }
    let call = Some(Call {
        outcome: None,
        certain_in,
    });
    state.row.call = call;
    state.row.standing = Standing {
        phase: Phase::Sending,
        due_in: 0,
        open: true,
        ..state.row.standing
    };
    let standing = Standing {
        phase: Phase::Sending,
        open: true,
        ..claim.standing
    };
    state.workers[who].claim = Some(Claim {
        last_call: true,
        standing,
        call,
        ..claim
    });
    state.workers[who].step = Step::Intended { start_within };
}

/// The answer goes on record, whoever holds the lease; what follows from it is decided.
fn record(decider: &Decider<'_>, state: &mut State, who: usize, claim: Claim, verdict: Verdict) {
    let outcome = match verdict {
        Verdict::Applied => Outcome::Applied,
        Verdict::Precondition => Outcome::Precondition,
        Verdict::Refused => Outcome::Refused,
        Verdict::NotSent | Verdict::Withdrawn => Outcome::NotSent,
        Verdict::Unknown => Outcome::Unknown,
    };
    if decider.rules.lacks(Broken::IntentFirst) {
        state.row.call = Some(Call {
            outcome: Some(outcome),
            certain_in: 0,
        });
    } else if let Some(call) = state.row.call.as_mut().filter(|_| claim.last_call) {
        call.outcome.get_or_insert(outcome);
    }
    state.workers[who].step = Step::Settling(decider.after_answer(&claim, verdict));
}

fn settle(rules: &Rules, state: &mut State, who: usize, claim: &Claim, settlement: &Settlement) {
    state.workers[who].claim = None;
    state.workers[who].step = Step::Idle;
    let fence = claim.fence || rules.lacks(Broken::FenceOnSettle);
    let version = claim.version || rules.lacks(Broken::VersionOnSettle);
    if !fence || !version {
        return;
    }
    state.slips.passed_over_an_entry |= !claim.version && claim.fence;
    if let Some(status) = settlement.entry {
        state.slips.false_failure |= status == Status::Failed && is_false(state, settlement.basis);
        state.slips.accepted_unseen |= status == Status::Accepted && settlement.basis != Basis::Sight;
        state.row.status = status;
        for other in state.workers.iter_mut().filter_map(|worker| worker.claim.as_mut()) {
            other.version = false;
        }
    }
    if let Some(call) = state
        .row
        .call
        .as_mut()
        .filter(|_| settlement.close_call && claim.last_call)
    {
        call.outcome.get_or_insert(Outcome::Unanswered);
    }
    state.row.standing = settlement.standing;
    state.row.lease = 0;
}

/// Whether it is wrong to say now that an attempt failed.
fn is_false(state: &State, basis: Basis) -> bool {
    match basis {
        Basis::BlindSight => true,
        Basis::Sight => false,
        Basis::Answer => state.market.applied > 0,
    }
}
