//! Orders whose workers end before they give them back: claimed alone, and handed to a person if even that does not help.

use super::drive::run_until;
use super::gate::{Op, When};
use super::world::{World, seconds};
use crate::order::OrderId;
use crate::work::{CLAIMS_ALONE, CLAIMS_TOGETHER, Phase};
use crate::workflow::Wait;

/// Starts a run, and kills it right after the claim that gave out `order`.
fn killed_with_orders_in_hand(world: &World, order: &OrderId) {
    world.gate.poison(order, Op::Claim);
    let ended = run_until(world.one_run(Wait::ForValidations), || world.gate.hung());
    assert!(ended.is_none(), "{order} was not claimed");
    world.gate.reopen();
    world.gate.cure();
    world.advance(21);
}

/// Runs again and again until one gets to its end; gives how many died before.
fn killed_until_it_ends(world: &World) -> u32 {
    for killed in 0..100 {
        let ended = run_until(world.one_run(Wait::ForValidations), || world.gate.hung());
        world.gate.reopen();
        world.advance(61);
        if ended.is_some() {
            return killed;
        }
    }
    panic!("no run gets to its end")
}

#[test]
fn twelve_deploys_by_kill_send_nobody_to_review() {
    let world = World::new();
    let orders = world.orders(5);
    for _ in 0..CLAIMS_TOGETHER {
        killed_with_orders_in_hand(&world, &orders[0]);
    }
    for order in &orders {
        assert_eq!(world.work(order).unreleased_claims, CLAIMS_TOGETHER);
    }
    for _ in 0..CLAIMS_ALONE {
        // The least tried comes first: each order gets its turn before one gets a second.
        for order in &orders {
            killed_with_orders_in_hand(&world, order);
        }
    }
    for order in &orders {
        let work = world.work(order);
        assert_eq!((work.unreleased_claims, work.unreleased_alone), (12, 9));
    }
    world.run();
    for order in &orders {
        assert_eq!(world.statuses(order), ["pending_acceptance", "accepted"]);
        assert!(world.failures(order).is_empty());
    }
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 5);
}

#[test]
fn a_poison_order_goes_to_review_and_its_thirty_neighbours_are_all_accepted() {
    let world = World::new();
    let orders = world.orders(31);
    let poison = orders[11].clone();
    world.gate.poison(&poison, Op::Settle);
    let killed = killed_until_it_ends(&world);
    assert_eq!(killed, CLAIMS_TOGETHER + CLAIMS_ALONE + 1);
    super::audit::audit(&world);
    for order in orders.iter().filter(|order| **order != poison) {
        assert_eq!(world.statuses(order), ["pending_acceptance", "accepted"], "{order}");
        assert!(world.failures(order).is_empty(), "{order}");
    }
    assert_eq!(world.statuses(&poison), ["pending_acceptance"]);
    assert_eq!(world.phase(&poison), Phase::Review);
    assert_eq!(world.open_causes(&poison), ["workers_lost"]);
    let details = world.failures(&poison)[0].row.details.clone().unwrap();
    assert!(
        details.contains("13 workers in a row") && details.contains("the last 10"),
        "{details}"
    );
    // It is looked at, but not sent any more.
    world.gate.cure();
    world.advance(3700);
    world.run();
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 30);
}

/// How many orders a worker that just died had in hand.
fn left_in_hand(world: &World) -> usize {
    let now = crate::ports::Clock::now(&world.clock);
    let rows = world.memory.work_rows();
    let leased = rows
        .values()
        .filter(|row| row.lease_until.is_some_and(|until| until > now));
    leased.count()
}

