//! The memory of a worker's process by the number of orders that wait.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Context;
use super::workload::{self, Outcome, Workload};
use crate::child::Marketplace;
use crate::place::StoreKind;
use crate::process::Memory;
use crate::progress::tell;
use crate::report::{Bar, Plot, Scale, Section, Series, Table};
use crate::sample::{as_f64, ratio};

struct Measured {
    store: StoreKind,
    waiting: u64,
    memory: Memory,
    outcome: Outcome,
}

pub(super) async fn measure(context: &Context) -> Result<Section> {
    let mut measured = Vec::new();
    for store in context.options.stores.iter().copied() {
        for waiting in context.options.waiting.iter().copied() {
            let marketplace = Marketplace::start(waiting, 0).await?;
            let workload = Workload {
                store,
                workers: 1,
                processes: false,
                concurrency: 16,
                poll_ms: 0,
            };
            let outcome = workload::run(context, &marketplace, workload, waiting).await?;
            marketplace.stop().await?;
            let memory = outcome.memory.first().copied().flatten();
            let memory = memory.context("this system does not tell the memory of a process")?;
            tell(format_args!(
                "{store}, {waiting} waiting: {:.0} MiB at the most, {:.0} orders/s",
                mib(memory.peak_kib),
                outcome.rate()
            ));
            measured.push(Measured {
                store,
                waiting,
                memory,
                outcome,
            });
        }
    }
    Ok(section(&measured))
}

fn mib(kib: u64) -> f64 {
    as_f64(kib) / 1024.0
}

fn section(measured: &[Measured]) -> Section {
    let head = [
        "store",
        "orders waiting",
        "at the most, MiB",
        "at the end, MiB",
        "orders/s",
    ];
    let mut table = Table::new("Resident memory of the process with one worker", &head);
    let mut bars = Vec::new();
    let mut series = Vec::new();
    for store in [StoreKind::Postgres, StoreKind::Sqlite] {
        let of_store: Vec<&Measured> = measured.iter().filter(|one| one.store == store).collect();
        let (Some(fewest), Some(most)) = (of_store.first(), of_store.last()) else {
            continue;
        };
        for one in &of_store {
            table.row([
                store.to_string(),
                one.waiting.to_string(),
                format!("{:.1}", mib(one.memory.peak_kib)),
                format!("{:.1}", mib(one.memory.now_kib)),
                format!("{:.0}", one.outcome.rate()),
            ]);
        }
        let what = format!("{store}: resident memory, {} orders waiting", most.waiting);
        let growth = ratio(as_f64(most.memory.peak_kib), as_f64(fewest.memory.peak_kib));
        bars.push(Bar::at_most(what.as_str(), 150.0, mib(most.memory.peak_kib), " MiB"));
        bars.push(Bar::at_most(
            format!("{what}, to {}", fewest.waiting),
            1.5,
            growth,
            " ×",
        ));
        series.push(Series {
            name: store.to_string(),
            points: of_store
                .iter()
                .map(|one| (as_f64(one.waiting), mib(one.memory.peak_kib)))
                .collect(),
        });
    }
    Section {
        name: "memory".to_owned(),
        title: "resident memory against orders waiting".to_owned(),
        text: vec![
            "A process with one worker (the default concurrency) takes in and accepts everything that waits; its most \
             resident memory is what the system has booked at its end."
                .to_owned(),
        ],
        tables: vec![table],
        bars,
        plots: vec![Plot {
            file: "memory.svg".to_owned(),
            title: "Resident memory against orders waiting".to_owned(),
            x: "orders waiting".to_owned(),
            y: "MiB at the most".to_owned(),
            scales: (Scale::Linear, Scale::Linear),
            series,
        }],
        raw: Value::from_iter(measured.iter().map(
            |one| json!({"store": one.store, "waiting": one.waiting, "memory": one.memory, "outcome": one.outcome}),
        )),
        ..Section::default()
    }
}
