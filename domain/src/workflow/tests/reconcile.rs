//! After a restore: sending is held, every order is looked at once, and nothing is sent on the way.
//!
//! The file is long because the cases are many; all of them are about one command, and share what is at its head.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::drive::{block_on, run_until};
use super::gate::{Fault, Op, When};
use super::market::{Answer, ReadFault};
use super::world::{World, seconds};
use crate::memory::MemoryStore;
use crate::order::OrderId;
use crate::ports::{Clock as _, Recovery as _, Sending, ShopStore as _};
use crate::state::MarketplaceState;
use crate::time;
use crate::work::Phase;
use crate::workflow::{Change, Halt, ReconcileOptions, ReconcileReport, StopSignal};

/// The call timeout, the lease margin and the staleness of reads, by default.
const ON_THEIR_WAY: Duration = Duration::from_secs(17);

impl World {
    fn reconcile(&self) -> ReconcileReport {
        self.reconcile_with(&ReconcileOptions::default())
    }

    fn reconcile_with(&self, options: &ReconcileOptions) -> ReconcileReport {
        self.gate.allow(20_000);
        let report = block_on(self.worker().reconcile(options, &()));
        super::audit::audit(self);
        report
    }

    /// A closure that reconciles from its beginning to its end as a worker of its own, and expects that nothing stops it.
    fn reconciled_by_another(&self) -> impl FnOnce() + Send + 'static {
        let worker = self.worker();
        move || {
            let report = block_on(worker.reconcile(&ReconcileOptions::default(), &()));
            assert!(report.halt.is_none(), "{:?}", report.halt);
        }
    }

    /// Orders that are stored and still wait, with no call on record: what a restored store knows of them.
    pub(super) fn stored(&self, names: &[&str]) -> Vec<OrderId> {
        let orders: Vec<_> = names.iter().map(|name| self.order(name)).collect();
        let report = self.reconcile();
        assert_eq!((report.ingested, report.halt.is_none()), (names.len() as u64, true));
        orders
    }

    fn sending(&self) -> Sending {
        block_on(self.memory.sending()).unwrap()
    }

    pub(super) fn sends(&self) -> usize {
        self.ledger(|ledger| ledger.received.len())
    }

    pub(super) fn leases(&self) -> usize {
        let rows = self.memory.work_rows();
        rows.values().filter(|row| row.lease_until.is_some()).count()
    }
}

fn hold(memory: &MemoryStore) -> impl FnOnce() + Send + 'static {
    let memory = memory.clone();
    move || {
        let now = block_on(crate::ports::WorkStore::now(&memory)).unwrap();
        block_on(memory.hold_sending(now)).unwrap();
    }
}

fn intents_of(world: &World) -> usize {
    let calls = world.memory.logged_calls();
    calls.iter().filter(|call| call.row.endpoint == "OR21").count()
}

pub(super) fn moves(changed: &[Change]) -> Vec<(&str, &str, &str)> {
    let mut moves: Vec<_> = changed
        .iter()
        .map(|change| (change.order_id.as_str(), change.from.as_str(), change.to.as_str()))
        .collect();
    moves.sort_unstable();
    moves
}

#[test]
fn what_was_accepted_and_forgotten_is_settled_without_a_send() {
    let world = World::new();
    let orders = world.stored(&["A-1", "A-2", "A-3"]);
    world.market.accepted_by_a_person("A-1");
    world
        .market
        .change("A-2", |order| order.state = MarketplaceState::Canceled);
    let report = world.reconcile();
    assert!(report.halt.is_none() && report.sending_allowed, "{report:?}");
    assert_eq!(
        moves(&report.changed),
        [
            ("A-1", "pending_acceptance", "accepted"),
            ("A-2", "pending_acceptance", "cancelled")
        ]
    );
    assert_eq!((report.looked_at, report.waiting), (3, 1));
    assert_eq!(
        world.note(&orders[0]),
        "Found as 'SHIPPING' by reconcile; no call of ours is on record"
    );
    assert_eq!((world.sends(), world.sending().hold), (0, None));

    world.run();
    assert_eq!(world.statuses(&orders[2]), ["pending_acceptance", "accepted"]);
    assert_eq!(world.sends(), 1, "the one that still waited");
}

#[test]
fn entries_of_reconcile_name_the_look_that_shows_it() {
    let world = World::new();
    let order = world.stored(&["A-1"]).remove(0);
    world.market.accepted_by_a_person("A-1");
    world.reconcile();
    let entry = world.entries(&order).pop().unwrap();
    let look = entry.look.expect("a look");
    let calls = world.memory.logged_calls();
    let call = calls.iter().find(|call| call.row.call_id == look).unwrap();
    assert_eq!(call.row.seen, [("A-1".to_owned(), Some("SHIPPING".to_owned()))]);
}

