//! Workers that die: at two named points, and at every port call of a run.

use std::sync::{Arc, Mutex};

use super::drive::run_until;
use super::gate::{Gate, Op, When};
use super::market::Answer;
use super::world::{World, seconds};
use crate::order::OrderId;
use crate::ports::Clock as _;
use crate::state::MarketplaceState as State;
use crate::time;
use crate::work::Phase;
use crate::workflow::Wait;

/// Runs until the next passage of `op`, and dies at the one after it.
fn die_at(world: &World, op: Op, when: When) {
    let gate: Gate = world.gate.clone();
    let inner = world.gate.clone();
    world.gate.at(op, when, 0, move || inner.hang_at(0));
    let cut = run_until(world.one_run(Wait::ForValidations), || gate.hung()).is_none();
    assert!(cut, "the run ended before it came to {op:?}");
    world.gate.reopen();
}

fn finished_by_a_later_run(world: &World, order: &OrderId) {
    world.advance(21);
    world.run();
    assert_eq!(world.statuses(order), ["pending_acceptance", "accepted"]);
    assert!(world.failures(order).is_empty());
    assert_eq!(world.ledger(|ledger| ledger.effects_on(order.as_str())), 1);
}

#[test]
pub(super) fn mistake_03_a_run_killed_between_intent_and_send_is_finished_by_a_later_one() {
    let world = World::new();
    let order = world.order("A-1");
    die_at(&world, Op::Intents, When::After);
    assert_eq!(world.phase(&order), Phase::Sending);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
    finished_by_a_later_run(&world, &order);
    let calls = world.memory.logged_calls();
    let outcomes: Vec<_> = calls
        .iter()
        .filter(|call| call.row.endpoint == "OR21")
        .map(|call| call.row.outcome.unwrap().as_str())
        .collect();
    assert_eq!(outcomes, ["unanswered", "applied"]);
}

#[test]
fn mistake_03_a_run_killed_between_send_and_record_is_finished_by_a_later_one() {
    let world = World::new();
    let order = world.order("A-1");
    die_at(&world, Op::Accept, When::After);
    assert_eq!(world.phase(&order), Phase::Sending);
    assert_eq!(world.ledger(|ledger| ledger.effects.len()), 1);
    finished_by_a_later_run(&world, &order);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1, "never sent again");
}

#[test]
fn a_run_killed_between_record_and_settle_is_finished_by_a_later_one() {
    let world = World::new();
    let order = world.order("A-1");
    die_at(&world, Op::Answers, When::After);
    assert_eq!(world.phase(&order), Phase::Sending);
    finished_by_a_later_run(&world, &order);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}

#[test]
pub(super) fn a_takeover_never_happens_under_a_live_lease() {
    let world = World::new();
    let order = world.order("A-1");
    die_at(&world, Op::Intents, When::After);
    world.advance(10);
    let report = world.run_no_wait();
    assert_eq!(world.phase(&order), Phase::Sending);
    assert_eq!(report.duration, std::time::Duration::ZERO, "nor is it waited for");
    assert_eq!(report.awaiting, 1);
    assert_eq!(world.work(&order).worker.as_deref(), Some("worker 0"));
}

#[test]
fn a_run_that_waits_for_its_own_orders_takes_over_what_a_dead_worker_left_within_thirty_seconds() {
    let world = World::new();
    let left = world.order("A-1");
    die_at(&world, Op::Intents, When::After);
    let died_at = world.clock.now();
    // The heir's own order takes several looks to be seen as accepted, a minute apart.
    world.order_like("B-1", |own| own.lag = 4);
    let taken_over_at = Arc::new(Mutex::new(None));
    for claims in 0..100 {
        let (memory, clock) = (world.memory.clone(), world.clock.clone());
        let (left, at) = (left.clone(), Arc::clone(&taken_over_at));
        world.gate.at(Op::Claim, When::After, claims, move || {
            let row = memory.work(&left).expect("a work row");
            if row.worker.as_deref() == Some("worker 1") {
                at.lock().unwrap().get_or_insert(clock.now());
            }
        });
    }
    world.run();
    let taken_over_at = taken_over_at.lock().unwrap().expect("it is taken over");
    let after = time::until(died_at, taken_over_at);
    assert!(after >= seconds(20) && after <= seconds(30), "{after:?}");
    assert_eq!(world.unsettled(), 0);
}

