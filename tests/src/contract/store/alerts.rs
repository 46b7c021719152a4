//! Alerts and their outbox: [`ackord::ports::AlertStore`].

use std::time::Duration;

use ackord::alerts::{Kind, Message, RunNote, Severity, Trouble};
use ackord::ports::{AlertChange, AlertRow, Delivery, DeliveryEnd, ShopHealth, WITHDRAWN};
use ackord::time::Timestamp;
use tokio::task::JoinSet;

use super::StoreFixture;
use super::given::at;

const SHOP: &str = "https://marketplace.example?shop_id=7";
const LEASE: Duration = Duration::from_secs(60);

fn channels() -> Vec<String> {
    ["webhook", "mail"].map(str::to_owned).to_vec()
}

fn message(key: &str, kind: Kind, now: Timestamp) -> Message {
    Message {
        kind,
        key: key.to_owned(),
        severity: Severity::Urgent,
        shop: SHOP.to_owned(),
        title: format!("\"{key}\" is wrong"),
        lines: vec!["1234-A".to_owned(), "a 'second' line".to_owned()],
        remedy: "ackord failures list".to_owned(),
        count: 2,
        since: now,
        at: now,
    }
}

fn opening(key: &str, tell: bool, now: Timestamp) -> AlertChange {
    AlertChange::Open {
        key: key.to_owned(),
        severity: Severity::Urgent,
        since: now,
        message: message(key, Kind::Raised, now),
        tell,
    }
}

fn update(row: &AlertRow, kind: Kind, tell: bool, now: Timestamp) -> AlertChange {
    AlertChange::Update {
        alert_id: row.alert_id,
        version: row.version,
        severity: Severity::Critical,
        message: Message {
            count: 5,
            ..message(&row.key, kind, now)
        },
        tell,
    }
}

fn clearing(row: &AlertRow, now: Timestamp) -> AlertChange {
    AlertChange::Clear {
        alert_id: row.alert_id,
        version: row.version,
        message: message(&row.key, Kind::Cleared, now),
    }
}

impl StoreFixture {
    async fn change(&self, change: AlertChange, now: Timestamp) -> bool {
        let written = self.store.change_alerts(SHOP, &[change], &channels(), now).await;
        written.unwrap()[0]
    }

    async fn alert(&self, key: &str, now: Timestamp) -> AlertRow {
        let rows = self.other.alerts(SHOP, now).await.unwrap();
        rows.into_iter()
            .find(|row| row.key == key)
            .expect("an alert of this key")
    }

    async fn take(&self, now: Timestamp) -> Vec<Delivery> {
        self.other
            .take_deliveries(SHOP, &channels(), now, LEASE, 100)
            .await
            .unwrap()
    }

    async fn end(&self, delivery: &Delivery, end: DeliveryEnd, now: Timestamp) -> bool {
        let ended = self
            .store
            .end_delivery(delivery.delivery_id, delivery.attempt, &end, now);
        ended.await.unwrap()
    }
}

fn told(due: &[Delivery]) -> Vec<(&str, Kind)> {
    due.iter()
        .map(|delivery| (&*delivery.channel, delivery.message.kind))
        .collect()
}

pub(super) async fn an_alert_and_its_messages_are_there_together(f: &StoreFixture) {
    let now = f.base().await;
    assert!(f.change(opening("silence", true, now), now).await);
    let row = f.alert("silence", now).await;
    assert_eq!((row.version, row.severity, row.since), (1, Severity::Urgent, now));
    assert_eq!((row.raised_at, row.told_at, row.told_count), (Some(now), Some(now), 2));
    assert_eq!(row.message, message("silence", Kind::Raised, now));
    assert_eq!(row.cleared_at, None);
    let due = f.take(now).await;
    assert_eq!(told(&due), [("webhook", Kind::Raised), ("mail", Kind::Raised)]);
    assert_eq!((due[0].attempt, due[0].written_at), (1, now));
    assert_eq!(due[0].message, message("silence", Kind::Raised, now));
}

