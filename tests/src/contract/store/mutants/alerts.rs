//! The ports of alerts over a store with one fault.

use std::time::Duration;

use ackord::alerts::RunNote;
use ackord::ports::{
    AccountCheck, AccountRecord, AccountStore, AlertChange, AlertRow, AlertStore, Check, CheckDue, Delivery,
    DeliveryEnd, DeliveryId, DeliveryRow, Overview, OverviewRequest, ShopHealth, StoreResult, StoreStanding,
};
use ackord::time::{Timestamp, plus};
use async_trait::async_trait;

use super::store::{Fault, Faulty};

#[async_trait]
impl Overview for Faulty {
    async fn standing(&self, asked: &OverviewRequest) -> StoreResult<StoreStanding> {
        let mut standing = self.store.standing(asked).await?;
        match self.fault {
            Fault::StandingForgetsTheInbox => standing.open.clear(),
            Fault::StandingLosesTheOrder => standing.oldest.reverse(),
            Fault::StandingCountsAcceptedOnes => {
                standing.unaccepted = standing.phases.iter().map(|count| count.orders).sum();
            }
            _ => {}
        }
        Ok(standing)
    }
}

#[async_trait]
impl AccountStore for Faulty {
    async fn reserve_check(&self, shop: &str, due: &CheckDue) -> StoreResult<Option<Check>> {
        match self.fault {
            Fault::ChecksAreAnybodys => Ok(Some(Check { figures: true })),
            Fault::FiguresAreAskedForEachTime => {
                let given = self.store.reserve_check(shop, due).await?;
                Ok(given.map(|_| Check { figures: true }))
            }
            _ => self.store.reserve_check(shop, due).await,
        }
    }

    async fn note_check(&self, shop: &str, now: Timestamp, said: &AccountCheck) -> StoreResult<()> {
        if self.has(Fault::AccountStateBeginsAnew) {
            let other = AccountCheck {
                state: said.state.as_ref().map(|state| format!("NOT_{state}")),
                ..AccountCheck::default()
            };
            self.store.note_check(shop, now, &other).await?;
        }
        self.store.note_check(shop, now, said).await
    }

    async fn set_figures_asked(&self, shop: &str, asked_at: Timestamp) -> StoreResult<()> {
        match self.fault {
            Fault::FiguresAreNeverPutOff => Ok(()),
            _ => self.store.set_figures_asked(shop, asked_at).await,
        }
    }

    async fn account_record(&self, shop: &str, figures_since: Timestamp) -> StoreResult<AccountRecord> {
        let mut record = self.store.account_record(shop, figures_since).await?;
        if self.has(Fault::AccountStateIsAsOldAsItBegan) {
            record.state_told_at = record.state_since;
        }
        Ok(record)
    }
}

#[async_trait]
impl AlertStore for Faulty {
    async fn health(&self, shop: &str) -> StoreResult<ShopHealth> {
        let mut health = self.store.health(shop).await?;
        if self.has(Fault::TroubleBeginsAnew) && health.trouble.is_some() {
            health.trouble_since = health.last_run_at;
        }
        Ok(health)
    }

    async fn note_run(&self, shop: &str, now: Timestamp, note: &RunNote) -> StoreResult<()> {
        self.store.note_run(shop, now, note).await
    }

    async fn alerts(&self, shop: &str, cleared_since: Timestamp) -> StoreResult<Vec<AlertRow>> {
        self.store.alerts(shop, cleared_since).await
    }

    async fn change_alerts(
        &self,
        shop: &str,
        changes: &[AlertChange],
        channels: &[String],
        now: Timestamp,
    ) -> StoreResult<Vec<bool>> {
        if self.has(Fault::AlertsGoOutBeforeTheyStand) {
            return self.store.change_alerts(shop, changes, &[], now).await;
        }
        let mut changes = changes.to_vec();
        if self.has(Fault::AlertChangesIgnoreTheVersion) {
            let open = self.store.alerts(shop, Timestamp::MAX).await?;
            for change in &mut changes {
                if let AlertChange::Update { alert_id, version, .. } | AlertChange::Clear { alert_id, version, .. } =
                    change
                    && let Some(row) = open.iter().find(|row| row.alert_id == *alert_id)
                {
                    *version = row.version;
                }
            }
        }
        self.store.change_alerts(shop, &changes, channels, now).await
    }

    async fn take_deliveries(
        &self,
        shop: &str,
        channels: &[String],
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Vec<Delivery>> {
        let lease = if self.has(Fault::MessagesAreAnybodys) {
            Duration::ZERO
        } else {
            lease
        };
        let now = if self.has(Fault::MessagesAreTakenEarly) {
            plus(now, lease)
        } else {
            now
        };
        self.store.take_deliveries(shop, channels, now, lease, limit).await
    }

    async fn end_delivery(&self, id: DeliveryId, attempt: u32, end: &DeliveryEnd, now: Timestamp) -> StoreResult<bool> {
        if self.has(Fault::DeliveriesEndUnnoticed) {
            return Ok(true);
        }
        self.store.end_delivery(id, attempt, end, now).await
    }

    async fn deliveries(&self, shop: &str, limit: usize) -> StoreResult<Vec<DeliveryRow>> {
        self.store.deliveries(shop, limit).await
    }
}
