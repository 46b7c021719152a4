//! What ingest opens in the inbox: contradictions and unreadable orders, once each.

use super::gate::{Op, When};
use super::world::World;
use crate::settings::Settings;

#[test]
pub(super) fn an_order_settled_here_and_waiting_there_gets_one_entry_and_no_send() {
    for status in ["accepted", "cancelled", "shipped"] {
        let world = World::new();
        let order = world.order("A-1");
        world
            .gate
            .at(Op::Ingest, When::After, 0, world.foreign_entry(&order, status));
        world.run();
        assert!(world.failures(&order).is_empty(), "the list was older than the entry");
        for _ in 0..3 {
            world.advance(300);
            world.run();
        }
        assert_eq!(world.open_causes(&order), ["contradiction"]);
        assert_eq!(world.failures(&order).len(), 1);
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
        assert_eq!(world.status(&order), status);
    }
}

#[test]
fn a_list_as_stale_as_lists_may_be_contradicts_nothing() {
    let world = World::with(Settings {
        read_staleness: std::time::Duration::from_secs(5),
        ..Settings::default()
    });
    let order = world.order("A-1");
    world
        .gate
        .at(Op::Ingest, When::After, 0, world.foreign_entry(&order, "accepted"));
    world.run();
    world.advance(4);
    world.run();
    assert!(world.failures(&order).is_empty());
    world.advance(1);
    let report = world.run();
    assert_eq!(report.needs_person, 1);
}

#[test]
fn mistake_08_an_unreadable_order_goes_to_the_inbox_once_with_its_json() {
    let world = World::new();
    let bad = world.order_like("A-1", |order| order.unreadable = true);
    let good = world.order("A-2");
    let report = world.run();
    assert_eq!((report.ingested, report.accepted, report.needs_person), (1, 1, 1));
    world.advance(300);
    let report = world.run();
    assert_eq!(report.needs_person, 0);
    assert_eq!(world.open_causes(&bad), ["unreadable"]);
    let failure = &world.failures(&bad)[0].row;
    assert_eq!(failure.payload, Some(serde_json::json!({"order_id": "A-1"})));
    assert!(
        failure
            .details
            .as_deref()
            .unwrap()
            .contains("`order_lines` is a number")
    );
    assert_eq!(world.status(&good), "accepted");
    // Readable again, it is taken in, and its entry closes itself.
    world.market.change("A-1", |order| order.unreadable = false);
    world.advance(300);
    world.run();
    assert_eq!(world.status(&bad), "accepted");
    assert!(world.open_causes(&bad).is_empty());
}

#[test]
fn a_list_that_ignores_its_filter_contradicts_nothing() {
    let world = World::new();
    let order = world.order_like("A-1", |order| order.always_listed = true);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    world.advance(300);
    let report = world.run();
    assert_eq!(report.needs_person, 0);
    assert!(world.failures(&order).is_empty());
}

#[test]
fn an_order_that_arrives_already_accepted_is_settled_without_a_call() {
    let world = World::new();
    let order = world.order_like("A-1", |order| {
        order.always_listed = true;
        order.state = crate::state::MarketplaceState::Shipping;
    });
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
}
