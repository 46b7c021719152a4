//! [`ackord::ports::RecordReader`]: the listings, their filters and their pages.

use ackord::call::{CallEnd, CallId, CallOutcome, Endpoint, NewCall, SeenState};
use ackord::failure::{FailureCause, FailureId};
use ackord::ports::{CallFilter, FailureFilter, InboxEntry, OrderCursor, OrderFilter};
use ackord::status::OrderStatus;
use ackord::work::{Phase, Version};

use super::StoreFixture;
use super::given::{at, conclude, end, failure, id, op, park, read};

const ORDERS: OrderFilter = OrderFilter {
    status: None,
    since: None,
    after: None,
    limit: 1000,
};

const CALLS: CallFilter = CallFilter {
    order: None,
    endpoint: None,
    outcome: None,
    since: None,
    before: None,
    limit: 1000,
};

const FAILURES: FailureFilter = FailureFilter {
    open: None,
    needs_person: None,
    cause: None,
    related_id: None,
    since: None,
    before: None,
    limit: 1000,
};

async fn orders(f: &StoreFixture, filter: OrderFilter) -> Vec<String> {
    let orders = f.store.orders(&filter).await.unwrap();
    orders.into_iter().map(|order| order.order_id.to_string()).collect()
}

async fn calls(f: &StoreFixture, filter: CallFilter) -> Vec<CallId> {
    let calls = f.store.calls(&filter).await.unwrap();
    calls.into_iter().map(|call| call.call_id).collect()
}

async fn failures(f: &StoreFixture, filter: FailureFilter) -> Vec<String> {
    let failures = f.store.failures(&filter).await.unwrap();
    failures.into_iter().filter_map(|row| row.related_id).collect()
}

pub(super) async fn orders_are_listed_newest_first(f: &StoreFixture) {
    let now = f.base().await;
    let mut new = f.new_orders(&["b", "a", "C", "ä", "newest"], now).await;
    for order in &mut new[..4] {
        order.placed_at = Some(at(now, -7200));
    }
    f.store.ingest(&new, now, op()).await.unwrap();
    assert_eq!(orders(f, ORDERS).await, ["newest", "ä", "b", "a", "C"]);
}

pub(super) async fn orders_are_told_of_as_they_are_named(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    f.appended("b", "shipped").await;
    f.foreign.insert_order("d", "{}").await.unwrap();
    let asked = ["d", "b", "nowhere", "a", "b"].map(id);
    let told = f.other.summaries(&asked).await.unwrap();
    let names: Vec<&str> = told.iter().map(|order| order.order_id.as_str()).collect();
    assert_eq!(names, ["d", "b", "a", "b"]);
    for order in &told {
        let story = f.store.story(&order.order_id).await.unwrap().unwrap();
        assert_eq!(*order, story.summary);
    }
    assert_eq!(f.store.summaries(&[]).await.unwrap(), []);
}

pub(super) async fn orders_are_listed_by_status(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.settled(conclude(&claimed[0], OrderStatus::Accepted), now).await;
    f.appended("b", "label_created").await;
    let of = async |status: &str| {
        let status = Some(OrderStatus::parse(status));
        orders(f, OrderFilter { status, ..ORDERS }).await
    };
    assert_eq!(of("accepted").await, ["a"]);
    assert_eq!(of("label_created").await, ["b"]);
    assert_eq!(of("pending_acceptance").await, ["c"]);
    assert_eq!(of("cancelled").await, [""; 0]);
}

pub(super) async fn orders_are_listed_since_a_time(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let since = Some(at(now, -3599));
    assert_eq!(orders(f, OrderFilter { since, ..ORDERS }).await, ["c", "b"]);
}

pub(super) async fn the_pages_of_orders_are_complete_and_repeat_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let names: Vec<String> = (0..23).map(|number| format!("A-{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut new = f.new_orders(&names, now).await;
    for (place, order) in new.iter_mut().enumerate() {
        // Groups that were placed together, and steps of one microsecond between them.
        order.placed_at = Some(now + jiff::SignedDuration::from_micros(place as i64 / 4));
    }
    f.store.ingest(&new, now, op()).await.unwrap();
    for (status, limit) in [(None, 5), (Some(OrderStatus::PendingAcceptance), 3), (None, 23)] {
        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let filter = OrderFilter {
                status: status.clone(),
                since: None,
                after,
                limit,
            };
            let page = f.store.orders(&filter).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(OrderCursor {
                placed_at: last.placed_at,
                order_id: last.order_id.clone(),
            });
            listed.extend(page.into_iter().map(|order| order.order_id.to_string()));
        }
        listed.reverse();
        assert_eq!(listed, names, "in pages of {limit}");
    }
}

