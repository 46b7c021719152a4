//! A shop whose worker is the built program.

use std::any::Any;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use ackord_sandbox::{Sandbox, SandboxHandle};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::harness::SetupError;
use crate::postgres::{Database, Options, Server, SharedServer};

/// Which store the program is given.
#[derive(Clone)]
pub enum Backing {
    /// A file.
    Sqlite,
    /// A database with nothing in it.
    Postgres(SharedServer),
    /// The same on a server of its own, which may be stopped and started.
    OwnServer,
}

/// The program, and an empty store for it.
pub struct ProgramFixture {
    program: PathBuf,
    /// A directory of the case's own; the program runs in it.
    pub directory: TempDir,
    /// The store's URL.
    pub store: String,
    /// Its server, where that is its own.
    server: Option<Server>,
    /// Dropped last.
    _kept: Box<dyn Any + Send + Sync>,
}

impl ProgramFixture {
    /// An empty store for `program`.
    ///
    /// # Errors
    /// What kept it from being made.
    pub async fn new(program: PathBuf, backing: Backing) -> Result<Self, SetupError> {
        let broken = |error: std::io::Error| SetupError::Broken(error.to_string());
        let directory = TempDir::new().map_err(broken)?;
        let mut own = None;
        let (store, kept): (String, Box<dyn Any + Send + Sync>) = match backing {
            Backing::Sqlite => (
                format!("sqlite:{}", directory.path().join("shop.db").display()),
                Box::new(()),
            ),
            Backing::Postgres(server) => {
                let database = server.empty_database().await?;
                (database.url().to_owned(), Box::new(database))
            }
            Backing::OwnServer => {
                let server = own.insert(Server::start_local(Options::default()).await?);
                let database = Database::empty(server).await?;
                (database.url().to_owned(), Box::new(database))
            }
        };
        Ok(Self {
            program,
            directory,
            store,
            server: own,
            _kept: kept,
        })
    }

    /// The server of its own.
    pub(super) fn server(&self) -> &Server {
        self.server.as_ref().expect("a server of its own")
    }

    /// A command line of the program with nothing in its environment but this store.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.directory.path()).env_clear();
        command.env("ACKORD_STORE", &self.store);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Makes the store look as if a newer program had migrated it.
    pub async fn plant_a_newer_migration(&self) {
        let insert = "INSERT INTO ackord_migrations (version, description, success, checksum, execution_time) \
                      VALUES (9999, 'of a newer program', TRUE, '', 0)";
        self.sql(insert).await;
    }

    /// The URL of the store as somebody has it who may only read.
    pub async fn read_only(&self) -> String {
        if self.store.starts_with("sqlite:") {
            return format!("{}?mode=ro", self.store);
        }
        let mut url = url::Url::parse(&self.store).expect("a URL");
        let database = url.path().trim_start_matches('/').to_owned();
        let reader = format!("reader_{database}");
        self.sql(&format!("CREATE ROLE {reader} LOGIN PASSWORD 'reader'")).await;
        self.sql(&format!("ALTER ROLE {reader} SET default_transaction_read_only = on"))
            .await;
        self.sql(&format!("GRANT ALL ON ALL TABLES IN SCHEMA public TO {reader}"))
            .await;
        url.set_username(&reader).expect("a user");
        url.set_password(Some("reader")).expect("a password");
        url.into()
    }

    pub(super) async fn sql(&self, statement: &str) {
        execute(&self.store, statement).await;
    }

    /// Opens a shop at a sandbox.
    pub async fn open(&self, sandbox: Sandbox) -> Shop<'_> {
        Shop {
            fixture: self,
            sandbox: sandbox.start().await.expect("the sandbox starts"),
        }
    }
}

