//! One of the stores that are compared: makes calls on it, and tells what it answered in the terms of all sides.
//!
//! The file is long because the ports are: each call and each answer is told here.

mod restoring;
mod stream;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use ackord::budget::{CallRate, Wanted};
use ackord::call::CallId;
use ackord::memory::MemoryStore;
use ackord::ports::{
    CallFilter, CallRow, Decided, Entry, FailureFilter, FailureRow, ManualEntry, OrderCursor, OrderFilter, OrderStory,
    OrderSummary, PollSlot, PruneBatch, ShopKey, ShopState, StoreError,
};
use ackord::retention::{self, Walk};
use ackord::status::OrderStatus;
use ackord::work::{Claimed, Settlement, Version};
use serde_json::{Value, json};

use super::bound::{Bound, order};
use super::call::Call;
use super::names::Names;
use super::state::{self, Dump, State, alike_time, text_alike};
use crate::contract::store::{AnyStore, Foreign, ForeignEntry};

/// Ten calls, and none comes back while a history is played.
const TEN_CALLS: CallRate = CallRate {
    interval: Duration::from_secs(1_000_000),
    burst: 10,
};

/// No log of a history is this many batches long.
const MOST_BATCHES: u32 = 1_000;

/// How a side's tables are read past its ports.
#[derive(Debug, Clone)]
pub(super) enum Inside {
    /// By the store's own view.
    Memory(MemoryStore),
    /// By this query.
    Sql(String),
}

/// What a call was answered: a value, or the kind of its refusal.
pub(super) type Answer = Result<Value, String>;

/// A store under comparison.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) store: Arc<dyn AnyStore>,
    pub(super) foreign: Arc<dyn Foreign>,
    pub(super) inside: Inside,
    pub(super) names: Names,
    /// The rows that were read last, and what was made of them: most calls leave most rows alone.
    last: Option<(Rows, Arc<State>)>,
}

/// Rows as they were read.
#[derive(Debug, PartialEq)]
enum Rows {
    Memory(Dump),
    Sql(Vec<String>),
}

impl Side {
    pub(super) fn new(store: Arc<dyn AnyStore>, foreign: Arc<dyn Foreign>, inside: Inside) -> Self {
        Self {
            store,
            foreign,
            inside,
            names: Names::default(),
            last: None,
        }
    }

    /// All that it holds.
    pub(super) async fn state(&mut self) -> Arc<State> {
        let rows = match &self.inside {
            Inside::Memory(store) => Rows::Memory(state::dump(store)),
            Inside::Sql(query) => Rows::Sql(self.foreign.texts(query).await.expect("the tables can be read")),
        };
        if let Some((last, state)) = &self.last
            && *last == rows
        {
            return Arc::clone(state);
        }
        let state = match &rows {
            Rows::Memory(dump) => state::state(dump, &mut self.names),
            Rows::Sql(texts) => {
                let dump = serde_json::from_str(&texts.concat()).expect("JSON");
                state::state(&dump, &mut self.names)
            }
        };
        let state = Arc::new(state);
        self.last = Some((rows, Arc::clone(&state)));
        state
    }

