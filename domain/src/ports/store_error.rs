//! The one error of the store ports.

use std::error::Error as StdError;

use crate::advice::Advice;

/// The result of a store's method.
pub type StoreResult<T> = Result<T, StoreError>;

/// What can go wrong with a store; one variant for each thing that a caller does differently.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store can't be reached, or the connection broke before anything was written.
    #[error("the store can't be reached")]
    Unreachable(#[source] Box<dyn StdError + Send + Sync>),
    /// The acknowledgement of a write was lost: it may stand or not. Repeat it under the same operation id.
    #[error("the store did not confirm a write")]
    Unconfirmed(#[source] Box<dyn StdError + Send + Sync>),
    /// Other writers were in the way until the retries were used up.
    #[error("other writers were in the way too often")]
    Busy(#[source] Box<dyn StdError + Send + Sync>),
    /// The store was written by a newer version of this program.
    #[error("the store's schema is at version {found}, this program knows up to {known}")]
    NewerSchema {
        /// The newest migration in the store.
        found: i64,
        /// The newest migration that this program has.
        known: i64,
    },
    /// The store lacks migrations.
    #[error("the store's schema is at version {found}, this program needs {needed}: run `ackord migrate`")]
    NotMigrated {
        /// The newest migration in the store; 0 for an empty one.
        found: i64,
        /// The newest migration that this program has.
        needed: i64,
    },
    /// The store can be read but not written.
    #[error("the store can't be written: it is read-only")]
    ReadOnly(#[source] Box<dyn StdError + Send + Sync>),
    /// The store's disk is full.
    #[error("the store's disk is full")]
    Full(#[source] Box<dyn StdError + Send + Sync>),
    /// The store was told something that it can't take, or its address or rights are wrong.
    #[error("the store refused: {what}")]
    Refused {
        /// What was refused and what to do about it.
        what: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// What stands in the store can't be read back.
    #[error("the store holds what can't be read: {what}")]
    Corrupt {
        /// Which row and column, and what stands there.
        what: String,
    },
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match self {
            Self::Unreachable(_) | Self::Busy(_) => Advice::RetryAfter(None),
            Self::Unconfirmed(_) => Advice::LookFirst,
            Self::Refused { .. } => Advice::Reject,
            Self::NewerSchema { .. }
            | Self::NotMigrated { .. }
            | Self::ReadOnly(_)
            | Self::Full(_)
            | Self::Corrupt { .. } => Advice::Stop,
        }
    }
}
