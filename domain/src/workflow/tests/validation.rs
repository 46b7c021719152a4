//! Looks at orders in flight: shared, paced, counted.

use super::market::{Answer, ReadFault};
use super::world::{World, seconds};
use crate::state::MarketplaceState as State;
use crate::time;
use crate::work::Phase;
use crate::workflow::Halt;

#[test]
fn looks_are_a_poll_interval_apart() {
    let world = World::new();
    world.order_like("A-1", |order| order.lag = 3);
    world.run();
    let times = world.ledger(|ledger| ledger.look_times.clone());
    assert_eq!(times.len(), 4);
    for pair in times.windows(2) {
        assert!(time::until(pair[0], pair[1]) >= seconds(60), "{times:?}");
    }
}

#[test]
fn each_look_is_logged_with_what_it_showed() {
    let world = World::new();
    world.order_like("A-1", |order| order.lag = 1);
    world.order("A-2");
    world.run();
    let calls = world.memory.logged_calls();
    let looks: Vec<_> = calls
        .iter()
        .filter(|call| call.row.endpoint == "OR11" && call.row.request.as_ref().unwrap().get("ids").is_some())
        .collect();
    assert_eq!(looks.len(), 2);
    assert_eq!(looks[0].row.seen.len(), 2);
    assert!(looks.iter().all(|call| call.row.is_success == Some(true)));
}

#[test]
fn five_looks_without_the_acceptance_showing_are_the_end_of_it() {
    let world = World::new();
    let order = world.order_like("A-1", |order| order.lag = 5);
    let report = world.run();
    assert_eq!((report.acceptance_failed, report.needs_person), (1, 1));
    assert_eq!(world.ledger(|ledger| ledger.looks.len()), 5);
    // It was only slow: the next look at orders in review settles it, and its failure closes itself.
    world.advance(3600);
    let report = world.run();
    assert_eq!(report.accepted, 1);
    assert!(world.open_causes(&order).is_empty());
    assert_eq!(
        world.statuses(&order),
        ["pending_acceptance", "acceptance_failed", "accepted"]
    );
}

#[test]
fn a_look_that_fails_stops_the_run_and_uses_up_nothing() {
    let world = World::new();
    let order = world.order("A-1");
    world.market.state().look_faults = vec![ReadFault::Unreachable].into();
    let report = world.run();
    assert!(matches!(report.halt, Some(Halt::Marketplace(_))), "{:?}", report.halt);
    assert_eq!(report.awaiting, 1);
    let work = world.work(&order);
    assert_eq!((work.standing.phase, work.standing.looks), (Phase::Validating, 0));
    assert_eq!(work.lease_until, None, "the lease is given back");
    world.advance(60);
    world.run();
    assert_eq!(world.status(&order), "accepted");
}

#[test]
pub(super) fn a_look_that_shows_none_of_ten_is_a_fault_of_the_settings_and_fails_no_order() {
    let world = World::new();
    let orders = world.orders(10);
    world.market.state().look_faults = vec![ReadFault::Empty].into();
    let report = world.run();
    assert!(
        matches!(report.halt, Some(Halt::WrongShop { asked: 10 })),
        "{:?}",
        report.halt
    );
    for order in &orders {
        assert_eq!(world.statuses(order), ["pending_acceptance"]);
        assert_eq!(world.work(order).standing.looks, 0);
    }
    assert!(world.memory.filed_failures().is_empty());
}

#[test]
fn a_look_that_shows_none_of_nine_is_not_yet_one() {
    let world = World::new();
    world.orders(9);
    world.market.state().look_faults = vec![ReadFault::Empty].into();
    let report = world.run();
    assert!(report.halt.is_none());
    assert_eq!(report.accepted, 9);
}

#[test]
fn the_wrong_shop_is_noticed_before_anything_is_sent_too() {
    let world = World::new();
    world.orders(12);
    let (clock, market) = (world.clock.clone(), std::sync::Arc::clone(&world.market));
    world
        .gate
        .at(super::gate::Op::Ingest, super::gate::When::After, 0, move || {
            clock.advance(seconds(61));
            for order in market.state().orders.values_mut() {
                order.hidden = true;
            }
        });
    let report = world.run();
    assert!(matches!(report.halt, Some(Halt::WrongShop { asked: 12 })));
    assert!(world.memory.filed_failures().is_empty());
}

#[test]
fn ten_orders_in_review_that_are_gone_do_not_stop_every_run() {
    let world = World::new();
    // Two lots, so that no look misses ten at once before they are in review.
    for lot in 0..2 {
        for n in 0..6 {
            world.order_like(&format!("A-{lot}{n}"), |order| order.lines.clear());
        }
        world.run();
        world.advance(120);
    }
    for order in world.market.state().orders.values_mut() {
        order.hidden = true;
    }
    world.advance(3600);
    let order = world.order("B-1");
    let report = world.run();
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert_eq!(world.status(&order), "accepted");
}

#[test]
fn a_state_that_flickers_uses_up_looks_but_fails_nothing() {
    let world = World::new();
    let order = world.order_like("A-1", |order| {
        order.accepted_as = State::Other("ODD".into());
        order.later = vec![State::Other("ODD".into()), State::Shipping].into();
    });
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert_eq!(world.note(&order), "Validated as 'SHIPPING' after 3 looks");
}

#[test]
fn an_order_seen_as_accepted_and_then_waiting_again_is_sent() {
    let world = World::new();
    let order = world.ingested_then("A-1", |order| order.state = State::WaitingDebit);
    world.run();
    assert_eq!(world.phase(&order), Phase::Validating);
    world
        .market
        .change("A-1", |order| order.state = State::WaitingAcceptance);
    world.advance(60);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    assert_eq!(world.ledger(|ledger| ledger.effects_on("A-1")), 1);
}

#[test]
fn a_late_refusal_on_record_is_taken_at_its_word() {
    // The worker dies after the refusal was put on record; another has taken the order over by then.
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::Refused]);
    world.gate.at(
        super::gate::Op::Answers,
        super::gate::When::Before,
        0,
        world.foreign_entry(&order, "pending_acceptance"),
    );
    let report = world.run();
    assert_eq!(report.lost_to_others, 1, "the settle came too late");
    world.advance(30);
    world.run();
    assert_eq!(world.status(&order), "acceptance_failed");
    assert_eq!(world.open_causes(&order), ["refused"]);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}