    /// Makes a call.
    pub(super) async fn make(&mut self, call: &Bound) -> Answer {
        match self.own(call.clone()) {
            Bound::Ingest(orders, now, operation) => {
                let told = self.store.ingest(&orders, now, operation).await.map_err(kind)?;
                let known = told.known.iter().map(|known| {
                    json!([
                        known.order_id.as_str(),
                        known.status.as_str(),
                        known.version.0,
                        alike_time(known.status_at)
                    ])
                });
                Ok(json!({
                    "new": told.new.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
                    "known": known.collect::<Vec<_>>(),
                }))
            }
            Bound::Claim(request) => {
                let told = self.store.claim(&request).await.map_err(kind)?;
                Ok(told.iter().map(|claimed| self.claimed(claimed)).collect())
            }
            Bound::Renew(request) => {
                let told = self.store.renew(&request).await.map_err(kind)?;
                Ok(told.iter().map(words).collect())
            }
            Bound::Intend(intents, operation) => {
                let told = self.store.record_intents(&intents, operation).await.map_err(kind)?;
                told.iter().flatten().for_each(|id| self.names.told(*id));
                Ok(told.iter().map(|id| id.map(|id| self.names.call(id))).collect())
            }
            Bound::Answer(answers) => self.store.record_answers(&answers).await.map(done).map_err(kind),
            Bound::Settle(settlements, now, operation) => {
                let told = self.store.settle(&settlements, now, operation).await.map_err(kind)?;
                Ok(told.iter().map(words).collect())
            }
            Bound::Begin(call) => {
                let id = self.store.begin(&call).await.map_err(kind)?;
                self.names.told(id);
                Ok(self.names.call(id))
            }
            Bound::Finish(id, end, seen) => self.store.finish(id, &end, &seen).await.map(done).map_err(kind),
            Bound::OpenInbox(entries) => self.store.open(&entries).await.map(Value::from).map_err(kind),
            Bound::Lookup(id) => {
                let row = self.store.call(id).await.map_err(kind)?;
                Ok(row.map_or(Value::Null, |row| self.call_row(&row)))
            }
            Bound::CallsBefore(before, call) => self.list_calls(before, &call).await,
            Bound::AllowSending(hold) => self.store.allow_sending(hold).await.map(Value::from).map_err(kind),
            Bound::TakeUp(request) => self.take_up(&request).await,
            Bound::Other(call) => self.ask(&call).await,
        }
    }

    async fn ask(&self, call: &Call) -> Answer {
        match call {
            Call::NextDue { phases, now } => {
                let due = self.store.next_due(phases, now.timestamp()).await.map_err(kind)?;
                Ok(due.map_or(Value::Null, alike_time))
            }
            Call::Standings { orders } => {
                let ids: Vec<_> = orders.iter().map(|name| order(name)).collect();
                let told = self.store.standings(&ids).await.map_err(kind)?;
                let one = told.iter().map(|standing| {
                    json!([
                        standing.order_id.as_str(),
                        standing.phase.as_str(),
                        standing.due_at.map(alike_time),
                        standing.leased_until.map(alike_time)
                    ])
                });
                Ok(one.collect())
            }
            Call::Count { phases } => self.store.count(phases).await.map(Value::from).map_err(kind),
            Call::Shop { key } => self.store.shop(&shop_key(key)).await.map(shop).map_err(kind),
            Call::ReservePoll { key, now, interval } => {
                let key = shop_key(key);
                let slot = self.store.reserve_poll(&key, now.timestamp(), *interval);
                Ok(match slot.await.map_err(kind)? {
                    PollSlot::Granted => "granted".into(),
                    PollSlot::NotBefore(at) => json!(["not before", alike_time(at)]),
                })
            }
            Call::Pause { key, until } => {
                let key = shop_key(key);
                let paused = self.store.pause(&key, until.timestamp());
                paused.await.map(done).map_err(kind)
            }
            Call::DrawCalls { key, least, most } => {
                let wanted = Wanted {
                    least: *least,
                    most: *most,
                    within: Duration::ZERO,
                };
                let drawn = self.store.draw_calls(&shop_key(key), TEN_CALLS, wanted).await;
                drawn.map(|drawn| drawn.calls.into()).map_err(kind)
            }
            Call::CountUnanswered {
                key,
                answered,
                unanswered,
            } => {
                let key = shop_key(key);
                let counted = self.store.count_unanswered(&key, *answered, *unanswered);
                counted.await.map(shop).map_err(kind)
            }
            Call::ListOrders { .. } | Call::Summaries { .. } | Call::Story { .. } | Call::ListFailures { .. } => {
                self.read(call).await
            }
            Call::Stream { .. } => self.stream(call).await,
            Call::Sending | Call::HoldSending { .. } | Call::ToReconcile { .. } => self.recover(call).await,
            Call::Prune { .. } | Call::Prunings { .. } => self.prune(call).await,
            Call::Decide { .. } | Call::CloseFailures { .. } => self.decide(call).await,
            Call::Records { .. } | Call::BeginRebuild | Call::Rebuild { .. } => self.rebuild(call).await,
            _ => self.act_as_another(call).await,
        }
    }

