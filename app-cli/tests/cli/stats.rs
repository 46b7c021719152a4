//! `stats`: figures by day and week, as table, chart, JSON and comma-separated values.

use ackord_cli::Exit;
use serde_json::{Value, json};

use super::support::{Place, Ran, store_in};

/// Two orders accepted, one after two minutes and one after a day; one cancelled, one refused; a failure of another module.
const RECORD: [&str; 3] = [
    "INSERT INTO orders (order_id, raw_order_data, placed_at) VALUES
        ('A-1', '{}', '2026-02-01T10:00:00.000000Z'), ('A-2', '{}', '2026-02-01T11:00:00.000000Z'),
        ('A-3', '{}', '2026-02-02T09:00:00.000000Z'), ('A-4', '{}', '2026-02-02T09:00:00.000000Z')",
    r#"INSERT INTO order_status_history (order_id, status, notes, "timestamp") VALUES
        ('A-1', 'pending_acceptance', NULL, '2026-02-01T10:01:00.000000Z'),
        ('A-2', 'pending_acceptance', NULL, '2026-02-01T11:01:00.000000Z'),
        ('A-1', 'accepted', 'refused, says the note, which nobody reads', '2026-02-01T10:02:00.000000Z'),
        ('A-3', 'pending_acceptance', NULL, '2026-02-02T09:01:00.000000Z'),
        ('A-4', 'pending_acceptance', NULL, '2026-02-02T09:01:00.000000Z'),
        ('A-3', 'cancelled', NULL, '2026-02-02T09:30:00.000000Z'),
        ('A-4', 'cancelled', NULL, '2026-02-02T10:00:00.000000Z'),
        ('A-2', 'accepted', NULL, '2026-02-02T11:00:00.000000Z')"#,
    r#"INSERT INTO process_failures (related_id, process_name, cause, details, "timestamp") VALUES
        ('A-4', 'OrderAcceptance', 'refused_by_shop', 'x', '2026-02-02T10:00:00.000000Z'),
        ('A-1', 'LabelPurchase', NULL, 'x', '2026-02-03T08:00:00.000000Z')"#,
];

const SPAN: [&str; 5] = ["stats", "--since", "2026-02-01", "--until", "2026-02-04"];

async fn filled() -> Place {
    let place = Place::new();
    assert_eq!(place.ackord(&["migrate"]).await.exit, Exit::Done);
    for statement in RECORD {
        ackord_tests::binary::execute(&store_in(place.directory.path()), statement).await;
    }
    place
}

async fn stats(place: &Place, more: &[&str]) -> Ran {
    let ran = place.ackord(&[&SPAN[..], more].concat()).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    ran
}

/// The words of the line that begins so.
fn row<'a>(ran: &'a Ran, beginning: &str) -> Vec<&'a str> {
    let line = ran.out.lines().find(|line| line.starts_with(beginning));
    line.unwrap_or_else(|| panic!("no {beginning}: {ran:?}"))
        .split_whitespace()
        .collect()
}

#[tokio::test]
async fn figures_are_told_by_day_and_in_all() {
    let place = filled().await;
    let ran = stats(&place, &[]).await;
    assert_eq!(ran.err, "");
    assert_eq!(row(&ran, "DAY")[..4], ["DAY", "NEW", "ACCEPTED", "CANCELLED"]);
    assert_eq!(
        row(&ran, "2026-02-01"),
        ["2026-02-01", "2", "1", "0", "0", "0", "2m", "2m"]
    );
    assert_eq!(
        row(&ran, "2026-02-02"),
        ["2026-02-02", "2", "1", "1", "1", "1", "1d", "1d"]
    );
    assert_eq!(row(&ran, "2026-02-03"), ["2026-02-03", "0", "0", "0", "0", "1"]);
    assert_eq!(row(&ran, "total"), ["total", "4", "2", "1", "1", "2", "2m", "1d"]);
    assert_eq!(row(&ran, "refused_by_shop"), ["refused_by_shop", "1"]);
    assert_eq!(row(&ran, "other"), ["other", "1"]);
}

#[tokio::test]
async fn a_bar_is_drawn_for_each_day_unless_it_is_not_wanted() {
    let place = filled().await;
    let ran = stats(&place, &[]).await;
    let (_, chart) = ran.out.split_once("█ accepted  ░ cancelled or refused\n").unwrap();
    let bars: Vec<&str> = chart.lines().collect();
    assert_eq!(bars.len(), 3, "{chart}");
    assert!(
        bars[0].starts_with("2026-02-01  █") && bars[0].ends_with("█ 1"),
        "{chart}"
    );
    assert!(bars[1].contains("█░") && bars[1].ends_with("░ 3"), "{chart}");
    assert_eq!(bars[2], "2026-02-03");
    let bare = stats(&place, &["--no-chart"]).await;
    assert!(!bare.out.contains('█') && bare.out.contains("total"), "{bare:?}");
}

