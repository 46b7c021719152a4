//! Several workers on one store.

use futures_util::future::{join, join_all};

use super::audit::audit;
use super::drive::block_on;
use super::market::Answer;
use super::world::{World, seconds};
use crate::settings::Settings;
use crate::time;
use crate::workflow::{Event, Wait};

#[test]
fn mistake_10_two_overlapping_runs_send_one_acceptance_an_order() {
    for seed in 0..40 {
        let world = World::new();
        let orders = world.orders(60);
        world.gate.take_turns(seed);
        world.gate.allow(20_000);
        let runs = join(world.one_run(Wait::ForValidations), world.one_run(Wait::ForValidations));
        let (one, other) = block_on(runs);
        assert!(one.halt.is_none() && other.halt.is_none());
        audit(&world);
        assert_eq!(one.ingested + other.ingested, 60, "seed {seed}");
        assert_eq!(one.accepted + other.accepted, 60, "seed {seed}");
        assert!(
            orders.iter().all(|order| world.status(order) == "accepted"),
            "seed {seed}"
        );
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 60, "seed {seed}");
    }
}

#[test]
fn twenty_workers_share_the_work() {
    for seed in 0..3 {
        let world = World::with(Settings {
            batch: 5,
            ..Settings::default()
        });
        let orders = world.orders(200);
        world.gate.take_turns(seed);
        world.gate.allow(60_000);
        let reports = block_on(join_all((0..20).map(|_| world.one_run(Wait::ForValidations))));
        audit(&world);
        assert!(reports.iter().map(|report| report.accepted).sum::<u64>() >= 195);
        // One worker's sleep turns the clock of all: a lease that ended by it is left to the next run.
        world.settle_all(5);
        assert!(orders.iter().all(|order| world.status(order) == "accepted"));
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 200);
        let busy = reports.iter().filter(|report| report.calls.sends > 0).count();
        assert!(busy > 1, "one worker did it all");
    }
}

#[test]
fn four_workers_share_what_is_due() {
    for seed in 0..20 {
        let world = World::new();
        world.orders(120);
        world.gate.take_turns(seed);
        world.gate.allow(60_000);
        let reports = block_on(join_all((0..4).map(|_| world.one_run(Wait::ForValidations))));
        audit(&world);
        let sends: Vec<_> = reports.iter().map(|report| report.calls.sends).collect();
        assert!(
            sends.iter().all(|sends| (1..=75).contains(sends)),
            "seed {seed}: {sends:?}"
        );
        // One worker's sleep turns the clock of all: a lease that ended by it is left to the next run.
        world.settle_all(5);
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 120, "seed {seed}");
    }
}

#[test]
fn all_workers_together_keep_the_poll_interval() {
    let mut told = 0;
    for seed in 0..10 {
        let world = World::new();
        for n in 0..20 {
            world.order_like(&format!("A-{n}"), |order| order.lag = 2);
        }
        world.gate.take_turns(seed);
        world.gate.allow(20_000);
        block_on(join_all((0..4).map(|_| world.one_run(Wait::ForValidations))));
        audit(&world);
        let times = world.ledger(|ledger| ledger.look_times.clone());
        let looked = |event: &&Event| matches!(event, Event::Looked { .. });
        let polls = world.events.lock().unwrap().iter().filter(looked).count();
        world.settle_all(5);
        if polls != times.len() {
            // One worker's sleep turned the clock of all, and a lease ended by it: the look before a late send is no poll.
            continue;
        }
        told += 1;
        for pair in times.windows(2) {
            let apart = time::until(pair[0], pair[1]);
            assert!(apart >= seconds(60), "seed {seed}: {times:?}");
        }
    }
    assert!(told >= 8, "only {told} seeds tell");
}

