//! [`AlertStore`]: alerts, and the outbox of what people are told.

use std::time::Duration;

use ackord::Timestamp;
use ackord::alerts::RunNote;
use ackord::ports::{
    AlertChange, AlertRow, AlertStore, Delivery, DeliveryEnd, DeliveryId, DeliveryRow, ShopHealth, StoreResult,
    WITHDRAWN,
};
use async_trait::async_trait;

use crate::pool::{self, SqliteStore};
use crate::work_store::{json_list, text_after};
use crate::{errors, times};

mod changes;
mod rows;

use rows::{AlertRecord, DueRecord, HealthRecord, PostedRecord};

#[async_trait]
impl AlertStore for SqliteStore {
    async fn health(&self, shop: &str) -> StoreResult<ShopHealth> {
        let row = sqlx::query_as!(
            HealthRecord,
            "SELECT last_run_at, last_done_at, trouble, trouble_since, detail FROM shop_health WHERE shop = ?1",
            shop
        );
        let row = row.fetch_optional(self.readers()).await.map_err(errors::of_statement)?;
        row.map_or(Ok(ShopHealth::default()), |row| row.read(shop))
    }

    async fn note_run(&self, shop: &str, now: Timestamp, note: &RunNote) -> StoreResult<()> {
        let now = times::text(now);
        let (trouble, detail) = note.trouble().unzip();
        let mut tx = self.begin_write().await?;
        sqlx::query!(
            "INSERT INTO shop_health (shop, last_run_at, last_done_at, trouble, trouble_since, detail)
            VALUES (?1, ?2, CASE WHEN ?3 IS NULL THEN ?2 END, ?3, CASE WHEN ?3 IS NOT NULL THEN ?2 END, ?4)
            ON CONFLICT (shop) DO UPDATE SET
                last_run_at = excluded.last_run_at,
                last_done_at = coalesce(excluded.last_done_at, last_done_at),
                trouble_since = CASE WHEN trouble = excluded.trouble THEN trouble_since ELSE excluded.trouble_since END,
                trouble = excluded.trouble,
                detail = excluded.detail",
            shop,
            now,
            trouble,
            detail
        )
        .execute(&mut *tx)
        .await
        .map_err(errors::of_statement)?;
        pool::commit(tx).await
    }

    async fn alerts(&self, shop: &str, cleared_since: Timestamp) -> StoreResult<Vec<AlertRow>> {
        let since = times::text(cleared_since);
        let rows = sqlx::query_as!(
            AlertRecord,
            r#"SELECT alert_id AS "alert_id!", version AS "version!", alert_key AS "key!", severity AS "severity!",
                since_at AS "since_at!", raised_at AS "raised_at?", told_at AS "told_at?", told_count AS "told_count!",
                message AS "message!", cleared_at AS "cleared_at?"
            FROM (
                SELECT * FROM alerts WHERE shop = ?1 AND cleared_at IS NULL
                UNION ALL
                SELECT * FROM alerts WHERE shop = ?1 AND cleared_at >= ?2
            )
            ORDER BY alert_id"#,
            shop,
            since
        );
        let rows = rows.fetch_all(self.readers()).await.map_err(errors::of_statement)?;
        rows.into_iter().map(AlertRecord::read).collect()
    }

    async fn change_alerts(
        &self,
        shop: &str,
        changes: &[AlertChange],
        channels: &[String],
        now: Timestamp,
    ) -> StoreResult<Vec<bool>> {
        let now = times::text(now);
        let mut tx = self.begin_write().await?;
        let mut written = Vec::with_capacity(changes.len());
        for change in changes {
            let one = changes::write(&mut tx, shop, change, channels, &now).await;
            written.push(one.map_err(errors::of_statement)?);
        }
        pool::commit(tx).await?;
        Ok(written)
    }