    async fn prune(&self, call: &Call) -> Answer {
        match call {
            Call::Prune {
                before,
                now,
                limit,
                preview,
            } => {
                let batch = PruneBatch {
                    before: before.timestamp(),
                    after: None,
                    limit: *limit,
                    now: now.timestamp(),
                    actor: "kim".to_owned(),
                };
                let walk = if *preview { Walk::Preview } else { Walk::Prune };
                let mut batches = 0;
                let sum = retention::walk(&*self.store, walk, batch, |_| {
                    batches += 1;
                    batches < MOST_BATCHES
                });
                let sum = sum.await.map_err(kind)?;
                let on_record = self.store.prunings(usize::MAX).await.map_err(kind)?;
                // Bytes are the store's own matter: some spell a NUL with more of them.
                Ok(json!([sum.calls, sum.kept, batches, on_record.len()]))
            }
            Call::Prunings { limit } => {
                let told = self.store.prunings(*limit).await.map_err(kind)?;
                let one = told.iter().map(|pruning| {
                    let (first, last) = (self.names.call(pruning.first), self.names.call(pruning.last));
                    let (at, before) = (alike_time(pruning.at), alike_time(pruning.before));
                    json!([at, pruning.actor, before, pruning.calls, first, last])
                });
                Ok(one.collect())
            }
            _ => unreachable!("{call:?} is made elsewhere"),
        }
    }

    /// What a person does.
    async fn decide(&self, call: &Call) -> Answer {
        let decided = match call {
            Call::Decide { entries } => {
                let mut manual = Vec::with_capacity(entries.len());
                for entry in entries {
                    let id = order(entry.order);
                    let story = self.store.story(&id).await.map_err(kind)?;
                    let version = story.map_or(0, |story| story.summary.version.0);
                    manual.push(ManualEntry {
                        order_id: id,
                        version: Version(version + entry.version_off),
                        status: OrderStatus::parse(entry.status),
                        note: entry.note.to_owned(),
                        resolution: entry.resolution.map(str::to_owned),
                    });
                }
                self.store.add_entries(&manual, "kim").await
            }
            Call::CloseFailures { failures } => {
                let ids: Vec<_> = failures.iter().map(|place| self.names.failure_at(*place)).collect();
                self.store.close_failures(&ids, "kim", "closed by hand").await
            }
            _ => unreachable!("{call:?} is made elsewhere"),
        };
        let decided = decided.map_err(kind)?;
        Ok(decided.iter().map(|one| json!(*one == Decided::Written)).collect())
    }