pub(super) async fn an_order_in_a_list_tells_how_it_stands(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.foreign
        .insert_failure("a", "ShippingLabels", "no printer")
        .await
        .unwrap();
    let mut settlement = park(&claimed, Phase::Retry, Some(at(now, 60)));
    settlement.entry = Some(super::given::entry(OrderStatus::AcceptanceFailed));
    settlement.failure = Some(failure("a", FailureCause::NotSent));
    settlement.standing.attempt = 2;
    f.settled(settlement, at(now, 1)).await;
    let order = f.store.orders(&ORDERS).await.unwrap().remove(0);
    assert_eq!(order.placed_at, at(now, -3600));
    assert_eq!(order.status, Some(OrderStatus::AcceptanceFailed));
    assert_eq!(order.version, Version(2));
    assert_eq!(order.status_at, Some(at(now, 1)));
    assert_eq!(order.note.as_deref(), Some("now acceptance_failed"));
    assert_eq!((order.phase, order.due_at), (Some(Phase::Retry), Some(at(now, 60))));
    assert_eq!(order.attempt, 2);
    assert_eq!(order.open_failures, 2);
    assert_eq!(f.story("a").await.summary, order);
}

pub(super) async fn a_row_without_an_entry_is_listed_without_a_status(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["b"], now).await;
    f.foreign.insert_order("a", "{}").await.unwrap();
    let listed = f.store.orders(&ORDERS).await.unwrap();
    let order = listed.iter().find(|order| order.order_id == id("a")).unwrap();
    assert_eq!((&order.status, order.version), (&None, Version(0)));
    assert_eq!((order.status_at, &order.note, order.phase), (None, &None, None));
    let status = Some(OrderStatus::PendingAcceptance);
    assert_eq!(orders(f, OrderFilter { status, ..ORDERS }).await, ["b"]);
    // It is the newest, as it counts from when it was written.
    assert_eq!(orders(f, OrderFilter { limit: 1, ..ORDERS }).await, ["a"]);
}

/// Three looks and an acceptance; gives their ids.
async fn four_calls(f: &StoreFixture) -> [CallId; 4] {
    let now = f.base().await;
    let begin = async |seconds: i64, endpoint, related: Option<&str>| {
        let call = NewCall {
            endpoint,
            related_id: related.map(str::to_owned),
            ..read(at(now, seconds))
        };
        f.store.begin(&call).await.unwrap()
    };
    let ids = [
        begin(0, Endpoint::Or11, None).await,
        begin(1, Endpoint::Or21, Some("a")).await,
        begin(2, Endpoint::Or11, None).await,
        begin(3, Endpoint::Or21, Some("b")).await,
    ];
    let seen = |name: &str| SeenState {
        order_id: id(name),
        state: Some("SHIPPING".to_owned()),
    };
    let finish = async |call: CallId, outcome, states: &[SeenState]| {
        let end: CallEnd = end(outcome);
        f.store.finish(call, &end, states).await.unwrap();
    };
    finish(ids[0], CallOutcome::Answered, &[seen("a"), seen("c")]).await;
    finish(ids[1], CallOutcome::Applied, &[]).await;
    finish(ids[2], CallOutcome::Unknown, &[]).await;
    ids
}

pub(super) async fn calls_are_listed_newest_first_and_filtered(f: &StoreFixture) {
    let ids = four_calls(f).await;
    let newest_first = [ids[3], ids[2], ids[1], ids[0]];
    assert_eq!(calls(f, CALLS).await, newest_first);
    let endpoint = Some("OR21".to_owned());
    assert_eq!(calls(f, CallFilter { endpoint, ..CALLS }).await, [ids[3], ids[1]]);
    let outcome = Some(CallOutcome::Unknown);
    assert_eq!(calls(f, CallFilter { outcome, ..CALLS }).await, [ids[2]]);
    let since = f.store.call(ids[2]).await.unwrap().map(|call| call.at);
    assert_eq!(calls(f, CallFilter { since, ..CALLS }).await, [ids[3], ids[2]]);
    let both = CallFilter {
        endpoint: Some("OR11".to_owned()),
        outcome: Some(CallOutcome::Answered),
        ..CALLS
    };
    assert_eq!(calls(f, both).await, [ids[0]]);
}

