//! While an order is in flight: every look either settles it, or says when the next one is due.

use serde_json::json;

use super::answer::without_effect;
use super::parts::{
    accepted, failed_attempt, failed_for_good, failure, looks_text, lost, review, stand, state_text, use_up_a_look,
    wait_slowly,
};
use super::send::unclear;
use super::{Context, LookedAt};
use crate::call::CallOutcome;
use crate::failure::FailureCause;
use crate::guards::{Guard, dropped};
use crate::reading::{Reading, Seen, read};
use crate::time::{self, Timestamp};
use crate::work::{Claimed, LastCall, Phase, Settlement, Standing};

/// How many looks in a row must show an order unaccepted before an unknown outcome counts as no effect.
const LOOKS_TO_DECIDE: u32 = 2;

/// Decides on an order in [`Phase::Validating`].
#[must_use]
pub fn validating(claimed: &Claimed, seen: &Seen, look: LookedAt, ctx: &Context<'_>) -> Settlement {
    match read(seen) {
        Reading::Accepted { further_along } => accepted(claimed, seen, look, further_along, ctx),
        Reading::Lost(loss) => lost(claimed, seen, look, loss, ctx),
        Reading::Staging => wait_slowly(claimed, Phase::Validating, look, ctx),
        Reading::DebitPending => debit_pending(claimed, look, ctx),
        Reading::Waiting | Reading::NoLines => still_waiting(claimed, seen, look, ctx),
        Reading::UnknownState(_) | Reading::Missing | Reading::Unreadable => match too_early(claimed, look) {
            Some(answer_by) => look_again_at(claimed, answer_by),
            None => use_up_a_look(claimed, look, ctx).unwrap_or_else(|| unclear(claimed, seen, ctx)),
        },
    }
}

/// Accepted, the debit not asked for: waits, over later runs too, until the grace is over.
fn debit_pending(claimed: &Claimed, look: LookedAt, ctx: &Context<'_>) -> Settlement {
    let waited = time::until(claimed.standing.since, ctx.now);
    if claimed.standing.slow_looks == 0 || waited < ctx.settings.debit_grace {
        return wait_slowly(claimed, Phase::Validating, look, ctx);
    }
    let hours = waited.as_secs() / 3600;
    let details = format!(
        "The order is accepted, but has stood in 'WAITING_DEBIT' for {hours} h: the customer's payment is not through. \
         Nothing is lost; it is still looked at and settles by itself. Ask the marketplace if it stays like this."
    );
    review(
        claimed,
        failure(
            claimed,
            FailureCause::DebitOverdue,
            details,
            json!({ "state": "WAITING_DEBIT" }),
        ),
        ctx,
    )
}

/// `WAITING_ACCEPTANCE` after an acceptance was or may have been sent.
fn still_waiting(claimed: &Claimed, seen: &Seen, look: LookedAt, ctx: &Context<'_>) -> Settlement {
    let open = claimed.call.filter(|_| claimed.standing.call_open);
    match open {
        // Nothing of ours is under way: it was seen as accepted by somebody else, and now it is not.
        None => stand(
            claimed,
            Standing {
                phase: Phase::Ready,
                due_at: Some(ctx.now),
                slow_looks: 0,
                ..claimed.standing.clone()
            },
        ),
        Some(call) => match call.outcome {
            Some(CallOutcome::Applied) if dropped(Guard::AcceptedOnlyWhenSeen) => {
                accepted(claimed, seen, look, false, ctx)
            }
            Some(CallOutcome::Applied) if dropped(Guard::NoResendAfterSuccess) => {
                unknown_outcome(claimed, call, look, ctx)
            }
            Some(CallOutcome::Precondition) if dropped(Guard::NoResendAfterPrecondition) => {
                unknown_outcome(claimed, call, look, ctx)
            }
            Some(CallOutcome::Applied | CallOutcome::Precondition) => not_confirmed(claimed, seen, look, ctx),
            None | Some(CallOutcome::Unknown) => unknown_outcome(claimed, call, look, ctx),
            // Its answer came in after another worker had taken the order over: it had no effect.
            Some(
                definite @ (CallOutcome::Refused
                | CallOutcome::NotSent
                | CallOutcome::Throttled
                | CallOutcome::Credentials
                | CallOutcome::Unanswered
                | CallOutcome::Answered),
            ) => without_effect(claimed, call, definite, ctx),
        },
    }
}

