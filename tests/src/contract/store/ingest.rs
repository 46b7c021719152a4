//! [`ackord::ports::WorkStore::ingest`].

use ackord::order::OrderId;
use ackord::ports::Ingested;
use ackord::status::OrderStatus;
use ackord::time::until;
use ackord::work::{Phase, Version};

use super::StoreFixture;
use super::given::{at, conclude, id, op};

fn sorted(mut ids: Vec<OrderId>) -> Vec<OrderId> {
    ids.sort();
    ids
}

pub(super) async fn the_time_of_the_store_is_in_whole_microseconds(f: &StoreFixture) {
    let first = f.store.now().await.unwrap();
    let second = f.other.now().await.unwrap();
    assert_eq!(first.subsec_nanosecond() % 1000, 0);
    assert!(first <= second, "{first} {second}");
}

pub(super) async fn ingest_stores_a_new_order_with_its_first_entry(f: &StoreFixture) {
    let now = f.base().await;
    let orders = f.new_orders(&["A-1"], now).await;
    let told = f.store.ingest(&orders, now, op()).await.unwrap();
    assert_eq!(told.new, [id("A-1")]);
    assert_eq!(told.known, []);

    let story = f.story("A-1").await;
    assert_eq!(story.entries.len(), 1);
    let entry = &story.entries[0];
    assert_eq!(entry.version, Version(1));
    assert_eq!(entry.status, OrderStatus::PendingAcceptance);
    assert_eq!(entry.note.as_deref(), Some("listed as A-1"));
    assert_eq!(entry.at, now);
    assert_eq!(entry.source, "ackord");
    assert_eq!(entry.look, Some(orders[0].look));
    assert_eq!(story.summary.status, Some(OrderStatus::PendingAcceptance));
    assert_eq!(story.summary.version, Version(1));
    assert_eq!(Some(story.summary.placed_at), orders[0].placed_at);
    assert_eq!(story.summary.phase, Some(Phase::Ready));
    assert_eq!(story.summary.due_at, Some(now));
    assert_eq!(story.summary.attempt, 1);
}

pub(super) async fn ingest_gives_a_new_order_a_fresh_standing(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("A-1", now).await;
    assert_eq!(claimed.standing, ackord::work::Standing::fresh(now));
    assert_eq!(claimed.version, Version(1));
    assert_eq!(claimed.call, None);
}

pub(super) async fn ingest_leaves_a_known_order_as_it_is(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("A-1", now).await;
    f.settled(conclude(&claimed, OrderStatus::Accepted), at(now, 1)).await;
    let before = f.story("A-1").await;

    let later = at(now, 60);
    let mut again = f.new_orders(&["A-1", "A-2"], later).await;
    again[0].raw = "{\"order_id\":\"A-1\",\"new\":true}".into();
    let told = f.store.ingest(&again, later, op()).await.unwrap();
    assert_eq!(told.new, [id("A-2")]);
    assert_eq!(told.known.len(), 1);
    let known = &told.known[0];
    assert_eq!(known.order_id, id("A-1"));
    assert_eq!(known.status, OrderStatus::Accepted);
    assert_eq!(known.version, Version(2));
    assert_eq!(known.status_at, at(now, 1));
    assert_eq!(f.story("A-1").await, before);
    let raw = f.foreign.raw_order("A-1").await.unwrap().unwrap();
    assert!(!raw.contains("new"), "{raw}");
}

