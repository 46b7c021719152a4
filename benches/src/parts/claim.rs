//! Claims of 100 orders beside histories of growing size, and what finding them costs without a work table.

use ackord::ports::Store;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Context;
use crate::history;
use crate::orders::{self, BATCH};
use crate::place::{Place, StoreKind};
use crate::progress::tell;
use crate::report::{Bar, Plot, Scale, Section, Series, Table};
use crate::sample::{Sample, Summary, as_f64, ratio};

/// Claims before the timed ones, so that connections and statements are prepared and the pages at hand.
const WARM_UP: u64 = 20;

/// How often a batch of entries is appended at each size.
const APPENDS: usize = 50;

/// The most runs of a query that is compared.
const COMPARED: usize = 20;

/// How an index that helps the plain query is made and taken away again.
const PLAIN_INDEX: [&str; 2] = [
    "CREATE INDEX bench_pending ON order_status_history (order_id, version) WHERE status = 'pending_acceptance'",
    "DROP INDEX bench_pending",
];

/// The best query over the history alone that we know: the pending entries, from an index of theirs, that none follows.
const PLAIN: &str = "SELECT h.order_id FROM order_status_history h
    WHERE h.status = 'pending_acceptance' AND NOT EXISTS (
        SELECT 1 FROM order_status_history n WHERE n.order_id = h.order_id AND n.version > h.version
    ) LIMIT 100";

/// The newest status of every order.
fn newest(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Postgres => {
            "SELECT order_id FROM (
                SELECT DISTINCT ON (order_id) order_id, status FROM order_status_history ORDER BY order_id, version DESC
            ) s WHERE status = 'pending_acceptance' LIMIT 100"
        }
        StoreKind::Sqlite => {
            "SELECT order_id FROM (
                SELECT order_id, status, max(version) FROM order_status_history GROUP BY order_id
            ) WHERE status = 'pending_acceptance' LIMIT 100"
        }
    }
}

/// What was measured at one size.
struct Measured {
    kind: StoreKind,
    entries: u64,
    claim: Summary,
    settle: Summary,
    append: Summary,
    plain: Summary,
    newest: Summary,
}

pub(super) async fn measure(context: &Context) -> Result<Section> {
    let mut measured = Vec::new();
    for kind in &context.options.stores {
        measured.extend(measure_store(*kind, context).await?);
    }
    Ok(section(&measured))
}

async fn measure_store(kind: StoreKind, context: &Context) -> Result<Vec<Measured>> {
    let place = Place::new(kind, &context.servers).await?;
    let store = place.open(2).await?;
    let pending = orders::new("P", 1..=BATCH as u64, store.now().await?)?;
    orders::ingest(&*store, &pending).await?;
    let mut measured = Vec::new();
    let mut had = 0;
    for entries in context.options.history.iter().copied() {
        history::grow(&place, had, entries).await?;
        had = entries;
        let mut claim = Sample::default();
        let mut settle = Sample::default();
        for round in 0..WARM_UP + context.options.rounds {
            if round == WARM_UP {
                (claim, settle) = (Sample::default(), Sample::default());
            }
            let now = store.now().await?;
            let claimed = claim.time(store.claim(&orders::claim(now))).await?;
            ensure!(claimed.len() == BATCH, "{} of {BATCH} were claimed", claimed.len());
            let released: Vec<_> = claimed.iter().map(|claimed| orders::release(claimed, now)).collect();
            settle.time(orders::settle(&*store, &released, now)).await?;
        }
        let append = append(&*store).await?;
        let (plain, newest) = compare(&place).await?;
        let one = Measured {
            kind,
            entries,
            claim: claim.summary(),
            settle: settle.summary(),
            append,
            plain,
            newest,
        };
        tell(format_args!(
            "{kind}, {entries} entries: claim {:.2} ms (p99 {:.2}), append {:.2}, plain {:.1} ms, newest {:.1} ms",
            one.claim.median_ms, one.claim.p99_ms, one.append.median_ms, one.plain.median_ms, one.newest.median_ms
        ));
        measured.push(one);
    }
    drop(store);
    place.remove().await?;
    Ok(measured)
}

/// Times settlements of a hundred orders that append an entry each, beside the history as it is.
async fn append(store: &dyn Store) -> Result<Summary> {
    let mut sample = Sample::default();
    for _ in 0..APPENDS {
        let now = store.now().await?;
        let claimed = store.claim(&orders::claim(now)).await?;
        ensure!(claimed.len() == BATCH, "{} of {BATCH} were claimed", claimed.len());
        let appended: Vec<_> = claimed.iter().map(|claimed| orders::append(claimed, now)).collect();
        sample.time(orders::settle(store, &appended, now)).await?;
    }
    Ok(sample.summary())
}

