//! Claim: a lease with a fencing number on orders that are due, oldest first.

use ackord::call::CallOutcome;
use ackord::order::Decision;
use ackord::ports::{ClaimRequest, StoreError, StoreResult};
use ackord::work::{Claimed, Fence, LastCall, Phase, Standing, Version};
use ackord::{OrderStatus, call};
use sqlx::SqliteConnection;

use crate::rows::{count_of, order_id};
use crate::work_store::{json_list, op, text_after};
use crate::{errors, times};

/// [`ackord::ports::WorkStore::claim`], inside of a transaction.
pub(crate) async fn claim(tx: &mut SqliteConnection, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
    let operation = op(request.operation);
    // What this operation has claimed before: its answer was lost, and it is told again.
    let claimed = claimed_by(tx, &operation).await?;
    if !claimed.is_empty() {
        return Ok(claimed);
    }
    let ids = due(tx, request).await.map_err(errors::of_statement)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = json_list(ids.iter().map(String::as_str));
    let until = text_after(request.now, request.lease);
    sqlx::query!(
        "UPDATE order_work SET
            fence = max(fence, (SELECT epoch FROM store_meta) << 32) + 1,
            lease_until = ?2,
            worker = ?3,
            unreleased_claims = unreleased_claims + 1,
            op_id = ?4
        WHERE order_id IN (SELECT value FROM json_each(?1))",
        ids,
        until,
        request.worker,
        operation
    )
    .execute(&mut *tx)
    .await
    .map_err(errors::of_statement)?;
    claimed_by(tx, &operation).await
}

/// The oldest due orders that no lease holds, over all of the asked phases. Each phase is read from its own end of the
/// index of what is pending.
async fn due(tx: &mut SqliteConnection, request: &ClaimRequest) -> sqlx::Result<Vec<String>> {
    let now = times::text(request.now);
    // A lease that ends later than two whole ones from now was given before a clock jumped. One is too little: another
    // worker's claim may come first although its `now` was read after ours, or its clock run a bit ahead.
    let longest = text_after(request.now, request.lease.saturating_mul(2));
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let mut free: Vec<(String, String)> = Vec::new();
    for phase in &request.phases {
        let phase = phase.as_str();
        let rows = sqlx::query!(
            r#"SELECT placed_at AS "placed_at!", order_id AS "order_id!" FROM order_work
            WHERE phase = ?1 AND phase <> 'settled' AND due_at <= ?2
                AND (lease_until IS NULL OR lease_until <= ?2 OR lease_until > ?3)
            ORDER BY placed_at, order_id LIMIT ?4"#,
            phase,
            now,
            longest,
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

struct ClaimedRow {
    order_id: String,
    fence: i64,
    version: i64,
    status: String,
    placed_at: String,
    phase: String,
    due_at: Option<String>,
    attempt: i64,
    looks: i64,
    waiting_looks: i64,
    slow_looks: i64,
    since_at: String,
    call_open: bool,
    decision: Option<String>,
    reason: Option<String>,
    unreleased_claims: i64,
    call_id: Option<i64>,
    call_at: Option<String>,
    answer_by: Option<String>,
    outcome: Option<String>,
}

async fn claimed_by(tx: &mut SqliteConnection, operation: &str) -> StoreResult<Vec<Claimed>> {
    let rows = sqlx::query_as!(
        ClaimedRow,
        r#"SELECT w.order_id AS "order_id!", w.fence AS "fence!", w.version AS "version!", w.status AS "status!",
            w.placed_at AS "placed_at!", w.phase AS "phase!", w.due_at AS "due_at?", w.attempt AS "attempt!",
            w.looks AS "looks!", w.waiting_looks AS "waiting_looks!", w.slow_looks AS "slow_looks!",
            w.since_at AS "since_at!", w.call_open AS "call_open!: bool", w.decision AS "decision?",
            w.reason AS "reason?", w.unreleased_claims AS "unreleased_claims!",
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
    fn read(self) -> StoreResult<Claimed> {
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
