//! Entries by other programs: they count at once, whoever holds the order.

use ackord::ports::KnownOrder;
use ackord::status::OrderStatus;
use ackord::time::until;
use ackord::work::{Phase, Version};

use super::given::{at, conclude, decision, foreign_entry, id, op, park, release};
use super::{Dialect, StoreFixture};

pub(super) async fn an_entry_of_another_program_is_the_status_from_then_on(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    f.appended("a", "shipped").await;
    let summary = f.other.story(&id("a")).await.unwrap().unwrap().summary;
    assert_eq!(summary.status, Some(OrderStatus::parse("shipped")));
    assert_eq!(summary.version, Version(2));
    assert_eq!((summary.phase, summary.due_at), (Some(Phase::Settled), None));
    let off = until(now, summary.status_at.unwrap()).max(until(summary.status_at.unwrap(), now));
    assert!(off.as_secs() < 60);
    let all: Vec<Phase> = Phase::all().collect();
    assert_eq!(
        f.store.claim(&super::given::request(&all, at(now, 60))).await.unwrap(),
        []
    );

    let again = f.new_orders(&["a"], now).await;
    let told = f.store.ingest(&again, now, op()).await.unwrap();
    let known = KnownOrder {
        order_id: id("a"),
        status: OrderStatus::parse("shipped"),
        version: Version(2),
        status_at: summary.status_at.unwrap(),
    };
    assert_eq!(told.known, [known]);
}

pub(super) async fn a_first_entry_by_another_program_makes_an_order_known(f: &StoreFixture) {
    let now = f.base().await;
    f.foreign.insert_order("a", "{}").await.unwrap();
    f.appended("a", "pending_acceptance").await;
    let orders = f.new_orders(&["a"], now).await;
    let told = f.store.ingest(&orders, now, op()).await.unwrap();
    assert_eq!((told.new.len(), told.known.len()), (0, 1));
    let claimed = f.claim_of("a", Phase::Ready, at(now, 60)).await;
    assert_eq!(claimed.version, Version(1));
    assert_eq!(claimed.status, OrderStatus::PendingAcceptance);
    assert_eq!(claimed.standing.attempt, 1);
    assert_eq!((claimed.standing.call_open, claimed.standing.decision), (false, None));
}

pub(super) async fn an_entry_of_another_program_ends_the_lease_but_not_its_number(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.appended("a", "pending_acceptance").await;
    let standing = f.store.standings(&[id("a")]).await.unwrap().remove(0);
    assert_eq!(standing.leased_until, None);
    let lost = f.settle(release(&claimed), now).await;
    assert_eq!(lost, ackord::ports::Settled::Lost);
    let again = f.claim_of("a", Phase::Ready, at(now, 10)).await;
    assert!(again.fence > claimed.fence);
    assert_eq!(again.version, Version(2));
}

pub(super) async fn a_pending_entry_of_another_program_starts_the_attempts_anew(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut settlement = conclude(&claimed, OrderStatus::AcceptanceFailed);
    settlement.standing.phase = Phase::Review;
    settlement.standing.due_at = Some(at(now, 3600));
    settlement.standing.attempt = 5;
    settlement.standing.looks = 4;
    settlement.standing.waiting_looks = 3;
    settlement.standing.slow_looks = 2;
    settlement.standing.since = at(now, -7200);
    f.settled(settlement, now).await;
    f.appended("a", "pending_acceptance").await;
    let standing = f.claim_of("a", Phase::Ready, at(now, 60)).await.standing;
    assert_eq!((standing.attempt, standing.looks), (1, 0));
    assert_eq!((standing.waiting_looks, standing.slow_looks), (0, 0));
    let off = until(now, standing.since).max(until(standing.since, now));
    assert!(off.as_secs() < 60, "{} is not {now}", standing.since);
}

pub(super) async fn a_pending_entry_of_another_program_forgets_no_undecided_intent(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let call = f.intended(&claimed, now).await;
    f.appended("a", "pending_acceptance").await;
    let again = f.claim_of("a", Phase::Sending, at(now, 60)).await;
    assert!(again.standing.call_open);
    assert_eq!(again.standing.decision, Some(decision("a")));
    assert_eq!(again.call.unwrap().id, call);
}

pub(super) async fn an_undecided_intent_outlives_other_statuses_of_other_programs(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let call = f.intended(&claimed, now).await;
    f.appended("a", "shipped").await;
    f.appended("a", "pending_acceptance").await;
    let again = f.claim_of("a", Phase::Ready, at(now, 60)).await;
    assert!(again.standing.call_open);
    assert_eq!(again.standing.decision, Some(decision("a")));
    assert_eq!(again.call.unwrap().id, call);
}

pub(super) async fn a_failure_of_another_program_with_a_retry_is_due_then(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let mut row = foreign_entry("a", "acceptance_failed");
    row.retry_at = Some(at(now, 900));
    f.foreign.append(&[row]).await.unwrap();
    assert_eq!(f.claim(&[Phase::Retry], at(now, 899)).await, []);
    let claimed = f.claim_of("a", Phase::Retry, at(now, 900)).await;
    assert_eq!(claimed.status, OrderStatus::AcceptanceFailed);
    assert_eq!(f.story("a").await.entries[1].retry_at, Some(at(now, 900)));
}

