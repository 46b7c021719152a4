//! Many writers at once beside claims and settlements: none sees an error, and the record holds together.

use std::sync::Arc;

use ackord::ports::ClaimRequest;
use ackord::status::OrderStatus;
use ackord::time::Timestamp;
use ackord::work::Phase;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::given::{at, conclude, entry, foreign_entry, intent, op, park, request};
use super::{AnyStore, Foreign, StoreFixture};

const WRITERS: usize = 20;
const ROUNDS: usize = 6;
const ORDERS: usize = 10;

fn name(number: usize) -> String {
    format!("A-{:02}", number % ORDERS)
}

/// Appends to one order after the other, by twos in one transaction each other time.
async fn write(foreign: Arc<dyn Foreign>, writer: usize) {
    for round in 0..ROUNDS {
        let status = ["pending_acceptance", "shipped", "acceptance_failed"][(writer + round) % 3];
        let mut rows = vec![foreign_entry(&name(writer + round * 3), status)];
        if round % 2 == 1 {
            rows.push(foreign_entry(&name(writer + round * 3), "pending_acceptance"));
        }
        foreign.append(&rows).await.unwrap();
    }
}

/// Claims, intends and settles until it is told to stop; gives how much it settled.
async fn work(store: Arc<dyn AnyStore>, now: Timestamp, mut stop: watch::Receiver<bool>) -> usize {
    let phases = [Phase::Ready, Phase::Unfiled, Phase::Sending];
    let mut written = 0;
    while !*stop.borrow_and_update() {
        let request = ClaimRequest {
            limit: 3,
            ..request(&phases, now)
        };
        let claimed = store.claim(&request).await.unwrap();
        let intents: Vec<_> = claimed.iter().map(|claimed| intent(claimed, now)).collect();
        store.record_intents(&intents, op()).await.unwrap();
        let settlements: Vec<_> = claimed
            .iter()
            .map(|claimed| {
                let mut settlement = park(claimed, Phase::Ready, Some(now));
                settlement.entry = Some(entry(OrderStatus::PendingAcceptance));
                settlement
            })
            .collect();
        let told = store.settle(&settlements, now, op()).await.unwrap();
        written += told
            .iter()
            .filter(|told| **told == ackord::ports::Settled::Written)
            .count();
        tokio::task::yield_now().await;
    }
    written
}

pub(super) async fn twenty_writers_at_once_beside_a_running_workflow_see_no_error(f: &StoreFixture) {
    let now = f.base().await;
    let names: Vec<String> = (0..ORDERS).map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    f.ingested(&names, now).await;
    let (stop, stopped) = watch::channel(false);
    let mut workers = JoinSet::new();
    for store in [&f.store, &f.other] {
        workers.spawn(work(Arc::clone(store), at(now, 600), stopped.clone()));
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(Arc::clone(&f.foreign), writer));
    }
    writers.join_all().await;
    stop.send(true).unwrap();
    let settled: usize = workers.join_all().await.into_iter().sum();

    let mut ours = 0;
    let mut theirs = 0;
    for name in names {
        let story = f.story(name).await;
        let versions: Vec<i64> = story.entries.iter().map(|entry| entry.version.0).collect();
        assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
        let newest = story.entries.last().unwrap();
        assert_eq!(story.summary.status.as_ref(), Some(&newest.status));
        assert_eq!(story.summary.version, newest.version);
        let foreign = story.entries.iter().filter(|entry| entry.source == "external").count();
        theirs += foreign;
        ours += story.entries.len() - foreign - 1;
    }
    assert_eq!(theirs, WRITERS * ROUNDS + WRITERS * ROUNDS / 2);
    assert_eq!(ours, settled);
}

pub(super) async fn writers_that_append_to_the_same_orders_in_any_order_see_no_error(f: &StoreFixture) {
    let now = f.base().await;
    let names: Vec<String> = (0..ORDERS).map(name).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    f.ingested(&refs, now).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let foreign = Arc::clone(&f.foreign);
        let name = names[(writer * 3) % ORDERS].clone();
        writers.spawn(async move {
            for status in ["shipped", "received", "closed"] {
                foreign.append(&[foreign_entry(&name, status)]).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let mut entries = 0;
    for name in &names {
        let story = f.story(name).await;
        assert_eq!(story.summary.version.0, story.entries.len() as i64);
        entries += story.entries.len();
    }
    assert_eq!(entries, ORDERS + WRITERS * 3);
}

pub(super) async fn an_entry_of_another_program_between_claim_and_settlement_wins(f: &StoreFixture) {
    let now = f.base().await;
    let names: Vec<String> = (0..ORDERS).map(name).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    f.ingested(&refs, now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    let settlements: Vec<_> = claimed
        .iter()
        .map(|claimed| conclude(claimed, OrderStatus::Accepted))
        .collect();
    let rows: Vec<_> = names.iter().rev().map(|name| foreign_entry(name, "shipped")).collect();
    let foreign = async {
        for row in &rows {
            f.foreign.append(std::slice::from_ref(row)).await.unwrap();
        }
    };
    let (told, ()) = tokio::join!(f.store.settle(&settlements, at(now, 1), op()), foreign);
    for (told, name) in told.unwrap().into_iter().zip(&names) {
        let statuses = f.statuses(name).await;
        match told {
            ackord::ports::Settled::Written => {
                assert_eq!(statuses, ["pending_acceptance", "accepted", "shipped"]);
            }
            ackord::ports::Settled::Lost => assert_eq!(statuses, ["pending_acceptance", "shipped"]),
        }
    }
}
