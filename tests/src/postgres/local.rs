//! A server of our own: `initdb` and `postgres` in a temporary directory, under a keeper.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::account::Account;
use super::address::{self, Address, ROLE};
use super::keeper::Keeper;
use super::log::Event;
use super::programs::Programs;
use super::{Options, ServerError, place};

/// Makes the cluster, then follows the orders `start PORT` and `stop SIGNAL`; at the end of the orders it stops the server at
/// once and removes the directory. PostgreSQL takes a QUIT as the order to stop immediately.
const SCRIPT: &str = r#"
directory=$1 initdb=$2 postgres=$3
shift 3
server=
stop() {
    [ -z "$server" ] || { kill "-$1" "$server" && wait "$server"; }
    server=
}
if "$initdb" --pgdata="$directory/cluster" --username=ackord_test --pwfile="$directory/password" --auth=password \
    --encoding=UTF8 --locale=C --no-sync --no-instructions >&2
then
    while read -r order what; do
        case $order in
            start) "$postgres" -D "$directory/cluster" -p "$what" "$@" & server=$! ;;
            stop) stop "$what"; echo "keeper: stopped" >&2 ;;
        esac
    done
    stop QUIT
else
    echo "keeper: initdb failed" >&2
fi
rm -rf "$directory"
"#;

/// How long a server may take to accept connections, or to stop.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How often another port is tried when one was taken between choosing and using it.
const PORT_ATTEMPTS: usize = 5;

/// A running server in a directory of its own.
#[derive(Debug)]
pub(super) struct LocalServer {
    keeper: Keeper,
    directory: PathBuf,
    port: u16,
    address: Address,
}

impl LocalServer {
    /// Makes a cluster and starts a server on it. This blocks for about a second.
    pub(super) fn start(programs: &Programs, options: &Options) -> Result<Self, ServerError> {
        let directory = tempfile::Builder::new()
            .prefix("ackord-pg-")
            .tempdir_in(place::of_cluster(options.durable))
            .map_err(|error| ServerError::broken("making the server's directory", &error))?;
        let account = Account::for_server(directory.path())?;
        let password = address::password();
        write_password(directory.path(), &password, account)?;

        let settings = settings(options);
        let mut arguments: Vec<&OsStr> = vec![
            directory.path().as_os_str(),
            programs.initdb.as_os_str(),
            programs.postgres.as_os_str(),
        ];
        arguments.extend(settings.iter().map(OsStr::new));
        let keeper = Keeper::start(SCRIPT, &arguments, directory.path(), account)?;
        // From here on the directory is the keeper's to remove.
        let directory = directory.keep();

        let port = Self::start_on_a_free_port(&keeper)?;
        let address = Address::local(port, &password)?;
        Ok(Self {
            keeper,
            directory,
            port,
            address,
        })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// The directory that holds all of it.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Stops the server as if the machine had lost its power, save that what was written stays in the system's cache.
    pub(super) fn stop_immediately(&self) -> Result<(), ServerError> {
        self.stop("QUIT")
    }

    /// Stops the server in good order: whoever is connected is cut off, and what was committed is written out.
    pub(super) fn stop_fast(&self) -> Result<(), ServerError> {
        self.stop("INT")
    }

    fn stop(&self, signal: &str) -> Result<(), ServerError> {
        let mark = self.keeper.log().mark();
        self.keeper.order(&format!("stop {signal}"))?;
        self.keeper
            .log()
            .wait_for(Event::Stopped, mark, START_LIMIT)
            .map_err(|words| ServerError::Broken(format!("the local server did not stop: {words}")))
    }

    /// Starts it again on its port, and returns when it accepts connections.
    pub(super) fn start_again(&self) -> Result<(), ServerError> {
        Self::start_on(&self.keeper, self.port)
    }

    fn start_on_a_free_port(keeper: &Keeper) -> Result<u16, ServerError> {
        let mut outcome = Err(ServerError::Broken("no port was tried".to_owned()));
        for _ in 0..PORT_ATTEMPTS {
            let port = address::free_port()?;
            outcome = Self::start_on(keeper, port).map(|()| port);
            match &outcome {
                Err(ServerError::Broken(words)) if words.contains("Address already in use") => {}
                _ => break,
            }
        }
        outcome
    }

    fn start_on(keeper: &Keeper, port: u16) -> Result<(), ServerError> {
        let mark = keeper.log().mark();
        keeper.order(&format!("start {port}"))?;
        keeper
            .log()
            .wait_for(Event::Ready, mark, START_LIMIT)
            .map_err(|words| ServerError::Broken(format!("the local server did not start: {words}")))
    }
}

/// Leaves the role's password where `initdb` reads it.
fn write_password(directory: &Path, password: &str, account: Option<Account>) -> Result<(), ServerError> {
    let file = directory.join("password");
    fs::write(&file, password).map_err(|error| ServerError::broken("writing the server's password", &error))?;
    if let Some(account) = account {
        account.own(&file)?;
        account.own(directory)?;
    }
    debug_assert!(SCRIPT.contains(ROLE), "the script and the address name the same role");
    Ok(())
}

/// The server's settings. A commit is always waited for, so that a server stopped immediately has lost none that it
/// acknowledged; what a durable server adds is that a commit reaches the disk.
fn settings(options: &Options) -> Vec<String> {
    let durable = if options.durable { "on" } else { "off" };
    let max_wal_size = if options.durable { "2GB" } else { "256MB" };
    let shared_buffers = if options.durable { "256MB" } else { "64MB" };
    let settings = [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("max_connections", "200"),
        ("shared_buffers", shared_buffers),
        ("fsync", durable),
        ("full_page_writes", durable),
        ("synchronous_commit", "on"),
        ("wal_level", "minimal"),
        ("max_wal_senders", "0"),
        ("max_wal_size", max_wal_size),
        ("timezone", "UTC"),
        ("lc_messages", "C"),
        ("logging_collector", "off"),
        ("log_destination", "stderr"),
    ];
    // After a crash a server first waits for all of its files to reach the disk: one by one, or all at once where the
    // system can do that.
    let all_at_once = (options.durable && cfg!(target_os = "linux")).then_some(("recovery_init_sync_method", "syncfs"));
    settings
        .iter()
        .chain(&all_at_once)
        .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_durable_server_differs_from_another_in_what_reaches_the_disk() {
        let quick = settings(&Options { durable: false });
        let durable = settings(&Options { durable: true });
        assert!(quick.contains(&"fsync=off".to_owned()) && durable.contains(&"fsync=on".to_owned()));
        assert!(quick.contains(&"synchronous_commit=on".to_owned()));
    }
}
