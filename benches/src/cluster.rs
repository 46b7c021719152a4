//! A throwaway PostgreSQL server of this machine's own programs, with settings under which a commit waits for the disk.
//!
//! A small shell process makes the cluster, starts the server and waits for the end of its input; then it stops the server
//! and removes the files. So they are gone however this process ends. (The tests have a server that can do more; this one
//! stands by itself, because whoever measures should not have to build the tests.)

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// Where Debian keeps the programs of each major version.
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";

/// The role that owns everything.
const ROLE: &str = "bench";

/// How long the server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes the cluster, serves it until the input ends, and removes it.
const SCRIPT: &str = r#"
directory=$1 programs=$2
shift 2
"$programs/initdb" --pgdata="$directory/cluster" --username=bench --pwfile="$directory/password" --auth=password \
    --encoding=UTF8 --locale=C --no-instructions > "$directory/log" 2>&1 && {
    "$programs/postgres" -D "$directory/cluster" "$@" >> "$directory/log" 2>&1 & server=$!
    while read -r line; do :; done
    kill -QUIT "$server" && wait "$server"
}
while read -r line; do :; done
rm -rf "$directory"
"#;

/// What differs from PostgreSQL's defaults. Durability is as by default, and named so that nobody has to believe it.
const SETTINGS: [&str; 9] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "timezone=UTC",
];

/// A running server; it goes away with this value.
#[derive(Debug)]
pub struct Cluster {
    keeper: Child,
    input: Option<ChildStdin>,
    directory: PathBuf,
    port: u16,
    password: String,
}

impl Cluster {
    /// Makes a cluster and starts its server.
    ///
    /// # Errors
    /// Where PostgreSQL is not installed, or does not start.
    pub async fn start() -> Result<Self> {
        let programs = program("initdb").context(
            "PostgreSQL is not installed: initdb is neither in PATH nor under /usr/lib/postgresql (on Debian: apt-get install \
             postgresql), or measure `--stores sqlite` alone",
        )?;
        // A link leads to where the server's own program is.
        let programs = programs
            .canonicalize()?
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default();
        let directory = tempfile::Builder::new().prefix("ackord-bench-pg-").tempdir()?;
        let password = uuid::Uuid::now_v7().simple().to_string();
        fs::write(directory.path().join("password"), &password)?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();

        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(SCRIPT)
            .arg("keeper")
            .arg(directory.path())
            .arg(programs);
        command.args(["-p", &port.to_string()]);
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        command.current_dir(directory.path()).process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        lend_account(&mut command, directory.path())?;
        let mut keeper = command.spawn().context("the server's keeper can't be started")?;
        let cluster = Self {
            input: keeper.stdin.take(),
            keeper,
            // From here on it is the keeper's to remove.
            directory: directory.keep(),
            port,
            password,
        };
        cluster.wait().await?;
        Ok(cluster)
    }

    /// The URL of one of its databases.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Runs a statement in the database that is there from the start.
    ///
    /// # Errors
    /// What the server says.
    pub async fn run(&self, statement: &str) -> Result<()> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        // Names inside are our own.
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// The process that serves, where that can be read.
    #[must_use]
    pub fn postmaster(&self) -> Option<u32> {
        let text = fs::read_to_string(self.directory.join("cluster/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// Waits until it answers.
    async fn wait(&self) -> Result<()> {
        let begun = Instant::now();
        loop {
            match PgConnection::connect(&self.url("postgres")).await {
                Ok(connection) => return connection.close().await.context("the new server went away"),
                Err(error) if begun.elapsed() > PATIENCE => {
                    let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                    bail!("the server did not start ({error}); it says:\n{log}");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.input.take());
        // A keeper that can't be waited for has ended.
        let _ = self.keeper.wait();
    }
}

/// One of PostgreSQL's programs: on the search path, or where Debian keeps them, of the newest version.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN_ROOT)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    std::env::split_paths(&path)
        .chain(versions.into_iter().rev().map(|(_, directory)| directory))
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
}

/// PostgreSQL refuses to run as root, which then lends it another account.
fn lend_account(command: &mut Command, directory: &Path) -> Result<()> {
    if fs::metadata(directory)?.uid() != 0 {
        return Ok(());
    }
    let passwd = fs::read_to_string("/etc/passwd")?;
    let (user, group) = ["postgres", "nobody"]
        .iter()
        .find_map(|name| account(&passwd, name))
        .context("this runs as root, and there is no account postgres or nobody for the server")?;
    chown(directory.join("password"), Some(user), Some(group))?;
    chown(directory, Some(user), Some(group))?;
    command.uid(user).gid(group);
    Ok(())
}

/// The numbers of an account and its group.
fn account(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let found = fields.first() == Some(&name);
        let numbers = (fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
        found.then_some(numbers)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(account(passwd, "nobody"), Some((65534, 65533)));
        assert_eq!(account(passwd, "nobod"), None);
    }
}
