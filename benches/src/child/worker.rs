//! Workers in processes of their own: the shipped workflow, client and stores.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ackord::ports::Store;
use ackord::settings::Settings;
use ackord::work::Phase;
use ackord::workflow::{AcceptanceWorkflow, Ports, RunOptions, RunReport};
use ackord_bestbuy::{BestBuyClient, ClientPorts, ClientSettings};
use ackord_system::{SystemClock, SystemRandom};
use anyhow::{Result, bail};
use futures_util::future::try_join_all;

use super::job::{RunFigures, WorkerJob, WorkerResult};
use super::timed_marketplace::TimedMarketplace;
use super::timed_store::TimedStore;
use super::{Process, Times, answer, input, read};
use crate::process::{cpu_seconds, own_memory};
use crate::sample::millis;

/// The command that [`serve_worker`] answers to.
pub(crate) const COMMAND: &str = "child-worker";

/// What has not come to its end.
const UNDONE: [Phase; 5] = [
    Phase::Ready,
    Phase::Sending,
    Phase::Validating,
    Phase::Retry,
    Phase::Unfiled,
];

/// The most runs of one worker that may be halted before it gives up.
const MOST_HALTS: usize = 20;

/// Worker processes that are ready to go.
#[derive(Debug)]
pub struct Workers {
    processes: Vec<Process>,
}

impl Workers {
    /// Starts a process for each job; they open their stores and wait.
    ///
    /// # Errors
    /// Where one does not start, or can't open its store.
    pub async fn start(jobs: &[WorkerJob]) -> Result<Self> {
        let mut processes = Vec::new();
        for job in jobs {
            let mut process = Process::start(COMMAND, job).await?;
            let _ready: bool = process.hear().await?;
            processes.push(process);
        }
        Ok(Self { processes })
    }

    /// Lets them go, and waits until all are done.
    ///
    /// # Errors
    /// Where one ended without a result.
    pub async fn go(self) -> Result<Vec<WorkerResult>> {
        let mut processes = self.processes;
        for process in &mut processes {
            process.say("go").await?;
        }
        let mut results = Vec::new();
        for mut process in processes {
            results.push(process.hear().await?);
            process.end().await?;
        }
        Ok(results)
    }
}

/// The other side: opens its stores, waits for the word, runs until nothing is left to do, and tells what it did.
///
/// # Errors
/// A job that can't be read, a store that can't be opened, or work that comes to no end.
pub async fn serve_worker() -> Result<()> {
    let mut input = input();
    let job: WorkerJob = read(&mut input).await?;
    let times = Arc::new(Times::default());
    let mut workers = Vec::new();
    for number in 1..=job.workers {
        workers.push(Worker::open(&job, number, &times).await?);
    }
    answer(&true).await?;
    if input.next_line().await?.is_none() {
        return Ok(());
    }

    let pid = std::process::id();
    let cpu_before = cpu_seconds(pid);
    let begun = Instant::now();
    let work = workers.into_iter().map(|worker| tokio::spawn(worker.work()));
    let done: Vec<Result<RunFigures>> = try_join_all(work).await?;
    let wall_ms = millis(begun.elapsed());
    let mut runs = RunFigures::default();
    for figures in done {
        runs.add(figures?);
    }
    let (first_sent_us, last_durable_us) = times.window();
    answer(&WorkerResult {
        wall_ms,
        runs,
        first_sent_us,
        last_durable_us,
        methods: times.methods(),
        memory: own_memory(),
        cpu_s: cpu_seconds(pid).zip(cpu_before).map(|(after, before)| after - before),
    })
    .await
}

struct Worker {
    workflow: AcceptanceWorkflow,
    store: Arc<dyn Store>,
}

impl Worker {
    async fn open(job: &WorkerJob, number: usize, times: &Arc<Times>) -> Result<Self> {
        let store: Arc<dyn Store> = Arc::new(TimedStore {
            store: job.store.open(job.connections).await?,
            times: Arc::clone(times),
        });
        let client = ClientSettings::builder(&job.marketplace, job.key.as_str().into()).build()?;
        let ports = ClientPorts {
            call_log: Arc::clone(&store) as _,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandom::new()),
            budget: None,
        };
        let ports = Ports {
            store: Arc::clone(&store),
            marketplace: Arc::new(TimedMarketplace {
                marketplace: Arc::new(BestBuyClient::new(client, ports)?),
                times: Arc::clone(times),
            }),
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandom::new()),
        };
        let settings = Settings {
            concurrency: job.concurrency,
            poll_interval: Duration::from_millis(job.poll_ms),
            ..Settings::default()
        };
        let workflow = AcceptanceWorkflow::new(ports, settings, format!("{}-{number}", job.name))?;
        Ok(Self { workflow, store })
    }

    /// Runs until nothing is left to do, for any worker.
    async fn work(self) -> Result<RunFigures> {
        let mut figures = RunFigures::default();
        loop {
            let report = self.workflow.run(&RunOptions::default(), &()).await;
            let halted = report.halt.is_some();
            figures.count(&report);
            if figures.halts.len() >= MOST_HALTS {
                bail!("runs were halted again and again: {:?}", figures.halts);
            }
            if !halted && self.store.count(&UNDONE).await? == 0 {
                return Ok(figures);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl RunFigures {
    fn count(&mut self, report: &RunReport) {
        self.add(Self {
            runs: 1,
            ingested: report.ingested,
            accepted: report.accepted,
            sends: report.calls.sends,
            reads: report.calls.reads,
            lost_to_others: report.lost_to_others,
            halts: report.halt.iter().map(|halt| format!("{halt}: {halt:?}")).collect(),
        });
    }

    /// Adds the sums of others.
    pub fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.ingested += other.ingested;
        self.accepted += other.accepted;
        self.sends += other.sends;
        self.reads += other.reads;
        self.lost_to_others += other.lost_to_others;
        self.halts.extend(other.halts);
    }
}
