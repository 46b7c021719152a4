//! How an order stands while it is worked on: scheduling beside the timeline, which can be rebuilt from the record.

use std::fmt;

use crate::call::{CallId, CallOutcome};
use crate::failure::NewFailure;
use crate::order::{Decision, OrderId};
use crate::status::OrderStatus;
use crate::time::Timestamp;

/// The number of an order's newest entry: 1 for the first, growing by one with each, without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number under which a lease was given: each claim of an order gets a greater one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub i64);

impl Fence {
    /// The store's epoch in which it was given out, or a later one.
    #[must_use]
    pub fn epoch(self) -> Epoch {
        Epoch(self.0 >> 32)
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The store's epoch: the numbers of leases begin at epoch · 2³². It rises where every lease from before must be void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub i64);

impl Epoch {
    /// The least epoch that a hold at `now` begins with: the minutes since 1970. A store that was restored has forgotten its
    /// last epochs; counted on from the restored one, the next could be one of those.
    #[must_use]
    pub fn least_at(now: Timestamp) -> Self {
        Self(now.as_second().max(0) / 60)
    }
}

/// After so many claims in a row that were never released an order is a suspect: it may be what its workers end by, and is
/// claimed alone from then on, so that it takes no other order along.
///
/// Fewer would have a single bad deploy slow down everything that was under way; more would let a bad order stop its
/// neighbours for longer.
pub const CLAIMS_TOGETHER: u32 = 3;

/// So many claims alone in a row may stay unreleased; an order that had more goes to review at its next claim.
///
/// With the claims before, twelve kills in a row send no order there.
pub const CLAIMS_ALONE: u32 = 9;

/// The id of one write, so that a write whose answer was lost can be repeated without a second effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub uuid::Uuid);

/// What comes next for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// To be looked at, and sent where the look allows it.
    Ready,
    /// An intent is durable; what became of the call has not been settled.
    Sending,
    /// To be looked at until it is seen as accepted or lost.
    Validating,
    /// Failed, with a retry due at a time.
    Retry,
    /// Another program wrote `acceptance_failed` without a retry: to be filed in the inbox.
    Unfiled,
    /// Waits for a person; still looked at, seldom.
    Review,
    /// Nothing to do.
    Settled,
}

const PHASES: [(Phase, &str); 7] = [
    (Phase::Ready, "ready"),
    (Phase::Sending, "sending"),
    (Phase::Validating, "validating"),
    (Phase::Retry, "retry"),
    (Phase::Unfiled, "unfiled"),
    (Phase::Review, "review"),
    (Phase::Settled, "settled"),
];

impl Phase {
    /// Every phase.
    pub fn all() -> impl Iterator<Item = Self> {
        PHASES.into_iter().map(|(phase, _)| phase)
    }

    /// Whether an order in this phase is claimed to be sent: not while sending is held.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::Ready | Self::Sending)
    }

    /// The phase as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        PHASES
            .iter()
            .find(|(phase, _)| *phase == self)
            .map_or("", |(_, name)| name)
    }

    /// Reads what [`Phase::as_str`] wrote; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        PHASES
            .into_iter()
            .find(|(_, name)| *name == text)
            .map(|(phase, _)| phase)
    }

    /// The phase in which an entry by another program leaves an order that stood in `before`.
    ///
    /// A foreign `pending_acceptance` starts the attempts anew but forgets no undecided intent; any status that is none
    /// of acceptance's ends its work. The stores' triggers follow this function; the contract suite compares them.
    #[must_use]
    pub fn after_foreign_entry(before: Option<Self>, status: &OrderStatus, has_retry_time: bool) -> Self {
        match status {
            OrderStatus::PendingAcceptance => match before {
                Some(Self::Sending) => Self::Sending,
                Some(Self::Validating) => Self::Validating,
                _ => Self::Ready,
            },
            OrderStatus::AcceptanceFailed if has_retry_time => Self::Retry,
            OrderStatus::AcceptanceFailed => Self::Unfiled,
            OrderStatus::Accepted | OrderStatus::Cancelled | OrderStatus::Other(_) => Self::Settled,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an order stands: all that a worker needs to go on with it, besides its newest entry and last call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What comes next.
    pub phase: Phase,
    /// When that is due; `None` where nothing is.
    pub due_at: Option<Timestamp>,
    /// The attempt under way, or the next one: from 1.
    pub attempt: u32,
    /// Looks used up in this attempt.
    pub looks: u32,
    /// Looks in a row that were begun after the call's `answer_by` and showed the order unaccepted.
    pub waiting_looks: u32,
    /// Looks in a row that used up no attempt, for the backoff between them.
    pub slow_looks: u32,
    /// Since when it stands like this: the debit grace counts from here.
    pub since: Timestamp,
    /// Whether what became of the last call is undecided.
    pub call_open: bool,
    /// The decision that the first intent froze.
    pub decision: Option<Decision>,
    /// Why the last attempt failed, for the note of the next one.
    pub reason: Option<String>,
}

impl Standing {
    /// The standing of an order that nothing has been done for.
    #[must_use]
    pub fn fresh(now: Timestamp) -> Self {
        Self {
            phase: Phase::Ready,
            due_at: Some(now),
            attempt: 1,
            looks: 0,
            waiting_looks: 0,
            slow_looks: 0,
            since: now,
            call_open: false,
            decision: None,
            reason: None,
        }
    }
}

/// The last acceptance call of an order, as it stands on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastCall {
    /// Its id.
    pub id: CallId,
    /// When it started.
    pub started_at: Timestamp,
    /// When it had ended one way or another.
    pub answer_by: Timestamp,
    /// How it ended; `None` where no answer is on record.
    pub outcome: Option<CallOutcome>,
}

