//! Workers that die in the middle: dropping a run's future at a known point is what a kill leaves behind.

use std::sync::Arc;

use ackord::OrderStatus;
use ackord::order::{Decision, OrderId};
use ackord::ports::{
    Account, Look, Marketplace, MarketplaceResult, Page, PageCursor, SendAnswer, SendPermit, ShopFigures, ShopKey,
};
use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};
use async_trait::async_trait;
use tokio::sync::Notify;

use super::rig::{Rig, audited, expect_accepted_once, statuses};
use crate::cases_then;
use crate::contract::store::StoreFixture;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<StoreFixture>> {
    cases_then![audited;
        a_worker_killed_between_intent_and_send_is_taken_over,
        mistake_03_a_worker_killed_between_send_and_record_is_taken_over
    ]
}

/// A client whose acceptances never leave: it tells when one is about to.
#[derive(Debug)]
struct NeverSends {
    inner: Arc<dyn Marketplace>,
    about_to: Arc<Notify>,
}

#[async_trait]
impl Marketplace for NeverSends {
    fn shop_key(&self) -> ShopKey {
        self.inner.shop_key()
    }

    async fn waiting(&self, cursor: Option<PageCursor>) -> MarketplaceResult<Page> {
        self.inner.waiting(cursor).await
    }

    async fn look(&self, ids: &[OrderId]) -> MarketplaceResult<Look> {
        self.inner.look(ids).await
    }

    async fn accept(&self, _: &OrderId, _: &Decision, _: Arc<dyn SendPermit>) -> SendAnswer {
        self.about_to.notify_one();
        std::future::pending().await
    }

    async fn account(&self) -> MarketplaceResult<Account> {
        self.inner.account().await
    }

    async fn figures(&self) -> MarketplaceResult<ShopFigures> {
        self.inner.figures().await
    }
}

async fn a_worker_killed_between_intent_and_send_is_taken_over(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    let about_to = Arc::new(Notify::new());
    let marketplace = Arc::new(NeverSends {
        inner: rig.client(),
        about_to: Arc::clone(&about_to),
    });
    let doomed = rig.worker_over("doomed", marketplace);
    tokio::select! {
        report = doomed.run() => panic!("the run ended: {report:?}"),
        () = about_to.notified() => {}
    }
    let story = rig.story("A-1").await;
    let intents: Vec<_> = story.calls.iter().filter(|call| call.endpoint == "OR21").collect();
    assert!(
        matches!(intents.as_slice(), [intent] if intent.outcome.is_none()),
        "one intent, open: {intents:?}"
    );
    assert_eq!(rig.ledger().acceptances_received("A-1"), 0);

    let story = rig.run_until_status("A-1", OrderStatus::Accepted).await;
    assert_eq!(statuses(&story), ["pending_acceptance", "accepted"]);
    assert!(story.failures.is_empty(), "{:?}", story.failures);
    assert_eq!(
        (
            rig.ledger().acceptances_received("A-1"),
            rig.ledger().decisions_applied("A-1")
        ),
        (1, 1)
    );
    let outcomes: Vec<_> = story
        .calls
        .iter()
        .filter(|call| call.endpoint == "OR21")
        .map(|call| call.outcome.map(ackord::call::CallOutcome::as_str))
        .collect();
    assert_eq!(outcomes, [Some("unanswered"), Some("applied")]);
}

async fn mistake_03_a_worker_killed_between_send_and_record_is_taken_over(fixture: &StoreFixture) {
    let hang = FaultRule::on(Endpoint::Or21, Fault::Hang { moment: Moment::After }).once();
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1")).fault(hang)).await;
    let doomed = rig.worker("doomed");
    let ledger = rig.ledger();
    tokio::select! {
        report = doomed.run() => panic!("the run ended: {report:?}"),
        () = ledger.until(|ledger| ledger.decisions_applied("A-1") == 1) => {}
    }
    drop(doomed);
    rig.run_until_status("A-1", OrderStatus::Accepted).await;
    expect_accepted_once(&rig, "A-1").await;
    assert_eq!(rig.ledger().acceptances_received("A-1"), 1);
}
