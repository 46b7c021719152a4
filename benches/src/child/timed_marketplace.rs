//! The marketplace client, with the time of each call booked.

use std::sync::Arc;

use ackord::order::{Decision, OrderId};
use ackord::ports::{
    Account, Look, Marketplace, MarketplaceResult, Page, PageCursor, SendAnswer, SendPermit, ShopFigures, ShopKey,
};
use async_trait::async_trait;

use super::Times;

/// The client and the books.
#[derive(Debug)]
pub(super) struct TimedMarketplace {
    pub(super) marketplace: Arc<dyn Marketplace>,
    pub(super) times: Arc<Times>,
}

#[async_trait]
impl Marketplace for TimedMarketplace {
    fn shop_key(&self) -> ShopKey {
        self.marketplace.shop_key()
    }

    async fn waiting(&self, cursor: Option<PageCursor>) -> MarketplaceResult<Page> {
        self.times.of("http: list", 0, self.marketplace.waiting(cursor)).await
    }

    async fn look(&self, ids: &[OrderId]) -> MarketplaceResult<Look> {
        self.times.of("http: look", ids.len(), self.marketplace.look(ids)).await
    }

    async fn accept(&self, id: &OrderId, decision: &Decision, permit: Arc<dyn SendPermit>) -> SendAnswer {
        self.times.sending();
        let accept = self.marketplace.accept(id, decision, permit);
        self.times.of("http: accept", 1, accept).await
    }

    async fn account(&self) -> MarketplaceResult<Account> {
        self.marketplace.account().await
    }

    async fn figures(&self) -> MarketplaceResult<ShopFigures> {
        self.marketplace.figures().await
    }
}
