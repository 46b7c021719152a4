//! A shop of one cut's own: its marketplace, its store, and the workers that are started on them.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use ackord_postgres::ClaimStrategy;
use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, SandboxHandle};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::workload::{CONTRADICTION, sandbox};
use crate::contract::store::{ForeignEntry, StoreFixture};
use crate::harness::SetupError;
use crate::postgres::{SharedServer, quick_directory};

/// How long a worker may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a worker beside another may run until it comes to its point.
const LIMIT_BESIDE: Duration = Duration::from_secs(20);

/// The signal of an abort.
const ABORT: i32 = 6;

/// Which store the workers are given.
#[derive(Clone)]
pub enum Backing {
    /// A file.
    Sqlite,
    /// A database.
    Postgres(SharedServer),
}

impl std::fmt::Debug for Backing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        })
    }
}

/// What became of a worker that was to abort.
pub(super) enum Doom {
    /// It did.
    Aborted,
    /// It ended as one that was not to.
    Lived,
    /// Something else.
    Other(String),
}

/// The marketplace, the store, the program.
pub(super) struct Shop {
    pub(super) sandbox: SandboxHandle,
    pub(super) fixture: StoreFixture,
    program: PathBuf,
    store: String,
}

impl Shop {
    pub(super) async fn open(program: &Path, backing: &Backing) -> Result<Self, SetupError> {
        let broken = |words: String| SetupError::Broken(words);
        let (fixture, store) = match backing {
            Backing::Sqlite => {
                let directory = TempDir::new_in(quick_directory(false)).map_err(|error| broken(error.to_string()))?;
                let store = format!("sqlite:{}", directory.path().join("ackord.db").display());
                (StoreFixture::sqlite_in(directory).await?, store)
            }
            Backing::Postgres(server) => {
                let database = server.fresh_database().await?;
                let store = database.url().to_owned();
                (
                    StoreFixture::postgres_on(database, ClaimStrategy::default()).await?,
                    store,
                )
            }
        };
        fixture
            .foreign
            .insert_order(CONTRADICTION, "{}")
            .await
            .map_err(broken)?;
        let accepted = ForeignEntry {
            order_id: CONTRADICTION.to_owned(),
            status: "accepted".to_owned(),
            note: None,
            retry_at: None,
        };
        fixture.foreign.append(&[accepted]).await.map_err(broken)?;
        Ok(Self {
            sandbox: sandbox().start().await.map_err(|error| broken(error.to_string()))?,
            fixture,
            program: program.to_owned(),
            store,
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["--store", &self.store, "--key", self.sandbox.api_key()])
            .args(["--marketplace", &self.sandbox.url()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Has every acceptance take so long that a worker that makes one at a time outlasts its leases.
    pub(super) fn slow_down(&self) {
        let slow = Fault::Latency {
            ms: 300,
            to_ms: None,
            moment: Moment::Before,
        };
        let rule = FaultRule::on(Endpoint::Or21, slow);
        self.sandbox.add_fault(rule).expect("the rule makes sense");
    }

    /// Starts a worker that goes on until it is killed.
    pub(super) fn start_beside(&self) -> Child {
        let mut command = self.command(&["--poll-ms", "20"]);
        command.stderr(Stdio::null()).spawn().expect("the program starts")
    }

    /// Runs a worker until it aborts at `point`, or has nothing left to do. Beside another it does not end by itself.
    pub(super) async fn run_doomed(&self, point: &str, beside: bool, more: &[&str]) -> Doom {
        let mut command = self.command(&["--abort-at", point]);
        command.args(more);
        if !beside {
            command.arg("--until-settled");
        }
        let limit = if beside { LIMIT_BESIDE } else { LIMIT };
        match timeout(limit, command.output()).await {
            Ok(Ok(output)) if output.status.signal() == Some(ABORT) => Doom::Aborted,
            Ok(Ok(output)) if output.status.success() => Doom::Lived,
            Ok(Ok(output)) => Doom::Other(words(&output)),
            Ok(Err(error)) => Doom::Other(error.to_string()),
            Err(_) if beside => Doom::Lived,
            Err(_) => Doom::Other("the worker that was to abort did not end".to_owned()),
        }
    }

    /// Has a fresh worker do all that is left.
    pub(super) async fn finish(&self) -> Result<(), String> {
        let mut command = self.command(&["--until-settled"]);
        match timeout(LIMIT, command.output()).await {
            Ok(Ok(output)) if output.status.success() => Ok(()),
            Ok(Ok(output)) => Err(words(&output)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the worker that was to finish did not end".to_owned()),
        }
    }
}

fn words(output: &Output) -> String {
    format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())
}
