//! What is received of one run.

use std::collections::BTreeSet;

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, Sandbox};
use serde_json::Value;

use super::canary::{self, KEY};
use super::collector::{Collector, Post};
use super::shop::{Printed, Shop};
use super::trace::{CLIENT, Span};

const ORDERS: usize = 12;

/// All that spans may say.
const KEYS: [&str; 11] = [
    "ackord.run_id",
    "ackord.outcome",
    "ackord.ingested",
    "ackord.accepted",
    "ackord.acceptance_failed",
    "ackord.needs_person",
    "ackord.orders",
    "ackord.endpoint",
    "ackord.order_id",
    "ackord.duration_ms",
    "http.response.status_code",
];

/// The writes that every run with something to accept makes.
const WRITES: [&str; 5] = [
    "store.ingest",
    "store.claim",
    "store.record_intents",
    "store.record_answers",
    "store.settle",
];

/// A call as the record has it: endpoint, order, outcome, status, milliseconds.
type Call = (String, String, String, Option<i64>, Option<i64>);

/// A shop in which an answer gets lost, a proxy answers in the place of another, and the first list is not to be had.
async fn shop() -> Shop {
    let failing = Fault::Status {
        status: 503,
        moment: Moment::Before,
    };
    let faults = [
        FaultRule::on(Endpoint::Or21, Fault::AnswerLost).order("W-2").once(),
        FaultRule::on(Endpoint::Or21, Fault::Html { status: 502 })
            .order("W-3")
            .once(),
        FaultRule::on(Endpoint::Or11, failing).once(),
    ];
    let orders = (0..ORDERS).map(|n| canary::order(&format!("W-{n}")));
    Shop::open(Sandbox::builder().key(KEY).orders(orders).faults(faults)).await
}

/// What a collector gets of a run that logs all it can, and what that printed.
async fn received(shop: &Shop) -> (Vec<Post>, Printed) {
    let mut collector = Collector::start().await;
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint.as_str()),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer%20let-me-in,x-team=shop",
        ),
        ("ACKORD_LOG", "trace"),
        ("ACKORD_LOG_FORMAT", "json"),
    ];
    let printed = shop.run(ORDERS, &environment).await;
    (collector.all(), printed)
}

fn spans(posts: &[Post]) -> Vec<Span> {
    posts.iter().flat_map(|post| Span::all_of(&post.body)).collect()
}

/// The calls on record.
async fn on_record(shop: &Shop) -> Vec<Call> {
    let listed = shop
        .ackord(&["calls", "list", "--json", "--limit", "1000"], &[])
        .await
        .json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut calls: Vec<Call> = listed["calls"]
        .as_array()
        .expect("calls")
        .iter()
        .map(|call| {
            (
                text(&call["endpoint"]),
                text(&call["related_id"]),
                text(&call["outcome"]),
                call["status_code"].as_i64(),
                call["duration_ms"].as_i64(),
            )
        })
        .collect();
    calls.sort();
    calls
}

