//! The signed webhook against receivers of all kinds.

use std::sync::Arc;
use std::time::Duration;

use ackord::Timestamp;
use ackord::memory::ManualClock;
use ackord::ports::{Notifier, NotifyError};
use ackord_alerts::{SIGNATURE_HEADER, SignatureError, TIMESTAMP_HEADER, WebhookNotifier, verify};
use serde_json::Value;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::{SHORT, closed_port, endless, message, shown, silent};

const SECRET: &str = "canary-secret-0123456789";
const HOOK: &str = "/hook/canary-path-42";

fn now() -> Timestamp {
    "2026-11-23T10:06:00Z".parse().unwrap()
}

fn notifier(url: &str) -> WebhookNotifier {
    let clock = Arc::new(ManualClock::new(now()));
    WebhookNotifier::new("webhook", url, &SECRET.into(), clock).unwrap()
}

/// Delivers to a receiver that answers so.
async fn answered(response: ResponseTemplate) -> (Result<(), NotifyError>, Vec<Request>) {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(HOOK))
        .respond_with(response)
        .mount(&server)
        .await;
    let notifier = notifier(&format!("{}{HOOK}", server.uri()));
    let delivered = notifier.deliver("ackord-7", &message()).await;
    (delivered, server.received_requests().await.unwrap())
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn a_message_arrives_as_json_with_its_id_signed() {
    let (delivered, requests) = answered(ResponseTemplate::new(204)).await;
    delivered.unwrap();
    let [request] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(header(request, "Ackord-Delivery"), "ackord-7");
    assert_eq!(header(request, "Ackord-Timestamp"), "1795428360");
    assert_eq!(header(request, "content-type"), "application/json");
    let body: Value = request.body_json().unwrap();
    let mut expected = message().to_json();
    expected["id"] = "ackord-7".into();
    assert_eq!(body, expected);
}

#[tokio::test]
async fn the_receiver_can_check_the_signature() {
    let (_, requests) = answered(ResponseTemplate::new(200)).await;
    let request = &requests[0];
    let (timestamp, signature) = (header(request, TIMESTAMP_HEADER), header(request, SIGNATURE_HEADER));
    let check = |body: &[u8], secret: &str| {
        verify(
            &secret.into(),
            timestamp,
            body,
            signature,
            now(),
            Duration::from_secs(300),
        )
    };
    assert_eq!(check(&request.body, SECRET), Ok(()));
    assert_eq!(
        check(&request.body, "another-secret-0123456789"),
        Err(SignatureError::Wrong)
    );
    let mut changed = request.body.clone();
    changed[0] ^= 1;
    assert_eq!(check(&changed, SECRET), Err(SignatureError::Wrong));
}

#[tokio::test]
async fn a_message_tried_again_has_the_same_id_and_body_and_a_new_time() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(503))
        .mount(&server)
        .await;
    let clock = ManualClock::new(now());
    let notifier = WebhookNotifier::new("webhook", &server.uri(), &SECRET.into(), Arc::new(clock.clone())).unwrap();
    for _ in 0..2 {
        notifier.deliver("ackord-7", &message()).await.unwrap_err();
        clock.advance(Duration::from_secs(60));
    }
    let requests = server.received_requests().await.unwrap();
    let [first, second] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(first.body, second.body);
    assert_eq!(header(first, TIMESTAMP_HEADER), "1795428360");
    assert_eq!(header(second, TIMESTAMP_HEADER), "1795428420");
    assert_ne!(header(first, SIGNATURE_HEADER), header(second, SIGNATURE_HEADER));
}

#[tokio::test]
async fn a_receiver_that_asks_for_a_rest_gets_it() {
    let wait = |seconds: &'static str| ResponseTemplate::new(429).insert_header("retry-after", seconds);
    for (response, rest) in [
        (wait("17"), Some(17)),
        (wait("86400"), Some(3600)),
        (ResponseTemplate::new(429), None),
    ] {
        match answered(response).await.0 {
            Err(NotifyError::Throttled { retry_after }) => assert_eq!(retry_after.map(|rest| rest.as_secs()), rest),
            other => panic!("{rest:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_may_pass_is_unreachable_and_what_will_not_is_refused() {
    for status in [408, 500, 502, 503, 504, 599] {
        let (delivered, _) = answered(ResponseTemplate::new(status)).await;
        assert!(matches!(delivered, Err(NotifyError::Unreachable { .. })), "{status}");
    }
    for status in [300, 304, 400, 401, 403, 404, 410, 413, 422] {
        let (delivered, _) = answered(ResponseTemplate::new(status)).await;
        assert!(matches!(delivered, Err(NotifyError::Refused { .. })), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_refused_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (delivered, requests) = answered(ResponseTemplate::new(status).insert_header("location", HOOK)).await;
        let error = delivered.unwrap_err();
        assert!(matches!(error, NotifyError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("redirect"), "{error}");
        assert_eq!(requests.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_given_up() {
    let (_listener, port) = silent().await;
    let notifier = notifier(&format!("http://127.0.0.1:{port}{HOOK}")).with_timeout(SHORT);
    let error = notifier.deliver("ackord-7", &message()).await.unwrap_err();
    assert!(matches!(error, NotifyError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().ends_with("no answer within 200ms"), "{error}");
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read_to_its_end() {
    let port = endless().await;
    let notifier = notifier(&format!("http://127.0.0.1:{port}{HOOK}")).with_timeout(Duration::from_secs(25));
    let delivered = tokio::time::timeout(Duration::from_secs(15), notifier.deliver("ackord-7", &message())).await;
    let error = delivered.expect("an end").unwrap_err();
    assert!(matches!(error, NotifyError::Refused { .. }), "{error:?}");
    assert!(
        error.to_string().contains("HTTP 400: no channel xxx") && error.to_string().len() < 300,
        "{error}"
    );
}

#[tokio::test]
async fn neither_secret_nor_path_is_shown_by_anything() {
    let (_listener, silent_port) = silent().await;
    let echo = format!("no hook at {HOOK}, or canary-path-42");
    let (refused, _) = answered(ResponseTemplate::new(404).set_body_string(echo)).await;
    let refused = refused.unwrap_err();
    assert!(refused.to_string().contains("no hook at"), "{refused}");
    let mut shown_texts = vec![shown(&refused)];
    for url in [
        format!("http://127.0.0.1:{}{HOOK}", closed_port().await),
        format!("http://127.0.0.1:{silent_port}{HOOK}"),
        format!("https://127.0.0.1:{silent_port}{HOOK}"),
    ] {
        let notifier = notifier(&url).with_timeout(SHORT);
        let error = notifier.deliver("ackord-7", &message()).await.unwrap_err();
        assert!(matches!(error, NotifyError::Unreachable { .. }), "{error:?}");
        shown_texts.push(shown(&error));
        shown_texts.push(format!("{notifier:?} {notifier:#?}"));
    }
    for text in shown_texts {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn it_is_known_by_its_name() {
    assert_eq!(notifier("https://example.org/").name(), "webhook");
}
