//! Entries of the failures inbox.

use std::fmt;

use serde_json::Value;

/// The process name under which acceptance writes into the inbox.
pub const PROCESS: &str = "OrderAcceptance";

/// The id of an entry of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FailureId(pub i64);

impl fmt::Display for FailureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why an entry was opened: what the inbox is grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureCause {
    /// The call never left.
    NotSent,
    /// The call was not answered, and the order stands unaccepted.
    Unanswered,
    /// The marketplace refused the acceptance.
    Refused,
    /// It was accepted by the answer, or said to be processed already, but never seen as accepted.
    NotConfirmed,
    /// `WAITING_DEBIT` for longer than the grace.
    DebitOverdue,
    /// A state that this version does not know.
    UnknownState,
    /// The marketplace does not list it: often a wrong shop or key.
    NotFound,
    /// No line, or none that can be read.
    NoLines,
    /// The order's JSON can't be read.
    Unreadable,
    /// Refused by somebody of the shop.
    RefusedByShop,
    /// Refused by the marketplace at the acceptance deadline.
    RefusedAtDeadline,
    /// Settled on our side, yet the marketplace still waits for the acceptance.
    Contradiction,
    /// Another program wrote `acceptance_failed` without a time for a retry.
    Foreign,
    /// Worker after worker ended while it had this order in hand, and no other.
    WorkersLost,
}

const CAUSES: [(FailureCause, &str); 14] = [
    (FailureCause::NotSent, "not_sent"),
    (FailureCause::Unanswered, "unanswered"),
    (FailureCause::Refused, "refused"),
    (FailureCause::NotConfirmed, "not_confirmed"),
    (FailureCause::DebitOverdue, "debit_overdue"),
    (FailureCause::UnknownState, "unknown_state"),
    (FailureCause::NotFound, "not_found"),
    (FailureCause::NoLines, "no_lines"),
    (FailureCause::Unreadable, "unreadable"),
    (FailureCause::RefusedByShop, "refused_by_shop"),
    (FailureCause::RefusedAtDeadline, "refused_at_deadline"),
    (FailureCause::Contradiction, "contradiction"),
    (FailureCause::Foreign, "foreign"),
    (FailureCause::WorkersLost, "workers_lost"),
];

impl FailureCause {
    /// Every cause.
    pub fn all() -> impl Iterator<Item = Self> {
        CAUSES.into_iter().map(|(cause, _)| cause)
    }

    /// The cause as it stands on record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        CAUSES
            .iter()
            .find(|(cause, _)| *cause == self)
            .map_or("", |(_, name)| name)
    }

    /// Reads what [`FailureCause::as_str`] wrote; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        CAUSES
            .into_iter()
            .find(|(_, name)| *name == text)
            .map(|(cause, _)| cause)
    }
}

impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An entry to be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFailure {
    /// The order's id, or what stands for it where it can't be read.
    pub related_id: String,
    /// Why.
    pub cause: FailureCause,
    /// Readable details: what happened and what to do.
    pub details: String,
    /// What was being worked on, redacted.
    pub payload: Value,
    /// Whether it waits for a person; `false` where a retry is scheduled.
    pub needs_person: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_reads_back_as_itself() {
        for cause in FailureCause::all() {
            assert_eq!(FailureCause::parse(cause.as_str()), Some(cause));
        }
        assert_eq!(FailureCause::parse("fine"), None);
    }
}
