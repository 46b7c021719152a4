//! [`ackord::ports::WorkStore::claim`]: orders whose claims were never released are claimed alone.

use ackord::ports::{ClaimRequest, Suspects};
use ackord::time::Timestamp;
use ackord::work::{CLAIMS_TOGETHER, Claimed, Phase, Settlement};

use super::StoreFixture;
use super::given::{LEASE, at, names, op, park, release, request};

/// How long [`suspects`] takes.
const SPENT: i64 = CLAIMS_TOGETHER as i64 * LEASE.as_secs() as i64;

/// A claim that takes a suspect where nothing else is to be had.
fn alone_at_last(phases: &[Phase], now: Timestamp) -> ClaimRequest {
    ClaimRequest {
        suspects: Suspects::AloneAtLast,
        ..request(phases, now)
    }
}

/// Ingests orders and claims them until they are suspects, without ever releasing them. Gives the time when their leases
/// have ended.
async fn suspects(f: &StoreFixture, names: &[&str], now: Timestamp) -> Timestamp {
    f.ingested(names, now).await;
    for round in 0..CLAIMS_TOGETHER {
        let lease = LEASE.as_secs() as i64;
        let claimed = f.claim(&[Phase::Ready], at(now, i64::from(round) * lease)).await;
        assert_eq!(claimed.len(), names.len());
    }
    at(now, SPENT)
}

pub(super) async fn an_order_that_was_never_released_is_not_claimed_with_others(f: &StoreFixture) {
    let now = suspects(f, &["a"], f.base().await).await;
    f.ingested(&["b"], now).await;
    assert_eq!(names(&f.claim(&[Phase::Ready], now).await), ["b"]);
    assert_eq!(f.claim(&[Phase::Ready], now).await, [], "nor where it is all there is");
}

pub(super) async fn suspects_are_given_out_one_by_one_after_everything_else(f: &StoreFixture) {
    let now = suspects(f, &["a1", "a2"], f.base().await).await;
    f.ingested(&["b", "c"], now).await;
    let claim = async || {
        let claimed = f.store.claim(&alone_at_last(&[Phase::Ready], now)).await.unwrap();
        let alone: Vec<bool> = claimed.iter().map(Claimed::is_alone).collect();
        (names(&claimed).join(" "), alone)
    };
    assert_eq!(claim().await, ("b c".to_owned(), vec![false, false]));
    assert_eq!(claim().await, ("a1".to_owned(), vec![true]));
    assert_eq!(claim().await, ("a2".to_owned(), vec![true]));
    assert_eq!(claim().await, (String::new(), vec![]));
}

pub(super) async fn a_suspect_waits_for_what_is_due_in_every_phase_asked_for(f: &StoreFixture) {
    let now = suspects(f, &["a"], f.base().await).await;
    let phases = [Phase::Ready, Phase::Validating];
    f.ingested(&["b"], now).await;
    let b = f.claim_of("b", Phase::Ready, now).await;
    f.settled(park(&b, Phase::Validating, Some(at(now, 10))), now).await;
    // Not due yet: it stands in nobody's way.
    let claimed = f.store.claim(&alone_at_last(&phases, now)).await.unwrap();
    assert_eq!(names(&claimed), ["a"]);
    let claimed = f.store.claim(&alone_at_last(&phases, at(now, 30))).await.unwrap();
    assert_eq!(names(&claimed), ["b"]);
    // Under another's lease: nor does it then.
    let claimed = f.store.claim(&alone_at_last(&phases, at(now, 30))).await.unwrap();
    assert_eq!(names(&claimed), ["a"]);
}

pub(super) async fn a_claim_of_nothing_gives_no_suspect_either(f: &StoreFixture) {
    let now = suspects(f, &["a"], f.base().await).await;
    let request = ClaimRequest {
        limit: 0,
        ..alone_at_last(&[Phase::Ready], now)
    };
    assert_eq!(f.store.claim(&request).await.unwrap(), []);
}

