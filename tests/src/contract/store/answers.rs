//! [`ackord::ports::WorkStore::record_answers`].

use std::time::Duration;

use ackord::call::{CallEnd, CallId, CallOutcome};
use ackord::ports::{RecordedAnswer, StoreError};
use ackord::work::Phase;

use super::StoreFixture;
use super::given::{at, end, id, park};

fn answer(call: CallId, outcome: CallOutcome) -> RecordedAnswer {
    RecordedAnswer {
        call,
        end: end(outcome),
    }
}

pub(super) async fn an_answer_completes_its_call(f: &StoreFixture) {
    let now = f.base().await;
    let call = f.intended(&f.claimed("a", now).await, now).await;
    let end = CallEnd {
        outcome: CallOutcome::Precondition,
        status_code: Some(400),
        response: Some(r#"{"code":"ORDER_INVALID_STATE"}"#.to_owned()),
        duration: Duration::from_micros(1_234_567),
    };
    f.store.record_answers(&[RecordedAnswer { call, end }]).await.unwrap();
    let row = f.other.call(call).await.unwrap().unwrap();
    assert_eq!(row.outcome, Some(CallOutcome::Precondition));
    assert_eq!(row.is_success, Some(false));
    assert_eq!(row.status_code, Some(400));
    assert_eq!(row.response.as_deref(), Some(r#"{"code":"ORDER_INVALID_STATE"}"#));
    assert_eq!(row.duration_ms, Some(1234));
}

pub(super) async fn an_answer_without_status_and_body_completes_its_call(f: &StoreFixture) {
    let now = f.base().await;
    let call = f.intended(&f.claimed("a", now).await, now).await;
    let end = CallEnd {
        outcome: CallOutcome::NotSent,
        status_code: None,
        response: None,
        duration: Duration::ZERO,
    };
    f.store.record_answers(&[RecordedAnswer { call, end }]).await.unwrap();
    let row = f.store.call(call).await.unwrap().unwrap();
    assert_eq!((row.outcome, row.is_success), (Some(CallOutcome::NotSent), Some(false)));
    assert_eq!((row.status_code, row.response, row.duration_ms), (None, None, Some(0)));
    // And it stays completed.
    f.store.record_answers(&[answer(call, CallOutcome::Applied)]).await.ok();
    let row = f.store.call(call).await.unwrap().unwrap();
    assert_eq!(row.outcome, Some(CallOutcome::NotSent));
    assert_eq!((row.status_code, row.response), (None, None));
}

pub(super) async fn answers_of_every_outcome_read_back(f: &StoreFixture) {
    let now = f.base().await;
    let outcomes: Vec<_> = CallOutcome::all()
        .filter(|outcome| *outcome != CallOutcome::Unanswered)
        .collect();
    let names: Vec<&str> = outcomes.iter().map(|outcome| outcome.as_str()).collect();
    f.ingested(&names, now).await;
    let mut answers = Vec::new();
    for (claimed, outcome) in f.claim(&[Phase::Ready], now).await.iter().zip(&outcomes) {
        answers.push(answer(f.intended(claimed, now).await, *outcome));
    }
    f.store.record_answers(&answers).await.unwrap();
    for (answer, outcome) in answers.iter().zip(outcomes) {
        let row = f.store.call(answer.call).await.unwrap().unwrap();
        assert_eq!(row.outcome, Some(outcome));
        assert_eq!(row.is_success, Some(outcome.is_success()));
    }
}

pub(super) async fn an_answer_is_written_whoever_holds_the_lease(f: &StoreFixture) {
    let now = f.base().await;
    let call = f.intended(&f.claimed("a", now).await, now).await;
    let taken_over = f.claim_of("a", Phase::Sending, at(now, 20)).await;
    f.appended("a", "shipped").await;
    f.store
        .record_answers(&[answer(call, CallOutcome::Applied)])
        .await
        .unwrap();
    let row = f.store.call(call).await.unwrap().unwrap();
    assert_eq!(row.outcome, Some(CallOutcome::Applied));
    assert_eq!(taken_over.call.unwrap().id, call);
}

pub(super) async fn an_answer_leaves_the_order_where_it_stands(f: &StoreFixture) {
    let now = f.base().await;
    let call = f.intended(&f.claimed("a", now).await, now).await;
    let before = f.store.standings(&[id("a")]).await.unwrap();
    f.store
        .record_answers(&[answer(call, CallOutcome::Applied)])
        .await
        .unwrap();
    assert_eq!(f.store.standings(&[id("a")]).await.unwrap(), before);
    let taken_over = f.claim_of("a", Phase::Sending, at(now, 20)).await;
    assert!(taken_over.standing.call_open, "it is for a settlement to decide that");
    assert_eq!(taken_over.call.unwrap().outcome, Some(CallOutcome::Applied));
}

pub(super) async fn the_same_answer_again_changes_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let call = f.intended(&f.claimed("a", now).await, now).await;
    let answers = [answer(call, CallOutcome::Applied)];
    f.store.record_answers(&answers).await.unwrap();
    let before = f.store.call(call).await.unwrap();
    f.other.record_answers(&answers).await.unwrap();
    assert_eq!(f.store.call(call).await.unwrap(), before);
}

pub(super) async fn another_answer_never_rewrites_the_first(f: &StoreFixture) {
    let now = f.base().await;
    let call = f.intended(&f.claimed("a", now).await, now).await;
    f.store
        .record_answers(&[answer(call, CallOutcome::Applied)])
        .await
        .unwrap();
    let before = f.store.call(call).await.unwrap();
    let mut other = answer(call, CallOutcome::Unknown);
    other.end.status_code = Some(503);
    other.end.response = None;
    // To refuse it and to pass over it are both lawful.
    f.store.record_answers(&[other]).await.ok();
    assert_eq!(f.store.call(call).await.unwrap(), before);
}

pub(super) async fn a_late_answer_is_added_to_a_call_closed_as_unanswered(f: &StoreFixture) {
    let now = f.base().await;
    let call = f.intended(&f.claimed("a", now).await, now).await;
    let taken_over = f.claim_of("a", Phase::Sending, at(now, 20)).await;
    let mut settlement = park(&taken_over, Phase::Ready, Some(at(now, 21)));
    settlement.close_call = Some(call);
    f.settled(settlement, at(now, 21)).await;
    let late = [answer(call, CallOutcome::Applied)];
    f.store.record_answers(&late).await.unwrap();
    let row = f.store.call(call).await.unwrap().unwrap();
    assert_eq!(row.outcome, Some(CallOutcome::Unanswered), "what was decided stays");
    assert_eq!(row.status_code, Some(200));
    assert_eq!(row.response.as_deref(), Some("{}"));
    f.store.record_answers(&late).await.unwrap();
    assert_eq!(f.store.call(call).await.unwrap(), Some(row));
}

pub(super) async fn an_answer_to_a_call_never_made_is_refused_and_none_is_written(f: &StoreFixture) {
    let now = f.base().await;
    let call = f.intended(&f.claimed("a", now).await, now).await;
    let answers = [
        answer(call, CallOutcome::Applied),
        answer(CallId(call.0 + 1000), CallOutcome::Applied),
    ];
    let error = f.store.record_answers(&answers).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert_eq!(f.store.call(call).await.unwrap().unwrap().outcome, None);
    f.store.record_answers(&[]).await.unwrap();
}