pub(super) async fn ingest_takes_a_row_without_an_entry_as_new(f: &StoreFixture) {
    let now = f.base().await;
    f.foreign.insert_order("A-1", r#"{"from": "elsewhere"}"#).await.unwrap();
    let orders = f.new_orders(&["A-1"], now).await;
    let told = f.store.ingest(&orders, now, op()).await.unwrap();
    assert_eq!(told.new, [id("A-1")]);
    assert_eq!(f.statuses("A-1").await, ["pending_acceptance"]);
    let raw = f.foreign.raw_order("A-1").await.unwrap().unwrap();
    assert!(raw.contains("elsewhere"), "the row was to be kept: {raw}");
    assert_eq!(f.claim(&[Phase::Ready], now).await.len(), 1);
}

pub(super) async fn a_row_without_an_entry_is_told_when_its_order_was_placed(f: &StoreFixture) {
    let now = f.base().await;
    f.foreign.insert_order("b", "{}").await.unwrap();
    let orders = f.new_orders(&["a", "b", "c"], now).await;
    f.store.ingest(&orders, now, op()).await.unwrap();
    assert_eq!(Some(f.story("b").await.summary.placed_at), orders[1].placed_at);
    let claimed = f.claim(&[Phase::Ready], now).await;
    assert_eq!(super::given::names(&claimed), ["a", "b", "c"]);
}

pub(super) async fn ingest_counts_an_order_that_is_given_twice_once(f: &StoreFixture) {
    let now = f.base().await;
    let orders = f.new_orders(&["A-1", "A-2", "A-1"], now).await;
    let told = f.store.ingest(&orders, now, op()).await.unwrap();
    assert_eq!(sorted(told.new), [id("A-1"), id("A-2")]);
    assert_eq!(told.known, []);
    assert_eq!(f.statuses("A-1").await, ["pending_acceptance"]);
    let told = f.store.ingest(&orders, now, op()).await.unwrap();
    assert_eq!(told.known.len(), 2, "{told:?}");
}

pub(super) async fn ingest_by_two_workers_at_once_tells_one_of_them_that_an_order_is_new(f: &StoreFixture) {
    let now = f.base().await;
    let names: Vec<String> = (0..60).map(|number| format!("A-{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let orders = f.new_orders(&names, now).await;
    let backwards: Vec<_> = orders.iter().rev().cloned().collect();
    for round in 0..6 {
        let (from, to) = (round * 10, round * 10 + 10);
        let (one, two) = (&orders[from..to], &backwards[50 - from..60 - from]);
        let (one, two) = tokio::join!(f.store.ingest(one, now, op()), f.other.ingest(two, now, op()));
        let (one, two) = (one.unwrap(), two.unwrap());
        let told: Vec<OrderId> = one.new.iter().chain(&two.new).cloned().collect();
        let ids: Vec<OrderId> = names[from..to].iter().map(|name| id(name)).collect();
        assert_eq!(sorted(told), ids, "each new once, to one of the two");
        assert_eq!(one.known.len() + two.known.len(), 10, "and known to the other");
    }
    for name in names {
        assert_eq!(f.statuses(name).await, ["pending_acceptance"]);
    }
}

pub(super) async fn ingest_repeated_under_its_operation_tells_the_same(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["A-0"], now).await;
    let orders = f.new_orders(&["A-0", "A-1", "A-2"], now).await;
    let operation = op();
    let first = f.store.ingest(&orders, now, operation).await.unwrap();
    let claimed = f.claim_of("A-1", Phase::Ready, now).await;
    f.settled(conclude(&claimed, OrderStatus::Cancelled), at(now, 1)).await;
    let again = f.other.ingest(&orders, now, operation).await.unwrap();
    assert_eq!(sorted(again.new), sorted(first.new));
    assert_eq!(f.statuses("A-1").await, ["pending_acceptance", "cancelled"]);
    assert_eq!(f.statuses("A-2").await, ["pending_acceptance"]);
}

pub(super) async fn ingest_of_no_orders_does_nothing(f: &StoreFixture) {
    let now = f.base().await;
    assert_eq!(f.store.ingest(&[], now, op()).await.unwrap(), Ingested::default());
}

pub(super) async fn ingest_takes_a_whole_backlog_at_once(f: &StoreFixture) {
    let now = f.base().await;
    let names: Vec<String> = (0..1500).map(|number| format!("A-{number:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    f.ingested(&names, now).await;
    assert_eq!(f.store.count(&[Phase::Ready]).await.unwrap(), 1500);
}

pub(super) async fn an_order_without_a_placing_time_counts_from_when_it_was_stored(f: &StoreFixture) {
    let now = f.base().await;
    let mut orders = f.new_orders(&["A-1"], now).await;
    orders[0].placed_at = None;
    f.store.ingest(&orders, now, op()).await.unwrap();
    let claimed = f.claim_of("A-1", Phase::Ready, now).await;
    let off = until(now, claimed.placed_at).max(until(claimed.placed_at, now));
    assert!(off.as_secs() < 60, "{} is not {now}", claimed.placed_at);
    assert_eq!(f.story("A-1").await.summary.placed_at, claimed.placed_at);
}

pub(super) async fn ingest_takes_ids_of_any_kind(f: &StoreFixture) {
    let now = f.base().await;
    let long = "x".repeat(255);
    let ids = [
        "with/slash",
        "with space",
        "Straße-Ü-日本-🛒",
        "'; DROP TABLE orders; --",
        "\"quoted\" \\ %s $1 ?1",
        " leading and trailing ",
        "tab\tand\nline",
        "{curly},NULL",
        long.as_str(),
    ];
    f.ingested(&ids, now).await;
    for name in ids {
        let story = f.story(name).await;
        assert_eq!(story.summary.order_id.as_str(), name);
        assert_eq!(story.entries.len(), 1, "{name}");
    }
    let mut claimed: Vec<String> = f
        .claim(&[Phase::Ready], now)
        .await
        .into_iter()
        .map(|claimed| claimed.order_id.to_string())
        .collect();
    claimed.sort();
    let mut all = ids.map(str::to_owned);
    all.sort();
    assert_eq!(claimed, all);
}

pub(super) async fn ingest_keeps_json_with_every_decimal(f: &StoreFixture) {
    let now = f.base().await;
    let mut orders = f.new_orders(&["A-1"], now).await;
    orders[0].raw =
        r#"{"total_price": 12345678901234567890.123456789012345678, "note": "\u00fc 🛒 \"quoted\""}"#.into();
    f.store.ingest(&orders, now, op()).await.unwrap();
    let raw = f.foreign.raw_order("A-1").await.unwrap().unwrap();
    assert!(raw.contains("12345678901234567890.123456789012345678"), "{raw}");
}

pub(super) async fn ingest_loses_no_order_for_json_that_a_database_dislikes(f: &StoreFixture) {
    let now = f.base().await;
    let names = ["nul", "surrogate", "huge", "plain"];
    let mut orders = f.new_orders(&names, now).await;
    orders[0].raw = r#"{"customer_note": "before\u0000after"}"#.into();
    orders[1].raw = r#"{"customer_note": "half a pair: \ud83d, the other half: \udc4d."}"#.into();
    orders[2].raw = r#"{"total_price": 1e200000}"#.into();
    let told = f.store.ingest(&orders, now, op()).await.unwrap();
    assert_eq!(sorted(told.new), sorted(names.map(id).to_vec()));
    for name in names {
        assert!(
            f.foreign
                .raw_order(name)
                .await
                .unwrap()
                .is_some_and(|raw| !raw.is_empty())
        );
    }
}
