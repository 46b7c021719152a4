//! [`ackord::ports::WorkStore::claim`]: what is given out, and to whom.

use std::collections::BTreeSet;
use std::sync::Arc;

use ackord::call::CallOutcome;
use ackord::ports::{ClaimRequest, RecordedAnswer};
use ackord::status::OrderStatus;
use ackord::time::Timestamp;
use ackord::work::{Claimed, LastCall, Phase, Standing};
use tokio::task::JoinSet;

use super::given::{at, conclude, decision, end, names, op, park, release, request};
use super::{AnyStore, StoreFixture};

pub(super) async fn claim_gives_the_oldest_first(f: &StoreFixture) {
    let now = f.base().await;
    let mut orders = f.new_orders(&["c", "a", "b"], now).await;
    orders.swap(0, 2);
    f.store.ingest(&orders, now, op()).await.unwrap();
    assert_eq!(names(&f.claim(&[Phase::Ready], now).await), ["c", "a", "b"]);
}

pub(super) async fn claim_orders_what_was_placed_together_by_id_byte_by_byte(f: &StoreFixture) {
    let now = f.base().await;
    let ids = ["Zebra", "_", "a-1", "a1", "aa", "b", "zebra", "Äpfel", "ä"];
    let mut orders = f.new_orders(&ids, now).await;
    for order in &mut orders {
        order.placed_at = Some(at(now, -60));
    }
    orders.reverse();
    f.store.ingest(&orders, now, op()).await.unwrap();
    assert_eq!(names(&f.claim(&[Phase::Ready], now).await), ids);
}

pub(super) async fn claim_gives_at_most_the_limit(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c", "d", "e"], now).await;
    let claim = async || {
        let request = ClaimRequest {
            limit: 2,
            ..request(&[Phase::Ready], now)
        };
        let claimed = f.store.claim(&request).await.unwrap();
        names(&claimed).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(claim().await, ["a", "b"]);
    assert_eq!(claim().await, ["c", "d"]);
    assert_eq!(claim().await, ["e"]);
    assert_eq!(claim().await, [""; 0]);
}

pub(super) async fn claim_gives_only_the_phases_asked_for(f: &StoreFixture) {
    let now = f.base().await;
    let phases: Vec<Phase> = Phase::all().filter(|phase| *phase != Phase::Settled).collect();
    let ids: Vec<&str> = phases.iter().map(|phase| phase.as_str()).collect();
    f.ingested(&ids, now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    for (claimed, phase) in claimed.iter().zip(&phases) {
        f.settled(park(claimed, *phase, Some(now)), now).await;
    }
    for (phase, name) in phases.iter().zip(&ids) {
        let claimed = f.claim(&[*phase], now).await;
        assert_eq!(names(&claimed), [*name]);
        assert_eq!(claimed[0].standing.phase, *phase);
        f.settled(release(&claimed[0]), now).await;
    }
    let two = f.claim(&[Phase::Review, Phase::Sending], now).await;
    assert_eq!(names(&two), ["sending", "review"]);
    assert_eq!(f.claim(&[], now).await, []);
}

pub(super) async fn claim_gives_only_what_is_due(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["early", "late", "never"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    let due = [Some(at(now, 30)), Some(at(now, 31)), None];
    for (claimed, due) in claimed.iter().zip(due) {
        f.settled(park(claimed, Phase::Validating, due), now).await;
    }
    assert_eq!(f.claim(&[Phase::Validating], at(now, 29)).await, []);
    let claimed = f.claim(&[Phase::Validating], at(now, 30)).await;
    assert_eq!(names(&claimed), ["early"]);
    assert_eq!(names(&f.claim(&[Phase::Validating], at(now, 31)).await), ["late"]);
}

pub(super) async fn claim_of_a_settled_order_gives_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.settled(conclude(&claimed, OrderStatus::Accepted), now).await;
    let all: Vec<Phase> = Phase::all().collect();
    assert_eq!(f.claim(&all, at(now, 3600)).await, []);
}

pub(super) async fn claim_tells_all_that_is_known_of_an_order(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let call = f.intended(&claimed, at(now, 1)).await;
    let answer = RecordedAnswer {
        call,
        end: end(CallOutcome::Unknown),
    };
    f.store.record_answers(&[answer]).await.unwrap();
    let mut settlement = conclude(&claimed, OrderStatus::AcceptanceFailed);
    settlement.standing = Standing {
        phase: Phase::Retry,
        due_at: Some(at(now, 5)),
        attempt: 3,
        looks: 4,
        waiting_looks: 2,
        slow_looks: 7,
        since: at(now, 2),
        call_open: true,
        decision: Some(decision("a")),
        reason: Some("no answer".to_owned()),
    };
    f.settled(settlement.clone(), at(now, 2)).await;

    let claimed_again = f.claim_of("a", Phase::Retry, at(now, 5)).await;
    let expected = Claimed {
        order_id: claimed.order_id.clone(),
        fence: claimed_again.fence,
        version: ackord::work::Version(2),
        status: OrderStatus::AcceptanceFailed,
        placed_at: at(now, -3600),
        standing: settlement.standing,
        call: Some(LastCall {
            id: call,
            started_at: at(now, 1),
            answer_by: at(now, 11),
            outcome: Some(CallOutcome::Unknown),
        }),
        unreleased_claims: 1,
        unreleased_alone: 0,
    };
    assert_eq!(claimed_again, expected);
}

pub(super) async fn claim_by_two_workers_gives_each_order_once(f: &StoreFixture) {
    claim_by_many(f, 60, &[Arc::clone(&f.store), Arc::clone(&f.other)], 3).await;
}

pub(super) async fn claim_by_many_tasks_gives_each_order_once(f: &StoreFixture) {
    let stores: Vec<_> = (0..5)
        .flat_map(|_| [Arc::clone(&f.store), Arc::clone(&f.other)])
        .collect();
    claim_by_many(f, 300, &stores, 7).await;
}

/// Has each of `stores` claim until nothing is left, all at once; checks that each order was given out to one of them.
async fn claim_by_many(f: &StoreFixture, count: usize, stores: &[Arc<dyn AnyStore>], limit: usize) {
    let now = f.base().await;
    let ids: Vec<String> = (0..count).map(|number| format!("A-{number:03}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    f.ingested(&ids, now).await;
    let mut tasks = JoinSet::new();
    for store in stores {
        tasks.spawn(claim_until_dry(Arc::clone(store), now, limit));
    }
    let mut given: Vec<String> = tasks.join_all().await.concat();
    // Rows that one worker passed over because another held them for a moment are free again now.
    given.extend(claim_until_dry(Arc::clone(&f.store), now, limit).await);
    let distinct: BTreeSet<&str> = given.iter().map(String::as_str).collect();
    assert_eq!(distinct.len(), given.len(), "an order was given out twice");
    assert_eq!(distinct.into_iter().collect::<Vec<_>>(), ids);
}

async fn claim_until_dry(store: Arc<dyn AnyStore>, now: Timestamp, limit: usize) -> Vec<String> {
    let mut given = Vec::new();
    loop {
        let request = ClaimRequest {
            limit,
            ..request(&[Phase::Ready], now)
        };
        let claimed = store.claim(&request).await.unwrap();
        assert!(claimed.len() <= limit);
        if claimed.is_empty() {
            return given;
        }
        given.extend(claimed.into_iter().map(|claimed| claimed.order_id.to_string()));
    }
}
