//! Marketplace calls an order: a thousand wait, and the marketplace moves them by the first or by the second look.

use ackord_sandbox::{OrderSeed, Pace};
use anyhow::Result;
use serde_json::{Value, json};

use super::Context;
use super::workload::{self, Outcome, Workload};
use crate::child::Marketplace;
use crate::place::StoreKind;
use crate::progress::tell;
use crate::report::{Bar, Section, Table};

/// How many orders wait.
const WAITING: u64 = 1000;

/// The poll interval: as with the real marketplace, longer than it takes to send a thousand acceptances.
const POLL_MS: u64 = 5000;

/// The number that is asked for.
const MOST: f64 = 1.03;

/// After how many looks in `WAITING_ACCEPTANCE` an accepted order shows as accepted.
const STALE_LOOKS: [u32; 2] = [0, 1];

struct Measured {
    store: StoreKind,
    stale_looks: u32,
    outcome: Outcome,
}

pub(super) async fn measure(context: &Context) -> Result<Section> {
    let (waiting, poll_ms) = if context.options.quick {
        (100, 200)
    } else {
        (WAITING, POLL_MS)
    };
    let mut measured = Vec::new();
    for store in context.options.stores.iter().copied() {
        for stale_looks in STALE_LOOKS {
            let marketplace = Marketplace::start_seeded(seeds(waiting, stale_looks)).await?;
            let workload = Workload {
                store,
                workers: 1,
                processes: false,
                concurrency: 16,
                poll_ms,
            };
            let outcome = workload::run(context, &marketplace, workload, waiting).await?;
            marketplace.stop().await?;
            tell(format_args!(
                "{store}, moved by look {}: {:.3} calls an order",
                stale_looks + 1,
                outcome.calls_an_order()
            ));
            measured.push(Measured {
                store,
                stale_looks,
                outcome,
            });
        }
    }
    Ok(section(&measured, poll_ms))
}

fn seeds(waiting: u64, stale_looks: u32) -> Vec<OrderSeed> {
    let seed = |number: u64| {
        let seed = OrderSeed::plain(format!("CALLS-{number:06}"));
        match stale_looks {
            0 => seed,
            looks => seed.reads_waiting(Pace::Looks(looks)),
        }
    };
    (1..=waiting).map(seed).collect()
}

fn section(measured: &[Measured], poll_ms: u64) -> Section {
    let head = [
        "store",
        "orders",
        "moved by",
        "acceptances",
        "pages and looks",
        "calls an order",
    ];
    let mut table = Table::new("Marketplace calls, by the call log", &head);
    let mut bars = Vec::new();
    for one in measured {
        let outcome = &one.outcome;
        table.row([
            one.store.to_string(),
            outcome.orders.to_string(),
            format!("look {}", one.stale_looks + 1),
            outcome.runs.sends.to_string(),
            outcome.calls.saturating_sub(outcome.runs.sends).to_string(),
            format!("{:.3}", outcome.calls_an_order()),
        ]);
        let what = format!(
            "{}: calls an order, {} waiting, moved by look {}",
            one.store,
            outcome.orders,
            one.stale_looks + 1
        );
        bars.push(Bar {
            figure: format!("{:.3}", outcome.calls_an_order()),
            ..Bar::at_most(what, MOST, outcome.calls_an_order(), "")
        });
    }
    Section {
        name: "calls".to_owned(),
        title: "marketplace calls an order".to_owned(),
        text: vec![format!(
            "One run of one worker with the default concurrency and a poll interval of {poll_ms} ms, which like the real \
             minute is longer than the sending takes. An order moved by the second look is still shown as waiting by the \
             first after its acceptance."
        )],
        tables: vec![table],
        bars,
        plots: Vec::new(),
        raw: Value::from_iter(
            measured
                .iter()
                .map(|one| json!({"store": one.store, "stale_looks": one.stale_looks, "outcome": one.outcome})),
        ),
        ..Section::default()
    }
}
