//! [`AccountStore`]: what the marketplace said of shops.

use ackord::Timestamp;
use ackord::ports::{AccountCheck, AccountRecord, AccountStore, Check, CheckDue, DayFigures, ShopFigures, StoreResult};
use async_trait::async_trait;

use crate::pool::{self, SqliteStore};
use crate::{errors, times};

#[async_trait]
impl AccountStore for SqliteStore {
    async fn reserve_check(&self, shop: &str, due: &CheckDue) -> StoreResult<Option<Check>> {
        let (now, asked_by) = (times::text(due.now), times::text(due.asked_by));
        let (figures_by, ahead) = (times::text(due.figures_by), times::text(due.ahead));
        let mut tx = self.begin_write().await?;
        let given = sqlx::query_scalar!(
            r#"INSERT INTO shop_accounts (shop, asked_at, figures_asked_at) VALUES (?1, ?2, ?2)
            ON CONFLICT (shop) DO UPDATE SET
                asked_at = excluded.asked_at,
                figures_asked_at = CASE WHEN figures_asked_at <= ?4 OR figures_asked_at > ?5
                    THEN excluded.figures_asked_at ELSE figures_asked_at END
            WHERE asked_at <= ?3 OR asked_at > ?5
            RETURNING figures_asked_at = ?2 AS "figures!: bool""#,
            shop,
            now,
            asked_by,
            figures_by,
            ahead
        );
        let given = given.fetch_optional(&mut *tx).await.map_err(errors::of_statement)?;
        pool::commit(tx).await?;
        Ok(given.map(|figures| Check { figures }))
    }

    async fn note_check(&self, shop: &str, now: Timestamp, said: &AccountCheck) -> StoreResult<()> {
        let now = times::text(now);
        let mut tx = self.begin_write().await?;
        let known = sqlx::query!(
            "UPDATE shop_accounts SET
                answered_at = ?2,
                state = coalesce(?3, state),
                state_before = CASE WHEN ?3 IS NULL OR state = ?3 THEN state_before ELSE state END,
                state_since = CASE WHEN ?3 IS NULL OR state = ?3 THEN state_since ELSE ?2 END,
                state_told_at = CASE WHEN ?3 IS NULL THEN state_told_at ELSE ?2 END
            WHERE shop = ?1",
            shop,
            now,
            said.state
        );
        let known = known.execute(&mut *tx).await.map_err(errors::of_statement)?;
        if let Some(figures) = said.figures.filter(|_| known.rows_affected() > 0) {
            sqlx::query!(
                "INSERT INTO shop_figures (shop, read_at, approval_rate, auto_refused_rate, refused_in_row)
                VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (shop, read_at) DO NOTHING",
                shop,
                now,
                figures.approval_rate,
                figures.auto_refused_rate,
                figures.refused_in_row
            )
            .execute(&mut *tx)
            .await
            .map_err(errors::of_statement)?;
        }
        pool::commit(tx).await
    }

    async fn set_figures_asked(&self, shop: &str, asked_at: Timestamp) -> StoreResult<()> {
        let asked_at = times::text(asked_at);
        let mut tx = self.begin_write().await?;
        sqlx::query!(
            "UPDATE shop_accounts SET figures_asked_at = ?2 WHERE shop = ?1",
            shop,
            asked_at
        )
        .execute(&mut *tx)
        .await
        .map_err(errors::of_statement)?;
        pool::commit(tx).await
    }

    async fn account_record(&self, shop: &str, figures_since: Timestamp) -> StoreResult<AccountRecord> {
        let since = times::text(figures_since);
        let rows = sqlx::query!(
            r#"SELECT a.asked_at AS "asked_at!: String", a.answered_at AS "answered_at?: String", a.state AS "state?",
                a.state_before AS "state_before?", a.state_since AS "state_since?",
                a.state_told_at AS "state_told_at?", f.read_at AS "read_at?: String",
                f.approval_rate AS "approval_rate?: i64", f.auto_refused_rate AS "auto_refused_rate?: i64",
                f.refused_in_row AS "refused_in_row?: i64"
            FROM shop_accounts a
            LEFT JOIN shop_figures f ON f.shop = a.shop AND f.read_at >= ?2
            WHERE a.shop = ?1
            ORDER BY f.read_at"#,
            shop,
            since
        );
        let rows = rows.fetch_all(self.readers()).await.map_err(errors::of_statement)?;
        let mut record = AccountRecord::default();
        for row in rows {
            let place = |column: &str| format!("shop_accounts `{shop}`, {column}");
            record.asked_at = Some(times::read(&row.asked_at, || place("asked_at"))?);
            record.answered_at = times::read_optional(row.answered_at.as_deref(), || place("answered_at"))?;
            record.state = row.state;
            record.state_before = row.state_before;
            record.state_since = times::read_optional(row.state_since.as_deref(), || place("state_since"))?;
            record.state_told_at = times::read_optional(row.state_told_at.as_deref(), || place("state_told_at"))?;
            let Some(read_at) = row.read_at else { continue };
            record.figures.push(DayFigures {
                read_at: times::read(&read_at, || format!("shop_figures `{shop}`, read_at"))?,
                figures: ShopFigures {
                    approval_rate: row.approval_rate,
                    auto_refused_rate: row.auto_refused_rate,
                    refused_in_row: row.refused_in_row,
                },
            });
        }
        Ok(record)
    }
}
