//! Signals to the process: the first asks a run to stop gracefully, the second ends the process at once; what only watches ends with
//! the first.

use ackord::workflow::{StopSignal, Trigger};
use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::streams::Sink;

/// The exit code of a process that was ended by its second signal, as shells have it for Ctrl-C.
const ENDED_BY_SIGNAL: i32 = 130;

/// A stop signal that SIGINT or SIGTERM gives. A second one ends the process where it stands: as safe as a crash.
///
/// # Errors
/// Where the system lets nobody wait for signals.
pub(crate) fn stop_on_signal(words: Sink) -> Result<StopSignal> {
    let wait_for = |kind| signal(kind).context("signals can't be waited for");
    let mut interrupt = wait_for(SignalKind::interrupt())?;
    let mut terminate = wait_for(SignalKind::terminate())?;
    let stop = StopSignal::new();
    let given = stop.clone();
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        words.line("stopping: what is under way is finished first; once more to stop at once");
        given.stop();
        either(&mut interrupt, &mut terminate).await;
        std::process::exit(ENDED_BY_SIGNAL);
    });
    Ok(stop)
}

/// Pulls `trigger` at each SIGUSR1.
///
/// # Errors
/// Where the system lets nobody wait for signals.
pub(crate) fn pull_on_signal(trigger: Trigger) -> Result<()> {
    let mut asked = signal(SignalKind::user_defined1()).context("signals can't be waited for")?;
    tokio::spawn(async move {
        while asked.recv().await.is_some() {
            trigger.pull();
        }
    });
    Ok(())
}

/// The signals that end what only watches: SIGINT and SIGTERM.
#[derive(Debug)]
pub(crate) struct EndSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl EndSignals {
    /// From here on none of them ends the process by itself.
    ///
    /// # Errors
    /// Where the system lets nobody wait for signals.
    pub(crate) fn new() -> Result<Self> {
        let wait_for = |kind| signal(kind).context("signals can't be waited for");
        Ok(Self {
            interrupt: wait_for(SignalKind::interrupt())?,
            terminate: wait_for(SignalKind::terminate())?,
        })
    }

    /// Waits until one was given, since the last time or now.
    pub(crate) async fn given(&mut self) {
        either(&mut self.interrupt, &mut self.terminate).await;
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
