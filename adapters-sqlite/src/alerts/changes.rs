//! Changes of alerts, with the messages that go out about them.

use ackord::alerts::Message;
use ackord::ports::{AlertChange, WITHDRAWN};
use sqlx::SqliteConnection;

use crate::times;

/// Writes a change; tells whether it was written.
pub(super) async fn write(
    tx: &mut SqliteConnection,
    shop: &str,
    change: &AlertChange,
    channels: &[String],
    now: &str,
) -> sqlx::Result<bool> {
    match change {
        AlertChange::Open { message, tell, .. } => {
            let Some(id) = open(tx, shop, change, now).await? else {
                return Ok(false);
            };
            let channels = if *tell { channels } else { &[] };
            post(tx, shop, id, message, channels.iter(), now).await?;
        }
        AlertChange::Update {
            alert_id,
            message,
            tell,
            ..
        } => {
            if !update(tx, change, now).await? {
                return Ok(false);
            }
            let channels = if *tell { channels } else { &[] };
            post(tx, shop, alert_id.0, message, channels.iter(), now).await?;
        }
        AlertChange::Clear {
            alert_id,
            version,
            message,
        } => {
            if !clear(tx, alert_id.0, *version, now).await? {
                return Ok(false);
            }
            let told = withdraw(tx, alert_id.0, now).await?;
            let knowing = channels.iter().filter(|channel| told.contains(channel));
            post(tx, shop, alert_id.0, message, knowing, now).await?;
        }
    }
    Ok(true)
}

async fn open(tx: &mut SqliteConnection, shop: &str, change: &AlertChange, now: &str) -> sqlx::Result<Option<i64>> {
    let AlertChange::Open {
        key,
        severity,
        since,
        message,
        tell,
    } = change
    else {
        return Ok(None);
    };
    let (severity, since) = (severity.as_str(), times::text(*since));
    let told_at = tell.then_some(now);
    let told_count = if *tell { count(message) } else { 0 };
    let text = message.to_json().to_string();
    sqlx::query_scalar!(
        r#"INSERT INTO alerts (shop, alert_key, severity, since_at, raised_at, told_at, told_count, message)
        VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7)
        ON CONFLICT (shop, alert_key) WHERE cleared_at IS NULL DO NOTHING
        RETURNING alert_id AS "alert_id!""#,
        shop,
        key,
        severity,
        since,
        told_at,
        told_count,
        text
    )
    .fetch_optional(tx)
    .await
}

async fn update(tx: &mut SqliteConnection, change: &AlertChange, now: &str) -> sqlx::Result<bool> {
    let AlertChange::Update {
        alert_id,
        version,
        severity,
        message,
        tell,
    } = change
    else {
        return Ok(false);
    };
    let severity = severity.as_str();
    let told_at = tell.then_some(now);
    let count = count(message);
    let text = message.to_json().to_string();
    let updated = sqlx::query!(
        "UPDATE alerts SET
            version = version + 1, severity = ?3, message = ?4,
            raised_at = coalesce(raised_at, ?5), told_at = coalesce(?5, told_at),
            told_count = CASE WHEN ?5 IS NULL THEN told_count ELSE ?6 END
        WHERE alert_id = ?1 AND version = ?2 AND cleared_at IS NULL",
        alert_id.0,
        version,
        severity,
        text,
        told_at,
        count
    );
    Ok(updated.execute(tx).await?.rows_affected() == 1)
}

async fn clear(tx: &mut SqliteConnection, id: i64, version: i64, now: &str) -> sqlx::Result<bool> {
    let cleared = sqlx::query!(
        "UPDATE alerts SET version = version + 1, cleared_at = ?3 WHERE alert_id = ?1 AND version = ?2 AND cleared_at IS NULL",
        id,
        version,
        now
    );
    Ok(cleared.execute(tx).await?.rows_affected() == 1)
}

/// Withdraws what nobody has in hand; tells the channels that had something delivered, have it in hand, or had it in hand without anybody
/// noting how that ended.
async fn withdraw(tx: &mut SqliteConnection, id: i64, now: &str) -> sqlx::Result<Vec<String>> {
    sqlx::query!(
        "UPDATE alert_deliveries SET given_up_at = ?2, error = ?3
        WHERE alert_id = ?1 AND delivered_at IS NULL AND given_up_at IS NULL AND (lease_until IS NULL OR lease_until <= ?2)",
        id,
        now,
        WITHDRAWN
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query_scalar!(
        "SELECT DISTINCT channel FROM alert_deliveries WHERE alert_id = ?1 AND (delivered_at IS NOT NULL OR lease_until IS NOT NULL)",
        id
    )
    .fetch_all(tx)
    .await
}

async fn post(
    tx: &mut SqliteConnection,
    shop: &str,
    alert: i64,
    message: &Message,
    channels: impl Iterator<Item = &String>,
    now: &str,
) -> sqlx::Result<()> {
    let text = message.to_json().to_string();
    for channel in channels {
        sqlx::query!(
            "INSERT INTO alert_deliveries (alert_id, shop, channel, message, written_at, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            alert,
            shop,
            channel,
            text,
            now
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

fn count(message: &Message) -> i64 {
    i64::try_from(message.count).unwrap_or(i64::MAX)
}
