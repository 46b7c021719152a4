//! OR11 and OR12.

use ackord_sandbox::{OrderKind, OrderSeed, Sandbox, Shop};
use jiff::Timestamp;

use crate::client::{start, with_orders};

fn at(minute: i64) -> Timestamp {
    let base: Timestamp = "2026-02-03T10:00:00Z".parse().unwrap();
    Timestamp::from_second(base.as_second() + minute * 60).unwrap()
}

/// Orders N-000 … created a minute apart, that never run into a deadline.
fn numbered(count: i64) -> Sandbox {
    let orders = (0..count).map(|n| OrderSeed::plain(format!("N-{n:03}")).created_at(at(n)));
    Sandbox::builder()
        .orders(orders)
        .configure(|options| options.acceptance_deadline_ms = None)
}

#[tokio::test]
async fn a_page_holds_ten_orders_unless_told_otherwise() {
    let (_sandbox, client) = start(numbered(25)).await;
    let page = client.get("/api/orders").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.order_ids().len(), 10);
    assert_eq!(page.json()["total_count"], 25);
}

#[tokio::test]
async fn a_page_is_capped_at_a_hundred() {
    let (_sandbox, client) = start(numbered(130)).await;
    assert_eq!(client.get("/api/orders?max=500").await.order_ids().len(), 100);
}

