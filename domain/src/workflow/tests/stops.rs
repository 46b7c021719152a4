//! A graceful stop: nothing new leaves, what is under way is finished and recorded, leases are given back.

use super::drive::block_on;
use super::gate::{Op, When};
use super::world::World;
use crate::workflow::{Halt, RunOptions, RunReport, StopSignal};

fn run_with(world: &World, stop: &StopSignal) -> RunReport {
    let options = RunOptions {
        stop: stop.clone(),
        ..RunOptions::default()
    };
    world.gate.allow(20_000);
    block_on(world.worker().run(&options, &()))
}

fn nobody_holds_a_lease(world: &World) -> bool {
    world.memory.work_rows().values().all(|row| row.lease_until.is_none())
}

#[test]
fn a_stop_in_the_middle_of_sending_finishes_what_is_under_way() {
    for skip in 0..20 {
        let world = World::new();
        let orders = world.orders(60);
        let stop = StopSignal::new();
        let given = stop.clone();
        world.gate.take_turns(u64::from(skip));
        world.gate.at(Op::Accept, When::Before, skip, move || given.stop());
        let report = run_with(&world, &stop);
        assert!(matches!(report.halt, Some(Halt::Stopped)), "{:?}", report.halt);
        let sent = world.ledger(|ledger| ledger.received.len());
        assert!(
            sent <= 16 + skip as usize,
            "{sent} sent although stopped at the {skip}th"
        );
        assert!(nobody_holds_a_lease(&world), "a lease was kept");
        let calls = world.memory.logged_calls();
        assert!(
            calls.iter().all(|call| call.row.outcome.is_some()),
            "a call is without its end"
        );

        // No lease has to end first.
        let report = world.run();
        assert!(report.halt.is_none(), "{:?}", report.halt);
        for order in &orders {
            assert_eq!(world.statuses(order), ["pending_acceptance", "accepted"]);
            assert_eq!(world.ledger(|ledger| ledger.received_for(order.as_str())), 1);
        }
    }
}

#[test]
fn a_stop_before_the_run_makes_no_call() {
    let world = World::new();
    world.orders(3);
    let stop = StopSignal::new();
    stop.stop();
    let report = run_with(&world, &stop);
    assert!(matches!(report.halt, Some(Halt::Stopped)), "{:?}", report.halt);
    assert_eq!(world.ledger(|ledger| ledger.calls()), 0);
}

#[test]
fn a_stop_while_a_run_waits_for_its_looks_ends_the_wait() {
    let world = World::new();
    let order = world.order("A-1");
    let stop = StopSignal::new();
    let given = stop.clone();
    // The settling after the acceptance is the last thing before the wait.
    world.gate.at(Op::Settle, When::After, 0, move || given.stop());
    let report = run_with(&world, &stop);
    assert!(matches!(report.halt, Some(Halt::Stopped)), "{:?}", report.halt);
    assert_eq!(report.awaiting, 1);
    assert!(nobody_holds_a_lease(&world));
    world.advance(60);
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
}
