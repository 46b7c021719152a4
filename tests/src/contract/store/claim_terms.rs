//! [`ackord::ports::WorkStore::claim`]: leases, fencing numbers, repetition.

use ackord::call::CallOutcome;
use ackord::ports::{ClaimRequest, RecordedAnswer, Settled};
use ackord::status::OrderStatus;
use ackord::work::{Fence, Phase};

use super::StoreFixture;
use super::given::{at, conclude, end, names, op, park, release, request};

pub(super) async fn claim_leaves_a_leased_order_to_its_holder(f: &StoreFixture) {
    let now = f.base().await;
    f.claimed("a", now).await;
    for later in [0, 1, 19] {
        let request = request(&[Phase::Ready], at(now, later));
        assert_eq!(f.other.claim(&request).await.unwrap(), [], "{later} s later");
    }
}

pub(super) async fn claim_gives_an_order_out_again_once_its_lease_has_ended(f: &StoreFixture) {
    let now = f.base().await;
    f.claimed("a", now).await;
    let claimed = f.other.claim(&request(&[Phase::Ready], at(now, 20))).await.unwrap();
    assert_eq!(names(&claimed), ["a"]);
}

pub(super) async fn claim_takes_a_lease_longer_than_any_can_be_as_ended(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let ahead = f.claim_of("a", Phase::Ready, at(now, 3600)).await;
    let back = f.claim_of("a", Phase::Ready, now).await;
    assert!(back.fence > ahead.fence);
    assert_eq!(f.claim(&[Phase::Ready], now).await, [], "a whole lease is not too long");
}

pub(super) async fn a_lease_given_out_a_moment_ago_holds_against_a_clock_a_little_behind(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    f.claim_of("a", Phase::Ready, at(now, 1)).await;
    assert_eq!(f.other.claim(&request(&[Phase::Ready], now)).await.unwrap(), []);
}

pub(super) async fn claim_keeps_to_the_length_of_lease_asked_for(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let long = ClaimRequest {
        lease: std::time::Duration::from_millis(90_500),
        ..request(&[Phase::Ready], now)
    };
    f.store.claim(&long).await.unwrap();
    let standing = f.store.standings(&[super::given::id("a")]).await.unwrap();
    let until = now + jiff::SignedDuration::from_millis(90_500);
    assert_eq!(standing[0].leased_until, Some(until));
}

pub(super) async fn each_claim_carries_a_greater_fencing_number_than_any_before(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let mut last = Fence(0);
    for round in 0..6 {
        let claimed = f.claim_of("a", Phase::Ready, at(now, round * 20)).await;
        assert!(claimed.fence > last, "{} after {last}", claimed.fence);
        last = claimed.fence;
        if round % 2 == 0 {
            f.settled(release(&claimed), at(now, round * 20)).await;
        }
    }
    f.appended("a", "pending_acceptance").await;
    let claimed = f.claim_of("a", Phase::Ready, at(now, 300)).await;
    assert!(claimed.fence > last, "{} after {last}", claimed.fence);
}

pub(super) async fn a_raised_epoch_carries_fencing_numbers_past_all_of_the_old_one(f: &StoreFixture) {
    let now = f.base().await;
    let before = f.claimed("a", now).await;
    f.foreign.raise_epoch().await.unwrap();
    f.ingested(&["b"], now).await;
    let fresh = f.claim_of("b", Phase::Ready, now).await;
    let again = f.claim_of("a", Phase::Ready, at(now, 20)).await;
    assert!(
        fresh.fence.0 >= before.fence.0 + (1 << 31),
        "{} {}",
        fresh.fence,
        before.fence
    );
    assert!(
        again.fence.0 >= before.fence.0 + (1 << 31),
        "{} {}",
        again.fence,
        before.fence
    );
}

pub(super) async fn claims_that_are_not_released_are_counted(f: &StoreFixture) {
    let now = f.base().await;
    assert_eq!(f.claimed("a", now).await.unreleased_claims, 1);
    assert_eq!(f.claim_of("a", Phase::Ready, at(now, 20)).await.unreleased_claims, 2);
    let third = f.claim_of("a", Phase::Ready, at(now, 40)).await;
    assert_eq!(third.unreleased_claims, 3);
    f.settled(release(&third), at(now, 41)).await;
    assert_eq!(f.claim_of("a", Phase::Ready, at(now, 42)).await.unreleased_claims, 1);
    f.appended("a", "pending_acceptance").await;
    assert_eq!(f.claim_of("a", Phase::Ready, at(now, 60)).await.unreleased_claims, 1);
}

pub(super) async fn a_claim_repeated_after_an_answer_came_tells_of_the_answer(f: &StoreFixture) {
    let now = f.base().await;
    let call = f.intended(&f.claimed("a", now).await, now).await;
    let request = request(&[Phase::Sending], at(now, 20));
    let first = f.store.claim(&request).await.unwrap();
    assert_eq!(first[0].call.and_then(|call| call.outcome), None);
    let answer = RecordedAnswer {
        call,
        end: end(CallOutcome::Applied),
    };
    f.store.record_answers(&[answer]).await.unwrap();
    let again = f.store.claim(&request).await.unwrap();
    assert_eq!(again[0].call.and_then(|call| call.outcome), Some(CallOutcome::Applied));
    assert_eq!((again.len(), again[0].fence), (1, first[0].fence));
}

pub(super) async fn a_claim_repeated_under_its_operation_tells_the_same(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let request = ClaimRequest {
        limit: 2,
        ..request(&[Phase::Ready], now)
    };
    let first = f.store.claim(&request).await.unwrap();
    let again = f.other.claim(&request).await.unwrap();
    assert_eq!(
        again, first,
        "the same orders under the same numbers, and no more of them"
    );
    assert_eq!(names(&f.claim(&[Phase::Ready], now).await), ["c"]);
}

pub(super) async fn a_claim_repeated_after_its_lease_passed_on_leaves_one_holder(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let request = request(&[Phase::Ready], now);
    let first = f.store.claim(&request).await.unwrap();
    let taken_over = f.claim_of("a", Phase::Ready, at(now, 20)).await;
    assert_eq!(f.store.claim(&request).await.unwrap(), [], "it holds nothing any more");
    let lost = f.settle(conclude(&first[0], OrderStatus::Accepted), at(now, 21)).await;
    assert_eq!(lost, Settled::Lost);
    f.settled(conclude(&taken_over, OrderStatus::Cancelled), at(now, 22))
        .await;
}

pub(super) async fn a_claim_repeated_after_its_orders_were_written_to_tells_the_others(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c", "d"], now).await;
    let request = request(&[Phase::Ready], now);
    let claimed = f.store.claim(&request).await.unwrap();
    f.settled(release(&claimed[0]), now).await;
    f.intended(&claimed[1], now).await;
    f.appended("c", "pending_acceptance").await;
    assert_eq!(f.store.claim(&request).await.unwrap(), claimed[3..]);
}

pub(super) async fn an_order_due_again_is_claimed_under_another_operation(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.settled(park(&claimed, Phase::Validating, Some(at(now, 1))), now)
        .await;
    let mut request = request(&[Phase::Validating], at(now, 1));
    assert_eq!(f.store.claim(&request).await.unwrap().len(), 1);
    request.operation = op();
    assert_eq!(f.store.claim(&request).await.unwrap(), []);
}
