//! The throwaway PostgreSQL itself: each case gets a fresh copy of the template, a killed server comes back with all that
//! it acknowledged, and nothing is left of it when the tests end, however they end.
//!
//! Run with the argument `hold-a-server`, this program starts a server, tells where it is, and holds it until it is
//! killed: the cases about leftovers run it that way.

use std::env;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use ackord_tests::cases;
use ackord_tests::harness::{self, Case, SetupError, Suite};
use ackord_tests::postgres::{Database, Options, Server, SharedServer, URL_VARIABLE, containers_from_env};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use url::Url;

const HOLD: &str = "hold-a-server";
const HOLD_AND_PANIC: &str = "hold-a-server-and-panic";

/// How long leftovers may take to go.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some(HOLD) => return hold(|| {}),
        Some(HOLD_AND_PANIC) => return hold(|| panic!("on purpose")),
        _ => {}
    }
    let shared = SharedServer::new(Options::default(), migrate);
    let mut trials = Suite::new("shared", on_a_shared_server(), move || database(shared.clone())).trials();
    let local = async || Ok(Server::start_local(Options::default()).await?);
    trials.extend(Suite::new("local", on_a_server_of_its_own(), local).trials());
    let leftovers = cases![
        a_dropped_server_leaves_neither_process_nor_files,
        a_killed_test_process_leaves_neither_server_nor_files,
        a_panicking_test_process_leaves_neither_server_nor_files,
        a_durable_server_waits_for_the_disk,
        a_named_server_is_used_and_left_as_it_was,
    ];
    trials.extend(Suite::new("local", leftovers, local).trials());
    for image in containers_from_env() {
        let shared = SharedServer::in_container(image.clone(), migrate);
        let name = image.clone();
        trials.extend(Suite::new(name, on_a_shared_server(), move || database(shared.clone())).trials());
        let name = image.clone();
        let own = move || {
            let image = image.clone();
            async move { Ok(Server::start_container(&image).await?) }
        };
        trials.extend(Suite::new(name, on_a_server_of_its_own(), own).trials());
    }
    harness::run(trials)
}

fn on_a_shared_server() -> Vec<Case<Database>> {
    cases![
        a_database_is_a_fresh_copy_of_the_template,
        two_databases_know_nothing_of_each_other,
        a_dropped_database_is_gone_even_while_connections_are_open,
        the_version_is_a_supported_one,
    ]
}

fn on_a_server_of_its_own() -> Vec<Case<Server>> {
    cases![
        a_killed_server_comes_back_with_what_it_acknowledged,
        a_stopped_server_refuses_connections
    ]
}

async fn database(shared: SharedServer) -> Result<Database, SetupError> {
    Ok(shared.fresh_database().await?)
}

async fn migrate(url: String) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut connection = PgConnection::connect(&url).await?;
    sqlx::query("CREATE TABLE notes (note text NOT NULL)")
        .execute(&mut connection)
        .await?;
    Ok(())
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

async fn add(url: &str, note: &str) {
    let mut connection = connect(url).await;
    sqlx::query("INSERT INTO notes VALUES ($1)")
        .bind(note)
        .execute(&mut connection)
        .await
        .expect("an insert");
}

async fn notes(url: &str) -> Vec<String> {
    sqlx::query_scalar("SELECT note FROM notes ORDER BY note")
        .fetch_all(&mut connect(url).await)
        .await
        .expect("notes")
}

async fn a_database_is_a_fresh_copy_of_the_template(database: &Database) {
    assert!(notes(database.url()).await.is_empty());
}

async fn two_databases_know_nothing_of_each_other(database: &Database) {
    let other = Database::empty(database.server()).await.expect("another database");
    migrate(other.url().to_owned()).await.expect("a schema");
    add(database.url(), "here").await;
    add(other.url(), "there").await;
    assert_eq!(notes(database.url()).await, ["here"]);
    assert_eq!(notes(other.url()).await, ["there"]);
}

async fn a_dropped_database_is_gone_even_while_connections_are_open(database: &Database) {
    let other = Database::empty(database.server()).await.expect("another database");
    let name = other.name().to_owned();
    let open = connect(other.url()).await;
    drop(other);
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1")
        .bind(&name)
        .fetch_one(&mut connect(database.url()).await)
        .await
        .expect("a count");
    assert_eq!(found, 0);
    drop(open);
}

async fn the_version_is_a_supported_one(database: &Database) {
    let version = database.server().version();
    assert!((140_000..190_000).contains(&version), "{version}");
}

async fn a_killed_server_comes_back_with_what_it_acknowledged(server: &Server) {
    let database = Database::empty(server).await.expect("a database");
    migrate(database.url().to_owned()).await.expect("a schema");
    add(database.url(), "kept").await;
    server.restart_immediately().await.expect("a restart");
    assert_eq!(notes(database.url()).await, ["kept"]);
}

