//! What to do next with an order: pure functions of what is known of it, what was just seen, the time and the settings.
//!
//! Each returns the whole write that follows, so that a decision and its record can't come apart.
//!
//! | function | given | when |
//! |---|---|---|
//! | [`workers_lost`] | a claimed order | its workers ended again and again while they had it alone |
//! | [`at_claim`] | a claimed order with an undecided call | a worker died or was stopped in the middle |
//! | [`before_send`] | a claimed order and a look | before any acceptance of this attempt |
//! | [`after_answer`] | a call and its answer | right after it |
//! | [`validating`] | an order in flight and a look | until it is accepted, lost, failed or in review |
//! | [`in_review`] | an order that waits for a person and a look | hourly |
//! | [`reconciled`] | an order in any phase and a look by `reconcile` | after a restore |
//! | [`requeue`], [`file_foreign`] | a retry that is due, a foreign failure | at the start of a run |

mod answer;
mod parts;
mod reconcile;
mod review;
mod send;
mod validate;

#[cfg(test)]
pub(super) mod tests;

pub use answer::{after_answer, at_claim};
pub use reconcile::{Reconciled, reconciled};
pub use review::{file_foreign, in_review, requeue, workers_lost};
pub use send::{BeforeSend, before_send};
pub use validate::validating;

use crate::call::CallId;
use crate::ports::Randomness;
use crate::settings::Settings;
use crate::time::Timestamp;

/// What every decision may take into account besides the order itself.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The store's time.
    pub now: Timestamp,
    /// For jitter.
    pub random: &'a dyn Randomness,
    /// Whether the marketplace is taken to be out: such failures cost an order no attempt.
    pub outage: bool,
}

/// The look behind what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookedAt {
    /// The call on record.
    pub call: CallId,
    /// When its request began, by the store's time.
    pub began_at: Timestamp,
}
