//! [`ackord::ports::Recovery`]: the hold on sending, and leases for a look at any order.

use std::sync::Arc;
use std::time::Duration;

use ackord::call::CallOutcome;
use ackord::ports::{CallFilter, RecordedAnswer, Settled, TakeUp};
use ackord::status::OrderStatus;
use ackord::time::Timestamp;
use ackord::work::{Claimed, Epoch, Phase};
use tokio::task::JoinSet;

use super::StoreFixture;
use super::given::{LEASE, at, conclude, end, entry, id, intent, names, op, park, release, request};

const SENDING: [Phase; 2] = [Phase::Ready, Phase::Sending];

fn wanted(ids: &[&str], now: Timestamp) -> TakeUp {
    TakeUp {
        ids: ids.iter().map(|name| id(name)).collect(),
        now,
        lease: LEASE,
        worker: "reconciler".to_owned(),
        operation: op(),
    }
}

impl StoreFixture {
    async fn taken_up(&self, ids: &[&str], now: Timestamp) -> Vec<Claimed> {
        let mut taken = self.store.take_up(&wanted(ids, now)).await.unwrap();
        taken.sort_by(|one, other| one.order_id.cmp(&other.order_id));
        taken
    }

    /// Orders in every phase, each due in an hour but where that phase knows no time; named for it.
    async fn one_in_every_phase(&self, now: Timestamp) {
        let all: Vec<&str> = Phase::all().map(Phase::as_str).collect();
        self.ingested(&all, now).await;
        for order in self.claim(&[Phase::Ready], now).await {
            let phase = Phase::parse(order.order_id.as_str()).unwrap();
            let due = (phase != Phase::Settled).then(|| at(now, 3600));
            let mut settlement = park(&order, phase, due);
            settlement.entry = match phase {
                Phase::Settled => Some(entry(OrderStatus::Accepted)),
                Phase::Retry | Phase::Unfiled => Some(entry(OrderStatus::AcceptanceFailed)),
                _ => None,
            };
            self.settled(settlement, now).await;
        }
    }

    async fn intents_on_record(&self) -> usize {
        let filter = CallFilter {
            order: None,
            endpoint: Some("OR21".to_owned()),
            outcome: None,
            since: None,
            before: None,
            limit: 10_000,
        };
        self.store.calls(&filter).await.unwrap().len()
    }
}

pub(super) async fn a_store_never_held_allows_sending(f: &StoreFixture) {
    assert_eq!(f.store.sending().await.unwrap().hold, None);
}

pub(super) async fn a_hold_stands_for_all_until_it_is_lifted(f: &StoreFixture) {
    let now = f.base().await;
    let before = f.store.sending().await.unwrap().epoch;
    let hold = f.store.hold_sending(now).await.unwrap();
    assert_eq!(hold.since, now);
    assert!(hold.epoch > before, "{hold:?} after {before:?}");
    let told = f.other.sending().await.unwrap();
    assert_eq!((told.epoch, told.hold), (hold.epoch, Some(hold)));
    assert!(f.other.allow_sending(hold).await.unwrap());
    let told = f.store.sending().await.unwrap();
    assert_eq!((told.epoch, told.hold), (hold.epoch, None), "the epoch stays");
    assert!(f.store.allow_sending(hold).await.unwrap(), "lifted once and for all");
}

pub(super) async fn a_hold_begins_with_an_epoch_that_no_restored_store_had(f: &StoreFixture) {
    let now = f.base().await;
    let hold = f.store.hold_sending(now).await.unwrap();
    assert!(hold.epoch >= Epoch::least_at(now), "{hold:?}");
    let later = f.store.hold_sending(at(now, 86_400)).await.unwrap();
    assert!(later.epoch >= Epoch::least_at(at(now, 86_400)), "{later:?}");
    f.ingested(&["a"], now).await;
    assert!(f.store.allow_sending(later).await.unwrap());
    let claimed = f.claim_of("a", Phase::Ready, now).await;
    assert_eq!(claimed.fence.epoch(), later.epoch);
}

pub(super) async fn a_later_hold_takes_the_place_of_the_one_before(f: &StoreFixture) {
    let now = f.base().await;
    let first = f.store.hold_sending(now).await.unwrap();
    let second = f.other.hold_sending(now).await.unwrap();
    assert!(second.epoch > first.epoch);
    assert!(!f.store.allow_sending(first).await.unwrap(), "the second one stands");
    assert_eq!(f.store.sending().await.unwrap().hold, Some(second));
    assert!(f.other.allow_sending(second).await.unwrap());
}

