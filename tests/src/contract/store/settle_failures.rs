//! [`ackord::ports::WorkStore::settle`]: the inbox entries that a settlement opens and closes.

use ackord::failure::FailureCause;
use ackord::ports::{FailureRow, InboxEntry};
use ackord::status::OrderStatus;
use ackord::work::{Phase, Settlement};
use serde_json::json;

use super::StoreFixture;
use super::given::{at, conclude, failure, op, park};

async fn failures(f: &StoreFixture, name: &str) -> Vec<FailureRow> {
    f.story(name).await.failures
}

pub(super) async fn a_settlement_opens_its_inbox_entry(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut settlement = conclude(&claimed, OrderStatus::AcceptanceFailed);
    let mut wanted = failure("a", FailureCause::Refused);
    wanted.payload = json!({"order_id": "a", "lines": [{"id": "a-1", "accepted": true}], "price": 12.5, "none": null});
    wanted.needs_person = false;
    settlement.failure = Some(wanted.clone());
    f.settled(settlement, at(now, 5)).await;

    let rows = failures(f, "a").await;
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(row.related_id.as_deref(), Some("a"));
    assert_eq!(row.process_name, "OrderAcceptance");
    assert_eq!(row.cause.as_deref(), Some("refused"));
    assert_eq!(row.details, Some(wanted.details));
    assert_eq!(row.payload, Some(wanted.payload));
    assert_eq!(row.at, at(now, 5));
    assert!(!row.needs_person);
    assert_eq!(
        (row.resolved_at, &row.resolved_by, &row.resolution),
        (None, &None, &None)
    );
    assert_eq!(f.story("a").await.summary.open_failures, 1);
}

pub(super) async fn an_inbox_entry_of_a_settlement_counts_for_the_version_after_it(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut settlement = park(&claimed, Phase::Ready, Some(now));
    settlement.entry = Some(super::given::entry(OrderStatus::AcceptanceFailed));
    settlement.failure = Some(failure("a", FailureCause::Foreign));
    f.settled(settlement, now).await;
    let claimed = f.claim_of("a", Phase::Ready, now).await;
    let mut settlement = park(&claimed, Phase::Ready, Some(now));
    settlement.resolution = Some("done".to_owned());
    f.settled(settlement, at(now, 1)).await;
    // Closed by now; for version 2 it was opened once, so it is not opened again, and for version 3 it is.
    for (version, opened) in [(2, 0), (3, 1)] {
        let entry = InboxEntry {
            failure: failure("a", FailureCause::Foreign),
            version: Some(ackord::work::Version(version)),
        };
        assert_eq!(f.store.open(&[entry]).await.unwrap(), opened, "version {version}");
    }
}

pub(super) async fn a_settlement_closes_the_earlier_open_entries_of_acceptance(f: &StoreFixture) {
    let now = f.base().await;
    let mut claimed = f.claimed("a", now).await;
    for (round, cause) in [FailureCause::NotSent, FailureCause::Unanswered]
        .into_iter()
        .enumerate()
    {
        let then = at(now, round as i64);
        let mut settlement = park(&claimed, Phase::Ready, Some(then));
        settlement.failure = Some(failure("a", cause));
        f.settled(settlement, then).await;
        claimed = f.claim_of("a", Phase::Ready, then).await;
    }
    let mut settlement = conclude(&claimed, OrderStatus::Accepted);
    settlement.resolution = Some("seen as accepted".to_owned());
    f.settled(settlement, at(now, 7)).await;
    let rows = failures(f, "a").await;
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.resolved_at, Some(at(now, 7)));
        assert_eq!(row.resolved_by.as_deref(), Some("ackord"));
        assert_eq!(row.resolution.as_deref(), Some("seen as accepted"));
    }
    assert_eq!(f.story("a").await.summary.open_failures, 0);
}

pub(super) async fn a_settlement_leaves_open_what_it_opens(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut settlement = park(&claimed, Phase::Ready, Some(now));
    settlement.failure = Some(failure("a", FailureCause::NotSent));
    f.settled(settlement, now).await;
    let claimed = f.claim_of("a", Phase::Ready, now).await;
    let settlement = Settlement {
        failure: Some(failure("a", FailureCause::RefusedAtDeadline)),
        resolution: Some("lost at the deadline".to_owned()),
        ..conclude(&claimed, OrderStatus::Cancelled)
    };
    f.settled(settlement, at(now, 1)).await;
    let open: Vec<_> = failures(f, "a")
        .await
        .into_iter()
        .map(|row| (row.cause.unwrap(), row.resolved_at.is_none()))
        .collect();
    assert_eq!(
        open,
        [("not_sent".to_owned(), false), ("refused_at_deadline".to_owned(), true)]
    );
}

pub(super) async fn a_settlement_never_closes_entries_of_other_modules(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.foreign
        .insert_failure("a", "ShippingLabels", "printer on fire")
        .await
        .unwrap();
    f.foreign
        .insert_failure("a", "OrderAcceptance", "by another program")
        .await
        .unwrap();
    let mut settlement = conclude(&claimed, OrderStatus::Accepted);
    settlement.resolution = Some("seen as accepted".to_owned());
    f.settled(settlement, at(now, 1)).await;
    let rows = failures(f, "a").await;
    let open = |process: &str| {
        let row = rows.iter().find(|row| row.process_name == process).unwrap();
        row.resolved_at.is_none()
    };
    assert!(open("ShippingLabels"));
    assert!(!open("OrderAcceptance"));
}

pub(super) async fn a_settlement_never_closes_entries_of_other_orders(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "aa"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    for claimed in &claimed {
        let name = claimed.order_id.as_str();
        f.foreign.insert_failure(name, "OrderAcceptance", "open").await.unwrap();
    }
    let mut settlements: Vec<_> = claimed
        .iter()
        .map(|claimed| conclude(claimed, OrderStatus::Accepted))
        .collect();
    settlements[0].resolution = Some("seen as accepted".to_owned());
    f.store.settle(&settlements, at(now, 1), op()).await.unwrap();
    for (name, open) in [("a", 0), ("b", 1), ("aa", 1)] {
        assert_eq!(f.story(name).await.summary.open_failures, open, "{name}");
    }
}

pub(super) async fn a_settlement_never_rewrites_how_an_entry_was_closed(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut settlement = park(&claimed, Phase::Ready, Some(now));
    settlement.failure = Some(failure("a", FailureCause::NotSent));
    f.settled(settlement, now).await;
    for (seconds, words) in [(1, "first"), (2, "second")] {
        let claimed = f.claim_of("a", Phase::Ready, at(now, seconds)).await;
        let mut settlement = park(&claimed, Phase::Ready, Some(now));
        settlement.resolution = Some(words.to_owned());
        f.settled(settlement, at(now, seconds)).await;
    }
    let row = failures(f, "a").await.remove(0);
    assert_eq!(row.resolved_at, Some(at(now, 1)));
    assert_eq!(row.resolution.as_deref(), Some("first"));
}

pub(super) async fn a_settlement_repeated_opens_its_entry_once_and_leaves_it_open(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let settlement = [Settlement {
        failure: Some(failure("a", FailureCause::Refused)),
        resolution: Some("lost".to_owned()),
        ..conclude(&claimed, OrderStatus::Cancelled)
    }];
    let operation = op();
    for _ in 0..2 {
        f.store.settle(&settlement, at(now, 1), operation).await.unwrap();
    }
    let rows = failures(f, "a").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].resolved_at, None);
}
