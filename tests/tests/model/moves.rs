//! What a worker may do next, at each point at which it may be cut off.

use super::market::index;
use super::rules::{Broken, Rules};
use super::state::{Claim, Letter, Look, Phase, Reply, Seen, State, Step, Verdict, Worker};

/// What a worker may do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// A listing of its run shows the order as waiting.
    List,
    Claim,
    /// Gives the claim back: a look failed, the run stops, or there is too little time left.
    Release,
    TakeListing,
    BeginLook,
    EndLook(Seen),
    Intend,
    CommitIntent,
    Withdraw,
    /// Stands still between the last check and the first byte.
    Freeze,
    Send,
    Hear(Verdict),
    Record,
    Settle,
    /// Dies and starts anew.
    Crash,
}

/// The moves that worker `who` has.
pub(crate) fn moves(rules: &Rules, state: &State, who: usize) -> Vec<Move> {
    let worker = &state.workers[who];
    let Some(claim) = &worker.claim else {
        return idle(rules, state, who);
    };
    let mut moves = match worker.step {
        Step::Idle => Vec::new(),
        Step::Claimed => claimed(rules, worker, claim),
        Step::Looking(look) => looking(rules, &look),
        Step::Sendable => sendable(rules, claim),
        Step::Intending { .. } => vec![Move::CommitIntent],
        Step::Intended { start_within } => {
            let in_time = start_within > 0 || rules.lacks(Broken::StartBy);
            match (in_time && claim.trusted > 0, rules.freezes) {
                (true, true) => vec![Move::Send, Move::Freeze, Move::Withdraw],
                (true, false) => vec![Move::Send, Move::Withdraw],
                (false, _) => vec![Move::Withdraw],
            }
        }
        Step::Frozen => vec![Move::Send],
        Step::Sending(letter) => verdicts(&letter).iter().map(|verdict| Move::Hear(*verdict)).collect(),
        Step::Answered(_) => vec![Move::Record],
        Step::Settling(_) => vec![Move::Settle],
    };
    moves.push(Move::Crash);
    moves
}

fn idle(rules: &Rules, state: &State, who: usize) -> Vec<Move> {
    let mut moves = Vec::new();
    let (row, lead) = (&state.row, rules.lead[who]);
    if row.standing.phase != Phase::Settled && row.lease <= lead && row.standing.due_in <= lead {
        moves.push(Move::Claim);
    }
    if !state.workers[who].listing && state.market.may_show()[index(Seen::Waiting)] {
        moves.push(Move::List);
    }
    moves
}

fn claimed(rules: &Rules, worker: &Worker, claim: &Claim) -> Vec<Move> {
    let mut moves = vec![Move::BeginLook, Move::Release];
    let before_send = claim.standing.phase == Phase::Ready;
    if before_send && worker.listing && (claim.call.is_none() || rules.lacks(Broken::Listing)) {
        moves.push(Move::TakeListing);
    }
    moves
}

fn looking(rules: &Rules, look: &Look) -> Vec<Move> {
    let states = [Seen::Waiting, Seen::Accepted, Seen::Cancelled];
    let shown = states.into_iter().filter(|state| look.may_show[index(*state)]);
    let missing = rules.gaps.then_some(Seen::Missing);
    let looks = shown.chain(missing).map(Move::EndLook);
    looks.chain([Move::Release]).collect()
}

fn sendable(rules: &Rules, claim: &Claim) -> Vec<Move> {
    let needed = if rules.lacks(Broken::LeaseMargin) {
        1
    } else {
        rules.margin + rules.call_timeout
    };
    if rules.lacks(Broken::IntentFirst) {
        vec![Move::Send, Move::Release]
    } else if claim.trusted >= needed {
        vec![Move::Intend, Move::Release]
    } else {
        vec![Move::Release]
    }
}

/// What the one who waits for an acceptance may hear of it.
fn verdicts(letter: &Letter) -> &'static [Verdict] {
    match letter.reply {
        // Something between us and the marketplace may have sent it twice, and told of the second time.
        Some(Reply::Applied) => &[Verdict::Applied, Verdict::Precondition, Verdict::Unknown],
        Some(Reply::Precondition) => &[Verdict::Precondition, Verdict::Unknown],
        Some(Reply::Refused) => &[Verdict::Refused, Verdict::Unknown],
        None if letter.left > 0 => &[Verdict::Unknown, Verdict::NotSent],
        None => &[Verdict::Unknown],
    }
}
