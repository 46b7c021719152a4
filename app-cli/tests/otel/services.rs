//! What is received of a service, which makes one run after another.

use std::collections::BTreeSet;
use std::process::Command;

use ackord_sandbox::{OrderSeed, Sandbox};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Child;

use super::collector::Collector;
use super::shop::Shop;
use super::trace::Span;

/// Starts a service that runs ten times a second and sends its spans twenty times a second.
fn start(shop: &Shop, endpoint: &str) -> Child {
    let arguments = ["serve", "--serve-interval", "100ms", "--serve-jitter", "0"];
    let mut command = shop.command(&arguments);
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("OTEL_BSP_SCHEDULE_DELAY", "50");
    command.spawn().expect("the program starts")
}

/// Asks it to end, and expects that it ends well; what it wrote on stderr and nobody has read.
async fn ended(service: Child) -> String {
    let id = service.id().expect("it runs").to_string();
    let asked = Command::new("kill").args(["-TERM", id.as_str()]).status();
    assert!(asked.expect("`kill` is there").success());
    let output = service.wait_with_output().await.expect("it ends");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{words}");
    words
}

fn runs(spans: &[Span]) -> Vec<&Span> {
    spans.iter().filter(|span| span.name == "run").collect()
}

#[tokio::test]
async fn each_run_of_a_service_is_a_trace_of_its_own_with_its_own_calls() {
    let mut collector = Collector::start().await;
    let shop = Shop::open(Sandbox::builder().bulk(20)).await;
    let service = start(&shop, &collector.endpoint);
    let mut spans = Vec::new();
    while runs(&spans).len() < 3 {
        spans.extend(Span::all_of(&collector.next().await.body));
    }
    shop.sandbox.put_order(OrderSeed::plain("LATE-1")).expect("an order");
    while !spans.iter().any(|span| span.text("ackord.order_id") == "LATE-1") {
        spans.extend(Span::all_of(&collector.next().await.body));
    }
    ended(service).await;
    spans.extend(collector.all_spans());

    let runs = runs(&spans);
    let traces: BTreeSet<_> = runs.iter().map(|run| &run.trace).collect();
    let ids: BTreeSet<_> = runs.iter().map(|run| run.text("ackord.run_id")).collect();
    assert_eq!((traces.len(), ids.len()), (runs.len(), runs.len()), "{runs:?}");
    for part in spans.iter().filter(|span| span.name != "run" && !span.is_about_shop()) {
        let run = runs.iter().find(|run| run.id == part.parent);
        part.expect_under(run.unwrap_or_else(|| panic!("of no run: {part:?}")));
    }
    for run in runs.iter().filter(|run| run.text("ackord.outcome") == "done") {
        let is_list = |span: &&Span| span.trace == run.trace && span.text("ackord.endpoint") == "OR11";
        assert!(spans.iter().any(|span| is_list(&span)), "a run without a list: {run:?}");
    }
    let applied = spans.iter().filter(|span| span.text("ackord.outcome") == "applied");
    let accepted: Vec<_> = applied.map(|span| span.text("ackord.order_id")).collect();
    let each: BTreeSet<_> = accepted.iter().collect();
    assert_eq!((accepted.len(), each.len()), (21, 21), "{accepted:?}");
}

#[tokio::test]
async fn a_service_whose_collector_hangs_works_and_ends_as_ever() {
    let hanging = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", hanging.local_addr().expect("its address"));
    let shop = Shop::open(Sandbox::builder().bulk(20)).await;
    let mut service = start(&shop, &endpoint);
    let _held = hanging.accept().await.expect("it is called");
    let mut words = BufReader::new(service.stderr.take().expect("its words")).lines();
    shop.sandbox.put_order(OrderSeed::plain("LATE-1")).expect("an order");
    let mut accepted = 0;
    let mut said = Vec::new();
    while accepted < 21 {
        let line = words.next_line().await.expect("text").expect("it goes on");
        // "1 new · 1 accepted (20ms)"
        let parts: Vec<_> = line.split(' ').collect();
        let count = parts.iter().position(|word| *word == "accepted");
        accepted += count.map_or(0, |at| parts[at - 1].parse::<u32>().expect("a number"));
        said.push(line);
    }
    let reader = tokio::spawn(async move {
        let mut rest = Vec::new();
        while let Ok(Some(line)) = words.next_line().await {
            rest.push(line);
        }
        rest
    });
    ended(service).await;
    said.extend(reader.await.expect("what it said last"));
    let told = said
        .iter()
        .filter(|line| line.contains("traces could not be sent"))
        .count();
    assert_eq!(told, 1, "{said:?}");
}
