//! The seeds of CI: none may break a promise, every one must be long enough, and the same seed must give the same trace.

use std::ops::Range;

use ackord_simulation::{Coverage, FaultKind, LEAST_STEPS, Options, Outcome, is_possible, places, simulate, sweep};

/// How many seeds are gone through, unless `ACKORD_SIMULATION_SEEDS` says otherwise.
const SEEDS: u64 = 10_000;

fn seeds() -> Range<u64> {
    let asked = std::env::var("ACKORD_SIMULATION_SEEDS").ok();
    0..asked.map_or(SEEDS, |asked| asked.parse().expect("ACKORD_SIMULATION_SEEDS: a number"))
}

fn through(seed: u64) -> Outcome {
    simulate(seed, &Options::default()).unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn every_promise_holds_in_every_seed() {
    let swept = sweep(seeds(), 2, &|_| true);
    let failures: Vec<String> = swept.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
    assert_eq!(swept.totals.passed, seeds().end);
    assert!(swept.totals.least_steps >= LEAST_STEPS, "{}", swept.totals.least_steps);
    let pairs = pairs(&swept.totals.coverage);
    println!(
        "{} seeds, {} steps, {} faults, {pairs} reached, trace of all {:016x}",
        swept.totals.passed,
        swept.totals.steps,
        FaultKind::ALL
            .iter()
            .map(|fault| swept.totals.coverage.total(*fault))
            .sum::<u64>(),
        swept.totals.trace
    );
}

/// Of the (state, fault) pairs that there can be none was missed where enough seeds were gone through, and no other was
/// reached.
fn pairs(reached: &Coverage) -> String {
    let all = FaultKind::ALL
        .iter()
        .flat_map(|fault| places().map(|place| (*fault, place)));
    let (possible, others): (Vec<_>, Vec<_>) = all.partition(|(fault, place)| is_possible(*fault, *place));
    let missed: Vec<_> = possible
        .iter()
        .filter(|(fault, place)| reached.of(*fault, *place) == 0)
        .collect();
    assert!(seeds().end < SEEDS || missed.is_empty(), "not reached: {missed:?}");
    let strange: Vec<_> = others
        .iter()
        .filter(|(fault, place)| reached.of(*fault, *place) > 0)
        .collect();
    assert!(strange.is_empty(), "said to be impossible: {strange:?}");
    format!("{} of {} pairs", possible.len() - missed.len(), possible.len())
}

#[test]
fn there_are_twenty_five_kinds_of_fault_and_more() {
    assert!(FaultKind::ALL.len() >= 25, "{}", FaultKind::ALL.len());
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..100 {
        let (one, other) = (through(seed), through(seed));
        assert_eq!((one.trace, one.steps), (other.trace, other.steps), "seed {seed}");
        assert_eq!(one.coverage, other.coverage, "seed {seed}");
    }
}

#[test]
fn another_seed_gives_another_trace() {
    let mut traces: Vec<u64> = (0..100).map(|seed| through(seed).trace).collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len(), 100);
}

#[test]
fn a_story_changes_nothing_and_tells_every_entry() {
    let told = simulate(3, &Options::with_story()).expect("a seed that holds");
    assert_eq!(told.trace, through(3).trace);
    assert!(told.story.iter().any(|line| line.contains("'accepted' by ackord")));
}

#[test]
fn every_seed_has_a_fleet_and_orders_enough() {
    for seed in 0..100 {
        let outcome = through(seed);
        assert!(outcome.workers >= 3 && outcome.orders >= 20, "seed {seed}");
    }
}
