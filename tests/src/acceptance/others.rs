//! Other hands: overlapping runs, other programs' entries, statuses that are not ours.

use std::sync::Arc;

use ackord::OrderStatus;
use ackord::order::{Decision, OrderId};
use ackord::ports::{
    Account, Look, Marketplace, MarketplaceResult, Page, PageCursor, SendAnswer, SendPermit, ShopFigures, ShopKey,
};
use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};
use async_trait::async_trait;
use futures_util::future::join_all;

use super::rig::{Rig, audited, expect_accepted_once, expect_open, statuses};
use crate::cases_then;
use crate::contract::store::{Foreign, ForeignEntry, StoreFixture};
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<StoreFixture>> {
    cases_then![audited;
        mistake_10_overlapping_runs_send_one_acceptance_an_order,
        an_entry_between_our_claim_and_our_send_stops_the_send,
        an_entry_of_another_program_is_the_status_from_then_on,
        twenty_writers_beside_a_running_workflow_see_no_error,
        a_foreign_failure_without_a_retry_time_goes_to_the_inbox,
        an_order_that_is_settled_but_still_listed_gets_one_entry_and_no_send,
        a_row_without_an_entry_counts_as_new
    ]
}

async fn mistake_10_overlapping_runs_send_one_acceptance_an_order(fixture: &StoreFixture) {
    let latency = FaultRule::on(
        Endpoint::Or21,
        Fault::Latency {
            ms: 5,
            to_ms: Some(30),
            moment: Moment::Before,
        },
    );
    let rig = Rig::open(fixture, Sandbox::builder().bulk(120).fault(latency)).await;
    let workers: Vec<_> = (0..4).map(|n| rig.worker(&format!("worker-{n}"))).collect();
    let reports = join_all(workers.iter().map(super::Worker::run)).await;
    assert!(reports.iter().all(|report| report.halt.is_none()), "{reports:?}");
    rig.run_until("all are accepted", async |rig| rig.find("BULK-000120").await.is_some())
        .await;
    for n in 1..=120 {
        let id = format!("BULK-{n:06}");
        assert_eq!(rig.ledger().acceptances_received(&id), 1, "{id}");
        expect_accepted_once(&rig, &id).await;
    }
    let ingested: u64 = reports.iter().map(|report| report.ingested).sum();
    assert_eq!(ingested, 120, "each order was new to one of them");
}

/// A client beside which another program writes an entry while a look is under way.
#[derive(Debug)]
struct Overtaken {
    inner: Arc<dyn Marketplace>,
    foreign: Arc<dyn Foreign>,
    entry: ForeignEntry,
}

#[async_trait]
impl Marketplace for Overtaken {
    fn shop_key(&self) -> ShopKey {
        self.inner.shop_key()
    }

    async fn waiting(&self, cursor: Option<PageCursor>) -> MarketplaceResult<Page> {
        self.inner.waiting(cursor).await
    }

    async fn look(&self, ids: &[OrderId]) -> MarketplaceResult<Look> {
        let look = self.inner.look(ids).await;
        self.foreign
            .append(std::slice::from_ref(&self.entry))
            .await
            .expect("the entry is taken");
        look
    }

    async fn accept(&self, id: &OrderId, decision: &Decision, permit: Arc<dyn SendPermit>) -> SendAnswer {
        self.inner.accept(id, decision, permit).await
    }

    async fn account(&self) -> MarketplaceResult<Account> {
        self.inner.account().await
    }

    async fn figures(&self) -> MarketplaceResult<ShopFigures> {
        self.inner.figures().await
    }
}

async fn an_entry_between_our_claim_and_our_send_stops_the_send(fixture: &StoreFixture) {
    let fails = FaultRule::on(
        Endpoint::Or21,
        Fault::Status {
            status: 500,
            moment: Moment::Before,
        },
    )
    .once();
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1")).fault(fails)).await;
    rig.run().await;
    assert_eq!(rig.ledger().acceptances_received("A-1"), 1, "the first attempt failed");

    // The second attempt looks after its claim; that is when the other program writes.
    let entry = ForeignEntry {
        order_id: "A-1".to_owned(),
        status: "shipped".to_owned(),
        note: None,
        retry_at: None,
    };
    let inner = rig.client();
    let foreign = Arc::clone(&fixture.foreign);
    let worker = rig.worker_over("worker", Arc::new(Overtaken { inner, foreign, entry }));
    let mut runs = 0;
    while rig.story("A-1").await.summary.status != Some(OrderStatus::parse("shipped")) {
        runs += 1;
        assert!(runs < 100, "the retry never came due");
        worker.run().await;
    }
    for _ in 0..3 {
        rig.run().await;
    }
    assert_eq!(rig.ledger().acceptances_received("A-1"), 1, "nothing more was sent");
    assert_eq!(
        rig.story("A-1").await.summary.status,
        Some(OrderStatus::parse("shipped"))
    );
}

