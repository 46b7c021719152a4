//! One seed from its start to its end.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::acts::meddle;
use crate::coverage::Coverage;
use crate::fleet::Fleet;
use crate::profile::Profile;
use crate::rng::Rng;
use crate::sim::Sim;
use crate::times::{HOUR, MINUTE};
use crate::trace::clock_text;

/// The least that a seed must go through.
pub const LEAST_STEPS: u64 = 500;

/// How long after the last fault everything must have settled.
const TO_SETTLE: u64 = 24 * HOUR;

/// What to do beside going through the seed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether the story is told: it costs time.
    pub story: bool,
    /// A guard that the workflow goes without.
    #[cfg(feature = "mutants")]
    pub dropped: Option<ackord::guards::Guard>,
}

impl Options {
    /// With the story.
    #[must_use]
    pub fn with_story() -> Self {
        Self {
            story: true,
            #[cfg(feature = "mutants")]
            dropped: None,
        }
    }
}

/// What came of a seed in which everything held.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The hash over all that happened.
    pub trace: u64,
    /// Steps: polls of workers and events.
    pub steps: u64,
    /// Port calls.
    pub port_calls: u64,
    /// Runs of workers that were begun.
    pub runs: u64,
    /// Workers at once.
    pub workers: usize,
    /// Orders.
    pub orders: usize,
    /// Acceptances of ours that took effect.
    pub accepted: u64,
    /// Virtual time, in seconds.
    pub virtual_s: u64,
    /// Faults and where they struck.
    pub coverage: Coverage,
    /// What happened, line by line, where that was asked for.
    pub story: Vec<String>,
}

/// A seed in which a promise was broken.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Which promise, and how.
    pub what: String,
    /// After how many steps.
    pub steps: u64,
    /// What happened until then, where that was asked for.
    pub story: Vec<String>,
}

impl Failure {
    /// The command that replays it and tells the story.
    #[must_use]
    pub fn command(&self) -> String {
        format!("cargo run -p ackord-simulation --bin simulate -- --seed {}", self.seed)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, what, steps, .. } = self;
        write!(
            f,
            "seed {seed} after {steps} steps: {what}\n  replay: {}",
            self.command()
        )
    }
}

/// Goes through one seed. The same seed gives the same trace, always.
///
/// # Errors
/// [`Failure`] where a promise is broken, something does not settle, or the workflow panics.
pub fn simulate(seed: u64, options: &Options) -> Result<Outcome, Box<Failure>> {
    #[cfg(feature = "mutants")]
    let _restored = options.dropped.map(ackord::guards::drop_one);
    let mut rng = Rng::new(seed);
    let profile = Profile::draw(&mut rng);
    let sim = Sim::new(profile, rng, options.story);
    let steps = std::cell::Cell::new(0);
    let ended = catch_unwind(AssertUnwindSafe(|| go_through(&sim, &steps)));
    let failed = |what: String| {
        Box::new(Failure {
            seed,
            what,
            steps: steps.get(),
            story: sim.state().trace.take_story(),
        })
    };
    match ended {
        Ok(Ok(fleet_runs)) => {
            let now = sim.now();
            let mut state = sim.state();
            Ok(Outcome {
                seed,
                trace: state.trace.hash(),
                steps: steps.get(),
                port_calls: state.port_calls,
                runs: fleet_runs,
                workers: state.profile.workers,
                orders: state.profile.orders,
                accepted: state.facts.orders.iter().map(|order| order.effects.len() as u64).sum(),
                virtual_s: now / 1_000_000,
                coverage: std::mem::take(&mut state.coverage),
                story: state.trace.take_story(),
            })
        }
        Ok(Err(what)) => Err(failed(what)),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
            Err(failed(format!("a panic: {}", words.unwrap_or_default())))
        }
    }
}

fn go_through(sim: &Arc<Sim>, steps: &std::cell::Cell<u64>) -> Result<u64, String> {
    let profile = sim.state().profile.clone();
    sim.tell(|| format!("{profile:?}"));
    sim.stock();
    let mut fleet = Fleet::new(Arc::clone(sim));
    let storm = sim.state().profile.storm;
    let mut calm_since = None;
    let mut next_check = 0;
    loop {
        if !fleet.step() {
            return Err("nothing is left to happen: a wakeup was lost".to_owned());
        }
        steps.set(fleet.steps);
        meddle(sim, &mut fleet);
        sim.audit();
        if let Some(what) = sim.state().violation() {
            return Err(what.clone());
        }
        let now = sim.now();
        match calm_since {
            None if now >= storm && fleet.steps >= LEAST_STEPS => {
                sim.calm();
                calm_since = Some(now);
            }
            Some(since) if now >= next_check => {
                next_check = now + MINUTE;
                match sim.unsettled() {
                    None => return sim.whole_record().map(|()| fleet.runs),
                    Some(what) if now > since + TO_SETTLE => {
                        return Err(format!("promise 2: not settled by {}: {what}", clock_text(now)));
                    }
                    Some(_) => {}
                }
            }
            _ => {}
        }
    }
}
