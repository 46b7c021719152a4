//! `prune`: old bodies previewed, taken out, on record; young ones left.

use ackord_cli::Exit;
use ackord_sandbox::SandboxHandle;
use serde_json::json;

use super::support::{Place, sandbox_with, store_in};

/// An answer of long ago, and another about an order that waits.
const OLD: [&str; 3] = [
    "INSERT INTO orders (order_id, raw_order_data) VALUES ('W-1', '{}')",
    "INSERT INTO order_status_history (order_id, status) VALUES ('W-1', 'pending_acceptance')",
    r#"INSERT INTO api_calls
        (call_id, service, endpoint, related_id, response_body, is_success, "timestamp", outcome, duration_ms)
        VALUES (71, 'mirakl', 'OR11', NULL, '{"orders":[]}', 1, '2020-02-01T10:00:00.000000Z', 'answered', 5),
            (72, 'mirakl', 'OR11', 'W-1', '{"orders":[]}', 1, '2020-02-01T10:00:00.000000Z', 'answered', 5)"#,
];

/// An order accepted today, and the old answers.
async fn filled() -> (SandboxHandle, Place) {
    let sandbox = sandbox_with(1).await;
    let place = Place::at(&sandbox);
    let ran = place.ackord(&["run"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    for statement in OLD {
        ackord_tests::binary::execute(&store_in(place.directory.path()), statement).await;
    }
    (sandbox, place)
}

/// The words without the time, which moves on.
fn timeless(words: &str) -> String {
    let (before, after) = words.split_once("before ").expect("a time");
    let (_, rest) = after.split_once(" UTC").expect("its end");
    format!("{before}before [time] UTC{rest}")
}

#[tokio::test]
async fn a_preview_tells_what_would_go_and_changes_nothing() {
    let (_sandbox, place) = filled().await;
    for _ in 0..2 {
        let ran = place.ackord(&["prune", "--older-than", "30d", "--dry-run"]).await;
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
        insta::assert_snapshot!("prune_preview", timeless(&ran.out));
    }
    let ran = place.ackord(&["prune", "--log"]).await;
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, "nothing was ever pruned\n"));
}

#[tokio::test]
async fn an_old_body_goes_and_stands_on_record_as_gone() {
    let (_sandbox, place) = filled().await;
    let ran = place
        .ackord(&["prune", "--older-than", "30d", "--yes", "--actor", "kim", "--json"])
        .await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    let told = ran.json();
    assert_eq!(
        (&told["dry_run"], &told["calls"], &told["bytes"], &told["kept"]),
        (&json!(false), &json!(1), &json!(13), &json!(1))
    );
    let call = place.ackord(&["calls", "show", "71"]).await;
    assert!(call.out.contains("pruned on "), "{call:?}");
    let call = place.ackord(&["calls", "show", "71", "--json"]).await.json();
    assert_eq!(call["response_body"], json!(null));
    let log = place.ackord(&["prune", "--log", "--json"]).await.json();
    let pruning = &log["prunings"][0];
    assert_eq!(
        (
            &pruning["actor"],
            &pruning["calls"],
            &pruning["first_call_id"],
            &pruning["last_call_id"]
        ),
        (&json!("kim"), &json!(1), &json!(71), &json!(71))
    );
    assert_eq!(pruning["timestamp"], call["pruned_at"]);
    let log = place.ackord(&["prune", "--log"]).await;
    assert!(log.out.contains("13 bytes") && log.out.contains("71 to 71"), "{log:?}");
    let ran = place.ackord(&["prune", "--older-than", "30d", "--yes"]).await;
    insta::assert_snapshot!("prune_again", timeless(&ran.out));
    let ran = place.ackord(&["verify"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
}

#[tokio::test]
async fn the_bodies_of_today_stay() {
    let (_sandbox, place) = filled().await;
    let calls = place.ackord(&["calls", "list", "--json"]).await.json();
    let newest = calls["calls"][2]["call_id"].to_string();
    let call = place.ackord(&["calls", "show", &newest, "--json"]).await.json();
    assert!(call["response_body"].is_string(), "{call}");
    let ran = place.ackord(&["prune", "--older-than", "1d", "--yes"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(place.ackord(&["calls", "show", &newest, "--json"]).await.json(), call);
}

#[tokio::test]
async fn it_is_not_done_unasked() {
    let (_sandbox, place) = filled().await;
    let ran = place.ackord(&["prune", "--older-than", "30d"]).await;
    assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
    assert!(ran.err.contains("are taken out: nobody confirmed that"), "{ran:?}");
    assert!(ran.err.contains("--yes"), "{ran:?}");
    let call = place.ackord(&["calls", "show", "71", "--json"]).await.json();
    assert!(call["response_body"].is_string(), "{call}");
}

#[tokio::test]
async fn an_age_that_can_not_be_is_refused_in_clear_words() {
    let (_sandbox, place) = filled().await;
    let ages = [
        ("23h", "kept for a day at the least"),
        ("soon", "--older-than"),
        ("30", "has no unit"),
    ];
    for (age, words) in ages {
        let ran = place.ackord(&["prune", "--older-than", age, "--yes"]).await;
        assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
        assert!(ran.err.contains(words), "{ran:?}");
    }
    let ran = place.ackord(&["prune"]).await;
    assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
}
