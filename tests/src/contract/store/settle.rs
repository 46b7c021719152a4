//! [`ackord::ports::WorkStore::settle`]: what a settlement writes.

use ackord::call::CallOutcome;
use ackord::ports::{RecordedAnswer, Settled};
use ackord::status::OrderStatus;
use ackord::work::{NewEntry, OperationId, Phase, Standing, Version};

use super::StoreFixture;
use super::given::{at, conclude, decision, end, entry, id, op, park, release};

pub(super) async fn a_settlement_appends_its_entry(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let send = f.intended(&claimed, now).await;
    let look = f.listing(at(now, 2)).await;
    let mut settlement = park(&claimed, Phase::Retry, Some(at(now, 60)));
    settlement.entry = Some(NewEntry {
        status: OrderStatus::AcceptanceFailed,
        note: "HTTP 503 twice, still waiting: retry 2 of 5".to_owned(),
        attempt: Some(2),
        retry_at: Some(at(now, 60)),
        send: Some(send),
        look: Some(look),
    });
    f.settled(settlement.clone(), at(now, 3)).await;

    let story = f.story("a").await;
    let wanted = settlement.entry.unwrap();
    let entry = &story.entries[1];
    assert_eq!(entry.version, Version(2));
    assert_eq!(entry.status, wanted.status);
    assert_eq!(entry.note, Some(wanted.note));
    assert_eq!(entry.at, at(now, 3));
    assert_eq!(entry.source, "ackord");
    assert_eq!(entry.actor.as_deref(), Some("ackord"));
    assert_eq!(entry.attempt, Some(2));
    assert_eq!(entry.retry_at, Some(at(now, 60)));
    assert_eq!((entry.send, entry.look), (Some(send), Some(look)));
    assert_eq!(story.summary.status, Some(OrderStatus::AcceptanceFailed));
    assert_eq!(story.summary.status_at, Some(at(now, 3)));
    assert_eq!(story.summary.version, Version(2));
}

pub(super) async fn a_settlement_without_an_entry_keeps_the_version(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.settled(park(&claimed, Phase::Validating, Some(at(now, 60))), at(now, 1))
        .await;
    let story = f.story("a").await;
    assert_eq!(story.entries.len(), 1);
    assert_eq!(story.summary.version, Version(1));
    assert_eq!(story.summary.status_at, Some(now));
    assert_eq!(story.summary.phase, Some(Phase::Validating));
    assert_eq!(story.summary.due_at, Some(at(now, 60)));
}

pub(super) async fn a_settlement_keeps_every_field_of_the_standing(f: &StoreFixture) {
    let now = f.base().await;
    let mut claimed = f.claimed("a", now).await;
    let full = Standing {
        phase: Phase::Validating,
        due_at: Some(now),
        attempt: 2,
        looks: 3,
        waiting_looks: 1,
        slow_looks: 4,
        since: at(now, -86_400),
        call_open: true,
        decision: Some(decision("ü/ \"a\"")),
        reason: Some("no answer within 10 s".to_owned()),
    };
    let emptied = Standing {
        attempt: 1,
        looks: 0,
        waiting_looks: 0,
        slow_looks: 0,
        call_open: false,
        decision: None,
        reason: None,
        ..full.clone()
    };
    for standing in [full, emptied] {
        let mut settlement = release(&claimed);
        settlement.standing = standing.clone();
        f.settled(settlement, now).await;
        claimed = f.claim_of("a", Phase::Validating, now).await;
        assert_eq!(claimed.standing, standing);
    }
}

pub(super) async fn a_settlement_ends_the_lease(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.settled(park(&claimed, Phase::Validating, Some(at(now, 1))), at(now, 1))
        .await;
    let standing = f.store.standings(&[id("a")]).await.unwrap().remove(0);
    assert_eq!(standing.leased_until, None);
    let again = f.claim_of("a", Phase::Validating, at(now, 1)).await;
    assert!(again.fence > claimed.fence);
}

pub(super) async fn a_settlement_closes_an_open_call_as_unanswered(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let call = f.intended(&claimed, now).await;
    let mut settlement = park(&claimed, Phase::Ready, Some(at(now, 1)));
    settlement.close_call = Some(call);
    f.settled(settlement, at(now, 1)).await;
    let row = f.store.call(call).await.unwrap().unwrap();
    assert_eq!(row.outcome, Some(CallOutcome::Unanswered));
    assert_eq!(row.is_success, Some(false));
    assert_eq!((row.response, row.status_code), (None, None));
}

pub(super) async fn a_settlement_leaves_an_answered_call_as_it_is(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let call = f.intended(&claimed, now).await;
    let end = end(CallOutcome::Applied);
    f.store.record_answers(&[RecordedAnswer { call, end }]).await.unwrap();
    let before = f.store.call(call).await.unwrap();
    let mut settlement = park(&claimed, Phase::Ready, Some(at(now, 1)));
    settlement.close_call = Some(call);
    f.settled(settlement, at(now, 1)).await;
    assert_eq!(f.store.call(call).await.unwrap(), before);
}

