//! The pieces that the decisions are put together from.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Context, LookedAt};
use crate::call::CallId;
use crate::failure::{FailureCause, NewFailure};
use crate::guards::{Guard, dropped};
use crate::reading::{Loss, RefusedBy, Seen};
use crate::retry;
use crate::status::OrderStatus;
use crate::time;
use crate::work::{Claimed, NewEntry, Phase, Settlement, Standing};

/// Also with a poll interval of zero, orders that use up no looks are not looked at in a circle.
const SHORTEST_SLOW_WAIT: Duration = Duration::from_millis(100);

/// A settlement that only changes how the order stands.
pub(super) fn stand(claimed: &Claimed, standing: Standing) -> Settlement {
    Settlement {
        standing,
        ..Settlement::release(claimed)
    }
}

pub(super) fn entry(claimed: &Claimed, status: OrderStatus, note: String, look: Option<CallId>) -> NewEntry {
    NewEntry {
        status,
        note,
        attempt: Some(claimed.standing.attempt),
        retry_at: None,
        send: claimed.call.filter(|_| claimed.standing.call_open).map(|call| call.id),
        look,
    }
}

/// The state as it was written, for notes.
pub(super) fn state_text(seen: &Seen) -> String {
    match seen {
        Seen::Order(order) => format!("'{}'", order.state),
        Seen::Unreadable(problem) => format!("unreadable ({problem})"),
        Seen::Missing => "not in the answer".to_owned(),
    }
}

/// "1 look", "2 looks".
pub(super) fn looks_text(looks: u32) -> String {
    if looks == 1 {
        "1 look".to_owned()
    } else {
        format!("{looks} looks")
    }
}

/// What was being worked on, for the inbox: ids, numbers and states, nothing personal.
pub(super) fn payload(claimed: &Claimed, extra: Value) -> Value {
    let mut payload = json!({
        "order_id": claimed.order_id.as_str(),
        "attempt": claimed.standing.attempt,
        "looks": claimed.standing.looks,
        "call_id": claimed.call.map(|call| call.id.0),
        "decision": claimed.standing.decision.as_ref().map(crate::order::Decision::to_json),
    });
    if let (Value::Object(payload), Value::Object(extra)) = (&mut payload, extra) {
        payload.extend(extra);
    }
    payload
}

pub(super) fn failure(claimed: &Claimed, cause: FailureCause, details: String, extra: Value) -> NewFailure {
    NewFailure {
        related_id: claimed.order_id.as_str().to_owned(),
        cause,
        details,
        payload: payload(claimed, extra),
        needs_person: true,
    }
}

/// The order is settled as accepted.
pub(super) fn accepted(
    claimed: &Claimed,
    seen: &Seen,
    look: LookedAt,
    further_along: bool,
    ctx: &Context<'_>,
) -> Settlement {
    let state = state_text(seen);
    let looks = looks_text(looks_so_far(&claimed.standing).saturating_add(1));
    let mut note = match claimed.call {
        Some(_) if claimed.standing.call_open => format!("Validated as {state} after {looks}"),
        Some(_) => format!("Found as {state} after {looks}"),
        None => format!("Found as {state} after {looks}: accepted without a call of ours"),
    };
    if further_along {
        note.push_str("; further along already");
    }
    settled(claimed, OrderStatus::Accepted, note, look, ctx)
}

/// The order is settled as cancelled; a refusal gets an inbox entry that says by whom.
pub(super) fn lost(claimed: &Claimed, seen: &Seen, look: LookedAt, loss: Loss, ctx: &Context<'_>) -> Settlement {
    let how = loss.words();
    let cause = match loss {
        Loss::Canceled | Loss::EveryLineLost => None,
        Loss::Refused(RefusedBy::Shop) => Some((
            FailureCause::RefusedByShop,
            "If nobody refused it on purpose, find out which person or program did.",
        )),
        Loss::Refused(RefusedBy::Deadline) => Some((
            FailureCause::RefusedAtDeadline,
            "A missed deadline counts against the seller's account: find out why it was not accepted in time.",
        )),
    };
    let looks = looks_text(looks_so_far(&claimed.standing).saturating_add(1));
    let note = format!("Seen as {} after {looks}: {how}", state_text(seen));
    let mut settlement = settled(claimed, OrderStatus::Cancelled, note, look, ctx);
    settlement.failure = cause.map(|(cause, remedy)| {
        failure(
            claimed,
            cause,
            format!("The order was {how}. {remedy}"),
            json!({ "state": seen.recorded_state() }),
        )
    });
    settlement
}

fn settled(claimed: &Claimed, status: OrderStatus, note: String, look: LookedAt, ctx: &Context<'_>) -> Settlement {
    let resolution = format!("The order was seen as {status}");
    let standing = Standing {
        phase: Phase::Settled,
        due_at: None,
        since: ctx.now,
        call_open: false,
        reason: None,
        ..claimed.standing.clone()
    };
    Settlement {
        entry: Some(entry(claimed, status, note, Some(look.call))),
        resolution: Some(resolution),
        ..stand(claimed, standing)
    }
}

