//! Orders that wait for a person, retries that are due, failures that other programs wrote.

use serde_json::json;

use super::parts::{accepted, entry, failure, lost, review, slow_look_interval, stand};
use super::{Context, LookedAt};
use crate::failure::FailureCause;
use crate::reading::{Reading, Seen, read};
use crate::status::OrderStatus;
use crate::time;
use crate::work::{CLAIMS_ALONE, Claimed, Phase, Settlement, Standing};

/// Decides on an order in [`Phase::Review`]: it settles by itself if it moved, and is never sent.
#[must_use]
pub fn in_review(claimed: &Claimed, seen: &Seen, look: LookedAt, ctx: &Context<'_>) -> Settlement {
    match read(seen) {
        Reading::Accepted { further_along } => accepted(claimed, seen, look, further_along, ctx),
        Reading::Lost(loss) => lost(claimed, seen, look, loss, ctx),
        Reading::Staging
        | Reading::Waiting
        | Reading::DebitPending
        | Reading::UnknownState(_)
        | Reading::NoLines
        | Reading::Unreadable
        | Reading::Missing => {
            let due_at = Some(time::plus(ctx.now, slow_look_interval(ctx)));
            stand(
                claimed,
                Standing {
                    due_at,
                    ..claimed.standing.clone()
                },
            )
        }
    }
}

/// Hands an order over to a person that its workers end by; `None` for any other.
///
/// Only claims of this order alone count: what ended a worker with many orders in hand may have been any of them, or none.
#[must_use]
pub fn workers_lost(claimed: &Claimed, ctx: &Context<'_>) -> Option<Settlement> {
    // This claim is counted, too.
    let alone = claimed.unreleased_alone.saturating_sub(1);
    if alone <= CLAIMS_ALONE {
        return None;
    }
    let claims = claimed.unreleased_claims.saturating_sub(1);
    let details = format!(
        "{claims} workers in a row ended with this order in hand, the last {alone} of them with no other. Nothing more is \
         sent for it by itself. Find out what ended them (their logs, the memory, whoever stopped them), look at the order \
         on the marketplace, then ask for another attempt or resolve this entry."
    );
    let extra = json!({ "unreleased_claims": claims, "unreleased_alone": alone });
    Some(review(
        claimed,
        failure(claimed, FailureCause::WorkersLost, details, extra),
        ctx,
    ))
}

/// Gives an order whose retry is due its next attempt.
#[must_use]
pub fn requeue(claimed: &Claimed, ctx: &Context<'_>) -> Settlement {
    let standing = &claimed.standing;
    let reason = standing.reason.as_deref().unwrap_or("asked for by the entry before");
    let note = format!(
        "retry {} of {}: {reason}",
        standing.attempt, ctx.settings.retry.attempts
    );
    Settlement {
        entry: Some(entry(claimed, OrderStatus::PendingAcceptance, note, None)),
        ..stand(
            claimed,
            Standing {
                phase: Phase::Ready,
                due_at: Some(ctx.now),
                looks: 0,
                waiting_looks: 0,
                slow_looks: 0,
                since: ctx.now,
                ..standing.clone()
            },
        )
    }
}

/// Files a failure that another program wrote without a time for a retry.
#[must_use]
pub fn file_foreign(claimed: &Claimed, ctx: &Context<'_>) -> Settlement {
    let details = "Another program marked the order as failed and named no time for a retry. \
                   Look at the order, then ask for another attempt or resolve this entry.";
    review(
        claimed,
        failure(claimed, FailureCause::Foreign, details.to_owned(), json!({})),
        ctx,
    )
}