pub(super) async fn settlements_are_answered_in_their_order(f: &StoreFixture) {
    let now = f.base().await;
    let ids: Vec<String> = (0..20).map(|number| format!("A-{}", (number * 7) % 20)).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    f.ingested(&ids, now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    for name in ids.iter().step_by(3) {
        f.appended(name, "cancelled").await;
    }
    let settlements: Vec<_> = claimed
        .iter()
        .map(|claimed| conclude(claimed, OrderStatus::Accepted))
        .collect();
    let told = f.store.settle(&settlements, at(now, 1), op()).await.unwrap();
    for (place, told) in told.into_iter().enumerate() {
        let expected = if place % 3 == 0 {
            Settled::Lost
        } else {
            Settled::Written
        };
        assert_eq!(told, expected, "place {place}");
    }
    assert_eq!(f.store.settle(&[], now, op()).await.unwrap(), []);
}

pub(super) async fn many_orders_are_settled_at_once(f: &StoreFixture) {
    let now = f.base().await;
    let ids: Vec<String> = (0..500).map(|number| format!("A-{number:03}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    f.ingested(&ids, now).await;
    let request = ackord::ports::ClaimRequest {
        limit: 1000,
        ..super::given::request(&[Phase::Ready], now)
    };
    let settlements: Vec<_> = f
        .store
        .claim(&request)
        .await
        .unwrap()
        .iter()
        .map(|claimed| {
            let mut settlement = conclude(claimed, OrderStatus::Cancelled);
            settlement.entry = Some(NewEntry {
                note: format!("note of {}", claimed.order_id),
                ..entry(OrderStatus::Cancelled)
            });
            settlement
        })
        .collect();
    let told = f.store.settle(&settlements, at(now, 1), op()).await.unwrap();
    assert_eq!(told, vec![Settled::Written; 500]);
    for name in ["A-000", "A-250", "A-499"] {
        let note = f.story(name).await.summary.note;
        assert_eq!(note, Some(format!("note of {name}")));
    }
    assert_eq!(f.store.count(&[Phase::Settled]).await.unwrap(), 500);
}

pub(super) async fn versions_grow_by_one_without_gaps(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    for round in 0..6 {
        let then = at(now, 60 + round);
        let claimed = f.claim_of("a", Phase::Ready, then).await;
        let mut settlement = park(&claimed, Phase::Ready, Some(then));
        settlement.entry = (round % 3 != 0).then(|| entry(OrderStatus::PendingAcceptance));
        f.settled(settlement, then).await;
        f.appended("a", "pending_acceptance").await;
    }
    let entries = f.story("a").await.entries;
    let versions: Vec<i64> = entries.iter().map(|entry| entry.version.0).collect();
    assert_eq!(versions, (1..=11).collect::<Vec<_>>());
}

pub(super) async fn settle_repeated_under_its_operation_tells_the_same(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.appended("b", "cancelled").await;
    let settlements: Vec<_> = claimed
        .iter()
        .map(|claimed| conclude(claimed, OrderStatus::Accepted))
        .collect();
    let operation = op();
    for store in [&f.store, &f.other, &f.store] {
        let told = store.settle(&settlements, at(now, 1), operation).await.unwrap();
        assert_eq!(told, [Settled::Written, Settled::Lost]);
    }
    assert_eq!(f.statuses("a").await, ["pending_acceptance", "accepted"]);
    assert_eq!(f.statuses("b").await, ["pending_acceptance", "cancelled"]);
}

pub(super) async fn settle_without_an_entry_repeated_under_its_operation_tells_the_same(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let operation = op();
    let settlement = [park(&claimed, Phase::Validating, Some(at(now, 1)))];
    for _ in 0..3 {
        let told = f.store.settle(&settlement, now, operation).await.unwrap();
        assert_eq!(told, [Settled::Written]);
    }
}

pub(super) async fn of_several_settlements_of_an_order_in_one_call_the_first_stands(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let settlements = [
        park(&claimed, Phase::Ready, Some(at(now, 1))),
        conclude(&claimed, OrderStatus::Cancelled),
    ];
    let operation: OperationId = op();
    for _ in 0..2 {
        let told = f.store.settle(&settlements, now, operation).await.unwrap();
        assert_eq!(told, [Settled::Written, Settled::Lost]);
    }
    let summary = f.story("a").await.summary;
    assert_eq!((summary.phase, summary.due_at), (Some(Phase::Ready), Some(at(now, 1))));
    assert_eq!(f.statuses("a").await, ["pending_acceptance"]);
}

pub(super) async fn settle_repeated_after_the_order_moved_on_has_no_second_effect(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut settlement = park(&claimed, Phase::Ready, Some(at(now, 1)));
    settlement.entry = Some(entry(OrderStatus::AcceptanceFailed));
    let operation: OperationId = op();
    let first = f
        .store
        .settle(std::slice::from_ref(&settlement), now, operation)
        .await
        .unwrap();
    assert_eq!(first, [Settled::Written]);
    let next = f.claim_of("a", Phase::Ready, at(now, 1)).await;
    f.settled(conclude(&next, OrderStatus::Accepted), at(now, 2)).await;
    let again = f.store.settle(&[settlement], now, operation).await.unwrap();
    assert_eq!(again, [Settled::Written]);
    assert_eq!(
        f.statuses("a").await,
        ["pending_acceptance", "acceptance_failed", "accepted"]
    );
    assert_eq!(f.story("a").await.summary.phase, Some(Phase::Settled));
}
