//! 429: the whole shop rests.

use super::gate::{Op, When};
use super::market::{Answer, ReadFault};
use super::world::{World, seconds};
use crate::ports::{Clock as _, Marketplace as _, ShopStore as _};
use crate::time;
use crate::workflow::{Event, Halt};

fn paused_until(world: &World) -> Option<crate::Timestamp> {
    let key = world.market.shop_key();
    super::drive::block_on(world.memory.shop(&key)).unwrap().paused_until
}

#[test]
fn a_throttled_acceptance_pauses_the_shop_and_costs_no_attempt() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::Throttled(Some(seconds(30)))]);
    let others = world.orders(5);
    let start = world.clock.now();
    let report = world.run();
    assert_eq!((report.accepted, report.acceptance_failed), (6, 0));
    assert_eq!(paused_until(&world), Some(time::plus(start, seconds(30))));
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert_eq!(world.entries(&order)[1].attempt, Some(1));
    assert!(others.iter().all(|order| world.status(order) == "accepted"));
    assert!(world.failures(&order).is_empty());
    let events = world.events.lock().unwrap();
    assert!(events.iter().any(|event| matches!(event, Event::Paused { .. })));
}

#[test]
fn mistake_07_no_call_leaves_while_the_shop_rests() {
    let world = World::new();
    world.scripted("O00000-A", &[Answer::Throttled(Some(seconds(30)))]);
    for n in 1..100 {
        world.order(&format!("P{n:04}-A"));
    }
    world.gate.take_turns(3);
    let start = world.clock.now();
    world.run();
    let calls = world.memory.logged_calls();
    let sends: Vec<_> = calls
        .iter()
        .filter(|call| call.row.endpoint == "OR21" && call.row.outcome.unwrap().as_str() != "not_sent")
        .collect();
    let early = sends.iter().filter(|call| call.row.at < time::plus(start, seconds(30)));
    let early = early.count();
    // Sixteen calls, and eight whose intents stood and that took the places of those that had ended.
    assert!(early <= 24, "{early}: only what was under way already");
    assert_eq!(world.unsettled(), 0);
}

#[test]
fn a_rest_asked_for_in_the_middle_of_a_write_waits_for_no_connection() {
    for seed in 0..50 {
        let world = World::new();
        for n in 0..8 {
            world.scripted(&format!("A-{n}"), &[Answer::Throttled(Some(seconds(1)))]);
        }
        world.orders(8);
        world.gate.take_turns(seed);
        for n in 0..16 {
            world.gate.delay(Op::Accept, When::Before, n, u64::from(n));
        }
        world.run();
    }
}

#[test]
fn a_rest_beyond_the_patience_stops_the_run_and_binds_the_next() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::Throttled(Some(seconds(61)))]);
    let report = world.run();
    assert!(matches!(report.halt, Some(Halt::Throttled { .. })), "{:?}", report.halt);
    assert_eq!(report.awaiting, 1);
    assert_eq!(world.statuses(&order), ["pending_acceptance"]);
    let before = world.ledger(|ledger| ledger.calls());
    world.market.state().look_faults.clear();
    let mut settings = world.settings.clone();
    settings.patience = seconds(10);
    let mut impatient = world;
    impatient.settings = settings;
    let report = impatient.run();
    assert!(matches!(report.halt, Some(Halt::Throttled { .. })));
    assert_eq!(impatient.ledger(|ledger| ledger.calls()), before, "no call at all");
    impatient.advance(61);
    let report = impatient.run();
    assert_eq!(report.accepted, 1);
}

#[test]
fn a_rest_that_names_no_time_takes_the_default() {
    let world = World::new();
    world.scripted("A-1", &[Answer::Throttled(None)]);
    let start = world.clock.now();
    let report = world.run();
    assert_eq!(paused_until(&world), Some(time::plus(start, seconds(60))));
    assert_eq!(report.accepted, 1);
}

#[test]
fn throttled_answers_without_end_stop_the_run() {
    for rest in [0, 1, 7] {
        let world = World::new();
        world.order("A-1");
        world.market.state().outage = Some(Answer::Throttled(Some(seconds(rest))));
        let report = world.run_within(2_000);
        assert!(
            matches!(report.halt, Some(Halt::Throttled { .. })),
            "{rest}: {:?}",
            report.halt
        );
        assert!(report.duration <= seconds(61), "{rest}: {:?}", report.duration);
        assert!(world.memory.filed_failures().is_empty());
    }
}

