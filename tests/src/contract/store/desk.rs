//! What a person decides: [`ackord::ports::Desk`].

use std::sync::Arc;

use ackord::failure::{FailureCause, FailureId};
use ackord::ports::{Decided, FailureFilter, FailureRow, InboxEntry, ManualEntry, OPERATOR, Settled};
use ackord::status::OrderStatus;
use ackord::time::until;
use ackord::work::{Phase, Version};
use tokio::task::JoinSet;

use super::StoreFixture;
use super::given::{at, decision, failure, id, park, release};

/// What a person adds to an order of which they saw `version`; it closes nothing.
fn manual(name: &str, version: i64, status: &str) -> ManualEntry {
    ManualEntry {
        order_id: id(name),
        version: Version(version),
        status: OrderStatus::parse(status),
        note: format!("{status}, says kim"),
        resolution: None,
    }
}

/// The same, and it closes what the inbox has open.
fn closing(name: &str, version: i64, status: &str) -> ManualEntry {
    ManualEntry {
        resolution: Some(format!("{status} instead")),
        ..manual(name, version, status)
    }
}

impl StoreFixture {
    async fn add(&self, entries: &[ManualEntry]) -> Vec<Decided> {
        self.store.add_entries(entries, "kim").await.unwrap()
    }

    /// Opens an entry of the inbox about an order.
    async fn filed(&self, name: &str, cause: FailureCause) {
        let entry = InboxEntry {
            failure: failure(name, cause),
            version: Some(Version(1)),
        };
        assert_eq!(self.store.open(&[entry]).await.unwrap(), 1);
    }

    /// The inbox, oldest entry first.
    async fn inbox(&self) -> Vec<FailureRow> {
        let all = FailureFilter {
            open: None,
            needs_person: None,
            cause: None,
            related_id: None,
            since: None,
            before: None,
            limit: 1000,
        };
        let mut rows = self.other.failures(&all).await.unwrap();
        rows.reverse();
        rows
    }
}

pub(super) async fn an_entry_that_a_person_adds_is_the_status_from_then_on(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    assert_eq!(f.add(&[manual("a", 1, "shipped")]).await, [Decided::Written]);
    let story = f.other.story(&id("a")).await.unwrap().unwrap();
    assert_eq!(story.summary.status, Some(OrderStatus::parse("shipped")));
    assert_eq!(story.summary.version, Version(2));
    assert_eq!(
        (story.summary.phase, story.summary.due_at),
        (Some(Phase::Settled), None)
    );
    let entry = story.entries.last().unwrap();
    assert_eq!((entry.source.as_str(), entry.actor.as_deref()), (OPERATOR, Some("kim")));
    assert_eq!(entry.note.as_deref(), Some("shipped, says kim"));
    let off = until(now, entry.at).max(until(entry.at, now));
    assert!(off.as_secs() < 60, "{} is not {now}", entry.at);
}

pub(super) async fn a_person_who_saw_an_older_entry_writes_nothing(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    f.filed("a", FailureCause::Refused).await;
    f.appended("a", "shipped").await;
    assert_eq!(
        f.add(&[closing("a", 1, "pending_acceptance")]).await,
        [Decided::MovedOn]
    );
    assert_eq!(
        f.add(&[closing("a", 3, "pending_acceptance")]).await,
        [Decided::MovedOn]
    );
    assert_eq!(f.statuses("a").await, ["pending_acceptance", "shipped"]);
    assert_eq!(f.inbox().await[0].resolved_at, None);
}

pub(super) async fn a_person_adds_nothing_to_an_order_that_is_not_stored(f: &StoreFixture) {
    assert_eq!(f.add(&[manual("a", 1, "shipped")]).await, [Decided::MovedOn]);
    f.foreign.insert_order("b", "{}").await.unwrap();
    assert_eq!(f.add(&[manual("b", 1, "shipped")]).await, [Decided::MovedOn]);
    assert_eq!(f.add(&[]).await, []);
}

pub(super) async fn entries_that_a_person_adds_are_told_of_one_by_one(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    f.appended("b", "shipped").await;
    let entries = ["c", "b", "a"].map(|name| manual(name, 1, "on_hold"));
    let decided = f.add(&entries).await;
    assert_eq!(decided, [Decided::Written, Decided::MovedOn, Decided::Written]);
    for (name, status) in [("a", "on_hold"), ("b", "shipped"), ("c", "on_hold")] {
        assert_eq!(f.statuses(name).await[1..], [status], "{name}");
    }
}

pub(super) async fn of_two_entries_that_a_person_adds_to_an_order_the_first_stands(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let entries = [
        manual("a", 1, "on_hold"),
        manual("a", 2, "shipped"),
        manual("a", 1, "lost"),
    ];
    let decided = f.add(&entries).await;
    assert_eq!(decided, [Decided::Written, Decided::MovedOn, Decided::MovedOn]);
    assert_eq!(f.statuses("a").await, ["pending_acceptance", "on_hold"]);
}

