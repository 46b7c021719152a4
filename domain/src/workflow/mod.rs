//! The acceptance workflow: requeue, ingest, claim, look, intend, send, record, validate, settle.
//!
//! What to do is decided by pure functions ([`decide`]); the modules here carry it out through the ports. A run may be
//! cut off at any await: every effect on the marketplace stands behind a durable intent, every status behind a guarded
//! write, and whatever was left in the middle is found by the next claim.
//!
//! | step | module | what a crash there leaves behind |
//! |---|---|---|
//! | requeue, file foreign failures | `requeue` | a retry that is still due |
//! | ingest | `ingest` | orders not stored, listed again by the next run |
//! | claim and look | `prepare` | a lease that ends by itself |
//! | intend, send | `send` | an intent without an answer: looked at twice before anything is sent again |
//! | record, settle | `record` | an answer on record, or none, with the intent |
//! | reconcile | `reconcile` | a hold on sending: the next `reconcile` begins again |
//! | validate, review | `validate` | a lease that ends by itself |

mod account;
mod core;
pub mod decide;
mod events;
mod ingest;
mod lane;
mod looks;
mod persist;
mod prepare;
mod purse;
mod reconcile;
mod record;
mod report;
mod requeue;
mod rest;
mod run;
mod send;
mod serve;
mod spans;
mod stop;
mod tally;
mod validate;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tracing::instrument;

pub use self::core::Ports;
pub use events::{Event, Observer};
pub use reconcile::{Change, LookOptions, LookReport, ReconcileOptions, ReconcileReport};
pub use report::{Calls, Halt, RunReport};
pub use serve::{Every, Schedule, ServeOptions, ServiceObserver, Trigger, Turn};
pub use spans::SPANS;
pub use stop::StopSignal;

use self::core::Core;
use crate::ports::{AccountCheck, StoreClock, StoreResult};
use crate::settings::{InvalidSetting, Settings};
use crate::time::Timestamp;

/// Whether a run stays for its validations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wait {
    /// It returns when each order that it handled is settled, in review, scheduled for a retry, or out of looks for now.
    #[default]
    ForValidations,
    /// It returns when everything is sent; the looks are left to the next run.
    No,
}

/// The options of one run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Whether it stays for its validations.
    pub wait: Wait,
    /// Stops it gracefully.
    pub stop: StopSignal,
}

/// The acceptance workflow over its ports. Cheap to clone; several may run on one store at once, here and elsewhere.
#[derive(Debug, Clone)]
pub struct AcceptanceWorkflow {
    core: Arc<Core>,
}

impl AcceptanceWorkflow {
    /// A workflow over `ports`; `worker` names this worker in its leases.
    ///
    /// # Errors
    /// [`InvalidSetting`] where the settings don't fit together.
    pub fn new(ports: Ports, settings: Settings, worker: impl Into<String>) -> Result<Self, InvalidSetting> {
        settings.check()?;
        Ok(Self {
            core: Arc::new(Core {
                ports,
                settings,
                worker: worker.into(),
            }),
        })
    }

    /// Runs once: takes in what waits on the marketplace, and carries every order as far as it goes now.
    ///
    /// It never fails: what stopped it stands in [`RunReport::halt`], beside what was done until then. Dropping the
    /// future stops the run as a crash would, and as safely.
    pub async fn run(&self, options: &RunOptions, observer: &dyn Observer) -> RunReport {
        run::run(&self.core, options, observer).await
    }

    /// Holds sending for all workers of the store, asks the marketplace about every unsettled and recently settled order,
    /// settles what has moved, and allows sending again: for use after a restored backup, or a failover that lost commits.
    /// It sends nothing.
    ///
    /// It never fails: what stopped it stands in [`ReconcileReport::halt`]; the hold then stands, and the next one begins
    /// again. Dropping the future stops it as a crash would, and as safely.
    #[instrument(target = SPANS, name = "reconcile", skip_all)]
    pub async fn reconcile(&self, options: &ReconcileOptions, observer: &dyn Observer) -> ReconcileReport {
        reconcile::reconcile(&self.core, options, observer).await
    }

    /// Looks at some orders once, whatever is due, and settles those that have moved from what was seen: for a person who
    /// decides about them. It sends nothing, and leaves alone what another worker has in hand.
    ///
    /// It never fails: what stopped it stands in [`LookReport::halt`]. Dropping the future stops it as a crash would, and as
    /// safely.
    #[instrument(target = SPANS, name = "look", skip_all)]
    pub async fn look(&self, options: &LookOptions, observer: &dyn Observer) -> LookReport {
        reconcile::look(&self.core, options, observer).await
    }

    /// Asks the marketplace about the shop itself: its state, and, where `figures` are wanted, how it decides on its orders. It
    /// waits for nothing: where the shop rests, or no call is left in its budget, it asks nothing.
    ///
    /// # Errors
    /// A [`Halt`]: what kept it from asking, or what was answered.
    pub async fn check_account(&self, figures: bool) -> Result<AccountCheck, Halt> {
        account::check(&self.core, figures).await
    }

    /// The store's clock.
    pub(crate) async fn store_clock(&self) -> StoreResult<StoreClock> {
        self.core.store_clock().await
    }

    /// The time by it, without asking the store again.
    pub(crate) fn now(&self, clock: StoreClock) -> Timestamp {
        self.core.now(clock)
    }

    /// Runs at once, and then whenever the schedule or the trigger says so, until it is stopped. Several services may share a
    /// store, here and elsewhere: they share the work.
    ///
    /// Nothing but [`ServeOptions::stop`] ends it: what stops a run is told to `observer` with its report, and the next one
    /// comes all the same. Dropping the future stops it as a crash would, and as safely.
    pub async fn serve(&self, options: &ServeOptions, observer: &dyn ServiceObserver) {
        serve::serve(&self.core, options, observer).await;
    }
}
