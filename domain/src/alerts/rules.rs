//! When people are told, and how often.

use std::time::Duration;

/// The rules of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRules {
    /// How long after its creation an order has to be accepted: [`crate::Settings::acceptance_deadline`].
    pub deadline: Duration,
    /// For how long the marketplace or the store may be in the way before anybody is told.
    pub outage_after: Duration,
    /// For how long nothing may have run before somebody is told.
    pub silent_after: Duration,
    /// So often people are told again of what still is so.
    pub reminder: Duration,
    /// So long after people were told of something they are not told that it has grown, or that it is back.
    pub quiet: Duration,
    /// Of so many alerts people are told within an hour, critical ones and all-clears aside; what is beyond that is told later.
    pub hourly: u32,
    /// How many orders a message names.
    pub names: usize,
}

impl Default for AlertRules {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(24 * 3600),
            outage_after: Duration::from_secs(15 * 60),
            silent_after: Duration::from_secs(30 * 60),
            reminder: Duration::from_secs(4 * 3600),
            quiet: Duration::from_secs(30 * 60),
            hourly: 20,
            names: 10,
        }
    }
}

/// The hour of [`AlertRules::hourly`].
pub(super) const HOUR: Duration = Duration::from_secs(3600);

impl AlertRules {
    /// How old an order is when half of its time is gone.
    #[must_use]
    pub fn half(&self) -> Duration {
        self.deadline / 2
    }

    /// For how long alerts that are over still count.
    #[must_use]
    pub fn remembered(&self) -> Duration {
        self.quiet.max(HOUR)
    }

    /// How old an order is when four fifths of its time are gone.
    #[must_use]
    pub fn late(&self) -> Duration {
        self.deadline / 5 * 4
    }
}
