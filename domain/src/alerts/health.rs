//! What was in the way of a run, as it is kept from run to run.

use crate::ports::{MarketplaceError, StoreError};
use crate::workflow::Halt;

/// What is in the way of a shop's runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// The marketplace does not take the key.
    Credentials,
    /// The marketplace can't be reached, or does not answer acceptances.
    MarketplaceDown,
    /// The marketplace refuses what it is asked.
    MarketplaceRefuses,
    /// The marketplace asks for longer rests than a run waits for.
    Throttled,
    /// The budget of calls is used up for longer than a run waits.
    OutOfBudget,
    /// The marketplace lists none of our orders.
    WrongShop,
    /// Sending is held until a reconcile has come to its end.
    SendingHeld,
    /// No acceptance could start in time.
    TooSlow,
    /// The settings don't fit together.
    Settings,
    /// The store failed.
    StoreDown,
}

const TROUBLES: [(Trouble, &str); 10] = [
    (Trouble::Credentials, "credentials"),
    (Trouble::MarketplaceDown, "marketplace_down"),
    (Trouble::MarketplaceRefuses, "marketplace_refuses"),
    (Trouble::Throttled, "throttled"),
    (Trouble::OutOfBudget, "out_of_budget"),
    (Trouble::WrongShop, "wrong_shop"),
    (Trouble::SendingHeld, "sending_held"),
    (Trouble::TooSlow, "too_slow"),
    (Trouble::Settings, "settings"),
    (Trouble::StoreDown, "store_down"),
];

impl Trouble {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        TROUBLES.into_iter().map(|(trouble, _)| trouble)
    }

    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        TROUBLES
            .iter()
            .find(|(trouble, _)| *trouble == self)
            .map_or("", |(_, name)| name)
    }

    /// Reads what [`Trouble::as_str`] wrote; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        TROUBLES
            .into_iter()
            .find(|(_, name)| *name == text)
            .map(|(trouble, _)| trouble)
    }

    /// What stopped a run; `None` where somebody asked it to.
    #[must_use]
    pub fn of(halt: &Halt) -> Option<Self> {
        Some(match halt {
            Halt::Settings(_) => Self::Settings,
            Halt::Store(_) => Self::StoreDown,
            Halt::Marketplace(error) => Self::of_marketplace(error),
            Halt::Throttled { .. } => Self::Throttled,
            Halt::OutOfBudget { .. } => Self::OutOfBudget,
            Halt::Credentials { .. } => Self::Credentials,
            Halt::BreakerOpen { .. } => Self::MarketplaceDown,
            Halt::TooSlow { .. } => Self::TooSlow,
            Halt::Stopped => return None,
            Halt::SendingHeld { .. } | Halt::HoldTakenOver | Halt::HeldByOthers { .. } => Self::SendingHeld,
            Halt::WrongShop { .. } => Self::WrongShop,
        })
    }

    fn of_marketplace(error: &MarketplaceError) -> Self {
        match error {
            MarketplaceError::Unreachable { .. } | MarketplaceError::Unreadable { .. } => Self::MarketplaceDown,
            MarketplaceError::Throttled { .. } => Self::Throttled,
            MarketplaceError::Credentials { .. } => Self::Credentials,
            MarketplaceError::Refused { .. } => Self::MarketplaceRefuses,
            MarketplaceError::Unrecorded(_) => Self::StoreDown,
        }
    }
}

/// How a run ended, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunNote {
    /// It came to its end.
    Done,
    /// Something was in the way.
    Hindered {
        /// What.
        trouble: Trouble,
        /// What it said.
        detail: String,
    },
}

impl RunNote {
    /// How a run ended; `None` where somebody asked it to stop, which says nothing of the shop.
    #[must_use]
    pub fn of(halt: Option<&Halt>) -> Option<Self> {
        let Some(halt) = halt else {
            return Some(Self::Done);
        };
        Some(Self::Hindered {
            trouble: Trouble::of(halt)?,
            detail: chain(halt),
        })
    }

    /// The trouble as it is stored, and what it said.
    #[must_use]
    pub fn trouble(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Done => None,
            Self::Hindered { trouble, detail } => Some((trouble.as_str(), detail)),
        }
    }
}

/// An error with its causes, outermost first.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        next = cause.source();
    }
    words
}

/// The store's own failure, for whoever can't put it on record.
pub(super) fn of_store(error: &StoreError) -> RunNote {
    RunNote::Hindered {
        trouble: Trouble::StoreDown,
        detail: chain(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_reads_back_as_itself() {
        for trouble in Trouble::all() {
            assert_eq!(Trouble::parse(trouble.as_str()), Some(trouble));
        }
        assert_eq!(Trouble::parse("fine"), None);
    }

    #[test]
    fn a_run_that_was_asked_to_stop_says_nothing_of_the_shop() {
        assert_eq!(RunNote::of(Some(&Halt::Stopped)), None);
        assert_eq!(RunNote::of(None), Some(RunNote::Done));
    }

    #[test]
    fn what_stopped_a_run_is_told_with_its_causes() {
        let halt = Halt::Marketplace(MarketplaceError::Unreachable {
            what: "connection refused".to_owned(),
            source: None,
        });
        let note = RunNote::of(Some(&halt)).unwrap();
        assert_eq!(
            note.trouble(),
            Some((
                "marketplace_down",
                "the marketplace could not be read: the marketplace can't be reached: connection refused"
            ))
        );
        let lost = Halt::Marketplace(MarketplaceError::Unrecorded(StoreError::Full("disk".into())));
        assert_eq!(Trouble::of(&lost), Some(Trouble::StoreDown));
        let expired = Halt::Marketplace(MarketplaceError::Credentials { status: 401 });
        assert_eq!(Trouble::of(&expired), Some(Trouble::Credentials));
    }
}
