//! The record as a whole, for audits, and the work table made anew from it.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreResult;
use crate::audit::OrderRecord;
use crate::order::OrderId;
use crate::time::Timestamp;

/// What became of one page of a rebuild.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RebuiltPage {
    /// The last order of the page; `None` where there was none after the given one: the rebuild is done.
    pub last: Option<OrderId>,
    /// How many work rows were made anew.
    pub rebuilt: u64,
    /// How many work rows without a timeline were removed.
    pub removed: u64,
    /// Orders whose work row was left as it is, for a row of their record can't be read.
    pub skipped: Vec<OrderId>,
}

/// Reads whole records in pages, and makes the work table anew from them.
///
/// Pages follow each other by order id, byte by byte. They name every order that has a row in `orders`, a timeline, a work
/// row or an acceptance call; each record is of one moment, and different orders may be of different ones.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait RecordAudit: Debug + Send + Sync + 'static {
    /// The records of at most `limit` orders after `after`. A row that can't be read MUST be named in its record, and MUST
    /// NOT hide the others.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn records(&self, after: Option<OrderId>, limit: usize) -> StoreResult<Vec<OrderRecord>>;

    /// Begins a rebuild: raises the store's epoch, so that every fencing number given out from here on is greater than
    /// any before. A rebuild that was cut off is begun anew.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn begin_rebuild(&self) -> StoreResult<()>;

    /// Makes the work rows of at most `limit` orders after `after` anew, in one transaction: each is what
    /// [`crate::audit::rebuilt`] makes of the order's record, under no lease, and its fencing number MUST be greater than
    /// any that was given out for the order, so that no lease from before writes anything. A work row without a timeline
    /// is removed. Workers may run meanwhile; doing it twice MUST leave what doing it once does, but for the fencing number.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then the page was not written.
    async fn rebuild(&self, after: Option<OrderId>, limit: usize, now: Timestamp) -> StoreResult<RebuiltPage>;
}