    async fn take_deliveries(
        &self,
        shop: &str,
        channels: &[String],
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Vec<Delivery>> {
        // A lease that ends later than this was given by a clock that has jumped since.
        let farthest = text_after(now, lease.saturating_mul(2));
        let (until, now) = (text_after(now, lease), times::text(now));
        let channels = json_list(channels.iter().map(String::as_str));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut tx = self.begin_write().await?;
        let rows = sqlx::query_as!(
            DueRecord,
            r#"UPDATE alert_deliveries SET lease_until = ?4, attempts = attempts + 1
            WHERE delivery_id IN (
                SELECT delivery_id FROM alert_deliveries
                WHERE shop = ?1 AND delivered_at IS NULL AND given_up_at IS NULL AND due_at <= ?3
                    AND channel IN (SELECT value FROM json_each(?2))
                    AND (lease_until IS NULL OR lease_until <= ?3 OR lease_until > ?6)
                ORDER BY due_at, delivery_id
                LIMIT ?5
            )
            RETURNING delivery_id AS "delivery_id!", channel AS "channel!", message AS "message!", attempts AS "attempts!",
                written_at AS "written_at!", due_at AS "due_at!""#,
            shop,
            channels,
            now,
            until,
            limit,
            farthest
        );
        let mut rows = rows.fetch_all(&mut *tx).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        rows.sort_by(|one, other| (&one.due_at, one.delivery_id).cmp(&(&other.due_at, other.delivery_id)));
        rows.into_iter().map(DueRecord::read).collect()
    }

    async fn end_delivery(&self, id: DeliveryId, attempt: u32, end: &DeliveryEnd, now: Timestamp) -> StoreResult<bool> {
        let now = times::text(now);
        let (delivered, again_at, error) = match end {
            DeliveryEnd::Delivered => (true, None, None),
            DeliveryEnd::Again { at, error } => (false, Some(times::text(*at)), Some(error)),
            DeliveryEnd::GivenUp { error } => (false, None, Some(error)),
        };
        let mut tx = self.begin_write().await?;
        let is_over = sqlx::query_scalar!(
            r#"SELECT d.message ->> 'kind' <> 'cleared' AND a.cleared_at IS NOT NULL AS "is_over!: bool"
            FROM alert_deliveries d JOIN alerts a ON a.alert_id = d.alert_id WHERE d.delivery_id = ?1"#,
            id.0
        );
        let is_over = is_over
            .fetch_optional(&mut *tx)
            .await
            .map_err(errors::of_statement)?
            .unwrap_or(false);
        let is_withdrawn = is_over && again_at.is_some();
        let gives_up = !delivered && (again_at.is_none() || is_over);
        let error = if is_withdrawn {
            Some(WITHDRAWN)
        } else {
            error.map(String::as_str)
        };
        let ended = sqlx::query!(
            "UPDATE alert_deliveries SET
                lease_until = NULL,
                delivered_at = CASE WHEN ?3 THEN ?4 END,
                due_at = coalesce(?5, due_at),
                given_up_at = CASE WHEN ?6 THEN ?4 END,
                error = coalesce(?7, error)
            WHERE delivery_id = ?1 AND attempts = ?2 AND delivered_at IS NULL AND given_up_at IS NULL",
            id.0,
            attempt,
            delivered,
            now,
            again_at,
            gives_up,
            error
        );
        let ended = ended.execute(&mut *tx).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        Ok(ended.rows_affected() == 1)
    }

    async fn deliveries(&self, shop: &str, limit: usize) -> StoreResult<Vec<DeliveryRow>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = sqlx::query_as!(
            PostedRecord,
            "SELECT delivery_id, channel, message, written_at, attempts, delivered_at, given_up_at, error
            FROM alert_deliveries WHERE shop = ?1 ORDER BY delivery_id DESC LIMIT ?2",
            shop,
            limit
        );
        let rows = rows.fetch_all(self.readers()).await.map_err(errors::of_statement)?;
        rows.into_iter().map(PostedRecord::read).collect()
    }
}