pub(super) async fn while_sending_is_held_claims_give_out_nothing_to_be_sent(f: &StoreFixture) {
    let now = f.base().await;
    f.one_in_every_phase(now).await;
    let hold = f.store.hold_sending(now).await.unwrap();
    let later = at(now, 3600);
    assert_eq!(f.claim(&SENDING, later).await, []);
    let all: Vec<_> = Phase::all().collect();
    let claimed = f.claim(&all, later).await;
    let mut claimed = names(&claimed);
    claimed.sort_unstable();
    assert_eq!(claimed, ["retry", "review", "unfiled", "validating"]);
    assert!(f.store.allow_sending(hold).await.unwrap());
    let claimed = f.claim(&SENDING, later).await;
    assert_eq!(names(&claimed).len(), 2, "{claimed:?}");
}

pub(super) async fn while_sending_is_held_no_intent_is_written(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let hold = f.store.hold_sending(now).await.unwrap();
    // A lease of after the hold: nothing but the hold stands against its intent.
    let taken = f.taken_up(&["a"], now).await;
    let calls = f.store.record_intents(&[intent(&taken[0], now)], op()).await.unwrap();
    assert_eq!(calls, [None]);
    assert_eq!(f.intents_on_record().await, 0);
    assert!(f.store.allow_sending(hold).await.unwrap());
    let calls = f.store.record_intents(&[intent(&taken[0], now)], op()).await.unwrap();
    assert!(calls[0].is_some(), "the lease holds, and sending is allowed");
}

pub(super) async fn a_hold_voids_every_lease_of_before(f: &StoreFixture) {
    let now = f.base().await;
    let validating = f.claimed("validating", now).await;
    f.settled(park(&validating, Phase::Validating, Some(now)), now).await;
    f.ingested(&["sending", "ready"], now).await;
    let claimed = f.claim(&[Phase::Ready, Phase::Validating], now).await;
    let of = |name: &str| claimed.iter().find(|order| order.order_id.as_str() == name).unwrap();
    let call = f.intended(of("sending"), now).await;

    let hold = f.store.hold_sending(now).await.unwrap();
    for order in &claimed {
        let lost = f.settle(conclude(order, OrderStatus::Accepted), now).await;
        assert_eq!(lost, Settled::Lost, "{}", order.order_id);
    }
    let answer = RecordedAnswer {
        call,
        end: end(CallOutcome::Applied),
    };
    f.store.record_answers(&[answer]).await.unwrap();
    assert_eq!(
        f.store.call(call).await.unwrap().unwrap().outcome,
        Some(CallOutcome::Applied),
        "evidence is written all the same"
    );
    assert!(f.store.allow_sending(hold).await.unwrap());
    let calls = f.store.record_intents(&[intent(of("ready"), now)], op()).await.unwrap();
    assert_eq!(calls, [None], "also when it is over");
    let again = f.claim(&[Phase::Ready, Phase::Sending, Phase::Validating], now).await;
    assert_eq!(again.len(), 3, "each is free at once: {again:?}");
    for order in &again {
        assert!(order.fence > of(order.order_id.as_str()).fence);
    }
}

pub(super) async fn no_intent_follows_a_hold_however_many_workers_are_at_it(f: &StoreFixture) {
    let now = f.base().await;
    let orders: Vec<_> = (0..200).map(|number| format!("o{number:03}")).collect();
    let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
    f.ingested(&orders, now).await;
    let mut workers = JoinSet::new();
    for number in 0..8 {
        let store = Arc::clone(if number % 2 == 0 { &f.store } else { &f.other });
        workers.spawn(async move {
            loop {
                let mut request = request(&[Phase::Ready], now);
                request.limit = 3;
                let claimed = store.claim(&request).await.unwrap();
                if claimed.is_empty() {
                    return;
                }
                let intents: Vec<_> = claimed.iter().map(|order| intent(order, now)).collect();
                store.record_intents(&intents, op()).await.unwrap();
            }
        });
    }
    while f.intents_on_record().await == 0 {
        tokio::task::yield_now().await;
    }
    f.store.hold_sending(now).await.unwrap();
    let at_the_hold = f.intents_on_record().await;
    workers.join_all().await;
    assert_eq!(f.intents_on_record().await, at_the_hold);
}

pub(super) async fn the_unsettled_and_the_lately_settled_are_to_be_reconciled(f: &StoreFixture) {
    let now = f.base().await;
    f.one_in_every_phase(at(now, -3600)).await;
    f.ingested(&["long_ago", "fresh"], now).await;
    for order in f.claim(&[Phase::Ready], now).await {
        if order.order_id.as_str() == "long_ago" {
            f.settled(conclude(&order, OrderStatus::Cancelled), at(now, -7200))
                .await;
        }
    }
    let ids = f.store.to_reconcile(at(now, -3600)).await.unwrap();
    let mut told: Vec<_> = ids.iter().map(|id| id.as_str()).collect();
    assert_eq!(told.pop(), Some("settled"), "the unsettled come first");
    told.sort_unstable();
    let unsettled = ["fresh", "ready", "retry", "review", "sending", "unfiled", "validating"];
    assert_eq!(told, unsettled);
    let later = f.store.to_reconcile(at(now, 1)).await.unwrap();
    assert_eq!(later.len(), unsettled.len(), "{later:?}");
}

