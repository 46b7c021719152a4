//! After an acceptance was answered, and where a worker died before that was settled.

use serde_json::json;

use super::Context;
use super::parts::{failed_attempt, failed_for_good, failure, stand};
use crate::call::CallOutcome;
use crate::failure::FailureCause;
use crate::guards::{Guard, dropped};
use crate::ports::SendVerdict;
use crate::work::{Claimed, LastCall, Phase, Settlement, Standing};

/// Settles the answer to the order's last call (`claimed.call`).
#[must_use]
pub fn after_answer(claimed: &Claimed, verdict: &SendVerdict, detail: &str, ctx: &Context<'_>) -> Settlement {
    match verdict {
        SendVerdict::Unknown if dropped(Guard::LostAnswerIsNoFailure) => {
            failed_attempt(claimed, FailureCause::Unanswered, detail, None, ctx)
        }
        SendVerdict::Refused if dropped(Guard::RefusedIsNotRetried) => {
            failed_attempt(claimed, FailureCause::Refused, detail, None, ctx)
        }
        SendVerdict::Applied | SendVerdict::Precondition | SendVerdict::Unknown => validate(claimed, detail, ctx),
        SendVerdict::Refused => refused(claimed, detail, ctx),
        SendVerdict::NotSent => failed_attempt(claimed, FailureCause::NotSent, detail, None, ctx),
        SendVerdict::Credentials | SendVerdict::Throttled(_) | SendVerdict::Withdrawn => untouched(claimed, ctx),
    }
}

/// Takes over an order whose last call is undecided; `None` where there is none.
///
/// Without an answer on record it goes on as an unknown outcome does: looked at twice before anything is sent again.
#[must_use]
pub fn at_claim(claimed: &Claimed, ctx: &Context<'_>) -> Option<Settlement> {
    let call: LastCall = claimed
        .call
        .filter(|_| claimed.standing.call_open && !dropped(Guard::TakeoverLooks))?;
    Some(match call.outcome {
        None => validate(claimed, "no answer is on record: the worker was lost", ctx),
        Some(CallOutcome::Applied | CallOutcome::Precondition | CallOutcome::Unknown) => {
            validate(claimed, &on_record(call), ctx)
        }
        Some(definite) => without_effect(claimed, call, definite, ctx),
    })
}

/// Settles an order whose last call is on record as one that had no effect.
pub(super) fn without_effect(claimed: &Claimed, call: LastCall, outcome: CallOutcome, ctx: &Context<'_>) -> Settlement {
    if outcome == CallOutcome::Refused {
        refused(claimed, &on_record(call), ctx)
    } else {
        untouched(claimed, ctx)
    }
}

fn on_record(call: LastCall) -> String {
    format!("the answer on record (call {})", call.id)
}

/// To be looked at until it is decided.
fn validate(claimed: &Claimed, reason: &str, ctx: &Context<'_>) -> Settlement {
    stand(
        claimed,
        Standing {
            phase: Phase::Validating,
            due_at: Some(ctx.now),
            looks: 0,
            waiting_looks: 0,
            slow_looks: 0,
            since: ctx.now,
            call_open: true,
            reason: Some(reason.to_owned()),
            ..claimed.standing.clone()
        },
    )
}

/// The same again can't help: a person is asked, and the frozen decision, which took no effect, is let go.
fn refused(claimed: &Claimed, detail: &str, ctx: &Context<'_>) -> Settlement {
    let attempt = claimed.standing.attempt;
    let details = format!(
        "The marketplace refused the acceptance: {detail}. Sending the same again can't help: \
         look at the order on the marketplace, then ask for another attempt or resolve this entry."
    );
    let failure = failure(claimed, FailureCause::Refused, details, json!({ "answer": detail }));
    let note = format!(
        "Attempt {attempt} of {} was refused: {detail}; waits for a person",
        ctx.settings.retry.attempts
    );
    let mut settlement = failed_for_good(claimed, failure, note, None, ctx);
    settlement.standing.decision = None;
    settlement
}

/// Nothing reached the order: it stands as before, and its attempt is not used up.
fn untouched(claimed: &Claimed, ctx: &Context<'_>) -> Settlement {
    stand(
        claimed,
        Standing {
            phase: Phase::Ready,
            due_at: Some(ctx.now),
            looks: 0,
            waiting_looks: 0,
            slow_looks: 0,
            since: ctx.now,
            call_open: false,
            ..claimed.standing.clone()
        },
    )
}
