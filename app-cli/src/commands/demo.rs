//! `ackord demo`: the sandbox in this process, orders of every kind, the workflow over them, and what became of each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ackord::ports::{OrderFilter, OrderSummary};
use ackord::time::until;
use ackord::work::Phase;
use ackord::workflow::RunOptions;
use ackord::{OrderId, Settings, Timestamp};
use ackord_sandbox::{DemoScenario, Sandbox, SandboxHandle, demo_set};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::Context;
use super::demo_report::{Judged, table};
use super::run::summary;
use super::sandbox::shell_word;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::render::{json, style};
use crate::report_error;
use crate::settings::{Config, KeySource, SettingFlags, StoreFlag};
use crate::wiring::{self, OpenStore};

/// The most runs, and the longest, until everything must have settled.
const RUNS: u32 = 25;
const PATIENCE: Duration = Duration::from_secs(50);

/// Arguments of `ackord demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The store to fill [default: a SQLite file of its own, which is kept]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// The seed of everything that is left to chance
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// Print what became of each order as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Shows the workflow at work. It ends well only if every order ended as it must, by our record and by the sandbox's ledger.
///
/// # Errors
/// Where the sandbox or the store can't be started.
pub async fn demo(args: &DemoArgs, context: &Context<'_>) -> Result<Exit> {
    let streams = context.streams;
    let set = demo_set();
    let sandbox = Sandbox::builder()
        .seed(args.seed)
        .orders(set.orders)
        .faults(set.faults)
        .start()
        .await?;
    let config = config(args, &sandbox)?;
    let store = wiring::open_for_work(&config, context).await?;
    if !all_orders(store.as_ref(), 1).await?.is_empty() {
        // Orders of another shop would be looked for in the sandbox, and not found.
        bail!("{} holds orders already; the demo wants an empty store", config.store);
    }
    if !context.quiet {
        let orders = set.scenarios.len();
        streams.err.line(&format!(
            "a marketplace with {orders} orders of many kinds listens on {}",
            sandbox.url()
        ));
        streams.err.line(&format!("the record is kept in {}\n", config.store));
    }
    run_until_settled(&config, &store, context).await?;
    let judged = judge(&set.scenarios, store.as_ref(), &sandbox).await?;
    store.close().await;
    let ledger = sandbox.ledger();
    let calls = ledger.calls_total();
    sandbox.stop().await;

    let as_expected = judged.iter().all(Judged::is_as_expected);
    if args.json {
        let orders: Vec<Value> = judged.iter().map(Judged::to_json).collect();
        let value = json!({
            "as_expected": as_expected,
            "store": config.store.to_string(),
            "calls": calls,
            "orders": orders,
        });
        streams.out.write(&json::pretty(&value))?;
    } else {
        streams
            .out
            .write(&format!("\n{}", table(&judged).render(&streams.out)))?;
        streams.out.write(&legend(&judged, calls, as_expected))?;
        streams.out.write(&where_next(&judged, &config, args, context))?;
    }
    Ok(if as_expected { Exit::Done } else { Exit::Settings })
}

/// Settings for a marketplace in this process: the same workflow, in a hurry. The environment and `ackord.toml` are left aside, so
/// that a demo never touches the real store or marketplace.
fn config(args: &DemoArgs, sandbox: &SandboxHandle) -> Result<Config> {
    let flags = match &args.store {
        Some(url) => StoreFlag {
            store: Some(url.clone()),
        }
        .and(&SettingFlags::default()),
        None => {
            let directory = tempfile::Builder::new()
                .prefix("ackord-demo-")
                .tempdir()
                .context("no directory can be made for the record; name a store with --store")?
                .keep();
            SettingFlags::default().with("store", format!("sqlite:{}", directory.join("demo.db").display()))
        }
    };
    let alone = crate::Environment::in_directory(tempfile::env::temp_dir().join("ackord-demo-has-no-settings"));
    let flags = flags.with("marketplace_url", sandbox.url());
    let (mut config, _) = crate::settings::load(&flags, &alone, None)?;
    config.key = KeySource::Given(sandbox.api_key().into());
    config.workflow = hurried(config.workflow);
    Ok(config)
}

