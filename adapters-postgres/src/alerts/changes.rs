//! Changes of alerts, in one transaction with the messages that go out about them.

use ackord::Timestamp;
use ackord::alerts::Message;
use ackord::ports::{AlertChange, WITHDRAWN};
use sqlx::{Connection as _, PgConnection};

use crate::columns::{at, json};
use crate::text::storable;

/// Writes changes; tells which were written.
pub(super) async fn write(
    connection: &mut PgConnection,
    shop: &str,
    changes: &[AlertChange],
    channels: &[String],
    now: Timestamp,
) -> sqlx::Result<Vec<bool>> {
    let mut tx = connection.begin().await?;
    let mut written = Vec::with_capacity(changes.len());
    for change in changes {
        written.push(one(&mut tx, shop, change, channels, now).await?);
    }
    tx.commit().await?;
    Ok(written)
}

async fn one(
    tx: &mut PgConnection,
    shop: &str,
    change: &AlertChange,
    channels: &[String],
    now: Timestamp,
) -> sqlx::Result<bool> {
    let (id, message, channels) = match change {
        AlertChange::Open { message, tell, .. } => {
            let Some(id) = open(tx, shop, change, now).await? else {
                return Ok(false);
            };
            (id, message, if *tell { channels } else { &[] })
        }
        AlertChange::Update { message, tell, .. } => {
            let Some(id) = update(tx, change, now).await? else {
                return Ok(false);
            };
            (id, message, if *tell { channels } else { &[] })
        }
        AlertChange::Clear {
            alert_id,
            version,
            message,
        } => {
            if !clear(tx, alert_id.0, *version, now).await? {
                return Ok(false);
            }
            let knowing = withdraw(tx, alert_id.0, now).await?;
            let knowing: Vec<String> = channels.iter().filter(|name| knowing.contains(name)).cloned().collect();
            post(tx, shop, alert_id.0, message, &knowing, now).await?;
            return Ok(true);
        }
    };
    post(tx, shop, id, message, channels, now).await?;
    Ok(true)
}

async fn open(tx: &mut PgConnection, shop: &str, change: &AlertChange, now: Timestamp) -> sqlx::Result<Option<i64>> {
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
    let told_at = tell.then(|| at(now));
    sqlx::query_scalar!(
        r#"
        INSERT INTO alerts (shop, alert_key, severity, since_at, raised_at, told_at, told_count, message)
        VALUES ($1, $2, $3, $4, $5, $5, $6, $7::text::jsonb)
        ON CONFLICT (shop, alert_key) WHERE cleared_at IS NULL DO NOTHING
        RETURNING alert_id
        "#,
        shop,
        &*storable(key),
        severity.as_str(),
        at(*since) as jiff_sqlx::Timestamp,
        told_at as Option<jiff_sqlx::Timestamp>,
        if *tell { count(message) } else { 0 },
        json(&message.to_json()),
    )
    .fetch_optional(tx)
    .await
}

async fn update(tx: &mut PgConnection, change: &AlertChange, now: Timestamp) -> sqlx::Result<Option<i64>> {
    let AlertChange::Update {
        alert_id,
        version,
        severity,
        message,
        tell,
    } = change
    else {
        return Ok(None);
    };
    let told_at = tell.then(|| at(now));
    sqlx::query_scalar!(
        r#"
        UPDATE alerts SET
            version = version + 1, severity = $3, message = $4::text::jsonb,
            raised_at = coalesce(raised_at, $5), told_at = coalesce($5, told_at),
            told_count = CASE WHEN $5 IS NULL THEN told_count ELSE $6 END
        WHERE alert_id = $1 AND version = $2 AND cleared_at IS NULL
        RETURNING alert_id
        "#,
        alert_id.0,
        *version,
        severity.as_str(),
        json(&message.to_json()),
        told_at as Option<jiff_sqlx::Timestamp>,
        count(message),
    )
    .fetch_optional(tx)
    .await
}

async fn clear(tx: &mut PgConnection, id: i64, version: i64, now: Timestamp) -> sqlx::Result<bool> {
    let cleared = sqlx::query_scalar!(
        "UPDATE alerts SET version = version + 1, cleared_at = $3 WHERE alert_id = $1 AND version = $2 AND cleared_at IS NULL
        RETURNING alert_id",
        id,
        version,
        at(now) as jiff_sqlx::Timestamp,
    );
    Ok(cleared.fetch_optional(tx).await?.is_some())
}

/// Withdraws what nobody has in hand; tells the channels that had something delivered, have it in hand, or had it in hand without anybody
/// noting how that ended.
async fn withdraw(tx: &mut PgConnection, id: i64, now: Timestamp) -> sqlx::Result<Vec<String>> {
    sqlx::query!(
        r#"
        UPDATE alert_deliveries SET given_up_at = $2, error = $3
        WHERE alert_id = $1 AND delivered_at IS NULL AND given_up_at IS NULL AND (lease_until IS NULL OR lease_until <= $2)
        "#,
        id,
        at(now) as jiff_sqlx::Timestamp,
        WITHDRAWN,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query_scalar!(
        "SELECT DISTINCT channel FROM alert_deliveries WHERE alert_id = $1 AND (delivered_at IS NOT NULL OR lease_until IS NOT NULL)",
        id,
    )
    .fetch_all(tx)
    .await
}

async fn post(
    tx: &mut PgConnection,
    shop: &str,
    alert: i64,
    message: &Message,
    channels: &[String],
    now: Timestamp,
) -> sqlx::Result<()> {
    if channels.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        INSERT INTO alert_deliveries (alert_id, shop, channel, message, written_at, due_at)
        SELECT $1, $2, c.channel, $4::text::jsonb, $5, $5
        FROM unnest($3::text[]) WITH ORDINALITY AS c (channel, place) ORDER BY c.place
        "#,
        alert,
        shop,
        channels,
        json(&message.to_json()),
        at(now) as jiff_sqlx::Timestamp,
    )
    .execute(tx)
    .await?;
    Ok(())
}

fn count(message: &Message) -> i64 {
    i64::try_from(message.count).unwrap_or(i64::MAX)
}
