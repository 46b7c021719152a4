//! [`ackord::ports::WorkStore::renew`]: a lease goes on for those who still hold it.

use ackord::ports::{RenewRequest, Settled};
use ackord::status::OrderStatus;
use ackord::time::Timestamp;
use ackord::work::{Claimed, Fence, Lease, Phase, Version};

use super::StoreFixture;
use super::given::{LEASE, at, conclude, id, names, release, request};

fn renewal(leases: Vec<Lease>, now: Timestamp) -> RenewRequest {
    RenewRequest {
        leases,
        now,
        lease: LEASE,
    }
}

async fn renew(f: &StoreFixture, claimed: &Claimed, now: Timestamp) -> Settled {
    let told = f.store.renew(&renewal(vec![claimed.lease()], now)).await.unwrap();
    assert_eq!(told.len(), 1);
    told[0]
}

async fn leased_until(f: &StoreFixture, name: &str) -> Option<Timestamp> {
    f.store.standings(&[id(name)]).await.unwrap()[0].leased_until
}

pub(super) async fn a_renewed_lease_lasts_from_its_renewal_on(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    assert_eq!(renew(f, &claimed, at(now, 15)).await, Settled::Written);
    assert_eq!(leased_until(f, "a").await, Some(at(now, 35)));
    let claim = async |later| f.other.claim(&request(&[Phase::Ready], at(now, later))).await.unwrap();
    assert_eq!(claim(34).await, []);
    assert_eq!(names(&claim(35).await), ["a"]);
}

pub(super) async fn a_lease_may_be_renewed_again_and_again(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    for round in 1..=10 {
        assert_eq!(renew(f, &claimed, at(now, round * 15)).await, Settled::Written);
    }
    assert_eq!(
        renew(f, &claimed, at(now, 150)).await,
        Settled::Written,
        "the same again"
    );
    f.settled(conclude(&claimed, OrderStatus::Accepted), at(now, 160)).await;
}

pub(super) async fn a_lease_that_was_taken_over_is_not_renewed(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let taken_over = f.claim_of("a", Phase::Ready, at(now, 20)).await;
    assert_eq!(renew(f, &claimed, at(now, 21)).await, Settled::Lost);
    assert_eq!(
        leased_until(f, "a").await,
        Some(at(now, 40)),
        "the other's lease is as it was"
    );
    f.settled(conclude(&taken_over, OrderStatus::Accepted), at(now, 22))
        .await;
}

pub(super) async fn a_lease_past_its_end_is_renewed_while_nobody_took_over(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    assert_eq!(renew(f, &claimed, at(now, 50)).await, Settled::Written);
    assert_eq!(f.other.claim(&request(&[Phase::Ready], at(now, 60))).await.unwrap(), []);
}

pub(super) async fn a_lease_that_was_released_is_not_revived(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.settled(release(&claimed), at(now, 1)).await;
    assert_eq!(renew(f, &claimed, at(now, 2)).await, Settled::Lost);
    assert_eq!(leased_until(f, "a").await, None);
}

pub(super) async fn a_lease_ended_by_an_entry_of_another_program_is_not_revived(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.appended("a", "pending_acceptance").await;
    assert_eq!(renew(f, &claimed, at(now, 1)).await, Settled::Lost);
    let on_the_new_version = Claimed {
        version: Version(2),
        ..claimed
    };
    assert_eq!(renew(f, &on_the_new_version, at(now, 1)).await, Settled::Lost);
    assert_eq!(leased_until(f, "a").await, None);
}

pub(super) async fn a_lease_on_another_version_or_number_is_not_renewed(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    for (fence, version) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
        let mut other = claimed.clone();
        other.fence = Fence(other.fence.0 + fence);
        other.version = Version(other.version.0 + version);
        assert_eq!(renew(f, &other, at(now, 5)).await, Settled::Lost);
    }
    assert_eq!(leased_until(f, "a").await, Some(at(now, 20)));
}

pub(super) async fn renewals_are_answered_in_their_order(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.settled(release(&claimed[1]), now).await;
    let mut leases: Vec<Lease> = claimed.iter().rev().map(Claimed::lease).collect();
    leases.push(Lease {
        order_id: id("never stored"),
        fence: claimed[0].fence,
        version: claimed[0].version,
    });
    let told = f.store.renew(&renewal(leases, at(now, 5))).await.unwrap();
    use Settled::{Lost, Written};
    assert_eq!(told, [Written, Lost, Written, Lost]);
    assert_eq!(leased_until(f, "a").await, Some(at(now, 25)));
    assert_eq!(f.store.renew(&renewal(Vec::new(), now)).await.unwrap(), []);
}

pub(super) async fn a_renewal_changes_nothing_but_the_end_of_the_lease(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let claim = request(&[Phase::Ready], now);
    let claimed = f.store.claim(&claim).await.unwrap();
    assert_eq!(renew(f, &claimed[0], at(now, 10)).await, Settled::Written);
    assert_eq!(
        f.store.claim(&claim).await.unwrap(),
        claimed,
        "the claim, repeated, tells the same"
    );
    let next = f.claim_of("a", Phase::Ready, at(now, 30)).await;
    assert_eq!(next.fence.0, claimed[0].fence.0 + 1);
    assert_eq!((next.unreleased_claims, next.unreleased_alone), (2, 0));
    assert_eq!(
        (next.version, next.standing),
        (claimed[0].version, claimed[0].standing.clone())
    );
}

pub(super) async fn of_a_renewal_and_a_takeover_at_once_one_holds(f: &StoreFixture) {
    let now = f.base().await;
    for round in 0..20 {
        let name = format!("a-{round}");
        let claimed = f.claimed(&name, now).await;
        let takeover = request(&[Phase::Ready], at(now, 20));
        let (renewed, taken) = tokio::join!(renew(f, &claimed, at(now, 20)), f.other.claim(&takeover));
        let taken = taken.unwrap();
        let held = match (renewed, taken.as_slice()) {
            (Settled::Written, []) => claimed,
            (Settled::Lost, [taken]) => taken.clone(),
            both => panic!("{both:?}"),
        };
        f.settled(conclude(&held, OrderStatus::Accepted), at(now, 21)).await;
    }
}
