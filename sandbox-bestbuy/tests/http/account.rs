//! Keys, shops, A01, A21, PC01, and calls that no endpoint serves.

use ackord_sandbox::{OrderAcceptance, OrderSeed, Sandbox, Shop, ShopState};
use reqwest::Method;

use crate::client::{Client, start, with_orders};

#[tokio::test]
async fn calls_without_the_right_key_are_unauthorized() {
    let (sandbox, client) = with_orders(&["A"]).await;
    assert_eq!(client.get("/api/orders").await.status, 200);
    for key in ["", "wrong", &format!("Bearer {}", sandbox.api_key())] {
        let stranger = Client::of(&sandbox).with_key(key);
        for path in ["/api/orders", "/api/orders/A", "/api/account"] {
            assert_eq!(stranger.get(path).await.status, 401, "{key:?} {path}");
        }
        assert_eq!(stranger.accept("A").await.status, 401);
    }
    assert_eq!(sandbox.ledger().decisions_applied("A"), 0);
}

#[tokio::test]
async fn a_revoked_key_is_refused_until_it_is_restored() {
    let (sandbox, client) = with_orders(&["A"]).await;
    sandbox.revoke_keys(true);
    assert_eq!(client.get("/api/account").await.status, 401);
    sandbox.revoke_keys(false);
    assert_eq!(client.get("/api/account").await.status, 200);
}

#[tokio::test]
async fn a01_tells_the_shop_behind_the_key() {
    let (_sandbox, client) = start(Sandbox::builder().shop(Shop::open(7)).shop(Shop::open(8)).key("k")).await;
    let account = client.get("/api/account").await.json();
    assert_eq!(account["shop_id"], 7);
    assert_eq!(account["shop_state"], "OPEN");
    let other = client.get("/api/account?shop_id=8").await.json();
    assert_eq!(other["shop_id"], 8);
}

#[tokio::test]
async fn a_suspended_shop_is_told_by_a01_and_refused_its_order_calls() {
    let (sandbox, client) = start(Sandbox::builder().shop(Shop::open(7)).order(OrderSeed::plain("A"))).await;
    assert!(sandbox.set_shop_state(7, ShopState::Suspended));
    assert_eq!(client.get("/api/account").await.json()["shop_state"], "SUSPENDED");
    assert_eq!(client.get("/api/orders").await.status, 403);
    assert_eq!(client.accept("A").await.status, 403);
    assert!(sandbox.set_shop_state(7, ShopState::Close));
    assert_eq!(client.get("/api/orders").await.status, 200);
    assert!(!sandbox.set_shop_state(9, ShopState::Open));
}

#[tokio::test]
async fn a21_counts_acceptances_and_missed_deadlines() {
    let (sandbox, client) = with_orders(&["A", "B", "C", "D"]).await;
    client.accept("A").await;
    for late in ["B", "C"] {
        sandbox.act(late, &ackord_sandbox::Act::PassDeadline).unwrap();
    }
    sandbox.refuse("D").unwrap();
    let statistics = client.get("/api/account/statistics").await.json();
    assert_eq!(statistics["approval_rate"], 25.0);
    assert_eq!(statistics["auto_refused_rate"], 50.0);
    assert_eq!(statistics["consecutive_refused_orders_count"], 3);
}

#[tokio::test]
async fn pc01_tells_who_accepts_orders_and_automatic_ones_arrive_accepted() {
    let (_sandbox, client) = start(
        Sandbox::builder()
            .order(OrderSeed::plain("A"))
            .configure(|options| options.order_acceptance = OrderAcceptance::Automatic),
    )
    .await;
    let platform = client.get("/api/platform/configuration").await.json();
    assert_eq!(platform["order_workflows"]["order_acceptance"], "AUTOMATIC");
    let order = client.get("/api/orders/A").await.json();
    assert_eq!(order["order_state"], "SHIPPING");
    assert!(order["acceptance_decision_date"].is_null());
}

#[tokio::test]
async fn other_paths_are_404_and_other_methods_405() {
    let (_sandbox, client) = with_orders(&["A"]).await;
    assert_eq!(client.get("/api/offers").await.status, 404);
    let wrong = client
        .request(Method::POST, "/api/orders/A/accept")
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status().as_u16(), 405);
    assert_eq!(wrong.headers()["allow"], "PUT");
    let wrong = client.request(Method::DELETE, "/api/orders").send().await.unwrap();
    assert_eq!(wrong.status().as_u16(), 405);
    assert_eq!(wrong.headers()["allow"], "GET");
}
