//! Calls to the marketplace as they stand on record: begun before the first byte leaves, completed once.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::order::OrderId;
use crate::time::Timestamp;

/// The id under which a call stands on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub i64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The service name under which marketplace calls stand on record.
pub const SERVICE: &str = "mirakl";

/// The operation behind a call, by the marketplace's own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `GET /api/orders`: the list, and every look.
    Or11,
    /// `PUT /api/orders/{id}/accept`: the acceptance.
    Or21,
    /// `GET /api/account`: the shop behind the key.
    A01,
    /// `GET /api/account/statistics`: how the shop decides on its orders.
    A21,
}

impl Endpoint {
    /// The name as it stands on record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Or11 => "OR11",
            Self::Or21 => "OR21",
            Self::A01 => "A01",
            Self::A21 => "A21",
        }
    }
}

/// How a call ended, as it stands on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallOutcome {
    /// A read was answered and understood.
    Answered,
    /// An acceptance was answered with success.
    Applied,
    /// The marketplace refused the request; the same again can't help.
    Refused,
    /// The order was not in the state that the acceptance needs: its state decides.
    Precondition,
    /// Nobody knows whether it took effect: timeout, reset, 5xx, unreadable answer.
    Unknown,
    /// 429: the whole shop has to rest.
    Throttled,
    /// 401 or 403.
    Credentials,
    /// It never left: no connection, or withdrawn before the first byte.
    NotSent,
    /// No answer is on record and two looks showed no effect: closed by a worker that took the order over.
    Unanswered,
}

const OUTCOMES: [(CallOutcome, &str); 9] = [
    (CallOutcome::Answered, "answered"),
    (CallOutcome::Applied, "applied"),
    (CallOutcome::Refused, "refused"),
    (CallOutcome::Precondition, "precondition"),
    (CallOutcome::Unknown, "unknown"),
    (CallOutcome::Throttled, "throttled"),
    (CallOutcome::Credentials, "credentials"),
    (CallOutcome::NotSent, "not_sent"),
    (CallOutcome::Unanswered, "unanswered"),
];

impl CallOutcome {
    /// Every outcome.
    pub fn all() -> impl Iterator<Item = Self> {
        OUTCOMES.into_iter().map(|(outcome, _)| outcome)
    }

    /// The outcome as it stands on record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        OUTCOMES
            .iter()
            .find(|(outcome, _)| *outcome == self)
            .map_or("", |(_, name)| name)
    }

    /// Reads what [`CallOutcome::as_str`] wrote; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        OUTCOMES
            .into_iter()
            .find(|(_, name)| *name == text)
            .map(|(outcome, _)| outcome)
    }

    /// Whether the call did what it was for.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Answered | Self::Applied)
    }
}

impl fmt::Display for CallOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call about to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    /// The operation.
    pub endpoint: Endpoint,
    /// What it is about: an order id for an acceptance, nothing for a shared look.
    pub related_id: Option<String>,
    /// The request as JSON: the body of an acceptance, the query of a read. Never the key.
    pub request: Value,
    /// When it starts.
    pub started_at: Timestamp,
    /// The time by which it has ended one way or another: its start plus the total call timeout.
    pub answer_by: Timestamp,
}

/// The end of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEnd {
    /// How it ended.
    pub outcome: CallOutcome,
    /// The HTTP status, where an answer began to arrive.
    pub status_code: Option<u16>,
    /// The body of the answer, or words on why there is none; customers' personal fields blanked.
    pub response: Option<String>,
    /// From before the connection until the end.
    pub duration: Duration,
}

/// What one look showed of one order, as it is recorded with the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenState {
    /// The order.
    pub order_id: OrderId,
    /// The state as it was written; `None` for an order that the answer did not hold.
    pub state: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_reads_back_as_itself() {
        for outcome in CallOutcome::all() {
            assert_eq!(CallOutcome::parse(outcome.as_str()), Some(outcome));
        }
        assert_eq!(CallOutcome::parse("fine"), None);
    }

    #[test]
    fn only_an_answer_that_did_its_job_is_a_success() {
        let successes: Vec<_> = CallOutcome::all().filter(|outcome| outcome.is_success()).collect();
        assert_eq!(successes, [CallOutcome::Answered, CallOutcome::Applied]);
    }
}