#[test]
fn an_order_that_ends_its_workers_inside_the_send_takes_its_neighbours_along_thrice() {
    let world = World::new();
    let orders = world.orders(31);
    let poison = orders[11].clone();
    world.gate.poison(&poison, Op::Accept);
    let mut together = 0;
    let mut alone = 0;
    let in_review = || {
        let row = world.memory.work(&poison);
        row.is_some_and(|row| row.standing.phase == Phase::Review)
    };
    while !in_review() {
        let ended = run_until(world.one_run(Wait::ForValidations), || world.gate.hung());
        world.gate.reopen();
        if ended.is_none() {
            match left_in_hand(&world) {
                1 => alone += 1,
                _ => together += 1,
            }
        }
        // New orders come in all the time.
        world.order(&format!("P{:05}-A", together + alone));
        world.advance(61);
        assert!(together + alone < 100, "it never ends");
    }
    assert_eq!((together, alone), (CLAIMS_TOGETHER, CLAIMS_ALONE + 1));
    assert_eq!(world.open_causes(&poison), ["workers_lost"]);
    for order in orders.iter().filter(|order| **order != poison) {
        assert_eq!(world.statuses(order), ["pending_acceptance", "accepted"], "{order}");
    }
    super::audit::audit(&world);
}

#[test]
fn an_answer_on_record_ends_the_suspicion() {
    let world = World::new();
    let order = world.scripted("A-1", &[super::market::Answer::NotSent]);
    world.gate.poison(&order, Op::Accept);
    for _ in 0..2 {
        run_until(world.one_run(Wait::ForValidations), || world.gate.hung());
        world.gate.reopen();
        world.advance(61);
    }
    assert!(world.work(&order).unreleased_claims > 0);
    world.gate.cure();
    while world.phase(&order) != Phase::Retry {
        world.run_no_wait();
        world.advance(61);
    }
    assert_eq!(world.work(&order).unreleased_claims, 0);
}

#[test]
fn the_neighbours_of_a_poison_order_do_not_wait_for_its_review() {
    let world = World::new();
    let orders = world.orders(31);
    world.gate.poison(&orders[0], Op::Settle);
    for _ in 0..=CLAIMS_TOGETHER + 1 {
        run_until(world.one_run(Wait::ForValidations), || world.gate.hung());
        world.gate.reopen();
        world.advance(61);
    }
    assert_eq!(world.phase(&orders[0]), Phase::Ready);
    assert_eq!(
        world.ledger(|ledger| ledger.received.len()),
        30,
        "all were sent but one"
    );
}

#[test]
fn a_suspect_is_worked_on_with_nothing_else_in_hand() {
    let world = World::new();
    let suspects = world.orders(3);
    for _ in 0..CLAIMS_TOGETHER {
        killed_with_orders_in_hand(&world, &suspects[0]);
    }
    for n in 0..40 {
        world.order(&format!("P{n:05}-A"));
    }
    for nth in 0..43 {
        let memory = world.memory.clone();
        let clock = world.clock.clone();
        world.gate.at(Op::Accept, When::Before, nth, move || {
            let now = crate::ports::Clock::now(&clock);
            let rows = memory.work_rows();
            let leased = rows
                .values()
                .filter(|row| row.lease_until.is_some_and(|until| until > now));
            let held: Vec<_> = leased.collect();
            let alone = held.iter().filter(|row| row.unreleased_alone > 0).count();
            assert!(
                alone == 0 || held.len() == 1,
                "{} orders in hand with a suspect",
                held.len() - 1
            );
        });
    }
    world.run();
    assert_eq!(world.unsettled(), 0);
    let received = world.ledger(|ledger| ledger.received.clone());
    assert_eq!(received.len(), 43);
    let last: Vec<_> = received[40..].iter().map(|(order, _)| order.clone()).collect();
    assert_eq!(last, suspects, "they come last");
}

#[test]
fn suspects_in_flight_are_looked_at_one_by_one_at_the_end_of_a_run() {
    let world = World::new();
    let orders: Vec<_> = (0..4).map(|n| world.order(&format!("A-{n}"))).collect();
    world.run_no_wait();
    world.advance(61);
    for _ in 0..CLAIMS_TOGETHER {
        killed_with_orders_in_hand(&world, &orders[0]);
        world.advance(61);
    }
    let looks = world.ledger(|ledger| ledger.looks.len());
    world.run_no_wait();
    let sizes = world.ledger(|ledger| ledger.looks[looks..].to_vec());
    assert_eq!(sizes, [1, 1, 1, 1]);
    assert_eq!(world.unsettled(), 0);
}

