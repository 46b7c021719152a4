//! Asking a sandbox's ledger from within the program.

use std::sync::Arc;

use super::{Counts, LedgerReport, OrderLedger};
use crate::faults::Endpoint;
use crate::gateway::Gateway;
use crate::state::MarketState;

/// A view of the ledger: what was received and what took effect.
#[derive(Debug, Clone)]
pub struct Ledger {
    gateway: Arc<Gateway>,
}

impl Ledger {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }

    /// How many OR21 took effect on the order.
    #[must_use]
    pub fn decisions_applied(&self, order_id: &str) -> usize {
        self.of(order_id, OrderLedger::decisions_applied)
    }

    /// How many OR21 were received for the order.
    #[must_use]
    pub fn acceptances_received(&self, order_id: &str) -> usize {
        self.of(order_id, OrderLedger::acceptances_received)
    }

    /// How many answers the order stood in.
    #[must_use]
    pub fn looks(&self, order_id: &str) -> usize {
        self.of(order_id, |entry| entry.looks.len())
    }

    /// The order's present state, if there is such an order.
    #[must_use]
    pub fn state(&self, order_id: &str) -> Option<MarketState> {
        let world = self.gateway.world();
        world.order_ledger(order_id)?.state.clone()
    }

    /// Everything about one order.
    #[must_use]
    pub fn order(&self, order_id: &str) -> Option<OrderLedger> {
        self.gateway.world().order_ledger(order_id).cloned()
    }

    /// How many calls of this endpoint were received.
    #[must_use]
    pub fn calls(&self, endpoint: Endpoint) -> u64 {
        let world = self.gateway.world();
        world.counts().calls.get(&endpoint).copied().unwrap_or(0)
    }

    /// How many calls were received altogether.
    #[must_use]
    pub fn calls_total(&self) -> u64 {
        self.gateway.world().counts().calls_total
    }

    /// The most ids in one OR11.
    #[must_use]
    pub fn max_ids_in_a_look(&self) -> usize {
        self.gateway.world().counts().max_ids_in_a_look
    }

    /// The counts over everything.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.gateway.world().counts().clone()
    }

    /// The whole ledger.
    #[must_use]
    pub fn report(&self) -> LedgerReport {
        self.gateway.world().ledger_report()
    }

    /// Returns once this holds of the ledger, asking again after everything that happens.
    pub async fn until(&self, mut holds: impl FnMut(&Self) -> bool) {
        let mut changes = self.gateway.watch_changes();
        while !holds(self) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn of(&self, order_id: &str, figure: impl FnOnce(&OrderLedger) -> usize) -> usize {
        let world = self.gateway.world();
        world.order_ledger(order_id).map_or(0, figure)
    }
}
