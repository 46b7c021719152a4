//! Counts: how often each kind of fault struck, and what a run adds up to.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident => $name:literal),* $(,)?) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind),*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$kind),*];

            /// Its name in figures.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name),*
                }
            }
        }
    };
}

kinds! {
    /// A worker process is killed (SIGKILL).
    WorkerKilled => "worker killed",
    /// A worker process stands still for longer than its lease (SIGSTOP, SIGCONT).
    WorkerFrozen => "worker frozen past its lease",
    /// A worker process is asked to stop (SIGTERM) and does.
    WorkerStopped => "worker stopped gracefully",
    /// The server is stopped immediately and started again.
    StoreRestarted => "database restarted",
    /// A connection's process on the server is ended.
    BackendTerminated => "database backend terminated",
    /// Another program's transaction holds locks on rows of orders and does nothing.
    RowsLocked => "rows locked by an idle transaction",
    /// Another program's transaction holds an old snapshot and does nothing.
    SnapshotHeld => "old snapshot held by an idle transaction",
    /// A connection to the store is reset after some bytes sent to it.
    StoreCutSending => "store connection cut while sending",
    /// A connection to the store is reset after some bytes received from it.
    StoreCutReceiving => "store connection cut while receiving",
    /// A commit was carried out, and the connection is reset before its acknowledgement arrives.
    AcknowledgementLost => "commit done, acknowledgement lost",
    /// The connection is reset right before a commit is forwarded.
    CommitNeverSent => "commit never forwarded",
    /// A connection to the store stands still for a while.
    StoreStalled => "store connection stalled",
    /// A connection to the store has no other end any more, and nobody says so.
    StoreHalfOpen => "store connection half-open",
    /// A connection to the marketplace is reset after some bytes sent to it.
    MarketCutSending => "marketplace connection cut while sending",
    /// A connection to the marketplace is reset after some bytes received from it.
    MarketCutReceiving => "marketplace connection cut while receiving",
    /// A connection to the marketplace stands still for a while.
    MarketStalled => "marketplace connection stalled",
    /// A connection to the marketplace has no other end any more, and nobody says so.
    MarketHalfOpen => "marketplace connection half-open",
    /// The marketplace goes away with all its connections and comes back.
    MarketRestarted => "marketplace restarted",
    /// An acceptance takes effect and its answer is lost.
    AnswerLost => "answer lost after the effect",
    /// The marketplace answers 5xx before or after the effect.
    ServerError => "5xx",
    /// The marketplace answers 429.
    Throttled => "429",
    /// The marketplace resets a connection.
    MarketReset => "reset by the marketplace",
    /// An answer that can't be read.
    Unreadable => "unreadable answer",
    /// The marketplace is slow.
    Slow => "slow answer",
    /// The marketplace shows the past.
    StaleRead => "stale read",
    /// The customer cancels.
    CancelledByHand => "cancelled by the customer",
    /// A person accepts in the back office.
    AcceptedByHand => "accepted by a person",
    /// A person refuses in the back office.
    RefusedByHand => "refused by a person",
}

impl Kind {
    /// Whether it can strike on this store: a file has no server and no connections over TCP.
    #[must_use]
    pub fn can_strike(self, postgres: bool) -> bool {
        postgres
            || !matches!(
                self,
                Self::StoreRestarted
                    | Self::BackendTerminated
                    | Self::StoreCutSending
                    | Self::StoreCutReceiving
                    | Self::AcknowledgementLost
                    | Self::CommitNeverSent
                    | Self::StoreStalled
                    | Self::StoreHalfOpen
            )
    }
}

/// A count for each kind of fault; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Counts>);