pub(super) async fn any_unsettled_order_is_taken_up_whatever_is_due_or_held(f: &StoreFixture) {
    let now = f.base().await;
    f.one_in_every_phase(now).await;
    f.store.hold_sending(now).await.unwrap();
    let all: Vec<&str> = Phase::all().map(Phase::as_str).chain(["stranger"]).collect();
    let taken = f.taken_up(&all, now).await;
    assert_eq!(taken.len(), 7, "{taken:?}");
    for order in taken.iter().filter(|order| order.standing.phase != Phase::Settled) {
        assert_eq!(order.standing.phase.as_str(), order.order_id.as_str());
        assert_eq!(order.standing.due_at, Some(at(now, 3600)));
        assert_eq!(order.unreleased_claims, 0, "no claim");
        let others = f.store.take_up(&wanted(&[order.order_id.as_str()], at(now, 19))).await;
        assert_eq!(others.unwrap(), [], "it is under a lease");
        f.settled(release(order), now).await;
    }
}

pub(super) async fn an_order_under_another_lease_is_left_to_its_holder(f: &StoreFixture) {
    let now = f.base().await;
    let held = f.claimed("a", now).await;
    assert_eq!(f.taken_up(&["a"], at(now, 19)).await, []);
    let taken = f.taken_up(&["a"], at(now, 20)).await;
    assert!(taken[0].fence > held.fence, "{taken:?}");
    let lost = f.settle(conclude(&held, OrderStatus::Accepted), at(now, 20)).await;
    assert_eq!(lost, Settled::Lost);
    assert_eq!(f.claim(&[Phase::Ready], at(now, 39)).await, [], "nor is it claimed");
    assert_eq!(names(&f.claim(&[Phase::Ready], at(now, 40)).await), ["a"]);
}

pub(super) async fn a_settled_order_is_told_as_it_stands_and_its_move_guarded(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.settled(conclude(&claimed, OrderStatus::Accepted), now).await;
    let one = f.taken_up(&["a"], now).await.remove(0);
    let other = f.taken_up(&["a"], now).await.remove(0);
    assert_eq!((&one.status, one.version.0), (&OrderStatus::Accepted, 2));
    assert_eq!(one.standing.phase, Phase::Settled);
    let standings = f.store.standings(&[id("a")]).await.unwrap();
    assert_eq!(standings[0].leased_until, None, "it is under no lease");

    f.settled(conclude(&one, OrderStatus::Cancelled), now).await;
    let lost = f.settle(conclude(&other, OrderStatus::Cancelled), now).await;
    assert_eq!(lost, Settled::Lost, "the version has moved on");
    assert_eq!(
        f.statuses("a").await,
        ["pending_acceptance", "accepted", "cancelled"],
        "one move of the two"
    );
}

pub(super) async fn taking_up_repeated_under_its_operation_tells_the_same(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    let request = wanted(&["a", "b"], now);
    let sorted = |mut taken: Vec<Claimed>| {
        taken.sort_by(|one, other| one.order_id.cmp(&other.order_id));
        taken
    };
    let first = sorted(f.store.take_up(&request).await.unwrap());
    assert_eq!(first.len(), 2);
    let again = sorted(f.other.take_up(&request).await.unwrap());
    assert_eq!(again, first, "the same orders under the same numbers");
    tokio::time::timeout(Duration::from_secs(5), f.settled(release(&first[0]), now))
        .await
        .expect("nothing keeps it locked");
}

pub(super) async fn taking_up_repeated_after_a_hold_tells_of_no_lease_from_before(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    let request = wanted(&["a", "b"], now);
    assert_eq!(f.store.take_up(&request).await.unwrap().len(), 2);
    f.store.hold_sending(now).await.unwrap();
    assert_eq!(f.other.take_up(&request).await.unwrap(), []);
}

pub(super) async fn taking_up_repeated_leases_what_it_could_not_have_before(f: &StoreFixture) {
    let now = f.base().await;
    let held = f.claimed("a", now).await;
    let request = wanted(&["a"], now);
    assert_eq!(f.store.take_up(&request).await.unwrap(), []);
    f.settled(release(&held), now).await;
    let taken = f.store.take_up(&request).await.unwrap();
    assert_eq!(names(&taken), ["a"]);
    assert!(taken[0].fence > held.fence);
}

pub(super) async fn settle_repeated_after_a_hold_tells_the_same(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let operation = op();
    let settlement = [park(&claimed, Phase::Validating, Some(at(now, 1)))];
    assert_eq!(
        f.store.settle(&settlement, now, operation).await.unwrap(),
        [Settled::Written]
    );
    f.store.hold_sending(now).await.unwrap();
    let told = f.other.settle(&settlement, now, operation).await.unwrap();
    assert_eq!(told, [Settled::Written], "it was written before the hold");
}
