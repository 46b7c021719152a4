//! [`ShopStore`]: pause, next poll, budget of calls and the run of unanswered calls, by shop.

use std::time::Duration;

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::budget::{self, CallRate, Drawn, Wanted};
use crate::guards::{Guard, dropped};
use crate::ports::{PollSlot, ShopKey, ShopState, ShopStore, StoreResult};
use crate::time::{self, Timestamp};

#[async_trait]
impl ShopStore for MemoryStore {
    async fn shop(&self, key: &ShopKey) -> StoreResult<ShopState> {
        Ok(self.tables().shops.get(&key.0).copied().unwrap_or_default())
    }

    async fn reserve_poll(&self, key: &ShopKey, now: Timestamp, interval: Duration) -> StoreResult<PollSlot> {
        let mut tables = self.tables();
        let shop = tables.shops.entry(key.0.clone()).or_default();
        let next = time::plus(now, interval);
        // A next poll further away than two intervals was set by a clock that has jumped since.
        let farthest = time::plus(next, interval);
        if let Some(at) = shop
            .next_poll_at
            .filter(|at| *at > now && *at <= farthest && !dropped(Guard::PollInterval))
        {
            return Ok(PollSlot::NotBefore(at));
        }
        shop.next_poll_at = Some(next);
        Ok(PollSlot::Granted)
    }

    async fn pause(&self, key: &ShopKey, until: Timestamp) -> StoreResult<()> {
        let mut tables = self.tables();
        let shop = tables.shops.entry(key.0.clone()).or_default();
        shop.paused_until = shop.paused_until.max(Some(until));
        Ok(())
    }

    async fn draw_calls(&self, key: &ShopKey, rate: CallRate, wanted: Wanted) -> StoreResult<Drawn> {
        let now = self.time();
        let mut tables = self.tables();
        let before = tables.shops.get(&key.0).and_then(|shop| shop.budget_full_at);
        let (drawn, full_at) = budget::draw(before, now, rate, wanted);
        if drawn.calls > 0 {
            let shop = tables.shops.entry(key.0.clone()).or_default();
            shop.budget_full_at = full_at.filter(|_| !dropped(Guard::CallsAreCounted));
        }
        Ok(drawn)
    }

    async fn count_unanswered(&self, key: &ShopKey, answered: bool, unanswered: u32) -> StoreResult<ShopState> {
        let mut tables = self.tables();
        let shop = tables.shops.entry(key.0.clone()).or_default();
        let before = if answered { 0 } else { shop.unanswered_in_row };
        shop.unanswered_in_row = before.saturating_add(unanswered);
        Ok(*shop)
    }
}
