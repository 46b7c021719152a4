//! `orders`, `failures`, `calls`: the pages, the filters, the JSON.

use ackord_cli::Exit;
use ackord_sandbox::{OrderKind, OrderSeed, Sandbox, SandboxHandle};
use serde_json::Value;

use super::support::{Place, redacted, sandbox_with};

/// One order accepted, one cancelled, one that waits for a person.
async fn filled() -> (SandboxHandle, Place) {
    let at = |time: &str| Some(time.parse().unwrap());
    let seed = |kind, id: &str, time| OrderSeed {
        created_at: at(time),
        ..OrderSeed::of(kind, id)
    };
    let sandbox = Sandbox::builder()
        .order(seed(OrderKind::Plain, "A-1", "2026-02-01T10:00:00Z"))
        .order(seed(OrderKind::PaymentRefused, "B/ 2", "2026-02-02T10:00:00Z"))
        .order(seed(OrderKind::NoLines, "C-3", "2026-02-03T10:00:00Z"))
        .configure(|options| options.acceptance_deadline_ms = None)
        .start()
        .await
        .unwrap();
    let place = Place::at(&sandbox).with("ACKORD_CONCURRENCY", "1");
    let ran = place.ackord(&["run"]).await;
    assert_eq!(ran.exit, Exit::NeedsPerson, "{ran:?}");
    (sandbox, place)
}

