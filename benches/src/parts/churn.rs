//! Claims on PostgreSQL while a transaction is left idle on an old snapshot and the work table churns, and after it closed.

use std::time::{Duration, Instant};

use ackord::ports::Store;
use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use super::Context;
use crate::history;
use crate::orders::{self, BATCH};
use crate::place::{Place, StoreKind};
use crate::progress::tell;
use crate::report::{Bar, Plot, Scale, Section, Series, Table};
use crate::sample::{Sample, Summary, as_f64, ratio};

/// In so many spans the time under the snapshot is told.
const SPANS: u32 = 30;

/// The share of that time that is measured again once the snapshot is closed.
const AFTERWARDS: u32 = 5;

/// The history beside it, in entries.
const HISTORY: u64 = 100_000;

/// Claims during one span of time.
#[derive(Debug, Clone, Serialize)]
struct Span {
    /// Whether the old snapshot was held.
    held: bool,
    /// When it ended, in minutes from the start.
    minutes: f64,
    /// How many orders had been taken in and settled by then.
    orders: u64,
    /// Claims of 100.
    claim: Summary,
    /// Dead rows in the work table, by the server's statistics.
    dead_rows: i64,
}

pub(super) async fn measure(context: &Context) -> Result<Section> {
    if !context.options.stores.contains(&StoreKind::Postgres) {
        return Ok(Section {
            text: vec![
                "Not measured: it is about PostgreSQL, which is not among the stores that were asked for.".to_owned(),
            ],
            ..empty()
        });
    }
    let place = Place::new(StoreKind::Postgres, &context.servers).await?;
    let entries = if context.options.quick { 900 } else { HISTORY };
    history::grow(&place, 0, entries).await?;
    let mut churn = Churn {
        store: place.open(2).await?,
        sql: place.sql().await?,
        pace: Duration::from_secs_f64(as_f64(BATCH as u64) / as_f64(context.options.churn.max(1))),
        begun: Instant::now(),
        orders: 0,
    };
    let each = Duration::from_secs_f64(context.options.minutes * 60.0) / SPANS;
    let mut spans = vec![churn.span(each, false).await?];

    let mut idle = place.sql().await?;
    idle.run("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    idle.number("SELECT count(*) FROM order_work").await?;
    for _ in 0..SPANS {
        spans.push(churn.span(each, true).await?);
    }
    idle.run("COMMIT").await?;
    for _ in 0..SPANS / AFTERWARDS {
        spans.push(churn.span(each, false).await?);
    }
    Ok(section(&spans))
}

struct Churn {
    store: std::sync::Arc<dyn Store>,
    sql: crate::sql::Sql,
    /// How long a batch takes at the least.
    pace: Duration,
    begun: Instant,
    orders: u64,
}

impl Churn {
    /// Takes in, claims and settles batches for a span of time.
    async fn span(&mut self, span: Duration, held: bool) -> Result<Span> {
        let begun = Instant::now();
        let mut claim = Sample::default();
        while begun.elapsed() < span || claim.summary().count == 0 {
            let batch = Instant::now();
            let store = &*self.store;
            let new = orders::new("C", self.orders + 1..=self.orders + BATCH as u64, store.now().await?)?;
            orders::ingest(store, &new).await?;
            let now = store.now().await?;
            let claimed = claim.time(store.claim(&orders::claim(now))).await?;
            ensure!(claimed.len() == BATCH, "{} of {BATCH} were claimed", claimed.len());
            let accepted: Vec<_> = claimed.iter().map(orders::accept).collect();
            orders::settle(store, &accepted, now).await?;
            self.orders += BATCH as u64;
            tokio::time::sleep(self.pace.saturating_sub(batch.elapsed())).await;
        }
        let dead =
            "SELECT coalesce((SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'order_work'), 0)::bigint";
        let told = Span {
            held,
            minutes: self.begun.elapsed().as_secs_f64() / 60.0,
            orders: self.orders,
            claim: claim.summary(),
            dead_rows: self.sql.number(dead).await?,
        };
        tell(format_args!(
            "{:.1} min, snapshot {}, {} orders: claim {:.2} ms (p99 {:.2}), {} dead rows",
            told.minutes,
            if held { "held" } else { "not held" },
            told.orders,
            told.claim.median_ms,
            told.claim.p99_ms,
            told.dead_rows
        ));
        Ok(told)
    }
}

fn section(spans: &[Span]) -> Section {
    let head = [
        "after, min",
        "old snapshot",
        "orders so far",
        "claim, median",
        "p99",
        "max",
        "dead rows",
    ];
    let mut table = Table::new("Claims of 100, in ms", &head);
    for span in spans {
        table.row([
            format!("{:.1}", span.minutes),
            if span.held { "held" } else { "no" }.to_owned(),
            span.orders.to_string(),
            format!("{:.2}", span.claim.median_ms),
            format!("{:.2}", span.claim.p99_ms),
            format!("{:.2}", span.claim.max_ms),
            span.dead_rows.to_string(),
        ]);
    }
    let before = spans.first().map_or(0.0, |span| span.claim.median_ms);
    let held = || spans.iter().filter(|span| span.held);
    let last_held = held().next_back().map_or(0.0, |span| span.claim.median_ms);
    let worst_p99 = held().map(|span| span.claim.p99_ms).fold(0.0, f64::max);
    let after = spans.last().map_or(0.0, |span| span.claim.median_ms);
    let line = |name: &str, of: fn(&Span) -> f64| Series {
        name: name.to_owned(),
        points: spans.iter().map(|span| (span.minutes, of(span))).collect(),
    };
    Section {
        text: vec![
            "Batches of 100 orders are taken in, claimed and settled one after another on PostgreSQL, first without, then \
             beside a transaction that keeps its old snapshot and does nothing, then without it again. Rows that died \
             since can't be cleared away while it is there."
                .to_owned(),
        ],
        tables: vec![table],
        bars: vec![
            Bar::at_most("claim of 100 under the old snapshot, worst p99 of any span", 5.0, worst_p99, " ms"),
            Bar::at_most("its median at the end, to that before", 2.0, ratio(last_held, before), " ×"),
            Bar::at_most("its median once the snapshot is closed, to that before", 2.0, ratio(after, before), " ×"),
        ],
        plots: vec![Plot {
            file: "churn.svg".to_owned(),
            title: "Claims of 100 beside an old snapshot".to_owned(),
            x: "minutes".to_owned(),
            y: "ms".to_owned(),
            scales: (Scale::Linear, Scale::Linear),
            series: vec![line("median", |span| span.claim.median_ms), line("p99", |span| span.claim.p99_ms)],
        }],
        raw: json!({"spans": Value::from_iter(spans.iter().map(|span| json!(span)))}),
        ..empty()
    }
}

/// The section before anything was measured.
fn empty() -> Section {
    Section {
        name: "churn".to_owned(),
        title: "claims while a transaction is left idle and the work table churns".to_owned(),
        ..Section::default()
    }
}
