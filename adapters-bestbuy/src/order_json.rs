//! Reads one order, strict on three fields alone: `order_id`, `order_state`, `order_lines[].order_line_id`.
//!
//! The published `required` lists are broken by the operator's own examples, so everything else may be missing, null, of
//! another kind or of an unknown value. One order that can't be read costs that order alone.

use std::collections::HashSet;

use ackord::order::{LineId, Order, OrderId, OrderLine};
use ackord::ports::UnreadableOrder;
use ackord::state::MarketplaceState;
use ackord::time::{self, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::redact::Redactor;
use crate::shop_key::digest;

#[derive(Deserialize)]
struct OrderFields<'a> {
    #[serde(borrow)]
    order_id: Option<&'a RawValue>,
    #[serde(borrow)]
    order_state: Option<&'a RawValue>,
    #[serde(borrow)]
    order_lines: Option<&'a RawValue>,
    #[serde(borrow)]
    created_date: Option<&'a RawValue>,
    #[serde(borrow)]
    acceptance_decision_date: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct LineFields<'a> {
    #[serde(borrow)]
    order_line_id: Option<&'a RawValue>,
    #[serde(borrow)]
    order_line_state: Option<&'a RawValue>,
}

/// Reads the order whose JSON is `raw`.
pub(crate) fn read_order(raw: &str, redactor: &Redactor) -> Result<Order, UnreadableOrder> {
    let unreadable = |order_id: Option<OrderId>, problem: String| UnreadableOrder {
        order_id,
        stand_in: format!("unreadable:{}", digest(raw.as_bytes(), 16)),
        redacted: redactor.order(raw),
        problem: redactor.message(&problem),
    };
    let fields: OrderFields<'_> = object(raw).map_err(|problem| unreadable(None, problem))?;
    let id = required(fields.order_id)
        .and_then(|id| OrderId::new(id).map_err(|error| error.to_string()))
        .map_err(|problem| unreadable(None, format!("order_id: {problem}")))?;
    let rest = required(fields.order_state)
        .map_err(|problem| format!("order_state: {problem}"))
        .and_then(|state| Ok((state, read_lines(fields.order_lines)?)));
    match rest {
        Err(problem) => Err(unreadable(Some(id), problem)),
        Ok((state, lines)) => Ok(Order {
            id,
            state: MarketplaceState::parse(&state),
            lines,
            placed_at: fields.created_date.and_then(moment),
            decided_at: fields.acceptance_decision_date.and_then(moment),
            raw: raw.into(),
        }),
    }
}

/// All lines or none: a decision on some of an order's lines is never made.
fn read_lines(lines: Option<&RawValue>) -> Result<Vec<OrderLine>, String> {
    let Some(lines) = lines else {
        return Ok(Vec::new());
    };
    let lines: Vec<&RawValue> =
        serde_json::from_str(lines.get()).map_err(|_| "order_lines: it is not a list".to_owned())?;
    let mut known = HashSet::new();
    let mut read = Vec::with_capacity(lines.len());
    for (index, line) in lines.into_iter().enumerate() {
        let fields: LineFields<'_> =
            object(line.get()).map_err(|problem| format!("order_lines[{index}]: {problem}"))?;
        let at = |problem: String| format!("order_lines[{index}].order_line_id: {problem}");
        let id = required(fields.order_line_id).map_err(at)?;
        let id = LineId::new(id).map_err(|error| at(error.to_string()))?;
        if !known.insert(id.clone()) {
            return Err(at("an earlier line has the same".to_owned()));
        }
        let state = fields
            .order_line_state
            .and_then(text)
            .map(|state| MarketplaceState::parse(&state));
        read.push(OrderLine { id, state });
    }
    Ok(read)
}

/// Reads the fields of a JSON object; a list of their values in order is not one.
fn object<'a, T: Deserialize<'a>>(raw: &'a str) -> Result<T, String> {
    if !raw.trim_start().starts_with('{') {
        return Err("it is not an object".to_owned());
    }
    // Every field takes every kind of value, so that what is left to fail is a field that stands there twice.
    serde_json::from_str(raw).map_err(|error| error.to_string())
}

/// A string that has to be there. A number won't do: `1.0` and `1` are the same number and not the same id.
fn required(field: Option<&RawValue>) -> Result<String, String> {
    let field = field.ok_or("it is missing or null")?;
    let text = text(field).ok_or("it is not a string")?;
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    // Bytes that were not UTF-8 were replaced on the way in; such an id is not the order's.
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err("it holds bytes that are not UTF-8".to_owned());
    }
    Ok(text)
}

fn text(field: &RawValue) -> Option<String> {
    serde_json::from_str(field.get()).ok()
}

