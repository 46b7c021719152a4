//! A watch over a store in memory, heard by an ear.

mod asking;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;

use super::*;
use crate::failure::{FailureCause, NewFailure};
use crate::memory::{ManualClock, MemoryStore, SeededRandom};
use crate::ports::{
    AccountCheck, AccountRecord, AlertRow, Check, CheckDue, Delivery, DeliveryId, DeliveryRow, Inbox as _, InboxEntry,
    NotifyError, OverviewRequest, ShopHealth, StoreStanding,
};

const SHOP: &str = "https://marketplace.example";

/// Hears messages, and can be deaf.
#[derive(Debug, Default)]
struct Ear {
    name: &'static str,
    deaf: AtomicBool,
    heard: Mutex<Vec<(String, Message)>>,
    /// What goes down as it hears the next message.
    cuts: Mutex<Option<Arc<AtomicBool>>>,
}

impl Ear {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            ..Self::default()
        })
    }

    /// As it hears the next message, the store goes down.
    fn cuts(&self, store: &Shaky) {
        *self.cuts.lock().unwrap() = Some(Arc::clone(&store.down));
    }

    /// What was heard since this was asked last.
    fn heard(&self) -> Vec<(Kind, String)> {
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
struct Shaky {
    store: MemoryStore,
    down: Arc<AtomicBool>,
    /// Makes a round, of an order that was just refused, while somebody else has read how things stood before.
    meanwhile: Arc<Mutex<Option<Arc<Watch>>>>,
}

impl Shaky {
    fn up(&self) -> StoreResult<&MemoryStore> {
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
fn refuse(store: &MemoryStore, order: &str) {
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

struct Scene {
    clock: ManualClock,
    shaky: Shaky,
    webhook: Arc<Ear>,
    mail: Arc<Ear>,
}

impl Scene {
    fn new() -> Self {
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
    fn watch(&self) -> Watch {
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

    fn minutes(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    fn refused(&self, order: &str) {
        refuse(&self.shaky.store, order);
    }

    fn settle_inbox(&self) {
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

    fn both_heard(&self, what: &[(Kind, &str)]) {
        for ear in [&self.webhook, &self.mail] {
            let heard = ear.heard();
            let heard: Vec<_> = heard.iter().map(|(kind, key)| (*kind, &**key)).collect();
            assert_eq!(heard, what, "{}", ear.name);
        }
    }
}

/// What the future comes to; nothing here waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing to wait for")
}

fn hindered(trouble: Trouble) -> RunNote {
    RunNote::Hindered {
        trouble,
        detail: "503".to_owned(),
    }
}

#[test]
fn an_alert_is_told_once_and_its_end_too() {
    let scene = Scene::new();
    let watch = scene.watch();
    scene.refused("A-1");
    let round = now(watch.round()).unwrap();
    assert_eq!((round.told, round.delivered), (1, 2));
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
    scene.minutes(1);
    let quiet = now(watch.round()).unwrap();
    assert_eq!((quiet.told, quiet.cleared, quiet.delivered, quiet.failed), (0, 0, 0, 0));
    assert_eq!(quiet.open, [Severity::Urgent]);
    scene.settle_inbox();
    assert_eq!(now(watch.round()).unwrap().cleared, 1);
    scene.both_heard(&[(Kind::Cleared, "inbox:refused")]);
}

#[test]
fn a_hundred_orders_of_one_cause_are_one_alert() {
    let scene = Scene::new();
    for number in 0..100 {
        scene.refused(&format!("A-{number:03}"));
    }
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
    let log = now(scene.shaky.store.deliveries(SHOP, 10)).unwrap();
    assert_eq!(
        log[0].message.title,
        "100 orders: the marketplace refused the acceptance"
    );
}

#[test]
fn a_process_that_begins_anew_tells_nothing_twice() {
    let scene = Scene::new();
    scene.refused("A-1");
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
    for _ in 0..3 {
        scene.minutes(2);
        now(scene.watch().round()).unwrap();
    }
    scene.both_heard(&[]);
}

#[test]
fn what_a_process_wrote_before_it_ended_is_delivered_by_the_next() {
    let scene = Scene::new();
    scene.webhook.deaf.store(true, Ordering::SeqCst);
    scene.refused("A-1");
    assert_eq!(now(scene.watch().round()).unwrap().failed, 1);
    scene.webhook.deaf.store(false, Ordering::SeqCst);
    scene.minutes(1);
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
}

#[test]
fn a_short_outage_is_no_alert_and_a_long_one_has_an_end() {
    let scene = Scene::new();
    let watch = scene.watch();
    let down = hindered(Trouble::MarketplaceDown);
    for _ in 0..3 {
        now(watch.note_run(&down)).unwrap();
        now(watch.round()).unwrap();
        scene.minutes(5);
    }
    scene.both_heard(&[]);
    now(watch.note_run(&RunNote::Done)).unwrap();
    now(watch.round()).unwrap();
    scene.both_heard(&[]);
    for _ in 0..5 {
        now(watch.note_run(&down)).unwrap();
        now(watch.round()).unwrap();
        scene.minutes(5);
    }
    scene.both_heard(&[(Kind::Raised, "trouble:marketplace_down")]);
    now(watch.note_run(&RunNote::Done)).unwrap();
    now(watch.round()).unwrap();
    scene.both_heard(&[(Kind::Cleared, "trouble:marketplace_down")]);
}

#[test]
fn a_refused_key_is_told_at_once_and_its_end_under_the_new_one() {
    let scene = Scene::new();
    now(scene.watch().note_run(&hindered(Trouble::Credentials))).unwrap();
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "trouble:credentials")]);
    scene.minutes(30);
    now(scene.watch().note_run(&RunNote::Done)).unwrap();
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Cleared, "trouble:credentials")]);
}

#[test]
fn that_nothing_runs_is_told_by_whoever_watches() {
    let scene = Scene::new();
    now(scene.watch().note_run(&RunNote::Done)).unwrap();
    scene.minutes(29);
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[]);
    scene.minutes(1);
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "silence")]);
}

