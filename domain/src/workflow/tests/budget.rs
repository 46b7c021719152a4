//! The budget of calls: never exceeded, by any number of workers, and everything is done with it all the same.

use std::time::Duration;

use futures_util::future::join;

use super::audit::audit;
use super::drive::block_on_patiently;
use super::market::Answer;
use super::world::{World, seconds};
use crate::budget::Wanted;
use crate::memory::LoggedCall;
use crate::ports::{Clock as _, Marketplace as _, ShopStore as _};
use crate::settings::Settings;
use crate::time::{self, Timestamp};
use crate::workflow::{Event, Halt, Wait};

fn with(calls_per_hour: u32, call_burst: u32) -> World {
    World::patient(Settings {
        calls_per_hour: Some(calls_per_hour),
        call_burst: Some(call_burst),
        ..Settings::default()
    })
}

/// When each call left, oldest first.
fn left_at(world: &World) -> Vec<Timestamp> {
    let left = |call: &LoggedCall| call.row.outcome.is_some_and(|outcome| outcome.as_str() != "not_sent");
    let calls = world.memory.logged_calls().into_iter().filter(left);
    let mut left_at: Vec<_> = calls.map(|call| call.row.at).collect();
    left_at.sort_unstable();
    left_at
}

/// The most calls that left within any such time.
fn most_within(left_at: &[Timestamp], span: Duration) -> usize {
    let within = |from: &Timestamp| {
        let end = time::plus(*from, span);
        left_at.iter().filter(|at| *at >= from && **at < end).count()
    };
    left_at.iter().map(within).max().unwrap_or(0)
}

#[test]
pub(super) fn no_hour_has_more_calls_than_its_budget_and_every_order_is_accepted() {
    let world = with(120, 20);
    world.orders(200);
    world.settle_all(400);
    let left_at = left_at(&world);
    assert!(left_at.len() > 200);
    assert!(most_within(&left_at, seconds(3600)) <= 120);
    // What has piled up goes out at once, and one more each 37 s.
    assert!(most_within(&left_at, seconds(30)) <= 21);
    assert!(world.memory.filed_failures().is_empty());
}

#[test]
fn a_run_goes_on_as_calls_come_back_and_leaves_none_of_them_unused() {
    let world = with(1000, 50);
    world.orders(150);
    let start = world.clock.now();
    let report = world.run();
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert_eq!(report.accepted, 150);
    let calls = left_at(&world).len() as u64;
    assert_eq!(calls, report.calls.total());
    // 50 at once, each other after 3.93 s; the looks come a poll interval later.
    let took = time::until(start, *left_at(&world).last().unwrap());
    assert!(took < seconds((calls - 50) * 4 + 120), "{took:?} for {calls} calls");
}

#[test]
fn a_look_is_made_only_with_a_call_for_what_it_may_lead_to() {
    // A call comes back each 12.5 s; the list serves for the first order alone.
    let world = with(300, 3);
    let orders: Vec<_> = (0..6)
        .map(|n| world.scripted(&format!("A-{n}"), &[Answer::NotSent]))
        .collect();
    world.settle_all(60);
    assert!(orders.iter().all(|order| world.status(order) == "accepted"));
    let looks = world.ledger(|ledger| ledger.looks.len());
    assert!(looks < 40, "{looks} looks at six orders: some led to nothing");
}

#[test]
fn workers_share_one_budget() {
    let world = with(600, 20);
    world.orders(60);
    world.gate.allow(100_000);
    let runs = async {
        let two = join(world.one_run(Wait::ForValidations), world.one_run(Wait::ForValidations));
        join(two, world.one_run(Wait::ForValidations)).await
    };
    block_on_patiently(runs, &world.clock);
    audit(&world);
    world.settle_all(20);
    let left_at = left_at(&world);
    assert!(
        most_within(&left_at, seconds(6)) <= 21,
        "{}",
        most_within(&left_at, seconds(6))
    );
    assert!(most_within(&left_at, seconds(3600)) <= 600);
}

#[test]
fn where_the_row_is_too_long_the_run_ends_and_later_runs_go_on() {
    let world = with(1000, 50);
    let known = world.order("A-1");
    world.run();
    world.order("A-2");
    world.append_foreign(&known, "pending_acceptance");
    // Others wait for the next 30 calls, of which one comes back each 3.9 s.
    let rate = world.settings.call_rate().unwrap();
    let ahead = |calls| Wanted {
        least: calls,
        most: calls,
        within: seconds(3600),
    };
    for calls in [50, 30] {
        let key = world.market.shop_key();
        let draw = world.memory.draw_calls(&key, rate, ahead(calls));
        block_on_patiently(draw, &world.clock).unwrap();
    }
    let before = left_at(&world).len();
    let report = world.run();
    assert!(
        matches!(report.halt, Some(Halt::OutOfBudget { .. })),
        "{:?}",
        report.halt
    );
    assert_eq!(left_at(&world).len(), before, "no call at all");
    world.advance(120);
    world.settle_all(3);
    assert!(world.memory.filed_failures().is_empty());
}

#[test]
fn a_wait_that_is_worth_telling_is_told() {
    let world = with(300, 3);
    world.orders(4);
    world.run();
    let events = world.events.lock().unwrap();
    assert!(events.iter().any(|event| matches!(event, Event::OutOfBudget { .. })));
}

#[test]
fn without_a_budget_nothing_is_drawn() {
    let world = World::new();
    world.orders(3);
    assert_eq!(world.run().accepted, 3);
    assert_eq!(world.gate.calls(super::gate::Op::DrawCalls), 0);
}
