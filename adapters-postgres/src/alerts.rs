//! [`AlertStore`]: alerts, and the outbox of what people are told.

use std::time::Duration;

use ackord::Timestamp;
use ackord::alerts::RunNote;
use ackord::ports::{
    AlertChange, AlertRow, AlertStore, Delivery, DeliveryEnd, DeliveryId, DeliveryRow, ShopHealth, StoreResult,
    WITHDRAWN,
};
use ackord::time::plus;
use async_trait::async_trait;

use crate::columns::{at, page};
use crate::errors::{Access, of_statement};
use crate::pool::{Retry, bounded};
use crate::store::PostgresStore;
use crate::text::storable;

mod changes;
mod rows;

use rows::{AlertRecord, DueRecord, HealthRecord, PostedRecord};

#[async_trait]
impl AlertStore for PostgresStore {
    async fn health(&self, shop: &str) -> StoreResult<ShopHealth> {
        let rows = self.connections.read(|| {
            sqlx::query_as!(
                HealthRecord,
                "SELECT last_run_at, last_done_at, trouble, trouble_since, detail FROM shop_health WHERE shop = $1",
                shop,
            )
        });
        Ok(rows.await?.into_iter().next().map(ShopHealth::from).unwrap_or_default())
    }

    async fn note_run(&self, shop: &str, now: Timestamp, note: &RunNote) -> StoreResult<()> {
        let (trouble, detail) = note.trouble().unzip();
        let detail = detail.map(storable);
        let done = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                INSERT INTO shop_health AS h (shop, last_run_at, last_done_at, trouble, trouble_since, detail)
                VALUES ($1, $2::timestamptz, CASE WHEN $3::text IS NULL THEN $2::timestamptz END, $3::text,
                    CASE WHEN $3::text IS NOT NULL THEN $2::timestamptz END, $4::text)
                ON CONFLICT (shop) DO UPDATE SET
                    last_run_at = EXCLUDED.last_run_at,
                    last_done_at = coalesce(EXCLUDED.last_done_at, h.last_done_at),
                    trouble_since = CASE WHEN h.trouble = EXCLUDED.trouble THEN h.trouble_since ELSE EXCLUDED.trouble_since END,
                    trouble = EXCLUDED.trouble,
                    detail = EXCLUDED.detail
                RETURNING shop
                "#,
                shop,
                at(now),
                trouble,
                detail.as_deref(),
            )
        });
        done.await.map(drop)
    }

    async fn alerts(&self, shop: &str, cleared_since: Timestamp) -> StoreResult<Vec<AlertRow>> {
        let rows = self.connections.read(|| {
            sqlx::query_as!(
                AlertRecord,
                r#"
                SELECT alert_id AS "alert_id!", version AS "version!", alert_key AS "key!", severity AS "severity!",
                    since_at AS "since_at!", raised_at, told_at, told_count AS "told_count!", message::text AS "message!", cleared_at
                FROM (
                    SELECT * FROM alerts WHERE shop = $1 AND cleared_at IS NULL
                    UNION ALL
                    SELECT * FROM alerts WHERE shop = $1 AND cleared_at >= $2
                ) a
                ORDER BY alert_id
                "#,
                shop,
                at(cleared_since),
            )
        });
        rows.await?.into_iter().map(AlertRow::try_from).collect()
    }

    async fn change_alerts(
        &self,
        shop: &str,
        changes: &[AlertChange],
        channels: &[String],
        now: Timestamp,
    ) -> StoreResult<Vec<bool>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut retry = Retry::default();
        loop {
            let mut lent = self.connections.lend().await?;
            let outcome = {
                let (connection, patience) = lent.parts()?;
                bounded(patience, changes::write(connection, shop, changes, channels, now)).await
            };
            match lent.end(outcome) {
                Err(error) if retry.again_after(&error).await => {}
                outcome => return outcome.map_err(|error| of_statement(error, Access::Write)),
            }
        }
    }

    async fn take_deliveries(
        &self,
        shop: &str,
        channels: &[String],
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Vec<Delivery>> {
        let rows = self.connections.write(|| {
            sqlx::query_as!(
                DueRecord,
                r#"
                WITH due AS MATERIALIZED (
                    SELECT delivery_id FROM alert_deliveries
                    WHERE shop = $1 AND delivered_at IS NULL AND given_up_at IS NULL AND due_at <= $3
                        AND channel = ANY ($2) AND (lease_until IS NULL OR lease_until <= $3 OR lease_until > $6)
                    ORDER BY due_at, delivery_id
                    LIMIT $5
                    FOR UPDATE
                ), taken AS (
                    UPDATE alert_deliveries d SET lease_until = $4, attempts = d.attempts + 1
                    FROM due WHERE d.delivery_id = due.delivery_id
                    RETURNING d.delivery_id, d.channel, d.message::text AS message, d.attempts, d.written_at, d.due_at
                )
                SELECT delivery_id AS "delivery_id!", channel AS "channel!", message AS "message!", attempts AS "attempts!",
                    written_at AS "written_at!"
                FROM taken ORDER BY due_at, delivery_id
                "#,
                shop,
                channels,
                at(now),
                at(plus(now, lease)),
                page(limit),
                at(plus(now, lease.saturating_mul(2))),
            )
        });
        rows.await?.into_iter().map(Delivery::try_from).collect()
    }

    async fn end_delivery(&self, id: DeliveryId, attempt: u32, end: &DeliveryEnd, now: Timestamp) -> StoreResult<bool> {
        let (delivered, again_at, error) = match end {
            DeliveryEnd::Delivered => (true, None, None),
            DeliveryEnd::Again { at, error } => (false, Some(*at), Some(storable(error))),
            DeliveryEnd::GivenUp { error } => (false, None, Some(storable(error))),
        };
        let attempt = i32::try_from(attempt).unwrap_or(i32::MAX);
        let ended = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                WITH ended AS (
                    SELECT d.delivery_id, d.message ->> 'kind' <> 'cleared' AND a.cleared_at IS NOT NULL AS is_over
                    FROM alert_deliveries d JOIN alerts a ON a.alert_id = d.alert_id
                    WHERE d.delivery_id = $1
                )
                UPDATE alert_deliveries d SET
                    lease_until = NULL,
                    delivered_at = CASE WHEN $3 THEN $4::timestamptz END,
                    due_at = coalesce($5, d.due_at),
                    given_up_at = CASE WHEN NOT $3 AND ($5 IS NULL OR e.is_over) THEN $4::timestamptz END,
                    error = CASE WHEN $5 IS NOT NULL AND e.is_over THEN $7 ELSE coalesce($6, d.error) END
                FROM ended e
                WHERE d.delivery_id = e.delivery_id AND d.attempts = $2 AND d.delivered_at IS NULL AND d.given_up_at IS NULL
                RETURNING d.delivery_id
                "#,
                id.0,
                attempt,
                delivered,
                at(now),
                again_at.map(at) as Option<jiff_sqlx::Timestamp>,
                error.as_deref(),
                WITHDRAWN,
            )
        });
        Ok(!ended.await?.is_empty())
    }

    async fn deliveries(&self, shop: &str, limit: usize) -> StoreResult<Vec<DeliveryRow>> {
        let rows = self.connections.read(|| {
            sqlx::query_as!(
                PostedRecord,
                r#"
                SELECT delivery_id, channel, message::text AS "message!", written_at, attempts, delivered_at, given_up_at, error
                FROM alert_deliveries WHERE shop = $1 ORDER BY delivery_id DESC LIMIT $2
                "#,
                shop,
                page(limit),
            )
        });
        rows.await?.into_iter().map(DeliveryRow::try_from).collect()
    }
}
