//! Keeps count of what a run does, tells its observer, and knows which orders it still waits for.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::order::OrderId;
use crate::ports::{OrderStanding, Settled};
use crate::settings::IDS_PER_LOOK;
use crate::status::OrderStatus;
use crate::time::{self, Timestamp};
use crate::work::{Phase, Settlement};

use super::events::{Event, Observer};
use super::report::RunReport;

/// The running totals of one run.
pub(super) struct Tally<'a> {
    pub(super) report: RunReport,
    observer: &'a dyn Observer,
    waits_for: WaitsFor,
}

/// Orders that a run handled and whose next step comes soon, with that step and its time.
#[derive(Default)]
struct WaitsFor {
    orders: HashMap<OrderId, (Phase, Timestamp)>,
    by_due: HashMap<Phase, BTreeSet<(Timestamp, OrderId)>>,
    /// How often in a row an order was due and free, and yet our claim did not get it.
    passed_over: HashMap<OrderId, u32>,
}

impl WaitsFor {
    fn insert(&mut self, id: OrderId, phase: Phase, due_at: Timestamp) {
        self.remove(&id);
        // An intent left behind is taken over by the same claim that finds orders to send.
        let phase = if phase == Phase::Sending { Phase::Ready } else { phase };
        self.by_due.entry(phase).or_default().insert((due_at, id.clone()));
        self.orders.insert(id, (phase, due_at));
    }

    fn remove(&mut self, id: &OrderId) {
        if let Some((phase, due_at)) = self.orders.remove(id)
            && let Some(by_due) = self.by_due.get_mut(&phase)
        {
            by_due.remove(&(due_at, id.clone()));
        }
    }

    fn in_order(&self, phase: Phase) -> impl Iterator<Item = &(Timestamp, OrderId)> {
        self.by_due.get(&phase).into_iter().flatten()
    }

    /// When to try an order again that was due and free and that our claim did not get: at once, then later and later,
    /// then not at all. (Another program's open transaction may keep its row locked for long.)
    fn try_again(&mut self, id: &OrderId, now: Timestamp) -> Option<Timestamp> {
        let times = self.passed_over.entry(id.clone()).or_default();
        *times += 1;
        match *times {
            1 => Some(now),
            2..=6 => Some(time::plus(now, FIRST_RECHECK * 2u32.pow(*times - 2))),
            _ => None,
        }
    }
}

/// The first wait for an order that was due and free and that a claim did not get; it doubles.
const FIRST_RECHECK: Duration = Duration::from_millis(100);

impl<'a> Tally<'a> {
    pub(super) fn new(observer: &'a dyn Observer) -> Self {
        Self {
            report: RunReport::default(),
            observer,
            waits_for: WaitsFor::default(),
        }
    }

    pub(super) fn tell(&self, event: &Event) {
        self.observer.on_event(event);
    }

    /// Counts what became of settlements.
    pub(super) fn settled(&mut self, settlements: Vec<Settlement>, results: &[Settled]) {
        for (settlement, result) in settlements.into_iter().zip(results) {
            match result {
                Settled::Written => self.written(settlement),
                Settled::Lost => {
                    self.report.lost_to_others += 1;
                    self.waits_for.remove(&settlement.order_id);
                }
            }
        }
    }

    fn written(&mut self, settlement: Settlement) {
        let Settlement {
            order_id,
            entry,
            failure,
            standing,
            ..
        } = settlement;
        match entry.as_ref().map(|entry| &entry.status) {
            Some(OrderStatus::Accepted) => self.report.accepted += 1,
            Some(OrderStatus::Cancelled) => self.report.cancelled += 1,
            Some(OrderStatus::AcceptanceFailed) => {
                self.report.acceptance_failed += 1;
                if standing.phase == Phase::Retry {
                    self.report.retry_scheduled += 1;
                }
            }
            Some(OrderStatus::PendingAcceptance) => self.report.requeued += 1,
            Some(OrderStatus::Other(_)) | None => {}
        }
        if let Some(entry) = entry {
            self.tell(&Event::Settled {
                order_id: order_id.clone(),
                status: entry.status,
                note: entry.note,
            });
        }
        if let Some(failure) = failure
            && failure.needs_person
        {
            self.report.needs_person += 1;
            self.tell(&Event::NeedsPerson {
                related_id: failure.related_id,
                details: failure.details,
            });
        }
        match standing.due_at {
            // Orders whose looks back off are left to later runs.
            Some(due_at) if is_in_flight(standing.phase) && standing.slow_looks == 0 => {
                self.waits_for.insert(order_id, standing.phase, due_at);
            }
            _ => self.waits_for.remove(&order_id),
        }
    }

