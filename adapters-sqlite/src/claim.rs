//! Claim: a lease with a fencing number on orders that are due, oldest first.

use ackord::call::CallOutcome;
use ackord::order::Decision;
use ackord::ports::{ClaimRequest, RenewRequest, Settled, StoreError, StoreResult, Suspects};
use ackord::work::{CLAIMS_TOGETHER, Claimed, Fence, LastCall, Phase, Standing, Version};
use ackord::{OrderStatus, call};
use sqlx::SqliteConnection;

use crate::rows::{count_of, order_id};
use crate::work_store::{json_list, op, text_after};
use crate::{errors, recovery, times};

/// [`ackord::ports::WorkStore::claim`], inside of a transaction. A claim that took something is noted by its operation id,
/// for a day: repeated, it tells what it still holds, and takes nothing.
pub(crate) async fn claim(tx: &mut SqliteConnection, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
    let operation = op(request.operation);
    if is_repeated(tx, &operation).await.map_err(errors::of_statement)? {
        return claimed_by(tx, &operation).await;
    }
    let request = &allowed(tx, request).await.map_err(errors::of_statement)?;
    let mut ids = due(tx, request).await.map_err(errors::of_statement)?;
    let alone = ids.is_empty() && request.suspects == Suspects::AloneAtLast && request.limit > 0;
    if alone {
        ids = due_suspect(tx, request).await.map_err(errors::of_statement)?;
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    take(tx, request, &ids, alone, &operation)
        .await
        .map_err(errors::of_statement)?;
    claimed_by(tx, &operation).await
}

/// [`ackord::ports::WorkStore::renew`], inside of a transaction.
pub(crate) async fn renew(tx: &mut SqliteConnection, request: &RenewRequest) -> sqlx::Result<Vec<Settled>> {
    let until = text_after(request.now, request.lease);
    let mut renewed = Vec::with_capacity(request.leases.len());
    for lease in &request.leases {
        let id = lease.order_id.as_str();
        let written = sqlx::query!(
            "UPDATE order_work SET lease_until = ?4
            WHERE order_id = ?1 AND fence = ?2 AND version = ?3 AND lease_until IS NOT NULL",
            id,
            lease.fence.0,
            lease.version.0,
            until
        );
        let written = written.execute(&mut *tx).await?.rows_affected() == 1;
        renewed.push(if written { Settled::Written } else { Settled::Lost });
    }
    Ok(renewed)
}

async fn is_repeated(tx: &mut SqliteConnection, operation: &str) -> sqlx::Result<bool> {
    let noted = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM claims WHERE op_id = ?1) AS "noted!: bool""#,
        operation
    );
    noted.fetch_one(tx).await
}

/// What is asked for, without the phases that nothing is given out of while sending is held.
async fn allowed(tx: &mut SqliteConnection, request: &ClaimRequest) -> sqlx::Result<ClaimRequest> {
    let mut request = request.clone();
    if request.phases.iter().any(|phase| phase.sends()) && recovery::is_held(tx).await? {
        request.phases.retain(|phase| !phase.sends());
    }
    Ok(request)
}

/// Leases these orders, and notes the claim; those of more than a day ago are forgotten, a few at a time.
async fn take(
    tx: &mut SqliteConnection,
    request: &ClaimRequest,
    ids: &[String],
    alone: bool,
    operation: &str,
) -> sqlx::Result<()> {
    let ids = json_list(ids.iter().map(String::as_str));
    let now = times::text(request.now);
    let until = text_after(request.now, request.lease);
    sqlx::query!(
        "UPDATE order_work SET
            fence = max(fence, (SELECT epoch FROM store_meta) << 32) + 1,
            lease_until = ?2,
            worker = ?3,
            unreleased_claims = unreleased_claims + 1,
            unreleased_alone = CASE WHEN ?5 THEN unreleased_alone + 1 ELSE 0 END,
            op_id = ?4
        WHERE order_id IN (SELECT value FROM json_each(?1))",
        ids,
        until,
        request.worker,
        operation,
        alone
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("INSERT INTO claims (op_id, claimed_at) VALUES (?1, ?2)", operation, now)
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "DELETE FROM claims WHERE op_id IN (
            SELECT op_id FROM claims WHERE claimed_at < strftime('%Y-%m-%dT%H:%M:%f000Z', ?1, '-1 day') LIMIT 10
        )",
        now
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The oldest due orders that no lease holds, over all of the asked phases. Each phase is read from its own end of the
/// index of what is pending.
async fn due(tx: &mut SqliteConnection, request: &ClaimRequest) -> sqlx::Result<Vec<String>> {
    let now = times::text(request.now);
    let longest = longest_lease(request);
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let mut free: Vec<(String, String)> = Vec::new();
    for phase in &request.phases {
        let phase = phase.as_str();
        let rows = sqlx::query!(
            r#"SELECT placed_at AS "placed_at!", order_id AS "order_id!" FROM order_work
            WHERE phase = ?1 AND phase <> 'settled' AND due_at <= ?2
                AND (lease_until IS NULL OR lease_until <= ?2 OR lease_until > ?3)
                AND unreleased_claims < ?4
            ORDER BY placed_at, order_id LIMIT ?5"#,
            phase,
            now,
            longest,
            CLAIMS_TOGETHER,
            limit
        );
        let rows = rows.fetch_all(&mut *tx).await?;
        free.extend(rows.into_iter().map(|row| (row.placed_at, row.order_id)));
    }
    free.sort_unstable();
    free.dedup();
    free.truncate(request.limit);
    Ok(free.into_iter().map(|(_, id)| id).collect())
}

/// The due suspect that no lease holds and that was claimed in vain the least often.
async fn due_suspect(tx: &mut SqliteConnection, request: &ClaimRequest) -> sqlx::Result<Vec<String>> {
    let phases = json_list(request.phases.iter().map(|phase| phase.as_str()));
    let now = times::text(request.now);
    let longest = longest_lease(request);
    let rows = sqlx::query_scalar!(
        r#"SELECT w.order_id AS "order_id!"
        FROM json_each(?1) AS phase CROSS JOIN order_work w ON w.phase = phase.value
        WHERE w.phase <> 'settled' AND w.due_at <= ?2
            AND (w.lease_until IS NULL OR w.lease_until <= ?2 OR w.lease_until > ?3)
            AND w.unreleased_claims >= ?4
        ORDER BY w.unreleased_claims, w.placed_at, w.order_id LIMIT 1"#,
        phases,
        now,
        longest,
        CLAIMS_TOGETHER
    );
    rows.fetch_all(&mut *tx).await
}

/// A lease that ends later than two whole ones from now was given before a clock jumped. One is too little: another
/// worker's claim may come first although its `now` was read after ours, or its clock run a bit ahead.
fn longest_lease(request: &ClaimRequest) -> String {
    text_after(request.now, request.lease.saturating_mul(2))
}

pub(crate) struct ClaimedRow {
    pub(crate) order_id: String,
    pub(crate) fence: i64,
    pub(crate) version: i64,
    pub(crate) status: String,
    pub(crate) placed_at: String,
    pub(crate) phase: String,
    pub(crate) due_at: Option<String>,
    pub(crate) attempt: i64,
    pub(crate) looks: i64,
    pub(crate) waiting_looks: i64,
    pub(crate) slow_looks: i64,
    pub(crate) since_at: String,
    pub(crate) call_open: bool,
    pub(crate) decision: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) unreleased_claims: i64,
    pub(crate) unreleased_alone: i64,
    pub(crate) call_id: Option<i64>,
    pub(crate) call_at: Option<String>,
    pub(crate) answer_by: Option<String>,
    pub(crate) outcome: Option<String>,
}

