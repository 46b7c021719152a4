//! How the store stands: [`ackord::ports::Overview`].

use ackord::call::CallOutcome;
use ackord::failure::{FailureCause, FailureId};
use ackord::ports::{FailureFilter, InboxEntry, OverviewRequest, PhaseCount, RecordedAnswer, StoreStanding};
use ackord::status::OrderStatus;
use ackord::time::Timestamp;
use ackord::work::{Phase, Version};

use super::StoreFixture;
use super::given::{at, conclude, end, failure, park};

impl StoreFixture {
    /// Orders of the cases are placed a second apart, from an hour ago on.
    async fn standing(&self, now: Timestamp) -> StoreStanding {
        let asked = OverviewRequest {
            now,
            half_by: at(now, -3600 + 2),
            late_by: at(now, -3600 + 1),
            past_by: at(now, -3600),
            names: 2,
        };
        self.other.standing(&asked).await.unwrap()
    }

    async fn opened(&self, name: &str, cause: FailureCause) {
        let entry = InboxEntry {
            failure: failure(name, cause),
            version: Some(Version(1)),
        };
        assert_eq!(self.store.open(&[entry]).await.unwrap(), 1);
    }
}

fn oldest(standing: &StoreStanding) -> Vec<&str> {
    standing.oldest.iter().map(|order| order.order_id.as_str()).collect()
}

pub(super) async fn an_empty_store_stands_at_nothing(f: &StoreFixture) {
    let now = f.base().await;
    assert_eq!(f.standing(now).await, StoreStanding::default());
}

pub(super) async fn unsettled_orders_are_counted_by_phase_and_lease(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c", "d"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.settled(park(&claimed[0], Phase::Retry, Some(at(now, 60))), now).await;
    f.settled(conclude(&claimed[1], OrderStatus::Accepted), now).await;
    let standing = f.standing(now).await;
    let count = |phase, orders| PhaseCount { phase, orders };
    assert_eq!(standing.phases, [count(Phase::Ready, 2), count(Phase::Retry, 1)]);
    assert_eq!(standing.leased, 2);
    let standing = f.standing(at(now, 20)).await;
    assert_eq!(standing.leased, 0, "their leases have ended");
}

pub(super) async fn orders_not_known_to_be_accepted_are_told_oldest_first(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["d", "c", "b", "a"], now).await;
    let standing = f.standing(now).await;
    assert_eq!(oldest(&standing), ["d", "c"], "no more than asked for");
    assert_eq!(standing.oldest[1].placed_at, at(now, 1 - 3600));
    let counts = (standing.unaccepted, standing.half, standing.late, standing.past);
    assert_eq!(counts, (4, 3, 2, 1));
}

pub(super) async fn an_order_whose_acceptance_was_answered_is_not_at_risk(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c", "d"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    for (order, outcome) in claimed
        .iter()
        .zip([Some(CallOutcome::Applied), Some(CallOutcome::Unknown), None])
    {
        let call = f.intended(order, now).await;
        if let Some(outcome) = outcome {
            let answer = RecordedAnswer {
                call,
                end: end(outcome),
            };
            f.store.record_answers(&[answer]).await.unwrap();
        }
        let mut validating = park(order, Phase::Validating, Some(now));
        validating.standing.call_open = true;
        f.settled(validating, now).await;
    }
    // Accepted by somebody else: no call of ours is undecided.
    f.settled(park(&claimed[3], Phase::Validating, Some(now)), now).await;
    let standing = f.standing(now).await;
    assert_eq!(standing.unaccepted, 2);
    assert_eq!(oldest(&standing), ["b", "c"]);
}

pub(super) async fn an_order_that_waits_for_its_payment_is_not_at_risk(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    for order in f.claim(&[Phase::Ready], now).await {
        f.settled(park(&order, Phase::Review, Some(now)), now).await;
    }
    f.opened("a", FailureCause::DebitOverdue).await;
    f.opened("b", FailureCause::NotConfirmed).await;
    assert_eq!(oldest(&f.standing(now).await), ["b"]);
}

pub(super) async fn open_entries_of_the_inbox_are_told_by_cause(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c", "d"], now).await;
    for name in ["c", "a", "b"] {
        f.opened(name, FailureCause::Refused).await;
    }
    f.opened("d", FailureCause::NotFound).await;
    f.foreign
        .insert_failure("x-1", "Labels", "the printer is out of paper")
        .await
        .unwrap();
    let standing = f.standing(now).await;
    let groups: Vec<_> = standing
        .open
        .iter()
        .map(|group| (&*group.process_name, &*group.cause, group.needs_person, group.entries))
        .collect();
    assert_eq!(
        groups,
        [
            ("Labels", "", true, 1),
            ("OrderAcceptance", "not_found", true, 1),
            ("OrderAcceptance", "refused", true, 3),
        ]
    );
    assert_eq!(standing.open[2].first, ["c", "a"], "the first two by their ids");
    assert_eq!(standing.open[0].first, ["x-1"]);
    let ids: Vec<_> = f.inbox_ids("refused").await;
    f.store.close_failures(&ids, "kim", "done").await.unwrap();
    assert_eq!(f.standing(now).await.open.len(), 2, "closed ones are not told");
}

impl StoreFixture {
    async fn inbox_ids(&self, cause: &str) -> Vec<FailureId> {
        let filter = FailureFilter {
            open: Some(true),
            needs_person: None,
            cause: Some(cause.to_owned()),
            related_id: None,
            since: None,
            before: None,
            limit: 100,
        };
        let rows = self.other.failures(&filter).await.unwrap();
        rows.into_iter().map(|row| row.failure_id).collect()
    }
}

pub(super) async fn a_look_at_the_store_changes_nothing(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    let before = f.story("a").await;
    f.standing(now).await;
    assert_eq!(f.story("a").await.summary, before.summary);
    assert_eq!(f.claim(&[Phase::Ready], now).await.len(), 1);
}
