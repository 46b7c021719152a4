//! [`ackord::ports::CallLog`].

use std::time::Duration;

use ackord::call::{CallEnd, CallId, CallOutcome, Endpoint, NewCall, SERVICE, SeenState};
use ackord::ports::StoreError;
use serde_json::json;

use super::StoreFixture;
use super::given::{at, end, id, read};

fn seen(name: &str, state: Option<&str>) -> SeenState {
    SeenState {
        order_id: id(name),
        state: state.map(str::to_owned),
    }
}

pub(super) async fn a_call_stands_on_record_once_it_is_begun(f: &StoreFixture) {
    let now = f.base().await;
    let call = NewCall {
        request: json!({"order_ids": "a,b", "max": 100, "shop_id": 2024}),
        ..read(now)
    };
    let id = f.store.begin(&call).await.unwrap();
    let row = f.other.call(id).await.unwrap().unwrap();
    assert_eq!(row.call_id, id);
    assert_eq!((row.service.as_str(), row.endpoint.as_str()), (SERVICE, "OR11"));
    assert_eq!(row.related_id, None);
    assert_eq!(row.request, Some(call.request));
    assert_eq!(row.at, now);
    assert_eq!((row.outcome, row.is_success, row.status_code), (None, None, None));
    assert_eq!((row.response, row.duration_ms), (None, None));
    assert_eq!(row.seen, []);
}

pub(super) async fn calls_of_every_operation_are_taken(f: &StoreFixture) {
    let now = f.base().await;
    for endpoint in [Endpoint::Or11, Endpoint::Or21, Endpoint::A01, Endpoint::A21] {
        let call = NewCall {
            endpoint,
            related_id: Some("shop".to_owned()),
            ..read(now)
        };
        let id = f.store.begin(&call).await.unwrap();
        let row = f.store.call(id).await.unwrap().unwrap();
        assert_eq!(row.endpoint, endpoint.as_str());
        assert_eq!(row.related_id.as_deref(), Some("shop"));
    }
}

pub(super) async fn each_call_gets_an_id_of_its_own(f: &StoreFixture) {
    let now = f.base().await;
    let call = read(now);
    let mut ids = Vec::new();
    for _ in 0..5 {
        let (one, two) = tokio::join!(f.store.begin(&call), f.other.begin(&call));
        ids.extend([one.unwrap(), two.unwrap()]);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 10);
}

pub(super) async fn a_finished_call_tells_what_it_showed(f: &StoreFixture) {
    let now = f.base().await;
    let id = f.listing(now).await;
    let end = CallEnd {
        outcome: CallOutcome::Answered,
        status_code: Some(200),
        response: Some(r#"{"orders":[],"total_count":0}"#.to_owned()),
        duration: Duration::from_millis(312),
    };
    // Orders that are not stored yet: a listing is logged before its orders are ingested.
    let states = [
        seen("b", Some("WAITING_ACCEPTANCE")),
        seen("a", Some("SOMETHING_NEW")),
        seen("c", None),
    ];
    f.store.finish(id, &end, &states).await.unwrap();
    let mut row = f.other.call(id).await.unwrap().unwrap();
    assert_eq!(row.outcome, Some(CallOutcome::Answered));
    assert_eq!((row.is_success, row.status_code), (Some(true), Some(200)));
    assert_eq!((row.response, row.duration_ms), (end.response, Some(312)));
    row.seen.sort();
    let state = |name: &str, state: Option<&str>| (name.to_owned(), state.map(str::to_owned));
    let expected = [
        state("a", Some("SOMETHING_NEW")),
        state("b", Some("WAITING_ACCEPTANCE")),
        state("c", None),
    ];
    assert_eq!(row.seen, expected);
}

pub(super) async fn an_order_that_a_look_shows_twice_is_noted_once(f: &StoreFixture) {
    let now = f.base().await;
    let id = f.listing(now).await;
    let states = [seen("a", Some("SHIPPING")), seen("a", Some("SHIPPING"))];
    f.store.finish(id, &end(CallOutcome::Answered), &states).await.unwrap();
    let row = f.store.call(id).await.unwrap().unwrap();
    assert_eq!(row.seen, [("a".to_owned(), Some("SHIPPING".to_owned()))]);
}

pub(super) async fn a_whole_look_of_a_hundred_orders_is_noted(f: &StoreFixture) {
    let now = f.base().await;
    let id = f.listing(now).await;
    let states: Vec<_> = (0..100)
        .map(|number| seen(&format!("A-{number:02}"), Some("SHIPPING")))
        .collect();
    f.store.finish(id, &end(CallOutcome::Answered), &states).await.unwrap();
    assert_eq!(f.store.call(id).await.unwrap().unwrap().seen.len(), 100);
}

pub(super) async fn the_same_end_again_changes_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let id = f.listing(now).await;
    let states = [seen("a", Some("SHIPPING")), seen("b", None)];
    f.store.finish(id, &end(CallOutcome::Answered), &states).await.unwrap();
    let before = f.store.call(id).await.unwrap();
    f.other.finish(id, &end(CallOutcome::Answered), &states).await.unwrap();
    assert_eq!(f.store.call(id).await.unwrap(), before);
}

pub(super) async fn another_end_never_rewrites_the_first(f: &StoreFixture) {
    let now = f.base().await;
    let id = f.listing(now).await;
    let states = [seen("a", Some("SHIPPING"))];
    f.store.finish(id, &end(CallOutcome::Answered), &states).await.unwrap();
    let before = f.store.call(id).await.unwrap();
    let other = CallEnd {
        outcome: CallOutcome::Unknown,
        status_code: None,
        response: Some("connection reset".to_owned()),
        duration: Duration::from_secs(9),
    };
    // To refuse it and to pass over it are both lawful.
    f.store.finish(id, &other, &[seen("a", Some("CANCELED"))]).await.ok();
    assert_eq!(f.store.call(id).await.unwrap(), before);
}

pub(super) async fn finishing_a_call_never_begun_is_refused(f: &StoreFixture) {
    let error = f
        .store
        .finish(CallId(987_654), &end(CallOutcome::Answered), &[seen("a", None)])
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert_eq!(f.store.call(CallId(987_654)).await.unwrap(), None);
}

pub(super) async fn a_failed_read_is_no_success(f: &StoreFixture) {
    let now = f.base().await;
    for outcome in [
        CallOutcome::Unknown,
        CallOutcome::Throttled,
        CallOutcome::Credentials,
        CallOutcome::Refused,
        CallOutcome::NotSent,
    ] {
        let id = f.listing(at(now, 1)).await;
        f.store.finish(id, &end(outcome), &[]).await.unwrap();
        let row = f.store.call(id).await.unwrap().unwrap();
        assert_eq!((row.outcome, row.is_success), (Some(outcome), Some(false)));
    }
}
