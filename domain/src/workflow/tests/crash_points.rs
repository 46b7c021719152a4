//! Every crash point: a workload that passes through all steps is cut at its first await, at the second, … at the last;
//! the recovery by a new worker is cut again at each of its own; and what became of the acceptances on their way is tried
//! in every way. Nothing is drawn at random: all of it is counted.

mod rules;
mod trial;
mod workload;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use trial::{Cut, Fate, Reach, Reached, Trial};
use workload::Part;

use super::drive::block_on;
use crate::work::CLAIMS_TOGETHER;

/// What the tests went through.
#[derive(Debug, Default)]
struct Counts {
    points: AtomicU64,
    /// Points and fates of the calls on their way there.
    cuts: AtomicU64,
    pairs: AtomicU64,
    trials: AtomicU64,
}

impl Counts {
    fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }
}

/// Runs one trial; a broken rule says which.
fn run(trial: &Trial) -> Reached {
    catch_unwind(AssertUnwindSafe(|| trial.run())).unwrap_or_else(|panic| {
        println!("this trial fails: {trial:?}");
        resume_unwind(panic)
    })
}

/// Cuts at a point in every way: under each fate of the calls on their way there. `false` beyond the last point.
fn each_fate(at: u64, mut with: impl FnMut(Cut) -> Reach) -> bool {
    for fate in Fate::ALL {
        match with(Cut { at, fate }) {
            Reach::Ended => return false,
            Reach::Cut { on_their_way: 0 } => return true,
            Reach::Cut { .. } => {}
        }
    }
    true
}

/// Cuts a worker of `trial` at every `step`th point from `from` on, and does `then` with each such trial.
fn all_cuts(mut trial: Trial, (from, step): (u64, usize), counts: &Counts, then: impl Fn(Trial)) {
    for first in (from..).step_by(step) {
        let more = each_fate(first, |cut| {
            trial.first = Some(cut);
            let reached = run(&trial).first;
            Counts::add(&counts.trials, 1);
            if matches!(reached, Reach::Cut { .. }) {
                Counts::add(&counts.cuts, 1);
                then(trial);
            }
            reached
        });
        if !more {
            return;
        }
        Counts::add(&counts.points, 1);
    }
}

/// Cuts the recovery of `trial` at each of its points.
fn all_recoveries(mut trial: Trial, counts: &Counts) {
    for second in 0.. {
        let more = each_fate(second, |cut| {
            trial.second = Some(cut);
            let reached = run(&trial).second;
            Counts::add(&counts.trials, 1);
            if matches!(reached, Reach::Cut { .. }) {
                Counts::add(&counts.pairs, 1);
            }
            reached
        });
        if !more {
            return;
        }
    }
}

/// The first trial that fails, counted from 1, and how: the uncut workload and then every single cut. For whoever drops a
/// guard on purpose.
pub(super) fn first_failure() -> Option<(u64, String)> {
    let mut trials = 0;
    for gap in [21, 61] {
        let mut trial = Trial::new(Part::Whole, [gap; 2]);
        for first in 0.. {
            let mut failure = None;
            let more = each_fate(first, |cut| {
                trial.first = Some(cut);
                trials += 1;
                let reached = catch_unwind(AssertUnwindSafe(|| trial.run()));
                reached.map_or_else(
                    |panic| {
                        failure = Some(words(&*panic));
                        Reach::Ended
                    },
                    |reached| reached.first,
                )
            });
            if let Some(failure) = failure {
                return Some((trials, failure));
            }
            if !more {
                break;
            }
        }
    }
    None
}

/// What a panic said.
pub(super) fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
        .to_owned()
}

#[test]
fn the_workload_passes_through_every_step_and_settles_uncut() {
    let world = workload::world(Part::Whole);
    block_on(workload::session(&world));
    trial::finish(&world);
    workload::passed_through_every_step(&world);
}

#[test]
fn leases_are_renewed_and_a_suspect_is_claimed_alone_in_the_part_for_them() {
    let world = workload::world(Part::Waiting);
    let suspect = world
        .memory
        .work_rows()
        .into_iter()
        .find(|(id, _)| id.as_str() == workload::SUSPECT);
    assert!(
        suspect.is_some_and(|(_, row)| row.unreleased_claims >= CLAIMS_TOGETHER),
        "it would be claimed with others"
    );
    block_on(workload::session(&world));
    trial::finish(&world);
    workload::passed_through_renewals_and_a_suspect(&world);
}

#[test]
fn a_run_cut_at_any_await_is_finished_by_a_new_worker_whatever_became_of_its_calls() {
    // The next worker comes under the lease of the dead one, after it, and after the poll interval.
    for gap in [1, 21, 61] {
        let counts = Counts::default();
        all_cuts(Trial::new(Part::Whole, [gap; 2]), (0, 1), &counts, |_| {});
        println!("{gap} s between the workers: {counts:?}");
        let (points, cuts) = (counts.points.into_inner(), counts.cuts.into_inner());
        assert!(points >= 250, "only {points} places to cut at");
        assert!(cuts >= points + 100, "only {cuts} cuts at {points} places");
    }
}

#[test]
fn a_recovery_cut_at_any_await_is_finished_as_well_in_all_pairs_of_calls() {
    all_pairs(Part::Calls, 10_000);
}

#[test]
fn a_recovery_cut_at_any_await_is_finished_as_well_in_all_pairs_with_others() {
    all_pairs(Part::Others, 10_000);
}

#[test]
fn a_recovery_cut_at_any_await_is_finished_as_well_in_all_pairs_of_those_that_wait() {
    all_pairs(Part::Waiting, 2_000);
}

/// Every pair of cuts of one part, on two threads.
fn all_pairs(part: Part, least: u64) {
    let counts = Counts::default();
    let trial = Trial::new(part, [61, 21]);
    std::thread::scope(|scope| {
        for from in 0..2 {
            let counts = &counts;
            let cut_again = move |trial| all_recoveries(trial, counts);
            scope.spawn(move || all_cuts(trial, (from, 2), counts, cut_again));
        }
    });
    println!("{part:?}: {counts:?}");
    let pairs = counts.pairs.into_inner();
    assert!(pairs >= least, "only {pairs} pairs");
}
