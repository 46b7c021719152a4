//! [`AlertStore`]: alerts, and the outbox.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::alerts::{Kind, Message, RunNote};
use crate::ports::{
    AlertChange, AlertId, AlertRow, AlertStore, Delivery, DeliveryEnd, DeliveryId, DeliveryRow, ShopHealth,
    StoreResult, WITHDRAWN,
};
use crate::time::{self, Timestamp};

/// The tables of alerts.
#[derive(Debug, Default)]
pub(super) struct AlertTables {
    health: BTreeMap<String, ShopHealth>,
    /// By id, which begins with 1; with the shop.
    alerts: Vec<(String, AlertRow)>,
    /// By id, which begins with 1.
    deliveries: Vec<Posted>,
}

#[derive(Debug)]
struct Posted {
    shop: String,
    alert: AlertId,
    row: DeliveryRow,
    due_at: Timestamp,
    lease_until: Option<Timestamp>,
}

impl Posted {
    fn is_pending(&self) -> bool {
        self.row.delivered_at.is_none() && self.row.given_up_at.is_none()
    }

    fn withdraw(&mut self, now: Timestamp) {
        self.row.given_up_at = Some(now);
        self.row.error = Some(WITHDRAWN.to_owned());
    }
}

#[async_trait]
impl AlertStore for MemoryStore {
    async fn health(&self, shop: &str) -> StoreResult<ShopHealth> {
        Ok(self.tables().alerts.health.get(shop).cloned().unwrap_or_default())
    }

    async fn note_run(&self, shop: &str, now: Timestamp, note: &RunNote) -> StoreResult<()> {
        let now = time::to_micros(now);
        let mut tables = self.tables();
        let health = tables.alerts.health.entry(shop.to_owned()).or_default();
        health.last_run_at = Some(now);
        match note.trouble() {
            None => {
                *health = ShopHealth {
                    last_run_at: Some(now),
                    last_done_at: Some(now),
                    ..ShopHealth::default()
                };
            }
            Some((trouble, detail)) => {
                if health.trouble.as_deref() != Some(trouble) {
                    health.trouble_since = Some(now);
                }
                health.trouble = Some(trouble.to_owned());
                health.detail = Some(detail.to_owned());
            }
        }
        Ok(())
    }

    async fn alerts(&self, shop: &str, cleared_since: Timestamp) -> StoreResult<Vec<AlertRow>> {
        let tables = self.tables();
        let told = tables
            .alerts
            .alerts
            .iter()
            .filter(|(of, row)| of == shop && row.cleared_at.is_none_or(|at| at >= cleared_since))
            .map(|(_, row)| row.clone());
        Ok(told.collect())
    }

    async fn change_alerts(
        &self,
        shop: &str,
        changes: &[AlertChange],
        channels: &[String],
        now: Timestamp,
    ) -> StoreResult<Vec<bool>> {
        let now = time::to_micros(now);
        let mut tables = self.tables();
        let written = changes
            .iter()
            .map(|change| tables.alerts.change(shop, change, channels, now));
        Ok(written.collect())
    }