async fn a_stopped_server_refuses_connections(server: &Server) {
    server.stop_immediately().await.expect("a stop");
    assert!(PgConnection::connect(server.admin_url()).await.is_err());
    server.start_again().await.expect("a start");
    connect(server.admin_url()).await.ping().await.expect("an answer");
}

async fn a_durable_server_waits_for_the_disk(quick: &Server) {
    let durable = Server::start_local(Options { durable: true })
        .await
        .expect("a durable server");
    assert_eq!(setting(&durable, "fsync").await, "on");
    assert_eq!(setting(quick, "fsync").await, "off");
    for server in [&durable, quick] {
        assert_eq!(setting(server, "synchronous_commit").await, "on");
    }
}

async fn a_named_server_is_used_and_left_as_it_was(server: &Server) {
    let transactions = async || -> i64 {
        let count = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'";
        sqlx::query_scalar(count)
            .fetch_one(&mut connect(server.admin_url()).await)
            .await
            .expect("a count")
    };
    let before = transactions().await;
    let output = Command::new(env::current_exe().expect("this program"))
        .arg("shared::")
        .env(URL_VARIABLE, server.admin_url())
        .output()
        .expect("another run of this program");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("4 passed"), "{told}");
    let names: Vec<String> = sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE NOT datistemplate")
        .fetch_all(&mut connect(server.admin_url()).await)
        .await
        .expect("the databases");
    assert_eq!(names, ["postgres"]);
    assert!(transactions().await > before + 4, "the other run used another server");
}

async fn setting(server: &Server, name: &'static str) -> String {
    sqlx::query_scalar("SELECT current_setting($1)")
        .bind(name)
        .fetch_one(&mut connect(server.admin_url()).await)
        .await
        .expect("a setting")
}

async fn a_dropped_server_leaves_neither_process_nor_files(_: &Server) {
    let server = Server::start_local(Options::default()).await.expect("a server");
    let directory = server.directory().expect("a directory").to_owned();
    let url = server.admin_url().to_owned();
    assert!(directory.exists());
    drop(server);
    assert!(!directory.exists(), "its files are still there");
    assert!(PgConnection::connect(&url).await.is_err(), "it still answers");
}

async fn a_killed_test_process_leaves_neither_server_nor_files(_: &Server) {
    let mut holder = Holder::start(HOLD);
    holder.process.kill().expect("a kill");
    holder.wait_until_all_is_gone();
}

async fn a_panicking_test_process_leaves_neither_server_nor_files(_: &Server) {
    let mut holder = Holder::start(HOLD_AND_PANIC);
    drop(holder.process.stdin.take());
    holder.wait_until_all_is_gone();
}

/// Starts a server, tells its directory and its port, waits for the end of the standard input where the end is to be a
/// panic, and ends as told. The server is forgotten, so that no destructor can be what clears up.
#[expect(clippy::print_stdout, reason = "whoever started this program reads what it tells")]
fn hold(end: fn()) -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime
        .block_on(Server::start_local(Options::default()))
        .expect("a server");
    let port = Url::parse(server.admin_url()).expect("a URL").port().expect("a port");
    println!("{}", server.directory().expect("a directory").display());
    println!("{port}");
    std::mem::forget(server);
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .expect("the end of the input");
    end();
    ExitCode::SUCCESS
}

/// Another run of this program, which holds a server, and a connection to that server.
struct Holder {
    process: Child,
    directory: String,
    connection: TcpStream,
}

impl Holder {
    fn start(way: &str) -> Self {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command
            .arg(way)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().expect("the holder");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let mut line = || lines.next().expect("another line").expect("text");
        let (directory, port) = (line(), line().parse::<u16>().expect("a port"));
        let connection = TcpStream::connect(("127.0.0.1", port)).expect("a connection to its server");
        assert!(Path::new(&directory).exists());
        Self {
            process,
            directory,
            connection,
        }
    }

    /// The server is gone when it closes the connection. The removal of the files, the last act of another process,
    /// sends no signal, so that it is looked for again and again.
    fn wait_until_all_is_gone(&mut self) {
        assert!(!self.process.wait().expect("its end").success());
        self.connection.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let closed = self.connection.read(&mut [0; 64]);
        let timed_out = closed
            .as_ref()
            .is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(
            !timed_out && !matches!(closed, Ok(1..)),
            "the server still holds the connection: {closed:?}"
        );
        let since = Instant::now();
        while Path::new(&self.directory).exists() {
            assert!(since.elapsed() < PATIENCE, "{} is still there", self.directory);
            std::thread::yield_now();
        }
    }
}