#[test]
fn failed_orders_and_orders_in_review_are_settled_too() {
    let world = World::new();
    let retried = world.scripted("A-1", &[Answer::NotSent]);
    let in_review = world.scripted("A-2", &[Answer::Refused]);
    world.run();
    assert_eq!(world.phase(&retried), Phase::Retry);
    assert_eq!(world.phase(&in_review), Phase::Review);
    world.market.accepted_by_a_person("A-1");
    world.market.accepted_by_a_person("A-2");
    let report = world.reconcile();
    assert_eq!(
        moves(&report.changed),
        [
            ("A-1", "acceptance_failed", "accepted"),
            ("A-2", "acceptance_failed", "accepted")
        ]
    );
    assert!(world.open_causes(&in_review).is_empty(), "its entry closes itself");
}

#[test]
fn an_accepted_order_that_was_cancelled_since_is_cancelled() {
    let world = World::new();
    let order = world.order("A-1");
    world.run();
    world
        .market
        .change("A-1", |order| order.state = MarketplaceState::Canceled);
    let report = world.reconcile();
    assert_eq!(moves(&report.changed), [("A-1", "accepted", "cancelled")]);
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted", "cancelled"]);
    assert!(
        world.note(&order).contains("it had been accepted"),
        "{}",
        world.note(&order)
    );
    let again = world.reconcile();
    assert!(again.changed.is_empty(), "{again:?}");
    assert_eq!(again.agreeing, 1);
}

#[test]
fn orders_settled_before_the_span_are_left_alone() {
    let world = World::new();
    world.order("A-1");
    world.run();
    world
        .market
        .change("A-1", |order| order.state = MarketplaceState::Canceled);
    world.advance(100);
    let options = ReconcileOptions {
        settled_within: seconds(99),
        ..ReconcileOptions::default()
    };
    let report = world.reconcile_with(&options);
    assert_eq!((report.looked_at, report.sending_allowed), (0, true));
    assert_eq!(moves(&world.reconcile().changed), [("A-1", "accepted", "cancelled")]);
}

#[test]
fn a_settled_order_that_waits_on_the_marketplace_is_filed_once_and_not_sent() {
    let world = World::new();
    let order = world.order("A-1");
    world.run();
    world
        .market
        .change("A-1", |order| order.state = MarketplaceState::WaitingAcceptance);
    world.advance(60);
    let report = world.reconcile();
    assert_eq!(report.contradicted, std::slice::from_ref(&order));
    assert_eq!(report.needs_person, 1, "{report:?}");
    assert_eq!(world.open_causes(&order), ["contradiction"]);
    let again = world.reconcile();
    assert_eq!((again.needs_person, world.failures(&order).len()), (0, 1));
    world.run();
    assert_eq!(world.sends(), 1, "the one of before");
}

#[test]
fn a_cancelled_order_that_the_marketplace_ships_is_filed() {
    let world = World::new();
    let order = world.ingested_then("A-1", |order| order.state = MarketplaceState::Canceled);
    world.run();
    assert_eq!(world.status(&order), "cancelled");
    world
        .market
        .change("A-1", |order| order.state = MarketplaceState::Shipping);
    let report = world.reconcile();
    assert_eq!(
        world.status(&order),
        "cancelled",
        "no move of ours leads away from there"
    );
    assert_eq!(world.open_causes(&order), ["contradiction"]);
    assert_eq!(report.contradicted, [order]);
}

#[test]
fn an_order_that_is_not_shown_is_told_and_stays() {
    let world = World::new();
    let orders = world.stored(&["A-1", "A-2"]);
    let before = world.work(&orders[0]).standing;
    world.market.change("A-1", |order| order.hidden = true);
    let report = world.reconcile();
    assert_eq!(report.not_shown, [orders[0].clone()]);
    assert!(report.sending_allowed, "it was asked for");
    assert_eq!(world.work(&orders[0]).standing, before);
}

#[test]
fn an_undecided_call_keeps_its_place_and_still_needs_its_looks() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::LostWithoutEffect]);
    world.run_no_wait();
    assert_eq!(world.phase(&order), Phase::Validating);
    let before = world.work(&order).standing;
    assert!(before.call_open);
    let report = world.reconcile();
    assert_eq!((report.waiting, report.changed.len()), (1, 0));
    assert_eq!(world.work(&order).standing, before);
    world.settle_all(10);
    assert_eq!(world.status(&order), "accepted");
    assert_eq!(world.ledger(|ledger| ledger.effects_on("A-1")), 1);
}

