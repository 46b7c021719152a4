//! What every step of a run needs: the ports, the settings, the store's time.

use std::sync::Arc;

use crate::ports::{Clock, Marketplace, Randomness, Store, StoreClock, StoreResult, new_operation};
use crate::settings::Settings;
use crate::time::Timestamp;
use crate::work::OperationId;

use super::decide::Context;

/// The ports that the workflow is given.
#[derive(Debug, Clone)]
pub struct Ports {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The marketplace, as one shop sees it.
    pub marketplace: Arc<dyn Marketplace>,
    /// The local clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness of this worker's own.
    pub randomness: Arc<dyn Randomness>,
}

/// The workflow's fixed parts.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) ports: Ports,
    pub(super) settings: Settings,
    pub(super) worker: String,
}

impl Core {
    /// Reads the store's clock and carries it on by the local one.
    pub(super) async fn store_clock(&self) -> StoreResult<StoreClock> {
        let asked_at = self.ports.clock.monotonic();
        let now = self.ports.store.now().await?;
        Ok(StoreClock::new(now, asked_at))
    }

    /// The store's time now.
    pub(super) fn now(&self, clock: StoreClock) -> Timestamp {
        clock.at(self.ports.clock.monotonic())
    }

    pub(super) fn operation(&self, now: Timestamp) -> OperationId {
        new_operation(now, &*self.ports.randomness)
    }

    /// The circumstances of a decision.
    pub(super) fn context(&self, now: Timestamp, outage: bool) -> Context<'_> {
        Context {
            settings: &self.settings,
            now,
            random: &*self.ports.randomness,
            outage,
        }
    }
}
