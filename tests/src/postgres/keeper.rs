//! The keeper: a small shell process that clears up after us, however we end.
//!
//! It reads orders, a line each, from a pipe whose other end only this process holds. When the pipe closes, because its
//! owner was dropped, panicked or was killed with no chance to act, the keeper's script goes on to its last lines and
//! removes what it keeps. It is in a process group of its own, so that an interrupt from the terminal does not reach it,
//! and it starts what it keeps itself, so that there is no instant at which a server runs without a keeper.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use super::ServerError;
use super::account::Account;
use super::log::Log;

/// A running keeper; dropping it has it clear up, and waits for that.
#[derive(Debug)]
pub(super) struct Keeper {
    child: Child,
    orders: Mutex<Option<ChildStdin>>,
    log: Arc<Log>,
}

impl Keeper {
    /// Starts a keeper with a script and its arguments, in `directory`, as `account`.
    pub(super) fn start(
        script: &str,
        arguments: &[&OsStr],
        directory: &Path,
        account: Option<Account>,
    ) -> Result<Self, ServerError> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg("keeper").args(arguments);
        command.current_dir(directory).process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            // PostgreSQL's programs take defaults from these.
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Some(account) = account {
            account.run(&mut command);
        }
        let mut child = command
            .spawn()
            .map_err(|error| ServerError::broken("starting the keeper", &error))?;
        let orders = Mutex::new(child.stdin.take());
        let log = Arc::new(Log::default());
        if let Some(stderr) = child.stderr.take() {
            Log::follow(&log, stderr);
        }
        Ok(Self { child, orders, log })
    }

    /// Gives an order.
    pub(super) fn order(&self, order: &str) -> Result<(), ServerError> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = orders
            .as_mut()
            .ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe));
        pipe.and_then(|pipe| pipe.write_all(format!("{order}\n").as_bytes()))
            .map_err(|error| ServerError::broken("giving the keeper an order", &error))
    }

    /// What the keeper and what it keeps have said.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.orders.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        // A keeper that cannot be waited for has ended.
        let _ = self.child.wait();
    }
}
