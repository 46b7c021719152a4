//! The acceptance on the wire: what leaves, how often, and what its answers are taken for.

use std::time::{Duration, Instant};

use crate::support::raw::{NO_CONTENT, RawServer, Step, answer};
use crate::support::{KEY, Permit, SHORT, accept, bench, bench_with, decision, id};
use ackord::call::CallOutcome;
use ackord::ports::{Marketplace, SendVerdict};
use wiremock::matchers::{body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn verdict_on(response: ResponseTemplate) -> ackord::ports::SendAnswer {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .respond_with(response)
        .expect(1)
        .mount(&server)
        .await;
    accept(&bench(&server.uri())).await
}

#[tokio::test]
async fn one_request_carries_the_whole_decision_with_key_and_shop() {
    let server = RawServer::start(|_| vec![Step::Request, answer(NO_CONTENT), Step::UntilClosed]).await;
    let bench = bench_with(&server.url, |settings| settings.shop_id(Some(2001)));
    let sent = bench
        .client
        .accept(&id("é/ 1-A"), &decision(&["b", "a"]), Permit::always())
        .await;
    assert_eq!(sent.verdict, SendVerdict::Applied);
    assert_eq!(
        (sent.end.outcome, sent.end.status_code),
        (CallOutcome::Applied, Some(204))
    );
    let received = server.received();
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("PUT /api/orders/%C3%A9%2F%201-A/accept?shop_id=2001 HTTP/1.1\r\n"),
        "{head}"
    );
    let head = head.to_lowercase();
    for line in [
        format!("\r\nauthorization: {KEY}\r\n").as_str(),
        "\r\naccept: application/json\r\n",
        "\r\ncontent-type: application/json\r\n",
        &format!("\r\ncontent-length: {}", body.len()),
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    assert!(!head.contains("transfer-encoding"));
    assert_eq!(
        body,
        r#"{"order_lines":[{"accepted":true,"id":"b"},{"accepted":true,"id":"a"}]}"#
    );
    assert!(bench.log.calls().is_empty(), "the workflow logs acceptances");
}

#[tokio::test]
async fn an_id_that_no_url_can_carry_is_refused_and_not_sent() {
    let server = MockServer::start().await;
    let bench = bench(&server.uri());
    for order in [".", ".."] {
        let sent = bench
            .client
            .accept(&id(order), &decision(&["L"]), Permit::always())
            .await;
        assert_eq!(sent.verdict, SendVerdict::Refused);
        assert!(sent.detail.starts_with("not sent: no URL can carry"), "{}", sent.detail);
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn every_answer_is_classed_by_the_table() {
    let json = |status, body: &str| ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json");
    let rows = [
        (ResponseTemplate::new(204), SendVerdict::Applied),
        (json(200, "not json at all"), SendVerdict::Applied),
        (
            json(400, r#"{"code":"ORDER_INVALID_STATE","message":"x"}"#),
            SendVerdict::Precondition,
        ),
        (
            json(400, r#"{"status":400,"message":"ORDER_INVALID_STATE"}"#),
            SendVerdict::Precondition,
        ),
        (json(400, r#"{"code":"ORDER_LINE_NOT_FOUND"}"#), SendVerdict::Refused),
        (json(400, ""), SendVerdict::Precondition),
        (json(400, "<html>nginx</html>"), SendVerdict::Precondition),
        (json(404, r#"{"status":404,"message":"no"}"#), SendVerdict::Refused),
        (json(405, ""), SendVerdict::Refused),
        (json(410, ""), SendVerdict::Refused),
        (json(415, ""), SendVerdict::Refused),
        (json(401, ""), SendVerdict::Credentials),
        (json(403, "<html>"), SendVerdict::Credentials),
        (
            json(403, r#"{"code":"ORDER_FULFILLED_UNAUTHORIZED"}"#),
            SendVerdict::Refused,
        ),
        (json(408, ""), SendVerdict::Unknown),
        (json(500, r#"{"code":"ORDER_NOT_FOUND"}"#), SendVerdict::Unknown),
        (json(503, "<html>"), SendVerdict::Unknown),
    ];
    for (response, verdict) in rows {
        let case = format!("{response:?}");
        assert_eq!(verdict_on(response).await.verdict, verdict, "{case}");
    }
}

#[tokio::test]
async fn mistake_07_a_throttled_send_names_the_rest_and_is_not_repeated() {
    let sent = verdict_on(ResponseTemplate::new(429).insert_header("Retry-After", "17")).await;
    assert_eq!(sent.verdict, SendVerdict::Throttled(Some(Duration::from_secs(17))));
    let date = ResponseTemplate::new(429).insert_header("Retry-After", "Sun, 01 Mar 2026 12:00:30 GMT");
    assert_eq!(
        verdict_on(date).await.verdict,
        SendVerdict::Throttled(Some(Duration::from_secs(30)))
    );
    assert_eq!(
        verdict_on(ResponseTemplate::new(429)).await.verdict,
        SendVerdict::Throttled(None)
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_leaves_the_outcome_unknown() {
    let elsewhere = MockServer::start().await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/api/orders/MB-1-A/accept", elsewhere.uri());
        let sent = verdict_on(ResponseTemplate::new(status).insert_header("Location", location)).await;
        assert_eq!(
            (sent.verdict, sent.end.status_code),
            (SendVerdict::Unknown, Some(status))
        );
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_the_marketplace_says_reaches_the_detail_without_personal_data() {
    let body =
        r#"{"code":"VALIDATION_ERROR","message":"ask canary@mail.example or 604-555-0101, key k-made-up-0123456789"}"#;
    let sent = verdict_on(ResponseTemplate::new(400).set_body_raw(body, "application/json")).await;
    assert_eq!(
        sent.detail,
        "HTTP 400: VALIDATION_ERROR: ask [e-mail] or [phone], key [key]"
    );
    let response = sent.end.response.unwrap();
    assert!(!response.contains("canary") && !response.contains(KEY), "{response}");
}

/// Answers that are none, each after the whole request was read: the outcome is unknown, and nothing is sent again.
#[tokio::test]
async fn mistake_02_a_lost_or_unreadable_answer_is_unknown_and_not_repeated() {
    let rows: Vec<(&str, Vec<Step>)> = vec![
        ("closed", vec![Step::Close]),
        ("reset", vec![Step::Reset]),
        ("no HTTP", vec![answer("SSH-2.0-hello\r\n"), Step::Close]),
        ("half a head", vec![answer("HTTP/1.1 204 No"), Step::Close]),
        (
            "400 cut off",
            vec![
                answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 99\r\n\r\n{\"code\":"),
                Step::Close,
            ],
        ),
        (
            "switching",
            vec![
                answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
                Step::Close,
            ],
        ),
    ];
    for (name, steps) in rows {
        let server = RawServer::start(move |_| [vec![Step::Request], steps.clone()].concat()).await;
        let sent = accept(&bench(&server.url)).await;
        assert_eq!(
            (sent.verdict, sent.end.outcome),
            (SendVerdict::Unknown, CallOutcome::Unknown),
            "{name}"
        );
        assert_eq!(server.received().matches("PUT ").count(), 1, "{name}");
    }
}

#[tokio::test]
async fn mistake_02_an_answer_that_never_comes_is_unknown_after_the_total_time() {
    let slow_body = "HTTP/1.1 400 Bad Request\r\nContent-Length: 99\r\n\r\n{";
    for steps in [vec![], vec![answer(slow_body)]] {
        let server =
            RawServer::start(move |_| [vec![Step::Request], steps.clone(), vec![Step::UntilClosed]].concat()).await;
        let bench = bench_with(&server.url, |settings| settings.call_timeout(SHORT));
        let began = Instant::now();
        assert_eq!(accept(&bench).await.verdict, SendVerdict::Unknown);
        assert!(began.elapsed() < SHORT * 10);
        let seen = server.until(|all| all.iter().all(|connection| connection.ended)).await;
        assert_eq!(seen.len(), 1);
    }
}

#[tokio::test]
async fn a_success_stays_one_whatever_its_body_does() {
    for body in [
        "Content-Length: 99\r\n\r\n{",
        "Transfer-Encoding: chunked\r\n\r\nnonsense",
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{body}");
        let server = RawServer::start(move |_| vec![Step::Request, answer(&text), Step::Close]).await;
        assert_eq!(accept(&bench(&server.url)).await.verdict, SendVerdict::Applied);
    }
    let large = ResponseTemplate::new(200).set_body_raw(vec![b' '; 50 << 20], "application/json");
    let sent = verdict_on(large).await;
    assert_eq!(sent.verdict, SendVerdict::Applied);
    assert!(sent.end.response.unwrap().len() < 100_000);
}

#[tokio::test]
async fn a_refusal_too_large_to_read_is_unknown() {
    let large = ResponseTemplate::new(400).set_body_raw(vec![b'x'; 50 << 20], "text/html");
    let sent = verdict_on(large).await;
    assert_eq!(sent.verdict, SendVerdict::Unknown);
    assert!(sent.end.response.unwrap().len() < 100_000);
}

#[tokio::test]
async fn the_same_decision_leaves_as_the_same_bytes() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .and(path("/base/api/orders/MB-1-A/accept"))
        .and(query_param("shop_id", "7"))
        .and(header("authorization", KEY))
        .and(body_string(r#"{"order_lines":[{"accepted":true,"id":"L1"}]}"#))
        .respond_with(ResponseTemplate::new(204))
        .expect(2)
        .mount(&server)
        .await;
    let bench = bench_with(&format!("{}/base/", server.uri()), |settings| settings.shop_id(Some(7)));
    for _ in 0..2 {
        assert_eq!(accept(&bench).await.verdict, SendVerdict::Applied);
    }
}