    async fn take_deliveries(
        &self,
        shop: &str,
        channels: &[String],
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Vec<Delivery>> {
        let now = time::to_micros(now);
        let mut tables = self.tables();
        let mut due: Vec<&mut Posted> = tables
            .alerts
            .deliveries
            .iter_mut()
            .filter(|posted| posted.shop == shop && posted.is_pending() && posted.due_at <= now)
            .filter(|posted| channels.contains(&posted.row.channel))
            .filter(|posted| {
                posted
                    .lease_until
                    .is_none_or(|until| until <= now || until > time::plus(now, lease.saturating_mul(2)))
            })
            .collect();
        due.sort_by_key(|posted| (posted.due_at, posted.row.delivery_id));
        let taken = due.into_iter().take(limit).map(|posted| {
            posted.lease_until = Some(time::to_micros(time::plus(now, lease)));
            posted.row.attempts += 1;
            Delivery {
                delivery_id: posted.row.delivery_id,
                channel: posted.row.channel.clone(),
                message: posted.row.message.clone(),
                attempt: posted.row.attempts,
                written_at: posted.row.written_at,
            }
        });
        Ok(taken.collect())
    }

    async fn end_delivery(&self, id: DeliveryId, attempt: u32, end: &DeliveryEnd, now: Timestamp) -> StoreResult<bool> {
        let now = time::to_micros(now);
        let mut tables = self.tables();
        let AlertTables { alerts, deliveries, .. } = &mut tables.alerts;
        let posted = deliveries
            .iter_mut()
            .find(|posted| posted.row.delivery_id == id && posted.row.attempts == attempt && posted.is_pending());
        let Some(posted) = posted else {
            return Ok(false);
        };
        posted.lease_until = None;
        let alert = alerts.iter().find(|(_, row)| row.alert_id == posted.alert);
        let is_over =
            alert.is_some_and(|(_, row)| row.cleared_at.is_some()) && posted.row.message.kind != Kind::Cleared;
        match end {
            DeliveryEnd::Delivered => posted.row.delivered_at = Some(now),
            DeliveryEnd::Again { .. } if is_over => posted.withdraw(now),
            DeliveryEnd::Again { at, error } => {
                posted.due_at = time::to_micros(*at);
                posted.row.error = Some(error.clone());
            }
            DeliveryEnd::GivenUp { error } => {
                posted.row.given_up_at = Some(now);
                posted.row.error = Some(error.clone());
            }
        }
        Ok(true)
    }

    async fn deliveries(&self, shop: &str, limit: usize) -> StoreResult<Vec<DeliveryRow>> {
        let tables = self.tables();
        let mut rows: Vec<DeliveryRow> = tables
            .alerts
            .deliveries
            .iter()
            .filter(|posted| posted.shop == shop)
            .map(|posted| posted.row.clone())
            .collect();
        rows.sort_by_key(|row| Reverse(row.delivery_id));
        rows.truncate(limit);
        Ok(rows)
    }
}

impl AlertTables {
    fn change(&mut self, shop: &str, change: &AlertChange, channels: &[String], now: Timestamp) -> bool {
        match change {
            AlertChange::Open {
                key,
                severity,
                since,
                message,
                tell,
            } => {
                let is_open =
                    |(of, row): &(String, AlertRow)| of == shop && row.key == *key && row.cleared_at.is_none();
                if self.alerts.iter().any(is_open) {
                    return false;
                }
                let alert_id = AlertId(self.alerts.len() as i64 + 1);
                let row = AlertRow {
                    alert_id,
                    version: 1,
                    key: key.clone(),
                    severity: *severity,
                    since: time::to_micros(*since),
                    raised_at: None,
                    told_at: None,
                    told_count: 0,
                    message: message.clone(),
                    cleared_at: None,
                };
                self.alerts.push((shop.to_owned(), row));
                self.tell(shop, alert_id, message, *tell, channels, now);
            }
            AlertChange::Update {
                alert_id,
                version,
                severity,
                message,
                tell,
            } => {
                let Some(row) = self.as_read(*alert_id, *version) else {
                    return false;
                };
                row.version += 1;
                row.severity = *severity;
                row.message = message.clone();
                self.tell(shop, *alert_id, message, *tell, channels, now);
            }
            AlertChange::Clear {
                alert_id,
                version,
                message,
            } => {
                let Some(row) = self.as_read(*alert_id, *version) else {
                    return false;
                };
                row.version += 1;
                row.cleared_at = Some(now);
                let told = self.withdraw(*alert_id, now);
                let knowing: Vec<String> = channels
                    .iter()
                    .filter(|channel| told.contains(channel))
                    .cloned()
                    .collect();
                self.post(shop, *alert_id, message, &knowing, now);
            }
        }
        true
    }

    fn as_read(&mut self, id: AlertId, version: i64) -> Option<&mut AlertRow> {
        let found = self
            .alerts
            .iter_mut()
            .map(|(_, row)| row)
            .find(|row| row.alert_id == id);
        found.filter(|row| row.version == version && row.cleared_at.is_none())
    }

    fn tell(&mut self, shop: &str, id: AlertId, message: &Message, tell: bool, channels: &[String], now: Timestamp) {
        if !tell {
            return;
        }
        if let Some((_, row)) = self.alerts.iter_mut().find(|(_, row)| row.alert_id == id) {
            row.raised_at = row.raised_at.or(Some(now));
            row.told_at = Some(now);
            row.told_count = message.count;
        }
        self.post(shop, id, message, channels, now);
    }

    fn post(&mut self, shop: &str, alert: AlertId, message: &Message, channels: &[String], now: Timestamp) {
        for channel in channels {
            let row = DeliveryRow {
                delivery_id: DeliveryId(self.deliveries.len() as i64 + 1),
                channel: channel.clone(),
                message: message.clone(),
                written_at: now,
                attempts: 0,
                delivered_at: None,
                given_up_at: None,
                error: None,
            };
            self.deliveries.push(Posted {
                shop: shop.to_owned(),
                alert,
                row,
                due_at: now,
                lease_until: None,
            });
        }
    }

    /// Withdraws what nobody has in hand of an alert; tells the channels that had something delivered, have it in hand, or had it in hand
    /// without anybody noting how that ended.
    fn withdraw(&mut self, alert: AlertId, now: Timestamp) -> Vec<String> {
        let mut told = Vec::new();
        for posted in self.deliveries.iter_mut().filter(|posted| posted.alert == alert) {
            if posted.row.delivered_at.is_some() || posted.lease_until.is_some() {
                told.push(posted.row.channel.clone());
            }
            let is_in_hand = posted.lease_until.is_some_and(|until| until > now);
            if posted.is_pending() && !is_in_hand {
                posted.withdraw(now);
            }
        }
        told
    }
}
