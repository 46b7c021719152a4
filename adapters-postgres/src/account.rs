//! [`AccountStore`]: what the marketplace said of shops.

use ackord::Timestamp;
use ackord::ports::{AccountCheck, AccountRecord, AccountStore, Check, CheckDue, DayFigures, ShopFigures, StoreResult};
use async_trait::async_trait;
use jiff_sqlx::Timestamp as At;

use crate::columns::at;
use crate::rows::time;
use crate::store::PostgresStore;
use crate::text::storable;

#[async_trait]
impl AccountStore for PostgresStore {
    async fn reserve_check(&self, shop: &str, due: &CheckDue) -> StoreResult<Option<Check>> {
        let given = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                INSERT INTO shop_accounts AS a (shop, asked_at, figures_asked_at) VALUES ($1, $2, $2)
                ON CONFLICT (shop) DO UPDATE SET
                    asked_at = EXCLUDED.asked_at,
                    figures_asked_at = CASE WHEN a.figures_asked_at <= $4 OR a.figures_asked_at > $5
                        THEN EXCLUDED.figures_asked_at ELSE a.figures_asked_at END
                WHERE a.asked_at <= $3 OR a.asked_at > $5
                RETURNING figures_asked_at = $2 AS "figures!"
                "#,
                shop,
                at(due.now),
                at(due.asked_by),
                at(due.figures_by),
                at(due.ahead),
            )
        });
        Ok(given.await?.into_iter().next().map(|figures| Check { figures }))
    }

    async fn note_check(&self, shop: &str, now: Timestamp, said: &AccountCheck) -> StoreResult<()> {
        let state = said.state.as_deref().map(storable);
        let figures = said.figures.unwrap_or_default();
        let noted = self.connections.write(|| {
            sqlx::query_scalar!(
                r#"
                WITH known AS (
                    UPDATE shop_accounts SET
                        answered_at = $2::timestamptz,
                        state = coalesce($3::text, state),
                        state_before = CASE WHEN $3::text IS NULL OR state = $3::text THEN state_before ELSE state END,
                        state_since = CASE WHEN $3::text IS NULL OR state = $3::text THEN state_since ELSE $2::timestamptz END,
                        state_told_at = CASE WHEN $3::text IS NULL THEN state_told_at ELSE $2::timestamptz END
                    WHERE shop = $1
                    RETURNING shop
                ), day AS (
                    INSERT INTO shop_figures (shop, read_at, approval_rate, auto_refused_rate, refused_in_row)
                    SELECT shop, $2::timestamptz, $5::bigint, $6::bigint, $7::bigint FROM known WHERE $4::boolean
                    ON CONFLICT (shop, read_at) DO NOTHING
                )
                SELECT shop AS "shop!" FROM known
                "#,
                shop,
                at(now) as At,
                state.as_deref(),
                said.figures.is_some(),
                figures.approval_rate,
                figures.auto_refused_rate,
                figures.refused_in_row,
            )
        });
        noted.await.map(drop)
    }

    async fn set_figures_asked(&self, shop: &str, asked_at: Timestamp) -> StoreResult<()> {
        let set = self.connections.write(|| {
            sqlx::query_scalar!(
                "UPDATE shop_accounts SET figures_asked_at = $2 WHERE shop = $1 RETURNING shop",
                shop,
                at(asked_at) as At,
            )
        });
        set.await.map(drop)
    }

    async fn account_record(&self, shop: &str, figures_since: Timestamp) -> StoreResult<AccountRecord> {
        let rows = self.connections.read(|| {
            sqlx::query!(
                r#"
                SELECT a.asked_at, a.answered_at, a.state, a.state_before, a.state_since, a.state_told_at,
                    f.read_at AS "read_at?", f.approval_rate AS "approval_rate?", f.auto_refused_rate AS "auto_refused_rate?", f.refused_in_row AS "refused_in_row?"
                FROM shop_accounts a
                LEFT JOIN shop_figures f ON f.shop = a.shop AND f.read_at >= $2
                WHERE a.shop = $1
                ORDER BY f.read_at
                "#,
                shop,
                at(figures_since),
            )
        });
        let mut record = AccountRecord::default();
        for row in rows.await? {
            record.asked_at = Some(time(row.asked_at));
            record.answered_at = row.answered_at.map(time);
            record.state = row.state;
            record.state_before = row.state_before;
            record.state_since = row.state_since.map(time);
            record.state_told_at = row.state_told_at.map(time);
            record.figures.extend(row.read_at.map(|read_at| DayFigures {
                read_at: time(read_at),
                figures: ShopFigures {
                    approval_rate: row.approval_rate,
                    auto_refused_rate: row.auto_refused_rate,
                    refused_in_row: row.refused_in_row,
                },
            }));
        }
        Ok(record)
    }
}