#[tokio::test]
async fn figures_as_json_have_every_field() {
    let place = filled().await;
    let told = stats(&place, &["--json"]).await.json();
    assert_eq!((&told["by"], &told["time_zone"]), (&json!("day"), &json!("UTC")));
    let spans = told["spans"].as_array().unwrap();
    assert_eq!(spans.len(), 3);
    let second = json!({
        "first_day": "2026-02-02",
        "from": "2026-02-02T00:00:00Z",
        "to": "2026-02-03T00:00:00Z",
        "new_orders": 2,
        "accepted": 1,
        "cancelled": 1,
        "refused": 1,
        "time_to_acceptance": { "median_ms": 86_400_000, "p95_ms": 86_400_000, "exact": true },
        "failures": { "refused_by_shop": 1 },
    });
    assert_eq!(spans[1], second);
    assert_eq!(spans[2]["time_to_acceptance"]["median_ms"], Value::Null);
    let waits = json!({ "median_ms": 120_000, "p95_ms": 86_400_000, "exact": true });
    assert_eq!(told["total"]["time_to_acceptance"], waits);
    assert_eq!(told["total"]["failures"], json!({ "refused_by_shop": 1, "other": 1 }));
}

#[tokio::test]
async fn figures_as_comma_separated_values_have_a_column_for_each_cause() {
    let place = filled().await;
    let ran = stats(&place, &["--csv"]).await;
    let lines: Vec<&str> = ran.out.split("\r\n").collect();
    assert_eq!(lines.len(), 5, "{ran:?}");
    let beginning = "first_day,from,to,new_orders,accepted,cancelled,refused,median_ms,p95_ms,failures_not_sent,";
    assert!(
        lines[0].starts_with(beginning) && lines[0].ends_with(",failures_other"),
        "{ran:?}"
    );
    let beginning = "2026-02-01,2026-02-01T00:00:00Z,2026-02-02T00:00:00Z,2,1,0,0,120000,120000,0,";
    assert!(lines[1].starts_with(beginning), "{ran:?}");
    let columns = |line: &str| line.split(',').count();
    assert!(
        lines[..4].iter().all(|line| columns(line) == columns(lines[0])),
        "{ran:?}"
    );
    assert_eq!(lines[4], "");
}

#[tokio::test]
async fn weeks_and_days_are_those_of_the_time_zone() {
    let place = filled().await;
    let weeks = stats(&place, &["--by", "week", "--json"]).await.json();
    let told: Vec<_> = weeks["spans"].as_array().unwrap().iter().collect();
    assert_eq!((told.len(), &told[0]["first_day"]), (2, &json!("2026-01-26")));
    assert_eq!((&told[0]["accepted"], &told[1]["accepted"]), (&json!(1), &json!(1)));
    let args = [
        "stats",
        "--since",
        "2026-02-02",
        "--until",
        "2026-02-03",
        "--time-zone",
        "Pacific/Kiritimati",
        "--json",
    ];
    let told = place.ackord(&args).await.json();
    assert_eq!(told["spans"].as_array().unwrap().len(), 1);
    assert_eq!(told["spans"][0]["from"], json!("2026-02-01T10:00:00Z"));
    assert_eq!(told["spans"][0]["new_orders"], json!(4));
}

#[tokio::test]
async fn where_nothing_happened_that_is_said() {
    let place = Place::new();
    let ran = place.ackord(&["stats"]).await;
    assert_eq!(ran.exit, Exit::Database, "{ran:?}");
    assert!(ran.err.contains("there is no store at sqlite:"), "{ran:?}");
    place.ackord(&["migrate"]).await;
    let ran = place.ackord(&["stats"]).await;
    let told = (ran.exit, ran.out.as_str(), ran.err.as_str());
    assert_eq!(told, (Exit::Done, "", "nothing happened in this time\n"));
    let days = place.ackord(&["stats", "--json"]).await.json();
    assert_eq!(days["spans"].as_array().unwrap().len(), 14);
    let weeks = place.ackord(&["stats", "--by", "week", "--json"]).await.json();
    assert_eq!(weeks["spans"].as_array().unwrap().len(), 12);
}

#[tokio::test]
async fn what_can_not_be_counted_is_refused_in_clear_words() {
    let place = filled().await;
    for (args, words) in [
        (&["--since", "soon"][..], "--since: `soon` is no time"),
        (
            &["--since", "2026-02-02", "--until", "2026-02-01"],
            "--until: `2026-02-01` is not after --since",
        ),
        (&["--since", "2999-01-01"], "--since: `2999-01-01` lies in the future"),
        (
            &["--since", "2020-01-01", "--until", "2026-01-01"],
            "--since: `2020-01-01` makes more than 1000 days of it",
        ),
        (
            &["--time-zone", "Mars/Base"],
            "--time-zone: `Mars/Base` is no time zone",
        ),
        (&["--by", "year"], "invalid value 'year'"),
        (&["--json", "--csv"], "cannot be used with"),
    ] {
        let ran = place.ackord(&[&["stats"][..], args].concat()).await;
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Usage, ""), "{ran:?}");
        assert!(ran.err.contains(words), "{words}: {ran:?}");
    }
}

#[tokio::test]
async fn words_of_other_programs_are_in_no_figure() {
    let place = filled().await;
    let hostile = "INSERT INTO process_failures (related_id, process_name, cause, details, \"timestamp\")
        VALUES ('=1+1', '=1+1', '=1+1\u{1b}[31m', 'x', '2026-02-03T08:00:00.000000Z')";
    ackord_tests::binary::execute(&store_in(place.directory.path()), hostile).await;
    for form in [&[][..], &["--json"], &["--csv"]] {
        let ran = stats(&place, form).await;
        assert!(!ran.out.contains("=1") && !ran.out.contains('\u{1b}'), "{ran:?}");
    }
    let told = stats(&place, &["--json"]).await.json();
    assert_eq!(told["total"]["failures"]["other"], json!(2));
}
