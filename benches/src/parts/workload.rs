//! One run of the whole workflow: a fresh store, a fresh marketplace in another process, workers in others.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::Context;
use crate::child::{Marketplace, MethodTimes, RunFigures, WorkerJob, WorkerResult, Workers};
use crate::place::{Place, StoreKind};
use crate::process::{Memory, family_cpu_seconds};
use crate::sample::{as_f64, ratio};

/// How the workflow is run.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Workload {
    /// The store.
    pub(super) store: StoreKind,
    /// How many workers share it.
    pub(super) workers: usize,
    /// Whether each is a process of its own.
    pub(super) processes: bool,
    /// How many acceptances each has under way.
    pub(super) concurrency: usize,
    /// The poll interval, in milliseconds.
    pub(super) poll_ms: u64,
}

/// What came of a run.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    /// The orders that it accepted.
    pub(super) orders: u64,
    /// From the word to go until every worker was done, in seconds.
    pub(super) whole_s: f64,
    /// From the first acceptance handed to the client until the last answer was durable, in seconds.
    pub(super) window_s: f64,
    /// From the start of the first acceptance to the end of the last, by the call log, in seconds.
    pub(super) logged_window_s: f64,
    /// Calls on record.
    pub(super) calls: u64,
    /// What the runs told.
    pub(super) runs: RunFigures,
    /// The time that went into each method of the ports.
    pub(super) methods: BTreeMap<String, MethodTimes>,
    /// The memory of each worker process.
    pub(super) memory: Vec<Option<Memory>>,
    /// Processor time in seconds, by who used it.
    pub(super) cpu_s: BTreeMap<&'static str, f64>,
}

impl Outcome {
    /// Orders a second over the whole run.
    pub(super) fn rate(&self) -> f64 {
        ratio(as_f64(self.orders), self.whole_s)
    }

    /// Orders a second from the first acceptance to the last answer durable.
    pub(super) fn window_rate(&self) -> f64 {
        ratio(as_f64(self.orders), self.window_s)
    }

    /// Marketplace calls an order.
    pub(super) fn calls_an_order(&self) -> f64 {
        ratio(as_f64(self.calls), as_f64(self.orders))
    }

    /// The share of one core that each used, in words.
    pub(super) fn cpu_words(&self) -> String {
        let shares = self.cpu_s.iter().map(|(who, seconds)| {
            let share = ratio(*seconds, self.whole_s) * 100.0;
            format!("{who} {share:.0} %")
        });
        shares.collect::<Vec<_>>().join(", ")
    }
}

/// Accepts every order that waits at `marketplace`, in a fresh store; all `orders` of them have to end as accepted.
pub(super) async fn run(
    context: &Context,
    marketplace: &Marketplace,
    workload: Workload,
    orders: u64,
) -> Result<Outcome> {
    let place = Place::new(workload.store, &context.servers).await?;
    let processes = if workload.processes { workload.workers } else { 1 };
    let jobs: Vec<WorkerJob> = (1..=processes)
        .map(|number| WorkerJob {
            store: place.address().clone(),
            marketplace: marketplace.url().to_owned(),
            key: marketplace.key().to_owned(),
            name: format!("bench-{number}"),
            workers: workload.workers / processes,
            concurrency: workload.concurrency,
            connections: context.options.connections,
            poll_ms: workload.poll_ms,
        })
        .collect();
    let workers = Workers::start(&jobs).await?;
    let served_by = (workload.store == StoreKind::Postgres)
        .then(|| context.servers.postmaster())
        .flatten();
    let server_before = served_by.and_then(family_cpu_seconds);
    let market_before = marketplace.cpu_seconds();
    let results = workers.go().await?;
    let server_after = served_by.and_then(family_cpu_seconds);

    let mut cpu_s = BTreeMap::new();
    let mut used = |who, after: Option<f64>, before: Option<f64>| {
        if let (Some(after), Some(before)) = (after, before) {
            cpu_s.insert(who, after - before);
        }
    };
    used("PostgreSQL", server_after, server_before);
    used("sandbox", marketplace.cpu_seconds(), market_before);
    used("workers", results.iter().map(|result| result.cpu_s).sum(), Some(0.0));

    let mut sql = place.sql().await?;
    let accepted = sql
        .number("SELECT count(*) FROM order_work WHERE status = 'accepted'")
        .await?;
    ensure!(
        u64::try_from(accepted)? == orders,
        "{accepted} of {orders} orders were accepted"
    );
    let calls = sql.number("SELECT count(*) FROM api_calls").await?;
    let logged_ms = sql.number(logged_window(workload.store)).await?;
    drop(sql);
    place.remove().await?;
    Ok(outcome(orders, &results, u64::try_from(calls)?, logged_ms, cpu_s))
}

/// From the start of the first acceptance on record to the end of the last, in milliseconds.
fn logged_window(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Postgres => {
            r#"SELECT coalesce(extract(epoch FROM max("timestamp" + duration_ms * interval '1 millisecond') - min("timestamp"))
                * 1000, 0)::bigint FROM api_calls WHERE endpoint = 'OR21'"#
        }
        StoreKind::Sqlite => {
            r#"SELECT CAST(coalesce((max(julianday("timestamp") * 86400000 + duration_ms)
                - min(julianday("timestamp") * 86400000)), 0) AS INTEGER) FROM api_calls WHERE endpoint = 'OR21'"#
        }
    }
}

fn outcome(
    orders: u64,
    results: &[WorkerResult],
    calls: u64,
    logged_ms: i64,
    cpu_s: BTreeMap<&'static str, f64>,
) -> Outcome {
    let mut runs = RunFigures::default();
    let mut methods: BTreeMap<String, MethodTimes> = BTreeMap::new();
    for result in results {
        runs.add(result.runs.clone());
        for (name, times) in &result.methods {
            let sum = methods.entry(name.clone()).or_default();
            sum.calls += times.calls;
            sum.items += times.items;
            sum.total_ms += times.total_ms;
            sum.max_ms = sum.max_ms.max(times.max_ms);
        }
    }
    let first = results.iter().filter_map(|result| result.first_sent_us).min();
    let last = results.iter().filter_map(|result| result.last_durable_us).max();
    let window_us = first.zip(last).map_or(0, |(first, last)| last - first);
    let seconds = |millis: i64| as_f64(u64::try_from(millis).unwrap_or(0)) / 1000.0;
    Outcome {
        orders,
        whole_s: results.iter().map(|result| result.wall_ms).fold(0.0, f64::max) / 1000.0,
        window_s: seconds(window_us) / 1000.0,
        logged_window_s: seconds(logged_ms),
        calls,
        runs,
        methods,
        memory: results.iter().map(|result| result.memory).collect(),
        cpu_s,
    }
}