fn ids(page: &Value, list: &str, field: &str) -> Vec<String> {
    let rows = page[list].as_array().unwrap();
    rows.iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn listings_and_pages_as_json_are_as_they_were_looked_at() {
    let (_sandbox, place) = filled().await;
    for (name, args) in [
        ("orders_list", &["orders", "list", "--json"][..]),
        ("orders_show", &["orders", "show", "B/ 2", "--json"]),
        ("failures_list", &["failures", "list", "--json"]),
        ("failures_show", &["failures", "show", "1", "--json"]),
        ("calls_list", &["calls", "list", "--json", "--endpoint", "OR21"]),
        ("calls_show", &["calls", "show", "1", "--json"]),
    ] {
        let ran = place.ackord(args).await;
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
        insta::assert_json_snapshot!(name, redacted(&ran.json()));
    }
}

#[tokio::test]
async fn orders_are_listed_by_status_and_age() {
    let (_sandbox, place) = filled().await;
    for (args, wanted) in [
        (&[][..], &["C-3", "B/ 2", "A-1"][..]),
        (&["--status", "accepted"], &["A-1"]),
        (&["--status", "shipped"], &[]),
        (&["--since", "2026-02-02"], &["C-3", "B/ 2"]),
        (
            &["--since", "2026-02-02T10:00:01Z", "--status", "pending_acceptance"],
            &["C-3"],
        ),
    ] {
        let args: Vec<&str> = ["orders", "list", "--json"].iter().chain(args).copied().collect();
        let ran = place.ackord(&args).await;
        assert_eq!(ids(&ran.json(), "orders", "order_id"), wanted, "{args:?}");
    }
}

#[tokio::test]
async fn failures_are_listed_by_cause_and_standing() {
    let (_sandbox, place) = filled().await;
    for (args, wanted) in [
        (&["--open"][..], &["C-3"][..]),
        (&["--closed"], &[]),
        (
            &["--open", "--needs-person", "--cause", "no_lines", "--since", "1h"],
            &["C-3"],
        ),
        (&["--cause", "refused"], &[]),
        (&["--order", "A-1"], &[]),
    ] {
        let args: Vec<&str> = ["failures", "list", "--json"].iter().chain(args).copied().collect();
        let ran = place.ackord(&args).await;
        assert_eq!(ids(&ran.json(), "failures", "related_id"), wanted, "{args:?}");
    }
}

#[tokio::test]
async fn calls_are_listed_by_order_operation_and_outcome() {
    let (sandbox, place) = filled().await;
    for (args, wanted) in [
        (&["--endpoint", "or21"][..], 2),
        (&["--endpoint", "OR21", "--order", "A-1"], 1),
        (&["--outcome", "applied"], 2),
        (&["--outcome", "refused"], 0),
    ] {
        let args: Vec<&str> = ["calls", "list", "--json"].iter().chain(args).copied().collect();
        let ran = place.ackord(&args).await;
        assert_eq!(
            ran.json()["calls"].as_array().unwrap().len(),
            wanted,
            "{args:?}: {ran:?}"
        );
    }
    let all = place.ackord(&["calls", "list", "--json", "--limit", "1000"]).await;
    let on_record = all.json()["calls"].as_array().unwrap().len() as u64;
    assert_eq!(on_record, sandbox.ledger().calls_total());
}

#[tokio::test]
async fn bodies_of_calls_come_where_they_are_asked_for() {
    let (_sandbox, place) = filled().await;
    let bare = place.ackord(&["calls", "list", "--json"]).await.json();
    assert!(bare["calls"][0].get("response_body").is_none());
    let whole = place
        .ackord(&["calls", "list", "--json", "--bodies", "--endpoint", "OR11"])
        .await
        .json();
    assert!(
        whole["calls"][0]["response_body"]
            .as_str()
            .unwrap()
            .contains("order_id")
    );
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let sandbox = sandbox_with(7).await;
    let place = Place::at(&sandbox);
    place.ackord(&["run"]).await;
    for (list, field) in [("orders", "order_id"), ("calls", "call_id")] {
        let whole = place.ackord(&[list, "list", "--json"]).await.json();
        let whole: Vec<Value> = whole[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row[field].clone())
            .collect();
        let (mut seen, mut after) = (Vec::new(), None::<String>);
        loop {
            let mut args = vec![list, "list", "--json", "--limit", "3"];
            if let Some(cursor) = &after {
                args.extend(["--after", cursor]);
            }
            let page = place.ackord(&args).await.json();
            seen.extend(page[list].as_array().unwrap().iter().map(|row| row[field].clone()));
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(seen, whole, "{list}");
    }
}

#[tokio::test]
async fn a_table_ends_with_the_cursor_of_the_next_page_on_stderr() {
    let sandbox = sandbox_with(3).await;
    let place = Place::at(&sandbox);
    place.ackord(&["run"]).await;
    let ran = place.ackord(&["orders", "list", "--limit", "2"]).await;
    assert_eq!(ran.out.lines().count(), 3, "{ran:?}");
    let cursor = ran.err.trim().strip_prefix("more: add --after ").unwrap();
    let rest = place.ackord(&["orders", "list", "--after", cursor]).await;
    assert_eq!(rest.out.lines().count(), 2, "{rest:?}");
    assert_eq!(rest.err, "");
}

#[tokio::test]
async fn the_story_of_an_order_stands_on_one_axis_of_time() {
    let (_sandbox, place) = filled().await;
    let ran = place.ackord(&["orders", "show", "C-3"]).await;
    assert!(ran.out.starts_with("Order C-3\n"), "{ran:?}");
    for word in [
        "pending_acceptance",
        "deadline",
        "a person decides",
        "no_lines",
        "look ",
    ] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    let axis: Vec<&str> = ran
        .out
        .lines()
        .skip_while(|line| !line.starts_with("TIME"))
        .skip(1)
        .collect();
    let times: Vec<&str> = axis.iter().map(|line| &line[..23]).collect();
    assert!(times.is_sorted() && times.len() >= 3, "{}", ran.out);
}

#[tokio::test]
async fn an_empty_listing_says_so_on_stderr_alone() {
    let place = Place::new();
    place.ackord(&["migrate"]).await;
    let ran = place.ackord(&["failures", "list"]).await;
    assert_eq!(
        (ran.exit, ran.out.as_str(), ran.err.as_str()),
        (Exit::Done, "", "no failures match\n")
    );
    let ran = place.ackord(&["failures", "list", "--json"]).await;
    assert_eq!(ran.json(), serde_json::json!({ "failures": [], "next": null }));
}
