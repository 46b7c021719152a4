//! How every query of the stores finds its rows, at a size where a wrong plan shows: told in snapshots, and held to a rule.
//!
//! The plans are those for values that are not known, what a prepared statement comes down to; but a page that people ask for
//! is planned for a page's length. A table that grows with the
//! history may be read from end to end by few queries, each of which is named here with its reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ackord_bench::cluster;
use ackord_bench::history;
use ackord_bench::orders;
use ackord_bench::place::{Place, Servers, StoreKind};
use ackord_bench::sql::Sql;
use serde_json::Value;

/// Entries of history: twenty thousand orders, settled. Beside them some wait.
const ENTRIES: u64 = 90_000;
const WAITING: u64 = 200;

/// The tables that grow with the history.
const LARGE: [&str; 6] = [
    "orders",
    "order_status_history",
    "api_calls",
    "call_orders",
    "process_failures",
    "order_work",
];

/// What reads a large table from end to end, and may: it is about all orders, or people ask for it and see a page of it.
const ABOUT_ALL: [(&str, &str); 4] = [
    (
        "WITH meta AS ( UPDATE store_meta SET epoch = greatest",
        "a hold on sending, once in a reconcile: every order that is unsettled",
    ),
    (
        "SELECT count(*) AS \"count!\" FROM order_work WHERE phase = 'settled'",
        "a count of all, for people",
    ),
    (
        "SELECT order_id AS \"order_id!\" FROM ( SELECT order_id, 0 AS part",
        "a reconcile, once after a restore: the orders settled lately",
    ),
    (
        "SELECT \"timestamp\" AS at, actor AS \"actor!: Text\", started_before",
        "the prunings, for people: one for each batch of calls",
    ),
];

/// Failures that were resolved long ago.
const RESOLVED: &str = "INSERT INTO process_failures (related_id, process_name, details, cause, resolved_at)
    SELECT 'H-' || lpad(n::text, 10, '0'), 'OrderAcceptance', 'as it was', 'refused', now() FROM generate_series(1, 5000) AS n";

/// The queries of a store, each on one line, with their parameters' types where these are told.
fn queries(of: &str) -> Vec<(String, Vec<String>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of).join(".sqlx");
    let files = std::fs::read_dir(&directory).expect("the data that queries are compiled from");
    let files = files.map(|file| file.expect("a file").path());
    let mut queries: Vec<_> = files.map(query).collect();
    queries.sort();
    assert!(queries.len() > 40, "only {} queries of {of}", queries.len());
    queries
}

fn query(file: PathBuf) -> (String, Vec<String>) {
    let text = std::fs::read_to_string(&file).expect("a text");
    let data: Value = serde_json::from_str(&text).expect("the data of a query");
    let query = data["query"].as_str().expect("a query");
    let without_comments = query.lines().map(|line| line.split("--").next().unwrap_or_default());
    let words: Vec<_> = without_comments.flat_map(str::split_whitespace).collect();
    let parameters = &data["describe"]["parameters"];
    let types = parameters["Left"].as_array().into_iter().flatten();
    let types = types.map(|kind| kind.as_str().unwrap_or_default().to_owned());
    (words.join(" "), types.collect())
}

/// A store with a history, and a few orders that wait.
async fn grown(kind: StoreKind, servers: &Servers) -> Place {
    let place = Place::new(kind, servers).await.expect("a store");
    history::grow(&place, 0, ENTRIES).await.expect("a history");
    let store = place.open(1).await.expect("the store");
    let now = store.now().await.expect("its time");
    let waiting = orders::new("W", 1..=WAITING, now).expect("orders");
    store
        .ingest(&waiting, now, orders::operation())
        .await
        .expect("orders that wait");
    place
}

/// The plan of a query in one line, and what of it reads a large table from end to end.
struct Plan {
    told: String,
    whole: Vec<String>,
}