#[test]
fn an_order_that_the_store_has_lost_is_taken_in_again() {
    let world = World::new();
    let order = world.order("A-1");
    let report = world.reconcile();
    assert_eq!((report.ingested, world.sends()), (1, 0));
    assert_eq!(world.phase(&order), Phase::Ready);
}

#[test]
pub(super) fn looks_wait_until_calls_of_before_have_ended_and_show() {
    let world = World::new();
    let order = world.stored(&["A-1"]).remove(0);
    // Past the poll interval: nothing else holds up the first look.
    world.advance(60);
    // A call whose intent the store has lost: it takes effect as late as a call may.
    let effect_at = time::plus(world.clock.now(), seconds(12));
    world.market.change("A-1", |order| {
        order.effect_at = Some((effect_at, serde_json::json!({})));
        order.stale_for = seconds(5);
    });
    let held_since = world.clock.now();
    let looks = world.ledger(|ledger| ledger.look_times.len());
    let report = world.reconcile();
    assert_eq!(moves(&report.changed), [("A-1", "pending_acceptance", "accepted")]);
    let first = world.ledger(|ledger| ledger.look_times[looks]);
    assert!(
        first >= time::plus(held_since, ON_THEIR_WAY),
        "{first} after {held_since}"
    );
    assert_eq!((world.sends(), world.status(&order).as_str()), (0, "accepted"));
}

#[test]
fn a_run_while_sending_is_held_settles_what_it_sees_and_sends_nothing() {
    let world = World::new();
    let in_flight = world.order_like("A-1", |order| order.lag = 1);
    world.run_no_wait();
    assert_eq!(world.phase(&in_flight), Phase::Validating);
    let new = world.order("A-2");
    let sends = world.sends();
    hold(&world.memory)();
    world.advance(60);
    for _ in 0..2 {
        let report = world.run();
        assert!(
            matches!(report.halt, Some(Halt::SendingHeld { .. })),
            "{:?}",
            report.halt
        );
        world.advance(60);
    }
    assert_eq!(world.status(&in_flight), "accepted", "looks go on");
    assert_eq!(world.phase(&new), Phase::Ready, "it was taken in");
    assert_eq!(world.sends(), sends);

    world.reconcile();
    world.run();
    assert_eq!(world.status(&new), "accepted");
}

#[test]
fn a_hold_in_the_middle_of_a_run_stops_its_sends_wherever_it_comes() {
    for (op, when) in [
        (Op::Ingest, When::After),
        (Op::Claim, When::Before),
        (Op::Claim, When::After),
        (Op::Intents, When::Before),
    ] {
        for skip in 0..3 {
            let world = World::new();
            world.orders(40);
            world.gate.at(op, when, skip, hold(&world.memory));
            let before = world.sending().epoch;
            let report = world.run();
            if world.sending().epoch == before {
                continue;
            }
            let held_since = world.sending().hold.unwrap().since;
            assert!(
                matches!(report.halt, Some(Halt::SendingHeld { since }) if since == held_since),
                "{op:?} {when:?} {skip}: {:?}",
                report.halt
            );
            let sent = intents_of(&world);
            assert!(sent < 40, "{op:?} {when:?} {skip}: all went out");
            let again = world.run();
            assert!(matches!(again.halt, Some(Halt::SendingHeld { .. })));
            assert_eq!(intents_of(&world), sent);
            world.reconcile();
            world.settle_all(10);
        }
    }
}

#[test]
fn a_worker_frozen_with_its_claims_sends_none_of_them_after_the_hold() {
    let world = World::new();
    let orders = world.orders(3);
    world
        .gate
        .at(Op::Intents, When::Before, 0, world.reconciled_by_another());
    let report = world.run();
    assert!(report.lost_to_others >= 3, "its claims are void: {report:?}");
    for order in &orders {
        assert_eq!(world.statuses(order), ["pending_acceptance", "accepted"]);
    }
    assert_eq!(intents_of(&world), 3, "only under the claims of after it");
}

#[test]
pub(super) fn a_list_from_before_a_hold_justifies_no_send_after_it() {
    let world = World::new();
    let order = world.order("A-1");
    // The list shows it waiting; a call that was forgotten takes effect while another worker reconciles; then the list is
    // stored and its orders claimed.
    let effect_at = time::plus(world.clock.now(), seconds(5));
    world.market.change("A-1", |order| {
        order.effect_at = Some((effect_at, serde_json::json!({})))
    });
    world
        .gate
        .at(Op::Ingest, When::Before, 0, world.reconciled_by_another());
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert_eq!(world.sends(), 0, "it was looked at anew");
}

