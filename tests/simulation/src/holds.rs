//! What is checked while sending is held: nothing is intended or leaves, leases from before write nothing, and the hold is
//! lifted when every order was looked at.

use ackord::ports::Hold;
use ackord::work::{Claimed, Fence, Phase, Settlement, Version};

use crate::facts::HoldFact;
use crate::sim::{Sim, State, number_of};
use crate::times::{SECOND, micros};

/// How an order's work row stood right before a settlement.
pub(crate) type Row = Option<(Fence, Version, Phase)>;

impl Sim {
    /// A hold is durable.
    pub(crate) fn held(&self, slot: usize, hold: Hold) {
        let now = self.now();
        let unsettled = self.memory.work_rows().into_iter();
        let unsettled = unsettled.filter(|(_, row)| row.standing.phase != Phase::Settled);
        let unsettled = unsettled.filter_map(|(id, _)| number_of(id.as_str())).collect();
        let mut state = self.state();
        state.trace.mix(9000 + slot as u64, hold.epoch.0.cast_unsigned());
        state.trace.tell(now, || {
            format!("   worker {slot}: sending is held from now on (epoch {})", hold.epoch.0)
        });
        state.facts.hold = Some(HoldFact {
            at: now,
            epoch: hold.epoch,
            unsettled,
        });
    }

    /// Sending is allowed: either this hold was just lifted, or none stood.
    pub(crate) fn allowed(&self, slot: usize, hold: Hold) {
        let now = self.now();
        let Some(standing) = self.state().facts.hold.take() else {
            return;
        };
        if standing.epoch != hold.epoch {
            self.violate(|| {
                format!(
                    "the hold of epoch {} was lifted in place of {}",
                    standing.epoch.0, hold.epoch.0
                )
            });
        }
        let unsettled = |order: &&usize| self.phase(**order).is_some_and(|phase| phase != Phase::Settled);
        let left: Vec<usize> = standing.unsettled.iter().filter(unsettled).copied().collect();
        let mut state = self.state();
        state.trace.mix(9100 + slot as u64, hold.epoch.0.cast_unsigned());
        state
            .trace
            .tell(now, || format!("   worker {slot}: sending is allowed again"));
        // What left just before the hold has ended by then, and shows.
        let settings = &state.profile.settings;
        let to_show = settings.lease_margin + settings.call_timeout + settings.read_staleness;
        let certain_from = match state.profile.strict {
            true => standing.at + micros(to_show) * 99 / 100,
            false => standing.at,
        };
        for order in left {
            let asked_at = state.facts.orders[order].asked_at;
            if asked_at.is_none_or(|at| at < certain_from) {
                let id = &self.ids[order];
                state.violate(|| format!("{id}: sending is allowed before it was looked at ({asked_at:?})"));
            }
        }
    }

    pub(crate) fn taken_up(&self, slot: usize, taken: &[Claimed]) {
        let now = self.now();
        let mut state = self.state();
        for order in taken {
            let number = number_of(order.order_id.as_str()).unwrap_or(0);
            state.dirty.insert(number);
            // This look is not one of those that are granted one by one.
            state.facts.claimed_as.remove(&(slot, number));
            state.trace.mix(9200 + number as u64, order.fence.0.cast_unsigned());
            state.trace.tell(now, || {
                format!(
                    "   worker {slot} takes up {} ({}, version {}, fence {})",
                    order.order_id, order.standing.phase, order.version, order.fence.0
                )
            });
        }
    }

    /// A look was answered that asked for these.
    pub(crate) fn looked_at(&self, orders: &[usize], began: u64) {
        let mut state = self.state();
        for order in orders {
            let asked_at = &mut state.facts.orders[*order].asked_at;
            *asked_at = (*asked_at).max(Some(began));
        }
    }

    /// An acceptance leaves: not under a hold, save one whose intent stood before it, and within the time for its call.
    pub(crate) fn nothing_leaves_while_held(&self, state: &mut State, slot: usize, order: usize) {
        let now = self.now();
        let id = &self.ids[order];
        if state.facts.reconciling.contains(&slot) {
            state.violate(|| format!("{id}: a reconcile sends"));
        }
        let settings = &state.profile.settings;
        let longest = micros(settings.lease_margin + settings.call_timeout);
        // A worker's clock may count more slowly.
        let skew = longest / 1000 * state.profile.skew_ppm / 1000;
        let late = |since: u64| now > since + longest + 2 * skew;
        if let Some(since) = state.facts.hold.as_ref().map(|hold| hold.at).filter(|at| late(*at)) {
            let after = (now - since) / SECOND;
            state.violate(|| format!("{id}: an acceptance leaves {after} s after sending was held"));
        }
    }

    /// How the rows of these stand, where a hold stands.
    pub(crate) fn before_settlements(&self, settlements: &[Settlement]) -> Vec<Row> {
        if self.state().facts.hold.is_none() {
            return Vec::new();
        }
        settlements.iter().map(|settlement| self.row(settlement)).collect()
    }

    /// Of the orders whose leases the hold voided none is changed under such a lease.
    pub(crate) fn settled_under_a_lease(&self, settlements: &[Settlement], before: &[Row]) {
        for (settlement, before) in settlements.iter().zip(before) {
            let number = number_of(settlement.order_id.as_str()).unwrap_or(0);
            let void = self
                .state()
                .facts
                .hold
                .as_ref()
                .is_some_and(|hold| settlement.fence.epoch() < hold.epoch && hold.unsettled.contains(&number));
            if void && self.row(settlement) != *before {
                let id = &settlement.order_id;
                self.violate(|| format!("{id}: a settlement under a lease from before the hold changes it"));
            }
        }
    }

    fn row(&self, settlement: &Settlement) -> Row {
        self.memory.inspect(&settlement.order_id, |rows| {
            rows.work.map(|row| (row.fence, row.version, row.standing.phase))
        })
    }
}