/// The answer said that it took effect, or that the order had moved already; no look has shown it so far.
fn not_confirmed(claimed: &Claimed, seen: &Seen, look: LookedAt, ctx: &Context<'_>) -> Settlement {
    if let Some(settlement) = use_up_a_look(claimed, look, ctx) {
        return settlement;
    }
    let certain_from = time::plus(claimed.standing.since, ctx.settings.read_staleness);
    if look.began_at < certain_from {
        return look_again_at(claimed, certain_from);
    }
    let looks = looks_text(claimed.standing.looks.saturating_add(1));
    let state = state_text(seen);
    let details = format!(
        "The acceptance was sent and answered, yet after {looks} the order is still {state}. \
         It is not sent again by itself: look at the order on the marketplace, then ask for another attempt."
    );
    let failure = failure(
        claimed,
        FailureCause::NotConfirmed,
        details,
        json!({ "state": seen.recorded_state() }),
    );
    let note = format!("Still {state} after {looks}; waits for a person");
    failed_for_good(claimed, failure, note, Some(look.call), ctx)
}

/// Nobody knows whether the call took effect: two looks after `answer_by`, a poll interval apart, decide.
fn unknown_outcome(claimed: &Claimed, call: LastCall, look: LookedAt, ctx: &Context<'_>) -> Settlement {
    let ended_by = if dropped(Guard::WaitForAnswerBy) {
        call.started_at
    } else {
        call.answer_by
    };
    if look.began_at < ended_by {
        return look_again_at(claimed, ended_by);
    }
    let waiting_looks = claimed.standing.waiting_looks.saturating_add(1);
    let certain_from = if dropped(Guard::StalenessBeforeDeciding) {
        ended_by
    } else {
        time::plus(ended_by, ctx.settings.read_staleness)
    };
    let enough = waiting_looks >= LOOKS_TO_DECIDE || dropped(Guard::SecondLook);
    if !enough || look.began_at < certain_from {
        let next = time::plus(look.began_at, ctx.settings.poll_interval).max(certain_from);
        let mut settlement = look_again_at(claimed, next);
        settlement.standing.waiting_looks = waiting_looks.min(LOOKS_TO_DECIDE - 1);
        settlement.standing.looks = claimed.standing.looks.saturating_add(1);
        return settlement;
    }
    if call.outcome.is_none() {
        // No answer was put on record and no effect shows. One may be put on record before this is: the call stays open,
        // and whoever claims the order next decides by what then stands there.
        let standing = Standing {
            phase: Phase::Ready,
            due_at: Some(ctx.now),
            looks: 0,
            waiting_looks: 0,
            slow_looks: 0,
            since: ctx.now,
            ..claimed.standing.clone()
        };
        return Settlement {
            close_call: Some(call.id).filter(|_| !dropped(Guard::UnansweredIsClosed)),
            ..stand(claimed, standing)
        };
    }
    let looks = looks_text(waiting_looks);
    let answer = claimed.standing.reason.as_deref().unwrap_or("no readable answer");
    let reason = format!("{answer}; {looks} after it the order was still waiting");
    failed_attempt(claimed, FailureCause::Unanswered, &reason, Some(look.call), ctx)
}

/// `answer_by` of a call without a readable answer, where the look began before it: such a look uses up nothing.
fn too_early(claimed: &Claimed, look: LookedAt) -> Option<Timestamp> {
    let call = claimed.call.filter(|_| claimed.standing.call_open)?;
    let undecided = matches!(call.outcome, None | Some(CallOutcome::Unknown));
    (undecided && look.began_at < call.answer_by).then_some(call.answer_by)
}

fn look_again_at(claimed: &Claimed, due_at: Timestamp) -> Settlement {
    stand(
        claimed,
        Standing {
            due_at: Some(due_at),
            slow_looks: 0,
            ..claimed.standing.clone()
        },
    )
}