pub(super) async fn the_calls_about_an_order_are_listed_with_the_looks_it_shared(f: &StoreFixture) {
    let ids = four_calls(f).await;
    let of = async |name: &str| {
        let order = Some(id(name));
        calls(f, CallFilter { order, ..CALLS }).await
    };
    assert_eq!(of("a").await, [ids[1], ids[0]]);
    assert_eq!(of("b").await, [ids[3]]);
    assert_eq!(of("c").await, [ids[0]]);
    assert_eq!(of("d").await, []);
    let order = Some(id("a"));
    let filter = CallFilter {
        order,
        endpoint: Some("OR11".to_owned()),
        ..CALLS
    };
    let look = f.store.calls(&filter).await.unwrap().remove(0);
    assert_eq!(look.seen.len(), 2, "a listing shows the whole look");
}

pub(super) async fn the_pages_of_calls_are_complete_and_repeat_nothing(f: &StoreFixture) {
    let now = f.base().await;
    let mut ids = Vec::new();
    for _ in 0..11 {
        ids.push(f.listing(now).await);
    }
    let mut listed = Vec::new();
    let mut before = None;
    loop {
        let filter = CallFilter {
            before,
            limit: 4,
            ..CALLS
        };
        let page = calls(f, filter).await;
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        before = Some(*last);
        listed.extend(page);
    }
    listed.reverse();
    ids.sort();
    assert_eq!(listed, ids);
}

pub(super) async fn the_inbox_is_listed_newest_first_and_filtered(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["closed"], now).await;
    let entry = |name: &str, cause, needs_person| {
        let mut failure = failure(name, cause);
        failure.needs_person = needs_person;
        InboxEntry { failure, version: None }
    };
    for entry in [
        entry("closed", FailureCause::NotSent, false),
        entry("person", FailureCause::Refused, true),
        entry("retry", FailureCause::NotSent, false),
    ] {
        f.store.open(&[entry]).await.unwrap();
    }
    let claimed = f.claim_of("closed", Phase::Ready, now).await;
    let mut settlement = conclude(&claimed, OrderStatus::Accepted);
    settlement.resolution = Some("done".to_owned());
    f.settled(settlement, now).await;

    assert_eq!(failures(f, FAILURES).await, ["retry", "person", "closed"]);
    let open = |open| FailureFilter {
        open: Some(open),
        ..FAILURES
    };
    assert_eq!(failures(f, open(true)).await, ["retry", "person"]);
    assert_eq!(failures(f, open(false)).await, ["closed"]);
    let needs_person = Some(true);
    assert_eq!(
        failures(
            f,
            FailureFilter {
                needs_person,
                ..FAILURES
            }
        )
        .await,
        ["person"]
    );
    let cause = Some("not_sent".to_owned());
    assert_eq!(
        failures(f, FailureFilter { cause, ..FAILURES }).await,
        ["retry", "closed"]
    );
    let related_id = Some("person".to_owned());
    assert_eq!(failures(f, FailureFilter { related_id, ..FAILURES }).await, ["person"]);
    let since = Some(at(now, -60));
    assert_eq!(failures(f, FailureFilter { since, ..FAILURES }).await.len(), 3);
    let since = Some(at(now, 600));
    assert_eq!(failures(f, FailureFilter { since, ..FAILURES }).await.len(), 0);
}

pub(super) async fn the_pages_of_the_inbox_are_complete_and_repeat_nothing(f: &StoreFixture) {
    let names: Vec<String> = (0..11).map(|number| format!("A-{number:02}")).collect();
    for name in &names {
        f.foreign
            .insert_failure(name, "ShippingLabels", "no printer")
            .await
            .unwrap();
    }
    let mut listed = Vec::new();
    let mut before: Option<FailureId> = None;
    loop {
        let filter = FailureFilter {
            before,
            limit: 4,
            ..FAILURES
        };
        let page = f.store.failures(&filter).await.unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        before = Some(last.failure_id);
        listed.extend(page.into_iter().filter_map(|row| row.related_id));
    }
    listed.reverse();
    assert_eq!(listed, names);
}

pub(super) async fn what_is_not_stored_is_not_found(f: &StoreFixture) {
    assert_eq!(f.store.story(&id("a")).await.unwrap(), None);
    assert_eq!(f.store.call(CallId(1)).await.unwrap(), None);
    assert_eq!(f.store.failure(FailureId(1)).await.unwrap(), None);
    assert_eq!(f.store.orders(&ORDERS).await.unwrap(), []);
}