fn hurried(settings: Settings) -> Settings {
    let ms = Duration::from_millis;
    Settings {
        call_timeout: ms(1500),
        lease: ms(4000),
        lease_margin: ms(500),
        poll_interval: ms(250),
        retry: ackord::retry::RetryPolicy {
            base: ms(400),
            cap: ms(1000),
            attempts: settings.retry.attempts,
        },
        read_staleness: ms(0),
        slow_look_interval: ms(1000),
        ..settings
    }
}

async fn run_until_settled(config: &Config, store: &Arc<dyn OpenStore>, context: &Context<'_>) -> Result<()> {
    let workflow = wiring::workflow(config, store)?;
    let began = Instant::now();
    let streams = context.streams;
    for number in 1..=RUNS {
        let progress = Progress::new(&streams.err, context.quiet);
        let report = workflow.run(&RunOptions::default(), &progress).await;
        progress.finish();
        if !context.quiet {
            let summary = summary(&report).trim_end().replace('\n', ", ");
            streams
                .err
                .line(&format!("{} {summary}", style::heading(&format!("run {number}:"))));
        }
        if let Some(halt) = &report.halt {
            report_error::print(&report_error::tell(halt), streams);
        }
        let Some(wait) = time_to_next(store.as_ref()).await? else {
            return Ok(());
        };
        if began.elapsed() + wait > PATIENCE {
            return Ok(());
        }
        tokio::time::sleep(wait).await;
    }
    Ok(())
}

async fn all_orders(store: &dyn OpenStore, limit: usize) -> Result<Vec<OrderSummary>> {
    let filter = OrderFilter {
        status: None,
        since: None,
        after: None,
        limit,
    };
    Ok(store.orders(&filter).await?)
}

/// How long until something is due by itself; `None` once every order is settled or waits for a person.
async fn time_to_next(store: &dyn OpenStore) -> Result<Option<Duration>> {
    let orders = all_orders(store, 1000).await?;
    let now = Timestamp::now();
    let moving = |order: &&OrderSummary| !matches!(order.phase, Some(Phase::Settled | Phase::Review));
    let waits = orders.iter().filter(moving);
    Ok(waits
        .map(|order| order.due_at.map_or(Duration::ZERO, |due| until(now, due)))
        .min()
        .map(|wait| wait + Duration::from_millis(50)))
}

async fn judge(scenarios: &[DemoScenario], store: &dyn OpenStore, sandbox: &SandboxHandle) -> Result<Vec<Judged>> {
    let ledger = sandbox.ledger();
    let mut judged = Vec::new();
    for scenario in scenarios {
        let story = store.story(&OrderId::new(scenario.order_id)?).await?;
        judged.push(Judged::new(*scenario, story, &ledger));
    }
    Ok(judged)
}

fn legend(judged: &[Judged], calls: u64, as_expected: bool) -> String {
    let verdict = if as_expected {
        style::good(&format!("All {} orders ended as they must.", judged.len()))
    } else {
        let count = judged.iter().filter(|order| !order.is_as_expected()).count();
        style::bad(&format!("{count} of {} orders did not end as they must.", judged.len()))
    };
    let how_counted = format!(
        "SENT: acceptances that the marketplace received. TOOK: those that took effect, never more than one.\n\
         SEEN: answers in which the order stood. All three are the marketplace's own count, from its ledger;\n\
         {calls} calls in all."
    );
    format!("\n{}\n\n{verdict}\n", style::dim(&how_counted))
}

/// Commands that can be copied.
fn where_next(judged: &[Judged], config: &Config, args: &DemoArgs, context: &Context<'_>) -> String {
    let program = shell_word(context.program);
    let store = args.store.clone().unwrap_or_else(|| config.store.to_string());
    let store = shell_word(&store);
    let storied = judged
        .iter()
        .map(Judged::order_id)
        .find(|id| *id == "DEMO-4001-A")
        .unwrap_or("DEMO-1001-A");
    let mut lines = vec![
        ("the story of one order", format!("orders show {storied}")),
        ("every order", "orders list".to_owned()),
        ("the log of calls", "calls list".to_owned()),
    ];
    if judged.iter().any(Judged::waits_for_person) {
        lines.insert(1, ("what waits for a person", "failures list --open".to_owned()));
    }
    let mut text = format!("\n{}\n", style::heading("Where to look next"));
    for (what, command) in lines {
        text.push_str(&format!(
            "  {}\n    {program} {command} --store {store}\n",
            style::dim(what)
        ));
    }
    text
}
