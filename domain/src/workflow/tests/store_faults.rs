//! A store that stalls, loses acknowledgements or fails for good.

use super::gate::{Fault, Op, When};
use super::world::World;
use crate::ports::StoreError;
use crate::work::Phase;
use crate::workflow::Halt;

#[test]
fn a_store_that_can_not_be_reached_stops_the_run_before_any_call() {
    let world = World::new();
    world.order("A-1");
    world.gate.fail(Op::Now, When::Before, 0, Fault::Unreachable);
    let report = world.run();
    assert!(matches!(report.halt, Some(Halt::Store(StoreError::Unreachable(_)))));
    assert_eq!(world.ledger(|ledger| ledger.calls()), 0);
}

#[test]
pub(super) fn mistake_13_no_acceptance_leaves_without_a_durable_intent() {
    for fault in [Fault::Full, Fault::Unreachable, Fault::Busy] {
        let world = World::new();
        let order = world.order("A-1");
        for _ in 0..10 {
            world.gate.fail(Op::Intents, When::Before, 0, fault);
        }
        let report = world.run();
        assert!(matches!(report.halt, Some(Halt::Store(_))), "{:?}", report.halt);
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
        assert_eq!(world.statuses(&order), ["pending_acceptance"]);
    }
}

#[test]
pub(super) fn an_intent_that_stays_unconfirmed_is_never_sent_by_this_run_and_looked_at_by_the_next() {
    let world = World::new();
    let order = world.order("A-1");
    for _ in 0..4 {
        world.gate.fail(Op::Intents, When::After, 0, Fault::Unconfirmed);
    }
    let report = world.run();
    assert!(matches!(report.halt, Some(Halt::Store(StoreError::Unconfirmed(_)))));
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
    assert_eq!(world.phase(&order), Phase::Sending, "it did stand");
    let intents = |world: &World| {
        let calls = world.memory.logged_calls();
        calls.iter().filter(|call| call.row.endpoint == "OR21").count()
    };
    assert_eq!(intents(&world), 1, "repeated under one operation id");
    world.advance(30);
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert!(world.failures(&order).is_empty());
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}

#[test]
fn an_intent_confirmed_at_the_second_try_is_sent_once() {
    let world = World::new();
    let order = world.order("A-1");
    world.gate.fail(Op::Intents, When::After, 0, Fault::Unconfirmed);
    let report = world.run();
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert_eq!(world.status(&order), "accepted");
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}

#[test]
fn every_write_whose_acknowledgement_is_lost_is_repeated_without_a_second_effect() {
    for op in [Op::Ingest, Op::Claim, Op::Intents, Op::Answers, Op::Settle] {
        for skip in 0..6 {
            let world = World::new();
            world.scripted("A-1", &[super::market::Answer::NotSent]);
            world.order("A-2");
            world.gate.fail(op, When::After, skip, Fault::Unconfirmed);
            let report = world.run();
            assert!(report.halt.is_none(), "{op:?} {skip}: {:?}", report.halt);
            assert_eq!((report.ingested, report.accepted), (2, 1), "{op:?} {skip}");
            assert_eq!(world.memory.filed_failures().len(), 1, "{op:?} {skip}");
            assert_eq!(world.ledger(|ledger| ledger.effects.len()), 1, "{op:?} {skip}");
        }
    }
}

#[test]
fn a_failure_of_any_store_call_loses_nothing() {
    let ops = [
        Op::Now,
        Op::Ingest,
        Op::Claim,
        Op::Intents,
        Op::Answers,
        Op::Settle,
        Op::NextDue,
        Op::Standings,
        Op::Count,
        Op::Shop,
        Op::ReservePoll,
        Op::CountUnanswered,
        Op::Begin,
        Op::Finish,
        Op::Open,
    ];
    for op in ops {
        for (when, fault) in [(When::Before, Fault::Full), (When::After, Fault::Unconfirmed)] {
            for skip in 0..4 {
                let world = World::new();
                world.scripted("A-1", &[super::market::Answer::LostAfterEffect]);
                world.order_like("A-2", |order| order.lag = 1);
                world.scripted("A-3", &[super::market::Answer::NotSent]);
                for _ in 0..8 {
                    world.gate.fail(op, when, skip, fault);
                }
                world.run();
                world.advance(30);
                world.settle_all(12);
                for (order, row) in world.memory.work_rows() {
                    assert_eq!(row.status.as_str(), "accepted", "{op:?} {when:?} {skip}: {order}");
                    assert_eq!(world.ledger(|ledger| ledger.effects_on(order.as_str())), 1);
                }
            }
        }
    }
}

#[test]
fn mistake_13_a_read_that_can_not_be_put_on_record_is_not_acted_on() {
    for op in [Op::Begin, Op::Finish] {
        let world = World::new();
        world.order("A-1");
        world.gate.fail(op, When::Before, 0, Fault::Full);
        let report = world.run();
        assert!(matches!(report.halt, Some(Halt::Marketplace(_))), "{:?}", report.halt);
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
    }
}

#[test]
fn an_answer_that_can_not_be_recorded_stops_the_run_and_is_looked_for_later() {
    let world = World::new();
    let order = world.order("A-1");
    world.gate.fail(Op::Answers, When::Before, 0, Fault::Full);
    let report = world.run();
    assert!(matches!(report.halt, Some(Halt::Store(StoreError::Full(_)))));
    assert_eq!(world.phase(&order), Phase::Sending);
    world.advance(30);
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}