/// Executes a statement in the store at `url`, behind the program's back.
pub async fn execute(url: &str, statement: &str) {
    let done = if url.starts_with("sqlite:") {
        let mut connection = sqlx::SqliteConnection::connect(url).await.expect("the file");
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .map(drop)
    } else {
        let mut connection = sqlx::PgConnection::connect(url).await.expect("the database");
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .map(drop)
    };
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// Expects that nothing is wrong with the record that a case left. A case that never made a store, or had it made newer
/// than the program, left none.
pub(super) async fn audited(fixture: &ProgramFixture) {
    // Away from the settings file that the case may have left.
    let elsewhere = TempDir::new().expect("a directory");
    let output = fixture.command(&["verify"]).current_dir(&elsewhere).output().await;
    let printed = Printed::of(output.expect("the program starts"));
    let no_record = printed.code == 5 && (printed.stderr.contains("no store at") || printed.stderr.contains("schema"));
    assert!(printed.code == 0 || no_record, "{printed:?}");
}

/// The program, its store and its marketplace.
pub struct Shop<'a> {
    /// The program and its store.
    pub fixture: &'a ProgramFixture,
    /// The marketplace.
    pub sandbox: SandboxHandle,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Printed {
    /// The exit code.
    pub code: i32,
    /// Data.
    pub stdout: String,
    /// Words.
    pub stderr: String,
}

impl Printed {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it ended by itself"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// The one JSON value on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Shop<'_> {
    /// A command with this shop's marketplace and short times in its environment.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.fixture.command(arguments);
        command.envs([
            ("ACKORD_MARKETPLACE_URL", self.sandbox.url().as_str()),
            ("ACKORD_API_KEY", self.sandbox.api_key()),
            ("ACKORD_POLL_INTERVAL", "50ms"),
            ("ACKORD_RETRY_BASE", "10ms"),
            ("ACKORD_CALL_TIMEOUT", "800ms"),
            ("ACKORD_CONNECT_TIMEOUT", "500ms"),
            ("ACKORD_LEASE", "3s"),
            ("ACKORD_LEASE_MARGIN", "200ms"),
            ("ACKORD_READ_STALENESS", "20ms"),
            ("ACKORD_SLOW_LOOK_INTERVAL", "100ms"),
        ]);
        command
    }

    /// Runs a command to its end.
    pub async fn ackord(&self, arguments: &[&str]) -> Printed {
        Printed::of(self.command(arguments).output().await.expect("the program starts"))
    }

    /// Runs a command to its end, with more in its environment.
    pub async fn ackord_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Printed {
        let output = self.command(arguments).envs(environment.iter().copied()).output().await;
        Printed::of(output.expect("the program starts"))
    }

    /// Starts a command and leaves it running.
    #[must_use]
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("the program starts")
    }

    /// `run --json`, expected to end with 0.
    pub async fn run(&self) -> Value {
        let printed = self.ackord(&["run", "--json"]).await;
        assert_eq!(printed.code, 0, "{printed:?}");
        printed.json()
    }

    /// The story of an order, as `orders show --json` tells it.
    pub async fn story(&self, id: &str) -> Value {
        let printed = self.ackord(&["orders", "show", id, "--json"]).await;
        assert_eq!(printed.code, 0, "{printed:?}");
        printed.json()
    }

    /// The statuses of an order's timeline.
    pub async fn statuses(&self, id: &str) -> Vec<String> {
        let story = self.story(id).await;
        let entries = story["timeline"].as_array().expect("a timeline").clone();
        entries
            .iter()
            .map(|entry| entry["status"].as_str().expect("a status").to_owned())
            .collect()
    }

    /// Returns once these orders are on record as accepted by whoever works on them: nothing tells of it but the record.
    pub async fn until_settled(&self, ids: &[&str]) {
        for id in ids {
            let mut asked = 0;
            while self.statuses(id).await.last().is_none_or(|newest| newest != "accepted") {
                asked += 1;
                assert!(asked < 500, "{id} never became accepted");
            }
        }
    }

    /// Runs until an order's newest status is this one.
    pub async fn run_until(&self, id: &str, status: &str) {
        for _ in 0..100 {
            self.ackord(&["run"]).await;
            if self.statuses(id).await.last().is_some_and(|newest| newest == status) {
                return;
            }
        }
        panic!("{id} never became {status}: {:?}", self.statuses(id).await);
    }
}
