//! The store in memory: the same promises as the SQL stores, over maps behind one lock.
//!
//! It is the reference that the contract suite holds the SQL stores against, so each rule stands here in its plainest
//! form. A method takes the lock once and awaits nothing while it holds it: each is one transaction.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::tables::Tables;
use crate::ports::{Clock, StoreError};
use crate::time::{self, Timestamp};

/// A store that keeps everything in memory; clones share it.
#[derive(Clone)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    clock: Arc<dyn Clock>,
}

impl MemoryStore {
    /// An empty store whose own time is told by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            tables: Arc::default(),
            clock,
        }
    }

    /// The store's own time.
    pub(super) fn time(&self) -> Timestamp {
        time::to_micros(self.clock.now())
    }

    /// The tables, for one transaction. Writers check before they change anything, so a panic leaves nothing half done.
    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

/// The refusal of something that the store can't take.
pub(super) fn refused(what: impl Into<String>) -> StoreError {
    StoreError::Refused {
        what: what.into(),
        source: None,
    }
}
