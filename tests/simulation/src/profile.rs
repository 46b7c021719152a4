//! What a seed is like: the settings of its fleet, how much goes wrong, and how far outside of the rules.

use std::time::Duration;

use ackord::retry::RetryPolicy;
use ackord::settings::Settings;

use crate::rng::Rng;
use crate::times::{MINUTE, SECOND};

/// The circumstances of one seed.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    /// Everything stays within what the settings allow: clocks within a thousandth, effects within the call timeout, reads
    /// within the staleness, nobody frozen inside a send, no jump of the store's clock. Then not one acceptance may even
    /// arrive at an order on which one of ours took effect.
    pub(crate) strict: bool,
    /// Reads may be older than the settings say: promise 3 is not asked for then.
    pub(crate) beyond_staleness: bool,
    /// The store's clock jumps.
    pub(crate) store_jumps: bool,
    /// By how many parts in a million a worker's clock may be too fast or too slow.
    pub(crate) skew_ppm: u64,
    pub(crate) settings: Settings,
    pub(crate) workers: usize,
    pub(crate) orders: usize,
    pub(crate) page_size: usize,
    /// How long faults happen.
    pub(crate) storm: u64,
    /// Each of these strikes once in so many calls; 0 for never.
    pub(crate) store_faults: u64,
    pub(crate) send_faults: u64,
    pub(crate) read_faults: u64,
    pub(crate) damages: u64,
    pub(crate) stale_reads: u64,
    /// Somebody acts once in so many steps.
    pub(crate) acts: u64,
    /// The longest pause between two runs of a worker.
    pub(crate) rest: u64,
    /// One in so many runs reconciles; 0 for none.
    pub(crate) reconciles: u64,
}

impl Profile {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let strict = rng.below(5) < 3;
        Self {
            strict,
            beyond_staleness: !strict && rng.once_in(3),
            store_jumps: !strict && rng.once_in(2),
            skew_ppm: if strict { 1_000 } else { rng.pick(&[1_000, 50_000]) },
            settings: {
                let settings = settings(rng);
                with_budget(rng, settings)
            },
            workers: rng.pick(&[3, 3, 3, 4, 5]),
            orders: usize::try_from(rng.between(20, 30)).unwrap_or(20),
            page_size: rng.pick(&[3, 7, 10, 100]),
            storm: rng.pick(&[3, 10, 30]) * MINUTE,
            store_faults: rng.pick(&[0, 200, 60, 25, 25]),
            send_faults: rng.pick(&[0, 8, 3, 2, 2]),
            read_faults: rng.pick(&[0, 30, 10, 5]),
            damages: rng.pick(&[0, 60, 20, 8]),
            stale_reads: rng.pick(&[0, 10, 3, 1]),
            acts: rng.pick(&[0, 200, 80, 40, 40]),
            rest: rng.pick(&[2, 20, 90]) * SECOND,
            reconciles: rng.pick(&[0, 50, 15]),
        }
    }
}

fn settings(rng: &mut Rng) -> Settings {
    let seconds = Duration::from_secs;
    let call_timeout = seconds(rng.pick(&[10, 10, 4]));
    let lease_margin = seconds(rng.pick(&[2, 2, 1]));
    let least = call_timeout + 3 * lease_margin;
    let read_staleness = seconds(rng.pick(&[5, 5, 0, 20]));
    Settings {
        call_timeout,
        lease: least + seconds(rng.pick(&[4, 4, 0, 20])),
        lease_margin,
        poll_interval: seconds(rng.pick(&[60, 60, 15, 5, 1, 0])),
        validation_attempts: rng.pick(&[5, 5, 3, 1]),
        retry: RetryPolicy {
            base: seconds(rng.pick(&[60, 10, 1])),
            cap: seconds(900),
            attempts: rng.pick(&[5, 5, 3, 1]),
        },
        debit_grace: seconds(rng.pick(&[72 * 3600, 600])),
        concurrency: rng.pick(&[16, 4, 2, 1]),
        read_staleness,
        look_freshness: seconds(rng.pick(&[60, 20])),
        slow_look_interval: seconds(rng.pick(&[3600, 300])),
        breaker_threshold: rng.pick(&[5, 5, 2, 1000]),
        patience: seconds(rng.pick(&[60, 5])),
        default_pause: seconds(rng.pick(&[60, 10])),
        batch: rng.pick(&[100, 10, 3, 1]),
        ..Settings::default()
    }
}

/// Mostly no budget of calls; otherwise one that is short now and then, or again and again.
fn with_budget(rng: &mut Rng, settings: Settings) -> Settings {
    let (calls_per_hour, call_burst) = rng.pick(&[
        (None, None),
        (None, None),
        (None, None),
        (Some(2_000), None),
        (Some(600), Some(20)),
        (Some(300), Some(3)),
    ]);
    Settings {
        calls_per_hour,
        call_burst,
        ..settings
    }
}
