//! A look that a person asked for: what has moved is settled from what was seen, and nothing is sent.

use super::drive::block_on;
use super::market::Answer;
use super::reconcile::moves;
use super::world::{World, seconds};
use crate::failure::FailureCause;
use crate::order::OrderId;
use crate::ports::{ClaimRequest, Clock as _, Suspects, WorkStore as _, new_operation};
use crate::state::MarketplaceState;
use crate::time;
use crate::work::Phase;
use crate::workflow::{Halt, LookOptions, LookReport, StopSignal};

impl World {
    fn look(&self, orders: &[OrderId]) -> LookReport {
        self.look_with(LookOptions {
            orders: orders.to_vec(),
            by: "a look that kim asked for".to_owned(),
            ..LookOptions::default()
        })
    }

    fn look_with(&self, options: LookOptions) -> LookReport {
        self.gate.allow(20_000);
        let report = block_on(self.worker().look(&options, &()));
        super::audit::audit(self);
        report
    }
}

#[test]
fn what_a_person_accepted_is_settled_from_what_is_seen() {
    let world = World::new();
    let orders = world.stored(&["A-1", "A-2", "A-3"]);
    world.market.accepted_by_a_person("A-1");
    world.market.accepted_by_a_person("A-3");
    let report = world.look(&orders[..2]);
    assert!(report.halt.is_none(), "{report:?}");
    assert_eq!(moves(&report.changed), [("A-1", "pending_acceptance", "accepted")]);
    assert_eq!(report.looked_at, 2);
    assert_eq!(
        world.note(&orders[0]),
        "Found as 'SHIPPING' by a look that kim asked for; no call of ours is on record"
    );
    assert_eq!(world.status(&orders[2]), "pending_acceptance", "it was not asked for");
    assert_eq!((world.sends(), world.leases()), (0, 0));
}

#[test]
fn an_order_in_review_that_moved_is_settled_and_its_entry_closed() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::Refused]);
    world.run();
    assert_eq!(world.open_causes(&order), [FailureCause::Refused.as_str()]);
    world
        .market
        .change("A-1", |order| order.state = MarketplaceState::Canceled);
    let report = world.look(std::slice::from_ref(&order));
    assert_eq!(moves(&report.changed), [("A-1", "acceptance_failed", "cancelled")]);
    assert!(world.open_causes(&order).is_empty());
}

#[test]
fn an_order_that_did_not_move_keeps_its_place() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::Refused]);
    world.run();
    let before = world.work(&order).standing;
    let report = world.look(std::slice::from_ref(&order));
    assert_eq!((report.looked_at, report.changed.len()), (1, 0));
    assert_eq!(world.work(&order).standing, before);
    assert_eq!(world.open_causes(&order), [FailureCause::Refused.as_str()]);
    assert_eq!(world.sends(), 1, "the one that was refused");
}

#[test]
fn an_accepted_order_that_was_cancelled_since_is_found_so() {
    let world = World::new();
    let order = world.order("A-1");
    world.run();
    world
        .market
        .change("A-1", |order| order.state = MarketplaceState::Canceled);
    let report = world.look(std::slice::from_ref(&order));
    assert_eq!(moves(&report.changed), [("A-1", "accepted", "cancelled")]);
}

#[test]
fn an_order_that_a_worker_has_in_hand_is_left_to_it() {
    let world = World::new();
    let orders = world.stored(&["A-1", "A-2"]);
    // The poll interval is over, so that the look need not wait and the lease still holds.
    world.advance(60);
    let claim = ClaimRequest {
        phases: vec![Phase::Ready],
        now: world.clock.now(),
        lease: seconds(20),
        worker: "another".to_owned(),
        limit: 1,
        suspects: Suspects::LeftOut,
        operation: new_operation(world.clock.now(), &crate::memory::SeededRandom::new(7)),
    };
    let held = block_on(world.memory.claim(&claim)).unwrap();
    assert_eq!(held[0].order_id, orders[0]);
    world.market.accepted_by_a_person("A-1");
    world.market.accepted_by_a_person("A-2");
    let report = world.look(&orders);
    assert_eq!(moves(&report.changed), [("A-2", "pending_acceptance", "accepted")]);
    assert_eq!(report.in_other_hands, orders[..1]);
    assert_eq!(world.status(&orders[0]), "pending_acceptance");
}

#[test]
fn an_order_that_is_not_stored_is_in_other_hands() {
    let world = World::new();
    let unknown = super::world::id("Z-9");
    let report = world.look(std::slice::from_ref(&unknown));
    assert!(report.halt.is_none(), "{report:?}");
    assert_eq!((report.looked_at, report.in_other_hands), (0, vec![unknown]));
}

#[test]
fn a_look_waits_for_the_poll_interval_as_every_look_does() {
    let world = World::new();
    let orders = world.stored(&["A-1"]);
    let last = world.ledger(|ledger| *ledger.look_times.last().unwrap());
    world.look(&orders);
    let looks = world.ledger(|ledger| ledger.look_times.clone());
    assert!(looks.last().unwrap() >= &time::plus(last, seconds(60)), "{looks:?}");
}

#[test]
fn hundreds_of_orders_are_looked_at_a_hundred_to_a_call() {
    let world = World::new();
    let names: Vec<String> = (0..230).map(|number| format!("A-{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let orders = world.stored(&names);
    let before = world.ledger(|ledger| ledger.look_times.len());
    let report = world.look(&orders);
    assert_eq!((report.looked_at, report.halt.is_none()), (230, true));
    assert_eq!(world.ledger(|ledger| ledger.look_times.len()) - before, 3);
}

#[test]
fn a_look_that_is_stopped_looks_at_nothing_more() {
    let world = World::new();
    let orders = world.stored(&["A-1"]);
    world.advance(60);
    let stop = StopSignal::new();
    stop.stop();
    let report = world.look_with(LookOptions {
        orders,
        stop,
        ..LookOptions::default()
    });
    assert!(matches!(report.halt, Some(Halt::Stopped)), "{:?}", report.halt);
    assert_eq!(report.looked_at, 0);
}
