//! Pruning: which bodies go, what stays, and that it is on record.

use std::collections::BTreeMap;

use ackord::call::{CallEnd, CallId, CallOutcome, SeenState};
use ackord::failure::FailureCause;
use ackord::ports::{CallRow, InboxEntry, PruneBatch, PrunedBatch, RecordedAnswer};
use ackord::status::OrderStatus;
use ackord::time::Timestamp;

use super::given::{at, conclude, end, failure, id, op, read};
use super::{Dialect, StoreFixture};

/// A batch that takes in all calls started before `before`.
fn all_before(before: Timestamp) -> PruneBatch {
    PruneBatch {
        before,
        after: None,
        limit: 100,
        now: at(before, 60),
        actor: "kim".to_owned(),
    }
}

fn answered(body: &str) -> CallEnd {
    CallEnd {
        response: Some(body.to_owned()),
        ..end(CallOutcome::Answered)
    }
}

impl StoreFixture {
    /// A read that showed these orders.
    async fn look_at(&self, now: Timestamp, body: &str, orders: &[&str]) -> CallId {
        let seen = orders.iter().map(|order| SeenState {
            order_id: id(order),
            state: Some("SHIPPING".to_owned()),
        });
        let seen: Vec<_> = seen.collect();
        let call = self.store.begin(&read(now)).await.unwrap();
        self.store.finish(call, &answered(body), &seen).await.unwrap();
        call
    }

    /// An accepted order; gives its acceptance call.
    async fn accepted(&self, name: &str, now: Timestamp) -> CallId {
        let claimed = self.claimed(name, now).await;
        let call = self.intended(&claimed, now).await;
        let answer = RecordedAnswer {
            call,
            end: CallEnd {
                response: Some("thanks".to_owned()),
                ..end(CallOutcome::Applied)
            },
        };
        self.store.record_answers(&[answer]).await.unwrap();
        self.settled(conclude(&claimed, OrderStatus::Accepted), now).await;
        call
    }

    async fn logged(&self, call: CallId) -> CallRow {
        self.store.call(call).await.unwrap().expect("it is on record")
    }

    async fn prune(&self, batch: &PruneBatch) -> PrunedBatch {
        self.store.prune(batch).await.unwrap()
    }
}

pub(super) async fn the_body_of_an_old_answer_goes_and_nothing_else(f: &StoreFixture) {
    let now = f.base().await;
    let send = f.accepted("a", now).await;
    let look = f.look_at(now, "a whole listing", &["a"]).await;
    let before = BTreeMap::from([(send, f.logged(send).await), (look, f.logged(look).await)]);
    let story = f.story("a").await;
    let batch = all_before(at(now, 1));
    f.prune(&batch).await;
    for (call, before) in before {
        let expected = CallRow {
            response: None,
            pruned_at: Some(batch.now),
            ..before
        };
        assert_eq!(f.logged(call).await, expected);
    }
    let pruned = f.story("a").await;
    assert_eq!((pruned.summary, pruned.entries), (story.summary, story.entries));
    let told = pruned.calls.iter().map(|call| (call.pruned_at, call.seen.len()));
    assert_eq!(told.collect::<Vec<_>>(), [(Some(batch.now), 0), (Some(batch.now), 1)]);
}

pub(super) async fn a_pruning_tells_what_went_and_stands_on_record(f: &StoreFixture) {
    let now = f.base().await;
    let first = f.look_at(now, "four", &[]).await;
    let last = f.look_at(now, "ö", &[]).await;
    let batch = all_before(at(now, 1));
    let done = f.prune(&batch).await;
    let expected = PrunedBatch {
        last: Some(last),
        calls: 2,
        bytes: 6,
        kept: 0,
    };
    assert_eq!(done, expected);
    let prunings = f.store.prunings(10).await.unwrap();
    assert_eq!(prunings.len(), 1);
    let told = &prunings[0];
    assert_eq!(
        (told.at, told.before, told.actor.as_str()),
        (batch.now, batch.before, "kim")
    );
    assert_eq!((told.calls, told.bytes, told.first, told.last), (2, 6, first, last));
}

pub(super) async fn prunings_are_listed_newest_first(f: &StoreFixture) {
    let now = f.base().await;
    for day in 1..=3 {
        f.look_at(now, "a body", &[]).await;
        let batch = PruneBatch {
            now: at(now, day * 86_400),
            ..all_before(at(now, 1))
        };
        f.prune(&batch).await;
    }
    let prunings = f.store.prunings(2).await.unwrap();
    let told: Vec<_> = prunings.iter().map(|pruning| pruning.at).collect();
    assert_eq!(told, [at(now, 3 * 86_400), at(now, 2 * 86_400)]);
}

