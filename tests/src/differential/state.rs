//! All that a store holds, row by row, in one form for every store.

use std::collections::BTreeMap;

use ackord::call::CallId;
use ackord::memory::MemoryStore;
use ackord::ports::Recovery as _;
use ackord::time::Timestamp;
use futures_util::FutureExt as _;
use serde_json::{Map, Value, json};

use super::call::At;
use super::names::Names;
use crate::contract::store::Dialect;

/// What a column holds, and so how its values are made alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text, numbers.
    Plain,
    Bool,
    Time,
    Json,
    Call,
    Failure,
}

use Kind::{Bool, Call, Failure, Json, Plain, Time};

type Columns = &'static [(&'static str, Kind)];

const ORDERS: Columns = &[
    ("order_id", Plain),
    ("raw_order_data", Json),
    ("created_at", Time),
    ("placed_at", Time),
];

const ENTRIES: Columns = &[
    ("order_id", Plain),
    ("version", Plain),
    ("status", Plain),
    ("notes", Plain),
    ("timestamp", Time),
    ("source", Plain),
    ("actor", Plain),
    ("attempt", Plain),
    ("retry_at", Time),
    ("send_call_id", Call),
    ("look_call_id", Call),
];

const CALLS: Columns = &[
    ("call_id", Call),
    ("service", Plain),
    ("endpoint", Plain),
    ("related_id", Plain),
    ("request_payload", Json),
    ("response_body", Plain),
    ("status_code", Plain),
    ("is_success", Bool),
    ("timestamp", Time),
    ("fence", Plain),
    ("answer_by", Time),
    ("outcome", Plain),
    ("duration_ms", Plain),
];

const SEEN: Columns = &[("call_id", Call), ("order_id", Plain), ("state", Plain)];

const FAILURES: Columns = &[
    ("failure_id", Failure),
    ("related_id", Plain),
    ("process_name", Plain),
    ("cause", Plain),
    ("details", Plain),
    ("payload", Json),
    ("timestamp", Time),
    ("needs_person", Bool),
    ("version", Plain),
    ("resolved_at", Time),
    ("resolved_by", Plain),
    ("resolution", Plain),
];

const WORK: Columns = &[
    ("order_id", Plain),
    ("version", Plain),
    ("status", Plain),
    ("status_at", Time),
    ("phase", Plain),
    ("due_at", Time),
    ("placed_at", Time),
    ("attempt", Plain),
    ("looks", Plain),
    ("waiting_looks", Plain),
    ("slow_looks", Plain),
    ("since_at", Time),
    ("call_id", Call),
    ("call_open", Bool),
    ("decision", Json),
    ("reason", Plain),
    ("fence", Plain),
    ("lease_until", Time),
    ("worker", Plain),
    ("unreleased_claims", Plain),
    ("unreleased_alone", Plain),
];

const META: Columns = &[("epoch", Plain), ("held_epoch", Plain), ("held_since", Time)];

const TABLES: [(&str, Columns); 7] = [
    ("orders", ORDERS),
    ("order_status_history", ENTRIES),
    ("api_calls", CALLS),
    ("call_orders", SEEN),
    ("process_failures", FAILURES),
    ("order_work", WORK),
    ("store_meta", META),
];

/// The rows of each table, their values in the order of the columns, as a store gives them.
pub(super) type Dump = BTreeMap<String, Vec<Vec<Value>>>;

/// The rows of each table, made alike.
pub(super) type State = BTreeMap<String, Vec<Value>>;

/// The query that dumps a store as one JSON text.
pub(super) fn query(dialect: Dialect) -> String {
    let (object, array, all) = match dialect {
        Dialect::Postgres => ("json_build_object", "json_build_array", "json_agg"),
        Dialect::Sqlite => ("json_object", "json_array", "json_group_array"),
    };
    let table = |(name, columns): &(&str, Columns)| {
        let columns: Vec<_> = columns.iter().map(|(column, _)| format!("\"{column}\"")).collect();
        let row = format!("{array}({})", columns.join(", "));
        match dialect {
            Dialect::Postgres => format!("'{name}', (SELECT coalesce({all}({row}), '[]') FROM {name})"),
            Dialect::Sqlite => format!("'{name}', (SELECT json({all}(json({row}))) FROM {name})"),
        }
    };
    let tables: Vec<_> = TABLES.iter().map(table).collect();
    match dialect {
        Dialect::Postgres => format!("SELECT {object}({})::text", tables.join(", ")),
        Dialect::Sqlite => format!("SELECT {object}({})", tables.join(", ")),
    }
}