pub(super) async fn a_failure_of_another_program_without_a_retry_is_to_be_filed(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    f.appended("a", "acceptance_failed").await;
    let claimed = f.claim_of("a", Phase::Unfiled, at(now, 60)).await;
    assert_eq!(claimed.version, Version(2));
    f.settled(park(&claimed, Phase::Review, Some(at(now, 3600))), at(now, 60))
        .await;
}

pub(super) async fn several_entries_in_one_transaction_of_another_program_all_count(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    let rows = [
        foreign_entry("b", "accepted"),
        foreign_entry("a", "accepted"),
        foreign_entry("b", "label_created"),
        foreign_entry("b", "shipped"),
        foreign_entry("a", "pending_acceptance"),
    ];
    f.foreign.append(&rows).await.unwrap();
    assert_eq!(
        f.statuses("b").await,
        ["pending_acceptance", "accepted", "label_created", "shipped"]
    );
    assert_eq!(
        f.statuses("a").await,
        ["pending_acceptance", "accepted", "pending_acceptance"]
    );
    let a = f.story("a").await.summary;
    assert_eq!((a.version, a.phase), (Version(3), Some(Phase::Ready)));
    let b = f.story("b").await.summary;
    assert_eq!((b.version, b.phase), (Version(4), Some(Phase::Settled)));
}

pub(super) async fn an_entry_for_an_order_that_is_not_stored_is_refused(f: &StoreFixture) {
    let error = f
        .foreign
        .append(&[foreign_entry("nowhere", "shipped")])
        .await
        .unwrap_err();
    assert!(!error.is_empty());
    assert_eq!(f.store.story(&id("nowhere")).await.unwrap(), None);
    assert_eq!(f.store.standings(&[id("nowhere")]).await.unwrap(), []);
}

pub(super) async fn an_empty_status_is_refused(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    f.foreign.append(&[foreign_entry("a", "")]).await.unwrap_err();
    assert_eq!(f.story("a").await.summary.version, Version(1));
}

pub(super) async fn a_foreign_transaction_that_fails_leaves_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let rows = [foreign_entry("a", "shipped"), foreign_entry("nowhere", "shipped")];
    f.foreign.append(&rows).await.unwrap_err();
    assert_eq!(f.story("a").await.summary.version, Version(1));
    f.settled(conclude(&claimed, OrderStatus::Accepted), at(now, 1)).await;
}

pub(super) async fn a_version_given_by_another_program_is_not_taken(f: &StoreFixture) {
    let dialect = f.capabilities.sql.unwrap();
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let operation = match dialect {
        Dialect::Postgres => "'018f0000-0000-7000-8000-000000000000'::uuid",
        Dialect::Sqlite => "'018f0000-0000-7000-8000-000000000000'",
    };
    let insert = format!(
        "INSERT INTO order_status_history (order_id, status, version, op_id) VALUES ('a', 'shipped', 77, {operation})"
    );
    // To take the row under the next version and to refuse it are both lawful.
    let taken = f.foreign.sql(&insert).await.is_ok();
    let versions: Vec<i64> = f.story("a").await.entries.iter().map(|entry| entry.version.0).collect();
    assert_eq!(versions, if taken { vec![1, 2] } else { vec![1] });
    f.appended("a", "received").await;
    let last = f.story("a").await.summary.version;
    assert_eq!(last, Version(if taken { 3 } else { 2 }));
}

pub(super) async fn an_entry_that_claims_to_be_ours_is_refused(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let insert = "INSERT INTO order_status_history (order_id, status, source) VALUES ('a', 'accepted', 'ackord')";
    let words = f.foreign.sql(insert).await.unwrap_err();
    assert!(words.contains("leave source out"), "{words}");
    assert_eq!(f.statuses("a").await, ["pending_acceptance"]);
}

pub(super) async fn entries_of_other_programs_may_bear_any_source_and_time_of_theirs(f: &StoreFixture) {
    let dialect = f.capabilities.sql.unwrap();
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let times: &[&str] = match dialect {
        Dialect::Postgres => &["2020-02-29 23:59:60+00", "2020-02-29T12:00:00.123456789Z"],
        Dialect::Sqlite => &[
            "2020-02-29 12:00:00",
            "2020-02-29T12:00:00Z",
            "2020-02-29T12:00:00.5+02:00",
            "2020-02-29 12:00:00.123456",
        ],
    };
    for (place, time) in times.iter().enumerate() {
        let insert = format!(
            "INSERT INTO order_status_history (order_id, status, source, actor, \"timestamp\")
             VALUES ('a', 'shipped', 'wms', 'kim', '{time}')"
        );
        f.foreign.sql(&insert).await.unwrap();
        let story = f.story("a").await;
        let entry = story.entries.last().unwrap();
        assert_eq!(entry.version, Version(place as i64 + 2));
        assert_eq!((entry.source.as_str(), entry.actor.as_deref()), ("wms", Some("kim")));
        let year = &entry.at.to_string()[..4];
        assert_eq!(year, "2020", "{time}");
        assert_eq!(story.summary.status_at, Some(entry.at));
    }
}