async fn an_entry_of_another_program_is_the_status_from_then_on(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    fixture.foreign.insert_order("A-1", "{}").await.expect("the row");
    rig.foreign_entry("A-1", "label_created").await;
    assert_eq!(
        rig.story("A-1").await.summary.status,
        Some(OrderStatus::parse("label_created"))
    );
    rig.run().await;
    assert_eq!(rig.ledger().acceptances_received("A-1"), 0, "it is not ours to accept");

    rig.foreign_entry("A-1", "pending_acceptance").await;
    rig.run().await;
    let story = rig.story("A-1").await;
    assert_eq!(statuses(&story), ["label_created", "pending_acceptance", "accepted"]);
    assert_eq!(rig.ledger().decisions_applied("A-1"), 1);
}

async fn twenty_writers_beside_a_running_workflow_see_no_error(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().bulk(60)).await;
    // All are known before the writers begin.
    let mut ids: Vec<_> = (1..=60).map(|n| format!("BULK-{n:06}")).collect();
    for id in &ids {
        fixture.foreign.insert_order(id, "{}").await.expect("the row");
        rig.foreign_entry(id, "pending_acceptance").await;
    }
    ids.reverse();
    let writers = (0..20).map(|writer| {
        let (foreign, ids) = (Arc::clone(&fixture.foreign), ids.clone());
        async move {
            for (n, id) in ids.iter().enumerate().filter(|(n, _)| n % 4 == writer % 4) {
                let entry = ForeignEntry {
                    order_id: id.clone(),
                    status: format!("note_{writer}_{n}"),
                    note: None,
                    retry_at: None,
                };
                foreign.append(&[entry]).await.expect("a writer sees no error");
            }
        }
    });
    let worker = rig.worker("worker");
    let (report, _) = futures_util::join!(worker.run(), join_all(writers));
    assert!(report.halt.is_none(), "{report:?}");
    for id in &ids {
        let story = rig.story(id).await;
        let versions: Vec<_> = story.entries.iter().map(|entry| entry.version.0).collect();
        let expected: Vec<_> = (1..=i64::try_from(versions.len()).expect("few")).collect();
        assert_eq!(versions, expected, "{id}: versions without gaps");
        assert_eq!(
            story
                .entries
                .iter()
                .filter(|entry| entry.status.as_str().starts_with("note_"))
                .count(),
            5,
            "{id}"
        );
        assert!(rig.ledger().acceptances_received(id) <= 1, "{id}");
    }
}

async fn a_foreign_failure_without_a_retry_time_goes_to_the_inbox(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    fixture.foreign.insert_order("A-1", "{}").await.expect("the row");
    rig.foreign_entry("A-1", "acceptance_failed").await;
    let report = rig.run().await;
    assert_eq!((report.needs_person, report.calls.sends), (1, 0), "{report:?}");
    expect_open(&rig.story("A-1").await, ackord::failure::FailureCause::Foreign);
    assert_eq!(rig.run().await.needs_person, 0, "one entry, not one a run");
}

async fn an_order_that_is_settled_but_still_listed_gets_one_entry_and_no_send(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    fixture.foreign.insert_order("A-1", "{}").await.expect("the row");
    rig.foreign_entry("A-1", "accepted").await;
    rig.run_until("the contradiction is filed", async |rig| {
        !rig.story("A-1").await.failures.is_empty()
    })
    .await;
    for _ in 0..2 {
        rig.run().await;
    }
    let story = rig.story("A-1").await;
    expect_open(&story, ackord::failure::FailureCause::Contradiction);
    assert_eq!(story.failures.len(), 1);
    assert_eq!(rig.ledger().acceptances_received("A-1"), 0);
}

async fn a_row_without_an_entry_counts_as_new(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    fixture
        .foreign
        .insert_order("A-1", "{\"kept\":true}")
        .await
        .expect("the row");
    let report = rig.run().await;
    assert_eq!((report.ingested, report.accepted), (1, 1));
    expect_accepted_once(&rig, "A-1").await;
    let raw = fixture.foreign.raw_order("A-1").await.expect("the row").expect("there");
    assert!(raw.contains("kept"), "the row stays as it was: {raw}");
}