#[test]
fn workers_over_faults_apply_each_decision_once_and_fail_nothing_falsely() {
    for seed in 0..30 {
        let world = World::new();
        for n in 0..24 {
            let script = match n % 6 {
                0 => vec![Answer::LostAfterEffect],
                1 => vec![Answer::LostWithoutEffect],
                2 => vec![Answer::NotSent],
                3 => vec![Answer::Throttled(Some(seconds(5)))],
                _ => vec![],
            };
            world.order_like(&format!("A-{n:02}"), |order| {
                order.script = script.into();
                order.lag = n % 3;
            });
        }
        world.gate.take_turns(seed);
        world.gate.allow(60_000);
        block_on(join_all((0..3).map(|_| world.one_run(Wait::ForValidations))));
        audit(&world);
        world.settle_all(20);
        for (order, row) in world.memory.work_rows() {
            assert_eq!(row.status.as_str(), "accepted", "seed {seed}: {order}");
            assert_eq!(world.ledger(|ledger| ledger.effects_on(order.as_str())), 1);
        }
    }
}

#[test]
fn an_order_under_another_workers_lease_is_not_waited_for() {
    let world = World::new();
    world.order("A-1");
    // The first worker dies right after its claim.
    let gate = world.gate.clone();
    world
        .gate
        .at(super::gate::Op::Claim, super::gate::When::After, 3, move || {
            gate.hang_at(0)
        });
    let cut = super::drive::run_until(world.one_run(Wait::ForValidations), || world.gate.hung());
    assert!(cut.is_none());
    world.gate.reopen();
    assert!(world.memory.work_rows().values().any(|row| row.lease_until.is_some()));
    let report = world.run();
    assert_eq!(report.duration, std::time::Duration::ZERO);
    assert_eq!((report.accepted, report.awaiting), (0, 1));
}

#[test]
fn a_worker_with_no_interval_between_looks_does_not_spin_beside_another() {
    for seed in 0..10 {
        let world = World::with(Settings {
            poll_interval: std::time::Duration::ZERO,
            ..Settings::default()
        });
        world.orders(50);
        world.gate.take_turns(seed);
        world.gate.allow(6_000);
        block_on(join(
            world.one_run(Wait::ForValidations),
            world.one_run(Wait::ForValidations),
        ));
        audit(&world);
        assert_eq!(world.unsettled(), 0, "seed {seed}");
    }
}

#[test]
fn each_lease_of_a_long_sweep_is_a_whole_one() {
    let world = World::new();
    for n in 0..250 {
        world.order_like(&format!("A-{n:03}"), |order| order.lag = 1);
    }
    world.run_no_wait();
    world.advance(60);
    // Each look takes so long that a lease from the start of the sweep would have ended by the third.
    *world.market.read_takes.lock().unwrap() = seconds(12);
    for nth in 0..3 {
        let (memory, clock) = (world.memory.clone(), world.clock.clone());
        world
            .gate
            .at(super::gate::Op::Look, super::gate::When::Before, nth, move || {
                let now = crate::ports::Clock::now(&clock);
                let rows = memory.work_rows();
                let leases: Vec<_> = rows.values().filter_map(|row| row.lease_until).collect();
                assert!(!leases.is_empty());
                for until in leases {
                    assert_eq!(time::until(now, until), seconds(20));
                }
            });
    }
    world.run();
    assert_eq!(world.unsettled(), 0);
}

#[test]
fn a_look_that_another_worker_was_granted_is_not_made_again() {
    use crate::ports::{Marketplace as _, PollSlot, ShopStore as _};
    let world = World::new();
    world.order("A-1");
    let (memory, market, clock) = (
        world.memory.clone(),
        std::sync::Arc::clone(&world.market),
        world.clock.clone(),
    );
    let granted_at = std::sync::Arc::new(std::sync::Mutex::new(None));
    let told = std::sync::Arc::clone(&granted_at);
    // Right before we ask for our first look, somebody else is granted it.
    world
        .gate
        .at(super::gate::Op::ReservePoll, super::gate::When::Before, 1, move || {
            let now = crate::ports::Clock::now(&clock);
            let slot = block_on(memory.reserve_poll(&market.shop_key(), now, seconds(60))).unwrap();
            assert_eq!(slot, PollSlot::Granted);
            *told.lock().unwrap() = Some(now);
        });
    let report = world.run_within(200);
    assert_eq!(report.accepted, 1);
    let times = world.ledger(|ledger| ledger.look_times.clone());
    let granted_at = granted_at.lock().unwrap().unwrap();
    assert_eq!(times, [time::plus(granted_at, seconds(60))]);
}
