//! The watch beside the runs: it notes how each ended, makes its rounds, and delivers what is due, also while a run takes long.

use std::sync::Arc;
use std::time::Duration;

use ackord::alerts::{RunNote, Watch};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::metrics::Metrics;

/// So often a round is made, whatever happens.
const ROUND_EVERY: Duration = Duration::from_secs(30);
/// For so long the end of a service waits for a round that is under way.
const LAST_ROUND: Duration = Duration::from_secs(35);

/// A watch at work.
#[derive(Debug)]
pub(super) struct Sentinel {
    notes: UnboundedSender<RunNote>,
    task: JoinHandle<()>,
}

impl Sentinel {
    /// Begins to watch.
    pub(super) fn begin(watch: Watch, metrics: Arc<Metrics>) -> Self {
        let (notes, told) = unbounded_channel();
        Self {
            notes,
            task: tokio::spawn(keep_watch(watch, metrics, told)),
        }
    }

    /// Where runs tell how they ended.
    pub(super) fn notes(&self) -> UnboundedSender<RunNote> {
        self.notes.clone()
    }

    /// Ends once everything that was told is noted; a message that is on its way then goes out with the next service.
    pub(super) async fn end(self) {
        drop(self.notes);
        if timeout(LAST_ROUND, self.task).await.is_err() {
            tracing::warn!("a round of the watch did not end in time");
        }
    }
}

async fn keep_watch(watch: Watch, metrics: Arc<Metrics>, mut told: UnboundedReceiver<RunNote>) {
    let mut unnoted: Option<RunNote> = None;
    loop {
        match timeout(ROUND_EVERY, told.recv()).await {
            Ok(Some(note)) => unnoted = Some(note),
            Ok(None) => return,
            Err(_) => {}
        }
        // What a store that is down could not be told is told when it is back, unless there is something newer.
        if let Some(note) = unnoted.take()
            && let Err(error) = watch.note_run(&note).await
        {
            tracing::warn!(%error, "how a run ended could not be noted");
            unnoted = Some(note);
        }
        match watch.round().await {
            Ok(round) => {
                metrics.alerts_open(round.open.iter().copied());
                tracing::debug!(?round, "a round of the watch");
            }
            Err(error) => tracing::warn!(%error, "a round of the watch failed"),
        }
    }
}
