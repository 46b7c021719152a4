//! The failures inbox, for what is found outside of an order's own work.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreResult;
use crate::failure::NewFailure;
use crate::work::Version;

/// An entry for the inbox, opened at most once.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxEntry {
    /// The entry.
    pub failure: NewFailure,
    /// The order's version that it is about, where it has one.
    pub version: Option<Version>,
}

/// Opens entries in the failures inbox.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Inbox: Debug + Send + Sync + 'static {
    /// Opens the entries and tells how many were opened. It MUST leave one out where an entry with the same related id
    /// and cause is open, or was ever opened for the same version of the order.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then none was opened.
    async fn open(&self, entries: &[InboxEntry]) -> StoreResult<usize>;
}