#[derive(Debug)]
struct Counts([AtomicU64; Kind::ALL.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Tally {
    /// Counts one more.
    pub fn count(&self, kind: Kind) {
        self.add(kind, 1);
    }

    /// Counts several more.
    pub fn add(&self, kind: Kind, more: u64) {
        self.0.0[kind as usize].fetch_add(more, Ordering::Relaxed);
    }

    /// How often it struck.
    #[must_use]
    pub fn of(&self, kind: Kind) -> u64 {
        self.0.0[kind as usize].load(Ordering::Relaxed)
    }

    /// The kinds that could strike on this store and never did.
    #[must_use]
    pub fn missing(&self, postgres: bool) -> Vec<Kind> {
        let never = |kind: &Kind| kind.can_strike(postgres) && self.of(*kind) == 0;
        Kind::ALL.into_iter().filter(never).collect()
    }
}

/// What one or more rounds add up to: named counts, and notes in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Figures(Arc<Mutex<Totals>>);

#[derive(Debug, Default)]
struct Totals {
    counts: BTreeMap<String, u64>,
    notes: Vec<Value>,
}

impl Figures {
    /// Reads the figures of earlier pieces; none where the file is not there.
    ///
    /// # Errors
    /// A file that can't be read, or holds something else.
    pub fn load(path: &Path) -> io::Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            read => read?,
        };
        let state: Value = serde_json::from_str(&text)?;
        let odd = || io::Error::new(io::ErrorKind::InvalidData, "the file holds no figures of chaos");
        let counts = state["counts"].as_object().ok_or_else(odd)?;
        let counts = counts
            .iter()
            .map(|(name, count)| Some((name.clone(), count.as_u64()?)))
            .collect::<Option<_>>()
            .ok_or_else(odd)?;
        let notes = state["pieces"].as_array().ok_or_else(odd)?.clone();
        Ok(Self(Arc::new(Mutex::new(Totals { counts, notes }))))
    }

    /// Writes them, so that a crash leaves the old file or the new one.
    ///
    /// # Errors
    /// A place that can't be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let fresh = path.with_extension("new");
        fs::write(&fresh, format!("{:#}\n", self.to_json()))?;
        fs::rename(fresh, path)
    }

    /// Adds to a count.
    pub fn add(&self, name: &str, more: u64) {
        *self.totals().counts.entry(name.to_owned()).or_default() += more;
    }

    /// Adds everything that a tally counted.
    pub fn add_tally(&self, tally: &Tally) {
        for kind in Kind::ALL {
            self.add(kind.as_str(), tally.of(kind));
        }
    }

    /// A count.
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        self.totals().counts.get(name).copied().unwrap_or(0)
    }

    /// Adds a note about a piece of the run.
    pub fn note(&self, note: Value) {
        self.totals().notes.push(note);
    }

    /// All of it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let totals = self.totals();
        let counts: Map<String, Value> = totals
            .counts
            .iter()
            .map(|(name, count)| (name.clone(), json!(count)))
            .collect();
        json!({ "counts": counts, "pieces": totals.notes })
    }

    fn totals(&self) -> std::sync::MutexGuard<'_, Totals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_add_up_over_pieces() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("figures.json");
        for piece in 1..=2 {
            let figures = Figures::load(&path).expect("figures");
            figures.add("orders", 500);
            figures.note(json!({ "piece": piece }));
            figures.save(&path).expect("written");
        }
        let figures = Figures::load(&path).expect("figures");
        assert_eq!(figures.of("orders"), 1000);
        assert_eq!(figures.to_json()["pieces"].as_array().map(Vec::len), Some(2));
        fs::write(&path, "[]").expect("written");
        assert!(Figures::load(&path).is_err(), "another file is not taken for figures");
    }

    #[test]
    fn a_kind_that_never_struck_is_missing() {
        let tally = Tally::default();
        for kind in Kind::ALL {
            if kind != Kind::WorkerFrozen && kind.can_strike(false) {
                tally.count(kind);
            }
        }
        assert_eq!(tally.missing(false), [Kind::WorkerFrozen]);
        assert!(tally.missing(true).contains(&Kind::StoreRestarted));
    }
}