pub(super) async fn an_alert_that_nobody_is_told_of_has_no_message(f: &StoreFixture) {
    let now = f.base().await;
    assert!(f.change(opening("silence", false, now), now).await);
    let row = f.alert("silence", now).await;
    assert_eq!((row.raised_at, row.told_at, row.told_count), (None, None, 0));
    assert_eq!(f.take(now).await, []);
    assert!(
        f.change(update(&row, Kind::Raised, true, at(now, 60)), at(now, 60))
            .await
    );
    let row = f.alert("silence", now).await;
    assert_eq!((row.version, row.severity), (2, Severity::Critical));
    assert_eq!((row.raised_at, row.told_count), (Some(at(now, 60)), 5));
    assert_eq!(f.take(at(now, 60)).await.len(), 2);
}

pub(super) async fn an_alert_that_is_told_again_keeps_when_it_was_raised(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("silence", true, now), now).await;
    let row = f.alert("silence", now).await;
    f.change(update(&row, Kind::Reminder, true, at(now, 60)), at(now, 60))
        .await;
    let row = f.alert("silence", now).await;
    assert_eq!((row.raised_at, row.told_at), (Some(now), Some(at(now, 60))));
    f.change(update(&row, Kind::Reminder, false, at(now, 90)), at(now, 90))
        .await;
    let row = f.alert("silence", now).await;
    assert_eq!((row.version, row.told_at, row.told_count), (3, Some(at(now, 60)), 5));
}

pub(super) async fn one_alert_at_a_time_is_open_for_each_key(f: &StoreFixture) {
    let now = f.base().await;
    assert!(f.change(opening("silence", true, now), now).await);
    assert!(!f.change(opening("silence", true, now), now).await);
    assert_eq!(f.take(now).await.len(), 2);
    let row = f.alert("silence", now).await;
    assert!(f.change(clearing(&row, now), now).await);
    assert!(f.change(opening("silence", true, at(now, 1)), at(now, 1)).await);
    let both = f.store.alerts(SHOP, now).await.unwrap();
    assert_eq!(
        both.iter().map(|row| row.cleared_at).collect::<Vec<_>>(),
        [Some(now), None]
    );
}

pub(super) async fn of_watches_that_change_an_alert_at_once_one_does(f: &StoreFixture) {
    let now = f.base().await;
    let mut opening_at_once = JoinSet::new();
    for number in 0..8 {
        let store = std::sync::Arc::clone(if number % 2 == 0 { &f.store } else { &f.other });
        opening_at_once.spawn(async move {
            let (changes, channels) = ([opening("silence", true, now)], channels());
            store.change_alerts(SHOP, &changes, &channels, now).await.unwrap()[0]
        });
    }
    let opened = opening_at_once.join_all().await;
    assert_eq!(opened.iter().filter(|written| **written).count(), 1);
    let row = f.alert("silence", now).await;
    let mut updating = JoinSet::new();
    for number in 0..8 {
        let store = std::sync::Arc::clone(if number % 2 == 0 { &f.store } else { &f.other });
        let change = update(&row, Kind::Reminder, true, now);
        updating.spawn(async move { store.change_alerts(SHOP, &[change], &channels(), now).await.unwrap()[0] });
    }
    let updated = updating.join_all().await;
    assert_eq!(updated.iter().filter(|written| **written).count(), 1);
    assert_eq!(f.take(now).await.len(), 4);
}

pub(super) async fn an_alert_that_changed_since_it_was_read_is_left_alone(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("silence", true, now), now).await;
    let row = f.alert("silence", now).await;
    assert!(f.change(update(&row, Kind::Reminder, false, now), now).await);
    assert!(!f.change(update(&row, Kind::Reminder, true, now), now).await);
    assert!(!f.change(clearing(&row, now), now).await);
    let row = f.alert("silence", now).await;
    assert!(f.change(clearing(&row, now), now).await);
    let row = f.alert("silence", now).await;
    assert!(
        !f.change(update(&row, Kind::Reminder, true, now), now).await,
        "it is over"
    );
    let written = f
        .store
        .change_alerts(
            SHOP,
            &[clearing(&row, now), opening("other", true, now)],
            &channels(),
            now,
        )
        .await;
    assert_eq!(written.unwrap(), [false, true], "each is told of");
}

