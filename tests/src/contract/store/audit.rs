//! Whole records, and the work table made anew from them.

use std::collections::BTreeSet;

use ackord::audit::{OrderRecord, Shown, ViolationKind, check, rebuilt};
use ackord::call::{CallOutcome, NewCall, SeenState};
use ackord::failure::FailureCause;
use ackord::ports::{RebuiltPage, RecordedAnswer, Settled};
use ackord::status::OrderStatus;
use ackord::time::Timestamp;
use ackord::work::{Fence, Phase, Version};

use super::StoreFixture;
use super::given::{acceptance, at, conclude, decision, end, entry, failure, id, intent, op, park};

/// The record of one order.
async fn record(f: &StoreFixture, name: &str) -> OrderRecord {
    let records = f.store.records(None, 100).await.unwrap();
    let record = records.into_iter().find(|record| record.order_id == id(name));
    record.unwrap_or_else(|| panic!("there is no record of {name}"))
}

/// Rebuilds in pages of two.
async fn rebuild(f: &StoreFixture, now: Timestamp) -> RebuiltPage {
    f.store.begin_rebuild().await.unwrap();
    let mut done = RebuiltPage::default();
    loop {
        let page = f.store.rebuild(done.last.clone(), 2, now).await.unwrap();
        if page.last.is_none() {
            return done;
        }
        done.last = page.last;
        done.rebuilt += page.rebuilt;
        done.removed += page.removed;
        done.skipped.extend(page.skipped);
    }
}

pub(super) async fn a_record_tells_all_of_an_order(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let call = f.intended(&claimed, now).await;
    let end = end(CallOutcome::Unknown);
    f.store.record_answers(&[RecordedAnswer { call, end }]).await.unwrap();
    let mut settlement = park(&claimed, Phase::Retry, Some(at(now, 60)));
    let mut failed = entry(OrderStatus::AcceptanceFailed);
    (failed.retry_at, failed.send) = (Some(at(now, 60)), Some(call));
    settlement.entry = Some(failed);
    settlement.failure = Some(failure("a", FailureCause::Unanswered));
    settlement.standing.decision = Some(decision("a"));
    f.settled(settlement.clone(), at(now, 1)).await;

    let record = record(f, "a").await;
    let stored = record.stored.expect("a row in orders");
    assert_eq!(stored.placed_at, Some(at(now, -3600)));
    assert_eq!(record.entries, f.story("a").await.entries);
    let sent: Vec<_> = record.calls.iter().filter(|sent| sent.call_id == call).collect();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].fence, sent[0].answer_by),
        (Some(claimed.fence), Some(at(now, 10)))
    );
    assert_eq!(
        (sent[0].outcome, sent[0].is_success),
        (Some(CallOutcome::Unknown), Some(false))
    );
    assert_eq!(sent[0].related_id.as_deref(), Some("a"));
    assert_eq!(sent[0].request, Some(decision("a").to_json()));
    assert_eq!(record.failures.len(), 1);
    assert_eq!(record.failures[0].version, Some(Version(2)));
    assert_eq!(record.failures[0].cause.as_deref(), Some("unanswered"));
    assert_eq!(record.failures[0].payload, Some(serde_json::json!({"order_id": "a"})));
    let work = record.work.expect("a work row");
    assert_eq!(
        (work.version, work.status, work.status_at),
        (Version(2), OrderStatus::AcceptanceFailed, at(now, 1))
    );
    assert_eq!(
        (work.call, work.fence, work.lease_until),
        (Some(call), claimed.fence, None)
    );
    assert_eq!(work.standing, settlement.standing);
    assert_eq!((record.lost_looks, record.unreadable), (Vec::new(), Vec::new()));
}

pub(super) async fn a_record_tells_what_each_look_showed_of_its_order(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let look = f.listing(now).await;
    let seen = [("a", Some("SHIPPING")), ("b", None)].map(|(name, state)| SeenState {
        order_id: id(name),
        state: state.map(str::to_owned),
    });
    f.store.finish(look, &end(CallOutcome::Answered), &seen).await.unwrap();
    let shown = async |name| {
        let record = record(f, name).await;
        let call = record.calls.into_iter().find(|call| call.call_id == look);
        call.map(|call| call.shown)
    };
    assert_eq!(shown("a").await, Some(Shown::State("SHIPPING".to_owned())));
    assert_eq!(shown("b").await, Some(Shown::Missing));
    assert_eq!(shown("c").await, None, "it was not about that order");
    let listed = record(f, "c").await.entries[0].look.expect("the listing");
    let named = record(f, "c").await.calls;
    assert!(
        named
            .iter()
            .any(|call| call.call_id == listed && call.shown == Shown::Nothing)
    );
}

