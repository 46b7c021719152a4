//! The calls of a history, in terms that mean the same on every store and after other calls were left out.
//!
//! Times count from a moment far from the stores' own clocks, orders and calls are named by their place, a lease is
//! told as "the order's present number, or so many off": so any call can be made at any point of any history.
//!
//! The file is long because each method of the ports is a variant.

use std::fmt;
use std::time::Duration;

use ackord::call::{CallOutcome, Endpoint};
use ackord::failure::FailureCause;
use ackord::ports::Suspects;
use ackord::status::OrderStatus;
use ackord::time::Timestamp;
use ackord::work::Phase;
use jiff::SignedDuration;

/// The seconds since 1970 that times count from: 2100, so that no store's own time comes near.
const BASE: i64 = 4_102_444_800;

/// A time, in microseconds after [`BASE`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At(pub(super) i64);

impl At {
    pub(super) fn timestamp(self) -> Timestamp {
        Timestamp::from_second(BASE).unwrap_or_default() + SignedDuration::from_micros(self.0)
    }

    pub(super) fn plus(self, micros: i64) -> Self {
        Self(self.0 + micros)
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.unsigned_abs();
        let sign = if self.0 < 0 { '-' } else { '+' };
        write!(f, "{sign}{}.{:06}s", micros / 1_000_000, micros % 1_000_000)
    }
}

/// A call on record: the nth that was begun or intended, or none that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallRef {
    /// The nth, modulo how many there are.
    Nth(usize),
    /// The order's last acceptance, where it has one.
    LastOf(&'static str),
    /// One that was never begun.
    Stranger,
}

/// The number of an operation within its history.
pub(super) type Op = u32;

/// An order to be ingested.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) order: &'static str,
    pub(super) placed_at: Option<At>,
    pub(super) note: &'static str,
    pub(super) look: CallRef,
}

/// A lease as somebody holds it, by how far its number and its version are off the order's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) order: &'static str,
    pub(super) fence_off: i64,
    pub(super) version_off: i64,
}

/// An acceptance about to be sent.
#[derive(Debug, Clone)]
pub(super) struct Intending {
    pub(super) hold: Hold,
    pub(super) related: &'static str,
    pub(super) at: At,
    pub(super) lines: u8,
}

/// The end of a call.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) call: CallRef,
    pub(super) outcome: CallOutcome,
    pub(super) status: Option<u16>,
    pub(super) response: Option<&'static str>,
    pub(super) duration: Duration,
}

/// An entry of ours.
#[derive(Debug, Clone)]
pub(super) struct Entering {
    pub(super) status: OrderStatus,
    pub(super) note: &'static str,
    pub(super) attempt: Option<u32>,
    pub(super) retry_at: Option<At>,
    pub(super) send: Option<CallRef>,
    pub(super) look: Option<CallRef>,
}

/// An inbox entry of ours.
#[derive(Debug, Clone)]
pub(super) struct Failing {
    pub(super) related: &'static str,
    pub(super) cause: FailureCause,
    pub(super) details: &'static str,
    pub(super) needs_person: bool,
    pub(super) version: Option<i64>,
}

/// A settlement.
#[derive(Debug, Clone)]
pub(super) struct Settling {
    pub(super) hold: Hold,
    pub(super) entry: Option<Entering>,
    pub(super) failure: Option<Failing>,
    pub(super) resolution: Option<&'static str>,
    pub(super) close: Option<CallRef>,
    pub(super) phase: Phase,
    pub(super) due_at: Option<At>,
    pub(super) counts: [u32; 4],
    pub(super) since: At,
    pub(super) call_open: bool,
    pub(super) keeps_count: bool,
    pub(super) lines: u8,
    pub(super) reason: Option<&'static str>,
}

/// An entry that a person adds.
#[derive(Debug, Clone)]
pub(super) struct Deciding {
    pub(super) order: &'static str,
    /// How far the version that they saw is from the order's.
    pub(super) version_off: i64,
    pub(super) status: &'static str,
    pub(super) note: &'static str,
    pub(super) resolution: Option<&'static str>,
}