    /// What other programs do; their refusals differ in their words alone.
    async fn act_as_another(&self, call: &Call) -> Answer {
        let acted = match call {
            Call::ForeignOrder { order } => self.foreign.insert_order(order, "{\"from\": \"elsewhere\"}").await,
            Call::ForeignEntries { entries } => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|entry| ForeignEntry {
                        order_id: entry.order.to_owned(),
                        status: entry.status.to_owned(),
                        note: entry.note.map(str::to_owned),
                        retry_at: entry.retry_at.map(|at| at.timestamp()),
                    })
                    .collect();
                self.foreign.append(&entries).await
            }
            Call::ForeignFailure {
                related,
                process,
                details,
            } => self.foreign.insert_failure(related, process, details).await,
            Call::RaiseEpoch => self.foreign.raise_epoch().await,
            _ => unreachable!("{call:?} is made elsewhere"),
        };
        acted.map(done).map_err(|_| "refused".to_owned())
    }

    async fn read(&self, call: &Call) -> Answer {
        match call {
            Call::ListOrders {
                status,
                since,
                after,
                limit,
            } => {
                let after = match after {
                    Some(name) => self.store.story(&order(name)).await.map_err(kind)?,
                    None => None,
                };
                let filter = OrderFilter {
                    status: status.map(OrderStatus::parse),
                    since: since.map(|at| at.timestamp()),
                    after: after.map(|story| OrderCursor {
                        placed_at: story.summary.placed_at,
                        order_id: story.summary.order_id,
                    }),
                    limit: *limit,
                };
                let told = self.store.orders(&filter).await.map_err(kind)?;
                Ok(told.iter().map(summary).collect())
            }
            Call::Summaries { orders } => {
                let ids: Vec<_> = orders.iter().copied().map(order).collect();
                let told = self.store.summaries(&ids).await.map_err(kind)?;
                Ok(told.iter().map(summary).collect())
            }
            Call::Story { order: name } => {
                let story = self.store.story(&order(name)).await.map_err(kind)?;
                Ok(story.map_or(Value::Null, |story| self.story(&story)))
            }
            Call::ListFailures {
                open,
                needs_person,
                cause,
                related,
                since,
                limit,
            } => {
                let filter = FailureFilter {
                    open: *open,
                    needs_person: *needs_person,
                    cause: cause.map(str::to_owned),
                    related_id: related.map(str::to_owned),
                    since: since.map(|at| at.timestamp()),
                    before: None,
                    limit: *limit,
                };
                let told = self.store.failures(&filter).await.map_err(kind)?;
                Ok(told.iter().map(|row| self.failure(row)).collect())
            }
            _ => unreachable!("{call:?} is made elsewhere"),
        }
    }

    async fn list_calls(&self, before: Option<CallId>, call: &Call) -> Answer {
        let Call::ListCalls {
            order: about,
            endpoint,
            outcome,
            since,
            limit,
            ..
        } = call
        else {
            unreachable!("{call:?} is made elsewhere");
        };
        let filter = CallFilter {
            order: about.map(order),
            endpoint: endpoint.map(str::to_owned),
            outcome: *outcome,
            since: since.map(|at| at.timestamp()),
            before,
            limit: *limit,
        };
        let told = self.store.calls(&filter).await.map_err(kind)?;
        Ok(told.iter().map(|row| self.call_row(row)).collect())
    }

    /// The call with this side's own ids in it.
    fn own(&self, call: Bound) -> Bound {
        let own = |id: CallId| self.names.own(id);
        match call {
            Bound::Ingest(mut orders, now, operation) => {
                orders.iter_mut().for_each(|order| order.look = own(order.look));
                Bound::Ingest(orders, now, operation)
            }
            Bound::Answer(mut answers) => {
                answers.iter_mut().for_each(|answer| answer.call = own(answer.call));
                Bound::Answer(answers)
            }
            Bound::Settle(mut settlements, now, operation) => {
                for Settlement { entry, close_call, .. } in &mut settlements {
                    if let Some(entry) = entry {
                        entry.send = entry.send.map(own);
                        entry.look = entry.look.map(own);
                    }
                    *close_call = close_call.map(own);
                }
                Bound::Settle(settlements, now, operation)
            }
            Bound::Finish(id, end, seen) => Bound::Finish(own(id), end, seen),
            Bound::Lookup(id) => Bound::Lookup(own(id)),
            Bound::CallsBefore(before, call) => Bound::CallsBefore(before.map(own), call),
            as_it_is => as_it_is,
        }
    }

    fn claimed(&self, claimed: &Claimed) -> Value {
        let standing = &claimed.standing;
        let call = claimed.call.map(|call| {
            json!([
                self.names.call(call.id),
                alike_time(call.started_at),
                alike_time(call.answer_by),
                call.outcome.map(|outcome| outcome.as_str()),
            ])
        });
        alike(json!({
            "order": claimed.order_id.as_str(),
            "fence": claimed.fence.0,
            "version": claimed.version.0,
            "status": claimed.status.as_str(),
            "placed_at": alike_time(claimed.placed_at),
            "phase": standing.phase.as_str(),
            "due_at": standing.due_at.map(alike_time),
            "counts": [standing.attempt, standing.looks, standing.waiting_looks, standing.slow_looks],
            "since": alike_time(standing.since),
            "call_open": standing.call_open,
            "decision": standing.decision.as_ref().map(|decision| decision.to_json()),
            "reason": standing.reason,
            "call": call,
            "unreleased_claims": [claimed.unreleased_claims, claimed.unreleased_alone],
        }))
    }

    fn story(&self, story: &OrderStory) -> Value {
        json!({
            "summary": summary(&story.summary),
            "entries": story.entries.iter().map(|entry| self.entry(entry)).collect::<Vec<_>>(),
            "calls": story.calls.iter().map(|row| self.call_row(row)).collect::<Vec<_>>(),
            "failures": story.failures.iter().map(|row| self.failure(row)).collect::<Vec<_>>(),
        })
    }

    fn entry(&self, entry: &Entry) -> Value {
        alike(json!({
            "version": entry.version.0,
            "status": entry.status.as_str(),
            "note": entry.note,
            "at": alike_time(entry.at),
            "source": entry.source,
            "actor": entry.actor,
            "attempt": entry.attempt,
            "retry_at": entry.retry_at.map(alike_time),
            "send": entry.send.map(|id| self.names.call(id)),
            "look": entry.look.map(|id| self.names.call(id)),
        }))
    }

    fn call_row(&self, row: &CallRow) -> Value {
        let mut seen = row.seen.clone();
        seen.sort();
        alike(json!({
            "call": self.names.call(row.call_id),
            "service": row.service,
            "endpoint": row.endpoint,
            "related_id": row.related_id,
            "request": row.request,
            "response": row.response,
            "status_code": row.status_code,
            "is_success": row.is_success,
            "at": alike_time(row.at),
            "outcome": row.outcome.map(|outcome| outcome.as_str()),
            "duration_ms": row.duration_ms,
            "pruned_at": row.pruned_at.map(alike_time),
            "seen": seen,
        }))
    }

    fn failure(&self, row: &FailureRow) -> Value {
        alike(json!({
            "failure": self.names.failure(row.failure_id.0),
            "related_id": row.related_id,
            "process_name": row.process_name,
            "cause": row.cause,
            "details": row.details,
            "payload": row.payload,
            "at": alike_time(row.at),
            "needs_person": row.needs_person,
            "resolved_at": row.resolved_at.map(alike_time),
            "resolved_by": row.resolved_by,
            "resolution": row.resolution,
        }))
    }
}

fn summary(summary: &OrderSummary) -> Value {
    alike(json!({
        "order": summary.order_id.as_str(),
        "placed_at": alike_time(summary.placed_at),
        "status": summary.status.as_ref().map(OrderStatus::as_str),
        "version": summary.version.0,
        "status_at": summary.status_at.map(alike_time),
        "note": summary.note,
        "phase": summary.phase.map(|phase| phase.as_str()),
        "due_at": summary.due_at.map(alike_time),
        "attempt": summary.attempt,
        "open_failures": summary.open_failures,
    }))
}

fn shop_key(key: &str) -> ShopKey {
    ShopKey(key.to_owned())
}

fn shop(shop: ShopState) -> Value {
    json!([
        shop.paused_until.map(alike_time),
        shop.next_poll_at.map(alike_time),
        shop.unanswered_in_row
    ])
}

fn alike(value: Value) -> Value {
    text_alike(&value)
}

fn done(_: ()) -> Value {
    "done".into()
}

fn words(value: &impl Debug) -> Value {
    format!("{value:?}").into()
}

/// What kind of refusal it is.
fn kind(error: StoreError) -> String {
    let words = format!("{error:?}");
    words.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
}
