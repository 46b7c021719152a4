//! Which orders get another attempt, and why others don't.

use std::collections::BTreeSet;

use ackord::OrderStatus;
use ackord::failure::{FailureCause, FailureId, PROCESS};
use ackord::ports::{FailureFilter, FailureRow, OrderSummary};
use ackord::work::Phase;
use anyhow::Result;

use super::super::decision::order_of;
use super::refusal;
use crate::report_error::{NotOnRecord, NotPossible};
use crate::wiring::OpenStore;

/// So many entries are read at once.
const PAGE: usize = 500;

/// An order that gets another attempt.
#[derive(Debug)]
pub(super) struct Attempt {
    /// The order as it was read.
    pub(super) order: OrderSummary,
    /// Its open entries of acceptance: they are closed with it.
    pub(super) failures: Vec<FailureId>,
}

/// Whose orders are to get one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Choice<'a> {
    /// Those of these entries of the inbox.
    Entries(&'a [i64]),
    /// Those of all open entries of this cause.
    Cause(&'a str),
    /// These.
    Orders(&'a [String]),
}

impl Choice<'_> {
    /// Reads them.
    pub(super) async fn read(self, store: &dyn OpenStore) -> Result<Chosen> {
        match self {
            Self::Entries(ids) => of_entries(store, ids).await,
            Self::Cause(cause) => open_of_cause(store, cause).await,
            Self::Orders(ids) => of_orders(store, ids).await,
        }
    }
}

/// Which orders get one, and what was left out of the choice.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) attempts: Vec<Attempt>,
    pub(super) left_out: Vec<NotPossible>,
}

/// The orders of these entries; all of them have to allow of it.
async fn of_entries(store: &dyn OpenStore, ids: &[i64]) -> Result<Chosen> {
    let mut chosen = Chosen::default();
    let mut seen = BTreeSet::new();
    for id in ids {
        let row = store.failure(FailureId(*id)).await?;
        let row = row.ok_or_else(|| NotOnRecord {
            what: "failure",
            id: id.to_string(),
        })?;
        let order = of_entry(store, &row).await??;
        if seen.insert(order.order_id.clone()) {
            chosen.attempts.push(attempt(store, order).await??);
        }
    }
    Ok(chosen)
}

/// The orders of all open entries of a cause; those that don't allow of it are left out.
async fn open_of_cause(store: &dyn OpenStore, cause: &str) -> Result<Chosen> {
    let mut chosen = Chosen::default();
    let mut seen = BTreeSet::new();
    let mut filter = FailureFilter {
        open: Some(true),
        needs_person: None,
        cause: Some(cause.to_owned()),
        related_id: None,
        since: None,
        before: None,
        limit: PAGE,
    };
    loop {
        let rows = store.failures(&filter).await?;
        let Some(last) = rows.last() else { break };
        filter.before = Some(last.failure_id);
        for row in &rows {
            match of_entry(store, row).await? {
                Ok(order) if !seen.insert(order.order_id.clone()) => {}
                Ok(order) => match attempt(store, order).await? {
                    Ok(attempt) => chosen.attempts.push(attempt),
                    Err(refusal) => chosen.left_out.push(refusal),
                },
                Err(refusal) => chosen.left_out.push(refusal),
            }
        }
    }
    // The oldest entry first: its order's deadline is the nearest.
    chosen.attempts.reverse();
    Ok(chosen)
}

/// These orders; all of them have to allow of it.
async fn of_orders(store: &dyn OpenStore, ids: &[String]) -> Result<Chosen> {
    let mut chosen = Chosen::default();
    let ids: BTreeSet<&String> = ids.iter().collect();
    for id in ids {
        let order = order_of(store, id).await?;
        chosen.attempts.push(attempt(store, order).await??);
    }
    Ok(chosen)
}

/// The order that an entry is about, where it is an open one of acceptance.
async fn of_entry(store: &dyn OpenStore, row: &FailureRow) -> Result<Result<OrderSummary, NotPossible>> {
    if let Some(refusal) = refusal_of_entry(row) {
        return Ok(Err(refusal));
    }
    match order_of(store, row.related_id.as_deref().unwrap_or_default()).await {
        Ok(order) => Ok(Ok(order)),
        Err(error) if error.is::<NotOnRecord>() => Ok(Err(refusal(
            format!("entry {} is about no order on record", row.failure_id),
            "look at it with `ackord failures show`, then close it with `ackord failures resolve --as handled`",
        ))),
        Err(error) => Err(error),
    }
}

