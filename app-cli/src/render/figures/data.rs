//! Figures as JSON and as comma-separated values.

use ackord::failure::FailureCause;
use ackord::figures::{Counts, OTHER};
use serde_json::{Map, Value, json};

use super::{FAR_END, MEDIAN, Named, millis};
use crate::render::csv::line;

/// Figures as JSON: times in RFC 3339 and UTC, spans of time in milliseconds, what can't be told is null.
#[must_use]
pub fn json(named: &Named<'_>) -> Value {
    let spans = named.spans().map(|(day, from, to, counts)| {
        let mut fields = of(counts);
        fields.insert("first_day".to_owned(), day.into());
        fields.insert("from".to_owned(), from.to_string().into());
        fields.insert("to".to_owned(), to.to_string().into());
        Value::Object(fields)
    });
    json!({
        "by": named.by,
        "time_zone": named.zone_name,
        "spans": spans.collect::<Vec<_>>(),
        "total": of(named.figures.total()),
    })
}

fn of(counts: &Counts) -> Map<String, Value> {
    let waits = &counts.waits;
    let value = json!({
        "new_orders": counts.new_orders,
        "accepted": counts.accepted,
        "cancelled": counts.cancelled(),
        "refused": counts.refused,
        "time_to_acceptance": {
            "median_ms": millis(waits, MEDIAN),
            "p95_ms": millis(waits, FAR_END),
            "exact": waits.is_exact(),
        },
        "failures": counts.failures,
    });
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Figures as comma-separated values: a record for each span, with a column for each cause of failures.
#[must_use]
pub fn csv(named: &Named<'_>) -> String {
    let causes: Vec<&str> = FailureCause::all().map(FailureCause::as_str).chain([OTHER]).collect();
    let headings = [
        "first_day",
        "from",
        "to",
        "new_orders",
        "accepted",
        "cancelled",
        "refused",
        "median_ms",
        "p95_ms",
    ];
    let headings = headings.iter().map(|heading| (*heading).to_owned());
    let mut text = line(headings.chain(causes.iter().map(|cause| format!("failures_{cause}"))));
    for (day, from, to, counts) in named.spans() {
        let wait = |percent| millis(&counts.waits, percent).map_or_else(String::new, |millis| millis.to_string());
        let cells = [
            day,
            from.to_string(),
            to.to_string(),
            counts.new_orders.to_string(),
            counts.accepted.to_string(),
            counts.cancelled().to_string(),
            counts.refused.to_string(),
            wait(MEDIAN),
            wait(FAR_END),
        ];
        let failed = |cause: &&str| counts.failures.get(*cause).copied().unwrap_or(0).to_string();
        text.push_str(&line(cells.into_iter().chain(causes.iter().map(failed))));
    }
    text
}
