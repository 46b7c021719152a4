//! The marketplace: a state machine for each order, its past (for reads that are behind), and other hands.

use ackord::order::{LineId, Order, OrderId, OrderLine};
use ackord::state::MarketplaceState as Place;
use jiff::Timestamp;

use crate::faults::FaultKind;
use crate::sim::{Event, Sim, State};
use crate::times::{HOUR, MINUTE, SECOND, on_the_wall};

/// What is on the marketplace.
#[derive(Debug, Default)]
pub(crate) struct Market {
    pub(crate) orders: Vec<MarketOrder>,
}

/// One order as it really is.
#[derive(Debug)]
pub(crate) struct MarketOrder {
    pub(crate) lines: Vec<LineId>,
    pub(crate) placed_at: Timestamp,
    /// From when on it is there at all.
    pub(crate) appears_at: u64,
    /// Every state with the time of its beginning, rising.
    pub(crate) past: Vec<(u64, Place)>,
    /// Where it goes next, and after how long in each state.
    pub(crate) way: Vec<(u64, Place)>,
    pub(crate) decided_at: Option<Timestamp>,
    /// Whether its acceptance goes by way of the debit.
    pub(crate) debited: Option<u64>,
}

impl MarketOrder {
    /// Its state at the true time `at`; none before it appears.
    pub(crate) fn at(&self, at: u64) -> Option<&Place> {
        self.past
            .iter()
            .rev()
            .find(|(since, _)| *since <= at)
            .map(|(_, state)| state)
    }

    /// Its state now.
    pub(crate) fn state(&self) -> &Place {
        &self.past[self.past.len() - 1].1
    }

    pub(crate) fn is_waiting(&self) -> bool {
        *self.state() == Place::WaitingAcceptance
    }

    /// As an answer shows it.
    pub(crate) fn shown(&self, id: &OrderId, state: Place) -> Order {
        let line = |id: &LineId| OrderLine {
            id: id.clone(),
            state: None,
        };
        let decided = !matches!(state, Place::Staging | Place::WaitingAcceptance);
        Order {
            id: id.clone(),
            lines: self.lines.iter().map(line).collect(),
            placed_at: Some(self.placed_at),
            decided_at: self.decided_at.filter(|_| decided),
            raw: "{}".into(),
            state,
        }
    }
}

/// Whether a state is one that an accepted order has.
pub(crate) fn is_accepted(state: &Place) -> bool {
    matches!(
        state,
        Place::WaitingDebit | Place::WaitingDebitPayment | Place::Shipping | Place::Shipped | Place::Received
    )
}

/// Whether a state is one in which the order is lost to the shop.
pub(crate) fn is_lost(state: &Place) -> bool {
    matches!(state, Place::Refused | Place::Canceled)
}

impl Sim {
    /// Puts the orders on the marketplace.
    pub(crate) fn stock(&self) {
        let mut state = self.state();
        let State { rng, profile, .. } = &mut *state;
        let (count, storm) = (profile.orders, profile.storm);
        let mut events = Vec::new();
        let mut orders = Vec::new();
        for number in 0..count {
            let appears_at = if rng.once_in(4) { rng.below(storm) } else { 0 };
            let staging = rng.once_in(8);
            let first = if staging {
                Place::Staging
            } else {
                Place::WaitingAcceptance
            };
            let mut way = Vec::new();
            if staging {
                let stays = rng.between(5 * SECOND, 10 * MINUTE);
                way.push((stays, Place::WaitingAcceptance));
                events.push((appears_at + stays, Event::Onward(number)));
            }
            if rng.once_in(12) {
                events.push((appears_at + rng.between(20 * SECOND, storm), Event::Deadline(number)));
            }
            let lines = (0..rng.between(1, 4)).map(|n| LineId::new(format!("{number}-{n}")).expect("a short id"));
            orders.push(MarketOrder {
                lines: lines.collect(),
                placed_at: on_the_wall(number as u64 * 1000, -3_600_000_000),
                appears_at,
                past: vec![(appears_at, first)],
                way,
                decided_at: None,
                debited: rng.once_in(6).then(|| rng.between(SECOND, 20 * MINUTE)),
            });
        }
        state.market.orders = orders;
        for (at, event) in events {
            state.schedule(at, event);
        }
    }

    /// Moves an order.
    pub(crate) fn move_order(&self, state: &mut State, order: usize, to: Place) {
        let now = self.now();
        state
            .trace
            .mix(3000 + order as u64, state.market.orders[order].past.len() as u64);
        state
            .trace
            .tell(now, || format!("   marketplace: {} is now {to}", self.ids[order]));
        let facts = &mut state.market.orders[order];
        if is_lost(&to) {
            facts.way.clear();
        }
        facts.past.push((now, to));
    }

    /// An acceptance takes effect: on its way to `SHIPPING`, with or without a wait for the debit.
    pub(crate) fn accept_order(&self, state: &mut State, order: usize) {
        let now = self.now();
        let facts = &mut state.market.orders[order];
        facts.decided_at = Some(on_the_wall(now, 0));
        let shipped_after = HOUR;
        match facts.debited {
            Some(wait) => {
                facts.way = vec![(shipped_after, Place::Shipped), (wait, Place::Shipping)];
                self.move_order(state, order, Place::WaitingDebit);
                state.schedule(now + wait, Event::Onward(order));
            }
            None => {
                facts.way = vec![(shipped_after, Place::Shipped)];
                self.move_order(state, order, Place::Shipping);
                state.schedule(now + shipped_after, Event::Onward(order));
            }
        }
    }

    /// An order goes on along its way, if it is still on it.
    pub(crate) fn onward(&self, order: usize) {
        let now = self.now();
        let mut state = self.state();
        let facts = &mut state.market.orders[order];
        let since = facts.past[facts.past.len() - 1].0;
        if facts.way.last().is_none_or(|(stays, _)| since + stays != now) {
            return;
        }
        let Some((_, to)) = facts.way.pop() else { return };
        let next = facts.way.last().map(|(stays, _)| now + stays);
        self.move_order(&mut state, order, to);
        if let Some(at) = next {
            state.schedule(at, Event::Onward(order));
        }
    }

    /// The marketplace refuses an order that nobody accepted in time.
    pub(crate) fn deadline(&self, order: usize) {
        let mut state = self.state();
        if !state.storm || !state.market.orders[order].is_waiting() {
            return;
        }
        self.move_order(&mut state, order, Place::Refused);
        drop(state);
        self.strikes_order(FaultKind::DeadlinePasses, order);
    }

    /// A person or the customer does something to an order on the marketplace.
    pub(crate) fn hands(&self, order: usize, act: FaultKind) {
        let mut state = self.state();
        let now = self.now();
        let there = state.market.orders[order].at(now).is_some();
        let waiting = there && state.market.orders[order].is_waiting();
        let done = match act {
            FaultKind::PersonAccepts if waiting => {
                self.accept_order(&mut state, order);
                true
            }
            FaultKind::PersonRefuses if waiting => {
                state.market.orders[order].decided_at = Some(on_the_wall(now, 0));
                self.move_order(&mut state, order, Place::Refused);
                true
            }
            FaultKind::CustomerCancels if there && !is_lost(state.market.orders[order].state()) => {
                let shipped = *state.market.orders[order].state() == Place::Shipped;
                if !shipped {
                    self.move_order(&mut state, order, Place::Canceled);
                }
                !shipped
            }
            _ => false,
        };
        drop(state);
        if done {
            self.strikes_order(act, order);
        }
    }
}
