//! A marketplace whose caller's process aborts before, within or after one of its calls.

use std::sync::Arc;

use ackord::order::{Decision, OrderId};
use ackord::ports::{
    Account, Look, Marketplace, MarketplaceResult, Page, PageCursor, SendAnswer, SendPermit, ShopFigures, ShopKey,
};
use async_trait::async_trait;

use super::points::Side;
use super::tripwire::Tripwire;

/// The marketplace, behind the tripwire.
#[derive(Debug)]
pub(super) struct CutMarketplace {
    pub(super) marketplace: Arc<dyn Marketplace>,
    pub(super) wire: Arc<Tripwire>,
}

impl CutMarketplace {
    async fn at<T>(&self, method: &'static str, call: impl Future<Output = T> + Send) -> T {
        self.wire.pass(method, Side::Before);
        let answer = call.await;
        self.wire.pass(method, Side::After);
        answer
    }
}

#[async_trait]
impl Marketplace for CutMarketplace {
    fn shop_key(&self) -> ShopKey {
        self.marketplace.shop_key()
    }

    async fn waiting(&self, cursor: Option<PageCursor>) -> MarketplaceResult<Page> {
        self.at("waiting", self.marketplace.waiting(cursor)).await
    }

    async fn look(&self, ids: &[OrderId]) -> MarketplaceResult<Look> {
        self.at("look", self.marketplace.look(ids)).await
    }

    async fn accept(&self, id: &OrderId, decision: &Decision, permit: Arc<dyn SendPermit>) -> SendAnswer {
        let permit = Arc::new(CutPermit {
            permit,
            wire: Arc::clone(&self.wire),
        });
        self.at("accept", self.marketplace.accept(id, decision, permit)).await
    }

    async fn account(&self) -> MarketplaceResult<Account> {
        self.marketplace.account().await
    }

    async fn figures(&self) -> MarketplaceResult<ShopFigures> {
        self.marketplace.figures().await
    }
}

/// The last question before the bytes of an acceptance leave.
#[derive(Debug)]
struct CutPermit {
    permit: Arc<dyn SendPermit>,
    wire: Arc<Tripwire>,
}

impl SendPermit for CutPermit {
    fn holds(&self) -> bool {
        self.wire.pass("accept", Side::Permit);
        let holds = self.permit.holds();
        if holds {
            self.wire.pass_under_way("accept");
        }
        holds
    }
}