pub(super) async fn a_younger_body_stays(f: &StoreFixture) {
    let now = f.base().await;
    let young = f.look_at(now, "a body", &[]).await;
    let done = f.prune(&all_before(now)).await;
    assert_eq!((done.calls, done.kept, done.last), (0, 0, Some(young)));
    assert_eq!(f.logged(young).await.response.as_deref(), Some("a body"));
}

pub(super) async fn bodies_about_an_order_that_is_unsettled_stay(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let send = f.intended(&claimed, now).await;
    let answer = RecordedAnswer {
        call: send,
        end: end(CallOutcome::Unknown),
    };
    f.store.record_answers(&[answer]).await.unwrap();
    let look = f.look_at(now, "it waits", &["b", "a"]).await;
    let done = f.prune(&all_before(at(now, 1))).await;
    assert_eq!((done.calls, done.bytes, done.kept), (0, 0, 2));
    assert_eq!(f.logged(look).await.response.as_deref(), Some("it waits"));
    assert!(f.logged(send).await.response.is_some());
    f.settled(conclude(&claimed, OrderStatus::Accepted), now).await;
    let done = f.prune(&all_before(at(now, 1))).await;
    assert_eq!((done.calls, done.kept), (2, 0));
}

pub(super) async fn bodies_about_an_order_with_an_open_entry_in_the_inbox_stay(f: &StoreFixture) {
    let now = f.base().await;
    let send = f.accepted("a", now).await;
    let entry = InboxEntry {
        failure: failure("a", FailureCause::Contradiction),
        version: None,
    };
    f.store.open(&[entry]).await.unwrap();
    let done = f.prune(&all_before(at(now, 1))).await;
    assert_eq!((done.calls, done.kept), (0, 1));
    assert!(f.logged(send).await.response.is_some());
}

pub(super) async fn a_call_without_an_end_is_left_alone(f: &StoreFixture) {
    let now = f.base().await;
    let open = f.listing(now).await;
    let done = f.prune(&all_before(at(now, 1))).await;
    assert_eq!((done.calls, done.kept, done.last), (0, 0, Some(open)));
    f.store.finish(open, &answered("late"), &[]).await.unwrap();
    assert_eq!(f.logged(open).await.response.as_deref(), Some("late"));
}

pub(super) async fn a_batch_looks_at_so_many_calls_and_tells_where_it_stopped(f: &StoreFixture) {
    let now = f.base().await;
    let mut calls = Vec::new();
    for _ in 0..5 {
        calls.push(f.look_at(now, "a body", &[]).await);
    }
    let mut batch = PruneBatch {
        limit: 2,
        ..all_before(at(now, 1))
    };
    let mut told = Vec::new();
    for _ in 0..4 {
        let done = f.prune(&batch).await;
        told.push((done.calls, done.last));
        batch.after = done.last;
    }
    let expected = [(2, Some(calls[1])), (2, Some(calls[3])), (1, Some(calls[4])), (0, None)];
    assert_eq!(told, expected);
    assert_eq!(f.store.prunings(10).await.unwrap().len(), 3);
}

pub(super) async fn a_batch_done_again_takes_nothing_more_and_writes_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let look = f.look_at(now, "a body", &[]).await;
    let batch = all_before(at(now, 1));
    f.prune(&batch).await;
    let again = f.prune(&batch).await;
    assert_eq!((again.calls, again.bytes, again.last), (0, 0, Some(look)));
    assert_eq!(f.store.prunings(10).await.unwrap().len(), 1);
}

pub(super) async fn of_prunings_at_once_each_body_goes_with_one(f: &StoreFixture) {
    let now = f.base().await;
    for _ in 0..20 {
        f.look_at(now, "a body", &[]).await;
    }
    let batch = all_before(at(now, 1));
    let all = (0..4).map(|_| f.store.prune(&batch));
    let done = futures_util::future::join_all(all).await;
    let calls: u64 = done.into_iter().map(|done| done.unwrap().calls).sum();
    assert_eq!(calls, 20);
    let on_record: u64 = f
        .store
        .prunings(10)
        .await
        .unwrap()
        .iter()
        .map(|pruning| pruning.calls)
        .sum();
    assert_eq!(on_record, 20);
}

pub(super) async fn a_preview_tells_the_same_and_changes_nothing(f: &StoreFixture) {
    let now = f.base().await;
    f.accepted("a", now).await;
    f.claimed("b", now).await;
    f.look_at(now, "a body", &["a", "b"]).await;
    let batch = all_before(at(now, 1));
    let story = f.story("a").await;
    let previewed = f.store.prunable(&batch).await.unwrap();
    assert_eq!((previewed.calls, previewed.bytes, previewed.kept), (1, 6, 1));
    assert_eq!(f.story("a").await, story);
    assert_eq!(f.store.prunings(10).await.unwrap(), []);
    assert_eq!(f.prune(&batch).await, previewed);
}

