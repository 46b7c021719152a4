//! Pruning: the bodies of old answers go, everything else stays.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreResult;
use crate::call::CallId;
use crate::time::Timestamp;

/// A batch of calls of the log to prune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneBatch {
    /// Bodies of calls that started before this time.
    pub before: Timestamp,
    /// Of calls after this one; `None` for the first batch.
    pub after: Option<CallId>,
    /// How many calls are looked at, whether their bodies go or not.
    pub limit: usize,
    /// When this is done.
    pub now: Timestamp,
    /// On whose behalf.
    pub actor: String,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PrunedBatch {
    /// The last call looked at; `None` where there was none after the given one: that is the end of the log.
    pub last: Option<CallId>,
    /// How many bodies went.
    pub calls: u64,
    /// How many bytes they had, as UTF-8.
    pub bytes: u64,
    /// How many bodies are as old and stay, because an order of the call waits for something.
    pub kept: u64,
}

/// A batch on record: bodies that went together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruning {
    /// When.
    pub at: Timestamp,
    /// On whose behalf.
    pub actor: String,
    /// The calls had started before this time.
    pub before: Timestamp,
    /// How many bodies went.
    pub calls: u64,
    /// How many bytes they had, as UTF-8.
    pub bytes: u64,
    /// The first of the calls.
    pub first: CallId,
    /// The last of them.
    pub last: CallId,
}

/// Takes the bodies of old answers out of the call log. What was asked, how it ended, when, and which state each order was seen
/// in stay, and so does every timeline.
///
/// A body may go once its call is one of ours ([`crate::call::SERVICE`]) that has ended, started before the given time, and
/// every order that it is about or showed is settled, with no entry of the inbox open about it.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Retention: Debug + Send + Sync + 'static {
    /// Takes the bodies out that may go, among the next `limit` calls of the log by id, in one transaction with a
    /// [`Pruning`] that counts them; the row of each call names it. Without any to take out nothing MUST be written. Done
    /// again, a batch takes nothing more out.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then all of them stand as they stood.
    async fn prune(&self, batch: &PruneBatch) -> StoreResult<PrunedBatch>;

    /// What [`Retention::prune`] would take out; changes nothing.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn prunable(&self, batch: &PruneBatch) -> StoreResult<PrunedBatch>;

    /// At most `limit` prunings, the newest first (by time, then last call, both falling).
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn prunings(&self, limit: usize) -> StoreResult<Vec<Pruning>>;
}
