//! Rows of alerts as they come back.

use ackord::alerts::{Message, Severity};
use ackord::ports::{AlertId, AlertRow, Delivery, DeliveryId, DeliveryRow, ShopHealth, StoreError};
use jiff_sqlx::Timestamp as At;

use crate::rows::{corrupt, count, time};

pub(super) struct HealthRecord {
    pub(super) last_run_at: At,
    pub(super) last_done_at: Option<At>,
    pub(super) trouble: Option<String>,
    pub(super) trouble_since: Option<At>,
    pub(super) detail: Option<String>,
}

impl From<HealthRecord> for ShopHealth {
    fn from(row: HealthRecord) -> Self {
        Self {
            last_run_at: Some(time(row.last_run_at)),
            last_done_at: row.last_done_at.map(time),
            trouble: row.trouble,
            trouble_since: row.trouble_since.map(time),
            detail: row.detail,
        }
    }
}

pub(super) struct AlertRecord {
    pub(super) alert_id: i64,
    pub(super) version: i64,
    pub(super) key: String,
    pub(super) severity: String,
    pub(super) since_at: At,
    pub(super) raised_at: Option<At>,
    pub(super) told_at: Option<At>,
    pub(super) told_count: i64,
    pub(super) message: String,
    pub(super) cleared_at: Option<At>,
}

impl TryFrom<AlertRecord> for AlertRow {
    type Error = StoreError;

    fn try_from(row: AlertRecord) -> Result<Self, StoreError> {
        let place = format!("alerts, alert_id {}", row.alert_id);
        Ok(Self {
            alert_id: AlertId(row.alert_id),
            version: row.version,
            severity: Severity::parse(&row.severity)
                .ok_or_else(|| corrupt(format!("{place}: the severity is {:?}", row.severity)))?,
            key: row.key,
            since: time(row.since_at),
            raised_at: row.raised_at.map(time),
            told_at: row.told_at.map(time),
            told_count: row.told_count.unsigned_abs(),
            message: message(&place, &row.message)?,
            cleared_at: row.cleared_at.map(time),
        })
    }
}

pub(super) struct DueRecord {
    pub(super) delivery_id: i64,
    pub(super) channel: String,
    pub(super) message: String,
    pub(super) attempts: i32,
    pub(super) written_at: At,
}

impl TryFrom<DueRecord> for Delivery {
    type Error = StoreError;

    fn try_from(row: DueRecord) -> Result<Self, StoreError> {
        Ok(Self {
            delivery_id: DeliveryId(row.delivery_id),
            message: message(&of_delivery(row.delivery_id), &row.message)?,
            channel: row.channel,
            attempt: count(row.attempts),
            written_at: time(row.written_at),
        })
    }
}

pub(super) struct PostedRecord {
    pub(super) delivery_id: i64,
    pub(super) channel: String,
    pub(super) message: String,
    pub(super) written_at: At,
    pub(super) attempts: i32,
    pub(super) delivered_at: Option<At>,
    pub(super) given_up_at: Option<At>,
    pub(super) error: Option<String>,
}

impl TryFrom<PostedRecord> for DeliveryRow {
    type Error = StoreError;

    fn try_from(row: PostedRecord) -> Result<Self, StoreError> {
        Ok(Self {
            delivery_id: DeliveryId(row.delivery_id),
            message: message(&of_delivery(row.delivery_id), &row.message)?,
            channel: row.channel,
            written_at: time(row.written_at),
            attempts: count(row.attempts),
            delivered_at: row.delivered_at.map(time),
            given_up_at: row.given_up_at.map(time),
            error: row.error,
        })
    }
}

fn of_delivery(id: i64) -> String {
    format!("alert_deliveries, delivery_id {id}")
}

fn message(place: &str, text: &str) -> Result<Message, StoreError> {
    let value = serde_json::from_str(text).ok();
    value
        .as_ref()
        .and_then(Message::from_json)
        .ok_or_else(|| corrupt(format!("{place}: the message can't be read")))
}
