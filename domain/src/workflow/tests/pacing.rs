//! Leases, freshness of looks, concurrency.

use std::sync::{Arc, Mutex};

use super::gate::{Op, When};
use super::world::{World, seconds};
use crate::ports::Clock as _;
use crate::settings::Settings;
use crate::time;
use crate::work::Phase;
use crate::workflow::Halt;

#[test]
pub(super) fn a_listing_older_than_a_minute_justifies_no_send() {
    let world = World::new();
    world.order("A-1");
    let clock = world.clock.clone();
    world
        .gate
        .at(Op::Ingest, When::After, 0, move || clock.advance(seconds(61)));
    world.run();
    let calls = world.memory.logged_calls();
    let kinds: Vec<_> = calls.iter().map(|call| call.row.endpoint.as_str()).collect();
    assert_eq!(kinds, ["OR11", "OR11", "OR21", "OR11"], "a fresh look comes first");
}

#[test]
pub(super) fn an_order_with_an_earlier_call_is_always_looked_at_anew() {
    let world = World::new();
    world.scripted("A-1", &[super::market::Answer::NotSent]);
    world.run();
    world.advance(60);
    world.run();
    let calls = world.memory.logged_calls();
    let kinds: Vec<_> = calls.iter().map(|call| call.row.endpoint.as_str()).collect();
    assert_eq!(kinds, ["OR11", "OR21", "OR11", "OR11", "OR21", "OR11"]);
}

#[test]
fn orders_that_can_not_start_in_time_are_given_back_and_claimed_again() {
    // One call at a time, five seconds each: after two, the lease of the others is too short.
    let world = World::with(Settings {
        concurrency: 1,
        ..Settings::default()
    });
    world.orders(7);
    *world.market.send_takes.lock().unwrap() = seconds(5);
    let report = world.run_within(300);
    assert_eq!((report.accepted, report.lost_to_others), (7, 0));
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 7);
}

#[test]
pub(super) fn no_call_is_begun_that_could_outlast_its_lease() {
    let world = World::new();
    world.order("A-1");
    // The list is too old to serve as the look, and the look itself takes most of the lease.
    for (op, when, takes) in [(Op::Ingest, When::After, 61), (Op::Look, When::Before, 11)] {
        let clock = world.clock.clone();
        world.gate.at(op, when, 0, move || clock.advance(seconds(takes)));
    }
    let (memory, clock) = (world.memory.clone(), world.clock.clone());
    let outlasting = Arc::new(Mutex::new(Vec::new()));
    let found = Arc::clone(&outlasting);
    world.gate.at(Op::Accept, When::Before, 0, move || {
        let ends_by = time::plus(clock.now(), Settings::default().call_timeout);
        let rows = memory.work_rows().into_iter();
        let sent = rows.filter(|(_, row)| row.standing.phase == Phase::Sending);
        let outlasting = sent.filter(|(_, row)| row.lease_until < Some(ends_by));
        found.lock().unwrap().extend(outlasting);
    });
    assert_eq!(world.run().accepted, 1);
    let outlasting = outlasting.lock().unwrap();
    assert!(outlasting.is_empty(), "{outlasting:?}");
}

#[test]
pub(super) fn a_call_that_is_begun_ends_a_margin_before_its_lease() {
    let world = World::new();
    world.order("A-1");
    for (op, when, takes) in [(Op::Ingest, When::After, 61), (Op::Look, When::Before, 7)] {
        let clock = world.clock.clone();
        world.gate.at(op, when, 0, move || clock.advance(seconds(takes)));
    }
    let (memory, clock) = (world.memory.clone(), world.clock.clone());
    let too_late = Arc::new(Mutex::new(Vec::new()));
    let found = Arc::clone(&too_late);
    world.gate.at(Op::Accept, When::Before, 0, move || {
        // It may start a margin late, and ends a margin before its lease all the same.
        let settings = Settings::default();
        let longest = settings.lease_margin + settings.call_timeout + settings.lease_margin;
        let rows = memory.work_rows().into_iter();
        let sent = rows.filter(|(_, row)| row.standing.phase == Phase::Sending);
        let too_late = sent.filter(|(_, row)| row.lease_until < Some(time::plus(clock.now(), longest)));
        found.lock().unwrap().extend(too_late);
    });
    assert_eq!(world.run().accepted, 1);
    let too_late = too_late.lock().unwrap();
    assert!(too_late.is_empty(), "{too_late:?}");
}

#[test]
fn orders_given_back_are_not_missed_by_a_claim_that_runs_beside() {
    for seed in 0..40 {
        let world = World::with(Settings {
            concurrency: 2,
            batch: 4,
            ..Settings::default()
        });
        world.orders(9);
        *world.market.send_takes.lock().unwrap() = seconds(4);
        world.gate.take_turns(seed);
        let report = world.run_within(600);
        assert_eq!(report.accepted, 9, "seed {seed}: {report:?}");
        assert_eq!(world.unsettled(), 0);
    }
}

