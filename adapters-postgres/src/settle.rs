//! Settle: all that one order's step leads to, together or not at all; a whole batch in one statement.

use std::borrow::Cow;
use std::collections::HashSet;

use ackord::Timestamp;
use ackord::failure::PROCESS;
use ackord::ports::{Settled, StoreResult};
use ackord::work::{OperationId, Settlement};

use crate::columns::{Settlements, at, first_by_id};
use crate::pool::Connections;

type Texts<'a> = [Option<Cow<'a, str>>];

/// [`ackord::ports::WorkStore::settle`]. Of several settlements of one order in a batch the first alone can stand.
pub(crate) async fn settle(
    connections: &Connections,
    settlements: &[Settlement],
    now: Timestamp,
    operation: OperationId,
) -> StoreResult<Vec<Settled>> {
    let first = first_by_id(settlements, |settlement| &settlement.order_id);
    let columns: Settlements<'_> = first.into_iter().collect();
    if columns.order_id.is_empty() {
        return Ok(Vec::new());
    }
    let mut written: HashSet<String> = write(connections, &columns, now, operation)
        .await?
        .into_iter()
        .collect();
    if written.len() < columns.order_id.len() {
        written.extend(read(connections, &columns, operation).await?);
    }
    let told = settlements
        .iter()
        .map(|settlement| match written.remove(settlement.order_id.as_str()) {
            true => Settled::Written,
            false => Settled::Lost,
        });
    Ok(told.collect())
}

/// Writes those whose lease and version still hold, unless this very operation has done so.
async fn write(
    connections: &Connections,
    columns: &Settlements<'_>,
    now: Timestamp,
    operation: OperationId,
) -> StoreResult<Vec<String>> {
    let standings = &columns.standings;
    let rows = connections.write(|| {
        sqlx::query_file_scalar!(
            "queries/settle.sql",
            &columns.order_id as &[&str],
            &columns.fence,
            &columns.version,
            &columns.status as &Texts<'_>,
            &columns.note as &Texts<'_>,
            &columns.entry_attempt as &[Option<i32>],
            &columns.retry_at as &[Option<jiff_sqlx::Timestamp>],
            &columns.send as &[Option<i64>],
            &columns.look as &[Option<i64>],
            &columns.related_id as &Texts<'_>,
            &columns.cause as &[Option<&str>],
            &columns.details as &Texts<'_>,
            &columns.payload as &[Option<String>],
            &columns.needs_person as &[Option<bool>],
            &columns.resolution as &Texts<'_>,
            &columns.close_call as &[Option<i64>],
            &standings.phase as &[&str],
            &standings.due_at as &[Option<jiff_sqlx::Timestamp>],
            &standings.attempt,
            &standings.looks,
            &standings.waiting_looks,
            &standings.slow_looks,
            &standings.since_at,
            &standings.call_open,
            &standings.decision as &[Option<String>],
            &standings.reason as &Texts<'_>,
            at(now),
            operation.0,
            PROCESS,
            &columns.keeps_count,
        )
    });
    rows.await
}

/// Those that this operation wrote before: the entry tells it for ever, the work row until the next write.
async fn read(
    connections: &Connections,
    columns: &Settlements<'_>,
    operation: OperationId,
) -> StoreResult<Vec<String>> {
    // As a write: some of the batch may just have been written.
    let rows = connections.write(|| {
        sqlx::query_scalar!(
            r#"
            SELECT g.order_id AS "order_id!"
            FROM unnest($1::text[], $2::bigint[]) AS g (order_id, version)
            WHERE EXISTS (SELECT FROM order_work w WHERE w.order_id = g.order_id AND w.op_id = $3)
                OR EXISTS (
                    SELECT FROM order_status_history h
                    WHERE h.order_id = g.order_id AND h.version = g.version + 1 AND h.op_id = $3
                )
            "#,
            &columns.order_id as &[&str],
            &columns.version,
            operation.0,
        )
    });
    rows.await
}
