//! What the demo shows: order by order, what happened, what should have, and what did by the ledger.

use ackord::ports::OrderStory;
use ackord_sandbox::{DemoScenario, Ledger};
use serde_json::{Value, json};

use super::demo_cases::differences;
use crate::render::{Listing, clean, style};

/// One order of the demo, judged.
pub(super) struct Judged {
    scenario: DemoScenario,
    story: Option<OrderStory>,
    applied: usize,
    received: usize,
    looks: usize,
    differences: Vec<String>,
}

impl Judged {
    /// Judges an order by its story on record and the sandbox's ledger.
    pub(super) fn new(scenario: DemoScenario, story: Option<OrderStory>, ledger: &Ledger) -> Self {
        let id = scenario.order_id;
        Self {
            differences: differences(id, story.as_ref(), ledger),
            applied: ledger.decisions_applied(id),
            received: ledger.acceptances_received(id),
            looks: ledger.looks(id),
            scenario,
            story,
        }
    }

    /// Whether it ended as it must.
    pub(super) fn is_as_expected(&self) -> bool {
        self.differences.is_empty()
    }

    /// Its id.
    pub(super) fn order_id(&self) -> &'static str {
        self.scenario.order_id
    }

    /// Whether something about it waits for a person.
    pub(super) fn waits_for_person(&self) -> bool {
        self.story.as_ref().is_some_and(|story| {
            story
                .failures
                .iter()
                .any(|failure| failure.resolved_at.is_none() && failure.needs_person)
        })
    }

    fn note(&self) -> String {
        let waits = self
            .story
            .iter()
            .flat_map(|story| &story.failures)
            .find(|failure| failure.resolved_at.is_none());
        let note = waits
            .and_then(|failure| failure.details.as_deref())
            .or_else(|| self.story.as_ref()?.summary.note.as_deref());
        if self.differences.is_empty() {
            note.map_or_else(|| "never came in".to_owned(), clean)
        } else {
            style::bad(&self.differences.join("; "))
        }
    }

    fn row(&self) -> Vec<String> {
        let status = self.story.as_ref().and_then(|story| story.summary.status.as_ref());
        vec![
            if self.is_as_expected() {
                style::good("✓")
            } else {
                style::bad("✗")
            },
            self.scenario.order_id.to_owned(),
            self.scenario.label.to_owned(),
            status.map_or_else(|| style::dim("not on record"), style::status),
            self.received.to_string(),
            self.applied.to_string(),
            self.looks.to_string(),
            self.note(),
        ]
    }

    /// As JSON.
    pub(super) fn to_json(&self) -> Value {
        let summary = self.story.as_ref().map(|story| &story.summary);
        json!({
            "order_id": self.scenario.order_id,
            "label": self.scenario.label,
            "expectation": self.scenario.expectation,
            "status": summary.and_then(|order| order.status.as_ref()).map(ackord::OrderStatus::as_str),
            "notes": summary.and_then(|order| order.note.as_deref()),
            "acceptances_received": self.received,
            "decisions_applied": self.applied,
            "looks": self.looks,
            "needs_person": self.waits_for_person(),
            "as_expected": self.is_as_expected(),
            "differences": self.differences,
        })
    }
}

/// The table over all of them.
pub(super) fn table(judged: &[Judged]) -> Listing {
    let mut listing = Listing::new(&[
        "",
        "ORDER",
        "WHAT HAPPENS TO IT",
        "STATUS",
        "SENT",
        "TOOK",
        "SEEN",
        "NOTE",
    ]);
    for order in judged {
        listing.row(order.row());
    }
    listing
}