#[test]
fn cut_at_any_await_it_leaves_the_hold_and_the_next_one_finishes() {
    let mut cuts = 0;
    for n in 0.. {
        let world = World::new();
        let orders = world.stored(&["A-1", "A-2", "A-3"]);
        world.market.accepted_by_a_person("A-1");
        let epoch = world.sending().epoch;
        world.gate.hang_at(n);
        let reconcile = async { world.worker().reconcile(&ReconcileOptions::default(), &()).await };
        let cut = run_until(reconcile, || world.gate.hung()).is_none();
        world.gate.reopen();
        if !cut {
            cuts = n;
            break;
        }
        let sending = world.sending();
        let seen = world.status(&orders[0]) == "accepted";
        assert!(
            sending.hold.is_some() || sending.epoch == epoch || seen,
            "cut at {n}: allowed before all were seen"
        );
        let report = world.reconcile();
        assert!(
            report.halt.is_none() && report.sending_allowed,
            "cut at {n}: {report:?}"
        );
        assert_eq!(
            world.statuses(&orders[0]),
            ["pending_acceptance", "accepted"],
            "cut at {n}"
        );
        assert_eq!((world.sends(), world.leases()), (0, 0), "cut at {n}");
        world.run();
        assert_eq!(world.sends(), 2, "cut at {n}: the two that still waited");
        super::audit::audit(&world);
    }
    assert!(cuts > 20, "only {cuts} awaits");
}

#[test]
fn faults_of_the_store_leave_the_hold_or_nothing() {
    for op in [
        Op::HoldSending,
        Op::ToReconcile,
        Op::TakeUp,
        Op::Settle,
        Op::AllowSending,
    ] {
        for (when, fault) in [
            (When::Before, Fault::Unreachable),
            (When::After, Fault::Unconfirmed),
            (When::Before, Fault::Full),
        ] {
            let world = World::new();
            let order = world.stored(&["A-1"]).remove(0);
            world.market.accepted_by_a_person("A-1");
            world.gate.fail(op, when, 0, fault);
            let report = world.reconcile();
            assert_eq!(
                report.sending_allowed,
                report.halt.is_none(),
                "{op:?} {fault:?}: {report:?}"
            );
            if world.sending().hold.is_some() {
                assert!(!report.sending_allowed, "{op:?} {fault:?}");
            }
            world.reconcile();
            assert_eq!(
                world.statuses(&order),
                ["pending_acceptance", "accepted"],
                "{op:?} {fault:?}"
            );
            assert_eq!((world.sends(), world.sending().hold), (0, None));
        }
    }
}

#[test]
fn a_longer_rest_than_its_patience_leaves_the_hold_and_no_lease() {
    let world = World::new();
    world.stored(&["A-1"]);
    world.market.state().look_faults = vec![ReadFault::Throttled(Some(seconds(3600)))].into();
    let report = world.reconcile();
    assert!(matches!(report.halt, Some(Halt::Throttled { .. })), "{:?}", report.halt);
    assert!(world.sending().hold.is_some());
    assert_eq!(world.leases(), 0);
    world.advance(3600);
    assert!(world.reconcile().sending_allowed);
}

#[test]
fn a_short_rest_is_waited_for() {
    let world = World::new();
    let order = world.stored(&["A-1"]).remove(0);
    world.market.accepted_by_a_person("A-1");
    world.market.state().look_faults = vec![ReadFault::Throttled(Some(seconds(20)))].into();
    let report = world.reconcile();
    assert!(report.sending_allowed, "{report:?}");
    assert_eq!((world.status(&order).as_str(), report.looked_at), ("accepted", 1));
}

#[test]
fn a_stop_while_it_waits_leaves_the_hold() {
    let world = World::new();
    world.stored(&["A-1"]);
    let stop = StopSignal::new();
    stop.stop();
    let options = ReconcileOptions {
        stop,
        ..ReconcileOptions::default()
    };
    let report = world.reconcile_with(&options);
    assert!(matches!(report.halt, Some(Halt::Stopped)), "{:?}", report.halt);
    assert!(world.sending().hold.is_some() && !report.sending_allowed);
}

