//! `export`: timelines as comma-separated values and as JSON lines.

use std::io::Read as _;
use std::process::{Command, Stdio};

use ackord_cli::Exit;
use serde_json::{Value, json};

use super::support::{Place, store_in};

const HEADINGS: &str =
    "order_id,placed_at,version,status,notes,timestamp,source,actor,attempt,retry_at,send_call_id,look_call_id\r\n";

async fn execute(place: &Place, statement: &str) {
    ackord_tests::binary::execute(&store_in(place.directory.path()), statement).await;
}

async fn empty() -> Place {
    let place = Place::new();
    assert_eq!(place.ackord(&["migrate"]).await.exit, Exit::Done);
    place
}

/// Two orders with two entries each, on two days.
async fn filled() -> Place {
    let place = empty().await;
    for statement in [
        "INSERT INTO orders (order_id, raw_order_data, placed_at) VALUES
            ('A-1', '{\"customer\":\"Canary Cardinal\"}', '2026-02-01T10:00:00.000000Z'),
            ('B/ 2', '{}', '2026-02-01T11:00:00.000000Z')",
        r#"INSERT INTO order_status_history (order_id, status, notes, "timestamp") VALUES
            ('A-1', 'pending_acceptance', NULL, '2026-02-01T10:01:00.000000Z'),
            ('B/ 2', 'pending_acceptance', 'new, and "urgent"', '2026-02-01T11:01:00.000000Z'),
            ('A-1', 'accepted', 'seen', '2026-02-02T10:02:00.250000Z'),
            ('B/ 2', 'shipped', NULL, '2026-02-02T11:02:00.000000Z')"#,
    ] {
        execute(&place, statement).await;
    }
    place
}

async fn export(place: &Place, more: &[&str]) -> String {
    let ran = place.ackord(&[&["export"][..], more].concat()).await;
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""), "{ran:?}");
    ran.out
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn timelines_are_written_as_comma_separated_values() {
    let place = filled().await;
    let wanted = [
        "A-1,2026-02-01T10:00:00Z,1,pending_acceptance,,2026-02-01T10:01:00Z,external,,,,,\r\n",
        "B/ 2,2026-02-01T11:00:00Z,1,pending_acceptance,\"new, and \"\"urgent\"\"\",2026-02-01T11:01:00Z,external,,,,,\r\n",
        "A-1,2026-02-01T10:00:00Z,2,accepted,seen,2026-02-02T10:02:00.25Z,external,,,,,\r\n",
        "B/ 2,2026-02-01T11:00:00Z,2,shipped,,2026-02-02T11:02:00Z,external,,,,,\r\n",
    ];
    assert_eq!(export(&place, &[]).await, HEADINGS.to_owned() + &wanted.concat());
}

#[tokio::test]
async fn timelines_are_written_as_json_lines() {
    let place = filled().await;
    let told = objects(&export(&place, &["--format", "jsonl"]).await);
    assert_eq!(told.len(), 4);
    let second = json!({
        "order_id": "B/ 2",
        "placed_at": "2026-02-01T11:00:00Z",
        "version": 1,
        "status": "pending_acceptance",
        "notes": "new, and \"urgent\"",
        "timestamp": "2026-02-01T11:01:00Z",
        "source": "external",
        "actor": null,
        "attempt": null,
        "retry_at": null,
        "send_call_id": null,
        "look_call_id": null,
    });
    assert_eq!(told[1], second);
}

#[tokio::test]
async fn no_customer_is_in_it() {
    let place = filled().await;
    for form in ["csv", "jsonl"] {
        let text = export(&place, &["--format", form]).await;
        assert!(!text.contains("Canary"), "{text}");
    }
}