fn judge(plans: &BTreeMap<String, Plan>) -> String {
    let mut wrong = Vec::new();
    for (query, plan) in plans {
        let may = ABOUT_ALL.iter().any(|(beginning, _)| query.starts_with(beginning));
        if !may && !plan.whole.is_empty() {
            wrong.push(format!("{query}\n    reads whole: {}", plan.whole.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let lines = plans.iter().map(|(query, plan)| {
        let short: String = query.chars().take(110).collect();
        format!("{short}\n    {}\n", plan.told)
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_query_on_postgresql_reads_the_history_to_find_what_is_next() {
    let must_have = std::env::var("CI").is_ok_and(|value| value == "true");
    if cluster::program("initdb").is_none() {
        assert!(!must_have, "PostgreSQL's programs are not installed");
        eprintln!("skipped: PostgreSQL's programs are not installed");
        return;
    }
    let servers = Servers::default();
    let place = grown(StoreKind::Postgres, &servers).await;
    let mut sql = place.sql().await.expect("a connection");
    sql.run(RESOLVED).await.expect("failures");
    sql.run("VACUUM (ANALYZE)").await.expect("statistics");
    let mut plans = BTreeMap::new();
    for (query, parameters) in queries("adapters-postgres") {
        let plan = postgres_plan(&mut sql, &query, &parameters).await;
        plans.insert(query, plan);
    }
    let told = judge(&plans);
    let version = sql
        .number("SELECT current_setting('server_version_num')::bigint / 10000")
        .await;
    // Other versions plan a little otherwise; the rule holds for all.
    if version.expect("a version") == 15 {
        insta::assert_snapshot!("postgresql_15", told);
    }
    place.remove().await.expect("it goes away");
}

async fn postgres_plan(sql: &mut Sql, query: &str, types: &[String]) -> Plan {
    let is_page = query.starts_with("SELECT") && query.contains("LIMIT $");
    let mode = if is_page { "custom" } else { "generic" };
    sql.run(&format!("SET plan_cache_mode = force_{mode}_plan"))
        .await
        .expect("a setting");
    sql.run(&format!("PREPARE asked AS {query}"))
        .await
        .expect("a statement");
    let values: Vec<_> = types
        .iter()
        .map(|kind| if is_page { on_a_page(kind) } else { "NULL" })
        .collect();
    let values = match values.is_empty() {
        true => String::new(),
        false => format!("({})", values.join(", ")),
    };
    let plan = sql
        .plan(&format!("EXECUTE asked{values}"))
        .await
        .expect("a plan")
        .concat();
    sql.run("DEALLOCATE asked").await.expect("a statement");
    let plan: Value = serde_json::from_str(&plan).expect("a plan in JSON");
    let mut scans = Vec::new();
    collect(&plan[0]["Plan"], &mut scans);
    let whole = scans
        .iter()
        .filter(|(kind, table, _)| kind == "Seq Scan" && LARGE.contains(&table.as_str()))
        .map(|(_, table, _)| table.clone());
    let whole = whole.collect();
    let told = scans.iter().map(|(kind, table, index)| match index {
        Some(index) => format!("{kind} {table} by {index}"),
        None => format!("{kind} {table}"),
    });
    let told: Vec<_> = told.collect();
    let told = if told.is_empty() {
        "no table".to_owned()
    } else {
        told.join("; ")
    };
    Plan { told, whole }
}

/// A value for the query of a page.
fn on_a_page(kind: &str) -> &'static str {
    match kind {
        "Text" => "'H-0000010000'",
        "Timestamptz" => "'2020-01-02T00:00:00Z'",
        "Int4" | "Int8" => "100",
        "TextArray" => "ARRAY['ready', 'sending']",
        _ => "NULL",
    }
}

/// Every scan of a table in a plan, depth first.
fn collect(node: &Value, scans: &mut Vec<(String, String, Option<String>)>) {
    let text = |key: &str| node[key].as_str().map(str::to_owned);
    let kind = text("Node Type").unwrap_or_default();
    match (kind.as_str(), text("Relation Name"), text("Index Name")) {
        // A bitmap's table is told at its heap, its index below.
        ("Bitmap Index Scan", _, index) => scans.push((kind, String::new(), index)),
        (_, Some(table), index) if kind != "ModifyTable" => scans.push((kind, table, index)),
        _ => {}
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        collect(child, scans);
    }
}

/// Whether a step reads a table from end to end: `SCAN` and the table's name there, or its alias, and no index. What is left
/// are tables of one row, the schema, and what other steps made.
fn is_whole(step: &str, steps: &[String]) -> bool {
    let small = ["store_meta", "sqlite_schema"];
    let made = |table: &str| {
        let by = ["CO-ROUTINE", "MATERIALIZE"].map(|way| format!("{way} {table}"));
        steps.iter().any(|step| by.contains(step))
    };
    step.strip_prefix("SCAN ")
        .is_some_and(|table| !table.contains(' ') && !small.contains(&table) && !made(table))
}

#[test]
fn a_step_that_reads_a_table_whole_is_told_from_others() {
    for step in ["SCAN order_work", "SCAN w"] {
        assert!(is_whole(step, &[]), "{step}");
    }
    let others = [
        "SEARCH w USING INDEX order_work_pending (phase=?)",
        "SCAN order_work USING COVERING INDEX order_work_settled",
        "SCAN id VIRTUAL TABLE INDEX 1:",
        "SCAN CONSTANT ROW",
        "SCAN (subquery-1)",
        "SCAN store_meta",
    ];
    let made = ["CO-ROUTINE (subquery-1)".to_owned()];
    for step in others {
        assert!(!is_whole(step, &made), "{step}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_query_on_sqlite_reads_the_history_to_find_what_is_next() {
    let place = grown(StoreKind::Sqlite, &Servers::default()).await;
    let mut sql = place.sql().await.expect("a connection");
    let mut plans = BTreeMap::new();
    for (query, _) in queries("adapters-sqlite") {
        if query.starts_with("PRAGMA") {
            continue;
        }
        let steps = sql.plan(&query).await.expect("a plan");
        let whole = steps.iter().filter(|step| is_whole(step, &steps)).cloned().collect();
        let told = if steps.is_empty() {
            "no table".to_owned()
        } else {
            steps.join("; ")
        };
        plans.insert(query, Plan { told, whole });
    }
    insta::assert_snapshot!("sqlite", judge(&plans));
    place.remove().await.expect("it goes away");
}