fn lines(printed: &Printed) -> Vec<Value> {
    let lines = printed.err.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[tokio::test]
async fn a_run_is_one_trace_with_every_call_on_record_and_the_writes_right_under_it() {
    let shop = shop().await;
    let (posts, printed) = received(&shop).await;
    let spans = spans(&posts);
    let (runs, parts): (Vec<_>, Vec<_>) = spans.iter().partition(|span| span.name == "run");
    let [run] = runs.as_slice() else {
        panic!("not one run: {runs:?}")
    };
    assert_eq!(run.parent, b"", "{run:?}");
    assert_eq!(run.number("ackord.accepted"), Some(ORDERS as i64), "{run:?}");
    assert_eq!((run.text("ackord.outcome"), run.failed), ("done", false), "{run:?}");
    for part in parts.iter().filter(|part| !part.is_about_shop()) {
        part.expect_under(run);
    }
    let ids: BTreeSet<_> = spans.iter().map(|span| &span.id).collect();
    assert_eq!(ids.len(), spans.len());

    let (calls, writes): (Vec<_>, Vec<_>) = parts.into_iter().partition(|span| span.is_call());
    let mut told = Vec::new();
    for call in calls {
        let outcome = call.text("ackord.outcome");
        let endpoint = call.text("ackord.endpoint");
        assert_eq!((call.name.as_str(), call.kind), (endpoint, CLIENT), "{call:?}");
        assert_eq!(call.failed, !["answered", "applied"].contains(&outcome), "{call:?}");
        told.push((
            endpoint.to_owned(),
            call.text("ackord.order_id").to_owned(),
            outcome.to_owned(),
            call.number("http.response.status_code"),
            call.number("ackord.duration_ms"),
        ));
    }
    told.sort();
    pretty_assertions::assert_eq!(told, on_record(&shop).await);
    let sent = told.iter().filter(|(endpoint, ..)| endpoint == "OR21");
    let sent: BTreeSet<_> = sent.map(|(_, order, ..)| order).collect();
    assert_eq!(sent.len(), ORDERS, "{told:?}");
    assert!(
        told.iter()
            .any(|(endpoint, _, outcome, ..)| (endpoint.as_str(), outcome.as_str()) == ("OR11", "answered"))
    );

    let written: BTreeSet<_> = writes.iter().map(|span| span.name.as_str()).collect();
    for name in &written {
        assert!(name.starts_with("store."), "a span that is not of ours: {name}");
    }
    assert!(WRITES.iter().all(|name| written.contains(name)), "{written:?}");

    let id = run.text("ackord.run_id");
    let begun = lines(&printed)
        .into_iter()
        .find(|line| line["message"] == "a run begins");
    assert_eq!(begun.expect("a line")["run"], id, "the log has the same id");
}

#[tokio::test]
async fn what_is_sent_holds_neither_key_nor_customer_nor_address_nor_anything_but_what_it_may() {
    let (posts, printed) = received(&shop().await).await;
    assert!(!posts.is_empty());
    for post in &posts {
        assert_eq!(post.path, "/v1/traces");
        assert_eq!(post.header("content-type"), Some("application/x-protobuf"));
        assert_eq!(post.header("authorization"), Some("Bearer let-me-in"));
        assert_eq!(post.header("x-team"), Some("shop"));
        for (name, value) in &post.headers {
            canary::expect_none("a header", &format!("{name}: {}", value.to_str().expect("text")));
        }
        let text = post.text();
        canary::expect_none("what is sent", &text);
        for word in ["/api/", "order_ids", "Bearer", ".rs"] {
            assert!(!text.contains(word), "`{word}` stands in {text}");
        }
    }
    for span in spans(&posts) {
        let unknown = span.attributes.keys().find(|key| !KEYS.contains(&key.as_str()));
        assert_eq!(unknown, None, "{span:?}");
        let service: Vec<_> = span.resource.keys().map(String::as_str).collect();
        assert_eq!(service, ["service.name", "service.version"]);
    }
    canary::expect_none("the log", &printed.err);
    assert!(!printed.err.contains("let-me-in"), "{}", printed.err);
}

#[tokio::test]
async fn the_log_knows_nothing_of_spans() {
    let (posts, printed) = received(&shop().await).await;
    assert!(!spans(&posts).is_empty());
    let lines = lines(&printed);
    let in_call = lines.iter().filter(|line| line["message"] == "send").count();
    assert!(in_call >= ORDERS, "what is logged within a call is seen");
    for line in &lines {
        let fields = line.as_object().expect("an object");
        let of_spans = ["ackord.", "otel.", "http."];
        let found = fields
            .keys()
            .find(|key| of_spans.iter().any(|beginning| key.starts_with(beginning)));
        assert_eq!(found, None, "{line}");
    }
}
