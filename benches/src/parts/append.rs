//! Batched appends of entries through the store, beside bare inserts of the same rows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ackord::OrderStatus;
use ackord::ports::Store;
use ackord::work::{Claimed, Version};
use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::Context;
use crate::cluster;
use crate::limits::{bare_rows, pgbench};
use crate::orders::{self, BATCH};
use crate::place::{Place, StoreAddress, StoreKind};
use crate::progress::tell;
use crate::report::{Bar, Section, Table};
use crate::sample::{per_second, ratio};

/// How many write to PostgreSQL at once, besides one alone.
const WRITERS: usize = 8;

/// Orders that entries are appended to, for each writer.
const ORDERS_EACH: u64 = 1000;

/// A way of appending, and what it came to.
struct Measured {
    kind: StoreKind,
    writers: usize,
    through_store: f64,
    bare: f64,
    bare_by: &'static str,
    /// Bare inserts by a program of ours, where `bare` is by another.
    bare_by_us: Option<f64>,
}

pub(super) async fn measure(context: &Context) -> Result<Section> {
    let span = Duration::from_secs(context.options.seconds);
    let mut measured = Vec::new();
    for kind in &context.options.stores {
        let writers: &[usize] = match kind {
            StoreKind::Postgres => &[1, WRITERS],
            StoreKind::Sqlite => &[1],
        };
        for writers in writers {
            let one = measure_one(*kind, *writers, span, context).await?;
            tell(format_args!(
                "{kind}, {writers} writers: {:.0} entries/s through the store, {:.0} bare",
                one.through_store, one.bare
            ));
            measured.push(one);
        }
    }
    Ok(section(&measured))
}

async fn measure_one(kind: StoreKind, writers: usize, span: Duration, context: &Context) -> Result<Measured> {
    let place = Place::new(kind, &context.servers).await?;
    let through_store = append(&place, writers, span).await?;
    let bare_place = Place::empty(kind, &context.servers).await?;
    bare_rows::prepare(&bare_place).await?;
    let by_us = bare_rows::insert(&bare_place, span).await?;
    let by_pgbench = match (bare_place.address(), cluster::program("pgbench")) {
        (StoreAddress::Postgres(url), Some(program)) => {
            let rate = pgbench::run(&program, url, bare_rows::SCRIPT, writers, span.as_secs().max(1)).await?;
            Some(rate * 100.0)
        }
        _ => None,
    };
    place.remove().await?;
    bare_place.remove().await?;
    Ok(Measured {
        kind,
        writers,
        through_store,
        bare: by_pgbench.unwrap_or(by_us),
        bare_by: if by_pgbench.is_some() { "pgbench" } else { "a bare loop" },
        bare_by_us: by_pgbench.map(|_| by_us),
    })
}

/// Appends entries in batches for so long; gives entries a second.
async fn append(place: &Place, writers: usize, span: Duration) -> Result<f64> {
    let store = place.open(u32::try_from(writers)? + 1).await?;
    let all = ORDERS_EACH * writers as u64;
    let new = orders::new("P", 1..=all, store.now().await?)?;
    orders::ingest(&*store, &new).await?;
    let claimed = orders::claim_all(&*store).await?;
    let each = claimed.len() / writers;
    let begun = Instant::now();
    let work = claimed
        .chunks(each)
        .map(|orders| tokio::spawn(write(Arc::clone(&store), orders.to_vec(), span)));
    let mut rows = 0;
    for written in try_join_all(work).await? {
        rows += written?;
    }
    Ok(per_second(rows, begun.elapsed()))
}

/// Each settlement appends an entry; the number of the lease holds for the next one, too.
async fn write(store: Arc<dyn Store>, mut claimed: Vec<Claimed>, span: Duration) -> Result<u64> {
    let now = store.now().await.context("the store's time")?;
    let begun = Instant::now();
    let mut rows = 0;
    loop {
        for batch in claimed.chunks_mut(BATCH) {
            if begun.elapsed() >= span {
                return Ok(rows);
            }
            let settlements: Vec<_> = batch
                .iter()
                .map(|order| {
                    let entry = orders::entry(OrderStatus::PendingAcceptance);
                    orders::settlement(order, Some(entry), order.standing.clone())
                })
                .collect();
            orders::settle(&*store, &settlements, now).await?;
            for order in batch.iter_mut() {
                order.version = Version(order.version.0 + 1);
            }
            rows += batch.len() as u64;
        }
    }
}

fn section(measured: &[Measured]) -> Section {
    let head = [
        "store",
        "writers",
        "through the store",
        "bare inserts",
        "by",
        "ratio",
        "bare, by a program of ours",
    ];
    let mut table = Table::new(
        "Entries a second, in batches of 100, each batch committed durably",
        &head,
    );
    let mut bars = Vec::new();
    for one in measured {
        let share = ratio(one.through_store, one.bare);
        table.row([
            one.kind.to_string(),
            one.writers.to_string(),
            format!("{:.0}", one.through_store),
            format!("{:.0}", one.bare),
            one.bare_by.to_owned(),
            format!("{:.0} %", share * 100.0),
            one.bare_by_us
                .map_or_else(|| "the same".to_owned(), |rate| format!("{rate:.0} (one writer)")),
        ]);
        let what = format!("{}, {} writers: batched append to bare inserts", one.kind, one.writers);
        bars.push(Bar::at_least(what, 50.0, share * 100.0, " %"));
    }
    Section {
        name: "append".to_owned(),
        title: "batched appends beside bare inserts of the same rows".to_owned(),
        text: vec![
            "Through the store each entry is a settlement: guarded by the lease's number and the version, it moves the work \
             row and appends to the timeline. The bare rows have the same columns, keys and checks, and no trigger, work \
             table or guard. `pgbench` makes its hundred rows inside of the server, so nothing travels to it; the program \
             of ours sends them, as any program must."
                .to_owned(),
        ],
        tables: vec![table],
        bars,
        plots: Vec::new(),
        raw: Value::from_iter(measured.iter().map(|one| {
            json!({
                "store": one.kind,
                "writers": one.writers,
                "through_store_per_s": one.through_store,
                "bare_per_s": one.bare,
                "bare_by": one.bare_by,
                "bare_by_us_per_s": one.bare_by_us,
            })
        })),
        ..Section::default()
    }
}