#[test]
fn a_rest_of_years_is_cut_to_a_day() {
    let world = World::new();
    world.scripted("A-1", &[Answer::Throttled(Some(seconds(4_000_000_000)))]);
    let start = world.clock.now();
    world.run();
    assert_eq!(paused_until(&world), Some(time::plus(start, seconds(24 * 3600))));
}

#[test]
fn a_throttled_list_is_read_again_after_the_rest() {
    let world = World::new();
    world.order("A-1");
    world.market.state().page_faults = vec![ReadFault::Throttled(Some(seconds(20))); 2].into();
    let report = world.run();
    assert_eq!(report.accepted, 1);
    assert!(report.duration >= seconds(40));
}

#[test]
fn a_list_throttled_for_ever_stops_the_run_and_pauses_the_shop() {
    let world = World::new();
    world.order("A-1");
    world.market.state().page_faults = vec![ReadFault::Throttled(Some(seconds(20))); 100].into();
    let report = world.run_within(200);
    assert!(matches!(report.halt, Some(Halt::Throttled { .. })), "{:?}", report.halt);
    assert!(paused_until(&world).unwrap() > world.clock.now());
}

#[test]
fn a_throttled_look_is_made_again_after_the_rest() {
    let world = World::new();
    let order = world.order("A-1");
    world.market.state().look_faults = vec![ReadFault::Throttled(Some(seconds(20)))].into();
    let report = world.run();
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert_eq!(world.status(&order), "accepted");
}

#[test]
fn a_rest_that_another_worker_was_told_of_holds_for_this_one_too() {
    let world = World::with(crate::Settings {
        batch: 10,
        concurrency: 1,
        ..crate::Settings::default()
    });
    world.orders(60);
    let (memory, market, clock) = (
        world.memory.clone(),
        std::sync::Arc::clone(&world.market),
        world.clock.clone(),
    );
    world.gate.at(Op::Accept, When::After, 2, move || {
        let until = time::plus(clock.now(), seconds(600));
        super::drive::block_on(memory.pause(&market.shop_key(), until)).unwrap();
    });
    let report = world.run();
    assert!(matches!(report.halt, Some(Halt::Throttled { .. })), "{:?}", report.halt);
    let sent = world.ledger(|ledger| ledger.received.len());
    assert!(sent <= 21, "{sent} sent");
    assert!(world.memory.work_rows().values().all(|row| row.lease_until.is_none()));
}

#[test]
pub(super) fn a_pause_while_intents_are_written_leaves_them_unsent() {
    let world = World::with(crate::Settings {
        concurrency: 2,
        ..crate::Settings::default()
    });
    world.scripted("A-0", &[Answer::Throttled(Some(seconds(10)))]);
    world.order("A-1");
    world.order("A-2");
    world.order("A-3");
    // The first call takes a while, the second is answered at once; its place is given to the third order, whose intent was
    // written along with theirs. While the fourth order's intent is being written the first is answered by 429.
    world.gate.delay(Op::Accept, When::Before, 0, 20);
    world.gate.delay(Op::Intents, When::After, 1, 60);
    let start = world.clock.now();
    let report = world.run();
    assert_eq!((report.accepted, report.calls.sends), (4, 5));
    let calls = world.memory.logged_calls();
    let fourth: Vec<_> = calls
        .iter()
        .filter(|call| call.row.endpoint == "OR21" && call.row.related_id.as_deref() == Some("A-3"))
        .map(|call| (call.row.outcome.unwrap().as_str(), time::until(start, call.row.at)))
        .collect();
    assert_eq!(fourth, [("not_sent", seconds(0)), ("applied", seconds(10))]);
    assert_eq!(world.ledger(|ledger| ledger.received_for("A-3")), 1);
}

#[test]
pub(super) fn refused_credentials_stop_the_run_and_fail_no_order() {
    let world = World::new();
    let orders = world.orders(40);
    world.market.state().outage = Some(Answer::Credentials);
    let report = world.run();
    assert!(
        matches!(report.halt, Some(Halt::Credentials { .. })),
        "{:?}",
        report.halt
    );
    assert_eq!(report.acceptance_failed, 0);
    assert!(world.ledger(|ledger| ledger.received.len()) <= 16);
    assert!(world.memory.filed_failures().is_empty());
    assert!(world.memory.work_rows().values().all(|row| row.lease_until.is_none()));
    world.market.state().outage = None;
    world.advance(60);
    let report = world.run();
    assert_eq!(report.accepted, 40);
    assert!(orders.iter().all(|order| world.statuses(order).len() == 2));
}

#[test]
fn refused_credentials_of_a_read_stop_the_run_too() {
    let world = World::new();
    world.order("A-1");
    world.market.state().page_faults = vec![ReadFault::Credentials].into();
    let report = world.run();
    assert!(matches!(report.halt, Some(Halt::Marketplace(_))));
}