async fn claimed_by(tx: &mut SqliteConnection, operation: &str) -> StoreResult<Vec<Claimed>> {
    let rows = sqlx::query_as!(
        ClaimedRow,
        r#"SELECT w.order_id AS "order_id!", w.fence AS "fence!", w.version AS "version!", w.status AS "status!",
            w.placed_at AS "placed_at!", w.phase AS "phase!", w.due_at AS "due_at?", w.attempt AS "attempt!",
            w.looks AS "looks!", w.waiting_looks AS "waiting_looks!", w.slow_looks AS "slow_looks!",
            w.since_at AS "since_at!", w.call_open AS "call_open!: bool", w.decision AS "decision?",
            w.reason AS "reason?", w.unreleased_claims AS "unreleased_claims!",
            w.unreleased_alone AS "unreleased_alone!",
            c.call_id AS "call_id?", c.at_utc AS "call_at?: String", c.answer_by AS "answer_by?", c.outcome AS "outcome?"
        FROM order_work w LEFT JOIN api_calls c ON c.call_id = w.call_id
        WHERE w.op_id = ?1 AND w.lease_until IS NOT NULL
        ORDER BY w.placed_at, w.order_id"#,
        operation
    );
    let rows = rows.fetch_all(&mut *tx).await.map_err(errors::of_statement)?;
    rows.into_iter().map(ClaimedRow::read).collect()
}

impl ClaimedRow {
    pub(crate) fn read(self) -> StoreResult<Claimed> {
        let row = |column: &str| format!("order_work `{}`, {column}", self.order_id);
        let corrupt = |column: &str, text: &str| StoreError::Corrupt {
            what: format!("{}: `{text}`", row(column)),
        };
        let decision = match &self.decision {
            None => None,
            Some(text) => {
                let value = serde_json::from_str(text).map_err(|_| corrupt("decision", text))?;
                Some(Decision::from_json(&value).map_err(|_| corrupt("decision", text))?)
            }
        };
        let standing = Standing {
            phase: Phase::parse(&self.phase).ok_or_else(|| corrupt("phase", &self.phase))?,
            due_at: times::read_optional(self.due_at.as_deref(), || row("due_at"))?,
            attempt: count_of(self.attempt),
            looks: count_of(self.looks),
            waiting_looks: count_of(self.waiting_looks),
            slow_looks: count_of(self.slow_looks),
            since: times::read(&self.since_at, || row("since_at"))?,
            call_open: self.call_open,
            decision,
            reason: self.reason.clone(),
        };
        Ok(Claimed {
            order_id: order_id(&self.order_id)?,
            fence: Fence(self.fence),
            version: Version(self.version),
            status: OrderStatus::parse(&self.status),
            placed_at: times::read(&self.placed_at, || row("placed_at"))?,
            standing,
            call: self.last_call()?,
            unreleased_claims: count_of(self.unreleased_claims),
            unreleased_alone: count_of(self.unreleased_alone),
        })
    }

    fn last_call(&self) -> StoreResult<Option<LastCall>> {
        let (Some(id), Some(at)) = (self.call_id, &self.call_at) else {
            return Ok(None);
        };
        let row = |column: &str| format!("api_calls {id}, {column}");
        let outcome = match &self.outcome {
            None => None,
            Some(text) => Some(CallOutcome::parse(text).ok_or_else(|| StoreError::Corrupt {
                what: format!("{}: `{text}`", row("outcome")),
            })?),
        };
        let answer_by = self.answer_by.as_ref().unwrap_or(at);
        Ok(Some(LastCall {
            id: call::CallId(id),
            started_at: times::read(at, || row("timestamp"))?,
            answer_by: times::read(answer_by, || row("answer_by"))?,
            outcome,
        }))
    }
}