pub(super) async fn an_all_clear_goes_to_those_who_were_told(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("silence", true, now), now).await;
    let due = f.take(now).await;
    assert!(f.end(&due[0], DeliveryEnd::Delivered, now).await);
    let again = DeliveryEnd::Again {
        at: at(now, 30),
        error: "reset".to_owned(),
    };
    assert!(f.end(&due[1], again, now).await);
    let row = f.alert("silence", now).await;
    f.change(clearing(&row, at(now, 10)), at(now, 10)).await;
    let due = f.take(at(now, 60)).await;
    assert_eq!(told(&due), [("webhook", Kind::Cleared)], "the mail was withdrawn");
    let log = f.other.deliveries(SHOP, 100).await.unwrap();
    let mail = log.iter().find(|row| row.channel == "mail").unwrap();
    assert_eq!(
        (mail.given_up_at, mail.error.as_deref()),
        (Some(at(now, 10)), Some(WITHDRAWN))
    );
}

pub(super) async fn a_message_in_hand_is_not_withdrawn_and_not_tried_again(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("silence", true, now), now).await;
    let due = f.take(now).await;
    let row = f.alert("silence", now).await;
    f.change(clearing(&row, at(now, 10)), at(now, 10)).await;
    assert!(f.end(&due[0], DeliveryEnd::Delivered, at(now, 11)).await);
    let again = DeliveryEnd::Again {
        at: at(now, 30),
        error: "reset".to_owned(),
    };
    assert!(f.end(&due[1], again, at(now, 11)).await);
    let cleared = f.take(at(now, 30)).await;
    assert_eq!(told(&cleared), [("webhook", Kind::Cleared), ("mail", Kind::Cleared)]);
    let again = DeliveryEnd::Again {
        at: at(now, 40),
        error: "reset".to_owned(),
    };
    assert!(f.end(&cleared[0], again, at(now, 31)).await);
    assert_eq!(
        told(&f.take(at(now, 40)).await),
        [("webhook", Kind::Cleared)],
        "an all-clear is"
    );
}

pub(super) async fn a_message_that_may_have_arrived_has_its_all_clear(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("silence", true, now), now).await;
    let due = f.take(now).await;
    let refused = DeliveryEnd::GivenUp {
        error: "no such channel".to_owned(),
    };
    assert!(f.end(&due[1], refused, now).await);
    // Of the other nobody notes how it ended, for longer than its lease.
    let row = f.alert("silence", now).await;
    f.change(clearing(&row, at(now, 600)), at(now, 600)).await;
    assert_eq!(told(&f.take(at(now, 600)).await), [("webhook", Kind::Cleared)]);
    assert!(
        !f.end(&due[0], DeliveryEnd::Delivered, at(now, 601)).await,
        "it is withdrawn"
    );
}

pub(super) async fn a_message_is_one_takers_until_its_lease_ends(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("silence", true, now), now).await;
    let first = f.take(now).await;
    assert_eq!(f.take(at(now, 59)).await, []);
    let second = f.take(at(now, 60)).await;
    assert_eq!(
        second.iter().map(|delivery| delivery.attempt).collect::<Vec<_>>(),
        [2, 2]
    );
    assert!(
        !f.end(&first[0], DeliveryEnd::Delivered, at(now, 61)).await,
        "another has it in hand"
    );
    assert!(f.end(&second[0], DeliveryEnd::Delivered, at(now, 61)).await);
    assert!(
        !f.end(&second[0], DeliveryEnd::Delivered, at(now, 61)).await,
        "it is delivered"
    );
}

pub(super) async fn a_lease_on_a_message_that_a_clock_put_too_far_ahead_holds_nobody_up(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("silence", true, at(now, -7200)), at(now, -7200)).await;
    assert_eq!(f.take(at(now, 3600)).await.len(), 2);
    assert_eq!(f.take(now).await.len(), 2);
}

pub(super) async fn a_message_taken_by_a_clock_a_little_ahead_is_left_alone(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("silence", true, now), now).await;
    assert_eq!(f.take(at(now, 2)).await.len(), 2);
    assert_eq!(f.take(at(now, 1)).await, []);
    assert_eq!(f.take(at(now, 1) + LEASE).await, []);
    assert_eq!(f.take(at(now, 2) + LEASE).await.len(), 2);
}

