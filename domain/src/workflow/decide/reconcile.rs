//! What a look that was asked for means for an order, settled or not: it is believed where it shows more than the record does.
//! `reconcile` asks for such looks, and so does a person.

use serde_json::json;

use super::parts::{accepted, failure, lost, state_text};
use super::{Context, LookedAt};
use crate::failure::{FailureCause, NewFailure};
use crate::reading::{Reading, Seen, read};
use crate::status::OrderStatus;
use crate::time;
use crate::work::{Claimed, Settlement};

/// What became of one order.
#[derive(Debug, Clone, PartialEq)]
pub enum Reconciled {
    /// The marketplace is ahead of the record: write this.
    Moved(Box<Settlement>),
    /// Settled, and the marketplace agrees, or says nothing against it.
    Agrees,
    /// Unsettled on both sides: it keeps its place. An undecided call of before still needs its usual looks.
    Waits,
    /// In a state that this version does not know, or can't read: it stays as it is.
    Unclear,
    /// Not in the answer: it stays as it is.
    NotShown,
    /// Settled, yet the marketplace says otherwise, and no move of ours leads there: a person is asked.
    Contradicts(Box<NewFailure>),
}

/// Decides on an order in any phase; nothing is ever sent by it. The notes say that it was found `by` whoever asked.
#[must_use]
pub fn reconciled(claimed: &Claimed, seen: &Seen, look: LookedAt, by: &str, ctx: &Context<'_>) -> Reconciled {
    let reading = read(seen);
    match reading {
        Reading::Missing => return Reconciled::NotShown,
        Reading::UnknownState(_) | Reading::Unreadable => return Reconciled::Unclear,
        _ => {}
    }
    match (&claimed.status, reading) {
        (OrderStatus::PendingAcceptance | OrderStatus::AcceptanceFailed, Reading::Accepted { further_along }) => {
            moved(accepted(claimed, seen, look, further_along, ctx), || {
                let call = match claimed.call {
                    Some(_) => "",
                    None => "; no call of ours is on record",
                };
                let along = if further_along { "; further along already" } else { "" };
                format!("Found as {} by {by}{call}{along}", state_text(seen))
            })
        }
        (
            OrderStatus::PendingAcceptance | OrderStatus::AcceptanceFailed | OrderStatus::Accepted,
            Reading::Lost(loss),
        ) => {
            let settlement = lost(claimed, seen, look, loss, ctx);
            let before = if claimed.status == OrderStatus::Accepted {
                "; it had been accepted"
            } else {
                ""
            };
            let how = format!("Found as {} by {by}: {}{before}", state_text(seen), loss.words());
            moved(settlement, || how)
        }
        (OrderStatus::PendingAcceptance | OrderStatus::AcceptanceFailed, _) => Reconciled::Waits,
        (OrderStatus::Cancelled, Reading::Accepted { .. } | Reading::DebitPending) => {
            Reconciled::Contradicts(Box::new(contradiction(
                claimed,
                seen,
                "The customer may be waiting for it: find out who accepted it, and ship it or have it cancelled there.",
            )))
        }
        (_, Reading::Waiting) => {
            // A look as stale as looks may be contradicts nothing.
            let certain_from = time::plus(claimed.standing.since, ctx.settings.read_staleness);
            if look.began_at < certain_from {
                return Reconciled::Agrees;
            }
            let remedy = "Nothing is sent. If it should be accepted, add a 'pending_acceptance' entry to its timeline.";
            Reconciled::Contradicts(Box::new(contradiction(claimed, seen, remedy)))
        }
        _ => Reconciled::Agrees,
    }
}

fn moved(mut settlement: Settlement, note: impl FnOnce() -> String) -> Reconciled {
    if let Some(entry) = &mut settlement.entry {
        entry.note = note();
    }
    Reconciled::Moved(Box::new(settlement))
}

fn contradiction(claimed: &Claimed, seen: &Seen, remedy: &str) -> NewFailure {
    let details = format!(
        "The order's status is '{}', yet the marketplace shows it as {}. {remedy}",
        claimed.status,
        state_text(seen)
    );
    let extra = json!({
        "status": claimed.status.as_str(),
        "version": claimed.version.0,
        "state": seen.recorded_state(),
    });
    failure(claimed, FailureCause::Contradiction, details, extra)
}
