//! Figures of the business: what became of the orders in each span of time, made from the record alone.
//!
//! [`Figures`] takes every entry of all timelines and every entry of the inbox once, in any order, and keeps counts: its memory
//! goes by the number of spans, not by that of the orders.
//!
//! | figure | what is counted, each by its own time |
//! |---|---|
//! | new orders | first entries of timelines |
//! | accepted | an order's first entry `accepted`, whoever wrote it |
//! | time to acceptance | from when that order was placed until that entry |
//! | refused | entries of the inbox that tell of a refusal: each is written together with the order's entry `cancelled`, under the same time |
//! | cancelled | an order's first entry `cancelled`, less the refused ones |
//! | failures | entries of the inbox, by their cause |

mod waits;

use std::collections::BTreeMap;

use crate::failure::FailureCause;
use crate::ports::{FailureRow, TimelineRow};
use crate::status::OrderStatus;
use crate::time::{Timestamp, until};
use crate::work::Version;

pub use waits::Waits;

/// What entries of the inbox count as that have no cause that is known: those of other modules.
pub const OTHER: &str = "other";

/// There is no span of time between these boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("figures need two boundaries or more, each later than the one before")]
pub struct NoSpans;

/// The figures of one span of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Orders that came to be known.
    pub new_orders: u64,
    /// Orders that were accepted for the first time.
    pub accepted: u64,
    /// Orders that were refused, by the shop or at their deadline.
    pub refused: u64,
    /// How long after it was placed each of the accepted ones was.
    pub waits: Waits,
    /// Entries of the inbox by cause, and [`OTHER`].
    pub failures: BTreeMap<&'static str, u64>,
    /// Orders that were lost, the refused ones among them.
    lost: u64,
}

impl Counts {
    /// Orders that were lost without being refused.
    #[must_use]
    pub fn cancelled(&self) -> u64 {
        self.lost.saturating_sub(self.refused)
    }

    /// Orders that were lost in any way.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.cancelled().saturating_add(self.refused)
    }

    /// Entries of the inbox, whatever their cause.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The figures of spans of time that follow each other, and of all of them together.
#[derive(Debug, Clone)]
pub struct Figures {
    bounds: Vec<Timestamp>,
    spans: Vec<Counts>,
    total: Counts,
}

impl Figures {
    /// Without anything counted, for the spans from each boundary up to, and not including, the next.
    ///
    /// # Errors
    /// [`NoSpans`] for less than two boundaries, or where one is not later than the one before.
    pub fn new(bounds: Vec<Timestamp>) -> Result<Self, NoSpans> {
        if bounds.len() < 2 || bounds.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(NoSpans);
        }
        Ok(Self {
            spans: vec![Counts::default(); bounds.len() - 1],
            bounds,
            total: Counts::default(),
        })
    }

    /// Counts an entry of a timeline. One outside of every span counts for nothing.
    pub fn entry(&mut self, row: &TimelineRow) {
        let entry = &row.entry;
        self.count(entry.at, |counts| {
            if entry.version == Version(1) {
                counts.new_orders += 1;
            }
            match entry.status {
                OrderStatus::Accepted if row.is_first => {
                    counts.accepted += 1;
                    counts.waits.add(until(row.placed_at, entry.at));
                }
                OrderStatus::Cancelled if row.is_first => counts.lost += 1,
                _ => {}
            }
        });
    }

    /// Counts an entry of the inbox. One outside of every span counts for nothing.
    pub fn failure(&mut self, row: &FailureRow) {
        let cause = row.cause.as_deref().and_then(FailureCause::parse);
        let refused = matches!(
            cause,
            Some(FailureCause::RefusedByShop | FailureCause::RefusedAtDeadline)
        );
        self.count(row.at, |counts| {
            counts.refused += u64::from(refused);
            *counts
                .failures
                .entry(cause.map_or(OTHER, FailureCause::as_str))
                .or_default() += 1;
        });
    }

    /// The first moment that is counted.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.bounds[0]
    }

    /// The first moment that is not counted any more.
    #[must_use]
    pub fn before(&self) -> Timestamp {
        self.bounds[self.bounds.len() - 1]
    }

    /// Each span, oldest first: from when, until when, and its figures.
    pub fn spans(&self) -> impl Iterator<Item = (Timestamp, Timestamp, &Counts)> {
        let ends = self.bounds.iter().skip(1);
        self.bounds
            .iter()
            .zip(ends)
            .zip(&self.spans)
            .map(|((from, to), counts)| (*from, *to, counts))
    }

    /// All spans together.
    #[must_use]
    pub fn total(&self) -> &Counts {
        &self.total
    }

    fn count(&mut self, at: Timestamp, add: impl Fn(&mut Counts)) {
        let begun = self.bounds.partition_point(|bound| *bound <= at);
        let Some(place) = begun.checked_sub(1).filter(|place| *place < self.spans.len()) else {
            return;
        };
        add(&mut self.spans[place]);
        add(&mut self.total);
    }
}

#[cfg(test)]
mod tests;