pub(super) async fn of_people_who_decide_at_once_one_is_heard(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let mut people = JoinSet::new();
    for number in 0..8 {
        let store = Arc::clone(if number % 2 == 0 { &f.store } else { &f.other });
        people.spawn(async move {
            let entry = manual("a", 1, &format!("status-{number}"));
            store.add_entries(&[entry], "kim").await.unwrap()[0]
        });
    }
    let decided = people.join_all().await;
    assert_eq!(
        decided.iter().filter(|one| **one == Decided::Written).count(),
        1,
        "{decided:?}"
    );
    assert_eq!(f.statuses("a").await.len(), 2);
}

pub(super) async fn a_person_who_asks_for_another_attempt_starts_them_anew(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut settlement = park(&claimed, Phase::Review, Some(at(now, 3600)));
    settlement.standing.attempt = 5;
    settlement.standing.looks = 4;
    f.settled(settlement, now).await;
    assert_eq!(f.add(&[manual("a", 1, "pending_acceptance")]).await, [Decided::Written]);
    let again = f.claim_of("a", Phase::Ready, at(now, 60)).await;
    assert_eq!(
        (again.version, again.standing.attempt, again.standing.looks),
        (Version(2), 1, 0)
    );
}

pub(super) async fn a_person_who_asks_for_another_attempt_forgets_no_undecided_intent(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let call = f.intended(&claimed, now).await;
    assert_eq!(f.add(&[manual("a", 1, "pending_acceptance")]).await, [Decided::Written]);
    let again = f.claim_of("a", Phase::Sending, at(now, 60)).await;
    assert!(again.standing.call_open);
    assert_eq!(again.standing.decision, Some(decision("a")));
    assert_eq!(again.call.unwrap().id, call);
}

pub(super) async fn what_a_person_decides_ends_the_lease(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    assert_eq!(f.add(&[manual("a", 1, "pending_acceptance")]).await, [Decided::Written]);
    assert_eq!(f.store.standings(&[id("a")]).await.unwrap()[0].leased_until, None);
    assert_eq!(f.settle(release(&claimed), now).await, Settled::Lost);
}

pub(super) async fn a_decision_about_an_order_closes_its_open_entries_of_acceptance(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    f.filed("a", FailureCause::Refused).await;
    f.filed("a", FailureCause::UnknownState).await;
    f.filed("b", FailureCause::Refused).await;
    f.foreign
        .insert_failure("a", "LabelPurchase", "no postage left")
        .await
        .unwrap();
    assert_eq!(
        f.add(&[closing("a", 1, "pending_acceptance")]).await,
        [Decided::Written]
    );
    let rows = f.inbox().await;
    for row in &rows[..2] {
        assert_eq!(row.resolved_by.as_deref(), Some("kim"));
        assert_eq!(row.resolution.as_deref(), Some("pending_acceptance instead"));
        let off = until(now, row.resolved_at.unwrap()).max(until(row.resolved_at.unwrap(), now));
        assert!(off.as_secs() < 60);
    }
    for row in &rows[2..] {
        assert_eq!(
            (row.resolved_at, &row.resolved_by, &row.resolution),
            (None, &None, &None),
            "{row:?}"
        );
    }
}

pub(super) async fn a_decision_leaves_what_was_closed_before_as_it_was(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    f.filed("a", FailureCause::Refused).await;
    assert_eq!(f.add(&[closing("a", 1, "on_hold")]).await, [Decided::Written]);
    let closed = f.inbox().await;
    assert_eq!(f.add(&[closing("a", 2, "shipped")]).await, [Decided::Written]);
    assert_eq!(f.inbox().await, closed);
}

pub(super) async fn an_entry_alone_leaves_the_inbox_as_it_is(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    f.filed("a", FailureCause::Refused).await;
    assert_eq!(f.add(&[manual("a", 1, "on_hold")]).await, [Decided::Written]);
    assert_eq!(f.inbox().await[0].resolved_at, None);
}

pub(super) async fn a_person_closes_entries_of_any_process_once(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    f.filed("a", FailureCause::Refused).await;
    f.foreign
        .insert_failure("a", "LabelPurchase", "no postage left")
        .await
        .unwrap();
    f.filed("a", FailureCause::UnknownState).await;
    let ids: Vec<FailureId> = f.inbox().await.iter().map(|row| row.failure_id).collect();
    let nowhere = FailureId(ids[2].0 + 1000);
    let asked = [ids[1], nowhere, ids[0], ids[0]];
    let decided = f.store.close_failures(&asked, "kim", "bought by hand").await.unwrap();
    assert_eq!(
        decided,
        [Decided::Written, Decided::MovedOn, Decided::Written, Decided::MovedOn]
    );
    let again = f.other.close_failures(&ids[..2], "lee", "me too").await.unwrap();
    assert_eq!(again, [Decided::MovedOn, Decided::MovedOn]);
    let rows = f.inbox().await;
    for row in &rows[..2] {
        assert_eq!(row.resolved_by.as_deref(), Some("kim"));
        assert_eq!(row.resolution.as_deref(), Some("bought by hand"));
        let off = until(now, row.resolved_at.unwrap()).max(until(row.resolved_at.unwrap(), now));
        assert!(off.as_secs() < 60);
    }
    assert_eq!(rows[2].resolved_at, None);
    assert_eq!(
        f.statuses("a").await,
        ["pending_acceptance"],
        "the order stays where it is"
    );
}
