//! Alerts on record, and the outbox of what people are told.
//!
//! What people are told is written in one transaction with the alert that it is about, and goes out afterwards: a process that ends
//! in between loses nothing. Of several services on one store each change of an alert is written by one.
//!
//! The shop is named by its URL and id. [`super::ShopKey`] would not do: it changes with the API key, and the alert that the old key is
//! refused has to end when the new one is taken.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreResult;
use crate::alerts::{Message, RunNote, Severity};
use crate::time::Timestamp;

/// What the delivery log says of a message whose alert was over before it arrived.
pub const WITHDRAWN: &str = "over before it was delivered";

/// The id of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(pub i64);

/// The id of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub i64);

/// How the shop fares, run by run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShopHealth {
    /// When a run last ended.
    pub last_run_at: Option<Timestamp>,
    /// When a run last came to its end with nothing in the way.
    pub last_done_at: Option<Timestamp>,
    /// What was in the way of the last run: a stable word, see [`crate::alerts::Trouble`].
    pub trouble: Option<String>,
    /// Since when that has been so, without a run in between that met something else or nothing.
    pub trouble_since: Option<Timestamp>,
    /// What it said.
    pub detail: Option<String>,
}

/// An alert on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// Its id.
    pub alert_id: AlertId,
    /// Grows with each change.
    pub version: i64,
    /// What it is about: one alert at a time is open for each.
    pub key: String,
    /// How much it matters.
    pub severity: Severity,
    /// Since when it is so.
    pub since: Timestamp,
    /// When people were first told, and `None` before: a condition that has to last first.
    pub raised_at: Option<Timestamp>,
    /// When people were last told.
    pub told_at: Option<Timestamp>,
    /// How many it was about then.
    pub told_count: u64,
    /// What it says now.
    pub message: Message,
    /// When it was over.
    pub cleared_at: Option<Timestamp>,
}

/// A change of an alert, with what people are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertChange {
    /// Something new.
    Open {
        /// What it is about.
        key: String,
        /// How much it matters.
        severity: Severity,
        /// Since when it is so.
        since: Timestamp,
        /// What it says.
        message: Message,
        /// Whether people are told now.
        tell: bool,
    },
    /// It says something else, or people are told again.
    Update {
        /// Which.
        alert_id: AlertId,
        /// As it was read.
        version: i64,
        /// How much it matters now.
        severity: Severity,
        /// What it says now.
        message: Message,
        /// Whether people are told now.
        tell: bool,
    },
    /// It is over.
    Clear {
        /// Which.
        alert_id: AlertId,
        /// As it was read.
        version: i64,
        /// The all-clear, for the channels that were told of the alert.
        message: Message,
    },
}

/// A message that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id: the same each time that it is tried.
    pub delivery_id: DeliveryId,
    /// By which channel.
    pub channel: String,
    /// What it says.
    pub message: Message,
    /// How often it has been tried, this time included.
    pub attempt: u32,
    /// When it was written.
    pub written_at: Timestamp,
}

/// How one attempt at a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// It has arrived.
    Delivered,
    /// It is tried again.
    Again {
        /// Not before this time.
        at: Timestamp,
        /// What was in the way.
        error: String,
    },
    /// It is not tried again.
    GivenUp {
        /// Why.
        error: String,
    },
}

/// A line of the delivery log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its id.
    pub delivery_id: DeliveryId,
    /// By which channel.
    pub channel: String,
    /// What it says.
    pub message: Message,
    /// When it was written.
    pub written_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
    /// When it was given up, or withdrawn because its alert was over before anybody was told.
    pub given_up_at: Option<Timestamp>,
    /// What was in the way last.
    pub error: Option<String>,
}

/// Keeps alerts and the outbox.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait AlertStore: Debug + Send + Sync + 'static {
    /// How the shop fares; the default for one that never ran.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn health(&self, shop: &str) -> StoreResult<ShopHealth>;

    /// Notes that a run ended at `now`, and what was in its way. The time since when MUST stay where the same was in the way
    /// before.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn note_run(&self, shop: &str, now: Timestamp, note: &RunNote) -> StoreResult<()>;

    /// The alerts of the shop that are open, and those that were over no earlier than `cleared_since`; by id.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn alerts(&self, shop: &str, cleared_since: Timestamp) -> StoreResult<Vec<AlertRow>>;

    /// Writes changes in one transaction, each with its messages to `channels`, due at `now`; tells which were written, in their
    /// order. One MUST be left out where an alert of its key is open already, or the alert's version is no longer the
    /// one that was read. With the end of an alert its messages that nobody has in hand MUST be withdrawn ([`WITHDRAWN`]), and
    /// the all-clear MUST go to those channels alone that had one delivered, have one in hand, or had one in hand
    /// at its last attempt without anybody noting how that ended.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then nothing was written, or, where the store's answer was lost, all of it.
    async fn change_alerts(
        &self,
        shop: &str,
        changes: &[AlertChange],
        channels: &[String],
        now: Timestamp,
    ) -> StoreResult<Vec<bool>>;

    /// Takes messages to `channels` that are due, oldest first, `limit` of them at the most; nobody else MUST get one of them
    /// before `now + lease`. A lease that ends later than two of them from `now` MUST NOT hold anybody up (a clock jumped; one is too
    /// little, for two watches read the clock a little apart).
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn take_deliveries(
        &self,
        shop: &str,
        channels: &[String],
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Vec<Delivery>>;

    /// Notes how an attempt ended; tells whether it was written. It MUST NOT be where a later attempt has begun, or the message was
    /// withdrawn, delivered or given up meanwhile. A message of an alert that is over, other than its all-clear, MUST NOT be
    /// tried again: it is withdrawn.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn end_delivery(&self, id: DeliveryId, attempt: u32, end: &DeliveryEnd, now: Timestamp) -> StoreResult<bool>;

    /// The delivery log of the shop, newest first.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn deliveries(&self, shop: &str, limit: usize) -> StoreResult<Vec<DeliveryRow>>;
}
