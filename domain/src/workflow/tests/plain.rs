//! The plain way: listed, stored, sent once, seen as accepted.

use super::world::World;
use crate::settings::Settings;
use crate::state::MarketplaceState;
use crate::work::Phase;
use crate::workflow::{AcceptanceWorkflow, Event, RunOptions};

#[test]
fn an_order_is_ingested_sent_once_and_seen_as_accepted() {
    let world = World::new();
    let order = world.order("A-1");
    let report = world.run();
    assert_eq!((report.ingested, report.accepted, report.awaiting), (1, 1, 0));
    assert!(report.halt.is_none());
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert_eq!(world.note(&order), "Validated as 'SHIPPING' after 1 look");
    assert_eq!(world.ledger(|ledger| ledger.effects_on("A-1")), 1);
    let first = &world.entries(&order)[0];
    assert_eq!(
        first.note.as_deref(),
        Some("Ingested as 'WAITING_ACCEPTANCE' with 2 lines")
    );
}

#[test]
fn the_entry_links_the_send_and_the_look_that_justify_it() {
    let world = World::new();
    let order = world.order("A-1");
    world.run();
    let accepted = world.entries(&order).pop().unwrap();
    let calls = world.memory.logged_calls();
    let of = |call| calls.iter().find(|logged| Some(logged.row.call_id) == call).unwrap();
    assert_eq!(of(accepted.send).row.endpoint, "OR21");
    assert_eq!(of(accepted.look).row.endpoint, "OR11");
    assert_eq!(
        of(accepted.look).row.seen,
        [("A-1".to_owned(), Some("SHIPPING".to_owned()))]
    );
}

#[test]
fn every_line_is_decided_on() {
    let world = World::new();
    world.order("A-1");
    world.run();
    let body = world.ledger(|ledger| ledger.effects[0].1.clone());
    assert_eq!(
        body,
        serde_json::json!({"order_lines": [{"id": "A-1-1", "accepted": true}, {"id": "A-1-2", "accepted": true}]})
    );
}

#[test]
fn the_note_counts_the_looks() {
    let world = World::new();
    let order = world.order_like("A-1", |order| order.lag = 1);
    let report = world.run();
    assert_eq!(report.accepted, 1);
    assert_eq!(world.note(&order), "Validated as 'SHIPPING' after 2 looks");
}

#[test]
fn mistake_12_two_hundred_and_fifty_orders_take_at_most_1_05_calls_each() {
    for lag in [0, 1] {
        let world = World::new();
        for n in 0..250 {
            world.order_like(&format!("O{n:03}-A"), |order| order.lag = lag);
        }
        let report = world.run();
        assert_eq!((report.ingested, report.accepted), (250, 250));
        world.ledger(|ledger| {
            assert_eq!(ledger.pages, 3);
            assert_eq!(ledger.received.len(), 250);
            assert!(ledger.looks.iter().all(|ids| *ids <= 100), "{:?}", ledger.looks);
            assert!(
                ledger.calls() * 100 <= 250 * 105,
                "{} calls, looks {:?}",
                ledger.calls(),
                ledger.looks
            );
            assert_eq!(report.calls.total(), ledger.calls() as u64);
        });
        let minutes = report.duration.as_secs() / 60;
        assert!(minutes <= 3, "{minutes} minutes");
    }
}

#[test]
fn looks_stay_whole_while_acceptances_leave_one_after_another() {
    // Acceptances end at all times between two polls: looks at a few orders each would cost more than the orders do.
    for poll_millis in [0, 50, 400, 1_000, 60_000] {
        for seed in 0..3 {
            let world = World::with(Settings {
                poll_interval: std::time::Duration::from_millis(poll_millis),
                ..Settings::default()
            });
            for n in 0..250 {
                world.order_like(&format!("O{n:03}-A"), |order| order.lag = 1);
            }
            *world.market.send_takes.lock().unwrap() = std::time::Duration::from_millis(20);
            *world.market.read_takes.lock().unwrap() = std::time::Duration::from_millis(20);
            world.gate.take_turns(seed);
            let report = world.run_within(800);
            assert_eq!(report.accepted, 250, "{report:?}");
            world.ledger(|ledger| {
                let looks = &ledger.looks;
                assert!(looks.len() <= 7, "polls of {poll_millis} ms: looks {looks:?}");
            });
        }
    }
}