#[test]
fn a_store_that_is_down_is_told_directly_after_a_while_and_so_is_its_end() {
    let scene = Scene::new();
    let watch = scene.watch();
    scene.shaky.down.store(true, Ordering::SeqCst);
    assert!(now(watch.round()).is_err());
    scene.minutes(14);
    assert!(now(watch.round()).is_err());
    scene.both_heard(&[]);
    scene.minutes(1);
    scene.mail.deaf.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        assert!(now(watch.round()).is_err());
    }
    assert_eq!(scene.webhook.heard(), [(Kind::Raised, "trouble:store_down".to_owned())]);
    scene.mail.deaf.store(false, Ordering::SeqCst);
    assert!(now(watch.round()).is_err());
    assert_eq!(scene.mail.heard(), [(Kind::Raised, "trouble:store_down".to_owned())]);
    scene.shaky.down.store(false, Ordering::SeqCst);
    scene.webhook.deaf.store(true, Ordering::SeqCst);
    now(watch.round()).unwrap();
    assert_eq!(scene.mail.heard(), [(Kind::Cleared, "trouble:store_down".to_owned())]);
    scene.webhook.deaf.store(false, Ordering::SeqCst);
    now(watch.round()).unwrap();
    assert_eq!(
        scene.webhook.heard(),
        [(Kind::Cleared, "trouble:store_down".to_owned())]
    );
    now(watch.round()).unwrap();
    scene.both_heard(&[]);
}

#[test]
fn what_arrived_while_the_store_failed_is_not_sent_again() {
    let scene = Scene::new();
    let watch = scene.watch();
    scene.refused("A-1");
    scene.webhook.cuts(&scene.shaky);
    assert!(now(watch.round()).is_err(), "that it arrived can't be noted");
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
    scene.minutes(5);
    assert!(now(watch.round()).is_err());
    scene.shaky.down.store(false, Ordering::SeqCst);
    // Its end comes first, or the all-clear would go to nobody.
    scene.settle_inbox();
    now(watch.round()).unwrap();
    scene.both_heard(&[(Kind::Cleared, "inbox:refused")]);
    scene.minutes(5);
    now(watch.round()).unwrap();
    scene.both_heard(&[]);
}

#[test]
fn an_outage_of_the_store_is_told_once_although_a_run_notes_it_afterwards() {
    let scene = Scene::new();
    let watch = scene.watch();
    scene.shaky.down.store(true, Ordering::SeqCst);
    assert!(now(watch.round()).is_err());
    scene.minutes(15);
    assert!(now(watch.round()).is_err());
    scene.both_heard(&[(Kind::Raised, "trouble:store_down")]);
    scene.shaky.down.store(false, Ordering::SeqCst);
    // The run that met it could not say so before; the next one is hours away.
    now(watch.note_run(&hindered(Trouble::StoreDown))).unwrap();
    now(watch.round()).unwrap();
    scene.both_heard(&[(Kind::Cleared, "trouble:store_down")]);
    scene.minutes(20);
    now(watch.round()).unwrap();
    scene.both_heard(&[]);
    // It really is broken, in a way that lets notes through.
    now(watch.note_run(&hindered(Trouble::StoreDown))).unwrap();
    now(watch.round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "trouble:store_down")]);
}

#[test]
fn what_another_watch_has_just_raised_is_not_over() {
    let scene = Scene::new();
    *scene.shaky.meanwhile.lock().unwrap() = Some(Arc::new(scene.watch()));
    let behind = now(scene.watch().round()).unwrap();
    assert_eq!(behind.cleared, 0);
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
}

#[test]
fn two_watches_over_one_store_tell_once() {
    let scene = Scene::new();
    let (one, other) = (scene.watch(), scene.watch());
    scene.refused("A-1");
    now(one.round()).unwrap();
    now(other.round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
}

#[test]
fn without_a_channel_alerts_are_on_record_all_the_same() {
    let scene = Scene::new();
    scene.refused("A-1");
    let watch = Watch::new(
        Arc::new(scene.shaky.clone()),
        Arc::new(scene.clock.clone()),
        Arc::new(SeededRandom::new(5)),
        Vec::new(),
        AlertRules::default(),
        SHOP.to_owned(),
    );
    assert_eq!(now(watch.round()).unwrap().told, 1);
    let rows = now(scene.shaky.store.alerts(SHOP, Timestamp::MIN)).unwrap();
    assert_eq!(rows.len(), 1);
}
