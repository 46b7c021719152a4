//! A shop that is watched: its store, which can be down, and who hears of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;

use super::super::*;
use crate::failure::{FailureCause, NewFailure};
use crate::memory::{ManualClock, MemoryStore, SeededRandom};
use crate::ports::{
    AccountCheck, AccountRecord, AlertRow, Check, CheckDue, Delivery, DeliveryId, DeliveryRow, Inbox as _, InboxEntry,
    NotifyError, OverviewRequest, ShopHealth, StoreStanding,
};

pub(super) const SHOP: &str = "https://marketplace.example";

/// Hears messages, and can be deaf.
#[derive(Debug, Default)]
pub(super) struct Ear {
    pub(super) name: &'static str,
    pub(super) deaf: AtomicBool,
    pub(super) heard: Mutex<Vec<(String, Message)>>,
    /// What goes down as it hears the next message.
    pub(super) cuts: Mutex<Option<Arc<AtomicBool>>>,
}

impl Ear {
    pub(super) fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            ..Self::default()
        })
    }

    /// As it hears the next message, the store goes down.
    pub(super) fn cuts(&self, store: &Shaky) {
        *self.cuts.lock().unwrap() = Some(Arc::clone(&store.down));
    }

    /// What was heard since this was asked last.
    pub(super) fn heard(&self) -> Vec<(Kind, String)> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard
            .into_iter()
            .map(|(_, message)| (message.kind, message.key))
            .collect()
    }
}

#[async_trait]
impl Notifier for Ear {
    fn name(&self) -> &str {
        self.name
    }

    async fn deliver(&self, id: &str, message: &Message) -> Result<(), NotifyError> {
        if self.deaf.load(Ordering::SeqCst) {
            return Err(NotifyError::Unreachable {
                what: "deaf".to_owned(),
                source: None,
            });
        }
        self.heard.lock().unwrap().push((id.to_owned(), message.clone()));
        if let Some(down) = self.cuts.lock().unwrap().take() {
            down.store(true, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// A store that can be down.
#[derive(Debug, Clone)]
pub(super) struct Shaky {
    pub(super) store: MemoryStore,
    pub(super) down: Arc<AtomicBool>,
    /// Makes a round, of an order that was just refused, while somebody else has read how things stood before.
    pub(super) meanwhile: Arc<Mutex<Option<Arc<Watch>>>>,
}

impl Shaky {
    pub(super) fn up(&self) -> StoreResult<&MemoryStore> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unreachable("connection refused".into()));
        }
        Ok(&self.store)
    }
}

#[async_trait]
impl Overview for Shaky {
    async fn standing(&self, asked: &OverviewRequest) -> StoreResult<StoreStanding> {
        let standing = self.up()?.standing(asked).await?;
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(other) = meanwhile {
            refuse(&self.store, "A-1");
            other.round().await?;
        }
        Ok(standing)
    }
}

#[async_trait]
impl AlertStore for Shaky {
    async fn health(&self, shop: &str) -> StoreResult<ShopHealth> {
        self.up()?.health(shop).await
    }

    async fn note_run(&self, shop: &str, now: Timestamp, note: &RunNote) -> StoreResult<()> {
        self.up()?.note_run(shop, now, note).await
    }

    async fn alerts(&self, shop: &str, cleared_since: Timestamp) -> StoreResult<Vec<AlertRow>> {
        self.up()?.alerts(shop, cleared_since).await
    }

    async fn change_alerts(
        &self,
        shop: &str,
        changes: &[AlertChange],
        channels: &[String],
        now: Timestamp,
    ) -> StoreResult<Vec<bool>> {
        self.up()?.change_alerts(shop, changes, channels, now).await
    }

    async fn take_deliveries(
        &self,
        shop: &str,
        channels: &[String],
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Vec<Delivery>> {
        self.up()?.take_deliveries(shop, channels, now, lease, limit).await
    }

    async fn end_delivery(&self, id: DeliveryId, attempt: u32, end: &DeliveryEnd, now: Timestamp) -> StoreResult<bool> {
        self.up()?.end_delivery(id, attempt, end, now).await
    }

    async fn deliveries(&self, shop: &str, limit: usize) -> StoreResult<Vec<DeliveryRow>> {
        self.up()?.deliveries(shop, limit).await
    }
}

#[async_trait]
impl AccountStore for Shaky {
    async fn reserve_check(&self, shop: &str, due: &CheckDue) -> StoreResult<Option<Check>> {
        self.up()?.reserve_check(shop, due).await
    }

    async fn note_check(&self, shop: &str, now: Timestamp, said: &AccountCheck) -> StoreResult<()> {
        self.up()?.note_check(shop, now, said).await
    }

    async fn set_figures_asked(&self, shop: &str, asked_at: Timestamp) -> StoreResult<()> {
        self.up()?.set_figures_asked(shop, asked_at).await
    }

    async fn account_record(&self, shop: &str, figures_since: Timestamp) -> StoreResult<AccountRecord> {
        self.up()?.account_record(shop, figures_since).await
    }
}

/// Puts an order into the inbox as refused.
pub(super) fn refuse(store: &MemoryStore, order: &str) {
    let entry = InboxEntry {
        failure: NewFailure {
            related_id: order.to_owned(),
            cause: FailureCause::Refused,
            details: "no".to_owned(),
            payload: serde_json::Value::Null,
            needs_person: true,
        },
        version: None,
    };
    now(store.open(&[entry])).unwrap();
}

pub(super) struct Scene {
    pub(super) clock: ManualClock,
    pub(super) shaky: Shaky,
    pub(super) webhook: Arc<Ear>,
    pub(super) mail: Arc<Ear>,
}

impl Scene {
    pub(super) fn new() -> Self {
        let clock = ManualClock::new("2026-11-23T08:00:00Z".parse().unwrap());
        let store = MemoryStore::new(Arc::new(clock.clone()));
        Self {
            shaky: Shaky {
                store,
                down: Arc::default(),
                meanwhile: Arc::default(),
            },
            clock,
            webhook: Ear::new("webhook"),
            mail: Ear::new("mail"),
        }
    }

    /// A watch as a process has it that has just begun.
    pub(super) fn watch(&self) -> Watch {
        Watch::new(
            Arc::new(self.shaky.clone()),
            Arc::new(self.clock.clone()),
            Arc::new(SeededRandom::new(5)),
            vec![
                Arc::<Ear>::clone(&self.webhook) as Arc<dyn Notifier>,
                Arc::<Ear>::clone(&self.mail),
            ],
            AlertRules::default(),
            SHOP.to_owned(),
        )
    }

    pub(super) fn minutes(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    pub(super) fn refused(&self, order: &str) {
        refuse(&self.shaky.store, order);
    }

    pub(super) fn settle_inbox(&self) {
        use crate::ports::Desk as _;
        let ids: Vec<_> = self
            .shaky
            .store
            .filed_failures()
            .iter()
            .map(|filed| filed.row.failure_id)
            .collect();
        now(self.shaky.store.close_failures(&ids, "kim", "done")).unwrap();
    }

    pub(super) fn both_heard(&self, what: &[(Kind, &str)]) {
        for ear in [&self.webhook, &self.mail] {
            let heard = ear.heard();
            let heard: Vec<_> = heard.iter().map(|(kind, key)| (*kind, &**key)).collect();
            assert_eq!(heard, what, "{}", ear.name);
        }
    }
}

/// What the future comes to; nothing here waits.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing to wait for")
}

pub(super) fn hindered(trouble: Trouble) -> RunNote {
    RunNote::Hindered {
        trouble,
        detail: "503".to_owned(),
    }
}
