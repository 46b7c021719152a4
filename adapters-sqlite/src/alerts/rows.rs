//! Rows of alerts as they come back.

use ackord::alerts::{Message, Severity};
use ackord::ports::{AlertId, AlertRow, Delivery, DeliveryId, DeliveryRow, ShopHealth, StoreError, StoreResult};

use crate::rows::count_of;
use crate::times;

pub(super) struct HealthRecord {
    pub(super) last_run_at: String,
    pub(super) last_done_at: Option<String>,
    pub(super) trouble: Option<String>,
    pub(super) trouble_since: Option<String>,
    pub(super) detail: Option<String>,
}

impl HealthRecord {
    pub(super) fn read(self, shop: &str) -> StoreResult<ShopHealth> {
        let place = |column: &str| format!("shop_health `{shop}`, {column}");
        Ok(ShopHealth {
            last_run_at: Some(times::read(&self.last_run_at, || place("last_run_at"))?),
            last_done_at: times::read_optional(self.last_done_at.as_deref(), || place("last_done_at"))?,
            trouble_since: times::read_optional(self.trouble_since.as_deref(), || place("trouble_since"))?,
            trouble: self.trouble,
            detail: self.detail,
        })
    }
}

pub(super) struct AlertRecord {
    pub(super) alert_id: i64,
    pub(super) version: i64,
    pub(super) key: String,
    pub(super) severity: String,
    pub(super) since_at: String,
    pub(super) raised_at: Option<String>,
    pub(super) told_at: Option<String>,
    pub(super) told_count: i64,
    pub(super) message: String,
    pub(super) cleared_at: Option<String>,
}

impl AlertRecord {
    pub(super) fn read(self) -> StoreResult<AlertRow> {
        let id = self.alert_id;
        let place = |column: &str| format!("alerts, alert_id {id}, {column}");
        let severity = Severity::parse(&self.severity).ok_or_else(|| StoreError::Corrupt {
            what: format!("{}: `{}`", place("severity"), self.severity),
        })?;
        Ok(AlertRow {
            alert_id: AlertId(id),
            version: self.version,
            severity,
            since: times::read(&self.since_at, || place("since_at"))?,
            raised_at: times::read_optional(self.raised_at.as_deref(), || place("raised_at"))?,
            told_at: times::read_optional(self.told_at.as_deref(), || place("told_at"))?,
            told_count: self.told_count.unsigned_abs(),
            message: message(&self.message, || place("message"))?,
            cleared_at: times::read_optional(self.cleared_at.as_deref(), || place("cleared_at"))?,
            key: self.key,
        })
    }
}

pub(super) struct DueRecord {
    pub(super) delivery_id: i64,
    pub(super) channel: String,
    pub(super) message: String,
    pub(super) attempts: i64,
    pub(super) written_at: String,
    pub(super) due_at: String,
}

impl DueRecord {
    pub(super) fn read(self) -> StoreResult<Delivery> {
        let place = |column: &str| of_delivery(self.delivery_id, column);
        Ok(Delivery {
            delivery_id: DeliveryId(self.delivery_id),
            message: message(&self.message, || place("message"))?,
            attempt: count_of(self.attempts),
            written_at: times::read(&self.written_at, || place("written_at"))?,
            channel: self.channel,
        })
    }
}

pub(super) struct PostedRecord {
    pub(super) delivery_id: i64,
    pub(super) channel: String,
    pub(super) message: String,
    pub(super) written_at: String,
    pub(super) attempts: i64,
    pub(super) delivered_at: Option<String>,
    pub(super) given_up_at: Option<String>,
    pub(super) error: Option<String>,
}

impl PostedRecord {
    pub(super) fn read(self) -> StoreResult<DeliveryRow> {
        let place = |column: &str| of_delivery(self.delivery_id, column);
        Ok(DeliveryRow {
            delivery_id: DeliveryId(self.delivery_id),
            message: message(&self.message, || place("message"))?,
            written_at: times::read(&self.written_at, || place("written_at"))?,
            attempts: count_of(self.attempts),
            delivered_at: times::read_optional(self.delivered_at.as_deref(), || place("delivered_at"))?,
            given_up_at: times::read_optional(self.given_up_at.as_deref(), || place("given_up_at"))?,
            channel: self.channel,
            error: self.error,
        })
    }
}

fn of_delivery(id: i64, column: &str) -> String {
    format!("alert_deliveries, delivery_id {id}, {column}")
}

fn message(text: &str, place: impl FnOnce() -> String) -> StoreResult<Message> {
    let value = serde_json::from_str(text).ok();
    value
        .as_ref()
        .and_then(Message::from_json)
        .ok_or_else(|| StoreError::Corrupt {
            what: format!("{}: not a message", place()),
        })
}
