//! Whether a service is alive and of use, for whoever asks over HTTP.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ackord::ports::MarketplaceError;
use ackord::workflow::{Halt, Turn};

use crate::report_error;

/// The loop tells every few seconds that it turns; silent for this long it stands still.
const SILENT: Duration = Duration::from_secs(30);

/// What a service is known to be at.
#[derive(Debug)]
pub(super) struct Health {
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    /// When the loop last turned.
    turned: Instant,
    /// Why it is of no use at the moment; `None` where it is.
    not_ready: Option<String>,
}

impl Health {
    /// One that has not run yet.
    pub(super) fn new() -> Self {
        Self {
            known: Mutex::new(Known {
                turned: Instant::now(),
                not_ready: Some("the first run has not ended yet".to_owned()),
            }),
        }
    }

    /// Takes note that it waits for its store.
    pub(super) fn waits_for_the_store(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.turned = Instant::now();
        known.not_ready = Some("the store can't be reached".to_owned());
    }

    /// Takes note of a turn of the loop.
    pub(super) fn turned(&self, turn: &Turn<'_>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.turned = Instant::now();
        match turn {
            Turn::Ended { report, .. } => known.not_ready = report.halt.as_ref().and_then(in_the_way),
            Turn::Stopped => known.not_ready = Some("it is stopping".to_owned()),
            _ => {}
        }
    }

    /// Whether the loop turns.
    pub(super) fn is_alive(&self) -> bool {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .turned
            .elapsed()
            < SILENT
    }

    /// Why it is of no use at the moment; `None` where it is.
    pub(super) fn not_ready(&self) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.not_ready.clone()
    }
}

/// Why a run did not do its work: its store failed, also where that was to keep a call to the marketplace, or its settings did. What the
/// marketplace asked for, or ran into, is no fault of this process: other processes would fare no better.
fn in_the_way(halt: &Halt) -> Option<String> {
    let is_ours = matches!(
        halt,
        Halt::Store(_) | Halt::Marketplace(MarketplaceError::Unrecorded(_)) | Halt::Settings(_) | Halt::TooSlow { .. }
    );
    is_ours.then(|| report_error::tell(halt).message())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackord::Timestamp;
    use ackord::ports::StoreError;
    use ackord::workflow::RunReport;

    fn ended(health: &Health, halt: Option<Halt>) {
        let mut report = RunReport::default();
        report.halt = halt;
        let at = Timestamp::UNIX_EPOCH;
        health.turned(&Turn::Ended {
            began: at,
            at,
            report: &report,
        });
    }

    #[test]
    fn a_service_is_ready_once_a_run_came_through() {
        let health = Health::new();
        assert!(health.is_alive());
        assert!(health.not_ready().unwrap().contains("first run"));
        ended(&health, None);
        assert_eq!(health.not_ready(), None);
    }

    #[test]
    fn a_service_without_its_store_is_not_ready_until_it_is_back() {
        let health = Health::new();
        let store_fails = || StoreError::Full("disk".into());
        let call_not_kept = MarketplaceError::Unrecorded(store_fails());
        for halt in [Halt::Store(store_fails()), Halt::Marketplace(call_not_kept)] {
            ended(&health, Some(halt));
            assert!(health.not_ready().is_some());
            ended(&health, None);
            assert_eq!(health.not_ready(), None);
        }
    }

    #[test]
    fn what_the_marketplace_does_makes_no_service_unready() {
        let health = Health::new();
        let until = Timestamp::UNIX_EPOCH;
        ended(&health, Some(Halt::Throttled { until }));
        assert_eq!(health.not_ready(), None);
    }
}
