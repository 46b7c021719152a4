//! What the call log holds of a read, and what must never be in it.

use ackord::call::{CallOutcome, Endpoint};
use ackord::ports::{Marketplace, MarketplaceError};
use serde_json::json;
use wiremock::matchers::{method, path, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::answers::{page, requests, serving};
use crate::support::{KEY, bench, id};

#[tokio::test]
async fn mistake_13_a_read_that_can_not_be_recorded_is_not_made() {
    let (server, bench) = serving(page(0..1, Some(1))).await;
    *bench.log.fails_at_begin.lock().unwrap() = true;
    let error = bench.client.waiting(None).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unrecorded(_)));
    assert_eq!(requests(&server).await, 0);
}

#[tokio::test]
async fn mistake_13_what_can_not_be_recorded_is_not_returned() {
    for response in [page(0..1, Some(1)), ResponseTemplate::new(500)] {
        let (server, bench) = serving(response).await;
        *bench.log.fails_at_finish.lock().unwrap() = true;
        let error = bench.client.look(&[id("MB-0-A")]).await.unwrap_err();
        assert!(matches!(error, MarketplaceError::Unrecorded(_)));
        assert_eq!(requests(&server).await, 1);
    }
}

#[tokio::test]
async fn mistake_14_neither_customers_nor_the_key_are_logged() {
    let canary = include_str!("../../fixtures/canary_order.json");
    let broken = canary
        .replace("\"order_state\"", "\"state_of_order\"")
        .replace("4711", "4712");
    let body = format!("{{\"orders\":[{canary},{broken}],\"total_count\":2}}");
    let (server, bench) = serving(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
    let page = bench.client.waiting(None).await.unwrap();
    assert_eq!(&*page.listing.orders[0].raw, canary.trim(), "the order itself is whole");
    let logged = format!(
        "{:?} {:?} {:?}",
        bench.log.calls(),
        page.listing.unreadable,
        bench.client
    );
    assert!(
        !logged.to_lowercase().contains("canary") && !logged.contains(KEY),
        "{logged}"
    );
    assert!(logged.contains("MB-4711-A") && logged.contains("19.90"));
    let request = &server.received_requests().await.unwrap()[0];
    assert_eq!(request.headers.get("authorization").unwrap(), KEY);
    assert!(!request.url.as_str().contains(KEY));
}

#[tokio::test]
async fn the_account_is_read_and_logged() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/account"))
        .and(query_param_is_missing("shop_id"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "shop_id": 2001, "shop_name": "Made-up Toasters", "shop_state": "SUSPENDED",
            "contact_informations": {"firstname": "Canary", "email": "canary@mail.example"},
        })))
        .expect(1)
        .mount(&server)
        .await;
    let bench = bench(&server.uri());
    let account = bench.client.account().await.unwrap();
    assert_eq!(
        (account.shop_id, account.shop_state.as_deref()),
        (Some(2001), Some("SUSPENDED"))
    );
    let logged = &bench.log.calls()[0];
    assert_eq!(
        (logged.call.endpoint, logged.call.request["path"].as_str()),
        (Endpoint::A01, Some("/api/account"))
    );
    let end = logged.end.as_ref().unwrap();
    assert_eq!((end.outcome, end.status_code), (CallOutcome::Answered, Some(200)));
    let response = end.response.as_deref().unwrap().to_lowercase();
    assert!(response.contains("made-up toasters") && !response.contains("canary"));
}
