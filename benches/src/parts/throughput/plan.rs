//! Which settings are measured, and with how many orders.

use serde::Serialize;

use crate::cli::Options;
use crate::place::StoreKind;

/// How long a run may take, about, in seconds.
const SECONDS: u64 = 25;

/// How long a sequential worker may take, about, in seconds.
const SEQUENTIAL_SECONDS: u64 = 10;

/// The concurrency of each of several workers: the default.
const CONCURRENCY: usize = 16;

/// How long a call takes besides the marketplace's latency, about, in milliseconds. It only bounds the number of orders.
const CALL_MS: u64 = 1;

/// One setting of the workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Setting {
    pub(super) latency_ms: u64,
    pub(super) store: StoreKind,
    pub(super) workers: usize,
    pub(super) concurrency: usize,
}

impl Setting {
    /// How many calls are under way at once over all workers.
    pub(super) fn lanes(self) -> usize {
        self.workers * self.concurrency
    }
}

/// At each latency and on each store: one worker at each concurrency, then several at the default one.
pub(super) fn settings(options: &Options) -> Vec<Setting> {
    let mut settings = Vec::new();
    for latency_ms in options.latency.iter().copied() {
        for store in options.stores.iter().copied() {
            let alone = options.concurrency.iter().map(|concurrency| (1, *concurrency));
            let several = options.workers.iter().map(|workers| (*workers, CONCURRENCY));
            for (workers, concurrency) in alone.chain(several) {
                let setting = Setting {
                    latency_ms,
                    store,
                    workers,
                    concurrency,
                };
                if !settings.contains(&setting) {
                    settings.push(setting);
                }
            }
        }
    }
    settings
}

/// How many orders a sequential worker gets: two calls and three commits each, one after another.
pub(super) fn orders_of_plain(options: &Options, latency_ms: u64) -> u64 {
    let fit = SEQUENTIAL_SECONDS * 1000 / (2 * latency_ms + 5 * CALL_MS);
    options.orders.min(fit.max(100))
}

/// How many orders a run gets: those that were asked for, or as many as fit into the time at so many calls at once.
pub(super) fn orders_of(options: &Options, latency_ms: u64, lanes: usize) -> u64 {
    let fit = SECONDS * 1000 * lanes as u64 / (latency_ms + CALL_MS);
    // At least a page.
    options.orders.min(fit.max(100))
}
