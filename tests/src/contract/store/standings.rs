//! [`ackord::ports::WorkStore::next_due`], [`ackord::ports::WorkStore::standings`], [`ackord::ports::WorkStore::count`].

use std::collections::BTreeMap;

use ackord::ports::OrderStanding;
use ackord::status::OrderStatus;
use ackord::work::Phase;

use super::StoreFixture;
use super::given::{at, conclude, id, park};

pub(super) async fn the_next_due_time_is_the_earliest_of_the_phases(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.settled(park(&claimed[0], Phase::Validating, Some(at(now, 90))), now)
        .await;
    f.settled(park(&claimed[1], Phase::Validating, Some(at(now, 60))), now)
        .await;
    f.settled(park(&claimed[2], Phase::Retry, Some(at(now, 30))), now).await;
    let next = async |phases: &[Phase]| f.other.next_due(phases, now).await.unwrap();
    assert_eq!(next(&[Phase::Validating]).await, Some(at(now, 60)));
    assert_eq!(next(&[Phase::Validating, Phase::Retry]).await, Some(at(now, 30)));
    assert_eq!(next(&[Phase::Ready, Phase::Review]).await, None);
    assert_eq!(next(&[]).await, None);
}

pub(super) async fn the_next_due_time_may_lie_in_the_past(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let next = f.store.next_due(&[Phase::Ready], at(now, 3600)).await.unwrap();
    assert_eq!(next, Some(now));
}

pub(super) async fn the_next_due_time_passes_over_what_is_leased(f: &StoreFixture) {
    let now = f.base().await;
    f.claimed("a", now).await;
    assert_eq!(f.store.next_due(&[Phase::Ready], at(now, 19)).await.unwrap(), None);
    let ended = f.store.next_due(&[Phase::Ready], at(now, 20)).await.unwrap();
    assert_eq!(ended, Some(now), "a lease that has ended holds nobody");
}

pub(super) async fn the_next_due_time_knows_nothing_of_settled_orders(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.settled(conclude(&claimed, OrderStatus::Accepted), now).await;
    let all: Vec<Phase> = Phase::all().collect();
    assert_eq!(f.store.next_due(&all, at(now, 3600)).await.unwrap(), None);
}

pub(super) async fn a_settled_order_is_never_due_whatever_its_time(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.settled(park(&claimed, Phase::Settled, Some(now)), now).await;
    let all: Vec<Phase> = Phase::all().collect();
    assert_eq!(f.store.next_due(&all, at(now, 1)).await.unwrap(), None);
    assert_eq!(f.claim(&all, at(now, 1)).await, []);
}

pub(super) async fn standings_tell_where_orders_stand(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.settled(park(&claimed[1], Phase::Review, Some(at(now, 60))), now)
        .await;
    f.settled(conclude(&claimed[2], OrderStatus::Accepted), now).await;
    let ids = [id("c"), id("a"), id("never seen"), id("b")];
    let told: BTreeMap<_, _> = f
        .other
        .standings(&ids)
        .await
        .unwrap()
        .into_iter()
        .map(|standing| (standing.order_id.clone(), standing))
        .collect();
    let standing = |name: &str, phase, due_at, leased_until| {
        let order_id = id(name);
        let standing = OrderStanding {
            order_id: order_id.clone(),
            phase,
            due_at,
            leased_until,
        };
        (order_id, standing)
    };
    let expected = BTreeMap::from([
        standing("a", Phase::Ready, Some(now), Some(at(now, 20))),
        standing("b", Phase::Review, Some(at(now, 60)), None),
        standing("c", Phase::Settled, None, None),
    ]);
    assert_eq!(told, expected);
}

pub(super) async fn a_row_without_an_entry_stands_nowhere(f: &StoreFixture) {
    f.foreign.insert_order("a", "{}").await.unwrap();
    assert_eq!(f.store.standings(&[id("a")]).await.unwrap(), []);
    assert_eq!(f.store.standings(&[]).await.unwrap(), []);
}

pub(super) async fn count_takes_orders_due_or_not_and_leased_or_not(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c", "d", "e"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.settled(park(&claimed[1], Phase::Validating, Some(at(now, 3600))), now)
        .await;
    f.settled(park(&claimed[2], Phase::Review, Some(now)), now).await;
    f.settled(conclude(&claimed[3], OrderStatus::Accepted), now).await;
    let count = async |phases: &[Phase]| f.store.count(phases).await.unwrap();
    assert_eq!(count(&[Phase::Ready]).await, 2);
    assert_eq!(count(&[Phase::Ready, Phase::Validating]).await, 3);
    let unsettled: Vec<Phase> = Phase::all().filter(|phase| *phase != Phase::Settled).collect();
    assert_eq!(count(&unsettled).await, 4);
    assert_eq!(count(&[Phase::Sending]).await, 0);
    assert_eq!(count(&[]).await, 0);
}