/// A date as the marketplace writes it: ISO 8601, in UTC also where it does not say so; milliseconds may be there and
/// seconds may count to 60. `None` for anything else.
fn moment(field: &RawValue) -> Option<Timestamp> {
    let text = text(field)?;
    let text = text.trim();
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp(),
    };
    Some(time::to_micros(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Result<Order, UnreadableOrder> {
        read_order(raw, &Redactor::new("k-0123456789".into()))
    }

    fn problem(raw: &str) -> (Option<String>, String) {
        let unreadable = read(raw).unwrap_err();
        (unreadable.order_id.map(|id| id.to_string()), unreadable.problem)
    }

    #[test]
    fn mistake_08_three_fields_are_enough_and_the_rest_may_be_anything() {
        let order = read(
            r#"{"order_id":"A/1 é","order_state":"BRAND_NEW","order_lines":[{"order_line_id":"L1","order_line_state":7}],
               "created_date":12,"customer":"?","acceptance_decision_date":{},"new_field":[{}]}"#,
        )
        .unwrap();
        assert_eq!(order.id.as_str(), "A/1 é");
        assert_eq!(order.state, MarketplaceState::Other("BRAND_NEW".into()));
        assert_eq!(order.lines.len(), 1);
        assert_eq!(
            (order.lines[0].state.clone(), order.placed_at, order.decided_at),
            (None, None, None)
        );
    }

    #[test]
    fn the_raw_json_is_kept_to_the_letter() {
        let raw = "{ \"order_id\" :\"A\", \"order_state\":\"SHIPPING\", \"price\": 10.10, \"big\": 12345678901234567890.123 }";
        assert_eq!(&*read(raw).unwrap().raw, raw);
    }

    #[test]
    fn an_order_without_lines_is_readable_and_has_none() {
        for lines in ["", r#","order_lines":null"#, r#","order_lines":[]"#] {
            let order = read(&format!(r#"{{"order_id":"A","order_state":"STAGING"{lines}}}"#)).unwrap();
            assert!(order.lines.is_empty());
        }
    }

    #[test]
    fn mistake_08_each_problem_names_its_field() {
        for (raw, id, field) in [
            ("7", None, "it is not an object"),
            (r#"["A","SHIPPING"]"#, None, "it is not an object"),
            (r#"{"order_state":"SHIPPING"}"#, None, "order_id: it is missing"),
            (r#"{"order_id":null}"#, None, "order_id: it is missing"),
            (
                r#"{"order_id":12,"order_state":"S"}"#,
                None,
                "order_id: it is not a string",
            ),
            (r#"{"order_id":"","order_state":"S"}"#, None, "order_id: it is empty"),
            (
                r#"{"order_id":"a\u0000b","order_state":"S"}"#,
                None,
                "order_id: not an id",
            ),
            (
                r#"{"order_id":"\ud800","order_state":"S"}"#,
                None,
                "order_id: it is not a string",
            ),
            (
                "{\"order_id\":\"a\u{fffd}\",\"order_state\":\"S\"}",
                None,
                "order_id: it holds bytes",
            ),
            (
                r#"{"order_id":"A","order_id":"B","order_state":"S"}"#,
                None,
                "duplicate field `order_id`",
            ),
            (r#"{"order_id":"A"}"#, Some("A"), "order_state: it is missing"),
            (
                r#"{"order_id":"A","order_state":4}"#,
                Some("A"),
                "order_state: it is not a string",
            ),
            (
                r#"{"order_id":"A","order_state":""}"#,
                Some("A"),
                "order_state: it is empty",
            ),
            (
                r#"{"order_id":"A","order_state":"S","order_lines":{}}"#,
                Some("A"),
                "order_lines: it is not a list",
            ),
            (
                r#"{"order_id":"A","order_state":"S","order_lines":[null]}"#,
                Some("A"),
                "order_lines[0]: it is not an object",
            ),
            (
                r#"{"order_id":"A","order_state":"S","order_lines":[{"order_line_id":"1"},{}]}"#,
                Some("A"),
                "order_lines[1].order_line_id: it is missing",
            ),
            (
                r#"{"order_id":"A","order_state":"S","order_lines":[{"order_line_id":"1"},{"order_line_id":"1"}]}"#,
                Some("A"),
                "order_lines[1].order_line_id: an earlier line has the same",
            ),
        ] {
            let (read_id, problem) = problem(raw);
            assert_eq!(read_id.as_deref(), id, "{raw}");
            assert!(problem.starts_with(field), "{raw}: {problem}");
        }
    }

    #[test]
    fn a_stand_in_is_the_same_for_the_same_content() {
        let stand_in = |raw: &str| read(raw).unwrap_err().stand_in;
        assert_eq!(stand_in("{}"), stand_in("{}"));
        assert_ne!(stand_in("{}"), stand_in(r#"{"a":1}"#));
        assert!(stand_in("{}").starts_with("unreadable:"));
    }

    #[test]
    fn mistake_14_an_unreadable_order_is_kept_without_its_customer() {
        let unreadable = read(r#"{"order_id":"A","customer":{"lastname":"Canary"},"price":1.5}"#).unwrap_err();
        assert_eq!(
            unreadable.redacted,
            serde_json::json!({"order_id": "A", "customer": "[redacted]", "price": 1.5})
        );
    }

    #[test]
    fn dates_are_read_in_every_published_form() {
        for (text, at) in [
            ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
            ("2026-03-01T12:00:00.123Z", "2026-03-01T12:00:00.123Z"),
            ("2026-03-01T12:00:00.123456789Z", "2026-03-01T12:00:00.123456Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("2026-03-01T14:00:00+02:00", "2026-03-01T12:00:00Z"),
            ("2026-03-01T14:00:00+0200", "2026-03-01T12:00:00Z"),
            ("2026-03-01T12:00:00", "2026-03-01T12:00:00Z"),
        ] {
            let order = read(&format!(
                r#"{{"order_id":"A","order_state":"S","created_date":"{text}"}}"#
            ))
            .unwrap();
            assert_eq!(order.placed_at, Some(at.parse().unwrap()), "{text}");
        }
        for text in ["", "yesterday", "2026-02-30T00:00:00Z", "1772366400000"] {
            let order = read(&format!(
                r#"{{"order_id":"A","order_state":"S","created_date":"{text}"}}"#
            ))
            .unwrap();
            assert_eq!(order.placed_at, None, "{text}");
        }
    }
}
