//! Batches as columns: the arrays that travel with one statement, and single values in the database's types.

use std::borrow::Cow;

use ackord::Timestamp;
use ackord::call::{CallEnd, NewCall};
use ackord::order::OrderId;
use ackord::ports::Intent;
use ackord::time::to_micros;
use ackord::work::{Settlement, Standing};
use jiff_sqlx::{Timestamp as At, ToSqlx as _};

use crate::text::{storable, storable_json};

/// A time as the database takes it.
pub(crate) fn at(time: Timestamp) -> At {
    to_micros(time).to_sqlx()
}

/// A count as the database takes it.
pub(crate) fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The longest page that is asked for.
pub(crate) fn page(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Ids of orders.
pub(crate) fn ids<'a>(orders: impl IntoIterator<Item = &'a OrderId>) -> Vec<&'a str> {
    orders.into_iter().map(OrderId::as_str).collect()
}

/// The first mention of each order, by id: writers of a batch touch rows in one order, so that none waits for another in a ring.
pub(crate) fn first_by_id<T>(items: &[T], id: impl Fn(&T) -> &OrderId) -> Vec<&T> {
    let mut sorted: Vec<&T> = items.iter().collect();
    sorted.sort_by(|one, other| id(one).cmp(id(other)));
    sorted.dedup_by(|later, first| id(later) == id(first));
    sorted
}

/// A JSON value as text that JSONB takes.
pub(crate) fn json(value: &serde_json::Value) -> String {
    let text = value.to_string();
    match storable_json(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(kept) => kept,
    }
}

/// The request side of calls.
#[derive(Debug, Default)]
pub(crate) struct Calls<'a> {
    pub(crate) endpoint: Vec<&'a str>,
    pub(crate) related_id: Vec<Option<Cow<'a, str>>>,
    pub(crate) request: Vec<String>,
    pub(crate) started_at: Vec<At>,
    pub(crate) answer_by: Vec<At>,
}

impl<'a> Calls<'a> {
    pub(crate) fn push(&mut self, call: &'a NewCall) {
        self.endpoint.push(call.endpoint.as_str());
        self.related_id.push(call.related_id.as_deref().map(storable));
        self.request.push(json(&call.request));
        self.started_at.push(at(call.started_at));
        self.answer_by.push(at(call.answer_by));
    }
}

/// Intents.
#[derive(Debug, Default)]
pub(crate) struct Intents<'a> {
    pub(crate) order_id: Vec<&'a str>,
    pub(crate) fence: Vec<i64>,
    pub(crate) version: Vec<i64>,
    pub(crate) calls: Calls<'a>,
    pub(crate) decision: Vec<String>,
}

impl<'a> FromIterator<&'a Intent> for Intents<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Intent>>(intents: I) -> Self {
        let mut columns = Self::default();
        for intent in intents {
            columns.order_id.push(intent.order_id.as_str());
            columns.fence.push(intent.fence.0);
            columns.version.push(intent.version.0);
            columns.calls.push(&intent.call);
            columns.decision.push(json(&intent.decision.to_json()));
        }
        columns
    }
}

/// The answer side of calls.
#[derive(Debug, Default)]
pub(crate) struct Ends<'a> {
    pub(crate) call_id: Vec<i64>,
    pub(crate) outcome: Vec<&'a str>,
    pub(crate) is_success: Vec<bool>,
    pub(crate) status_code: Vec<Option<i32>>,
    pub(crate) response: Vec<Option<Cow<'a, str>>>,
    pub(crate) duration_ms: Vec<i64>,
}

impl<'a> Ends<'a> {
    pub(crate) fn push(&mut self, call_id: i64, end: &'a CallEnd) {
        self.call_id.push(call_id);
        self.outcome.push(end.outcome.as_str());
        self.is_success.push(end.outcome.is_success());
        self.status_code.push(end.status_code.map(i32::from));
        self.response.push(end.response.as_deref().map(storable));
        self.duration_ms
            .push(i64::try_from(end.duration.as_millis()).unwrap_or(i64::MAX));
    }
}

/// Standings.
#[derive(Debug, Default)]
pub(crate) struct Standings<'a> {
    pub(crate) phase: Vec<&'a str>,
    pub(crate) due_at: Vec<Option<At>>,
    pub(crate) attempt: Vec<i32>,
    pub(crate) looks: Vec<i32>,
    pub(crate) waiting_looks: Vec<i32>,
    pub(crate) slow_looks: Vec<i32>,
    pub(crate) since_at: Vec<At>,
    pub(crate) call_open: Vec<bool>,
    pub(crate) decision: Vec<Option<String>>,
    pub(crate) reason: Vec<Option<Cow<'a, str>>>,
}

