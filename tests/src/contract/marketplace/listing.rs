//! [`ackord::ports::Marketplace::waiting`].

use ackord::ports::PageCursor;

use super::MarketplaceFixture;
use super::fixture::{Call, GivenOrder, Shape, Terms};
use super::given::{id, names, pages};

fn waiting(count: usize) -> Vec<GivenOrder> {
    let order = |number: usize| GivenOrder::waiting(&format!("A-{number:03}"));
    (0..count).map(order).collect()
}

pub(super) async fn mistake_05_every_page_is_read_to_the_end(f: &MarketplaceFixture) {
    let orders = waiting(250);
    let ids: Vec<&str> = orders.iter().map(|order| order.id.as_str()).collect();
    f.desk.put(orders.clone());
    let pages = pages(&f.client()).await.unwrap();
    assert_eq!(names(&pages), ids, "all of them, the oldest first, none twice");
    assert!(pages.iter().all(|page| page.total == Some(250)));
    assert_eq!(f.desk.received(Call::List), 3, "a hundred to a page");
    assert_eq!(f.log.outcomes(), ["answered"; 3]);
}

pub(super) async fn a_list_that_fills_its_last_page_ends_there(f: &MarketplaceFixture) {
    f.desk.put(waiting(200));
    let pages = pages(&f.client()).await.unwrap();
    assert_eq!(names(&pages).len(), 200);
    assert_eq!(f.desk.received(Call::List), pages.len());
}

pub(super) async fn an_empty_list_is_one_empty_page(f: &MarketplaceFixture) {
    let page = f.client().waiting(None).await.unwrap();
    assert_eq!((page.listing.orders, page.listing.unreadable), (vec![], vec![]));
    assert_eq!((page.next, page.total), (None, Some(0)));
}

pub(super) async fn a_page_begins_where_its_cursor_says(f: &MarketplaceFixture) {
    f.desk.put(waiting(5));
    let page = f.client().waiting(Some(PageCursor { offset: 3 })).await.unwrap();
    assert_eq!(names(&[page]), ["A-003", "A-004"]);
}

pub(super) async fn only_orders_that_wait_for_acceptance_are_listed(f: &MarketplaceFixture) {
    f.desk.put(vec![
        GivenOrder::new("staging", "STAGING"),
        GivenOrder::waiting("waiting"),
        GivenOrder::new("debit", "WAITING_DEBIT"),
        GivenOrder::new("shipping", "SHIPPING"),
        GivenOrder::new("canceled", "CANCELED"),
    ]);
    let pages = pages(&f.client()).await.unwrap();
    assert_eq!(names(&pages), ["waiting"]);
    let order = &pages[0].listing.orders[0];
    assert_eq!(order.state.as_str(), "WAITING_ACCEPTANCE");
    let lines: Vec<&str> = order.lines.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(lines, ["waiting-1", "waiting-2"]);
    assert!(order.placed_at.is_some());
    assert_eq!(order.decided_at, None);
}

pub(super) async fn an_order_comes_with_its_json_to_the_letter(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    let page = f.client().waiting(None).await.unwrap();
    let raw: serde_json::Value = serde_json::from_str(&page.listing.orders[0].raw).unwrap();
    assert_eq!(raw["order_id"], "A-1");
    assert_eq!(raw["total_price"].to_string(), "24.68");
    assert_eq!(raw["customer"]["lastname"], "Quillfeather");
    assert_eq!(raw["something_new"]["of"][1], "known");
}

pub(super) async fn mistake_08_an_unreadable_order_costs_itself_alone(f: &MarketplaceFixture) {
    f.desk.put(vec![
        GivenOrder::waiting("A-1"),
        GivenOrder::waiting("A-2").shape(Shape::NoState),
        GivenOrder::waiting("A-3").shape(Shape::NoId),
        GivenOrder::waiting("A-4").shape(Shape::NullLines),
        GivenOrder::waiting("A-5"),
    ]);
    let page = f.client().waiting(None).await.unwrap();
    let unreadable = &page.listing.unreadable;
    let ids: Vec<_> = unreadable.iter().map(|order| order.order_id.clone()).collect();
    assert_eq!(ids, [Some(id("A-2")), None]);
    assert!(
        unreadable[0].problem.contains("order_state"),
        "{}",
        unreadable[0].problem
    );
    assert!(unreadable[1].problem.contains("order_id"), "{}", unreadable[1].problem);
    assert_eq!(unreadable[0].redacted["total_price"].to_string(), "24.68");
    assert_ne!(unreadable[0].stand_in, unreadable[1].stand_in);
    let orders = &page.listing.orders;
    let lines: Vec<_> = orders
        .iter()
        .map(|order| (order.id.as_str(), order.lines.len()))
        .collect();
    assert_eq!(lines, [("A-1", 2), ("A-4", 0), ("A-5", 2)]);
}

pub(super) async fn an_unreadable_order_has_the_same_stand_in_each_time(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1").shape(Shape::NoId)]);
    let client = f.client();
    let first = client.waiting(None).await.unwrap().listing.unreadable;
    let second = client.waiting(None).await.unwrap().listing.unreadable;
    assert_eq!(first[0].stand_in, second[0].stand_in);
    assert!(first[0].stand_in.len() <= ackord::order::MAX_ID_BYTES);
}

pub(super) async fn a_page_of_unreadable_orders_is_followed_by_the_next(f: &MarketplaceFixture) {
    let mut orders = waiting(150);
    for order in &mut orders[..100] {
        order.shape = Shape::NoState;
    }
    f.desk.put(orders);
    let pages = pages(&f.client()).await.unwrap();
    let unreadable: usize = pages.iter().map(|page| page.listing.unreadable.len()).sum();
    assert_eq!((unreadable, names(&pages).len()), (100, 50));
}

pub(super) async fn the_shop_goes_on_every_read_where_it_is_set(f: &MarketplaceFixture) {
    f.desk.put(waiting(1));
    let client = f.connect(&Terms {
        shop_id: Some(super::fixture::SHOP),
        ..Terms::default()
    });
    assert_eq!(names(&pages(&client).await.unwrap()), ["A-000"]);
    client.look(&[id("A-000")]).await.unwrap();
    client.account().await.unwrap();
    for call in f.log.calls() {
        let request = call.row.request.unwrap().to_string();
        assert!(request.contains("2001"), "{request}");
    }
}
