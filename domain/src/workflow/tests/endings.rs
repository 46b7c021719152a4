//! Every state of the marketplace's table, from the list to the end.

use super::drive::block_on;
use super::market::Answer;
use super::world::{World, seconds};
use crate::ports::{Clock as _, Marketplace as _, PollSlot, ShopStore as _};
use crate::settings::Settings;
use crate::state::MarketplaceState as State;
use crate::work::Phase;

/// The order is taken in as waiting and moves before anything is sent.
fn moved_before_send(state: State) -> (World, crate::order::OrderId) {
    let world = World::new();
    let order = world.ingested_then("A-1", move |order| order.state = state);
    world.run();
    (world, order)
}

#[test]
fn an_order_accepted_by_somebody_else_is_never_sent() {
    for (state, note) in [
        (
            State::WaitingDebitPayment,
            "Found as 'WAITING_DEBIT_PAYMENT' after 1 look: accepted without a call of ours",
        ),
        (
            State::Shipping,
            "Found as 'SHIPPING' after 1 look: accepted without a call of ours",
        ),
        (
            State::Shipped,
            "Found as 'SHIPPED' after 1 look: accepted without a call of ours; further along already",
        ),
        (
            State::Closed,
            "Found as 'CLOSED' after 1 look: accepted without a call of ours; further along already",
        ),
    ] {
        let (world, order) = moved_before_send(state);
        assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
        assert_eq!(world.note(&order), note);
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
        assert!(world.failures(&order).is_empty());
    }
}

#[test]
fn mistake_01_an_order_canceled_with_one_l_or_two_ends_cancelled() {
    for written in ["CANCELED", "CANCELLED"] {
        let (world, order) = moved_before_send(State::parse(written));
        assert_eq!(world.statuses(&order), ["pending_acceptance", "cancelled"]);
        assert_eq!(
            world.note(&order),
            "Seen as 'CANCELED' after 1 look: cancelled on the marketplace"
        );
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
        assert!(world.failures(&order).is_empty());
    }
}

#[test]
fn an_order_cancelled_after_its_acceptance_ends_cancelled() {
    let world = World::new();
    let order = world.order_like("A-1", |order| {
        order.accepted_as = State::WaitingDebit;
        order.later = vec![State::Canceled].into();
    });
    world.run();
    assert_eq!(world.phase(&order), Phase::Validating);
    world.advance(60);
    let report = world.run();
    assert_eq!(report.cancelled, 1);
    assert_eq!(world.statuses(&order), ["pending_acceptance", "cancelled"]);
}

#[test]
fn a_refusal_is_a_loss_and_the_inbox_says_by_whom() {
    for (by_shop, cause) in [(true, "refused_by_shop"), (false, "refused_at_deadline")] {
        let world = World::new();
        let order = world.ingested_then("A-1", move |order| {
            order.state = State::Refused;
            order.decided_at = by_shop.then_some(order.placed_at);
        });
        let report = world.run();
        assert_eq!((report.cancelled, report.needs_person), (1, 1));
        assert_eq!(world.status(&order), "cancelled");
        assert_eq!(world.open_causes(&order), [cause]);
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
    }
}

#[test]
fn mistake_11_an_order_whose_lines_are_all_lost_is_not_accepted() {
    for state in [State::Closed, State::Shipping] {
        let world = World::new();
        let order = world.ingested_then("A-1", move |order| {
            order.state = state;
            for line in &mut order.lines {
                line.1 = Some(State::Refused);
            }
        });
        world.run();
        assert_eq!(world.status(&order), "cancelled");
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
    }
}

#[test]
fn mistake_11_an_order_without_lines_is_never_sent_and_waits_for_a_person() {
    let world = World::new();
    let order = world.order_like("A-1", |order| order.lines.clear());
    let report = world.run();
    assert_eq!((report.needs_person, report.awaiting), (1, 0));
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
    assert_eq!(world.open_causes(&order), ["no_lines"]);
    assert_eq!(world.phase(&order), Phase::Review);
    assert_eq!(world.status(&order), "pending_acceptance");
}

#[test]
fn an_order_in_staging_waits_without_a_failure_and_is_sent_when_it_may_be() {
    let (world, order) = moved_before_send(State::Staging);
    for _ in 0..12 {
        world.advance(3600);
        world.run();
    }
    assert_eq!(world.statuses(&order), ["pending_acceptance"]);
    assert!(world.failures(&order).is_empty());
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
    world
        .market
        .change("A-1", |order| order.state = State::WaitingAcceptance);
    world.advance(3600);
    let report = world.run();
    assert_eq!(report.accepted, 1);
    assert_eq!(world.ledger(|ledger| ledger.effects_on("A-1")), 1);
}

#[test]
pub(super) fn an_unknown_state_is_waited_for_then_reviewed_by_name_and_settles_by_itself() {
    let (world, order) = moved_before_send(State::Other("ON_THE_MOON".into()));
    assert_eq!(world.statuses(&order), ["pending_acceptance"]);
    assert_eq!(world.phase(&order), Phase::Review);
    let failure = &world.failures(&order)[0].row;
    assert_eq!(failure.cause.as_deref(), Some("unknown_state"));
    let details = failure.details.as_deref().unwrap();
    assert!(
        details.starts_with("After 5 looks the order is 'ON_THE_MOON'."),
        "{details}"
    );
    world.market.change("A-1", |order| order.state = State::Shipping);
    world.advance(3600);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    assert!(world.open_causes(&order).is_empty());
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
}

