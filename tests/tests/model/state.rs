//! The state of the model: one order, its row, two workers, calls on their way, the marketplace.
//!
//! Every time is a countdown in ticks, so that the model has no horizon and no end of time; a countdown of zero is in the
//! past. Fencing numbers and versions are only ever asked for equality with the row's, so a claim keeps whether they are
//! equal still.

/// What comes next for the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Phase {
    Ready,
    Sending,
    Validating,
    Retry,
    Review,
    Settled,
}

/// The order's newest entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Status {
    Pending,
    Accepted,
    Cancelled,
    Failed,
    /// An entry by another program that ends the work.
    Foreign,
}

/// How a call ended, as it stands on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Applied,
    Precondition,
    Refused,
    NotSent,
    Unknown,
    Unanswered,
}

/// How a call ended, to the worker that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Applied,
    Precondition,
    Refused,
    NotSent,
    Unknown,
    Withdrawn,
}

/// The last call on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) outcome: Option<Outcome>,
    /// Until its `answer_by` and the staleness after it are over.
    pub(crate) certain_in: u8,
}

/// How the order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Standing {
    pub(crate) phase: Phase,
    pub(crate) due_in: u8,
    pub(crate) attempt: u8,
    pub(crate) looks: u8,
    pub(crate) waiting_looks: u8,
    /// Until the staleness after the moment since which it stands like this is over.
    pub(crate) since: u8,
    pub(crate) open: bool,
}

/// What is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) status: Status,
    pub(crate) standing: Standing,
    pub(crate) call: Option<Call>,
    pub(crate) lease: u8,
}

/// What a worker knows of an order that it claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Claim {
    /// Whether the row's fencing number is this claim's still.
    pub(crate) fence: bool,
    /// Whether the row's version is the one that was claimed still.
    pub(crate) version: bool,
    /// Whether `call` is the last call on record still.
    pub(crate) last_call: bool,
    pub(crate) standing: Standing,
    pub(crate) call: Option<Call>,
    /// Until the worker stops trusting its lease.
    pub(crate) trusted: u8,
}

/// A state of the order on the marketplace, or what a look shows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Seen {
    Waiting,
    Accepted,
    Cancelled,
    Missing,
}

/// A look under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Look {
    /// Which states it may still show.
    pub(crate) may_show: [bool; 3],
    /// Whether it began after the call's `answer_by`.
    pub(crate) after_answer_by: bool,
    /// Whether it began after that and the staleness of reads.
    pub(crate) certain: bool,
    /// Whether it began the staleness of reads after the answer.
    pub(crate) after_since: bool,
    /// Until the next look may begin.
    pub(crate) next_in: u8,
    /// Whether the order was accepted, and had been for the staleness of reads, when it began.
    pub(crate) accepted_for_long: bool,
}

/// An acceptance that has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Letter {
    /// Within how much time it arrives, if ever.
    pub(crate) left: u8,
    /// What became of it.
    pub(crate) reply: Option<Reply>,
}

/// What the marketplace made of an acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Reply {
    Applied,
    Precondition,
    Refused,
}

/// A write that is decided and not yet committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Settlement {
    pub(crate) standing: Standing,
    pub(crate) entry: Option<Status>,
    pub(crate) close_call: bool,
    /// Why its entry is true, as far as the one who writes can know.
    pub(crate) basis: Basis,
}

/// What an entry rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Basis {
    /// A look that showed it.
    Sight,
    /// A look that did not show it, though it had stood for longer than reads may be behind.
    BlindSight,
    /// The answer to a call.
    Answer,
}

/// Where a worker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    Idle,
    Claimed,
    Looking(Look),
    Sendable,
    /// The intent is on its way into the store.
    Intending {
        start_within: u8,
        certain_in: u8,
    },
    Intended {
        start_within: u8,
    },
    /// The last check is passed, no byte has left.
    Frozen,
    Sending(Letter),
    Answered(Verdict),
    Settling(Settlement),
}

/// A worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Worker {
    /// Whether its listing of this run shows the order as waiting.
    pub(crate) listing: bool,
    pub(crate) claim: Option<Claim>,
    pub(crate) step: Step,
}

/// The marketplace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Market {
    pub(crate) state: Seen,
    /// For how long reads that begin may show each state that is over.
    pub(crate) shown_for: [u8; 3],
    /// How many decisions of ours took effect.
    pub(crate) applied: u8,
}

/// What must never happen and can't be told from a state alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Slips {
    pub(crate) false_failure: bool,
    pub(crate) accepted_unseen: bool,
    pub(crate) passed_over_an_entry: bool,
    pub(crate) sent_under_lost_lease: bool,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) row: Row,
    pub(crate) workers: [Worker; 2],
    /// Acceptances on their way whose senders don't wait for them any more.
    pub(crate) orphans: Vec<Letter>,
    pub(crate) market: Market,
    pub(crate) foreign_left: u8,
    pub(crate) slips: Slips,
}