impl<'a> Standings<'a> {
    pub(crate) fn push(&mut self, standing: &'a Standing) {
        self.phase.push(standing.phase.as_str());
        self.due_at.push(standing.due_at.map(at));
        self.attempt.push(count(standing.attempt));
        self.looks.push(count(standing.looks));
        self.waiting_looks.push(count(standing.waiting_looks));
        self.slow_looks.push(count(standing.slow_looks));
        self.since_at.push(at(standing.since));
        self.call_open.push(standing.call_open);
        self.decision
            .push(standing.decision.as_ref().map(|decision| json(&decision.to_json())));
        self.reason.push(standing.reason.as_deref().map(storable));
    }
}

/// Settlements. An entry is there where its status is, an inbox entry where its cause is.
#[derive(Debug, Default)]
pub(crate) struct Settlements<'a> {
    pub(crate) order_id: Vec<&'a str>,
    pub(crate) fence: Vec<i64>,
    pub(crate) version: Vec<i64>,
    pub(crate) status: Vec<Option<Cow<'a, str>>>,
    pub(crate) note: Vec<Option<Cow<'a, str>>>,
    pub(crate) entry_attempt: Vec<Option<i32>>,
    pub(crate) retry_at: Vec<Option<At>>,
    pub(crate) send: Vec<Option<i64>>,
    pub(crate) look: Vec<Option<i64>>,
    pub(crate) related_id: Vec<Option<Cow<'a, str>>>,
    pub(crate) cause: Vec<Option<&'a str>>,
    pub(crate) details: Vec<Option<Cow<'a, str>>>,
    pub(crate) payload: Vec<Option<String>>,
    pub(crate) needs_person: Vec<Option<bool>>,
    pub(crate) resolution: Vec<Option<Cow<'a, str>>>,
    pub(crate) close_call: Vec<Option<i64>>,
    pub(crate) keeps_count: Vec<bool>,
    pub(crate) standings: Standings<'a>,
}

impl<'a> FromIterator<&'a Settlement> for Settlements<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Settlement>>(settlements: I) -> Self {
        let mut columns = Self::default();
        for settlement in settlements {
            columns.push(settlement);
        }
        columns.spare();
        columns
    }
}

/// Empties a column without a value: `unnest` makes up for what a column lacks with NULLs, and most batches have no failure.
fn spare<T>(column: &mut Vec<Option<T>>) {
    if column.iter().all(Option::is_none) {
        column.clear();
    }
}

impl<'a> Settlements<'a> {
    fn spare(&mut self) {
        spare(&mut self.status);
        spare(&mut self.note);
        spare(&mut self.entry_attempt);
        spare(&mut self.retry_at);
        spare(&mut self.send);
        spare(&mut self.look);
        spare(&mut self.related_id);
        spare(&mut self.cause);
        spare(&mut self.details);
        spare(&mut self.payload);
        spare(&mut self.needs_person);
        spare(&mut self.resolution);
        spare(&mut self.close_call);
        spare(&mut self.standings.due_at);
        spare(&mut self.standings.decision);
        spare(&mut self.standings.reason);
    }

    fn push(&mut self, settlement: &'a Settlement) {
        self.order_id.push(settlement.order_id.as_str());
        self.fence.push(settlement.fence.0);
        self.version.push(settlement.version.0);
        let entry = settlement.entry.as_ref();
        self.status.push(entry.map(|entry| storable(entry.status.as_str())));
        self.note.push(entry.map(|entry| storable(&entry.note)));
        self.entry_attempt
            .push(entry.and_then(|entry| entry.attempt).map(count));
        self.retry_at.push(entry.and_then(|entry| entry.retry_at).map(at));
        self.send.push(entry.and_then(|entry| entry.send).map(|call| call.0));
        self.look.push(entry.and_then(|entry| entry.look).map(|call| call.0));
        let failure = settlement.failure.as_ref();
        self.related_id
            .push(failure.map(|failure| storable(&failure.related_id)));
        self.cause.push(failure.map(|failure| failure.cause.as_str()));
        self.details.push(failure.map(|failure| storable(&failure.details)));
        self.payload.push(failure.map(|failure| json(&failure.payload)));
        self.needs_person.push(failure.map(|failure| failure.needs_person));
        self.resolution.push(settlement.resolution.as_deref().map(storable));
        self.close_call.push(settlement.close_call.map(|call| call.0));
        self.keeps_count.push(settlement.keeps_count);
        self.standings.push(&settlement.standing);
    }
}