pub(super) async fn the_pages_of_records_are_complete_and_repeat_nothing(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["b", "Z", "a/ö", "a", "aa"], now).await;
    f.foreign.insert_order("row", "{}").await.unwrap();
    let ghost = NewCall {
        related_id: Some("ghost".to_owned()),
        ..acceptance("ghost", now)
    };
    f.store.begin(&ghost).await.unwrap();
    let mut names: Vec<String> = Vec::new();
    let mut after = None;
    loop {
        let page = f.store.records(after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.order_id.clone());
        names.extend(page.iter().map(|record| record.order_id.to_string()));
    }
    assert_eq!(names, ["Z", "a", "a/ö", "aa", "b", "ghost", "row"]);
    assert!(record(f, "row").await.stored.is_some());
    let ghost = record(f, "ghost").await;
    assert_eq!((ghost.stored, ghost.work, ghost.calls.len()), (None, None, 1));
}

pub(super) async fn a_rebuild_makes_of_each_order_what_its_record_yields(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c", "d"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.intended(&claimed[0], now).await;
    f.settled(conclude(&claimed[1], OrderStatus::Accepted), at(now, 1))
        .await;
    f.settled(park(&claimed[2], Phase::Validating, Some(at(now, 900))), at(now, 1))
        .await;
    f.appended("d", "shipped").await;
    let done = rebuild(f, at(now, 5)).await;
    assert_eq!((done.rebuilt, done.removed, done.skipped.len()), (4, 0, 0));
    for name in ["a", "b", "c", "d"] {
        let record = record(f, name).await;
        let wanted = rebuilt(&record, at(now, 5)).expect("it has a timeline");
        let work = record.work.expect("a work row");
        assert_eq!(work.standing, wanted.standing, "{name}");
        assert_eq!(
            (work.version, &work.status, work.status_at),
            (wanted.version, &wanted.status, wanted.status_at)
        );
        assert_eq!(
            (work.placed_at, work.call, work.lease_until),
            (wanted.placed_at, wanted.call, None),
            "{name}"
        );
    }
    let a = record(f, "a").await.work.expect("a work row");
    assert_eq!((a.standing.phase, a.standing.call_open), (Phase::Sending, true));
    assert_eq!(a.standing.due_at, Some(at(now, 10)), "not before the call has ended");
    let c = record(f, "c").await.work.expect("a work row");
    assert_eq!((c.standing.phase, c.standing.due_at), (Phase::Ready, Some(at(now, 5))));
}

pub(super) async fn a_rebuild_voids_every_lease_from_before(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    let call = f.intended(&claimed[0], now).await;
    rebuild(f, at(now, 1)).await;
    for before in &claimed {
        let late = f.settle(conclude(before, OrderStatus::Accepted), at(now, 2)).await;
        assert_eq!(late, Settled::Lost);
        let late = f
            .store
            .record_intents(&[intent(before, at(now, 2))], op())
            .await
            .unwrap();
        assert_eq!(late, [None]);
    }
    // Evidence is taken all the same.
    let end = end(CallOutcome::Applied);
    f.store.record_answers(&[RecordedAnswer { call, end }]).await.unwrap();
    assert_eq!(f.statuses("a").await, ["pending_acceptance"]);
    let again = f.claim(&[Phase::Ready, Phase::Sending], at(now, 10)).await;
    assert_eq!(again.len(), 2, "they can be claimed at once");
    for after in &again {
        let before = claimed
            .iter()
            .find(|before| before.order_id == after.order_id)
            .expect("the same");
        assert!(after.fence > before.fence);
        assert!(after.fence > Fence(2 << 32), "the epoch was raised: {:?}", after.fence);
    }
    assert_eq!(again[0].call.expect("its call").outcome, Some(CallOutcome::Applied));
}