/// An entry of another program.
#[derive(Debug, Clone)]
pub(super) struct Appending {
    pub(super) order: &'static str,
    pub(super) status: &'static str,
    pub(super) note: Option<&'static str>,
    pub(super) retry_at: Option<At>,
}

/// One call of a history.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Ingest {
        op: Op,
        now: At,
        orders: Vec<Listed>,
    },
    Claim {
        op: Op,
        now: At,
        phases: Vec<Phase>,
        lease: Duration,
        worker: &'static str,
        limit: usize,
        suspects: Suspects,
    },
    Renew {
        holds: Vec<Hold>,
        now: At,
        lease: Duration,
    },
    Intend {
        op: Op,
        intents: Vec<Intending>,
    },
    Answer {
        answers: Vec<Ending>,
    },
    Settle {
        op: Op,
        now: At,
        settlements: Vec<Settling>,
    },
    /// The same write once more, under its operation id, with whatever it held then.
    Repeat {
        op: Op,
    },
    NextDue {
        phases: Vec<Phase>,
        now: At,
    },
    Standings {
        orders: Vec<&'static str>,
    },
    Count {
        phases: Vec<Phase>,
    },
    Shop {
        key: &'static str,
    },
    ReservePoll {
        key: &'static str,
        now: At,
        interval: Duration,
    },
    Pause {
        key: &'static str,
        until: At,
    },
    DrawCalls {
        key: &'static str,
        least: u32,
        most: u32,
    },
    CountUnanswered {
        key: &'static str,
        answered: bool,
        unanswered: u32,
    },
    Begin {
        endpoint: Endpoint,
        related: Option<&'static str>,
        text: &'static str,
        at: At,
    },
    Finish {
        ending: Ending,
        seen: Vec<(&'static str, Option<&'static str>)>,
    },
    OpenInbox {
        entries: Vec<Failing>,
    },
    ListOrders {
        status: Option<&'static str>,
        since: Option<At>,
        after: Option<&'static str>,
        limit: usize,
    },
    Story {
        order: &'static str,
    },
    Summaries {
        orders: Vec<&'static str>,
    },
    ListCalls {
        order: Option<&'static str>,
        endpoint: Option<&'static str>,
        outcome: Option<CallOutcome>,
        since: Option<At>,
        before: Option<CallRef>,
        limit: usize,
    },
    Lookup {
        call: CallRef,
    },
    ListFailures {
        open: Option<bool>,
        needs_person: Option<bool>,
        cause: Option<&'static str>,
        related: Option<&'static str>,
        since: Option<At>,
        limit: usize,
    },
    /// The entries of all timelines, page by page.
    Stream {
        since: Option<At>,
        before: Option<At>,
        limit: usize,
    },
    /// Another program stores an order, without an entry.
    ForeignOrder {
        order: &'static str,
    },
    /// Another program appends entries, in one transaction.
    ForeignEntries {
        entries: Vec<Appending>,
    },
    /// Another program opens an inbox entry.
    ForeignFailure {
        related: &'static str,
        process: &'static str,
        details: &'static str,
    },
    /// A person adds entries.
    Decide {
        entries: Vec<Deciding>,
    },
    /// A person closes inbox entries, by their places among all of them.
    CloseFailures {
        failures: Vec<usize>,
    },
    /// The fencing numbers of a new epoch begin, as after a rebuild.
    RaiseEpoch,
    /// Whether sending is held.
    Sending,
    HoldSending {
        now: At,
    },
    /// Ends the hold that stands, or one whose epoch is so many off.
    AllowSending {
        epoch_off: i64,
    },
    ToReconcile {
        since: At,
    },
    /// The whole log, in batches of `limit` calls.
    Prune {
        before: At,
        now: At,
        limit: usize,
        preview: bool,
    },
    Prunings {
        limit: usize,
    },
    TakeUp {
        op: Op,
        orders: Vec<&'static str>,
        now: At,
        lease: Duration,
    },
    Records {
        after: Option<&'static str>,
        limit: usize,
    },
    BeginRebuild,
    Rebuild {
        after: Option<&'static str>,
        limit: usize,
        now: At,
    },
}

