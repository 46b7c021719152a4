//! The command line: what to measure, at which sizes, and where the report goes.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;

use crate::child::{serve_sandbox, serve_worker};
use crate::machine::{self, Machine};
use crate::parts::{self, Context};
use crate::place::{Servers, StoreKind};
use crate::progress::tell;
use crate::report::Report;

/// Measures Ackord on this machine, each figure beside its limit, and writes a report: tables, raw figures, plots.
///
/// It prepares everything itself: a throwaway PostgreSQL server with durable settings (PostgreSQL's programs have to be
/// installed), SQLite files, and a sandbox for the marketplace in another process.
#[derive(Debug, Parser)]
#[command(name = "ackord-bench", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    child: Option<Child>,
    #[command(flatten)]
    options: Options,
}

/// Processes that the program starts for itself.
#[derive(Debug, Subcommand)]
enum Child {
    /// The marketplace
    #[command(name = "child-sandbox", hide = true)]
    Sandbox,
    /// Workers
    #[command(name = "child-worker", hide = true)]
    Worker,
}

/// A part of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Claims of 100 orders beside histories of growing size
    Claim,
    /// Batched appends of entries beside bare inserts
    Append,
    /// The whole workflow over HTTP, at several latencies, concurrencies and numbers of workers
    Throughput,
    /// Marketplace calls an order
    Calls,
    /// Resident memory by the number of orders waiting
    Memory,
    /// The start of the `ackord` program
    Startup,
    /// Claims while a transaction is left idle and the work table churns
    Churn,
}

/// What to measure.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub struct Options {
    /// What to measure: one or more parts, or `all`
    #[arg(value_name = "PART", default_value = "all", value_parser = part_or_all)]
    pub parts: Vec<PartOrAll>,
    /// Tiny sizes everywhere: to see that it works, not to measure
    #[arg(long)]
    pub quick: bool,
    /// The report's directory
    #[arg(long, value_name = "PATH", default_value = "bench-report")]
    pub out: PathBuf,
    /// The stores
    #[arg(long, value_name = "STORE", value_delimiter = ',', default_values = ["postgres", "sqlite"])]
    pub stores: Vec<StoreKind>,
    /// claim: the histories' sizes in entries, ascending
    #[arg(long, value_name = "ENTRIES", value_delimiter = ',', default_values_t = [10_000, 1_000_000, 10_000_000])]
    pub history: Vec<u64>,
    /// claim: how many claims are timed at each size
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    pub rounds: u64,
    /// append: how long each way of appending is measured, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub seconds: u64,
    /// throughput: orders of a run; slower runs take fewer, so that none takes much longer than half a minute
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    pub orders: u64,
    /// throughput: latencies of the marketplace in milliseconds
    #[arg(long, value_name = "MS", value_delimiter = ',', default_values_t = [0, 20, 100])]
    pub latency: Vec<u64>,
    /// throughput: how many acceptances a worker has under way
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', default_values_t = [1, 4, 16, 32, 64])]
    pub concurrency: Vec<usize>,
    /// throughput: how many workers share the store, each with a concurrency of 16
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', default_values_t = [1, 2, 4, 8])]
    pub workers: Vec<usize>,
    /// throughput: each worker in a process of its own
    #[arg(long)]
    pub processes: bool,
    /// throughput: the poll interval in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub poll: u64,
    /// How many connections each worker has to PostgreSQL
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub connections: u32,
    /// memory: how many orders wait, ascending
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', default_values_t = [10_000, 100_000])]
    pub waiting: Vec<u64>,
    /// churn: how long the transaction is left idle, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 30.0)]
    pub minutes: f64,
    /// churn: how many orders are taken in and settled in a second, at the most
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    pub churn: u64,
    /// startup: the `ackord` program [default: the one beside this program; it is built where it is missing, but for a quick run]
    #[arg(long, value_name = "PATH")]
    pub ackord: Option<PathBuf>,
    /// The commit that is measured, for the report
    #[arg(long, value_name = "COMMIT")]
    pub commit: Option<String>,
}

/// One part or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PartOrAll {
    /// One part.
    One(Part),
    /// All parts.
    All,
}

fn part_or_all(text: &str) -> Result<PartOrAll, String> {
    if text == "all" {
        return Ok(PartOrAll::All);
    }
    let names: Vec<String> = Part::value_variants()
        .iter()
        .filter_map(|part| Some(part.to_possible_value()?.get_name().to_owned()))
        .collect();
    Part::from_str(text, false)
        .map(PartOrAll::One)
        .map_err(|_| format!("parts are {} and all", names.join(", ")))
}

impl Options {
    /// The parts, each once, in the order in which they are measured.
    #[must_use]
    pub fn chosen(&self) -> Vec<Part> {
        let wanted = |part: &&Part| {
            self.parts
                .iter()
                .any(|asked| matches!(asked, PartOrAll::All) || *asked == PartOrAll::One(**part))
        };
        Part::value_variants().iter().filter(wanted).copied().collect()
    }

    /// The same with tiny sizes, where that was asked for.
    fn sized(mut self) -> Self {
        if self.quick {
            self.history = vec![450, 900];
            self.rounds = 5;
            self.seconds = 1;
            self.orders = 120;
            self.latency = vec![2];
            self.concurrency = vec![16];
            self.workers = vec![1, 2];
            self.waiting = vec![100, 200];
            self.minutes = 0.03;
            self.churn = 5000;
        }
        self
    }
}

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(format_args!("there is no runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match cli.child {
            Some(Child::Sandbox) => serve_sandbox().await,
            Some(Child::Worker) => serve_worker().await,
            None => measure(cli.options.sized()).await,
        }
    });
    // What is still waited for (a line from a parent that is gone) must not keep the process.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: Options) -> Result<()> {
    let mut report = Report::new(options.out.clone(), Machine::ask(options.commit.clone()))?;
    let chosen = options.chosen();
    let context = Context {
        options,
        servers: Servers::default(),
    };
    for part in chosen {
        tell(format_args!("{part:?} begins"));
        let load_before = machine::load();
        let mut section = tokio::select! {
            section = parts::measure(part, &context) => section.with_context(|| format!("{part:?} was not measured"))?,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                tell("interrupted: the report holds the parts before this one");
                return Ok(());
            }
        };
        section.load_before = load_before;
        report.machine().postgres = context.servers.facts().await?;
        report.add(section)?;
    }
    tell(format_args!("the report is in {}", context.options.out.display()));
    Ok(())
}
