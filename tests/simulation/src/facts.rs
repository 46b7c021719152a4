//! What the auditor knows for certain, from what happened and never from what was answered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ackord::call::{CallId, CallOutcome};
use ackord::work::{Epoch, Phase};

use crate::faults::FaultKind;
use crate::profile::Profile;
use crate::times::{HOUR, MINUTE, SECOND, micros};

/// Everything known.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) orders: Vec<OrderFacts>,
    /// What each read that was answered showed, by its call.
    pub(crate) served: BTreeMap<CallId, Served>,
    /// When, truly, each intent became durable, and for which order.
    pub(crate) intents: BTreeMap<CallId, IntentFact>,
    /// The orders that each worker looked at since it was last granted a look.
    pub(crate) granted: BTreeMap<usize, BTreeSet<usize>>,
    /// How each order stood when each worker last claimed it.
    pub(crate) claimed_as: BTreeMap<(usize, usize), Phase>,
    /// When each worker's process began reads of the marketplace, truly.
    pub(crate) reads: BTreeMap<usize, Vec<u64>>,
    /// When calls of any worker left in the last hour, truly.
    pub(crate) calls: VecDeque<u64>,
    /// Pauses on record: (durable since, until), by the true time.
    pub(crate) pauses: Vec<(u64, u64)>,
    /// The hold on sending that stands.
    pub(crate) hold: Option<HoldFact>,
    /// The workers that reconcile.
    pub(crate) reconciling: BTreeSet<usize>,
}

/// A hold on sending.
#[derive(Debug)]
pub(crate) struct HoldFact {
    /// When it became durable, truly.
    pub(crate) at: u64,
    pub(crate) epoch: Epoch,
    /// The orders that were unsettled then: each has to be looked at before the hold is lifted, unless it was settled or
    /// another program wrote to it meanwhile.
    pub(crate) unsettled: BTreeSet<usize>,
}

impl Facts {
    pub(crate) fn new(profile: &Profile) -> Self {
        Self {
            orders: (0..profile.orders).map(|_| OrderFacts::default()).collect(),
            ..Self::default()
        }
    }
}

impl Facts {
    /// An order is due anew, whoever has looked at it before.
    pub(crate) fn is_due_anew(&mut self, order: usize) {
        for looked_at in self.granted.values_mut() {
            looked_at.remove(&order);
        }
    }

    /// Notes a call that leaves, and tells what is wrong where it is one too many: no hour may have more than its budget, and
    /// no shorter time more than what may go out at once and what came back. (True times, so only where clocks keep within
    /// the settings.)
    pub(crate) fn is_beyond_budget(&mut self, now: u64, profile: &Profile) -> Option<String> {
        let settings = &profile.settings;
        let (budget, rate) = settings
            .call_budget()
            .zip(settings.call_rate())
            .filter(|_| profile.strict)?;
        while self.calls.front().is_some_and(|began| began + HOUR <= now) {
            self.calls.pop_front();
        }
        self.calls.push_back(now);
        let made = self.calls.len();
        if made > budget.per_hour as usize {
            return Some(format!("{made} in an hour, of {}", budget.per_hour));
        }
        // What was drawn may leave as late as this.
        let held_for = micros(settings.look_freshness + settings.lease) + MINUTE;
        let recent = self
            .calls
            .iter()
            .rev()
            .take_while(|began| **began + MINUTE > now)
            .count() as u64;
        let most = u64::from(rate.burst) + (MINUTE + held_for) / micros(rate.interval) + 1;
        (recent > most).then(|| format!("{recent} in a minute, of {most}"))
    }

    /// An unknown outcome is decided by two looks, a poll interval apart, the first after the call had ended, the last one
    /// late enough to show what it did. (True times, so only where clocks keep within the settings.)
    pub(crate) fn decided_by_looks(&self, order: usize, call: CallId, profile: &Profile) -> Result<(), String> {
        let Some(intent) = self.intents.get(&call).filter(|_| profile.strict) else {
            return Ok(());
        };
        let settings = &profile.settings;
        // A worker's idea of the store's time is off by its skew and by what the question for it took.
        let blur = micros(settings.lease_margin) + SECOND / 2;
        let looks: Vec<u64> = self.orders[order]
            .looks
            .iter()
            .copied()
            .filter(|began| began + blur >= intent.answer_by)
            .collect();
        let (Some(first), Some(last)) = (looks.iter().min(), looks.iter().max()) else {
            return Err(format!("call {call} is decided without a look after it had ended"));
        };
        let interval = micros(settings.poll_interval);
        if looks.len() < 2 || last - first + 2 * blur < interval {
            return Err(format!("call {call} is decided by {} looks", looks.len()));
        }
        if last + blur < intent.answer_by + micros(settings.read_staleness) {
            return Err(format!("call {call} is decided before it is certain to show"));
        }
        Ok(())
    }
}

/// What is known of one order.
#[derive(Debug, Default)]
pub(crate) struct OrderFacts {
    /// Every acceptance that arrived: when, and its body.
    pub(crate) received: Vec<Received>,
    /// Acceptances that have left and whose effect, if they have one, is still to come.
    pub(crate) under_way: u32,
    /// When acceptances of ours took effect.
    pub(crate) effects: Vec<u64>,
    /// When each look at it since its last intent began, truly.
    pub(crate) looks: Vec<u64>,
    /// When the last look that asked for it and was answered began, truly, whether it showed it or not.
    pub(crate) asked_at: Option<u64>,
    /// Its intents on record.
    pub(crate) intents: Vec<CallId>,
    /// The decision that is frozen, as a hash.
    pub(crate) frozen: Option<u64>,
    /// A hash of each entry of the timeline as it was when it was first seen.
    pub(crate) entries: Vec<u64>,
    /// Faults that concerned it, with their number.
    pub(crate) faults: BTreeMap<FaultKind, u32>,
    /// Whether the marketplace ever refused an acceptance of it.
    pub(crate) refused: bool,
}

impl OrderFacts {
    pub(crate) fn struck(&mut self, fault: FaultKind) {
        *self.faults.entry(fault).or_default() += 1;
    }

    pub(crate) fn times(&self, fault: FaultKind) -> u32 {
        self.faults.get(&fault).copied().unwrap_or(0)
    }
}

/// An acceptance that arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    pub(crate) at: u64,
    pub(crate) took_effect: bool,
}

/// An intent on record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IntentFact {
    pub(crate) order: usize,
    /// When it became durable, truly.
    pub(crate) at: u64,
    /// By when it had ended, truly (as long as the store's clock is right).
    pub(crate) answer_by: u64,
    /// The outcome on record.
    pub(crate) outcome: Option<CallOutcome>,
}

/// What a read showed.
#[derive(Debug, Default)]
pub(crate) struct Served {
    /// When it began, truly.
    pub(crate) began: u64,
    pub(crate) shown: BTreeMap<usize, Shown>,
}

/// What a read showed of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Waiting,
    Accepted,
    Lost,
    Other,
}
