//! What people are told of the shop itself: that the marketplace has suspended it, that its figures have become worse.

use ackord_sandbox::{DEFAULT_SHOP, Endpoint, OrderSeed, Sandbox, ShopState};

use super::ProgramFixture;
use super::receiver::Receiver;
use super::shop::audited;
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        a_suspended_shop_is_told_as_that_and_its_end_too,
        figures_that_became_worse_are_told,
        the_shop_is_asked_about_once_by_runs_one_after_another
    ]
}

/// Makes it look as if the shop had been asked about long ago.
pub(super) async fn long_ago(fixture: &ProgramFixture) {
    fixture
        .sql("UPDATE shop_accounts SET asked_at = '2020-01-01T00:00:00.000000Z'")
        .await;
}

async fn a_suspended_shop_is_told_as_that_and_its_end_too(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    shop.sandbox.set_shop_state(DEFAULT_SHOP, ShopState::Suspended);
    let refused = shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    let raised = receiver.next().await;
    assert_eq!(raised.what(), ("raised", "shop:state"));
    assert_eq!(raised.body["severity"], "critical");
    assert_eq!(
        raised.body["title"],
        "the marketplace has the shop SUSPENDED: nothing is accepted"
    );
    assert!(receiver.others().is_empty(), "the key is well");
    shop.sandbox.set_shop_state(DEFAULT_SHOP, ShopState::Open);
    long_ago(fixture).await;
    let taken = shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    assert_eq!(taken.status.code(), Some(0), "{taken:?}");
    assert_eq!(receiver.next().await.what(), ("cleared", "shop:state"));
}

async fn figures_that_became_worse_are_told(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    assert_eq!(
        shop.telling(&receiver, &["run"])
            .output()
            .await
            .expect("it ends")
            .status
            .code(),
        Some(0)
    );
    assert_eq!(shop.sandbox.ledger().calls(Endpoint::A21), 1);
    // Yesterday nobody's order was refused at the deadline; today it is one of a hundred more than that.
    fixture.sql("UPDATE shop_figures SET auto_refused_rate = -10000").await;
    fixture
        .sql("UPDATE shop_accounts SET figures_asked_at = '2020-01-01T00:00:00.000000Z'")
        .await;
    long_ago(fixture).await;
    shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    let raised = receiver.next().await;
    assert_eq!(raised.what(), ("raised", "shop:figures"));
    let shown = shop.ackord(&["alerts", "list", "--json"]).await.json();
    assert_eq!(shown["alerts"][0]["key"], "shop:figures", "{shown}");
    assert_eq!(shop.sandbox.ledger().calls(Endpoint::A21), 2);
}

async fn the_shop_is_asked_about_once_by_runs_one_after_another(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    for _ in 0..4 {
        assert_eq!(shop.ackord(&["run"]).await.code, 0);
    }
    let ledger = shop.sandbox.ledger();
    assert_eq!((ledger.calls(Endpoint::A01), ledger.calls(Endpoint::A21)), (1, 1));
    let calls = shop
        .ackord(&["calls", "list", "--endpoint", "A21", "--json"])
        .await
        .json();
    assert_eq!(calls["calls"].as_array().map(Vec::len), Some(1), "{calls}");
}
