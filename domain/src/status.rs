//! The statuses of an order in the seller's system, and the moves between them that the workflow may make.

use std::fmt;

/// An order's status: the newest entry of its timeline by version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// To be accepted, or accepted and not yet confirmed.
    PendingAcceptance,
    /// Seen on the marketplace as accepted.
    Accepted,
    /// Lost: cancelled or refused on the marketplace.
    Cancelled,
    /// This attempt failed; the entry says whether and when it is retried.
    AcceptanceFailed,
    /// A status of another module (`shipped`, `label_created`, …): carried and shown, never fought.
    Other(Box<str>),
}

impl OrderStatus {
    /// The four statuses that the workflow itself writes.
    pub const OURS: [Self; 4] = [
        Self::PendingAcceptance,
        Self::Accepted,
        Self::Cancelled,
        Self::AcceptanceFailed,
    ];

    /// Reads a status as it stands in the record; never fails.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::OURS
            .into_iter()
            .find(|status| status.as_str() == text)
            .unwrap_or_else(|| Self::Other(text.into()))
    }

    /// The status as it stands in the record.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::PendingAcceptance => "pending_acceptance",
            Self::Accepted => "accepted",
            Self::Cancelled => "cancelled",
            Self::AcceptanceFailed => "acceptance_failed",
            Self::Other(text) => text,
        }
    }

    /// Whether acceptance still has something to do with an order of this status.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        matches!(self, Self::PendingAcceptance | Self::AcceptanceFailed)
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One lawful move of the workflow, with the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The status before; `None` for an order without any entry.
    pub from: Option<OrderStatus>,
    /// The status after.
    pub to: OrderStatus,
    /// When the workflow makes this move, in a few words.
    pub when: &'static str,
}

/// Every move that the workflow may make: the one place where they are written down.
#[must_use]
pub fn moves() -> Vec<Move> {
    use OrderStatus::{AcceptanceFailed, Accepted, Cancelled, PendingAcceptance};
    let mv = |from, to, when| Move { from, to, when };
    vec![
        mv(None, PendingAcceptance, "ingested"),
        mv(Some(PendingAcceptance), Accepted, "seen as accepted"),
        mv(Some(PendingAcceptance), Cancelled, "seen as cancelled or refused"),
        mv(Some(PendingAcceptance), AcceptanceFailed, "the attempt failed"),
        mv(Some(AcceptanceFailed), PendingAcceptance, "retry due, or asked for"),
        mv(Some(AcceptanceFailed), Accepted, "seen as accepted"),
        mv(Some(AcceptanceFailed), Cancelled, "seen as cancelled or refused"),
        mv(Some(Accepted), Cancelled, "found so by reconcile"),
    ]
}

/// A move that the workflow does not make.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no move leads from `{}` to `{to}`", from.as_ref().map_or("(new)", OrderStatus::as_str))]
pub struct UnlawfulMove {
    /// The status before; `None` for an order without any entry.
    pub from: Option<OrderStatus>,
    /// The status that was asked for.
    pub to: OrderStatus,
}

/// Checks a move of ours against [`moves`].
///
/// # Errors
/// [`UnlawfulMove`] where the table has no such move.
pub fn check_move(from: Option<&OrderStatus>, to: &OrderStatus) -> Result<(), UnlawfulMove> {
    if moves().iter().any(|mv| mv.from.as_ref() == from && mv.to == *to) {
        Ok(())
    } else {
        Err(UnlawfulMove {
            from: from.cloned(),
            to: to.clone(),
        })
    }
}

/// The moves as a Mermaid state diagram, as it stands in the docs.
#[must_use]
pub fn diagram() -> String {
    let mut text = String::from("stateDiagram-v2\n");
    for mv in moves() {
        let from = mv.from.as_ref().map_or("[*]", OrderStatus::as_str);
        text.push_str(&format!("    {from} --> {}: {}\n", mv.to, mv.when));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_ours_reads_back_as_itself() {
        for status in OrderStatus::OURS {
            assert_eq!(OrderStatus::parse(status.as_str()), status);
        }
    }

    #[test]
    fn statuses_of_others_are_carried_as_written() {
        assert_eq!(OrderStatus::parse("label_created").as_str(), "label_created");
    }

    #[test]
    fn a_cancelled_order_never_moves_again() {
        for to in OrderStatus::OURS {
            assert!(check_move(Some(&OrderStatus::Cancelled), &to).is_err());
        }
    }

    #[test]
    fn an_accepted_order_only_moves_to_cancelled() {
        let lawful: Vec<_> = OrderStatus::OURS
            .into_iter()
            .filter(|to| check_move(Some(&OrderStatus::Accepted), to).is_ok())
            .collect();
        assert_eq!(lawful, [OrderStatus::Cancelled]);
    }

    #[test]
    fn no_move_of_ours_touches_a_status_of_others() {
        let shipped = OrderStatus::parse("shipped");
        for status in OrderStatus::OURS {
            assert!(check_move(Some(&shipped), &status).is_err());
            assert!(check_move(Some(&status), &shipped).is_err());
        }
    }

    #[test]
    fn the_error_names_both_ends() {
        let error = check_move(None, &OrderStatus::Accepted).unwrap_err();
        assert_eq!(error.to_string(), "no move leads from `(new)` to `accepted`");
    }
}