/// An order under a lease of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The order.
    pub order_id: OrderId,
    /// The number of our lease.
    pub fence: Fence,
    /// The version of its newest entry.
    pub version: Version,
    /// The status of its newest entry.
    pub status: OrderStatus,
    /// When the customer placed it, or else when it was first stored: the deadline counts from here.
    pub placed_at: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// Its last acceptance call.
    pub call: Option<LastCall>,
    /// How often in a row, this claim included, it was claimed and not released.
    pub unreleased_claims: u32,
    /// How many of those were claims of this order alone.
    pub unreleased_alone: u32,
}

impl Claimed {
    /// Whether it was given out alone, for it may be what its earlier workers ended by.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.unreleased_alone > 0
    }

    /// Whether no answer to its last call was ever put on record. Then its sending may be what its worker ended by: that
    /// somebody else took it over and looked at it says nothing about the next send.
    #[must_use]
    pub fn call_is_unanswered(&self) -> bool {
        self.call
            .is_some_and(|call| matches!(call.outcome, None | Some(CallOutcome::Unanswered)))
    }

    /// The term under which it is held.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease {
            order_id: self.order_id.clone(),
            fence: self.fence,
            version: self.version,
        }
    }
}

/// An order, the number of the lease on it, and the version that it was given out on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The order.
    pub order_id: OrderId,
    /// The number of the lease.
    pub fence: Fence,
    /// The version of the order's newest entry.
    pub version: Version,
}

/// An entry of the timeline to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The status.
    pub status: OrderStatus,
    /// What happened, for people.
    pub note: String,
    /// The attempt that it belongs to.
    pub attempt: Option<u32>,
    /// When a failed attempt is retried.
    pub retry_at: Option<Timestamp>,
    /// The acceptance call that justifies it.
    pub send: Option<CallId>,
    /// The look that justifies it.
    pub look: Option<CallId>,
}

/// All that is written for one order together: either the whole of it stands afterwards, or nothing.
///
/// It holds only while (fence, version) are still the order's, and it ends the lease.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The order.
    pub order_id: OrderId,
    /// The number of the lease under which it is written.
    pub fence: Fence,
    /// The version on which it was decided.
    pub version: Version,
    /// The status of that version.
    pub from: OrderStatus,
    /// The entry to append, where the status moves.
    pub entry: Option<NewEntry>,
    /// The inbox entry to open, about this order.
    pub failure: Option<NewFailure>,
    /// With these words the order's earlier open entries of acceptance are closed.
    pub resolution: Option<String>,
    /// The call to close as unanswered.
    pub close_call: Option<CallId>,
    /// How the order stands afterwards.
    pub standing: Standing,
    /// Whether the unreleased claims before this one stay counted ([`Claimed::call_is_unanswered`]).
    pub keeps_count: bool,
}

impl Settlement {
    /// Gives a claim back: the order stands as before.
    #[must_use]
    pub fn release(claimed: &Claimed) -> Self {
        Self {
            order_id: claimed.order_id.clone(),
            fence: claimed.fence,
            version: claimed.version,
            from: claimed.status.clone(),
            entry: None,
            failure: None,
            resolution: None,
            close_call: None,
            standing: claimed.standing.clone(),
            keeps_count: claimed.call_is_unanswered(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_reads_back_as_itself() {
        for phase in Phase::all() {
            assert_eq!(Phase::parse(phase.as_str()), Some(phase));
        }
        assert_eq!(Phase::parse("asleep"), None);
    }

    #[test]
    fn a_foreign_pending_forgets_no_undecided_intent() {
        let pending = OrderStatus::PendingAcceptance;
        for (before, after) in [
            (None, Phase::Ready),
            (Some(Phase::Settled), Phase::Ready),
            (Some(Phase::Review), Phase::Ready),
            (Some(Phase::Sending), Phase::Sending),
            (Some(Phase::Validating), Phase::Validating),
        ] {
            assert_eq!(Phase::after_foreign_entry(before, &pending, false), after, "{before:?}");
        }
    }

    #[test]
    fn a_foreign_failure_is_retried_or_filed() {
        let failed = OrderStatus::AcceptanceFailed;
        assert_eq!(
            Phase::after_foreign_entry(Some(Phase::Ready), &failed, true),
            Phase::Retry
        );
        assert_eq!(
            Phase::after_foreign_entry(Some(Phase::Ready), &failed, false),
            Phase::Unfiled
        );
    }

    #[test]
    fn any_other_foreign_status_ends_the_work() {
        let shipped = OrderStatus::parse("shipped");
        assert_eq!(
            Phase::after_foreign_entry(Some(Phase::Sending), &shipped, false),
            Phase::Settled
        );
    }
}
