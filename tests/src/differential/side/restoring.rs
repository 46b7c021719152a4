//! What comes after a restored backup: the hold on sending, orders taken up for a look, whole records, the work table made
//! anew.

use ackord::audit::{AuditedCall, AuditedFailure, OrderRecord, Shown, WorkRecord};
use ackord::order::OrderId;
use ackord::ports::{Hold, TakeUp};
use ackord::work::Phase;
use serde_json::{Value, json};

use super::super::bound::order;
use super::super::call::Call;
use super::super::state::alike_time;
use super::{Answer, Side, alike, kind};

impl Side {
    /// The answers to this are in no certain order.
    pub(super) async fn take_up(&self, request: &TakeUp) -> Answer {
        let mut told = self.store.take_up(request).await.map_err(kind)?;
        told.sort_by(|one, other| one.order_id.cmp(&other.order_id));
        Ok(told.iter().map(|claimed| self.claimed(claimed)).collect())
    }

    pub(super) async fn recover(&self, call: &Call) -> Answer {
        match call {
            Call::Sending => {
                let sending = self.store.sending().await.map_err(kind)?;
                Ok(json!([sending.epoch.0, sending.hold.map(hold)]))
            }
            Call::HoldSending { now } => self.store.hold_sending(now.timestamp()).await.map(hold).map_err(kind),
            Call::ToReconcile { since } => {
                let ids = self.store.to_reconcile(since.timestamp()).await.map_err(kind)?;
                self.in_two_parts(&ids).await
            }
            _ => unreachable!("{call:?} is made elsewhere"),
        }
    }

    /// The unsettled orders come first; within both parts they are in no certain order.
    async fn in_two_parts(&self, ids: &[OrderId]) -> Answer {
        let standings = self.store.standings(ids).await.map_err(kind)?;
        let is_settled = |id: &&OrderId| {
            let standing = standings.iter().find(|standing| standing.order_id == **id);
            standing.is_some_and(|standing| standing.phase == Phase::Settled)
        };
        let unsettled = ids.iter().take_while(|id| !is_settled(id)).count();
        let (unsettled, settled) = ids.split_at(unsettled);
        let names = |ids: &[OrderId]| {
            let mut names: Vec<_> = ids.iter().map(|id| id.as_str().to_owned()).collect();
            names.sort();
            names
        };
        Ok(json!({"unsettled": names(unsettled), "settled": names(settled)}))
    }

    pub(super) async fn rebuild(&self, call: &Call) -> Answer {
        match call {
            Call::Records { after, limit } => {
                let records = self.store.records(after.map(order), *limit).await.map_err(kind)?;
                Ok(records.iter().map(|record| self.record(record)).collect())
            }
            Call::BeginRebuild => self.store.begin_rebuild().await.map(super::done).map_err(kind),
            Call::Rebuild { after, limit, now } => {
                let page = self.store.rebuild(after.map(order), *limit, now.timestamp());
                let page = page.await.map_err(kind)?;
                Ok(json!({
                    "last": page.last.as_ref().map(OrderId::as_str),
                    "rebuilt": page.rebuilt,
                    "removed": page.removed,
                    "skipped": page.skipped.iter().map(OrderId::as_str).collect::<Vec<_>>(),
                }))
            }
            _ => unreachable!("{call:?} is made elsewhere"),
        }
    }

    fn record(&self, record: &OrderRecord) -> Value {
        let stored = record
            .stored
            .map(|stored| json!([alike_time(stored.created_at), stored.placed_at.map(alike_time)]));
        json!({
            "order": record.order_id.as_str(),
            "stored": stored,
            "entries": record.entries.iter().map(|entry| self.entry(entry)).collect::<Vec<_>>(),
            "calls": record.calls.iter().map(|call| self.audited_call(call)).collect::<Vec<_>>(),
            "failures": record.failures.iter().map(|failure| self.audited_failure(failure)).collect::<Vec<_>>(),
            "work": record.work.as_ref().map(|work| self.work_record(work)),
            "lost_looks": record.lost_looks.iter().map(|id| self.names.call(*id)).collect::<Vec<_>>(),
            "unreadable": [record.unreadable.len(), record.unreadable_work.iter().count()],
        })
    }

    fn audited_call(&self, call: &AuditedCall) -> Value {
        let shown = match &call.shown {
            Shown::Nothing => Value::Null,
            Shown::Missing => "missing".into(),
            Shown::State(state) => json!({ "state": state }),
        };
        alike(json!({
            "call": self.names.call(call.call_id),
            "service": call.service,
            "endpoint": call.endpoint,
            "related_id": call.related_id,
            "request": call.request,
            "fence": call.fence.map(|fence| fence.0),
            "started_at": alike_time(call.started_at),
            "answer_by": call.answer_by.map(alike_time),
            "outcome": call.outcome.map(|outcome| outcome.as_str()),
            "is_success": call.is_success,
            "shown": shown,
        }))
    }

    fn audited_failure(&self, failure: &AuditedFailure) -> Value {
        alike(json!({
            "failure": self.names.failure(failure.failure_id.0),
            "process_name": failure.process_name,
            "cause": failure.cause,
            "version": failure.version.map(|version| version.0),
            "payload": failure.payload,
            "needs_person": failure.needs_person,
            "resolved_at": failure.resolved_at.map(alike_time),
            "resolved_by": failure.resolved_by,
        }))
    }

    fn work_record(&self, work: &WorkRecord) -> Value {
        let standing = &work.standing;
        alike(json!({
            "version": work.version.0,
            "status": work.status.as_str(),
            "status_at": alike_time(work.status_at),
            "placed_at": alike_time(work.placed_at),
            "phase": standing.phase.as_str(),
            "due_at": standing.due_at.map(alike_time),
            "counts": [standing.attempt, standing.looks, standing.waiting_looks, standing.slow_looks],
            "since": alike_time(standing.since),
            "call_open": standing.call_open,
            "decision": standing.decision.as_ref().map(|decision| decision.to_json()),
            "reason": standing.reason,
            "call": work.call.map(|id| self.names.call(id)),
            "fence": work.fence.0,
            "lease_until": work.lease_until.map(alike_time),
        }))
    }
}

fn hold(hold: Hold) -> Value {
    json!([hold.epoch.0, alike_time(hold.since)])
}
