//! The worker's work: the shipped parts wired together, run after run.

use std::sync::Arc;
use std::time::Duration;

use ackord::ports::{SharedBudget, Store, StoreError};
use ackord::settings::InvalidSetting;
use ackord::work::Phase;
use ackord::workflow::{AcceptanceWorkflow, Ports, RunOptions, RunReport, StopSignal};
use ackord_bestbuy::{BestBuyClient, ClientError, ClientPorts, ClientSettings, SettingsError};
use ackord_postgres::{PostgresOptions, PostgresStore};
use ackord_sqlite::{SqliteOptions, SqliteStore};
use ackord_system::{SystemClock, SystemRandom};
use tokio::signal::unix::{SignalKind, signal};

use super::cut_marketplace::CutMarketplace;
use super::cut_store::CutStore;
use super::options::{Mode, Options, WorkerStore};
use super::tripwire::Tripwire;

/// How long a store may be away when the worker starts.
const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two tries to open the store, and between two runs.
const BETWEEN: Duration = Duration::from_millis(25);

/// The phases in which something is still to be done.
const UNDONE: [Phase; 5] = [
    Phase::Ready,
    Phase::Sending,
    Phase::Validating,
    Phase::Retry,
    Phase::Unfiled,
];

/// Why a worker could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The store can't be opened.
    #[error("the store can't be opened: {0}")]
    Store(#[from] StoreError),
    /// The client's settings are wrong.
    #[error("the client's settings: {0}")]
    ClientSettings(#[from] SettingsError),
    /// The client can't be made.
    #[error("the client: {0}")]
    Client(#[from] ClientError),
    /// The workflow's settings are wrong.
    #[error("{0}")]
    Settings(#[from] InvalidSetting),
    /// Signals can't be waited for.
    #[error("signals can't be waited for: {0}")]
    Signals(#[from] std::io::Error),
}

/// What a worker did over all of its runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Runs.
    pub runs: u64,
    /// Runs that were stopped by something before their work was done.
    pub halted: u64,
    /// Orders settled as accepted.
    pub accepted: u64,
    /// Acceptances that were or may have been sent.
    pub sends: u64,
}

/// Works as the options say.
///
/// # Errors
/// [`Failed`] where it could not begin. What stops a run is told on stderr, and the next run goes on.
pub async fn run(options: Options) -> Result<Totals, Failed> {
    let stop = stop_on_signal()?;
    let store = open(&options).await?;
    let wire = Arc::new(Tripwire::new(options.abort_at));
    let cut: Arc<dyn Store> = Arc::new(CutStore {
        store: Arc::clone(&store),
        wire: Arc::clone(&wire),
    });
    let workflow = workflow(&options, cut, wire)?;
    let run = RunOptions {
        stop: stop.clone(),
        ..RunOptions::default()
    };
    let mut totals = Totals::default();
    loop {
        let report = workflow.run(&run, &()).await;
        totals.add(&report);
        if stop.is_given() || is_done(options.mode, &totals, &report, &*store).await {
            return Ok(totals);
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

impl Totals {
    fn add(&mut self, report: &RunReport) {
        self.runs += 1;
        self.accepted += report.accepted;
        self.sends += report.calls.sends;
        if let Some(halt) = &report.halt {
            self.halted += 1;
            tell(halt);
        }
    }
}

async fn is_done(mode: Mode, totals: &Totals, report: &RunReport, store: &dyn Store) -> bool {
    match mode {
        Mode::Loop => false,
        Mode::Runs(most) => totals.runs >= most,
        Mode::UntilSettled => report.halt.is_none() && store.count(&UNDONE).await.is_ok_and(|undone| undone == 0),
    }
}

fn workflow(options: &Options, store: Arc<dyn Store>, wire: Arc<Tripwire>) -> Result<AcceptanceWorkflow, Failed> {
    let settings = ClientSettings::builder(&options.marketplace, options.key.as_str().into())
        .call_timeout(options.settings.call_timeout)
        .connect_timeout(options.settings.call_timeout.min(Duration::from_secs(5)))
        .retry_pause(Duration::from_millis(5), Duration::from_millis(20))
        .build()?;
    let ports = ClientPorts {
        call_log: Arc::clone(&store) as _,
        clock: Arc::new(SystemClock),
        randomness: Arc::new(SystemRandom::new()),
        budget: options.settings.call_rate().map(|rate| SharedBudget {
            store: Arc::clone(&store) as _,
            rate,
        }),
    };
    let ports = Ports {
        store,
        marketplace: Arc::new(CutMarketplace {
            marketplace: Arc::new(BestBuyClient::new(settings, ports)?),
            wire,
        }),
        clock: Arc::new(SystemClock),
        randomness: Arc::new(SystemRandom::new()),
    };
    let workflow = AcceptanceWorkflow::new(ports, options.settings.clone(), options.worker.as_str())?;
    Ok(workflow)
}

/// Opens the store, again while it is away.
async fn open(options: &Options) -> Result<Arc<dyn Store>, StoreError> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match try_to_open(options).await {
            Err(StoreError::Unreachable(_) | StoreError::Busy(_)) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(BETWEEN).await;
            }
            opened => return opened,
        }
    }
}

async fn try_to_open(options: &Options) -> Result<Arc<dyn Store>, StoreError> {
    match &options.store {
        WorkerStore::Sqlite(url) => {
            let store = SqliteStore::connect(url, SqliteOptions::default()).await?;
            store.check_schema().await?;
            Ok(Arc::new(store))
        }
        WorkerStore::Postgres(url) => {
            let settings = PostgresOptions {
                max_connections: options.pg_connections,
                ..PostgresOptions::default()
            };
            let store = PostgresStore::connect(url.as_str().into(), settings).await?;
            store.check_schema().await?;
            Ok(Arc::new(store))
        }
    }
}

/// A stop signal that the first SIGTERM gives; the second ends the process.
fn stop_on_signal() -> std::io::Result<StopSignal> {
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = StopSignal::new();
    let given = stop.clone();
    tokio::spawn(async move {
        terminate.recv().await;
        given.stop();
        terminate.recv().await;
        std::process::exit(130);
    });
    Ok(stop)
}

/// Tells on stderr what stopped a run, with its causes.
#[expect(clippy::print_stderr, reason = "the worker is a program, and this its log")]
fn tell(error: &dyn std::error::Error) {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    eprintln!("{words}");
}
