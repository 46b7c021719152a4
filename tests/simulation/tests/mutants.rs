//! The column "simulation: seeds" of the table of mutants in `docs/testing.md`: with the guard dropped, one of so many seeds
//! must fail.
//!
//! This is a target of its own that needs the feature `mutants`, and `.ci/run` runs it as a step of its own: features are
//! unified over all packages of one build, so a switch turned on here would be in the programs too that
//! `cargo test --workspace` builds, and what the end-to-end tests run would not be what is shipped.

use ackord::guards::Guard;
use ackord_simulation::{Options, simulate};

const DOCS: &str = include_str!("../../../docs/testing.md");

/// The guards for which the table names a number of seeds, with it.
fn named() -> Vec<(Guard, u64)> {
    let rows = DOCS.lines().filter(|line| line.starts_with("| `"));
    let named = rows.filter_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [guard, _, _, seeds] = cells[..] else { return None };
        Some((Guard::parse(guard.trim_matches('`'))?, seeds.parse().ok()?))
    });
    named.collect()
}

/// Whether the simulation breaks a promise in this seed once the guard is dropped.
fn fails(guard: Guard, seed: u64) -> bool {
    let options = Options {
        dropped: Some(guard),
        ..Options::default()
    };
    simulate(seed, &options).is_err()
}

#[test]
fn each_guard_is_seen_after_as_many_seeds_as_the_docs_say() {
    let missed: Vec<_> = named()
        .into_iter()
        .filter(|(guard, seeds)| !(0..*seeds).rev().any(|seed| fails(*guard, seed)))
        .collect();
    assert!(missed.is_empty(), "no seed sees these any more: {missed:?}");
}

#[test]
fn most_guards_stand_in_the_docs_with_a_number_of_seeds() {
    let (named, all) = (named().len(), Guard::all().count());
    assert!(2 * named > all, "{named} of {all}");
}

#[test]
fn with_every_guard_in_place_the_same_seeds_hold() {
    let most = named().into_iter().map(|(_, seeds)| seeds).max().unwrap_or(0);
    for seed in 0..most {
        if let Err(failure) = simulate(seed, &Options::default()) {
            panic!("{failure}");
        }
    }
}
