//! [`ackord::ports::Inbox`].

use std::sync::Arc;

use ackord::failure::FailureCause;
use ackord::ports::{FailureFilter, FailureRow, InboxEntry};
use ackord::time::until;
use ackord::work::{Phase, Version};
use tokio::task::JoinSet;

use super::StoreFixture;
use super::given::{at, failure, park};

fn entry(name: &str, cause: FailureCause, version: Option<i64>) -> InboxEntry {
    InboxEntry {
        failure: failure(name, cause),
        version: version.map(Version),
    }
}

async fn all(f: &StoreFixture) -> Vec<FailureRow> {
    let filter = FailureFilter {
        open: None,
        needs_person: None,
        cause: None,
        related_id: None,
        since: None,
        before: None,
        limit: 1000,
    };
    f.store.failures(&filter).await.unwrap()
}

/// Closes the open entries of an order through a settlement.
async fn close(f: &StoreFixture, name: &str) {
    let now = at(f.base().await, 3600);
    let claimed = f.claim_of(name, Phase::Ready, now).await;
    let mut settlement = park(&claimed, Phase::Ready, Some(now));
    settlement.resolution = Some("done".to_owned());
    f.settled(settlement, now).await;
}

pub(super) async fn an_opened_entry_stands_in_the_inbox(f: &StoreFixture) {
    let now = f.base().await;
    let wanted = entry("unreadable-1f3a", FailureCause::Unreadable, None);
    assert_eq!(f.store.open(std::slice::from_ref(&wanted)).await.unwrap(), 1);
    let rows = all(f).await;
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(row.related_id.as_deref(), Some("unreadable-1f3a"));
    assert_eq!(row.process_name, "OrderAcceptance");
    assert_eq!(row.cause.as_deref(), Some("unreadable"));
    assert_eq!(row.details.as_ref(), Some(&wanted.failure.details));
    assert_eq!(row.payload.as_ref(), Some(&wanted.failure.payload));
    assert!(row.needs_person);
    assert_eq!((row.resolved_at, &row.resolution), (None, &None));
    let off = until(now, row.at).max(until(row.at, now));
    assert!(off.as_secs() < 60, "{} is not {now}", row.at);
    assert_eq!(f.other.failure(row.failure_id).await.unwrap().as_ref(), Some(row));
}

pub(super) async fn an_entry_is_left_out_while_one_like_it_is_open(f: &StoreFixture) {
    let opened = [entry("a", FailureCause::Contradiction, Some(1))];
    assert_eq!(f.store.open(&opened).await.unwrap(), 1);
    let again = [
        entry("a", FailureCause::Contradiction, Some(1)),
        entry("a", FailureCause::Contradiction, Some(2)),
        entry("a", FailureCause::Contradiction, None),
    ];
    assert_eq!(f.other.open(&again).await.unwrap(), 0);
    let others = [
        entry("a", FailureCause::Foreign, Some(1)),
        entry("b", FailureCause::Contradiction, Some(1)),
    ];
    assert_eq!(f.store.open(&others).await.unwrap(), 2);
    assert_eq!(all(f).await.len(), 3);
}

pub(super) async fn an_entry_is_left_out_where_one_was_ever_opened_for_the_same_version(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    assert_eq!(
        f.store
            .open(&[entry("a", FailureCause::Contradiction, Some(1))])
            .await
            .unwrap(),
        1
    );
    close(f, "a").await;
    let open = async |version| {
        let entry = entry("a", FailureCause::Contradiction, version);
        f.store.open(&[entry]).await.unwrap()
    };
    assert_eq!(open(Some(1)).await, 0);
    assert_eq!(open(Some(2)).await, 1);
    assert_eq!(open(Some(1)).await, 0);
}

pub(super) async fn an_entry_without_a_version_is_opened_again_once_it_was_closed(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    for _ in 0..2 {
        let opened = [entry("a", FailureCause::Unreadable, None)];
        assert_eq!(f.store.open(&opened).await.unwrap(), 1);
        assert_eq!(f.store.open(&opened).await.unwrap(), 0);
        close(f, "a").await;
    }
    assert_eq!(all(f).await.len(), 2);
}

pub(super) async fn an_entry_given_twice_is_opened_once(f: &StoreFixture) {
    let twice = [
        entry("a", FailureCause::Unreadable, None),
        entry("b", FailureCause::Unreadable, Some(1)),
        entry("a", FailureCause::Unreadable, None),
        entry("b", FailureCause::Unreadable, Some(1)),
    ];
    assert_eq!(f.store.open(&twice).await.unwrap(), 2);
    assert_eq!(all(f).await.len(), 2);
    assert_eq!(f.store.open(&[]).await.unwrap(), 0);
}

pub(super) async fn an_entry_opened_by_many_at_once_stands_once(f: &StoreFixture) {
    let mut tasks = JoinSet::new();
    for number in 0..12 {
        let store = Arc::clone(if number % 2 == 0 { &f.store } else { &f.other });
        let mut entries = [
            entry("a", FailureCause::Contradiction, Some(1)),
            entry("b", FailureCause::Unreadable, None),
        ];
        if number % 3 == 0 {
            entries.reverse();
        }
        tasks.spawn(async move { store.open(&entries).await.unwrap() });
    }
    let opened: usize = tasks.join_all().await.into_iter().sum();
    assert_eq!(opened, 2);
    assert_eq!(all(f).await.len(), 2);
}

pub(super) async fn an_entry_of_another_module_stands_in_nobodys_way(f: &StoreFixture) {
    f.foreign
        .insert_failure("a", "ShippingLabels", "no printer")
        .await
        .unwrap();
    assert_eq!(
        f.store
            .open(&[entry("a", FailureCause::Foreign, Some(1))])
            .await
            .unwrap(),
        1
    );
    let processes: Vec<_> = all(f).await.into_iter().map(|row| row.process_name).collect();
    assert_eq!(processes, ["OrderAcceptance", "ShippingLabels"]);
}