#[test]
fn an_order_missing_from_the_answer_is_reviewed_as_not_found() {
    let world = World::new();
    let order = world.ingested_then("A-1", |order| order.hidden = true);
    let report = world.run();
    assert_eq!(report.needs_person, 1);
    assert_eq!(world.statuses(&order), ["pending_acceptance"]);
    assert_eq!(world.open_causes(&order), ["not_found"]);
    assert_eq!(world.phase(&order), Phase::Review);
    assert_eq!(world.ledger(|ledger| ledger.looks.len()), 5);
    assert!(report.duration >= seconds(240), "looks are a poll interval apart");
}

#[test]
fn an_order_that_goes_missing_after_its_acceptance_is_reviewed_and_not_failed() {
    let world = World::new();
    let order = world.order_like("A-1", |order| order.lag = 1);
    let market = std::sync::Arc::clone(&world.market);
    world
        .gate
        .at(super::gate::Op::Look, super::gate::When::After, 0, move || {
            market.change("A-1", |order| order.hidden = true);
        });
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance"]);
    assert_eq!(world.open_causes(&order), ["not_found"]);
}

#[test]
fn an_order_that_can_not_be_read_any_more_is_reviewed() {
    let world = World::new();
    let order = world.ingested_then("A-1", |order| order.unreadable = true);
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance"]);
    assert_eq!(world.open_causes(&order), ["unreadable"]);
}

#[test]
fn a_waiting_debit_is_waited_for_over_later_runs() {
    let world = World::new();
    let order = world.order_like("A-1", |order| {
        order.accepted_as = State::WaitingDebit;
        order.later = vec![State::WaitingDebit, State::WaitingDebit, State::Shipping].into();
    });
    let report = world.run();
    assert_eq!((report.accepted, report.awaiting), (0, 1));
    for _ in 0..3 {
        assert_eq!(world.status(&order), "pending_acceptance");
        world.advance(600);
        world.run();
    }
    assert_eq!(world.status(&order), "accepted");
    assert_eq!(world.note(&order), "Validated as 'SHIPPING' after 4 looks");
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}

#[test]
fn a_debit_over_its_grace_is_reviewed_and_its_looks_back_off_to_an_hour() {
    let world = World::new();
    let order = world.order_like("A-1", |order| {
        order.accepted_as = State::WaitingDebit;
        order.later = vec![State::WaitingDebit; 500].into();
    });
    world.run();
    let hours = |world: &World| crate::ports::Clock::monotonic(&world.clock).as_secs() / 3600;
    while world.phase(&order) != Phase::Review {
        world.advance(600);
        assert!(hours(&world) < 80, "never reviewed");
        world.run();
    }
    assert!((72..=74).contains(&hours(&world)), "after {} hours", hours(&world));
    let looks = world.ledger(|ledger| ledger.looks.len());
    assert!((70..=85).contains(&looks), "{looks} looks in three days");
    assert_eq!(world.statuses(&order), ["pending_acceptance"]);
    assert_eq!(world.open_causes(&order), ["debit_overdue"]);
    world.market.change("A-1", |order| {
        order.state = State::Shipping;
        order.later.clear();
    });
    world.advance(3600);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    assert!(world.open_causes(&order).is_empty());
}

#[test]
fn a_debit_found_before_the_send_is_never_sent() {
    let (world, order) = moved_before_send(State::WaitingDebit);
    assert_eq!(world.phase(&order), Phase::Validating);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
    world.market.change("A-1", |order| order.state = State::Shipping);
    world.advance(60);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
}

#[test]
pub(super) fn an_order_in_review_is_not_sent_by_a_run_that_may_not_look_at_it() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::Refused]);
    world.run();
    assert_eq!(world.phase(&order), Phase::Review);
    world.advance(3601);
    // Another worker has just looked at the shop, and died.
    let key = world.market.shop_key();
    let granted = world.memory.reserve_poll(&key, world.clock.now(), seconds(60));
    assert_eq!(block_on(granted).unwrap(), PollSlot::Granted);
    world.run_no_wait();
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
    assert_eq!(world.phase(&order), Phase::Review);
}

#[test]
fn a_slow_look_interval_of_zero_is_no_circle() {
    let world = World::with(Settings {
        slow_look_interval: std::time::Duration::ZERO,
        poll_interval: std::time::Duration::ZERO,
        ..Settings::default()
    });
    world.order_like("A-1", |order| {
        order.accepted_as = State::WaitingDebit;
        order.later = vec![State::WaitingDebit; 500].into();
    });
    world.order_like("A-2", |order| order.lines.clear());
    world.run_within(200);
    world.advance(1);
    world.run_within(200);
}

#[test]
fn orders_in_review_are_looked_at_hourly_a_hundred_to_a_call() {
    let world = World::new();
    for n in 0..150 {
        world.order_like(&format!("A-{n:03}"), |order| order.lines.clear());
    }
    world.run();
    let looks = |world: &World| world.ledger(|ledger| ledger.looks.clone());
    assert_eq!(looks(&world), Vec::<usize>::new());
    world.advance(1800);
    world.run();
    assert_eq!(looks(&world), Vec::<usize>::new());
    world.advance(1800);
    world.run();
    assert_eq!(looks(&world), [100, 50]);
    assert_eq!(world.memory.filed_failures().len(), 150);
}