pub(super) async fn what_is_pruned_is_no_violation_of_the_record(f: &StoreFixture) {
    let now = f.base().await;
    f.accepted("a", now).await;
    let check = async || {
        let records = f.store.records(None, 10).await.unwrap();
        let found = records
            .iter()
            .flat_map(|record| ackord::audit::check(record, at(now, 100)));
        found.collect::<Vec<_>>()
    };
    let before = check().await;
    f.prune(&all_before(at(now, 1))).await;
    assert_eq!(check().await, before);
}

pub(super) async fn a_pruned_order_may_be_worked_on_again(f: &StoreFixture) {
    let now = f.base().await;
    f.accepted("a", now).await;
    f.prune(&all_before(at(now, 1))).await;
    f.foreign
        .append(&[super::given::foreign_entry("a", "pending_acceptance")])
        .await
        .unwrap();
    let later = at(f.base().await, 1);
    let claimed = f.claim_of("a", ackord::work::Phase::Ready, later).await;
    let told = f
        .store
        .settle(&[conclude(&claimed, OrderStatus::Accepted)], later, op())
        .await;
    assert_eq!(told.unwrap(), [ackord::ports::Settled::Written]);
}

/// Bodies of calls of another program are not ours to take out.
pub(super) async fn bodies_of_other_programs_stay(f: &StoreFixture) {
    let statement = "INSERT INTO api_calls (service, endpoint, response_body, is_success, outcome) \
                     VALUES ('labels', 'print', 'a label', NULL, 'answered')";
    assert_eq!(f.foreign.sql(statement).await, Ok(1));
    let done = f.prune(&all_before(at(f.base().await, 60))).await;
    assert_eq!((done.calls, done.kept), (0, 0));
}

pub(super) async fn bodies_are_taken_out_with_a_pruning_alone(f: &StoreFixture) {
    let now = f.base().await;
    let call = f.look_at(now, "a body", &[]).await;
    let (made_up, zero) = match f.capabilities.sql.unwrap() {
        Dialect::Postgres => ("'00000000-0000-4000-8000-000000000001'", "gen_random_uuid()"),
        Dialect::Sqlite => ("77", "78"),
    };
    let statements = [
        "UPDATE api_calls SET response_body = NULL".to_owned(),
        format!("UPDATE api_calls SET response_body = NULL, pruning_id = {made_up}"),
        format!("UPDATE api_calls SET pruning_id = {zero}"),
    ];
    for statement in &statements {
        f.foreign.sql(statement).await.expect_err(statement);
    }
    assert_eq!(f.logged(call).await.response.as_deref(), Some("a body"));
}

pub(super) async fn what_was_pruned_can_not_be_taken_back_or_made_up(f: &StoreFixture) {
    let now = f.base().await;
    f.look_at(now, "a body", &[]).await;
    f.prune(&all_before(at(now, 1))).await;
    let open = f.listing(now).await;
    let statements = [
        "UPDATE api_calls SET response_body = 'another body' WHERE pruning_id IS NOT NULL".to_owned(),
        "UPDATE api_calls SET pruning_id = NULL WHERE pruning_id IS NOT NULL".to_owned(),
        "UPDATE api_calls SET response_body = 'another body', pruning_id = NULL WHERE pruning_id IS NOT NULL"
            .to_owned(),
        // A call without an end has no body to take out.
        format!("UPDATE api_calls SET pruning_id = (SELECT pruning_id FROM prunings) WHERE call_id = {open}"),
        "UPDATE prunings SET calls = 7".to_owned(),
        "UPDATE prunings SET actor = 'somebody else'".to_owned(),
        "DELETE FROM prunings".to_owned(),
    ];
    for statement in &statements {
        f.foreign.sql(statement).await.expect_err(statement);
    }
    let prunings = f.store.prunings(10).await.unwrap();
    assert_eq!((prunings.len(), prunings[0].calls), (1, 1));
    match f.capabilities.sql.unwrap() {
        Dialect::Postgres => f.foreign.sql("TRUNCATE prunings CASCADE").await.unwrap_err(),
        Dialect::Sqlite => {
            let replace = "INSERT OR REPLACE INTO prunings SELECT * FROM prunings";
            f.foreign.sql(replace).await.unwrap_err()
        }
    };
    assert_eq!(f.store.prunings(10).await.unwrap(), prunings);
}
