//! Outages: five calls in a row open the breaker.

use super::market::Answer;
use super::world::World;
use crate::settings::Settings;
use crate::work::Phase;
use crate::workflow::Halt;

fn outage(world: &World, answer: Option<Answer>) {
    world.market.state().outage = answer;
}

fn one_by_one() -> World {
    World::with(Settings {
        concurrency: 1,
        ..Settings::default()
    })
}

#[test]
pub(super) fn five_calls_in_a_row_open_the_breaker_and_cost_untouched_orders_no_attempt() {
    let world = one_by_one();
    let orders = world.orders(30);
    outage(&world, Some(Answer::NotSent));
    let report = world.run();
    assert!(
        matches!(report.halt, Some(Halt::BreakerOpen { unanswered: 5 })),
        "{:?}",
        report.halt
    );
    assert_eq!((report.acceptance_failed, report.retry_scheduled), (5, 5));
    for order in &orders[5..] {
        assert_eq!(world.statuses(order), ["pending_acceptance"]);
        let work = world.work(order);
        assert_eq!((work.standing.phase, work.standing.attempt), (Phase::Ready, 1));
        assert_eq!(work.lease_until, None);
    }
}

#[test]
fn the_next_run_sends_one_probe_and_no_more_while_the_outage_lasts() {
    for answer in [Answer::NotSent, Answer::LostWithoutEffect] {
        let world = World::new();
        world.orders(60);
        outage(&world, Some(answer));
        world.run();
        for _ in 0..3 {
            world.advance(300);
            let before = world.memory.logged_calls().len();
            let report = world.run();
            assert!(
                matches!(report.halt, Some(Halt::BreakerOpen { .. })),
                "{:?}",
                report.halt
            );
            let calls = world.memory.logged_calls();
            let probes = calls[before..].iter().filter(|call| call.row.endpoint == "OR21");
            assert_eq!(probes.count(), 1);
        }
    }
}

#[test]
fn a_probe_that_is_answered_ends_the_outage_in_the_same_run() {
    let world = World::new();
    let orders = world.orders(60);
    outage(&world, Some(Answer::NotSent));
    world.run();
    outage(&world, None);
    world.advance(60);
    let report = world.run();
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert_eq!(report.accepted, 60);
    assert!(orders.iter().all(|order| world.status(order) == "accepted"));
    assert!(
        world
            .memory
            .filed_failures()
            .iter()
            .all(|filed| filed.row.resolved_at.is_some())
    );
}

#[test]
fn what_failed_in_the_outage_is_retried_until_its_deadline() {
    let world = World::new();
    let order = world.order("A-1");
    outage(&world, Some(Answer::NotSent));
    for _ in 0..60 {
        world.run();
        world.advance(900);
    }
    // Fifteen hours: the order is sixteen hours old, and far more than five attempts were made.
    assert_eq!(world.phase(&order), Phase::Retry);
    assert!(world.entries(&order).len() > 100);
    outage(&world, None);
    world.run();
    world.advance(900);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    assert!(world.open_causes(&order).is_empty());
}

#[test]
fn past_the_deadline_the_attempts_are_counted_again() {
    let world = World::new();
    let order = world.order("A-1");
    outage(&world, Some(Answer::NotSent));
    for _ in 0..110 {
        world.run();
        world.advance(900);
    }
    assert_eq!(world.phase(&order), Phase::Review);
    assert_eq!(world.status(&order), "acceptance_failed");
}

#[test]
fn an_answer_in_between_keeps_the_breaker_closed() {
    let world = one_by_one();
    for n in 0..20 {
        let script = if n % 4 == 3 { vec![] } else { vec![Answer::NotSent] };
        world.scripted(&format!("A-{n:02}"), &script);
    }
    let report = world.run();
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert_eq!((report.accepted, report.acceptance_failed), (5, 15));
}

#[test]
fn a_probe_that_is_withdrawn_is_tried_again_and_opens_nothing() {
    let world = World::new();
    world.orders(10);
    outage(&world, Some(Answer::NotSent));
    world.run();
    outage(&world, None);
    world.advance(120);
    let clock = world.clock.clone();
    world
        .gate
        .at(super::gate::Op::Intents, super::gate::When::After, 0, move || {
            clock.advance(super::world::seconds(3));
        });
    let report = world.run();
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert_eq!(report.accepted, 10);
}

#[test]
fn a_probe_goes_on_to_the_next_order_where_one_has_moved() {
    let world = World::new();
    let orders = world.orders(30);
    outage(&world, Some(Answer::NotSent));
    world.run();
    outage(&world, None);
    for order in &orders[..20] {
        world.market.change(order.as_str(), |order| {
            order.state = crate::state::MarketplaceState::Canceled
        });
    }
    world.advance(120);
    let report = world.run();
    assert_eq!((report.cancelled, report.accepted), (20, 10));
}