pub(super) async fn claims_alone_that_are_not_released_are_counted(f: &StoreFixture) {
    let now = suspects(f, &["a"], f.base().await).await;
    for round in 1..=12_u32 {
        let request = alone_at_last(&[Phase::Ready], at(now, i64::from(round) * 20));
        let claimed = f.store.claim(&request).await.unwrap();
        let counted = (claimed[0].unreleased_claims, claimed[0].unreleased_alone);
        assert_eq!(counted, (CLAIMS_TOGETHER + round, round));
    }
}

pub(super) async fn a_settlement_ends_the_suspicion(f: &StoreFixture) {
    let now = suspects(f, &["a"], f.base().await).await;
    let alone = f.store.claim(&alone_at_last(&[Phase::Ready], now)).await.unwrap();
    f.settled(release(&alone[0]), now).await;
    counts_from_the_start(f, at(now, 1)).await;
}

pub(super) async fn a_settlement_that_keeps_the_count_takes_back_its_own_claim_alone(f: &StoreFixture) {
    let now = f.base().await;
    let claim = async |seconds| {
        let request = alone_at_last(&[Phase::Ready], at(now, seconds));
        f.store.claim(&request).await.unwrap().remove(0)
    };
    let counted = |claimed: &Claimed| (claimed.unreleased_claims, claimed.unreleased_alone);
    let keeping = |claimed: &Claimed| Settlement {
        keeps_count: true,
        ..release(claimed)
    };
    f.claimed("a", now).await;
    claim(20).await;
    let third = claim(40).await;
    f.settled(keeping(&third), at(now, 41)).await;
    assert_eq!(counted(&claim(42).await), (3, 0));
    let alone = claim(62).await;
    assert_eq!(counted(&alone), (4, 1));
    f.settled(keeping(&alone), at(now, 63)).await;
    let alone = claim(64).await;
    assert_eq!(counted(&alone), (4, 1));
    f.settled(release(&alone), at(now, 65)).await;
    assert_eq!(counted(&claim(66).await), (1, 0));
}

pub(super) async fn an_entry_of_another_program_ends_the_suspicion(f: &StoreFixture) {
    let now = suspects(f, &["a"], f.base().await).await;
    f.store.claim(&alone_at_last(&[Phase::Ready], now)).await.unwrap();
    f.appended("a", "pending_acceptance").await;
    counts_from_the_start(f, at(now, 1)).await;
}

/// Claims `a` until it is alone again, and checks the counts on the way.
async fn counts_from_the_start(f: &StoreFixture, now: Timestamp) {
    let mut counts = Vec::new();
    for round in 0..=i64::from(CLAIMS_TOGETHER) {
        let request = alone_at_last(&[Phase::Ready], at(now, round * 20));
        let claimed = f.store.claim(&request).await.unwrap();
        counts.push((claimed[0].unreleased_claims, claimed[0].unreleased_alone));
    }
    assert_eq!(counts, [(1, 0), (2, 0), (3, 0), (4, 1)]);
}

pub(super) async fn a_claim_of_a_suspect_repeated_under_its_operation_tells_the_same(f: &StoreFixture) {
    let now = suspects(f, &["a1", "a2"], f.base().await).await;
    let request = alone_at_last(&[Phase::Ready], now);
    let first = f.store.claim(&request).await.unwrap();
    assert_eq!(names(&first), ["a1"]);
    assert_eq!(f.other.claim(&request).await.unwrap(), first);
    let next = ClaimRequest {
        operation: op(),
        ..request
    };
    assert_eq!(names(&f.store.claim(&next).await.unwrap()), ["a2"]);
}

pub(super) async fn of_suspects_the_one_claimed_in_vain_the_least_often_comes_first(f: &StoreFixture) {
    let mut now = suspects(f, &["a1", "a2", "a3"], f.base().await).await;
    let mut given = Vec::new();
    for _ in 0..7 {
        let claimed = f.store.claim(&alone_at_last(&[Phase::Ready], now)).await.unwrap();
        given.push(names(&claimed).join(" "));
        now = at(now, 20);
    }
    assert_eq!(given, ["a1", "a2", "a3", "a1", "a2", "a3", "a1"]);
}
