//! [`ShopStore`]: pause, next poll, budget of calls and the run of unanswered calls, by shop.

use std::time::Duration;

use ackord::Timestamp;
use ackord::budget::{CallRate, Drawn, Wanted, draw};
use ackord::ports::{PollSlot, ShopKey, ShopState, ShopStore, StoreResult};
use async_trait::async_trait;

use crate::pool::{self, SqliteStore};
use crate::rows::count_of;
use crate::work_store::text_after;
use crate::{errors, times};

#[async_trait]
impl ShopStore for SqliteStore {
    async fn shop(&self, key: &ShopKey) -> StoreResult<ShopState> {
        let row = sqlx::query_as!(
            ShopRow,
            r#"SELECT paused_until AS "paused_until?", next_poll_at AS "next_poll_at?",
                unanswered_in_row AS "unanswered_in_row!", budget_full_at AS "budget_full_at?"
            FROM shops WHERE shop_key = ?1"#,
            key.0
        );
        let row = row.fetch_optional(self.readers()).await.map_err(errors::of_statement)?;
        row.map_or(Ok(ShopState::default()), |row| row.read(key))
    }

    async fn reserve_poll(&self, key: &ShopKey, now: Timestamp, interval: Duration) -> StoreResult<PollSlot> {
        let next = text_after(now, interval);
        // A next poll further away than two intervals was set by a clock that has jumped since. One is too little: other
        // workers' clocks may be read a little later than ours.
        let furthest = text_after(now, interval.saturating_mul(2));
        let now = times::text(now);
        let mut tx = self.begin_write().await?;
        let granted = sqlx::query!(
            "INSERT INTO shops (shop_key, next_poll_at) VALUES (?1, ?3)
            ON CONFLICT (shop_key) DO UPDATE SET next_poll_at = excluded.next_poll_at
            WHERE next_poll_at IS NULL OR next_poll_at <= ?2 OR next_poll_at > ?4",
            key.0,
            now,
            next,
            furthest
        );
        let granted = granted.execute(&mut *tx).await.map_err(errors::of_statement)?;
        if granted.rows_affected() == 1 {
            pool::commit(tx).await?;
            return Ok(PollSlot::Granted);
        }
        let taken = sqlx::query_scalar!(r#"SELECT next_poll_at AS "at!" FROM shops WHERE shop_key = ?1"#, key.0);
        let taken = taken.fetch_one(&mut *tx).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        let at = times::read(&taken, || format!("shops `{key}`, next_poll_at"))?;
        Ok(PollSlot::NotBefore(at))
    }

    async fn pause(&self, key: &ShopKey, until: Timestamp) -> StoreResult<()> {
        let until = times::text(until);
        let mut tx = self.begin_write().await?;
        sqlx::query!(
            "INSERT INTO shops (shop_key, paused_until) VALUES (?1, ?2)
            ON CONFLICT (shop_key) DO UPDATE SET paused_until = excluded.paused_until
            WHERE paused_until IS NULL OR paused_until < excluded.paused_until",
            key.0,
            until
        )
        .execute(&mut *tx)
        .await
        .map_err(errors::of_statement)?;
        pool::commit(tx).await
    }

    async fn draw_calls(&self, key: &ShopKey, rate: CallRate, wanted: Wanted) -> StoreResult<Drawn> {
        let mut tx = self.begin_write().await?;
        let found = sqlx::query!(
            r#"SELECT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') AS "now!: String",
                (SELECT budget_full_at FROM shops WHERE shop_key = ?1) AS "full_at?: String""#,
            key.0
        );
        let found = found.fetch_one(&mut *tx).await.map_err(errors::of_statement)?;
        let now = times::read(&found.now, || "the database's clock".to_owned())?;
        let place = || format!("shops `{key}`, budget_full_at");
        let full_at = times::read_optional(found.full_at.as_deref(), place)?;
        let (drawn, full_at) = draw(full_at, now, rate, wanted);
        if drawn.calls > 0 {
            let full_at = full_at.map(times::text);
            sqlx::query!(
                "INSERT INTO shops (shop_key, budget_full_at) VALUES (?1, ?2)
                ON CONFLICT (shop_key) DO UPDATE SET budget_full_at = excluded.budget_full_at",
                key.0,
                full_at
            )
            .execute(&mut *tx)
            .await
            .map_err(errors::of_statement)?;
        }
        pool::commit(tx).await?;
        Ok(drawn)
    }

    async fn count_unanswered(&self, key: &ShopKey, answered: bool, unanswered: u32) -> StoreResult<ShopState> {
        let mut tx = self.begin_write().await?;
        let row = sqlx::query_as!(
            ShopRow,
            r#"INSERT INTO shops (shop_key, unanswered_in_row) VALUES (?1, ?3)
            ON CONFLICT (shop_key) DO UPDATE SET
                unanswered_in_row = CASE WHEN ?2 THEN 0 ELSE unanswered_in_row END + excluded.unanswered_in_row
            RETURNING paused_until AS "paused_until?", next_poll_at AS "next_poll_at?",
                unanswered_in_row AS "unanswered_in_row!", budget_full_at AS "budget_full_at?""#,
            key.0,
            answered,
            unanswered
        );
        let row = row.fetch_one(&mut *tx).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        row.read(key)
    }
}

struct ShopRow {
    paused_until: Option<String>,
    next_poll_at: Option<String>,
    unanswered_in_row: i64,
    budget_full_at: Option<String>,
}

impl ShopRow {
    fn read(self, key: &ShopKey) -> StoreResult<ShopState> {
        let place = |column: &str| format!("shops `{key}`, {column}");
        Ok(ShopState {
            paused_until: times::read_optional(self.paused_until.as_deref(), || place("paused_until"))?,
            next_poll_at: times::read_optional(self.next_poll_at.as_deref(), || place("next_poll_at"))?,
            unanswered_in_row: count_of(self.unanswered_in_row),
            budget_full_at: times::read_optional(self.budget_full_at.as_deref(), || place("budget_full_at"))?,
        })
    }
}
