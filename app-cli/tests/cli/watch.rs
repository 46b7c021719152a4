//! `orders watch`: entries as they are written.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use ackord_cli::Exit;
use serde_json::{Value, json};

use super::support::{Place, store_in};

async fn execute(place: &Place, statement: &str) {
    ackord_tests::binary::execute(&store_in(place.directory.path()), statement).await;
}

/// Two orders that wait.
async fn filled() -> Place {
    let place = Place::new();
    assert_eq!(place.ackord(&["migrate"]).await.exit, Exit::Done);
    for statement in [
        "INSERT INTO orders (order_id, raw_order_data) VALUES ('W-1', '{}'), ('W-2', '{}')",
        "INSERT INTO order_status_history (order_id, status) VALUES ('W-1', 'pending_acceptance'), ('W-2', 'pending_acceptance')",
    ] {
        execute(&place, statement).await;
    }
    place
}

async fn append(place: &Place, order: &str, status: &str, note: &str) {
    let insert =
        format!("INSERT INTO order_status_history (order_id, status, notes) VALUES ('{order}', '{status}', '{note}')");
    execute(place, &insert).await;
}

/// A watch that has begun. It ends by itself after a minute, should a test fail.
struct Watch {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Watch {
    fn begin(place: &Place, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ackord"))
            .args(["orders", "watch", "--interval", "20ms", "--for", "60s"])
            .args(["--store", &store_in(place.directory.path())])
            .args(more)
            .env_remove("ACKORD_LOG")
            .current_dir(place.directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut words = String::new();
        BufReader::new(child.stderr.take().unwrap())
            .read_line(&mut words)
            .unwrap();
        assert_eq!(words, "watching from now on; Ctrl-C ends it\n");
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    /// The exit code, once it has ended, and nothing more was told.
    fn end(mut self) -> Option<i32> {
        assert_eq!(self.line(), "");
        self.child.wait().unwrap().code()
    }
}

#[tokio::test]
async fn entries_are_told_as_they_are_written_until_ctrl_c() {
    let place = filled().await;
    let mut watch = Watch::begin(&place, &[]);
    append(&place, "W-1", "accepted", "\u{1b}[31mred\u{7}\nnext").await;
    append(&place, "W-2", "shipped", "by\u{202e} truck").await;
    let line = watch.line();
    let (time, told) = line.split_once("  ").unwrap();
    assert_eq!(told, "W-1  status 2  accepted  red next (written by external)\n");
    assert_eq!(time.len(), "2026-02-03 10:00:05.123".len(), "{line}");
    let line = watch.line();
    assert!(
        line.ends_with("  W-2  status 2  shipped  by truck (written by external)\n"),
        "{line:?}"
    );
    let told = Command::new("kill")
        .args(["-INT", &watch.child.id().to_string()])
        .status();
    assert!(told.unwrap().success());
    assert_eq!(watch.end(), Some(0));
}

#[tokio::test]
async fn orders_that_are_named_are_told_of_alone_until_they_are_settled() {
    let place = filled().await;
    let mut watch = Watch::begin(&place, &["W-1", "--once-settled", "--json"]);
    append(&place, "W-2", "accepted", "another").await;
    append(&place, "W-1", "acceptance_failed", "not yet").await;
    append(&place, "W-1", "accepted", "\u{1b}=1+1").await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let line = watch.line();
        assert!(!line.trim_end().contains(char::is_control), "{line:?}");
        told.push(serde_json::from_str::<Value>(&line).unwrap());
    }
    let notes: Vec<&Value> = told.iter().map(|row| &row["notes"]).collect();
    assert_eq!(notes, [&json!("not yet"), &json!("\u{1b}=1+1")]);
    assert_eq!((&told[1]["order_id"], &told[1]["version"]), (&json!("W-1"), &json!(3)));
    assert_eq!(watch.end(), Some(0));
}

#[tokio::test]
async fn it_ends_after_its_time_and_tells_nothing_of_before() {
    let place = filled().await;
    let args = ["orders", "watch", "--interval", "10ms", "--for", "50ms"];
    let ran = place.ackord(&args).await;
    let told = (ran.exit, ran.out.as_str(), ran.err.as_str());
    assert_eq!(told, (Exit::Done, "", "watching from now on; Ctrl-C ends it\n"));
    append(&place, "W-2", "shipped", "").await;
    let ran = place
        .ackord(&["orders", "watch", "W-2", "--once-settled", "--quiet"])
        .await;
    assert_eq!((ran.exit, ran.out.as_str(), ran.err.as_str()), (Exit::Done, "", ""));
}

#[tokio::test]
async fn an_empty_store_can_be_watched() {
    let place = Place::new();
    let args = ["orders", "watch", "--interval", "10ms", "--for", "20ms"];
    let ran = place.ackord(&args).await;
    assert_eq!(ran.exit, Exit::Database, "{ran:?}");
    assert!(ran.err.contains("there is no store at sqlite:"), "{ran:?}");
    place.ackord(&["migrate"]).await;
    let ran = place.ackord(&args).await;
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Done, ""), "{ran:?}");
}

#[tokio::test]
async fn what_can_not_be_watched_is_refused_in_clear_words() {
    let place = filled().await;
    for (args, exit, words) in [
        (
            &["--interval", "0"][..],
            Exit::Usage,
            "--interval: `0` is too short: 10ms at the least",
        ),
        (
            &["--interval", "soon"],
            Exit::Usage,
            "--interval: `soon` is no span of time",
        ),
        (
            &["--for", "5"],
            Exit::Usage,
            "--for: `5` has no unit; write `5s` for seconds",
        ),
        (&["--once-settled"], Exit::Usage, "required arguments were not provided"),
        (
            &["W-1", "NOPE", "--for", "1s"],
            Exit::Settings,
            "there is no order NOPE",
        ),
    ] {
        let ran = place.ackord(&[&["orders", "watch"][..], args].concat()).await;
        assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{ran:?}");
        assert!(ran.err.contains(words), "{words}: {ran:?}");
    }
}