#[test]
pub(super) fn of_two_at_once_the_later_one_goes_on_and_neither_lifts_the_others_hold() {
    let world = World::new();
    world.stored(&["A-1", "A-2"]);
    world.market.accepted_by_a_person("A-1");
    world.gate.at(Op::TakeUp, When::Before, 0, hold(&world.memory));
    let report = world.reconcile();
    assert!(matches!(report.halt, Some(Halt::HoldTakenOver)), "{:?}", report.halt);
    assert!(world.sending().hold.is_some(), "the later hold stands");

    let world = World::new();
    let both = world.stored(&["A-1", "A-2"]);
    world.market.accepted_by_a_person("A-1");
    world
        .gate
        .at(Op::Settle, When::Before, 0, world.reconciled_by_another());
    let report = world.reconcile();
    assert!(matches!(report.halt, Some(Halt::HoldTakenOver)), "{:?}", report.halt);
    assert_eq!(world.sending().hold, None, "the later one came to its end");
    assert_eq!(world.statuses(&both[0]), ["pending_acceptance", "accepted"]);
}

#[test]
fn an_order_that_somebody_else_writes_to_meanwhile_is_looked_at_again() {
    let world = World::new();
    let order = world.stored(&["A-1"]).remove(0);
    world.market.accepted_by_a_person("A-1");
    let entry = world.foreign_entry(&order, "pending_acceptance");
    world.gate.at(Op::Settle, When::Before, 0, entry);
    let report = world.reconcile();
    assert!(report.sending_allowed, "{report:?}");
    assert_eq!(
        world.statuses(&order),
        ["pending_acceptance", "pending_acceptance", "accepted"]
    );
}

#[test]
pub(super) fn an_order_in_another_workers_hands_is_waited_for() {
    let world = World::new();
    let orders = world.stored(&["A-1", "A-2"]);
    world.market.accepted_by_a_person("A-1");
    let (memory, now) = (world.memory.clone(), world.clock.clone());
    let name = orders[0].clone();
    let taken = move || {
        let request = crate::ports::TakeUp {
            ids: vec![name],
            now: now.now(),
            lease: seconds(20),
            worker: "another".to_owned(),
            operation: crate::work::OperationId(uuid::Uuid::from_u128(7)),
        };
        assert_eq!(block_on(memory.take_up(&request)).unwrap().len(), 1);
    };
    world.gate.at(Op::ToReconcile, When::After, 0, taken);
    let report = world.reconcile();
    assert!(report.sending_allowed, "{report:?}");
    assert_eq!((report.looked_at, world.status(&orders[0]).as_str()), (2, "accepted"));
}

#[test]
fn the_wrong_shop_leaves_the_hold() {
    let world = World::new();
    let names: Vec<_> = (0..10).map(|n| format!("A-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.stored(&names);
    for name in &names {
        world.market.change(name, |order| order.hidden = true);
    }
    let report = world.reconcile();
    assert!(
        matches!(report.halt, Some(Halt::WrongShop { asked: 10 })),
        "{:?}",
        report.halt
    );
    assert!(world.sending().hold.is_some());
    assert_eq!(world.leases(), 0);
}

#[test]
fn no_look_asks_for_more_than_a_hundred_and_each_order_is_asked_for_once() {
    let world = World::new();
    world.orders(250);
    world.reconcile();
    let looks = world.ledger(|ledger| ledger.looks.clone());
    assert_eq!(looks, [100, 100, 50]);
}

#[test]
fn a_rest_that_another_worker_learns_of_meanwhile_is_kept() {
    let world = World::new();
    let orders = world.stored(&["A-1", "A-2"]);
    world.market.accepted_by_a_person("A-1");
    let looked_before = world.memory.logged_calls().len();
    let (memory, clock) = (world.memory.clone(), world.clock.clone());
    let key = crate::ports::Marketplace::shop_key(&*world.market);
    let until = Arc::new(Mutex::new(None));
    let paused = Arc::clone(&until);
    world.gate.at(Op::ToReconcile, When::After, 0, move || {
        let end = time::plus(clock.now(), seconds(30));
        block_on(memory.pause(&key, end)).unwrap();
        *paused.lock().unwrap() = Some(end);
    });
    let report = world.reconcile();
    assert!(report.sending_allowed, "{report:?}");
    assert_eq!((report.looked_at, world.status(&orders[0]).as_str()), (2, "accepted"));
    let until = until.lock().unwrap().expect("it was paused");
    let calls = world.memory.logged_calls();
    let looks: Vec<_> = calls[looked_before..]
        .iter()
        .filter(|call| call.row.at >= until)
        .collect();
    assert_eq!(looks.len(), 1, "the look waits for the end of the rest");
}
