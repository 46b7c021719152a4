//! What is reported of the runs.

use serde_json::{Value, json};

use super::{Measured, Run};
use crate::cli::Options;
use crate::place::StoreKind;
use crate::report::{Bar, Plot, Scale, Section, Series, Table};
use crate::sample::{as_f64, ratio};

/// The concurrency at which the bars of a slow marketplace are read.
const AT_CONCURRENCY: usize = 32;

/// The latency at which they are read, in milliseconds.
const AT_LATENCY: u64 = 100;

pub(super) fn section(measured: &Measured, options: &Options) -> Section {
    Section {
        name: "throughput".to_owned(),
        title: "orders a second through the whole workflow over HTTP".to_owned(),
        text: vec![
            "The shipped workflow, client and stores against the sandbox in another process, on a fresh store each time; \
             PostgreSQL with durable commits. The whole run goes from the listing to the last order seen as accepted; from \
             the first OR21 on goes from the first acceptance handed to the client until the last answer was durable. \
             Beside it stand a bare loop of the same HTTP calls at the same number of calls at once (no store, over all \
             cores), and a plain sequential worker: an order's OR21, then its look, each status committed by itself, no \
             call log, no sleep. Workers, sandbox and server share the cores of the machine; what each used of a core \
             stands on the right."
                .to_owned(),
        ],
        tables: vec![runs(measured), methods(measured)],
        bars: bars(measured),
        plots: plots(measured, options),
        raw: json!({
            "runs": Value::from_iter(measured.runs.iter().map(|run| json!({"setting": run.setting, "outcome": run.outcome}))),
            "bare_http": Value::from_iter(measured.bare.iter().map(|bare| json!({
                "latency_ms": bare.latency_ms, "at_once": bare.lanes, "whole_per_s": bare.whole, "window_per_s": bare.window,
            }))),
            "sequential": Value::from_iter(measured.plain.iter().map(|plain| json!({
                "latency_ms": plain.latency_ms, "store": plain.store, "per_s": plain.rate,
            }))),
        }),
        ..Section::default()
    }
}

fn runs(measured: &Measured) -> Table {
    let head = [
        "latency",
        "store",
        "workers × concurrency",
        "orders",
        "orders/s",
        "from first OR21",
        "bare HTTP",
        "from first OR21",
        "ratio",
        "sequential",
        "times that",
        "calls an order",
        "of a core",
    ];
    let mut table = Table::new("Orders a second", &head);
    for Run { setting, outcome } in &measured.runs {
        let bare = measured.bare(setting.latency_ms, setting.lanes());
        let (bare_whole, bare_window) = bare.map_or((0.0, 0.0), |bare| (bare.whole, bare.window));
        let plain = measured
            .plain(setting.latency_ms, setting.store)
            .map_or(0.0, |plain| plain.rate);
        table.row([
            format!("{} ms", setting.latency_ms),
            setting.store.to_string(),
            format!("{} × {}", setting.workers, setting.concurrency),
            outcome.orders.to_string(),
            format!("{:.0}", outcome.rate()),
            format!("{:.0}", outcome.window_rate()),
            format!("{bare_whole:.0}"),
            format!("{bare_window:.0}"),
            format!("{:.0} %", ratio(outcome.window_rate(), bare_window) * 100.0),
            format!("{plain:.1}"),
            format!("{:.1}", ratio(outcome.rate(), plain)),
            format!("{:.3}", outcome.calls_an_order()),
            outcome.cpu_words(),
        ]);
    }
    table
}

/// Where the time of the fastest run on each store went, by the methods of the ports.
fn methods(measured: &Measured) -> Table {
    let head = [
        "store",
        "method",
        "calls",
        "of orders",
        "together, ms",
        "a call, ms",
        "the longest, ms",
    ];
    let mut table = Table::new(
        "The ports' methods in the fastest run on each store (calls at once count each)",
        &head,
    );
    for store in [StoreKind::Postgres, StoreKind::Sqlite] {
        let Some(run) = fastest(measured, 0, store) else {
            continue;
        };
        for (name, times) in &run.outcome.methods {
            table.row([
                store.to_string(),
                name.clone(),
                times.calls.to_string(),
                times.items.to_string(),
                format!("{:.0}", times.total_ms),
                format!("{:.2}", ratio(times.total_ms, as_f64(times.calls))),
                format!("{:.1}", times.max_ms),
            ]);
        }
    }
    table
}

