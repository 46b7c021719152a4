//! What can be wrong with a record, by name.

use std::fmt;

use super::record::OrderRecord;
use crate::order::OrderId;

/// One thing that can't be in the record of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The order.
    pub order_id: OrderId,
    /// What sort of thing.
    pub kind: ViolationKind,
    /// Which rows, and how they disagree, for people. Nothing personal.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.order_id, self.kind, self.detail)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// The sorts of things that can't be in a record. The names are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ViolationKind {
            $($(#[$doc])* $kind,)*
        }

        impl ViolationKind {
            /// Every kind.
            pub fn all() -> impl Iterator<Item = Self> {
                [$(Self::$kind,)*].into_iter()
            }

            /// Its stable name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// A row that can't be read.
    Unreadable = "unreadable",
    /// Rows of an order that is not stored.
    OrderMissing = "order-missing",
    /// An acceptance call or a work row of an order without a timeline.
    TimelineMissing = "timeline-missing",
    /// The timeline does not begin with version 1, or leaves one out.
    VersionGap = "version-gap",
    /// Two entries with one version.
    VersionTwice = "version-twice",
    /// A move of ours that the table of statuses does not have.
    UnlawfulMove = "unlawful-move",
    /// An acceptance without a lease's number or without a time by which it has ended.
    CallWithoutLease = "call-without-lease",
    /// An acceptance whose request holds no decision.
    CallWithoutDecision = "call-without-decision",
    /// Two acceptances under one lease.
    CallUnderUsedLease = "call-under-used-lease",
    /// An acceptance after one of which nobody had decided what became of it.
    CallOverUndecided = "call-over-undecided",
    /// A call whose outcome and success contradict each other.
    CallDisagrees = "call-disagrees",
    /// An acceptance that decides otherwise than the one before.
    DecisionChanged = "decision-changed",
    /// An entry names an acceptance that is not on record, or names none where it has to.
    SendMissing = "send-missing",
    /// An entry names a call that is another order's, or no acceptance.
    SendForeign = "send-foreign",
    /// An entry says otherwise than the outcome of its acceptance.
    SendDisagrees = "send-disagrees",
    /// An entry names a look that is not on record, or names none where it has to.
    LookMissing = "look-missing",
    /// An entry says otherwise than its look showed.
    LookDisagrees = "look-disagrees",
    /// What a look showed is on record, and the look is not.
    LookLost = "look-lost",
    /// An entry of ours that has to be in the inbox and is not.
    FailureMissing = "failure-missing",
    /// An inbox entry that says otherwise than the timeline.
    FailureDisagrees = "failure-disagrees",
    /// An inbox entry of an order that settled, still open.
    FailureLeftOpen = "failure-left-open",
    /// An order in review of which the inbox asks nobody.
    ReviewUnfiled = "review-unfiled",
    /// A timeline without its work row.
    WorkMissing = "work-missing",
    /// The work row is at another version, status or time than the timeline.
    WorkBehind = "work-behind",
    /// The work row's phase or attempt is none that the record allows.
    WorkPhase = "work-phase",
    /// The work row names another call than the last acceptance, or takes it for decided or undecided wrongly.
    WorkCall = "work-call",
    /// The work row's frozen decision is not that of the acceptances.
    WorkDecision = "work-decision",
    /// The work row's fencing number is below one that was given out.
    WorkFence = "work-fence",
    /// The work row was placed at another time than the order.
    WorkPlaced = "work-placed",
    /// No next action, or no time for it that would ever come.
    Limbo = "limbo",
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was found so far in one record.
pub(super) struct Found<'a> {
    order_id: &'a OrderId,
    pub(super) violations: Vec<Violation>,
}

impl<'a> Found<'a> {
    pub(super) fn new(record: &'a OrderRecord) -> Self {
        Self {
            order_id: &record.order_id,
            violations: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, kind: ViolationKind, detail: impl Into<String>) {
        self.violations.push(Violation {
            order_id: self.order_id.clone(),
            kind,
            detail: detail.into(),
        });
    }
}
