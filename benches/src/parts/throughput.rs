//! The whole workflow over HTTP, beside a bare loop of the same calls and a plain sequential worker.

mod plan;
mod tell;

use anyhow::Result;

use super::Context;
use super::workload::{self, Outcome, Workload};
use crate::child::Marketplace;
use crate::limits::{bare_http, sequential};
use crate::place::{Place, StoreKind};
use crate::progress::tell as progress;
use crate::report::Section;
use crate::sample::per_second;

use plan::{Setting, settings};

/// A bare loop's orders a second.
#[derive(Debug, Clone, Copy)]
struct Bare {
    latency_ms: u64,
    lanes: usize,
    whole: f64,
    window: f64,
}

/// A sequential worker's orders a second.
#[derive(Debug, Clone, Copy)]
struct Plain {
    latency_ms: u64,
    store: StoreKind,
    rate: f64,
}

/// A run of the workflow.
#[derive(Debug)]
struct Run {
    setting: Setting,
    outcome: Outcome,
}

/// Everything that was measured.
#[derive(Debug, Default)]
struct Measured {
    bare: Vec<Bare>,
    plain: Vec<Plain>,
    runs: Vec<Run>,
}

impl Measured {
    fn bare(&self, latency_ms: u64, lanes: usize) -> Option<&Bare> {
        let same = |bare: &&Bare| bare.latency_ms == latency_ms && bare.lanes == lanes;
        self.bare.iter().find(same)
    }

    fn plain(&self, latency_ms: u64, store: StoreKind) -> Option<&Plain> {
        let same = |plain: &&Plain| plain.latency_ms == latency_ms && plain.store == store;
        self.plain.iter().find(same)
    }
}

pub(super) async fn measure(context: &Context) -> Result<Section> {
    let mut measured = Measured::default();
    let options = &context.options;
    for latency_ms in options.latency.iter().copied() {
        for store in options.stores.iter().copied() {
            measured.plain.push(measure_plain(context, latency_ms, store).await?);
        }
    }
    for setting in settings(options) {
        let lanes = setting.lanes();
        if measured.bare(setting.latency_ms, lanes).is_none() {
            measured
                .bare
                .push(measure_bare(context, setting.latency_ms, lanes).await?);
        }
        let outcome = measure_run(context, setting).await?;
        measured.runs.push(Run { setting, outcome });
    }
    Ok(tell::section(&measured, options))
}

async fn measure_plain(context: &Context, latency_ms: u64, store: StoreKind) -> Result<Plain> {
    let orders = plan::orders_of_plain(&context.options, latency_ms);
    let marketplace = Marketplace::start(orders, latency_ms).await?;
    let place = Place::empty(store, &context.servers).await?;
    let done = sequential::run(&marketplace, &place).await?;
    marketplace.stop().await?;
    place.remove().await?;
    let rate = per_second(done.orders, done.whole);
    progress(format_args!(
        "{latency_ms} ms, {store}, plain sequential worker: {rate:.1} orders/s"
    ));
    Ok(Plain {
        latency_ms,
        store,
        rate,
    })
}

async fn measure_bare(context: &Context, latency_ms: u64, lanes: usize) -> Result<Bare> {
    let orders = plan::orders_of(&context.options, latency_ms, lanes);
    let marketplace = Marketplace::start(orders, latency_ms).await?;
    let done = bare_http::run(&marketplace, lanes).await?;
    marketplace.stop().await?;
    let bare = Bare {
        latency_ms,
        lanes,
        whole: per_second(done.orders, done.whole),
        window: per_second(done.orders, done.window),
    };
    progress(format_args!(
        "{latency_ms} ms, {lanes} at once, bare HTTP: {:.0} orders/s, {:.0} from the first OR21 on",
        bare.whole, bare.window
    ));
    Ok(bare)
}

async fn measure_run(context: &Context, setting: Setting) -> Result<Outcome> {
    let orders = plan::orders_of(&context.options, setting.latency_ms, setting.lanes());
    let marketplace = Marketplace::start(orders, setting.latency_ms).await?;
    let workload = Workload {
        store: setting.store,
        workers: setting.workers,
        processes: context.options.processes,
        concurrency: setting.concurrency,
        poll_ms: context.options.poll,
    };
    let outcome = workload::run(context, &marketplace, workload, orders).await?;
    marketplace.stop().await?;
    progress(format_args!(
        "{} ms, {}, {} workers × {}: {:.0} orders/s, {:.0} from the first OR21 on, {:.3} calls an order; {}",
        setting.latency_ms,
        setting.store,
        setting.workers,
        setting.concurrency,
        outcome.rate(),
        outcome.window_rate(),
        outcome.calls_an_order(),
        outcome.cpu_words()
    ));
    Ok(outcome)
}