/// Times the queries that do without a work table.
async fn compare(place: &Place) -> Result<(Summary, Summary)> {
    let mut sql = place.sql().await?;
    sql.run(PLAIN_INDEX[0]).await?;
    if place.kind() == StoreKind::Postgres {
        sql.run("VACUUM (ANALYZE) order_status_history").await?;
    }
    let (plain, found) = sql.time(PLAIN, COMPARED).await?;
    ensure!(found == BATCH, "the plain query found {found} orders");
    sql.run(PLAIN_INDEX[1]).await?;
    let (newest, found) = sql.time(newest(place.kind()), COMPARED).await?;
    ensure!(found == BATCH, "the query of the newest statuses found {found} orders");
    Ok((plain.summary(), newest.summary()))
}

fn section(measured: &[Measured]) -> Section {
    let head = [
        "store",
        "entries",
        "claim, median",
        "p99",
        "max",
        "× the smallest",
        "release, median",
        "append of 100, median",
        "best plain index",
        "newest status",
    ];
    let mut table = Table::new("Finding and claiming 100 pending orders, in ms", &head);
    let mut bars = Vec::new();
    let mut series = Vec::new();
    for kind in [StoreKind::Postgres, StoreKind::Sqlite] {
        let of_kind: Vec<&Measured> = measured.iter().filter(|one| one.kind == kind).collect();
        let (Some(smallest), Some(largest)) = (of_kind.first(), of_kind.last()) else {
            continue;
        };
        for one in &of_kind {
            table.row(row(one, smallest));
        }
        let what = format!("{kind}: claim of 100 at {} entries", largest.entries);
        bars.push(Bar::at_most(format!("{what}, p99"), 5.0, largest.claim.p99_ms, " ms"));
        let growth = ratio(largest.claim.median_ms, smallest.claim.median_ms);
        let what = format!("{what}, median, to that at {}", smallest.entries);
        bars.push(Bar::at_most(what, 2.0, growth, " ×"));
        let line = |name: &str, of: fn(&Measured) -> f64| Series {
            name: format!("{kind}: {name}"),
            points: of_kind.iter().map(|one| (as_f64(one.entries), of(one))).collect(),
        };
        series.push(line("claim", |one| one.claim.median_ms));
        series.push(line("claim, p99", |one| one.claim.p99_ms));
        series.push(line("append of 100", |one| one.append.median_ms));
        series.push(line("best plain index", |one| one.plain.median_ms));
        series.push(line("newest status", |one| one.newest.median_ms));
    }
    Section {
        name: "claim".to_owned(),
        title: "finding 100 pending orders beside a long history".to_owned(),
        text: vec![
            "100 orders are pending; the history is settled orders with four or five entries each, their calls and work \
             rows. A claim goes through the port, with its durable commit; after each the orders are given back by a \
             settlement. An append settles them with an entry each, pending as before. The two queries on the right find the same orders in the history alone and lock nothing: the \
             pending entries that none follows, from a partial index made for it, and the newest status of every order."
                .to_owned(),
        ],
        tables: vec![table],
        bars,
        plots: vec![Plot {
            file: "claim.svg".to_owned(),
            title: "Finding 100 pending orders".to_owned(),
            x: "history entries".to_owned(),
            y: "ms".to_owned(),
            scales: (Scale::Powers, Scale::Powers),
            series,
        }],
        raw: Value::from_iter(measured.iter().map(raw)),
        ..Section::default()
    }
}

fn row(one: &Measured, smallest: &Measured) -> Vec<String> {
    let ms = |value: f64| format!("{value:.2}");
    vec![
        one.kind.to_string(),
        one.entries.to_string(),
        ms(one.claim.median_ms),
        ms(one.claim.p99_ms),
        ms(one.claim.max_ms),
        format!("{:.2}", ratio(one.claim.median_ms, smallest.claim.median_ms)),
        ms(one.settle.median_ms),
        ms(one.append.median_ms),
        ms(one.plain.median_ms),
        ms(one.newest.median_ms),
    ]
}

fn raw(one: &Measured) -> Value {
    json!({
        "store": one.kind,
        "entries": one.entries,
        "claim": one.claim,
        "release": one.settle,
        "append": one.append,
        "best_plain_index": one.plain,
        "newest_status": one.newest,
    })
}