#[test]
fn a_failed_order_whose_requeue_kills_workers_holds_up_no_other() {
    let world = World::new();
    let order = world.scripted("A-1", &[super::market::Answer::NotSent]);
    world.run_no_wait();
    assert_eq!(world.phase(&order), Phase::Retry);
    world.advance(3600);
    for _ in 0..CLAIMS_TOGETHER {
        killed_with_orders_in_hand(&world, &order);
    }
    let other = world.order("B-1");
    world.gate.poison(&order, Op::Settle);
    run_until(world.one_run(Wait::ForValidations), || world.gate.hung());
    world.gate.reopen();
    assert_eq!(world.statuses(&other), ["pending_acceptance", "accepted"]);
    world.gate.cure();
    world.advance(21);
    world.run();
    world.advance(61);
    world.run();
    assert_eq!(world.statuses(&order).last().unwrap(), "accepted");
}

#[test]
fn an_order_that_waited_for_its_turn_is_sent_under_a_renewed_lease() {
    let world = World::with(crate::settings::Settings {
        concurrency: 1,
        ..crate::settings::Settings::default()
    });
    world.orders(6);
    // The second of a claim can't start under the lease that it was claimed under.
    *world.market.send_takes.lock().unwrap() = seconds(8);
    world.run_no_wait();
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 6);
    assert!(world.gate.calls(Op::Renew) > 0);
    assert_eq!(world.ledger(|ledger| ledger.looks.len()), 0, "no look was made again");
    super::audit::audit(&world);
}

#[test]
fn an_order_whose_look_took_long_is_sent_under_a_renewed_lease() {
    let world = World::new();
    let order = world.order("A-1");
    // Each look takes longer than the lease leaves for a call to start.
    *world.market.read_takes.lock().unwrap() = seconds(7);
    let clock = world.clock.clone();
    world
        .gate
        .at(Op::Ingest, When::After, 0, move || clock.advance(seconds(61)));
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert_eq!(world.gate.calls(Op::Renew), 1);
}

#[test]
fn an_order_taken_over_while_it_waited_is_left_to_the_other() {
    let world = World::with(crate::settings::Settings {
        concurrency: 1,
        ..crate::settings::Settings::default()
    });
    let orders = world.orders(2);
    *world.market.send_takes.lock().unwrap() = seconds(8);
    let memory = world.memory.clone();
    let taken = orders[1].clone();
    world.gate.at(Op::Renew, When::Before, 0, move || {
        memory.append_foreign(&taken, "cancelled", None, None).unwrap();
    });
    let report = world.run_no_wait();
    assert_eq!(report.lost_to_others, 1);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}

#[test]
fn leases_that_can_not_be_renewed_end_the_run_and_are_given_back() {
    let world = World::with(crate::settings::Settings {
        concurrency: 1,
        ..crate::settings::Settings::default()
    });
    let orders = world.orders(2);
    *world.market.send_takes.lock().unwrap() = seconds(8);
    world.gate.fail(Op::Renew, When::Before, 0, super::gate::Fault::Full);
    let report = world.run_no_wait();
    assert!(report.halt.is_some());
    let work = world.work(&orders[1]);
    assert_eq!((work.standing.phase, work.lease_until), (Phase::Ready, None));
}

#[test]
fn a_clock_that_is_set_back_does_not_make_a_suspect_due_again_in_the_same_look() {
    let world = World::new();
    let order = world.order("A-1");
    world.gate.poison(&order, Op::Accept);
    while world
        .memory
        .work(&order)
        .is_none_or(|row| row.unreleased_claims < CLAIMS_TOGETHER)
    {
        run_until(world.one_run(Wait::ForValidations), || world.gate.hung());
        world.gate.reopen();
        world.advance(61);
    }
    // Long enough for its lease and its call to be over on the clock that is set back, too.
    world.advance(300);
    let looks = world.ledger(|ledger| ledger.looks.len());
    let stores_clock = world.stores_clock.clone();
    // The first reading is for the run, the second for the suspects.
    world
        .gate
        .at(Op::Now, When::Before, 1, move || stores_clock.set_back(seconds(100)));
    run_until(world.one_run(Wait::No), || world.gate.hung());
    let again = world.ledger(|ledger| ledger.looks.len()) - looks;
    assert!(again <= 1, "{again} looks at once");
}
