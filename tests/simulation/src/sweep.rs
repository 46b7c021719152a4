//! Many seeds over several threads, and what they add up to.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::coverage::Coverage;
use crate::simulate::{Failure, Options, Outcome, simulate};

/// What many seeds add up to.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// Seeds in which everything held.
    pub passed: u64,
    /// Steps.
    pub steps: u64,
    /// The least steps of any seed; 0 before the first.
    pub least_steps: u64,
    /// Port calls.
    pub port_calls: u64,
    /// Runs of workers.
    pub runs: u64,
    /// Orders.
    pub orders: u64,
    /// Acceptances of ours that took effect.
    pub accepted: u64,
    /// Virtual time, in seconds.
    pub virtual_s: u64,
    /// Every seed's trace, folded so that the order in which they ended does not matter.
    pub trace: u64,
    /// Faults and where they struck.
    pub coverage: Coverage,
}

impl Totals {
    /// Adds a seed.
    pub fn add(&mut self, outcome: &Outcome) {
        self.least_steps = if self.passed == 0 {
            outcome.steps
        } else {
            self.least_steps.min(outcome.steps)
        };
        self.passed += 1;
        self.steps += outcome.steps;
        self.port_calls += outcome.port_calls;
        self.runs += outcome.runs;
        self.orders += outcome.orders as u64;
        self.accepted += outcome.accepted;
        self.virtual_s += outcome.virtual_s;
        let spread = outcome.trace ^ outcome.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.trace = self.trace.wrapping_add(spread);
        self.coverage.add(&outcome.coverage);
    }
}

/// How far a sweep came.
#[derive(Debug)]
pub struct Sweep {
    /// What the seeds that were gone through add up to.
    pub totals: Totals,
    /// The seeds that failed.
    pub failures: Vec<Failure>,
    /// The first seed that was not begun: every one before it has ended.
    pub next_seed: u64,
}

/// Goes through `seeds` on `threads` threads until they are used up, or `go_on` (asked before each seed) says no.
pub fn sweep(seeds: Range<u64>, threads: usize, go_on: &(dyn Fn(&Totals) -> bool + Sync)) -> Sweep {
    let next = AtomicU64::new(seeds.start);
    let stopped = AtomicBool::new(false);
    let gathered: Mutex<(Totals, Vec<Failure>)> = Mutex::default();
    let work = || {
        while !stopped.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                next.fetch_sub(1, Ordering::Relaxed);
                return;
            }
            let outcome = simulate(seed, &Options::default());
            let mut gathered = gathered.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(outcome) => gathered.0.add(&outcome),
                Err(failure) => gathered.1.push(*failure),
            }
            if !go_on(&gathered.0) {
                stopped.store(true, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let (totals, mut failures) = gathered.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.sort_by_key(|failure| failure.seed);
    Sweep {
        totals,
        failures,
        next_seed: next.into_inner().min(seeds.end),
    }
}