pub(super) async fn messages_are_taken_oldest_first_of_these_channels_and_no_more_than_asked(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("late", true, at(now, 5)), at(now, 5)).await;
    f.change(opening("early", true, now), now).await;
    let mail = vec!["mail".to_owned()];
    let take = |limit| f.store.take_deliveries(SHOP, &mail, at(now, 5), LEASE, limit);
    assert_eq!(take(0).await.unwrap(), []);
    let keys = |due: Vec<Delivery>| due.into_iter().map(|delivery| delivery.message.key).collect::<Vec<_>>();
    assert_eq!(keys(take(1).await.unwrap()), ["early"]);
    assert_eq!(keys(take(9).await.unwrap()), ["late"]);
    let elsewhere = f.store.take_deliveries("another shop", &mail, at(now, 5), LEASE, 9);
    assert_eq!(elsewhere.await.unwrap(), []);
}

pub(super) async fn a_message_is_tried_again_when_that_is_due(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("silence", true, now), now).await;
    let due = f.take(now).await;
    let again = DeliveryEnd::Again {
        at: at(now, 30),
        error: "no route".to_owned(),
    };
    assert!(f.end(&due[0], again, at(now, 1)).await);
    let given_up = DeliveryEnd::GivenUp {
        error: "404".to_owned(),
    };
    assert!(f.end(&due[1], given_up, at(now, 2)).await);
    assert_eq!(f.take(at(now, 29)).await, []);
    let due = f.take(at(now, 30)).await;
    assert_eq!((due.len(), due[0].attempt), (1, 2));
    let log = f.other.deliveries(SHOP, 1).await.unwrap();
    assert_eq!((log.len(), &*log[0].channel), (1, "mail"), "newest first");
    assert_eq!(
        (log[0].given_up_at, log[0].error.as_deref()),
        (Some(at(now, 2)), Some("404"))
    );
    let log = f.other.deliveries(SHOP, 100).await.unwrap();
    assert_eq!((log[1].attempts, log[1].error.as_deref()), (2, Some("no route")));
}

pub(super) async fn alerts_that_are_over_are_told_for_as_long_as_asked(f: &StoreFixture) {
    let now = f.base().await;
    f.change(opening("silence", true, now), now).await;
    let row = f.alert("silence", now).await;
    f.change(clearing(&row, at(now, 10)), at(now, 10)).await;
    assert_eq!(f.store.alerts(SHOP, at(now, 10)).await.unwrap().len(), 1);
    assert_eq!(f.store.alerts(SHOP, at(now, 11)).await.unwrap(), []);
    assert_eq!(f.store.alerts("another shop", now).await.unwrap(), []);
}

pub(super) async fn a_trouble_keeps_since_when_it_is_there(f: &StoreFixture) {
    let now = f.base().await;
    assert_eq!(f.store.health(SHOP).await.unwrap(), ShopHealth::default());
    let hindered = |trouble, detail: &str| RunNote::Hindered {
        trouble,
        detail: detail.to_owned(),
    };
    f.store.note_run(SHOP, now, &RunNote::Done).await.unwrap();
    let down = hindered(Trouble::MarketplaceDown, "503");
    f.store.note_run(SHOP, at(now, 60), &down).await.unwrap();
    let down = hindered(Trouble::MarketplaceDown, "timeout");
    f.store.note_run(SHOP, at(now, 120), &down).await.unwrap();
    let health = f.other.health(SHOP).await.unwrap();
    assert_eq!(
        health,
        ShopHealth {
            last_run_at: Some(at(now, 120)),
            last_done_at: Some(now),
            trouble: Some("marketplace_down".to_owned()),
            trouble_since: Some(at(now, 60)),
            detail: Some("timeout".to_owned()),
        }
    );
    let expired = hindered(Trouble::Credentials, "401");
    f.store.note_run(SHOP, at(now, 180), &expired).await.unwrap();
    assert_eq!(f.other.health(SHOP).await.unwrap().trouble_since, Some(at(now, 180)));
    f.store.note_run(SHOP, at(now, 240), &RunNote::Done).await.unwrap();
    let health = f.other.health(SHOP).await.unwrap();
    assert_eq!(
        (health.last_done_at, health.trouble, health.detail),
        (Some(at(now, 240)), None, None)
    );
    assert_eq!(f.store.health("another shop").await.unwrap(), ShopHealth::default());
}
