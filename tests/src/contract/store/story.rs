//! [`ackord::ports::RecordReader::story`]: timeline, calls and failures of one order.

use ackord::call::{CallOutcome, SeenState};
use ackord::failure::FailureCause;
use ackord::ports::{Entry, RecordedAnswer};
use ackord::status::OrderStatus;
use ackord::work::{Phase, Version};

use super::StoreFixture;
use super::given::{at, conclude, end, failure, id, park};

pub(super) async fn a_story_tells_all_of_an_order_and_nothing_of_others(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    let look = f.listing(now).await;
    let state = |name: &str, state: &str| SeenState {
        order_id: id(name),
        state: Some(state.to_owned()),
    };
    let states = [state("a", "WAITING_ACCEPTANCE"), state("b", "CANCELED")];
    f.store
        .finish(look, &end(CallOutcome::Answered), &states)
        .await
        .unwrap();
    let send = f.intended(&claimed[0], at(now, 1)).await;
    f.intended(&claimed[1], at(now, 1)).await;
    let answer = RecordedAnswer {
        call: send,
        end: end(CallOutcome::Applied),
    };
    f.store.record_answers(&[answer]).await.unwrap();
    let mut settlement = park(&claimed[0], Phase::Ready, Some(at(now, 2)));
    settlement.failure = Some(failure("a", FailureCause::NotConfirmed));
    f.settled(settlement, at(now, 2)).await;
    f.foreign
        .insert_failure("a", "ShippingLabels", "no printer")
        .await
        .unwrap();
    f.foreign
        .insert_failure("b", "ShippingLabels", "no printer")
        .await
        .unwrap();
    f.appended("a", "shipped").await;

    let story = f.story("a").await;
    let statuses: Vec<_> = story.entries.iter().map(|entry| entry.status.as_str()).collect();
    assert_eq!(statuses, ["pending_acceptance", "shipped"]);
    let calls: Vec<_> = story.calls.iter().map(|call| call.call_id).collect();
    assert_eq!(calls, [look, send]);
    let seen = ("a".to_owned(), Some("WAITING_ACCEPTANCE".to_owned()));
    assert_eq!(story.calls[0].seen, [seen], "only this order's state");
    let processes: Vec<_> = story.failures.iter().map(|row| row.process_name.as_str()).collect();
    assert_eq!(processes, ["OrderAcceptance", "ShippingLabels"]);
}

pub(super) async fn an_entry_of_another_program_is_shown_as_theirs(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    f.appended("a", "label_created").await;
    let entry: Entry = f.story("a").await.entries.remove(1);
    assert_eq!(entry.version, Version(2));
    assert_eq!(entry.status, OrderStatus::parse("label_created"));
    assert_eq!(entry.note.as_deref(), Some("label_created by another program"));
    assert_eq!(entry.source, "external");
    assert_eq!(entry.actor, None);
    assert_eq!((entry.attempt, entry.retry_at), (None, None));
    assert_eq!((entry.send, entry.look), (None, None));
}

pub(super) async fn the_story_of_a_row_without_an_entry_has_an_empty_timeline(f: &StoreFixture) {
    f.foreign.insert_order("a", "{}").await.unwrap();
    let story = f.story("a").await;
    assert_eq!(story.entries, []);
    assert_eq!(story.summary.status, None);
    assert_eq!(story.summary.version, Version(0));
}

pub(super) async fn a_timeline_is_told_by_version(f: &StoreFixture) {
    let now = f.base().await;
    let mut claimed = f.claimed("a", now).await;
    // Each entry is written an hour before the one that it follows: the clock runs backwards.
    for round in 1..5 {
        let then = at(now, -3600 * round);
        let mut settlement = park(&claimed, Phase::Ready, Some(then));
        settlement.entry = Some(super::given::entry(OrderStatus::PendingAcceptance));
        f.settled(settlement, then).await;
        claimed = f.claim_of("a", Phase::Ready, now).await;
    }
    f.settled(conclude(&claimed, OrderStatus::Accepted), at(now, -36_000))
        .await;
    let entries = f.story("a").await.entries;
    let versions: Vec<i64> = entries.iter().map(|entry| entry.version.0).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
    assert_eq!(entries[5].at, at(now, -36_000));
}