fn refusal_of_entry(row: &FailureRow) -> Option<NotPossible> {
    let id = row.failure_id;
    if row.resolved_at.is_some() {
        let by = row
            .resolved_by
            .as_deref()
            .map_or_else(String::new, |by| format!(" by {by}"));
        let words = row
            .resolution
            .as_deref()
            .map_or_else(String::new, |words| format!(": {words}"));
        return Some(refusal(
            format!("entry {id} was closed already{by}{words}"),
            "`ackord orders show` tells how its order stands",
        ));
    }
    (row.process_name != PROCESS).then(|| {
        refusal(
            format!("entry {id} is of {}, not of acceptance", row.process_name),
            "settle it where it comes from, then close it with `ackord failures resolve --as handled`",
        )
    })
}

/// The order's next attempt, where its standing allows of one.
async fn attempt(store: &dyn OpenStore, order: OrderSummary) -> Result<Result<Attempt, NotPossible>> {
    let filter = FailureFilter {
        open: Some(true),
        needs_person: None,
        cause: None,
        related_id: Some(order.order_id.to_string()),
        since: None,
        before: None,
        limit: PAGE,
    };
    let mut open = store.failures(&filter).await?;
    open.retain(|row| row.process_name == PROCESS);
    let contradiction = Some(FailureCause::Contradiction.as_str());
    let contradicted = open.iter().any(|row| row.cause.as_deref() == contradiction);
    if let Some(refusal) = refusal_of_order(&order, contradicted) {
        return Ok(Err(refusal));
    }
    let failures = open.iter().rev().map(|row| row.failure_id).collect();
    Ok(Ok(Attempt { order, failures }))
}

fn refusal_of_order(order: &OrderSummary, contradicted: bool) -> Option<NotPossible> {
    let id = &order.order_id;
    let Some(status) = &order.status else {
        return Some(refusal(
            format!("order {id} has no status yet"),
            "the next run takes it up as a new one",
        ));
    };
    if !status.is_unsettled() && !contradicted {
        return Some(refusal(
            format!("order {id} is settled as '{status}': there is nothing to try again"),
            "if the marketplace still waits for its acceptance, a run opens an entry in the inbox that can be tried again",
        ));
    }
    let under_way = matches!(order.phase, Some(Phase::Ready | Phase::Sending | Phase::Validating));
    (under_way && *status == OrderStatus::PendingAcceptance).then(|| {
        refusal(
            format!("order {id} is being worked on as it is"),
            "`ackord orders show` tells what comes next, and when",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackord::Timestamp;
    use ackord::work::Version;

    fn order(status: &str, phase: Phase) -> OrderSummary {
        OrderSummary {
            order_id: ackord::OrderId::new("A-1").unwrap(),
            placed_at: Timestamp::UNIX_EPOCH,
            status: Some(OrderStatus::parse(status)),
            version: Version(3),
            status_at: None,
            note: None,
            phase: Some(phase),
            due_at: None,
            attempt: 1,
            open_failures: 1,
        }
    }

    fn refused(order: &OrderSummary, contradicted: bool) -> Option<String> {
        refusal_of_order(order, contradicted).map(|refusal| refusal.reason)
    }

    #[test]
    fn what_failed_or_waits_for_a_person_may_be_tried_again() {
        for (status, phase) in [
            ("acceptance_failed", Phase::Review),
            ("acceptance_failed", Phase::Retry),
            ("acceptance_failed", Phase::Unfiled),
            ("pending_acceptance", Phase::Review),
        ] {
            assert_eq!(refused(&order(status, phase), false), None, "{status} {phase}");
        }
    }

    #[test]
    fn what_is_under_way_may_not() {
        for phase in [Phase::Ready, Phase::Sending, Phase::Validating] {
            let words = refused(&order("pending_acceptance", phase), false);
            assert_eq!(
                words.as_deref(),
                Some("order A-1 is being worked on as it is"),
                "{phase}"
            );
        }
    }

    #[test]
    fn what_is_settled_may_only_where_the_marketplace_contradicts() {
        for status in ["accepted", "cancelled", "shipped"] {
            let order = order(status, Phase::Settled);
            assert!(refused(&order, false).unwrap().contains("settled"), "{status}");
            assert_eq!(refused(&order, true), None, "{status}");
        }
    }

    #[test]
    fn an_order_without_a_status_is_taken_up_anyway() {
        let mut order = order("accepted", Phase::Settled);
        order.status = None;
        assert!(refused(&order, false).unwrap().contains("no status yet"));
    }
}
