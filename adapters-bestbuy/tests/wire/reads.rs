//! Looks, the account, retries, and the call log.

use std::time::{Duration, Instant};

use ackord::call::Endpoint;
use ackord::order::OrderId;
use ackord::ports::{Clock, Marketplace, MarketplaceError};
use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::answers::{page, requests, serve, serving};
use crate::support::raw::{RawServer, Step, answer};
use crate::support::{Bench, SHORT, bench, bench_on_budget, bench_with, id};

#[tokio::test]
async fn mistake_06_a_look_at_more_than_100_orders_is_not_sent() {
    let (server, bench) = serving(page([], Some(0))).await;
    let ids: Vec<OrderId> = (0..101).map(|number| id(&format!("MB-{number}-A"))).collect();
    for ids in [&ids[..], &[]] {
        let error = bench.client.look(ids).await.unwrap_err();
        assert!(
            matches!(&error, MarketplaceError::Refused { what, .. } if what.starts_with("not sent")),
            "{error}"
        );
    }
    assert_eq!((requests(&server).await, bench.log.calls().len()), (0, 0));
    bench.client.look(&ids[..100]).await.unwrap();
    assert_eq!(requests(&server).await, 1);
    assert_eq!(bench.log.calls()[0].seen.len(), 100);
}

#[tokio::test]
async fn a_look_asks_for_its_ids_once_and_returns_them_alone() {
    let body = json!({"orders": [
        {"order_id": "a/b c", "order_state": "SHIPPING", "order_lines": [{"order_line_id": "1"}]},
        {"order_id": "stranger", "order_state": "SHIPPING"},
        {"order_id": "é", "customer": {"lastname": "Canary"}},
    ], "total_count": 3});
    let (server, bench) = serving(ResponseTemplate::new(200).set_body_json(body)).await;
    bench.clock.advance(Duration::from_secs(5));
    let look = bench
        .client
        .look(&[id("a/b c"), id("é"), id("gone"), id("é")])
        .await
        .unwrap();
    assert_eq!(
        look.orders.iter().map(|order| order.id.as_str()).collect::<Vec<_>>(),
        ["a/b c"]
    );
    assert_eq!(look.unreadable.len(), 1);
    assert_eq!(look.unreadable[0].order_id, Some(id("é")));
    assert!(!look.unreadable[0].redacted.to_string().contains("Canary"));
    assert_eq!((look.call.0, look.began_at), (1, Duration::from_secs(5)));
    let query = server.received_requests().await.unwrap()[0]
        .url
        .query()
        .unwrap()
        .to_owned();
    assert_eq!(query, "order_ids=a%2Fb%20c,%C3%A9,gone&max=100");
    let logged = &bench.log.calls()[0];
    assert_eq!(logged.call.endpoint, Endpoint::Or11);
    assert_eq!(logged.call.request["query"]["order_ids"], "a/b c,é,gone");
    let seen: Vec<_> = logged
        .seen
        .iter()
        .map(|seen| (seen.order_id.as_str(), seen.state.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [("a/b c", Some("SHIPPING")), ("é", Some("(unreadable)")), ("gone", None)]
    );
}

#[tokio::test]
async fn an_id_with_a_comma_shows_as_missing() {
    let body =
        json!({"orders": [{"order_id": "a", "order_state": "CANCELED"}, {"order_id": "b", "order_state": "CANCELED"}]});
    let (_server, bench) = serving(ResponseTemplate::new(200).set_body_json(body)).await;
    let look = bench.client.look(&[id("a,b")]).await.unwrap();
    assert!(look.orders.is_empty() && look.unreadable.is_empty());
    assert_eq!(bench.log.calls()[0].seen[0].state, None);
}

#[tokio::test]
async fn mistake_07_a_refused_read_is_made_once() {
    for status in [400, 404, 405, 406, 410, 415, 422] {
        let body = r#"{"code":"VALIDATION_ERROR","message":"bad","errors":[{"field":"max"}]}"#;
        let (server, bench) = serving(ResponseTemplate::new(status).set_body_raw(body, "application/json")).await;
        let error = bench.client.waiting(None).await.unwrap_err();
        assert!(
            matches!(&error, MarketplaceError::Refused { status: s, what }
                if *s == status && what == "VALIDATION_ERROR (field `max`): bad"),
            "{error}"
        );
        assert_eq!((requests(&server).await, bench.log.outcomes()), (1, vec!["refused"]));
    }
    for status in [401, 403] {
        let (server, bench) = serving(ResponseTemplate::new(status)).await;
        let error = bench.client.account().await.unwrap_err();
        assert!(matches!(error, MarketplaceError::Credentials { status: s } if s == status));
        assert_eq!(
            (requests(&server).await, bench.log.outcomes()),
            (1, vec!["credentials"])
        );
    }
}

#[tokio::test]
async fn mistake_07_a_throttled_read_names_the_rest_and_is_made_once() {
    for (header, rest) in [
        (Some("120"), Some(120)),
        (Some("Sun, 01 Mar 2026 12:02:00 GMT"), Some(120)),
        (Some("99999999"), Some(86_400)),
        (Some("-1"), None),
        (None, None),
    ] {
        let mut response = ResponseTemplate::new(429);
        if let Some(header) = header {
            response = response.insert_header("Retry-After", header);
        }
        let (server, bench) = serving(response).await;
        let error = bench.client.look(&[id("A")]).await.unwrap_err();
        let rest = rest.map(Duration::from_secs);
        assert!(
            matches!(error, MarketplaceError::Throttled { retry_after } if retry_after == rest),
            "{header:?}"
        );
        assert_eq!((requests(&server).await, bench.log.outcomes()), (1, vec!["throttled"]));
    }
}

/// Answers each of `first` once, then well.
async fn at_first(first: Vec<ResponseTemplate>) -> (MockServer, Bench) {
    let server = MockServer::start().await;
    for response in first {
        Mock::given(method("GET"))
            .respond_with(response)
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    serve(&server, |_| page(0..1, Some(1))).await;
    let bench = bench(&server.uri());
    (server, bench)
}

#[tokio::test]
async fn each_retry_is_a_call_of_its_own_and_the_last_one_is_named() {
    let (server, bench) = at_first(vec![
        ResponseTemplate::new(503).insert_header("Retry-After", "4"),
        ResponseTemplate::new(408),
        ResponseTemplate::new(200).set_body_string("<html>nginx</html>"),
    ])
    .await;
    let began = bench.clock.now();
    let page = bench.client.waiting(None).await.unwrap();
    assert_eq!((page.listing.orders.len(), page.listing.call.0), (1, 4));
    assert_eq!(
        (requests(&server).await, bench.log.outcomes()),
        (4, vec!["unknown", "unknown", "unknown", "answered"])
    );
    let slept = bench.clock.monotonic();
    assert!(
        (Duration::from_secs(4)..Duration::from_secs(20)).contains(&slept),
        "{slept:?}"
    );
    assert_eq!(page.listing.began_at, slept, "the last call began after all pauses");
    let calls = bench.log.calls();
    assert_eq!(calls[0].call.started_at, began);
    assert!(
        calls
            .windows(2)
            .all(|pair| pair[0].call.started_at < pair[1].call.started_at)
    );
    for logged in &calls {
        let time = logged.call.answer_by.duration_since(logged.call.started_at);
        assert_eq!(Duration::try_from(time).unwrap(), Duration::from_secs(10));
    }
}

#[tokio::test]
async fn retries_end_with_the_count_and_with_the_time() {
    let (server, bench) = serving(ResponseTemplate::new(500).set_body_string("oops")).await;
    let error = bench.client.waiting(None).await.unwrap_err();
    assert!(
        matches!(&error, MarketplaceError::Unreachable { what, .. } if what.starts_with("HTTP 500")),
        "{error}"
    );
    assert_eq!(requests(&server).await, 4);

    let hurried = bench_with(&server.uri(), |settings| settings.read_time_budget(Duration::ZERO));
    hurried.client.waiting(None).await.unwrap_err();
    assert_eq!(hurried.log.outcomes(), ["unknown"]);

    let (server, bench) = serving(ResponseTemplate::new(503).insert_header("Retry-After", "3600")).await;
    bench.client.waiting(None).await.unwrap_err();
    assert_eq!(requests(&server).await, 1, "an hour is past the budget");
}

#[tokio::test]
async fn retries_are_drawn_from_the_shops_budget_and_end_with_it() {
    let (server, _) = serving(ResponseTemplate::new(500).set_body_string("oops")).await;
    let bench = bench_on_budget(&server.uri(), 2);
    let error = bench.client.waiting(None).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unreachable { .. }), "{error}");
    // The first was drawn by whoever asked for it.
    assert_eq!((requests(&server).await, bench.log.outcomes().len()), (3, 3));
    bench.client.waiting(None).await.unwrap_err();
    assert_eq!(requests(&server).await, 4, "nothing is left for a retry");
}

