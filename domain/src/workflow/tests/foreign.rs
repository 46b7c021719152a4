//! Other programs write into the timeline while the workflow runs: their entries are believed.

use super::gate::{Op, When};
use super::market::Answer;
use super::world::{World, seconds};
use crate::time;
use crate::work::Phase;

#[test]
pub(super) fn an_entry_between_our_claim_and_our_send_stops_the_send() {
    for status in ["shipped", "cancelled", "accepted", "label_created"] {
        let world = World::new();
        let order = world.order("A-1");
        world
            .gate
            .at(Op::Intents, When::Before, 0, world.foreign_entry(&order, status));
        let report = world.run();
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 0, "{status}");
        assert_eq!(world.statuses(&order), ["pending_acceptance", status]);
        assert_eq!(report.lost_to_others, 1);
        assert!(report.halt.is_none());
    }
}

#[test]
fn a_pending_entry_between_our_claim_and_our_send_starts_anew_in_the_same_run() {
    let world = World::new();
    let order = world.order("A-1");
    world.gate.at(
        Op::Intents,
        When::Before,
        0,
        world.foreign_entry(&order, "pending_acceptance"),
    );
    world.run();
    assert_eq!(
        world.statuses(&order),
        ["pending_acceptance", "pending_acceptance", "accepted"]
    );
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}

#[test]
fn mistake_09_the_newest_status_is_the_highest_version_also_where_times_tie() {
    let world = World::new();
    let order = world.order("A-1");
    // The clock stands still: both entries carry the same time.
    world
        .gate
        .at(Op::Ingest, When::After, 0, world.foreign_entry(&order, "shipped"));
    world.run();
    let entries = world.entries(&order);
    assert_eq!(entries[0].at, entries[1].at);
    assert_eq!(world.status(&order), "shipped");
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
}

#[test]
pub(super) fn an_entry_while_the_call_is_under_way_stands_and_the_answer_is_recorded_all_the_same() {
    let world = World::new();
    let order = world.order("A-1");
    world
        .gate
        .at(Op::Accept, When::After, 0, world.foreign_entry(&order, "shipped"));
    let report = world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "shipped"]);
    assert_eq!(report.lost_to_others, 1);
    let calls = world.memory.logged_calls();
    let send = calls.iter().find(|call| call.row.endpoint == "OR21").unwrap();
    assert_eq!(send.row.outcome.unwrap().as_str(), "applied");
}

#[test]
pub(super) fn a_foreign_pending_entry_forgets_no_undecided_call() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::LostAfterEffect]);
    world.gate.at(
        Op::Answers,
        When::After,
        0,
        world.foreign_entry(&order, "pending_acceptance"),
    );
    world.run();
    world.advance(60);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}

#[test]
fn a_foreign_pending_entry_starts_the_attempts_anew() {
    let world = World::new();
    let order = world.scripted("A-1", &vec![Answer::LostWithoutEffect; 2]);
    for _ in 0..2 {
        world.run();
        world.advance(900);
    }
    assert_eq!(world.work(&order).standing.attempt, 3);
    world.append_foreign(&order, "pending_acceptance");
    assert_eq!(world.work(&order).standing.attempt, 1);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    assert_eq!(world.entries(&order).pop().unwrap().attempt, Some(1));
}

#[test]
fn a_foreign_failure_without_a_time_is_filed_once_and_settles_by_itself_if_it_moved() {
    let world = World::new();
    let order = world.order("A-1");
    world.gate.at(
        Op::Ingest,
        When::After,
        0,
        world.foreign_entry(&order, "acceptance_failed"),
    );
    world.run();
    let report = world.run();
    assert_eq!(report.needs_person, 1);
    assert_eq!(world.phase(&order), Phase::Review);
    assert_eq!(world.open_causes(&order), ["foreign"]);
    assert_eq!(world.statuses(&order), ["pending_acceptance", "acceptance_failed"]);
    world.run();
    assert_eq!(world.failures(&order).len(), 1);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
    world
        .market
        .change("A-1", |order| order.state = crate::state::MarketplaceState::Shipped);
    world.advance(3600);
    world.run();
    assert_eq!(world.status(&order), "accepted");
}

#[test]
fn a_foreign_failure_with_a_time_is_retried_then() {
    let world = World::new();
    let order = world.order("A-1");
    world
        .gate
        .at(Op::Ingest, When::After, 0, world.foreign_entry(&order, "shipped"));
    world.run();
    let now = crate::ports::Clock::now(&world.clock);
    let retry_at = Some(time::plus(now, seconds(120)));
    world
        .memory
        .append_foreign(&order, "acceptance_failed", None, retry_at)
        .unwrap();
    let report = world.run();
    assert_eq!((report.requeued, report.needs_person), (0, 0));
    world.advance(120);
    let report = world.run();
    assert_eq!((report.requeued, report.accepted), (1, 1));
    let note = world.entries(&order)[3].note.clone().unwrap();
    assert_eq!(note, "retry 1 of 5: asked for by the entry before");
}

#[test]
fn a_row_without_any_entry_counts_as_new() {
    let world = World::new();
    let order = world.order("A-1");
    world.memory.insert_order_row(&order, "{}").unwrap();
    let report = world.run();
    assert_eq!((report.ingested, report.accepted), (1, 1));
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
}

#[test]
fn a_status_of_another_module_ends_the_work_at_once() {
    let world = World::new();
    let order = world.order_like("A-1", |order| order.lag = 4);
    world
        .gate
        .at(Op::Look, When::After, 1, world.foreign_entry(&order, "label_created"));
    let report = world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "label_created"]);
    assert_eq!(world.ledger(|ledger| ledger.looks.len()), 2);
    assert_eq!((report.awaiting, report.lost_to_others), (0, 1));
}