/// The same of the store in memory.
pub(super) fn dump(store: &MemoryStore) -> Dump {
    let time = |at: Timestamp| Value::from(at.to_string());
    let optional = |at: Option<Timestamp>| at.map(time);
    let call = |id: Option<CallId>| id.map(|id| id.0);
    let mut dump = Dump::new();
    let mut put = |table: &str, row: Value| {
        let Value::Array(row) = row else { return };
        dump.entry(table.to_owned()).or_default().push(row);
    };
    let sending = store.sending().now_or_never().and_then(Result::ok);
    let sending = sending.expect("the store in memory answers at once");
    let (held, since) = (
        sending.hold.map(|hold| hold.epoch.0),
        sending.hold.map(|hold| hold.since),
    );
    put("store_meta", json!([sending.epoch.0, held, optional(since)]));
    for (id, row) in store.order_rows() {
        put(
            "orders",
            json!([id.as_str(), &*row.raw, time(row.created_at), optional(row.placed_at)]),
        );
        for entry in store.entries(&id) {
            put(
                "order_status_history",
                json!([
                    id.as_str(),
                    entry.version.0,
                    entry.status.as_str(),
                    entry.note,
                    time(entry.at),
                    entry.source,
                    entry.actor,
                    entry.attempt,
                    optional(entry.retry_at),
                    call(entry.send),
                    call(entry.look),
                ]),
            );
        }
    }
    for logged in store.logged_calls() {
        let row = logged.row;
        for (order, state) in &row.seen {
            put("call_orders", json!([row.call_id.0, order, state]));
        }
        put(
            "api_calls",
            json!([
                row.call_id.0,
                row.service,
                row.endpoint,
                row.related_id,
                row.request,
                row.response,
                row.status_code,
                row.is_success,
                time(row.at),
                logged.fence.map(|fence| fence.0),
                time(logged.answer_by),
                row.outcome.map(|outcome| outcome.as_str()),
                row.duration_ms,
            ]),
        );
    }
    for filed in store.filed_failures() {
        let row = filed.row;
        put(
            "process_failures",
            json!([
                row.failure_id.0,
                row.related_id,
                row.process_name,
                row.cause,
                row.details,
                row.payload,
                time(row.at),
                row.needs_person,
                filed.version.map(|version| version.0),
                optional(row.resolved_at),
                row.resolved_by,
                row.resolution,
            ]),
        );
    }
    for (id, row) in store.work_rows() {
        let standing = row.standing;
        put(
            "order_work",
            json!([
                id.as_str(),
                row.version.0,
                row.status.as_str(),
                time(row.status_at),
                standing.phase.as_str(),
                optional(standing.due_at),
                time(row.placed_at),
                standing.attempt,
                standing.looks,
                standing.waiting_looks,
                standing.slow_looks,
                time(standing.since),
                call(row.call),
                standing.call_open,
                standing.decision.map(|decision| decision.to_json()),
                standing.reason,
                row.fence.0,
                optional(row.lease_until),
                row.worker,
                row.unreleased_claims,
                row.unreleased_alone,
            ]),
        );
    }
    dump
}

/// Makes a dump alike to those of the other sides, and names what is new in it.
pub(super) fn state(dump: &Dump, names: &mut Names) -> State {
    let alike = |columns: Columns, row: &[Value], names: &Names| -> Map<String, Value> {
        let columns = columns.iter().zip(row);
        columns
            .map(|((column, kind), value)| ((*column).to_owned(), made_alike(*kind, value, names)))
            .collect()
    };
    let unnamed = dump.get("process_failures").into_iter().flatten().filter_map(|row| {
        let id = row.first()?.as_i64()?;
        let contents = || format!("{:?}", alike(&FAILURES[1..], &row[1..], names));
        names.failure(id).is_none().then(|| (contents(), id))
    });
    let unnamed = unnamed.collect();
    names.name_failures(unnamed);
    let table = |(name, columns): (&str, Columns)| {
        let rows = dump.get(name).into_iter().flatten();
        let mut rows: Vec<_> = rows
            .map(|row| Value::Object(without_leftovers(alike(columns, row, names))))
            .collect();
        rows.sort_by_cached_key(|row| {
            columns
                .iter()
                .take(2)
                .map(|(column, _)| row[*column].to_string())
                .collect::<Vec<_>>()
        });
        (name.to_owned(), rows)
    };
    TABLES.into_iter().map(table).collect()
}

/// Where no claim is unreleased, nobody reads how many of them were alone: the next claim sets it anew.
fn without_leftovers(mut row: Map<String, Value>) -> Map<String, Value> {
    if row.get("unreleased_claims") == Some(&Value::from(0)) {
        row.insert("unreleased_alone".to_owned(), Value::from(0));
    }
    row
}

fn made_alike(kind: Kind, value: &Value, names: &Names) -> Value {
    match (kind, value) {
        (_, Value::Null) => Value::Null,
        (Bool, Value::Number(number)) => Value::Bool(number.as_i64() != Some(0)),
        (Time, Value::String(text)) => text.parse().map_or_else(|_| value.clone(), alike_time),
        (Json, Value::String(text)) => text_alike(&serde_json::from_str(text).unwrap_or_else(|_| value.clone())),
        (Call, Value::Number(number)) => names.call(CallId(number.as_i64().unwrap_or_default())),
        (Failure, Value::Number(number)) => {
            let name = number.as_i64().and_then(|id| names.failure(id));
            name.unwrap_or_else(|| value.clone())
        }
        _ => text_alike(value),
    }
}

/// Times of the store's own clock are all alike; the others are told as in the calls.
pub(super) fn alike_time(at: Timestamp) -> Value {
    let micros = at.as_microsecond() - At(0).timestamp().as_microsecond();
    let years_off = micros / (365 * 86_400 * 1_000_000);
    if years_off < -10 {
        return "the store's time".into();
    }
    format!("{:?}", At(micros)).into()
}

/// Texts without the NUL character, which not every store can keep.
pub(super) fn text_alike(value: &Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => text.replace('\0', "\u{fffd}").into(),
        Value::Array(list) => list.iter().map(text_alike).collect(),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(name, value)| (name.clone(), text_alike(value)))
                .collect(),
        ),
        _ => value.clone(),
    }
}

/// Where two values differ, each with its place: the reference's first.
pub(super) fn differences(place: &str, left: &Value, right: &Value, found: &mut Vec<String>) {
    match (left, right) {
        _ if left == right => {}
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            for (name, value) in one {
                differences(&format!("{place}.{name}"), value, &other[name], found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (number, (one, other)) in one.iter().zip(other).enumerate() {
                differences(&format!("{place}[{number}]"), one, other, found);
            }
        }
        _ => found.push(format!("{place}: {left} against {right}")),
    }
}
