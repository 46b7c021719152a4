//! [`ShopStore`]: pause, next poll, budget of calls and the run of unanswered calls, by shop.

use std::time::Duration;

use ackord::Timestamp;
use ackord::budget::{CallRate, Drawn, Wanted, draw};
use ackord::ports::{PollSlot, ShopKey, ShopState, ShopStore, StoreResult};
use ackord::time::plus;
use async_trait::async_trait;
use jiff_sqlx::Timestamp as At;

use crate::columns::at;
use crate::rows::{ShopRow, corrupt};
use crate::store::PostgresStore;

#[async_trait]
impl ShopStore for PostgresStore {
    async fn shop(&self, key: &ShopKey) -> StoreResult<ShopState> {
        let rows = self.connections.read(|| {
            sqlx::query_as!(
                ShopRow,
                "SELECT paused_until, next_poll_at, unanswered_in_row, budget_full_at FROM shops WHERE shop_key = $1",
                key.0,
            )
        });
        Ok(rows.await?.into_iter().next().map(ShopState::from).unwrap_or_default())
    }

    async fn reserve_poll(&self, key: &ShopKey, now: Timestamp, interval: Duration) -> StoreResult<PollSlot> {
        let next = plus(now, interval);
        // A next poll more than two intervals away was set by a clock that has jumped since. Not one interval: workers
        // read the clock a little apart, and a slot granted a moment ago to one that is ahead must hold.
        let granted = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                INSERT INTO shops AS s (shop_key, next_poll_at) VALUES ($1, $3)
                ON CONFLICT (shop_key) DO UPDATE SET next_poll_at = $3
                WHERE s.next_poll_at IS NULL OR s.next_poll_at <= $2 OR s.next_poll_at > $4
                RETURNING s.shop_key
                "#,
                key.0,
                at(now),
                at(next),
                at(plus(next, interval)),
            )
        });
        if !granted.await?.is_empty() {
            return Ok(PollSlot::Granted);
        }
        let taken = self.shop(key).await?.next_poll_at;
        Ok(PollSlot::NotBefore(taken.unwrap_or(next)))
    }

    async fn pause(&self, key: &ShopKey, until: Timestamp) -> StoreResult<()> {
        let paused = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                INSERT INTO shops AS s (shop_key, paused_until) VALUES ($1, $2)
                ON CONFLICT (shop_key) DO UPDATE SET paused_until = greatest(s.paused_until, $2)
                RETURNING s.shop_key
                "#,
                key.0,
                at(until),
            )
        });
        paused.await.map(drop)
    }

    async fn draw_calls(&self, key: &ShopKey, rate: CallRate, wanted: Wanted) -> StoreResult<Drawn> {
        loop {
            let found = self.connections.read(|| {
                sqlx::query_as!(
                    BudgetRow,
                    r#"
                    SELECT clock_timestamp() AS "now!",
                        (SELECT budget_full_at FROM shops WHERE shop_key = $1) AS "full_at"
                    "#,
                    key.0,
                )
            });
            let found = found.await?.into_iter().next();
            let found = found.ok_or_else(|| corrupt("the server's clock told nothing"))?;
            let (drawn, full_at) = draw(found.full_at.map(At::to_jiff), found.now.to_jiff(), rate, wanted);
            if drawn.calls == 0 {
                return Ok(drawn);
            }
            // Only where nobody else has drawn in between.
            let written = self.connections.write(|| {
                sqlx::query_scalar!(
                    r#"
                    INSERT INTO shops AS s (shop_key, budget_full_at) VALUES ($1, $2)
                    ON CONFLICT (shop_key) DO UPDATE SET budget_full_at = $2
                    WHERE s.budget_full_at IS NOT DISTINCT FROM $3
                    RETURNING s.shop_key
                    "#,
                    key.0,
                    full_at.map(at),
                    found.full_at as Option<At>,
                )
            });
            if !written.await?.is_empty() {
                return Ok(drawn);
            }
        }
    }

    async fn count_unanswered(&self, key: &ShopKey, answered: bool, unanswered: u32) -> StoreResult<ShopState> {
        let rows = self.connections.write(|| {
            sqlx::query_as!(
                ShopRow,
                r#"
                INSERT INTO shops AS s (shop_key, unanswered_in_row) VALUES ($1, $3)
                ON CONFLICT (shop_key) DO UPDATE
                SET unanswered_in_row = least(CASE WHEN $2 THEN 0 ELSE s.unanswered_in_row END + $3, 4294967295)
                RETURNING s.paused_until, s.next_poll_at, s.unanswered_in_row, s.budget_full_at
                "#,
                key.0,
                answered,
                i64::from(unanswered),
            )
        });
        Ok(rows.await?.into_iter().next().map(ShopState::from).unwrap_or_default())
    }
}

struct BudgetRow {
    now: At,
    full_at: Option<At>,
}
