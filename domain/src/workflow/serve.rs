//! Runs one after another, on a schedule: for a process that stays.
//!
//! A run begins at once, and each further one when the schedule says so, or when the trigger is pulled. There is never more
//! than one: what falls due meanwhile is made up for by a single run right after. Whatever stops a run, the next one comes.

mod schedule;
mod trigger;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

pub use schedule::{Every, Schedule};
pub use trigger::Trigger;

use crate::time::{self, Timestamp};

use super::core::Core;
use super::events::Observer;
use super::report::RunReport;
use super::run::run;
use super::stop::StopSignal;
use super::{RunOptions, Wait};

/// So often the loop tells that it turns, whatever it does; and so soon a jump of the wall clock is noticed.
const BEAT: Duration = Duration::from_secs(5);

/// The options of a service.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// When runs begin, but for the first.
    pub schedule: Arc<dyn Schedule>,
    /// Begins a run at once.
    pub trigger: Trigger,
    /// Ends it: the run under way stops gracefully, and no other begins.
    pub stop: StopSignal,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            schedule: Arc::new(Every::default()),
            trigger: Trigger::new(),
            stop: StopSignal::new(),
        }
    }
}

/// What a service is at.
#[derive(Debug)]
#[non_exhaustive]
pub enum Turn<'a> {
    /// A run begins.
    Begins {
        /// Now.
        at: Timestamp,
    },
    /// The run goes on. Told every few seconds by the loop that carries it.
    Working {
        /// When it began.
        since: Timestamp,
    },
    /// The run has ended.
    Ended {
        /// When it began.
        began: Timestamp,
        /// Now.
        at: Timestamp,
        /// What it did.
        report: &'a RunReport,
    },
    /// Nothing to do until the next run. Told every few seconds.
    Resting {
        /// When that begins.
        until: Timestamp,
    },
    /// No further run begins.
    Stopped,
}

/// Is told of each [`Turn`], and of the events of each run. It must return at once and must not panic.
pub trait ServiceObserver: Observer {
    /// Takes a turn.
    fn on_turn(&self, turn: &Turn<'_>);
}

/// Takes no notice.
impl ServiceObserver for () {
    fn on_turn(&self, _: &Turn<'_>) {}
}

/// Runs until it is stopped.
pub(super) async fn serve(core: &Core, options: &ServeOptions, observer: &dyn ServiceObserver) {
    let clock = &*core.ports.clock;
    while !options.stop.is_given() {
        let began = clock.now();
        observer.on_turn(&Turn::Begins { at: began });
        // What was asked for until here is what this run does.
        options.trigger.take();
        let report = work(core, options, began, observer).await;
        let at = clock.now();
        observer.on_turn(&Turn::Ended {
            began,
            at,
            report: &report,
        });
        let next = options.schedule.next(began, at, &*core.ports.randomness);
        rest(core, options, next, observer).await;
    }
    observer.on_turn(&Turn::Stopped);
}

/// One run, told of while it lasts.
async fn work(core: &Core, options: &ServeOptions, since: Timestamp, observer: &dyn ServiceObserver) -> RunReport {
    let run_options = RunOptions {
        wait: Wait::ForValidations,
        stop: options.stop.clone(),
    };
    let mut running = pin!(run(core, &run_options, observer));
    loop {
        let beat = core.ports.clock.sleep(BEAT);
        match select(running.as_mut(), beat).await {
            Either::Left((report, _)) => return report,
            Either::Right(_) => observer.on_turn(&Turn::Working { since }),
        }
    }
}

/// Waits until `next`, told of while it lasts; no longer than until the trigger is pulled, or everything is stopped.
async fn rest(core: &Core, options: &ServeOptions, next: Timestamp, observer: &dyn ServiceObserver) {
    let clock = &*core.ports.clock;
    loop {
        // The wall clock is asked anew each time: it may have jumped, or the machine slept.
        let wait = time::until(clock.now(), next);
        if wait.is_zero() || options.stop.is_given() {
            return;
        }
        observer.on_turn(&Turn::Resting { until: next });
        let pulled = pin!(options.trigger.pulled());
        let slept = pin!(options.stop.sleep(clock, wait.min(BEAT)));
        if let Either::Left(_) = select(pulled, slept).await {
            return;
        }
    }
}