/// When another worker put the shop to rest.
type RestedAt = std::sync::Arc<std::sync::Mutex<Option<crate::Timestamp>>>;

/// Lets another worker put the shop to rest for 30 s at the `nth` passage; tells when.
fn put_to_rest_at(world: &World, op: Op, when: When, nth: u32) -> RestedAt {
    put_to_rest_for(world, seconds(30), op, when, nth)
}

fn put_to_rest_for(world: &World, rest: std::time::Duration, op: Op, when: When, nth: u32) -> RestedAt {
    let told = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (memory, market, clock) = (
        world.memory.clone(),
        std::sync::Arc::clone(&world.market),
        world.clock.clone(),
    );
    let at = std::sync::Arc::clone(&told);
    world.gate.at(op, when, nth, move || {
        let now = clock.now();
        super::drive::block_on(memory.pause(&market.shop_key(), time::plus(now, rest))).unwrap();
        *at.lock().unwrap() = Some(now);
    });
    told
}

/// When each read began that did so after `since`.
fn reads_after(world: &World, since: crate::Timestamp) -> Vec<crate::Timestamp> {
    let calls = world.memory.logged_calls().into_iter();
    calls
        .filter(|call| call.row.endpoint == "OR11" && call.row.at >= since)
        .map(|call| call.row.at)
        .collect()
}

#[test]
fn a_look_waits_while_another_worker_has_put_the_shop_to_rest() {
    let world = World::new();
    let order = world.order_like("A-1", |order| order.lag = 1);
    // The first slot is the list's; the looks come after it.
    let rested_at = put_to_rest_at(&world, Op::ReservePoll, When::Before, 1);
    let report = world.run();
    let rested_at = rested_at.lock().unwrap().unwrap();
    let reads = reads_after(&world, rested_at);
    assert!(!reads.is_empty());
    assert!(
        reads.iter().all(|at| *at >= time::plus(rested_at, seconds(30))),
        "{reads:?}"
    );
    assert_eq!((report.accepted, world.status(&order).as_str()), (1, "accepted"));
}

#[test]
fn the_next_page_waits_while_another_worker_has_put_the_shop_to_rest() {
    let world = World::new();
    world.orders(150);
    let rested_at = put_to_rest_at(&world, Op::Finish, When::After, 0);
    let report = world.run();
    let rested_at = rested_at.lock().unwrap().unwrap();
    let reads = reads_after(&world, rested_at);
    // The first page stood on record before.
    let early = reads.iter().filter(|at| **at < time::plus(rested_at, seconds(30)));
    assert_eq!(early.count(), 1, "{reads:?}");
    assert_eq!(report.accepted, 150);
}

#[test]
fn an_order_whose_lease_is_renewed_is_not_sent_while_another_worker_has_put_the_shop_to_rest() {
    let world = World::with(crate::settings::Settings {
        concurrency: 1,
        ..crate::settings::Settings::default()
    });
    world.orders(2);
    // The second one waits for its turn until its lease has no time left for a call.
    *world.market.send_takes.lock().unwrap() = seconds(7);
    let rested_at = put_to_rest_at(&world, Op::Accept, When::After, 0);
    let report = world.run();
    let rested_at = rested_at.lock().unwrap().unwrap();
    let calls = world.memory.logged_calls();
    let late = calls
        .iter()
        .filter(|call| call.row.endpoint == "OR21" && call.row.at >= rested_at);
    let sent_at: Vec<_> = late.map(|call| call.row.at).collect();
    assert_eq!(sent_at.len(), 1);
    assert!(sent_at[0] >= time::plus(rested_at, seconds(30)), "{sent_at:?}");
    assert_eq!(report.accepted, 2);
}

/// Two workers that put each what the other had found on record anew would rest for ever.
#[test]
fn a_rest_that_stands_on_record_is_prolonged_by_nobody() {
    let rest = std::time::Duration::from_millis(300);
    for (op, when, nth) in [(Op::ReservePoll, When::Before, 1), (Op::Ingest, When::After, 0)] {
        let world = World::new();
        world.orders(150);
        world.market.state().orders.values_mut().for_each(|order| order.lag = 1);
        let rested_at = put_to_rest_for(&world, rest, op, when, nth);
        let report = world.run();
        let rested_at = rested_at.lock().unwrap().unwrap();
        assert_eq!(paused_until(&world), Some(time::plus(rested_at, rest)), "{op:?}");
        assert_eq!(report.accepted, 150);
    }
}