#[tokio::test]
async fn the_link_header_leads_through_every_page() {
    let (_sandbox, client) = start(numbered(25)).await;
    let mut path = "/api/orders?order_state_codes=WAITING_ACCEPTANCE&max=10".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = client.get(&path).await;
        seen.extend(page.order_ids());
        let link = page.header("link").unwrap().to_owned();
        let Some(next) = link.split(", ").find(|part| part.ends_with("rel=\"next\"")) else {
            assert!(link.contains("rel=\"previous\""));
            break;
        };
        let url = next.split(['<', '>']).nth(1).unwrap();
        path = url[url.find("/api").unwrap()..].to_owned();
    }
    let expected: Vec<String> = (0..25).map(|n| format!("N-{n:03}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_single_page_has_no_link_header() {
    let (_sandbox, client) = start(numbered(3)).await;
    assert!(client.get("/api/orders").await.header("link").is_none());
}

#[tokio::test]
async fn orders_come_by_creation_either_way() {
    let (_sandbox, client) = start(numbered(3)).await;
    let up = client.get("/api/orders?sort=dateCreated&order=asc").await.order_ids();
    let mut down = client.get("/api/orders?sort=dateCreated&order=desc").await.order_ids();
    down.reverse();
    assert_eq!(up, ["N-000", "N-001", "N-002"]);
    assert_eq!(up, down);
}

#[tokio::test]
async fn a_hundred_ids_are_served_and_one_more_is_a_400() {
    let (sandbox, client) = start(numbered(101)).await;
    let ids: Vec<String> = (0..101).map(|n| format!("N-{n:03}")).collect();
    let hundred = client
        .get(&format!("/api/orders?max=100&order_ids={}", ids[..100].join(",")))
        .await;
    assert_eq!(hundred.order_ids().len(), 100);
    let more = client
        .get(&format!("/api/orders?max=100&order_ids={}", ids.join(",")))
        .await;
    assert_eq!((more.status, more.code().as_str()), (400, "VALIDATION_ERROR"));
    assert_eq!(sandbox.ledger().max_ids_in_a_look(), 100);
}

#[tokio::test]
async fn looks_by_id_are_paged_like_any_other() {
    let (_sandbox, client) = start(numbered(20)).await;
    let ids: Vec<String> = (0..20).map(|n| format!("N-{n:03}")).collect();
    let page = client.get(&format!("/api/orders?order_ids={}", ids.join(","))).await;
    assert_eq!(page.order_ids().len(), 10);
    assert_eq!(page.json()["total_count"], 20);
}

#[tokio::test]
async fn unknown_ids_are_left_out_without_an_error() {
    let (_sandbox, client) = with_orders(&["A-1"]).await;
    let page = client.get("/api/orders?order_ids=A-1,NOPE").await;
    assert_eq!(page.order_ids(), ["A-1"]);
}

#[tokio::test]
async fn states_filter_the_list() {
    let (_sandbox, client) = start(Sandbox::builder().orders([
        OrderSeed::plain("A"),
        OrderSeed::of(OrderKind::Shipped, "B"),
        OrderSeed::of(OrderKind::Canceled, "C"),
    ]))
    .await;
    let ids = |path: &'static str| async { client.get(path).await.order_ids() };
    assert_eq!(ids("/api/orders?order_state_codes=WAITING_ACCEPTANCE").await, ["A"]);
    assert_eq!(ids("/api/orders?order_state_codes=SHIPPED,CANCELED").await, ["B", "C"]);
    let unknown = client.get("/api/orders?order_state_codes=CANCELLED").await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn an_accepted_order_leaves_the_list_of_waiting_ones() {
    let (_sandbox, client) = with_orders(&["A", "B"]).await;
    client.accept("A").await;
    let page = client.get("/api/orders?order_state_codes=WAITING_ACCEPTANCE").await;
    assert_eq!(page.order_ids(), ["B"]);
    assert_eq!(page.json()["total_count"], 1);
}

#[tokio::test]
async fn creation_and_update_dates_filter_the_list() {
    let (_sandbox, client) = start(numbered(5)).await;
    let created = client
        .get("/api/orders?start_date=2026-02-03T10:01:00Z&end_date=2026-02-03T10:03:00Z")
        .await;
    assert_eq!(created.order_ids(), ["N-001", "N-002", "N-003"]);
    client.accept("N-004").await;
    let updated = client.get("/api/orders?start_update_date=2026-02-04T00:00:00Z").await;
    assert_eq!(updated.order_ids(), ["N-004"]);
    let unreadable = client.get("/api/orders?start_date=lately").await;
    assert_eq!(unreadable.status, 400);
}

#[tokio::test]
async fn payment_filters_the_list() {
    let (_sandbox, client) = start(Sandbox::builder().orders([
        OrderSeed::plain("A"),
        OrderSeed::slow_debit("B"),
        OrderSeed::of(OrderKind::AlreadyAccepted, "C"),
    ]))
    .await;
    let workflow = client.get("/api/orders?payment_workflow=PAY_ON_ACCEPTANCE").await;
    assert_eq!(workflow.order_ids(), ["B"]);
    let debited = client.get("/api/orders?customer_debited=true").await;
    assert_eq!(debited.order_ids(), ["C"]);
}

#[tokio::test]
async fn each_shop_sees_its_own_orders() {
    let (_sandbox, client) = start(
        Sandbox::builder()
            .shop(Shop::open(1))
            .shop(Shop::open(2))
            .orders([OrderSeed::plain("ONE"), OrderSeed::plain("TWO").shop(2)]),
    )
    .await;
    assert_eq!(client.get("/api/orders").await.order_ids(), ["ONE"]);
    assert_eq!(client.get("/api/orders?shop_id=2").await.order_ids(), ["TWO"]);
    assert!(
        client
            .get("/api/orders?shop_id=2&order_ids=ONE")
            .await
            .order_ids()
            .is_empty()
    );
    assert_eq!(client.get("/api/orders?shop_id=3").await.status, 403);
    assert_eq!(client.get("/api/orders?shop_id=mine").await.status, 400);
}

#[tokio::test]
async fn a_single_order_is_served_by_its_id() {
    let (_sandbox, client) = with_orders(&["A-1"]).await;
    let order = client.get("/api/orders/A-1").await;
    assert_eq!(order.status, 200);
    assert_eq!(order.json()["order_id"], "A-1");
    let none = client.get("/api/orders/A-2").await;
    assert_eq!((none.status, none.code().as_str()), (404, "ORDER_NOT_FOUND"));
}

#[tokio::test]
async fn a_body_given_whole_is_shown_as_given() {
    let body = serde_json::json!({
        "order_id": "F-1", "order_state": "WAITING_ACCEPTANCE", "surprise": [1, 2],
        "order_lines": [{"order_line_id": "L9", "order_line_state": "WAITING_ACCEPTANCE"}],
    });
    let (_sandbox, client) = start(Sandbox::builder().order(OrderSeed::full("F-1", body.clone()))).await;
    assert_eq!(client.get("/api/orders").await.json()["orders"][0], body);
    let answer = client.decide("F-1", &crate::client::lines(&[("L9", true)])).await;
    assert_eq!(answer.status, 204);
    assert_eq!(client.look("F-1").await.as_deref(), Some("SHIPPING"));
}
