//! The likely cause, by what was answered and seen.

use super::Attempt;
use crate::call::CallOutcome;
use crate::failure::FailureCause;
use crate::state::MarketplaceState;
use crate::time::Timestamp;

/// A likely cause.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Likely {
    /// The key is wrong, expired, or has no right to accept.
    WrongKey,
    /// The order is another shop's.
    WrongShop,
    /// The shop may not accept: suspended, or without the right for this kind of order.
    NotAllowed,
    /// The order's lines have changed since it was taken in.
    LinesChanged,
    /// The shop must accept all lines or none.
    AllLinesOrNone,
    /// The marketplace asked for rests.
    Throttled,
    /// The marketplace was not reached, or gave no answer that can be read.
    Outage,
    /// The marketplace says that it was decided already, and shows it as waiting.
    DecidedElsewhere,
    /// The marketplace answered that it accepted, and does not show it.
    NotShown,
    /// It stands in a state that this version does not know.
    UnknownState(String),
    /// The customer's payment is overdue.
    PaymentOverdue,
    /// Its lines, or all of it, can't be read.
    CantBeRead,
    /// It is settled here, and the marketplace still waits.
    Contradicted,
    /// Another program wrote that it failed.
    ByAnotherProgram,
    /// Worker after worker ended with it in hand.
    WorkersLost,
    /// It was refused or cancelled on the marketplace.
    Lost,
    /// What was answered is not known to this version.
    Other(String),
    /// Nothing on record says why.
    Unclear,
}

impl Likely {
    /// The cause in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::WrongKey => "the marketplace does not take the key for this order: it is wrong, expired, or has no right to accept",
            Self::WrongShop => "the marketplace does not know this order under the shop of the key: it is another shop's, or shop_id is wrong",
            Self::NotAllowed => "the shop may not accept this order: it is suspended, or has no right for this kind of order",
            Self::LinesChanged => "the order's lines have changed on the marketplace since the decision was made",
            Self::AllLinesOrNone => "the shop must accept all lines of an order or none",
            Self::Throttled => "the marketplace answered that there were too many calls",
            Self::Outage => "the marketplace was not reached, or gave no answer that can be read",
            Self::DecidedElsewhere => "the marketplace says that the order is not waiting for a decision",
            Self::NotShown => "the marketplace answered that it took the acceptance, and does not show the order as accepted",
            Self::UnknownState(state) => {
                return format!("the order stands in '{state}', a state that this version does not know");
            }
            Self::PaymentOverdue => "the order is accepted; the customer's payment has not come through",
            Self::CantBeRead => "the marketplace lists the order without lines that can be read",
            Self::Contradicted => "the order is settled here, and the marketplace still waits for its acceptance",
            Self::ByAnotherProgram => "another program wrote that the order failed",
            Self::WorkersLost => "worker after worker ended with this order in hand",
            Self::Lost => "the order was refused or cancelled on the marketplace",
            Self::Other(code) => return format!("the marketplace refused with '{code}'"),
            Self::Unclear => "nothing on record says why",
        }
        .to_owned()
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::WrongKey => {
                "`ackord check`; make a new key with the right to accept orders, then `ackord failures retry`"
            }
            Self::WrongShop => {
                "`ackord check` names the shop of the key: set shop_id to the order's own, then `ackord failures retry`"
            }
            Self::NotAllowed => {
                "`ackord check` shows the shop's state: ask the marketplace's operator, then `ackord failures retry`"
            }
            Self::LinesChanged | Self::AllLinesOrNone | Self::CantBeRead => {
                "look at the order in the marketplace's back office; accept it there, then `ackord failures resolve --as accepted`"
            }
            Self::Throttled => "run less often, or set calls_per_hour; then `ackord failures retry`",
            Self::Outage => "is the marketplace up, and the network? `ackord check`; then `ackord failures retry`",
            Self::DecidedElsewhere | Self::NotShown => {
                "look at the order in the marketplace's back office, then `ackord failures resolve --as accepted` or `--as cancelled`"
            }
            Self::UnknownState(_) => {
                "ask the marketplace what the state means; the order is looked at hourly and settles by itself if it moves"
            }
            Self::PaymentOverdue => {
                "nothing: the order is looked at hourly and settles by itself. Ask the marketplace if it stays so"
            }
            Self::Contradicted => {
                "is the order to be accepted? `ackord failures retry` does it, `ackord failures resolve --as handled` leaves it"
            }
            Self::ByAnotherProgram => "settle it with that program, then `ackord failures retry`",
            Self::WorkersLost => "the log of `ackord serve` has why it ended; then `ackord failures retry`",
            Self::Lost => "`ackord failures resolve --as handled`, once you know why it came to that",
            Self::Other(_) | Self::Unclear => {
                "`ackord orders show` has every call; ask the marketplace with what it answered"
            }
        }
    }
}