#[tokio::test]
async fn an_unreadable_answer_is_asked_for_once_more() {
    for body in ["", "{\"orders\":[", "<html>", "{}", "[]"] {
        let (server, bench) = serving(ResponseTemplate::new(200).set_body_string(body)).await;
        let error = bench.client.waiting(None).await.unwrap_err();
        assert!(matches!(error, MarketplaceError::Unreadable { .. }), "{body}: {error}");
        assert_eq!(
            (requests(&server).await, bench.log.outcomes()),
            (2, vec!["unknown"; 2]),
            "{body}"
        );
    }
}

#[tokio::test]
async fn answers_past_the_size_limit_are_cut_off() {
    let gzipped: &[u8] = include_bytes!("../../fixtures/eight_mebibytes_of_spaces.json.gz");
    let plain = ResponseTemplate::new(200).set_body_raw(vec![b' '; 50 << 20], "application/json");
    let packed = ResponseTemplate::new(200)
        .insert_header("Content-Encoding", "gzip")
        .set_body_bytes(gzipped);
    for response in [plain, packed] {
        let server = MockServer::start().await;
        serve(&server, move |_| response.clone()).await;
        let bench = bench_with(&server.uri(), |settings| settings.max_response_bytes(1 << 20));
        let error = bench.client.waiting(None).await.unwrap_err();
        assert!(
            matches!(&error, MarketplaceError::Unreadable { what } if what.contains("1048576")),
            "{error}"
        );
        assert_eq!(requests(&server).await, 1);
        assert!(
            bench.log.calls()[0]
                .end
                .as_ref()
                .unwrap()
                .response
                .as_ref()
                .unwrap()
                .len()
                < 100_000
        );
    }
    let packed = ResponseTemplate::new(200)
        .insert_header("Content-Encoding", "gzip")
        .set_body_bytes(gzipped);
    let (_server, bench) = serving(packed).await;
    assert!(
        bench.client.waiting(None).await.unwrap().listing.orders.is_empty(),
        "within the limit it is unpacked"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = MockServer::start().await;
    let response = ResponseTemplate::new(302).insert_header("Location", elsewhere.uri());
    let (server, bench) = serving(response).await;
    let error = bench.client.waiting(None).await.unwrap_err();
    assert!(
        matches!(&error, MarketplaceError::Unreadable { what } if what.starts_with("HTTP 302")),
        "{error}"
    );
    assert_eq!((requests(&server).await, requests(&elsewhere).await), (1, 0));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_read_again() {
    let broken = "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"orders\":[";
    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"orders\":[]}";
    let server = RawServer::start(move |number| {
        vec![
            Step::Request,
            answer(if number == 0 { broken } else { whole }),
            Step::Close,
        ]
    })
    .await;
    let bench = bench(&server.url);
    assert!(bench.client.waiting(None).await.unwrap().listing.orders.is_empty());
    assert_eq!(bench.log.outcomes(), ["unknown", "answered"]);
    assert_eq!(bench.log.calls()[0].end.as_ref().unwrap().status_code, Some(200));
}

#[tokio::test]
async fn slow_bodies_end_with_the_total_time() {
    let slow = "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{";
    let server = RawServer::start(move |_| vec![Step::Request, answer(slow), Step::UntilClosed]).await;
    let bench = bench_with(&server.url, |settings| settings.call_timeout(SHORT).read_retries(1));
    let began = Instant::now();
    let error = bench.client.waiting(None).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unreachable { .. }), "{error}");
    assert!(began.elapsed() < SHORT * 10);
    assert_eq!(bench.log.outcomes(), ["unknown", "unknown"]);
}

#[tokio::test]
async fn no_connection_is_said_and_tried_again() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let bench = bench(&url);
    let error = bench.client.account().await.unwrap_err();
    assert!(
        matches!(&error, MarketplaceError::Unreachable { what, .. } if what.contains("refused")),
        "{error}"
    );
    assert_eq!(bench.log.outcomes(), ["not_sent"; 4]);
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_cost_only_the_order_that_they_name() {
    let mut body = br#"{"orders":[{"order_id":"A","order_state":"SHIPPING","customer":{"lastname":""#.to_vec();
    body.extend(b"M\xe9ndez\"}},{\"order_id\":\"B\xe9\",\"order_state\":\"SHIPPING\"}],\"total_count\":2}");
    let (_server, bench) = serving(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
    let page = bench.client.waiting(None).await.unwrap();
    assert_eq!(
        page.listing
            .orders
            .iter()
            .map(|order| order.id.as_str())
            .collect::<Vec<_>>(),
        ["A"]
    );
    assert!(
        page.listing.unreadable[0]
            .problem
            .starts_with("order_id: it holds bytes that are not UTF-8")
    );
    assert_eq!(page.next, None);
}