fn fastest(measured: &Measured, latency_ms: u64, store: StoreKind) -> Option<&Run> {
    let of_these = |run: &&Run| run.setting.latency_ms == latency_ms && run.setting.store == store;
    let runs = measured.runs.iter().filter(of_these);
    runs.max_by(|one, other| one.outcome.rate().total_cmp(&other.outcome.rate()))
}

fn bars(measured: &Measured) -> Vec<Bar> {
    let mut bars = Vec::new();
    for store in [StoreKind::Postgres, StoreKind::Sqlite] {
        if let Some(Run { setting, outcome }) = fastest(measured, 0, store) {
            let what = format!(
                "{store}, marketplace at 0 ms, {} orders, {} × {}: whole run",
                outcome.orders, setting.workers, setting.concurrency
            );
            bars.push(Bar::at_least(format!("{what}, orders/s"), 2000.0, outcome.rate(), ""));
            let plain = measured.plain(0, store).map_or(0.0, |plain| plain.rate);
            bars.push(Bar::at_least(
                format!("{what}, to the sequential worker"),
                3.0,
                ratio(outcome.rate(), plain),
                " ×",
            ));
        }
        let slow = measured.runs.iter().find(|Run { setting, .. }| {
            setting.latency_ms == AT_LATENCY
                && setting.store == store
                && setting.workers == 1
                && setting.concurrency == AT_CONCURRENCY
        });
        if let Some(Run { setting, outcome }) = slow {
            let what = format!(
                "{store}, marketplace at {AT_LATENCY} ms, concurrency {AT_CONCURRENCY}, {} orders",
                outcome.orders
            );
            let possible = as_f64(AT_CONCURRENCY as u64) * 1000.0 / as_f64(AT_LATENCY);
            let share = ratio(outcome.window_rate(), possible) * 100.0;
            bars.push(Bar::at_least(
                format!("{what}: to {possible:.0} orders/s"),
                90.0,
                share,
                " %",
            ));
            let plain = measured.plain(AT_LATENCY, store).map_or(0.0, |plain| plain.rate);
            bars.push(Bar::at_least(
                format!("{what}: to the sequential worker"),
                50.0,
                ratio(outcome.window_rate(), plain),
                " ×",
            ));
            let bare = measured
                .bare(AT_LATENCY, setting.lanes())
                .map_or(0.0, |bare| bare.window);
            let share = ratio(outcome.window_rate(), bare) * 100.0;
            bars.push(Bar::at_least(
                format!("{what}: to a bare loop of the same calls"),
                85.0,
                share,
                " %",
            ));
        }
    }
    bars
}

fn plots(measured: &Measured, options: &Options) -> Vec<Plot> {
    let plot = |name: &str, x: &str, chosen: fn(&Run) -> bool, along: fn(&Run) -> usize| {
        let mut series = Vec::new();
        for latency_ms in &options.latency {
            for store in &options.stores {
                let runs = measured
                    .runs
                    .iter()
                    .filter(|run| run.setting.latency_ms == *latency_ms && run.setting.store == *store && chosen(run));
                let mut points: Vec<_> = runs
                    .map(|run| (as_f64(along(run) as u64), run.outcome.rate()))
                    .collect();
                points.sort_by(|one, other| one.0.total_cmp(&other.0));
                series.push(Series {
                    name: format!("{store}, {latency_ms} ms"),
                    points,
                });
            }
        }
        Plot {
            file: format!("{name}.svg"),
            title: format!("Orders a second against {name}"),
            x: x.to_owned(),
            y: "orders a second, whole run".to_owned(),
            scales: (Scale::Linear, Scale::Powers),
            series,
        }
    };
    vec![
        plot(
            "concurrency",
            "acceptances under way in one worker",
            |run| run.setting.workers == 1,
            |run| run.setting.concurrency,
        ),
        plot(
            "workers",
            "workers with a concurrency of 16",
            |run| run.setting.concurrency == 16,
            |run| run.setting.workers,
        ),
    ]
}
