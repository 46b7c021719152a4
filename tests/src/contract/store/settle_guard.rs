//! [`ackord::ports::WorkStore::settle`]: whose settlement stands, and that a lost one writes nothing at all.

use ackord::failure::FailureCause;
use ackord::ports::{OrderStory, Settled};
use ackord::status::OrderStatus;
use ackord::work::{Claimed, Phase, Settlement, Version};

use super::StoreFixture;
use super::given::{at, conclude, failure, id, op, park};

/// A settlement with all that one can hold.
async fn whole(f: &StoreFixture, claimed: &Claimed) -> Settlement {
    let name = claimed.order_id.as_str();
    let now = f.base().await;
    Settlement {
        close_call: Some(f.intended(claimed, now).await),
        failure: Some(failure(name, FailureCause::Refused)),
        resolution: Some("seen as accepted".to_owned()),
        ..conclude(claimed, OrderStatus::Cancelled)
    }
}

/// Writes a settlement that must be lost, and checks that nothing of it stands.
async fn assert_lost(f: &StoreFixture, settlement: Settlement) {
    let name = settlement.order_id.to_string();
    let before: OrderStory = f.story(&name).await;
    let standing = f.store.standings(&[id(&name)]).await.unwrap();
    let told = f.settle(settlement, at(f.base().await, 30)).await;
    assert_eq!(told, Settled::Lost);
    assert_eq!(f.story(&name).await, before);
    assert_eq!(f.store.standings(&[id(&name)]).await.unwrap(), standing);
}

pub(super) async fn a_settlement_under_a_lease_that_was_taken_over_writes_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.foreign
        .insert_failure("a", "OrderAcceptance", "an earlier one")
        .await
        .unwrap();
    let settlement = whole(f, &claimed).await;
    let taken_over = f.claim_of("a", Phase::Sending, at(now, 20)).await;
    assert_lost(f, settlement).await;
    f.settled(conclude(&taken_over, OrderStatus::Accepted), at(now, 21))
        .await;
}

pub(super) async fn a_settlement_after_an_entry_of_another_program_writes_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.foreign
        .insert_failure("a", "OrderAcceptance", "an earlier one")
        .await
        .unwrap();
    let settlement = whole(f, &claimed).await;
    f.appended("a", "label_created").await;
    assert_lost(f, settlement).await;
    assert_eq!(f.statuses("a").await, ["pending_acceptance", "label_created"]);
}

pub(super) async fn a_settlement_on_another_version_writes_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let settlement = whole(f, &claimed).await;
    for version in [Version(0), Version(2)] {
        let wrong = Settlement {
            version,
            ..settlement.clone()
        };
        assert_lost(f, wrong).await;
    }
    f.settled(settlement, at(now, 1)).await;
}

pub(super) async fn a_settlement_under_a_greater_number_than_was_given_out_writes_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut settlement = whole(f, &claimed).await;
    settlement.fence.0 += 1;
    assert_lost(f, settlement).await;
}

pub(super) async fn a_settlement_of_an_order_never_stored_is_lost(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut settlement = conclude(&claimed, OrderStatus::Accepted);
    settlement.order_id = id("never seen");
    assert_eq!(f.settle(settlement, now).await, Settled::Lost);
    assert_eq!(f.store.story(&id("never seen")).await.unwrap(), None);
}

pub(super) async fn a_lost_settlement_does_not_stop_the_others(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.appended("b", "shipped").await;
    let settlements: Vec<_> = claimed
        .iter()
        .map(|claimed| conclude(claimed, OrderStatus::Accepted))
        .collect();
    let told = f.store.settle(&settlements, at(now, 1), op()).await.unwrap();
    assert_eq!(told, [Settled::Written, Settled::Lost, Settled::Written]);
    assert_eq!(f.statuses("a").await, ["pending_acceptance", "accepted"]);
    assert_eq!(f.statuses("b").await, ["pending_acceptance", "shipped"]);
    assert_eq!(f.statuses("c").await, ["pending_acceptance", "accepted"]);
}

pub(super) async fn of_two_settlements_at_once_one_stands(f: &StoreFixture) {
    let now = f.base().await;
    let ids: Vec<String> = (0..20).map(|number| format!("A-{number:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    f.ingested(&ids, now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    let one: Vec<_> = claimed
        .iter()
        .map(|claimed| conclude(claimed, OrderStatus::Accepted))
        .collect();
    let two: Vec<_> = claimed
        .iter()
        .rev()
        .map(|claimed| conclude(claimed, OrderStatus::Cancelled))
        .collect();
    let (one, two) = tokio::join!(f.store.settle(&one, now, op()), f.other.settle(&two, now, op()));
    let (one, mut two) = (one.unwrap(), two.unwrap());
    two.reverse();
    for ((one, two), name) in one.into_iter().zip(two).zip(ids) {
        assert_ne!(one, two, "{name}");
        let status = if one == Settled::Written {
            "accepted"
        } else {
            "cancelled"
        };
        assert_eq!(f.statuses(name).await, ["pending_acceptance", status]);
    }
}

pub(super) async fn a_worker_whose_lease_ended_may_settle_while_nobody_took_over(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.settled(park(&claimed, Phase::Validating, Some(at(now, 60))), at(now, 3600))
        .await;
    assert_eq!(f.story("a").await.summary.phase, Some(Phase::Validating));
}
