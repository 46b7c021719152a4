//! [`ackord::ports::Marketplace::look`].

use ackord::order::OrderId;
use ackord::ports::{Look, MarketplaceError};
use ackord::settings::IDS_PER_LOOK;

use super::MarketplaceFixture;
use super::fixture::{Call, GivenOrder, Shape, Trouble};
use super::given::{accept, id};

/// What a look shows, by id.
fn states(look: &Look) -> Vec<(&str, &str)> {
    let mut states: Vec<_> = look
        .orders
        .iter()
        .map(|order| (order.id.as_str(), order.state.as_str()))
        .collect();
    states.sort_unstable();
    states
}

pub(super) async fn a_look_shows_every_state_as_it_was_written(f: &MarketplaceFixture) {
    let states_written = [
        "STAGING",
        "WAITING_ACCEPTANCE",
        "WAITING_DEBIT",
        "WAITING_DEBIT_PAYMENT",
        "SHIPPING",
        "SHIPPED",
        "TO_COLLECT",
        "RECEIVED",
        "CLOSED",
        "REFUSED",
        "CANCELED",
        "WAITING_REFUND",
        "HELD_FOR_THE_MOON",
    ];
    f.desk
        .put(states_written.map(|state| GivenOrder::new(state, state)).to_vec());
    let ids: Vec<OrderId> = states_written.map(id).to_vec();
    let look = f.client().look(&ids).await.unwrap();
    let mut expected = states_written.map(|state| (state, state));
    expected.sort_unstable();
    assert_eq!(states(&look), expected);
    assert_eq!(look.unreadable, []);
}

pub(super) async fn a_look_is_fresh(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    let client = f.client();
    let before = client.look(&[id("A-1")]).await.unwrap();
    assert_eq!(states(&before), [("A-1", "WAITING_ACCEPTANCE")]);
    accept(&client, "A-1").await;
    let after = client.look(&[id("A-1")]).await.unwrap();
    assert_eq!(states(&after), [("A-1", "SHIPPING")]);
    assert!(after.call > before.call);
}

pub(super) async fn a_hundred_orders_are_looked_at_in_one_call(f: &MarketplaceFixture) {
    let orders: Vec<_> = (0..IDS_PER_LOOK)
        .map(|number| GivenOrder::new(&format!("A-{number:02}"), "SHIPPING"))
        .collect();
    let ids: Vec<OrderId> = orders.iter().map(|order| id(&order.id)).collect();
    f.desk.put(orders);
    let look = f.client().look(&ids).await.unwrap();
    assert_eq!(look.orders.len(), 100);
    assert_eq!((f.desk.received(Call::List), f.desk.most_ids()), (1, 100));
}

pub(super) async fn mistake_06_more_than_a_hundred_orders_are_never_asked_for_at_once(f: &MarketplaceFixture) {
    let ids: Vec<OrderId> = (0..=IDS_PER_LOOK).map(|number| id(&format!("A-{number}"))).collect();
    let error = f.client().look(&ids).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Refused { .. }), "{error:?}");
    assert_eq!(f.desk.received_in_all(), 0);
    assert_eq!(f.log.outcomes(), [""; 0]);
}

pub(super) async fn orders_that_the_answer_does_not_hold_are_left_out_and_noted(f: &MarketplaceFixture) {
    f.desk.put(vec![
        GivenOrder::new("A-1", "SHIPPING"),
        GivenOrder::new("A-2", "SHIPPED"),
    ]);
    let ids = ["A-1", "missing", "A-2"].map(id);
    let look = f.client().look(&ids).await.unwrap();
    assert_eq!(states(&look), [("A-1", "SHIPPING"), ("A-2", "SHIPPED")]);
    let mut seen = f.log.calls().remove(0).row.seen;
    seen.sort();
    let state = |name: &str, state: Option<&str>| (name.to_owned(), state.map(str::to_owned));
    let expected = [
        state("A-1", Some("SHIPPING")),
        state("A-2", Some("SHIPPED")),
        state("missing", None),
    ];
    assert_eq!(seen, expected);
}

pub(super) async fn orders_that_were_not_asked_for_are_in_no_look(f: &MarketplaceFixture) {
    let orders = ["A-1", "A-2", "A-3"].map(|name| GivenOrder::new(name, "SHIPPING"));
    f.desk.put(orders.to_vec());
    let look = f.client().look(&[id("A-2")]).await.unwrap();
    assert_eq!(states(&look), [("A-2", "SHIPPING")]);
}

pub(super) async fn orders_that_come_unasked_are_dropped(f: &MarketplaceFixture) {
    f.desk.put(vec![
        GivenOrder::new("A-1", "SHIPPING"),
        GivenOrder::new("A-2", "SHIPPING"),
        GivenOrder::new("A-3", "SHIPPING").shape(Shape::NoState),
    ]);
    f.desk.trouble(Call::List, Trouble::Unasked, None);
    let look = f.client().look(&["A-2", "missing"].map(id)).await.unwrap();
    assert_eq!(states(&look), [("A-2", "SHIPPING")]);
    assert_eq!(look.unreadable, []);
    let seen = f.log.calls().remove(0).row.seen;
    let names: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["A-2", "missing"]);
}

pub(super) async fn an_unreadable_order_costs_a_look_nothing_else(f: &MarketplaceFixture) {
    f.desk.put(vec![
        GivenOrder::new("A-1", "SHIPPING"),
        GivenOrder::new("A-2", "SHIPPING").shape(Shape::NoState),
    ]);
    let look = f.client().look(&["A-1", "A-2"].map(id)).await.unwrap();
    assert_eq!(states(&look), [("A-1", "SHIPPING")]);
    assert_eq!(look.unreadable.len(), 1);
    assert_eq!(look.unreadable[0].order_id, Some(id("A-2")));
}

pub(super) async fn ids_of_any_kind_are_looked_at(f: &MarketplaceFixture) {
    let ids = ["with/slash", "with space", "Straße-Ü-🛒", "a&b=c?d#e%20+", "\"'<>"];
    f.desk.put(ids.map(|name| GivenOrder::new(name, "SHIPPING")).to_vec());
    let look = f.client().look(&ids.map(id)).await.unwrap();
    let mut seen: Vec<&str> = look.orders.iter().map(|order| order.id.as_str()).collect();
    seen.sort_unstable();
    let mut all = ids;
    all.sort_unstable();
    assert_eq!(seen, all);
}