pub(super) async fn a_rebuild_done_twice_leaves_what_one_leaves(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    rebuild(f, at(now, 1)).await;
    let once = f.store.records(None, 10).await.unwrap();
    // Cut off after its first page, and begun anew.
    f.store.begin_rebuild().await.unwrap();
    f.store.rebuild(None, 1, at(now, 1)).await.unwrap();
    rebuild(f, at(now, 1)).await;
    let twice = f.store.records(None, 10).await.unwrap();
    for (once, mut twice) in once.into_iter().zip(twice) {
        let (before, after) = (once.work.as_ref().unwrap(), twice.work.as_mut().unwrap());
        assert!(after.fence > before.fence);
        after.fence = before.fence;
        assert_eq!(twice, once);
    }
}

pub(super) async fn a_rebuild_fills_a_work_table_that_was_emptied(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.intended(&claimed[0], now).await;
    f.settled(conclude(&claimed[1], OrderStatus::Accepted), at(now, 1))
        .await;
    f.foreign.sql("DELETE FROM order_work").await.unwrap();
    assert_eq!(
        work_violations(f, now).await,
        BTreeSet::from([ViolationKind::WorkMissing])
    );
    let done = rebuild(f, at(now, 20)).await;
    assert_eq!(done.rebuilt, 3);
    assert_eq!(work_violations(f, now).await, BTreeSet::new());
    assert_eq!(
        f.settle(conclude(&claimed[2], OrderStatus::Accepted), at(now, 21))
            .await,
        Settled::Lost
    );
    let again = f.claim(&[Phase::Ready, Phase::Sending], at(now, 21)).await;
    assert_eq!(again.len(), 2);
    assert!(again.iter().all(|after| after.fence > claimed[2].fence));
    assert_eq!(again[0].standing.decision, Some(decision("a")), "it stays frozen");
}

pub(super) async fn a_rebuild_removes_work_rows_without_a_timeline(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    f.foreign.insert_order("left", "{}").await.unwrap();
    let left = "INSERT INTO order_work (order_id, version, status, status_at, phase, placed_at, since_at) \
                SELECT 'left', 1, status, status_at, phase, placed_at, since_at FROM order_work";
    f.foreign.sql(left).await.unwrap();
    assert_eq!(
        work_violations(f, now).await,
        BTreeSet::from([ViolationKind::TimelineMissing])
    );
    let done = rebuild(f, at(now, 1)).await;
    assert_eq!((done.rebuilt, done.removed, done.skipped.len()), (1, 1, 0));
    assert_eq!(work_violations(f, now).await, BTreeSet::new());
}

pub(super) async fn a_work_row_that_can_not_be_read_is_named_and_made_anew(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    f.foreign
        .sql("UPDATE order_work SET decision = '{}' WHERE order_id = 'a'")
        .await
        .unwrap();
    let damaged = record(f, "a").await;
    assert!(
        damaged.unreadable_work.is_some() && damaged.work.is_none(),
        "{damaged:?}"
    );
    assert!(record(f, "b").await.work.is_some(), "it hides no other");
    rebuild(f, at(now, 1)).await;
    let mended = record(f, "a").await;
    assert!(mended.unreadable_work.is_none() && mended.work.is_some(), "{mended:?}");
}

pub(super) async fn a_rebuild_beside_other_writers_keeps_step_with_every_timeline(f: &StoreFixture) {
    let now = f.base().await;
    let names: Vec<String> = (0..12).map(|number| format!("o{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    f.ingested(&names, now).await;
    f.foreign
        .sql("DELETE FROM order_work WHERE order_id > 'o05'")
        .await
        .unwrap();
    let writers = names.iter().map(|name| async move {
        for status in ["label_created", "pending_acceptance", "shipped"] {
            f.appended(name, status).await;
        }
    });
    let rebuilds = async {
        for _ in 0..3 {
            rebuild(f, now).await;
        }
    };
    futures_util::join!(futures_util::future::join_all(writers), rebuilds);
    assert_eq!(work_violations(f, now).await, BTreeSet::new());
}

/// What is wrong with the work rows; the cases' own entries have no evidence.
async fn work_violations(f: &StoreFixture, now: Timestamp) -> BTreeSet<ViolationKind> {
    let records = f.store.records(None, 100).await.unwrap();
    let found = records.iter().flat_map(|record| check(record, now));
    let of_work = |kind: &ViolationKind| kind.as_str().starts_with("work") || *kind == ViolationKind::TimelineMissing;
    found.map(|violation| violation.kind).filter(of_work).collect()
}
