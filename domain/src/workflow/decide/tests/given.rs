//! What the cases are made of.

use std::time::Duration;

use crate::call::{CallId, CallOutcome};
use crate::memory::SeededRandom;
use crate::order::{Decision, LineId, OrderId, OrderLine};
use crate::reading::{Seen, SeenOrder};
use crate::settings::Settings;
use crate::state::MarketplaceState;
use crate::status::OrderStatus;
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Fence, LastCall, Phase, Settlement, Standing, Version};
use crate::workflow::decide::{Context, LookedAt};

/// The time of every decision, in seconds; orders were placed at 0.
pub(super) const NOW: u64 = 100_000;

pub(super) fn at(seconds: u64) -> Timestamp {
    time::plus(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
}

/// Owns what a [`Context`] borrows.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) settings: Settings,
    pub(super) random: SeededRandom,
    pub(super) now: Timestamp,
    pub(super) outage: bool,
}

impl Given {
    pub(super) fn new() -> Self {
        Self {
            settings: Settings {
                acceptance_deadline: Duration::from_secs(2 * NOW),
                ..Settings::default()
            },
            random: SeededRandom::new(1),
            now: at(NOW),
            outage: false,
        }
    }

    pub(super) fn ctx(&self) -> Context<'_> {
        Context {
            settings: &self.settings,
            now: self.now,
            random: &self.random,
            outage: self.outage,
        }
    }
}

pub(super) fn lines(ids: &[&str]) -> Vec<OrderLine> {
    let line = |id: &&str| OrderLine {
        id: LineId::new(*id).unwrap(),
        state: None,
    };
    ids.iter().map(line).collect()
}

pub(super) fn seen(state: &str) -> Seen {
    Seen::Order(SeenOrder {
        state: MarketplaceState::parse(state),
        lines: lines(&["L1", "L2"]),
        decided_at: None,
    })
}

pub(super) fn seen_without_lines() -> Seen {
    Seen::Order(SeenOrder {
        state: MarketplaceState::WaitingAcceptance,
        lines: Vec::new(),
        decided_at: None,
    })
}

/// A look begun right now.
pub(super) fn look() -> LookedAt {
    look_at(NOW)
}

pub(super) fn look_at(seconds: u64) -> LookedAt {
    LookedAt {
        call: CallId(77),
        began_at: at(seconds),
    }
}

/// A pending order in `phase` that nothing was sent for.
pub(super) fn order_in(phase: Phase) -> Claimed {
    Claimed {
        order_id: OrderId::new("A-1").unwrap(),
        fence: Fence(9),
        version: Version(3),
        status: OrderStatus::PendingAcceptance,
        placed_at: at(0),
        standing: Standing {
            phase,
            since: at(NOW - 1000),
            ..Standing::fresh(at(NOW - 1000))
        },
        call: None,
        unreleased_claims: 1,
        unreleased_alone: 0,
    }
}

/// An order in flight: a call that started `ago` seconds ago, undecided, with this outcome on record.
pub(super) fn in_flight(outcome: Option<CallOutcome>, ago: u64) -> Claimed {
    let mut claimed = order_in(Phase::Validating);
    claimed.call = Some(LastCall {
        id: CallId(55),
        started_at: at(NOW - ago),
        answer_by: at(NOW - ago + 12),
        outcome,
    });
    claimed.standing.call_open = true;
    claimed.standing.decision = Decision::accept_all(&lines(&["L1", "L2"]));
    claimed
}

/// The status that is written, if one is.
pub(super) fn status(settlement: &Settlement) -> Option<&str> {
    settlement.entry.as_ref().map(|entry| entry.status.as_str())
}

pub(super) fn note(settlement: &Settlement) -> &str {
    settlement.entry.as_ref().map_or("", |entry| &entry.note)
}

pub(super) fn cause(settlement: &Settlement) -> Option<&str> {
    settlement.failure.as_ref().map(|failure| failure.cause.as_str())
}

/// Says that nothing but the standing changes.
pub(super) fn only_stands(settlement: &Settlement) -> bool {
    settlement.entry.is_none()
        && settlement.failure.is_none()
        && settlement.resolution.is_none()
        && settlement.close_call.is_none()
}
