//! Orders in a list.

use std::time::Duration;

use ackord::Timestamp;
use ackord::ports::OrderSummary;
use ackord::time::{plus, until};
use ackord::work::Phase;

use super::table::Listing;
use super::{clean, prose, stamp, style};
use crate::span;

/// Orders as a table.
#[must_use]
pub fn order_rows(orders: &[OrderSummary], deadline: Duration, now: Timestamp) -> Listing {
    let mut listing = Listing::new(&["ORDER", "STATUS", "SINCE (UTC)", "DEADLINE", "NEXT", "NOTE"]);
    for order in orders {
        listing.row(vec![
            clean(order.order_id.as_str()),
            order
                .status
                .as_ref()
                .map_or_else(|| style::dim("(none)"), style::status),
            order.status_at.map(stamp).unwrap_or_default(),
            deadline_words(order, deadline, now),
            next_words(order, now),
            note(order),
        ]);
    }
    listing
}

/// The note of its status, which does not tell what was sent or seen since.
fn note(order: &OrderSummary) -> String {
    let note = order.note.as_deref().map(prose).unwrap_or_default();
    match order.phase {
        Some(Phase::Validating) => format!("Looked at until it settles. {note}"),
        _ => note,
    }
}

/// Whether the acceptance deadline still matters to it.
pub(super) fn is_unsettled(order: &OrderSummary) -> bool {
    order.status.as_ref().is_none_or(ackord::OrderStatus::is_unsettled)
}

/// How long until the deadline; nothing for an order to which it no longer matters.
#[must_use]
pub fn deadline_words(order: &OrderSummary, deadline: Duration, now: Timestamp) -> String {
    if !is_unsettled(order) {
        return String::new();
    }
    let at = plus(order.placed_at, deadline);
    if at <= now {
        return style::bad(&format!("passed {} ago", span::roughly(until(at, now))));
    }
    let left = until(now, at);
    let text = format!("in {}", span::roughly(left));
    if left < deadline / 5 {
        style::notice(&text)
    } else {
        text
    }
}

/// What comes next, in a few words.
fn next_words(order: &OrderSummary, now: Timestamp) -> String {
    let when = match order.due_at {
        Some(due) if due > now => format!(" in {}", span::roughly(until(now, due))),
        Some(_) => " next run".to_owned(),
        None => String::new(),
    };
    match order.phase {
        None => "next run".to_owned(),
        Some(Phase::Ready) => format!("accept{when}"),
        Some(Phase::Sending | Phase::Validating) => format!("look{when}"),
        Some(Phase::Retry) => format!("retry{when}"),
        Some(Phase::Unfiled) => format!("inbox{when}"),
        Some(Phase::Review) => style::notice("a person"),
        Some(Phase::Settled) if order.open_failures > 0 => style::notice("see inbox"),
        Some(Phase::Settled) => String::new(),
    }
}