#[tokio::test]
async fn a_span_of_time_or_one_order_is_written_alone() {
    let place = filled().await;
    for (args, wanted) in [
        (&["--since", "2026-02-02"][..], &["A-1 2", "B/ 2 2"][..]),
        (&["--until", "2026-02-02"], &["A-1 1", "B/ 2 1"]),
        (
            &["--since", "2026-02-01T11:00:00Z", "--until", "2026-02-02T10:02:01Z"],
            &["B/ 2 1", "A-1 2"],
        ),
        (&["--order", "A-1"], &["A-1 1", "A-1 2"]),
        (&["--order", "B/ 2", "--since", "2026-02-02"], &["B/ 2 2"]),
        (&["--since", "1h"], &[]),
    ] {
        let told = objects(&export(&place, &[&["--format", "jsonl"][..], args].concat()).await);
        let name = |row: &Value| format!("{} {}", row["order_id"].as_str().unwrap(), row["version"]);
        assert_eq!(told.iter().map(name).collect::<Vec<_>>(), wanted, "{args:?}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let place = empty().await;
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2100)";
    for statement in [
        format!("{numbers} INSERT INTO orders (order_id, raw_order_data) SELECT 'P-' || i, '{{}}' FROM n"),
        format!("{numbers} INSERT INTO order_status_history (order_id, status) SELECT 'P-' || i, 'shipped' FROM n"),
    ] {
        execute(&place, &statement).await;
    }
    let told = export(&place, &[]).await;
    let ids: Vec<&str> = told
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    let wanted: Vec<String> = (1..=2100).map(|number| format!("P-{number}")).collect();
    assert_eq!(ids, wanted);
    assert_eq!(told.matches("order_id").count(), 1, "one line of headings");
}

#[tokio::test]
async fn hostile_notes_are_harmless_in_either_form() {
    let place = filled().await;
    let notes = [
        "=cmd|'/C calc'!A0",
        "+1",
        "-1",
        "@SUM(A1)",
        "\u{1b}[31mred\u{7}",
        "\u{0}=1+1",
        "two\r\nlines\tand a tab",
    ];
    for note in notes {
        let quoted = note.replace('\'', "''").replace('\u{0}', "' || char(0) || '");
        let insert =
            format!("INSERT INTO order_status_history (order_id, status, notes) VALUES ('A-1', 'shipped', '{quoted}')");
        execute(&place, &insert).await;
    }
    let text = export(&place, &["--since", "1h"]).await;
    for cell in [
        ",'=cmd|'/C calc'!A0,",
        ",'+1,",
        ",'-1,",
        ",'@SUM(A1),",
        ",[31mred,",
        ",'=1+1,",
        ",\"two\r\nlines\tand a tab\",",
    ] {
        assert!(text.contains(cell), "{cell:?}: {text}");
    }
    let told = objects(&export(&place, &["--format", "jsonl", "--since", "1h"]).await);
    let kept: Vec<&str> = told.iter().map(|row| row["notes"].as_str().unwrap()).collect();
    assert_eq!(kept, notes);
    for form in ["csv", "jsonl"] {
        let text = export(&place, &["--format", form]).await;
        let control = text
            .chars()
            .find(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t'));
        assert_eq!(control, None, "{text}");
    }
}

#[tokio::test]
async fn an_empty_store_gives_the_headings_alone() {
    let place = Place::new();
    let ran = place.ackord(&["export"]).await;
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Database, ""), "{ran:?}");
    assert!(ran.err.contains("there is no store at sqlite:"), "{ran:?}");
    let place = empty().await;
    assert_eq!(export(&place, &[]).await, HEADINGS);
    assert_eq!(export(&place, &["--format", "jsonl"]).await, "");
}

#[tokio::test]
async fn what_can_not_be_written_is_refused_in_clear_words() {
    let place = filled().await;
    for (args, exit, words) in [
        (&["--since", "soon"][..], Exit::Usage, "--since: `soon` is no time"),
        (
            &["--since", "2d", "--until", "3d"],
            Exit::Usage,
            "--until: `3d` is not after --since",
        ),
        (&["--format", "xml"], Exit::Usage, "invalid value 'xml'"),
        (&["--order", "NOPE"], Exit::Settings, "there is no order NOPE"),
    ] {
        let ran = place.ackord(&[&["export"][..], args].concat()).await;
        assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{ran:?}");
        assert!(ran.err.contains(words), "{words}: {ran:?}");
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_it_quietly() {
    let place = filled().await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_ackord"))
        .args(["export", "--store", &store_in(place.directory.path())])
        .env_remove("ACKORD_LOG")
        .current_dir(place.directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!((child.wait().unwrap().code(), words.as_str()), (Some(0), ""));
}