/// The likely cause, from the newest that says anything to the oldest.
pub(super) fn likely(
    attempts: &[Attempt],
    last_seen: Option<&(Timestamp, Option<String>)>,
    cause: Option<&str>,
) -> Likely {
    if let Some(known) = cause.and_then(FailureCause::parse).and_then(by_cause) {
        return known;
    }
    if let Some((_, Some(state))) = last_seen
        && let MarketplaceState::Other(name) = MarketplaceState::parse(state)
    {
        return Likely::UnknownState(name.into());
    }
    let is_shown = matches!(last_seen, Some((_, Some(_))));
    if let Some(said) = attempts.iter().rev().find_map(|attempt| by_answer(attempt, is_shown)) {
        return said;
    }
    match last_seen {
        Some((_, None)) => Likely::WrongShop,
        _ => Likely::Unclear,
    }
}

/// Causes that say it all by themselves.
fn by_cause(cause: FailureCause) -> Option<Likely> {
    match cause {
        FailureCause::DebitOverdue => Some(Likely::PaymentOverdue),
        FailureCause::RefusedByShop | FailureCause::RefusedAtDeadline => Some(Likely::Lost),
        FailureCause::NotFound => Some(Likely::WrongShop),
        FailureCause::NoLines | FailureCause::Unreadable => Some(Likely::CantBeRead),
        FailureCause::Contradiction => Some(Likely::Contradicted),
        FailureCause::Foreign => Some(Likely::ByAnotherProgram),
        FailureCause::WorkersLost => Some(Likely::WorkersLost),
        FailureCause::NotSent
        | FailureCause::Unanswered
        | FailureCause::Refused
        | FailureCause::NotConfirmed
        | FailureCause::UnknownState => None,
    }
}

/// What an answer, or the lack of one, says.
fn by_answer(attempt: &Attempt, is_shown: bool) -> Option<Likely> {
    let answer = attempt.answer.as_deref().unwrap_or_default();
    let has = |code: &str| answer.contains(code);
    match attempt.outcome? {
        CallOutcome::Credentials => Some(Likely::WrongKey),
        CallOutcome::Throttled => Some(Likely::Throttled),
        CallOutcome::Unknown | CallOutcome::NotSent | CallOutcome::Unanswered => Some(Likely::Outage),
        CallOutcome::Precondition => Some(Likely::DecidedElsewhere),
        CallOutcome::Applied => Some(Likely::NotShown),
        CallOutcome::Answered => None,
        CallOutcome::Refused if has("ORDER_FULFILLED_UNAUTHORIZED") => Some(Likely::NotAllowed),
        CallOutcome::Refused if has("ORDER_PARTIAL_ACCEPTANCE_DISABLED") => Some(Likely::AllLinesOrNone),
        CallOutcome::Refused if has("ORDER_LINE_") => Some(Likely::LinesChanged),
        // An order that is listed under the key is no other shop's.
        CallOutcome::Refused if !is_shown && (has("ORDER_NOT_FOUND") || attempt.status_code == Some(404)) => {
            Some(Likely::WrongShop)
        }
        CallOutcome::Refused => Some(match code_of(answer) {
            Some(code) => Likely::Other(code),
            None => Likely::Other(
                attempt
                    .status_code
                    .map_or_else(String::new, |status| format!("HTTP {status}")),
            ),
        }),
    }
}

/// The first code that an answer names, in either of its forms.
fn code_of(answer: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(answer).ok()?;
    let code = |value: &serde_json::Value| Some(value.get("code")?.as_str()?.to_owned());
    code(&value).or_else(|| value.get("errors")?.as_array()?.iter().find_map(code))
}
