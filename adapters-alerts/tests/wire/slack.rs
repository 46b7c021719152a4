//! The Slack-compatible webhook against receivers of all kinds.

use std::time::Duration;

use ackord::alerts::Message;
use ackord::ports::{Notifier, NotifyError};
use ackord_alerts::SlackNotifier;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{SHORT, closed_port, message, shown, silent};

const HOOK: &str = "/services/T0/B0/canary-token-42";

fn notifier(address: &str) -> SlackNotifier {
    SlackNotifier::new("slack", &format!("{address}{HOOK}").into()).unwrap()
}

async fn receiver(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(HOOK))
        .respond_with(response)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn a_message_arrives_as_text_without_markup_of_its_own() {
    let server = receiver(ResponseTemplate::new(200).set_body_string("ok")).await;
    let odd = Message {
        title: "<!channel> & co".to_owned(),
        lines: vec!["MB-1-A".to_owned()],
        ..message()
    };
    notifier(&server.uri()).deliver("ackord-7", &odd).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let body: Value = requests[0].body_json().unwrap();
    let text = "new, urgent: &lt;!channel&gt; &amp; co\n\
                \n\
                MB-1-A\n\
                \n\
                since 2026-11-23 08:00 UTC, as of 2026-11-23 10:05 UTC\n\
                shop: https://marketplace.example\n\
                what to do: ackord failures list --open";
    assert_eq!(body, json!({ "text": text }));
}

#[tokio::test]
async fn answers_are_classed_as_those_of_a_webhook_are() {
    for (status, class) in [
        (404, "refused"),
        (302, "refused"),
        (500, "unreachable"),
        (429, "throttled"),
    ] {
        let server = receiver(ResponseTemplate::new(status).insert_header("retry-after", "30")).await;
        let error = notifier(&server.uri())
            .deliver("ackord-7", &message())
            .await
            .unwrap_err();
        let met = match &error {
            NotifyError::Refused { .. } => "refused",
            NotifyError::Unreachable { .. } => "unreachable",
            NotifyError::Throttled { retry_after } => {
                assert_eq!(*retry_after, Some(Duration::from_secs(30)));
                "throttled"
            }
            _ => "another",
        };
        assert_eq!(met, class, "{error:?}");
    }
}

#[tokio::test]
async fn an_error_repeats_what_slack_says() {
    let server = receiver(ResponseTemplate::new(404).set_body_string("channel_is_archived\n")).await;
    let error = notifier(&server.uri())
        .deliver("ackord-7", &message())
        .await
        .unwrap_err();
    assert!(error.to_string().ends_with("HTTP 404: channel_is_archived"), "{error}");
}

#[tokio::test]
async fn the_url_is_shown_by_nothing() {
    let echo = format!("invalid_token canary-token-42 of http://x{HOOK}");
    let server = receiver(ResponseTemplate::new(403).set_body_string(echo)).await;
    let (_listener, silent_port) = silent().await;
    for address in [
        server.uri(),
        format!("http://127.0.0.1:{}", closed_port().await),
        format!("http://127.0.0.1:{silent_port}"),
    ] {
        let notifier = notifier(&address).with_timeout(SHORT * 10);
        let error = notifier.deliver("ackord-7", &message()).await.unwrap_err();
        for text in [shown(&error), format!("{notifier:?} {notifier:#?}")] {
            assert!(!text.contains("canary"), "{text}");
        }
    }
}

#[tokio::test]
async fn it_is_known_by_its_name() {
    assert_eq!(notifier("https://example.org").name(), "slack");
}
