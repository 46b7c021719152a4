//! Where an entry of another program leaves an order, for each place where it stood, as
//! [`Phase::after_foreign_entry`] has it.

use ackord::status::OrderStatus;
use ackord::work::{Claimed, Phase, Version};

use super::given::{at, foreign_entry, id, park};
use super::{ForeignEntry, StoreFixture};

/// Appends one row to orders in every phase, and to one without any entry; compares where they stand afterwards.
async fn compare(f: &StoreFixture, status: &str, retry_in: Option<i64>) {
    let now = f.base().await;
    let retry_at = retry_in.map(|seconds| at(now, seconds));
    let parsed = OrderStatus::parse(status);
    let phases: Vec<Phase> = Phase::all().collect();
    let names: Vec<&str> = phases.iter().map(|phase| phase.as_str()).collect();
    f.ingested(&names, now).await;
    let claimed: Vec<Claimed> = f.claim(&[Phase::Ready], now).await;
    for (claimed, phase) in claimed.iter().zip(&phases) {
        let due = (*phase != Phase::Settled).then(|| at(now, 7200));
        f.settled(park(claimed, *phase, due), now).await;
    }
    f.foreign.insert_order("without an entry", "{}").await.unwrap();

    let befores = phases.iter().map(|phase| Some(*phase)).chain([None]);
    for before in befores {
        let name = before.map_or("without an entry", Phase::as_str);
        let row = ForeignEntry {
            retry_at,
            ..foreign_entry(name, status)
        };
        f.foreign.append(&[row]).await.unwrap();
        let expected = Phase::after_foreign_entry(before, &parsed, retry_at.is_some());
        let summary = f.story(name).await.summary;
        assert_eq!(summary.phase, Some(expected), "{status} after {before:?}");
        assert_eq!(summary.status.as_ref(), Some(&parsed));
        assert_eq!(summary.version, Version(if before.is_some() { 2 } else { 1 }));
        match expected {
            Phase::Settled => assert_eq!(summary.due_at, None),
            Phase::Retry => assert_eq!(summary.due_at, retry_at),
            _ => assert!(
                summary.due_at.is_some_and(|due| due < at(now, 3600)),
                "due now, not later"
            ),
        }
        let standing = f.store.standings(&[id(name)]).await.unwrap().remove(0);
        assert_eq!((standing.phase, standing.due_at), (expected, summary.due_at));
    }
}

pub(super) async fn a_foreign_pending_leaves_each_phase_as_the_domain_says(f: &StoreFixture) {
    compare(f, "pending_acceptance", None).await;
}

pub(super) async fn a_foreign_pending_with_a_retry_time_leaves_each_phase_as_the_domain_says(f: &StoreFixture) {
    compare(f, "pending_acceptance", Some(600)).await;
}

pub(super) async fn a_foreign_accepted_leaves_each_phase_as_the_domain_says(f: &StoreFixture) {
    compare(f, "accepted", None).await;
}

pub(super) async fn a_foreign_cancelled_leaves_each_phase_as_the_domain_says(f: &StoreFixture) {
    compare(f, "cancelled", None).await;
}

pub(super) async fn a_foreign_failure_with_a_retry_leaves_each_phase_as_the_domain_says(f: &StoreFixture) {
    compare(f, "acceptance_failed", Some(600)).await;
}

pub(super) async fn a_foreign_failure_without_a_retry_leaves_each_phase_as_the_domain_says(f: &StoreFixture) {
    compare(f, "acceptance_failed", None).await;
}

pub(super) async fn a_status_of_other_modules_leaves_each_phase_as_the_domain_says(f: &StoreFixture) {
    compare(f, "label_created", None).await;
}

pub(super) async fn a_status_of_other_modules_with_a_retry_time_leaves_each_phase_as_the_domain_says(f: &StoreFixture) {
    compare(f, "on_hold", Some(600)).await;
}
