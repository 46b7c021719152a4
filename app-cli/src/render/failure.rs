//! Entries of the inbox: in a list, and one by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use ackord::Timestamp;
use ackord::failure::FailureCause;
use ackord::ports::{FailureRow, OrderSummary};
use ackord::time::{plus, until};

use super::call::block;
use super::order::{deadline_words, is_unsettled};
use super::table::Listing;
use super::{clean, prose, stamp, style, wrap};
use crate::span;
use crate::streams::Sink;

/// The orders that entries are about, by id, and until when each is to be accepted.
#[derive(Debug)]
pub struct About {
    orders: BTreeMap<String, OrderSummary>,
    deadline: Duration,
    now: Timestamp,
}

impl About {
    /// These orders, each to be accepted `deadline` after it was placed.
    #[must_use]
    pub fn new(orders: Vec<OrderSummary>, deadline: Duration, now: Timestamp) -> Self {
        let by_id = orders.into_iter().map(|order| (order.order_id.to_string(), order));
        Self {
            orders: by_id.collect(),
            deadline,
            now,
        }
    }

    /// The order that an entry is about; `None` where it is about none on record.
    pub(super) fn order(&self, failure: &FailureRow) -> Option<&OrderSummary> {
        self.orders.get(failure.related_id.as_deref()?)
    }

    /// The order that an entry is about, where it is still to be accepted.
    fn unaccepted(&self, failure: &FailureRow) -> Option<&OrderSummary> {
        let is_accepted = failure.cause.as_deref() == Some(FailureCause::DebitOverdue.as_str());
        self.order(failure).filter(|order| is_unsettled(order) && !is_accepted)
    }

    /// Until when its order is to be accepted; `None` where that does not matter any more.
    fn deadline(&self, failure: &FailureRow) -> Option<Timestamp> {
        Some(plus(self.unaccepted(failure)?.placed_at, self.deadline))
    }

    /// The same for people.
    pub(super) fn deadline_words(&self, failure: &FailureRow) -> String {
        self.unaccepted(failure)
            .map_or_else(String::new, |order| deadline_words(order, self.deadline, self.now))
    }
}

/// Entries as a table, those of a cause together: the cause with the nearest deadline first, and so within it.
#[must_use]
pub fn failure_rows(failures: &[FailureRow], about: &About) -> Listing {
    let urgency = |failure: &FailureRow| about.deadline(failure).map_or((1, Timestamp::MAX), |at| (0, at));
    let mut groups: BTreeMap<String, Vec<&FailureRow>> = BTreeMap::new();
    for failure in failures {
        groups.entry(cause(failure)).or_default().push(failure);
    }
    for group in groups.values_mut() {
        group.sort_by_key(|failure| (urgency(failure), failure.failure_id));
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| group.first().map(|failure| urgency(failure)));
    let mut listing = Listing::new(&["CAUSE", "ENTRY", "ABOUT", "AGE", "DEADLINE", "STANDS", "DETAILS"]);
    for (cause, group) in groups {
        let mut heading = cause;
        for failure in group {
            listing.row(vec![
                std::mem::take(&mut heading),
                failure.failure_id.to_string(),
                failure.related_id.as_deref().map(clean).unwrap_or_default(),
                span::roughly(until(failure.at, about.now)),
                about.deadline_words(failure),
                stands(failure),
                failure.details.as_deref().map(prose).unwrap_or_default(),
            ]);
        }
    }
    listing
}

/// Why, or who wrote it where that is not said.
pub(super) fn cause(failure: &FailureRow) -> String {
    clean(failure.cause.as_deref().unwrap_or(&failure.process_name))
}

/// Whether it is open, and for whom it waits.
pub(super) fn stands(failure: &FailureRow) -> String {
    match (failure.resolved_at, failure.needs_person) {
        (Some(_), _) => style::dim("closed"),
        (None, true) => style::notice("waits for a person"),
        (None, false) => "retried by itself".to_owned(),
    }
}

/// What is known of one entry, in a line or more each.
#[must_use]
pub fn failure_facts(failure: &FailureRow, about: &About, sink: &Sink) -> String {
    let mut text = format!(
        "{} {}\n",
        style::heading(&format!("Entry {}", failure.failure_id)),
        cause(failure)
    );
    let mut fact = |name: &str, words: String| {
        if !words.is_empty() {
            text.push_str(&wrap::fact(name, &words, sink));
            text.push('\n');
        }
    };
    fact("about", failure.related_id.as_deref().map(clean).unwrap_or_default());
    fact(
        "written",
        format!("{} UTC by {}", stamp(failure.at), clean(&failure.process_name)),
    );
    fact("stands", stands(failure));
    if let Some(order) = about.order(failure) {
        let deadline = match about.deadline_words(failure) {
            words if words.is_empty() => words,
            words => format!(", to be accepted {words}"),
        };
        let status = order
            .status
            .as_ref()
            .map_or_else(|| "none yet".to_owned(), style::status);
        fact("order", format!("{status}{deadline}"));
    }
    fact("details", failure.details.as_deref().map(prose).unwrap_or_default());
    if let Some(at) = failure.resolved_at {
        let by = failure
            .resolved_by
            .as_deref()
            .map_or_else(String::new, |who| format!(" by {}", clean(who)));
        let words = failure
            .resolution
            .as_deref()
            .map_or_else(String::new, |text| format!(": {}", clean(text)));
        fact("closed", format!("{} UTC{by}{words}", stamp(at)));
    }
    text
}

/// What was being worked on as an entry was written; nothing where that is not on record.
#[must_use]
pub fn failure_payload(failure: &FailureRow) -> String {
    failure.payload.as_ref().map_or_else(String::new, |payload| {
        let pretty = serde_json::to_string_pretty(payload).unwrap_or_else(|_| payload.to_string());
        format!("{}\n{}\n", style::heading("What was being worked on"), block(&pretty))
    })
}
