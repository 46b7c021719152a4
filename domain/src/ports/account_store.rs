//! What the marketplace said of each shop itself, and when it is asked again.
//!
//! It has to be asked seldom, and by one of all that share a store. The shop is named as in [`super::AlertStore`].

use std::fmt::Debug;

use async_trait::async_trait;

use super::{ShopFigures, StoreResult};
use crate::time::Timestamp;

/// From when on the marketplace may be asked about a shop again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckDue {
    /// Now.
    pub now: Timestamp,
    /// It is due where it was asked last at this time or before.
    pub asked_by: Timestamp,
    /// Its figures are where they were asked for last at this time or before.
    pub figures_by: Timestamp,
    /// A time of asking that lies after this one was written by a clock that has jumped since: it holds nobody up.
    pub ahead: Timestamp,
}

impl CheckDue {
    /// Whether it is due where it was asked last at `asked_at`; `None` where it never was.
    #[must_use]
    pub fn is_due(&self, asked_at: Option<Timestamp>) -> bool {
        asked_at.is_none_or(|at| at <= self.asked_by || at > self.ahead)
    }
}

/// The right to ask about a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Whether for its figures too.
    pub figures: bool,
}

/// What the marketplace said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountCheck {
    /// The shop's state as it was written; `None` where none was.
    pub state: Option<String>,
    /// Its figures, where they were told.
    pub figures: Option<ShopFigures>,
    /// Whether they were asked for.
    pub figures_asked: bool,
}

/// Figures of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayFigures {
    /// When they were told.
    pub read_at: Timestamp,
    /// What they were.
    pub figures: ShopFigures,
}

/// What is known of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountRecord {
    /// When somebody last had the right to ask; `None` where nobody ever had.
    pub asked_at: Option<Timestamp>,
    /// When the marketplace last answered, whatever it said.
    pub answered_at: Option<Timestamp>,
    /// Its state as the marketplace wrote it last.
    pub state: Option<String>,
    /// The state before that one; `None` where it was never told to be in another.
    pub state_before: Option<String>,
    /// When it was first told to be in that state, without another in between.
    pub state_since: Option<Timestamp>,
    /// When it was last told to be in that state.
    pub state_told_at: Option<Timestamp>,
    /// Its figures, oldest first.
    pub figures: Vec<DayFigures>,
}

/// Keeps what the marketplace said of shops.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait AccountStore: Debug + Send + Sync + 'static {
    /// Asks for the right to ask about the shop, where that is due. Of several that want it at once exactly one MUST be given it, and
    /// the time of asking MUST stand from then on, whatever becomes of it: the marketplace is asked no more often.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then the right counts as not given.
    async fn reserve_check(&self, shop: &str, due: &CheckDue) -> StoreResult<Option<Check>>;

    /// Notes what was said at `now`, be it nothing. The time since when, and the state before, MUST stay where the state is the same
    /// as before; a state that was not told MUST leave the one before, with its times.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn note_check(&self, shop: &str, now: Timestamp, said: &AccountCheck) -> StoreResult<()>;

    /// Has the figures count as asked for at `asked_at`, where they were not asked for after all. It MUST change nothing else, and nothing
    /// at all for a shop never asked about.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn set_figures_asked(&self, shop: &str, asked_at: Timestamp) -> StoreResult<()>;

    /// What is known of the shop, with the figures told no earlier than `figures_since`; the default for a shop never asked about.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn account_record(&self, shop: &str, figures_since: Timestamp) -> StoreResult<AccountRecord>;
}