impl Call {
    /// The operation id under which it writes, if it has one.
    pub(super) fn op(&self) -> Option<Op> {
        match self {
            Self::Ingest { op, .. }
            | Self::Claim { op, .. }
            | Self::Intend { op, .. }
            | Self::Settle { op, .. }
            | Self::TakeUp { op, .. } => Some(*op),
            _ => None,
        }
    }

    /// What kind of call it is, for the counts.
    pub(super) fn kind(&self) -> String {
        let words = format!("{self:?}");
        words.split([' ', '{']).next().unwrap_or_default().to_owned()
    }

    /// Smaller calls of the same kind, for the shrinking: each with one part of a list left out.
    pub(super) fn smaller(&self) -> Vec<Self> {
        fn without<T: Clone>(list: &[T], make: impl Fn(Vec<T>) -> Call) -> Vec<Call> {
            let leave_out = |place| {
                let mut list = list.to_vec();
                list.remove(place);
                make(list)
            };
            (0..list.len()).map(leave_out).collect()
        }
        match self.clone() {
            Self::Ingest { op, now, orders } => without(&orders, |orders| Self::Ingest { op, now, orders }),
            Self::Intend { op, intents } => without(&intents, |intents| Self::Intend { op, intents }),
            Self::Answer { answers } => without(&answers, |answers| Self::Answer { answers }),
            Self::Settle { op, now, settlements } => {
                let mut smaller = without(&settlements, |settlements| Self::Settle { op, now, settlements });
                for (place, settling) in settlements.iter().enumerate() {
                    smaller.extend(settling.smaller().into_iter().map(|less| {
                        let mut settlements = settlements.clone();
                        settlements[place] = less;
                        Self::Settle { op, now, settlements }
                    }));
                }
                smaller
            }
            Self::Claim {
                op,
                now,
                phases,
                lease,
                worker,
                limit,
                suspects,
            } => without(&phases, |phases| Self::Claim {
                op,
                now,
                phases,
                lease,
                worker,
                limit,
                suspects,
            }),
            Self::Renew { holds, now, lease } => without(&holds, |holds| Self::Renew { holds, now, lease }),
            Self::NextDue { phases, now } => without(&phases, |phases| Self::NextDue { phases, now }),
            Self::Standings { orders } => without(&orders, |orders| Self::Standings { orders }),
            Self::Count { phases } => without(&phases, |phases| Self::Count { phases }),
            Self::Finish { ending, seen } => without(&seen, |seen| Self::Finish {
                ending: ending.clone(),
                seen,
            }),
            Self::OpenInbox { entries } => without(&entries, |entries| Self::OpenInbox { entries }),
            Self::TakeUp { op, orders, now, lease } => {
                without(&orders, |orders| Self::TakeUp { op, orders, now, lease })
            }
            Self::ForeignEntries { entries } => without(&entries, |entries| Self::ForeignEntries { entries }),
            Self::Summaries { orders } => without(&orders, |orders| Self::Summaries { orders }),
            Self::Decide { entries } => without(&entries, |entries| Self::Decide { entries }),
            Self::CloseFailures { failures } => without(&failures, |failures| Self::CloseFailures { failures }),
            _ => Vec::new(),
        }
    }
}

impl Settling {
    /// The same with one part less.
    fn smaller(&self) -> Vec<Self> {
        let mut smaller = Vec::new();
        let mut less = |is_there: bool, leave_out: fn(&mut Self)| {
            if is_there {
                let mut settling = self.clone();
                leave_out(&mut settling);
                smaller.push(settling);
            }
        };
        less(self.entry.is_some(), |settling| settling.entry = None);
        less(self.failure.is_some(), |settling| settling.failure = None);
        less(self.resolution.is_some(), |settling| settling.resolution = None);
        less(self.close.is_some(), |settling| settling.close = None);
        less(self.reason.is_some(), |settling| settling.reason = None);
        less(self.lines > 0, |settling| settling.lines = 0);
        smaller
    }
}