#[test]
pub(super) fn a_call_never_starts_unless_it_can_end_before_the_lease_is_doubted() {
    let world = World::new();
    world.orders(3);
    // The intents take long: the calls are withdrawn and stand as not sent; then it goes well.
    let clock = world.clock.clone();
    world
        .gate
        .at(Op::Intents, When::After, 0, move || clock.advance(seconds(3)));
    let report = world.run();
    assert_eq!(report.accepted, 3);
    assert_eq!(
        send_outcomes(&world),
        ["not_sent", "not_sent", "not_sent", "applied", "applied", "applied"]
    );
    assert_eq!(report.calls.sends, 3);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 3);
}

#[test]
pub(super) fn the_permit_ends_with_the_time_for_its_call() {
    // The lease would last until the 18th second, but a hold or a rebuild may have voided it.
    for (frozen_for, outcomes) in [(11, vec!["applied"]), (12, vec!["not_sent", "applied"])] {
        let world = World::new();
        let order = world.order("A-1");
        let clock = world.clock.clone();
        // The process is frozen right before the bytes would leave.
        world
            .gate
            .at(Op::Accept, When::Before, 0, move || clock.advance(seconds(frozen_for)));
        let report = world.run();
        assert_eq!(send_outcomes(&world), outcomes);
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
        assert_eq!((report.accepted, report.calls.sends), (1, 1));
        assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    }
}

/// How each acceptance ended, by the record.
fn send_outcomes(world: &World) -> Vec<&'static str> {
    let calls = world.memory.logged_calls();
    let sends = calls.iter().filter(|call| call.row.endpoint == "OR21");
    sends.map(|call| call.row.outcome.unwrap().as_str()).collect()
}

#[test]
fn a_run_that_only_ever_claims_and_gives_back_stops() {
    let world = World::new();
    let order = world.order("A-1");
    // Every look is too old to justify a call by the time it is answered.
    *world.market.read_takes.lock().unwrap() = seconds(61);
    let clock = world.clock.clone();
    world
        .gate
        .at(Op::Ingest, When::After, 0, move || clock.advance(seconds(61)));
    let report = world.run_within(400);
    assert!(matches!(report.halt, Some(Halt::TooSlow { .. })), "{:?}", report.halt);
    assert_eq!(world.phase(&order), Phase::Ready);
    assert_eq!(world.work(&order).lease_until, None);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
}

#[test]
pub(super) fn a_store_that_is_too_slow_for_intents_stops_the_run() {
    let world = World::new();
    world.order("A-1");
    for nth in 0..100 {
        let clock = world.clock.clone();
        world
            .gate
            .at(Op::Intents, When::After, nth, move || clock.advance(seconds(3)));
    }
    let report = world.run_within(600);
    assert!(matches!(report.halt, Some(Halt::TooSlow { .. })), "{:?}", report.halt);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
}

#[test]
fn a_row_that_stays_locked_is_left_to_the_next_run() {
    // Another program's open transaction: the order is due and free, and no claim gets it.
    let world = World::new();
    let order = world.scripted("A-1", &[super::market::Answer::Throttled(Some(seconds(1)))]);
    let gate = world.gate.clone();
    world.gate.at(Op::Accept, When::After, 0, move || gate.lock_rows(true));
    let report = world.run_within(100);
    assert_eq!((report.accepted, report.awaiting), (0, 1));
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert!(report.duration <= seconds(10), "{:?}", report.duration);
    world.gate.lock_rows(false);
    world.run();
    assert_eq!(world.status(&order), "accepted");
}

#[test]
fn a_row_that_was_locked_for_a_moment_is_worked_on_in_the_same_run() {
    let world = World::new();
    let order = world.scripted("A-1", &[super::market::Answer::Throttled(Some(seconds(1)))]);
    let gate = world.gate.clone();
    world.gate.at(Op::Accept, When::After, 0, move || gate.lock_rows(true));
    let gate = world.gate.clone();
    world
        .gate
        .at(Op::Standings, When::After, 2, move || gate.lock_rows(false));
    world.run_within(100);
    assert_eq!(world.status(&order), "accepted");
}

#[test]
fn no_more_calls_than_allowed_are_under_way_at_once() {
    let world = World::with(Settings {
        concurrency: 3,
        ..Settings::default()
    });
    world.orders(20);
    world.gate.take_turns(5);
    let (under_way, most) = (
        std::sync::Arc::new(std::sync::atomic::AtomicI64::new(0)),
        std::sync::Arc::new(std::sync::atomic::AtomicI64::new(0)),
    );
    for nth in 0..20 {
        use std::sync::atomic::Ordering::SeqCst;
        let (started, highest) = (std::sync::Arc::clone(&under_way), std::sync::Arc::clone(&most));
        world.gate.at(Op::Accept, When::Before, nth, move || {
            highest.fetch_max(started.fetch_add(1, SeqCst) + 1, SeqCst);
        });
        let ended = std::sync::Arc::clone(&under_way);
        world.gate.at(Op::Accept, When::After, nth, move || {
            ended.fetch_sub(1, SeqCst);
        });
    }
    world.run();
    let most = most.load(std::sync::atomic::Ordering::SeqCst);
    assert!((2..=3).contains(&most), "{most} at once");
}