#[test]
pub(super) fn mistake_05_every_page_is_read_before_anything_is_sent() {
    let world = World::new();
    world.orders(250);
    world.run();
    let calls = world.memory.logged_calls();
    let first_send = calls.iter().position(|call| call.row.endpoint == "OR21").unwrap();
    assert_eq!(world.memory.order_rows().len(), 250);
    assert_eq!(first_send, 3, "three pages, then the first acceptance");
}

#[test]
fn a_run_over_two_thousand_orders_stays_within_bounds() {
    let world = World::with(Settings {
        batch: 500,
        ..Settings::default()
    });
    world.orders(2000);
    let report = world.run_within(20_000);
    assert_eq!(report.accepted, 2000);
    assert_eq!(world.unsettled(), 0);
}

#[test]
fn nothing_waiting_means_one_call_and_an_end() {
    let world = World::new();
    let report = world.run();
    assert_eq!(report.calls.total(), 1);
    assert_eq!(report.duration, std::time::Duration::ZERO);
}

#[test]
fn the_run_does_not_wait_where_it_was_told_not_to() {
    let world = World::new();
    let order = world.order("A-1");
    let report = world.run_no_wait();
    assert_eq!((report.ingested, report.accepted, report.awaiting), (1, 0, 1));
    assert_eq!(world.phase(&order), Phase::Validating);
    assert_eq!(report.duration, std::time::Duration::ZERO);
    assert_eq!(world.ledger(|ledger| ledger.looks.len()), 0);
    world.advance(60);
    let report = world.run();
    assert_eq!((report.accepted, report.awaiting), (1, 0));
}

#[test]
fn the_next_run_waits_for_the_poll_that_a_run_without_waiting_left_to_it() {
    let world = World::new();
    world.order("A-1");
    world.run_no_wait();
    world.advance(1);
    let report = world.run();
    assert_eq!((report.accepted, report.awaiting), (1, 0));
    assert!(report.duration >= super::world::seconds(59));
}

#[test]
fn a_poll_interval_of_zero_settles_at_once() {
    let world = World::with(Settings {
        poll_interval: std::time::Duration::ZERO,
        ..Settings::default()
    });
    world.orders(300);
    let report = world.run_within(4_000);
    assert_eq!((report.accepted, report.awaiting), (300, 0));
    assert!(report.duration < super::world::seconds(1));
}

#[test]
fn the_oldest_orders_go_first() {
    let world = World::with(Settings {
        concurrency: 1,
        ..Settings::default()
    });
    for (name, age) in [("young", 10), ("old", 1000), ("middle", 100)] {
        world.order_like(name, |order| {
            order.placed_at = order
                .placed_at
                .checked_sub(jiff::SignedDuration::from_secs(age))
                .unwrap();
        });
    }
    world.run();
    let sent: Vec<_> = world.ledger(|ledger| ledger.received.iter().map(|(id, _)| id.to_string()).collect());
    assert_eq!(sent, ["old", "middle", "young"]);
}

#[test]
fn progress_is_told_as_it_happens() {
    let world = World::new();
    world.order("A-1");
    world.run();
    let events = world.events.lock().unwrap();
    let kinds: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::Ingested { .. } => "ingested",
            Event::Sending { .. } => "sending",
            Event::Answered { .. } => "answered",
            Event::Waiting { orders: 1, .. } => "waiting",
            Event::Looked { orders: 1 } => "looked",
            Event::Settled { .. } => "settled",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        ["ingested", "sending", "answered", "waiting", "looked", "settled"]
    );
}

#[test]
fn a_run_can_be_given_to_a_runtime_with_many_threads() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let world = World::new();
    let workflow: AcceptanceWorkflow = world.worker();
    let options = RunOptions::default();
    drop(send(workflow.run(&options, &())));
}

#[test]
fn ids_with_slashes_spaces_and_any_letter_pass() {
    let world = World::new();
    let order = world.order_like("ö/ 12-A", |order| {
        order.lines = vec![("ß/1 ?".to_owned(), Some(MarketplaceState::WaitingAcceptance))];
    });
    world.run();
    assert_eq!(world.status(&order), "accepted");
}
