//! Random histories of store calls, run on the store in memory and on another at once.
//!
//! Simulations run on the store in memory; they say something about the databases only as far as these do the same. So
//! each history of calls to all the store ports, with other programs writing in between, is made on both, and after each
//! call the answers and every row of every table are compared. What bears another id or another time of the store's own
//! clock on each is made alike first; nothing else is. Where they differ, the history is shrunk to the shortest that
//! still shows it, and told call by call with the command that plays it again.
//!
//! `ACKORD_DIFFERENTIAL_HISTORIES` sets how many histories run, `ACKORD_DIFFERENTIAL_SEED` the seed of the first.

mod bound;
mod call;
mod generate;
mod names;
mod pair;
mod play;
mod shrink;
mod side;
mod state;

use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ackord_postgres::ClaimStrategy;
use futures_util::future::join_all;

pub use pair::Subject;

use self::generate::Generator;
use self::pair::Lane;
use self::play::{Tallies, Tally, play};
use crate::cases;
use crate::contract::store::mutants::Fault;
use crate::harness::Case;

/// How many histories run where nobody says otherwise.
const HISTORIES: u64 = 1000;

/// How many calls a history has.
const CALLS: usize = 50;

/// How many histories run at once.
const LANES: usize = 3;

/// In how many histories a fault has to be found.
const HISTORIES_FOR_A_FAULT: u64 = 1000;

/// The cases for a store.
#[must_use]
pub fn cases() -> Vec<Case<Subject>> {
    cases![random_histories_agree_with_the_store_in_memory]
}

/// The cases that show that a difference is found.
#[must_use]
pub fn cases_of_faults() -> Vec<Case<()>> {
    cases![every_fault_that_was_planted_is_found]
}

fn number_of(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is to be a number, not `{text}`"))
    })
}

async fn random_histories_agree_with_the_store_in_memory(subject: &Subject) {
    let usual = match subject {
        Subject::Postgres(_, ClaimStrategy::GuardedUpdate) => HISTORIES / 4,
        _ => HISTORIES,
    };
    let histories = number_of("ACKORD_DIFFERENTIAL_HISTORIES", usual);
    let first = number_of("ACKORD_DIFFERENTIAL_SEED", 1);
    let started = Instant::now();
    let next = AtomicU64::new(first);
    let lanes = (0..LANES).map(|_| run_lane(subject, &next, first + histories));
    let mut all = Tallies::new();
    for (kind, tally) in join_all(lanes).await.into_iter().flatten() {
        let sum = all.entry(kind).or_default();
        sum.made += tally.made;
        sum.changed_something += tally.changed_something;
        sum.refused += tally.refused;
    }
    tell(subject, histories, started, &all);
    let silent: Vec<_> = all.iter().filter(|(kind, tally)| is_silent(kind, tally)).collect();
    assert!(
        histories < HISTORIES || silent.is_empty(),
        "calls that never did anything prove nothing: {silent:?}"
    );
}

/// Whether calls of this kind were to change something and never did.
fn is_silent(kind: &str, tally: &Tally) -> bool {
    let changes = [
        "Ingest",
        "Claim",
        "Renew",
        "Intend",
        "Answer",
        "Settle",
        "Begin",
        "Finish",
        "OpenInbox",
        "Foreign",
        "Decide",
        "CloseFailures",
        "HoldSending",
        "AllowSending",
        "TakeUp",
        "BeginRebuild",
        "Rebuild",
    ];
    changes.iter().any(|name| kind.starts_with(name)) && tally.changed_something == 0
}

/// Plays the histories of the seeds that are left, one after the other.
async fn run_lane(subject: &Subject, next: &AtomicU64, end: u64) -> Tallies {
    let mut lane = Lane::new(subject.clone());
    let mut tallies = Tallies::new();
    loop {
        let seed = next.fetch_add(1, Ordering::SeqCst);
        if seed >= end {
            return tallies;
        }
        let history = Generator::new(seed).history(CALLS);
        let mut pair = lane.pair().await.expect("the stores can be had");
        if let Some(difference) = play(&mut pair, &history, &mut tallies).await {
            drop(pair);
            let (history, difference) = shrink::shrink(&mut lane, history, difference)
                .await
                .expect("the stores can be had");
            panic!("{}", story(subject, seed, &history, &difference));
        }
    }
}

/// A history on which the stores came apart, call by call, and how to play it again.
fn story(subject: &Subject, seed: u64, history: &[call::Call], difference: &play::Difference) -> String {
    let mut words = format!("history {seed}, shrunk to {} calls:\n", history.len());
    for (number, call) in history.iter().enumerate() {
        words.push_str(&format!("    {}. {call:?}\n", number + 1));
    }
    format!(
        "{words}{difference}to play it again: ACKORD_DIFFERENTIAL_SEED={seed} ACKORD_DIFFERENTIAL_HISTORIES=1 \
         cargo test -p ackord-tests --test differential {}",
        subject.name()
    )
}

#[expect(clippy::print_stderr, reason = "what was compared is part of what the test shows")]
fn tell(subject: &Subject, histories: u64, started: Instant, tallies: &Tallies) {
    let made: u64 = tallies.values().map(|tally| tally.made).sum();
    eprintln!(
        "{}: {histories} histories, {made} calls, alike after each, in {:.1} s",
        subject.name(),
        started.elapsed().as_secs_f32()
    );
    for (kind, tally) in tallies {
        let Tally {
            made,
            changed_something,
            refused,
        } = tally;
        eprintln!("    {kind}: {made}, of them {changed_something} changed something and {refused} were refused");
    }
}

#[expect(
    clippy::print_stderr,
    reason = "after how many histories each fault shows is to be seen"
)]
async fn every_fault_that_was_planted_is_found(_: &()) {
    agrees_with_itself().await;
    let mut missed = Vec::new();
    for fault in Fault::ALL.into_iter().filter(|fault| !fault.is_about_alerts()) {
        let mut lane = Lane::new(Subject::Memory(Some(fault)));
        let mut found = None;
        for seed in 1..=HISTORIES_FOR_A_FAULT {
            let history = Generator::new(seed).history(CALLS);
            let mut pair = lane.pair().await.expect("the stores can be had");
            if let Some(difference) = play(&mut pair, &history, &mut Tallies::new()).await {
                found = Some((seed, history, difference));
                break;
            }
        }
        match found {
            Some((seed, history, difference)) => {
                let (history, _) = shrink::shrink(&mut lane, history, difference)
                    .await
                    .expect("the stores can be had");
                eprintln!(
                    "    {}: after {seed} histories, in {} calls",
                    fault.name(),
                    history.len()
                );
            }
            None => missed.push(fault.name()),
        }
    }
    assert!(missed.is_empty(), "no history shows these: {missed:?}");
}

/// Without a fault nothing is found.
async fn agrees_with_itself() {
    let mut lane = Lane::new(Subject::Memory(None));
    for seed in 1..=HISTORIES_FOR_A_FAULT {
        let history = Generator::new(seed).history(CALLS);
        let mut pair = lane.pair().await.expect("the stores can be had");
        let difference = play(&mut pair, &history, &mut Tallies::new()).await;
        assert!(
            difference.is_none(),
            "two stores in memory came apart in history {seed}: {difference:?}"
        );
    }
}