/// The wait between two looks at an order that nobody hurries for; never zero, or a run would look in a circle.
pub(super) fn slow_look_interval(ctx: &Context<'_>) -> Duration {
    ctx.settings.slow_look_interval.max(SHORTEST_SLOW_WAIT)
}

/// How often this order was looked at in this attempt.
pub(super) fn looks_so_far(standing: &Standing) -> u32 {
    standing.looks.saturating_add(standing.slow_looks)
}

/// The order waits on without using up a look: its looks back off.
pub(super) fn wait_slowly(claimed: &Claimed, phase: Phase, look: LookedAt, ctx: &Context<'_>) -> Settlement {
    let standing = &claimed.standing;
    let first = standing.slow_looks == 0 || standing.phase != phase;
    let slow_looks = if first {
        1
    } else {
        standing.slow_looks.saturating_add(1)
    };
    let longest = slow_look_interval(ctx);
    let base = ctx.settings.poll_interval.max(SHORTEST_SLOW_WAIT).min(longest);
    let wait = retry::doubled(base, slow_looks - 1, longest);
    let since = if first { ctx.now } else { standing.since };
    stand(
        claimed,
        Standing {
            phase,
            due_at: Some(time::plus(look.began_at, wait)),
            slow_looks,
            waiting_looks: 0,
            since,
            ..standing.clone()
        },
    )
}

/// The order is looked at again after a poll interval; `None` where its looks are used up.
pub(super) fn use_up_a_look(claimed: &Claimed, look: LookedAt, ctx: &Context<'_>) -> Option<Settlement> {
    let looks = claimed.standing.looks.saturating_add(1);
    if looks >= ctx.settings.validation_attempts {
        return None;
    }
    Some(stand(
        claimed,
        Standing {
            due_at: Some(time::plus(look.began_at, ctx.settings.poll_interval)),
            looks,
            waiting_looks: 0,
            slow_looks: 0,
            ..claimed.standing.clone()
        },
    ))
}

/// The order waits for a person: an inbox entry, no automatic send, its status as it is.
pub(super) fn review(claimed: &Claimed, failure: NewFailure, ctx: &Context<'_>) -> Settlement {
    Settlement {
        failure: Some(failure),
        ..stand(
            claimed,
            Standing {
                phase: Phase::Review,
                due_at: Some(time::plus(ctx.now, slow_look_interval(ctx))),
                ..claimed.standing.clone()
            },
        )
    }
}

/// The attempt failed for good: `acceptance_failed` without a retry, and a person is asked.
pub(super) fn failed_for_good(
    claimed: &Claimed,
    failure: NewFailure,
    note: String,
    look: Option<CallId>,
    ctx: &Context<'_>,
) -> Settlement {
    let mut settlement = review(claimed, failure, ctx);
    settlement.entry = Some(entry(claimed, OrderStatus::AcceptanceFailed, note, look));
    settlement.standing.call_open = false;
    settlement
}

/// The attempt failed: retried while the policy allows it, in an outage until the deadline; else a person is asked.
pub(super) fn failed_attempt(
    claimed: &Claimed,
    cause: FailureCause,
    reason: &str,
    look: Option<CallId>,
    ctx: &Context<'_>,
) -> Settlement {
    let policy = ctx.settings.retry;
    let attempt = claimed.standing.attempt;
    let deadline = time::plus(claimed.placed_at, ctx.settings.acceptance_deadline);
    let in_outage = ctx.outage && ctx.now < deadline;
    let what = format!("Attempt {attempt} of {} failed: {reason}", policy.attempts);
    if !in_outage && !policy.allows_another(attempt) && !dropped(Guard::AttemptLimit) {
        let details = format!("{what}. No attempt is left: look at the order, then ask for another one.");
        let failure = failure(claimed, cause, details, json!({ "reason": reason }));
        return failed_for_good(claimed, failure, format!("{what}; waits for a person"), look, ctx);
    }
    let retry_at = time::to_micros(time::plus(ctx.now, policy.backoff(attempt, ctx.random)));
    let next_attempt = if in_outage { attempt } else { attempt.saturating_add(1) };
    let mut failure = failure(
        claimed,
        cause,
        format!("{what}. It is tried again by itself at {retry_at} or with the first run after it."),
        json!({ "reason": reason, "retry_at": retry_at.to_string(), "next_attempt": next_attempt }),
    );
    failure.needs_person = false;
    let mut entry = entry(
        claimed,
        OrderStatus::AcceptanceFailed,
        format!("{what}; retried at {retry_at}"),
        look,
    );
    entry.retry_at = Some(retry_at);
    let standing = Standing {
        phase: Phase::Retry,
        due_at: Some(retry_at),
        attempt: next_attempt,
        looks: 0,
        waiting_looks: 0,
        slow_looks: 0,
        since: ctx.now,
        call_open: false,
        reason: Some(reason.to_owned()),
        decision: claimed.standing.decision.clone(),
    };
    Settlement {
        entry: Some(entry),
        failure: Some(failure),
        ..stand(claimed, standing)
    }
}
