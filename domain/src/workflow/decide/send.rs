//! Before an acceptance is sent: only a fresh look that shows `WAITING_ACCEPTANCE` with lines allows it.

use serde_json::json;

use super::parts::{accepted, failure, looks_text, lost, review, state_text, use_up_a_look, wait_slowly};
use super::{Context, LookedAt};
use crate::failure::FailureCause;
use crate::guards::{Guard, dropped};
use crate::order::Decision;
use crate::reading::{Reading, Seen, read};
use crate::work::{Claimed, Phase, Settlement};

/// What follows from a look at an order that is to be accepted.
#[derive(Debug, Clone, PartialEq)]
pub enum BeforeSend {
    /// Send this decision: the frozen one, or else yes to every line.
    Send(Decision),
    /// Don't send; write this.
    Write(Box<Settlement>),
}

/// Decides on an order of which no acceptance is under way.
///
/// The caller sees to it that the look is fresh, and later than the `answer_by` of any earlier call.
#[must_use]
pub fn before_send(claimed: &Claimed, seen: &Seen, look: LookedAt, ctx: &Context<'_>) -> BeforeSend {
    let settlement = match read(seen) {
        Reading::Waiting => match decision(claimed, seen) {
            Some(decision) => return BeforeSend::Send(decision),
            None => no_lines(claimed, seen, ctx),
        },
        Reading::UnknownState(_) if dropped(Guard::OnlyWaitingIsSent) => match decision(claimed, seen) {
            Some(decision) => return BeforeSend::Send(decision),
            None => no_lines(claimed, seen, ctx),
        },
        Reading::NoLines => no_lines(claimed, seen, ctx),
        Reading::Staging => wait_slowly(claimed, Phase::Ready, look, ctx),
        Reading::DebitPending => wait_slowly(claimed, Phase::Validating, look, ctx),
        Reading::Accepted { further_along } => accepted(claimed, seen, look, further_along, ctx),
        Reading::Lost(loss) => lost(claimed, seen, look, loss, ctx),
        Reading::UnknownState(_) | Reading::Missing | Reading::Unreadable => {
            use_up_a_look(claimed, look, ctx).unwrap_or_else(|| unclear(claimed, seen, ctx))
        }
    };
    BeforeSend::Write(Box::new(settlement))
}

fn decision(claimed: &Claimed, seen: &Seen) -> Option<Decision> {
    let frozen = claimed.standing.decision.clone();
    frozen
        .filter(|_| !dropped(Guard::FrozenDecision))
        .or_else(|| match seen {
            Seen::Order(order) => Decision::accept_all(&order.lines),
            Seen::Unreadable(_) | Seen::Missing => None,
        })
}

fn no_lines(claimed: &Claimed, seen: &Seen, ctx: &Context<'_>) -> Settlement {
    let details = "The marketplace lists the order without lines that could be accepted, so nothing is sent. \
                   Look at it on the marketplace and accept it there.";
    let extra = json!({ "state": seen.recorded_state() });
    review(
        claimed,
        failure(claimed, FailureCause::NoLines, details.to_owned(), extra),
        ctx,
    )
}

/// The looks are used up and nobody knows what the order is: a person is asked, the status stays.
pub(super) fn unclear(claimed: &Claimed, seen: &Seen, ctx: &Context<'_>) -> Settlement {
    let looks = looks_text(claimed.standing.looks.saturating_add(1));
    let (cause, remedy) = match seen {
        Seen::Missing => (
            FailureCause::NotFound,
            "The marketplace does not list it: often the shop id or the key is another shop's (not_found). \
             Check the settings, then look for the order on the marketplace.",
        ),
        Seen::Unreadable(_) => (
            FailureCause::Unreadable,
            "Its JSON can't be read. Look at the order on the marketplace.",
        ),
        Seen::Order(_) => (
            FailureCause::UnknownState,
            "This version does not know that state. Look at the order on the marketplace; it settles by itself once \
             its state is one that is known.",
        ),
    };
    let details = format!("After {looks} the order is {}. {remedy}", state_text(seen));
    review(
        claimed,
        failure(claimed, cause, details, json!({ "state": seen.recorded_state() })),
        ctx,
    )
}