#[test]
pub(super) fn the_takeover_looks_twice_a_poll_interval_apart_before_it_sends_again() {
    let world = World::new();
    world.order("A-1");
    die_at(&world, Op::Intents, When::After);
    let answer_by = world.memory.logged_calls().last().unwrap().answer_by;
    world.advance(21);
    world.run();
    let times = world.ledger(|ledger| ledger.look_times.clone());
    assert!(times.len() >= 3, "two to decide, one to send: {times:?}");
    assert!(times[0] >= answer_by);
    assert!(crate::time::until(times[0], times[1]) >= seconds(60));
}

/// A workload that passes through the steps: plain, lost answers, not sent, cancelled, slow, without lines.
fn workload() -> (World, Vec<OrderId>) {
    let world = World::new();
    let orders = vec![
        world.order("A-plain"),
        world.order_like("B-slow", |order| order.lag = 1),
        world.scripted("C-lost", &[Answer::LostAfterEffect]),
        world.scripted("D-not-sent", &[Answer::NotSent]),
        world.order_like("E-debit", |order| {
            order.accepted_as = State::WaitingDebit;
            order.later = vec![State::Shipping].into();
        }),
        world.order_like("F-cancelled", |order| {
            order.accepted_as = State::WaitingDebit;
            order.later = vec![State::Canceled].into();
        }),
    ];
    (world, orders)
}

fn check(world: &World, orders: &[OrderId], n: impl std::fmt::Display) {
    for order in orders {
        let expected = if order.as_str().starts_with('F') {
            "cancelled"
        } else {
            "accepted"
        };
        let statuses = world.statuses(order);
        assert_eq!(
            statuses.last().map(String::as_str),
            Some(expected),
            "cut at {n}: {order}"
        );
        if !order.as_str().starts_with('D') {
            assert_eq!(
                statuses,
                ["pending_acceptance", expected],
                "cut at {n}: {order}: a failure was made up"
            );
            assert!(world.failures(order).is_empty(), "cut at {n}: {order}");
        }
        assert_eq!(
            world.ledger(|ledger| ledger.effects_on(order.as_str())),
            1,
            "cut at {n}: {order}"
        );
    }
}

#[test]
fn a_run_cut_at_any_port_call_is_finished_by_later_ones() {
    let mut n = 0;
    loop {
        let (world, orders) = workload();
        let cut = world.crash_at(n);
        super::audit::audit(&world);
        world.advance(21);
        world.settle_all(12);
        check(&world, &orders, n);
        if !cut {
            break;
        }
        n += 1;
    }
    assert!(n > 60, "only {n} places to cut at");
}

#[test]
fn a_recovery_that_is_cut_as_well_is_finished_by_later_ones() {
    let mut pairs = 0;
    for first in (0..).step_by(5) {
        let mut second = 0;
        let mut ended = false;
        loop {
            let (world, orders) = workload();
            ended |= !world.crash_at(first);
            world.advance(21);
            let cut = world.crash_at(second);
            super::audit::audit(&world);
            world.advance(21);
            world.settle_all(12);
            check(&world, &orders, format!("{first} and {second}"));
            pairs += 1;
            if !cut {
                break;
            }
            second += 7;
        }
        if ended {
            break;
        }
    }
    assert!(pairs > 100, "only {pairs} pairs");
}

#[test]
fn a_run_cut_at_any_port_call_with_no_interval_between_looks_is_finished_too() {
    let mut n = 0;
    loop {
        let (mut world, orders) = workload();
        world.settings.poll_interval = std::time::Duration::ZERO;
        let cut = world.crash_at(n);
        world.advance(21);
        world.settle_all(12);
        check(&world, &orders, n);
        if !cut {
            break;
        }
        n += 1;
    }
}