    /// The order is in our hands now.
    pub(super) fn working_on(&mut self, id: &OrderId) {
        self.waits_for.remove(id);
        self.waits_for.passed_over.remove(id);
    }

    /// How many orders the run still waits for.
    pub(super) fn waiting(&self) -> usize {
        self.waits_for.orders.len()
    }

    /// When the next of the orders in this phase is due.
    pub(super) fn next_due(&self, phase: Phase) -> Option<Timestamp> {
        self.waits_for.in_order(phase).next().map(|(due_at, _)| *due_at)
    }

    /// How many of the orders in this phase are due at `now`; counts no further than `enough`.
    pub(super) fn due(&self, phase: Phase, now: Timestamp, enough: usize) -> usize {
        self.waits_for
            .in_order(phase)
            .take_while(|(due_at, _)| *due_at <= now)
            .take(enough)
            .count()
    }

    /// When the next look is worth its call: orders due within `window` of the first are looked at together, unless there
    /// are enough for a whole look before.
    pub(super) fn next_look(&self, window: Duration) -> Option<Timestamp> {
        let first = self.next_due(Phase::Validating)?;
        let until = time::plus(first, window);
        self.waits_for
            .in_order(Phase::Validating)
            .map(|(due_at, _)| *due_at)
            .take_while(|due_at| *due_at <= until)
            .take(IDS_PER_LOOK)
            .last()
    }

    /// How many orders to look at now. Whole looks alone where `more_come`, or where others fall due within `window` of the
    /// first; else all that are due.
    pub(super) fn worth_looking_at(&self, now: Timestamp, window: Duration, more_come: bool) -> usize {
        let Some(first) = self.next_due(Phase::Validating) else {
            return 0;
        };
        let until = time::plus(first, window);
        let mut in_order = self.waits_for.in_order(Phase::Validating).peekable();
        let mut due = 0;
        while in_order.next_if(|(due_at, _)| *due_at <= now).is_some() {
            due += 1;
        }
        let more_come = more_come || in_order.peek().is_some_and(|(due_at, _)| *due_at <= until);
        if more_come { due - due % IDS_PER_LOOK } else { due }
    }

    /// The orders that should have been worked on by `now`, but were not by us.
    pub(super) fn overdue(&self, phase: Phase, now: Timestamp) -> Vec<OrderId> {
        self.waits_for
            .in_order(phase)
            .take_while(|(due_at, _)| *due_at <= now)
            .map(|(_, id)| id.clone())
            .collect()
    }

    /// Brings orders that somebody else may have worked on up to date. Those under another's lease are not waited for, nor
    /// those due later than `soonest` (by then they wait slowly). Where `tried`, our claim did not get those that are due.
    pub(super) fn found(
        &mut self,
        asked: &[OrderId],
        standings: &[OrderStanding],
        now: Timestamp,
        soonest: Timestamp,
        tried: bool,
    ) {
        for id in asked {
            self.waits_for.remove(id);
        }
        for standing in standings {
            let leased = standing.leased_until.is_some_and(|until| until > now);
            if leased || !is_in_flight(standing.phase) {
                continue;
            }
            let due_at = match standing.due_at.filter(|due_at| *due_at <= soonest) {
                Some(due_at) if tried && due_at <= now => self.waits_for.try_again(&standing.order_id, now),
                due_at => due_at,
            };
            if let Some(due_at) = due_at {
                self.waits_for.insert(standing.order_id.clone(), standing.phase, due_at);
            }
        }
    }
}

fn is_in_flight(phase: Phase) -> bool {
    matches!(phase, Phase::Ready | Phase::Sending | Phase::Validating)
}
