//! Reads an OR11 answer: its orders one by one, each for itself.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use ackord::call::SeenState;
use ackord::order::{Order, OrderId};
use ackord::ports::UnreadableOrder;
use ackord::reading::Seen;
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::order_json::read_order;
use crate::redact::Redactor;

#[derive(Deserialize)]
struct ListFields<'a> {
    #[serde(borrow)]
    orders: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    total_count: Option<&'a RawValue>,
}

/// What an OR11 answer holds.
#[derive(Debug)]
pub(crate) struct OrderList {
    pub(crate) orders: Vec<Order>,
    pub(crate) unreadable: Vec<UnreadableOrder>,
    /// How many entries the list has, readable or not.
    pub(crate) received: u64,
    /// `total_count`, where it can be read.
    pub(crate) total: Option<u64>,
}

impl OrderList {
    /// Reads the body of an answer; else what is wrong with it, without any of its values.
    pub(crate) fn read(text: &str, redactor: &Redactor) -> Result<Self, String> {
        let fields = list_fields(text.trim_start_matches('\u{feff}').trim())?;
        let entries = fields.orders.ok_or("orders: it is missing or null")?;
        let mut list = Self {
            orders: Vec::with_capacity(entries.len()),
            unreadable: Vec::new(),
            received: entries.len() as u64,
            total: fields
                .total_count
                .and_then(|total| total.get().trim_matches('"').parse().ok()),
        };
        let mut known = HashSet::new();
        for entry in entries {
            match read_order(entry.get(), redactor) {
                Ok(order) => {
                    if known.insert(order.id.clone()) {
                        list.orders.push(order);
                    }
                }
                Err(unreadable) => {
                    if unreadable.order_id.clone().is_none_or(|id| known.insert(id)) {
                        list.unreadable.push(unreadable);
                    }
                }
            }
        }
        Ok(list)
    }

    /// The same for the same orders in the same sequence.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.orders.iter().for_each(|order| order.id.hash(&mut hasher));
        self.unreadable
            .iter()
            .for_each(|order| order.stand_in.hash(&mut hasher));
        hasher.finish()
    }

    /// Drops what was not asked for. An unreadable order without an id stays while one of `ids` is missing: it may be that one.
    pub(crate) fn keep_only(&mut self, ids: &[OrderId]) {
        let asked: HashSet<&OrderId> = ids.iter().collect();
        self.orders.retain(|order| asked.contains(&order.id));
        let named = self.unreadable.iter().filter_map(|order| order.order_id.as_ref());
        let held = self.orders.iter().map(|order| &order.id).chain(named);
        let all_held = held.filter(|id| asked.contains(id)).count() == asked.len();
        self.unreadable
            .retain(|order| order.order_id.as_ref().map_or(!all_held, |id| asked.contains(id)));
    }

    /// What it showed of each order, for the record.
    pub(crate) fn seen(&self) -> Vec<SeenState> {
        let state = |order_id: &OrderId, seen: &Seen| SeenState {
            order_id: order_id.clone(),
            state: seen.recorded_state().map(str::to_owned),
        };
        let readable = self.orders.iter().map(|order| state(&order.id, &Seen::from(order)));
        let unreadable = self.unreadable.iter().filter_map(|order| {
            let id = order.order_id.as_ref()?;
            Some(state(id, &Seen::Unreadable(order.problem.clone())))
        });
        readable.chain(unreadable).collect()
    }

    /// As [`OrderList::seen`], and that the others of `ids` are not in the answer.
    pub(crate) fn seen_of(&self, ids: &[OrderId]) -> Vec<SeenState> {
        let mut seen = self.seen();
        let held: HashSet<OrderId> = seen.iter().map(|seen| seen.order_id.clone()).collect();
        let missing = ids.iter().filter(|id| !held.contains(id));
        seen.extend(missing.map(|id| SeenState {
            order_id: id.clone(),
            state: None,
        }));
        seen
    }
}

fn list_fields(text: &str) -> Result<ListFields<'_>, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.starts_with('[') {
        return Err("it is a list and not an object".to_owned());
    }
    serde_json::from_str(text).map_err(|error| bad_json(&error))
}

/// What is wrong with a body, in words that hold none of its values.
pub(crate) fn bad_json(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => format!("the JSON breaks off at line {line}, column {column}"),
        Category::Syntax | Category::Io => format!("not JSON at line {line}, column {column}"),
        Category::Data => format!("a field of another kind than expected at line {line}, column {column}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        Redactor::new("k-0123456789".into())
    }

    fn read(text: &str) -> Result<OrderList, String> {
        OrderList::read(text, &redactor())
    }

    fn ids(list: &OrderList) -> Vec<&str> {
        list.orders.iter().map(|order| order.id.as_str()).collect()
    }

    #[test]
    fn mistake_08_one_bad_order_costs_that_order_alone() {
        let list = read(include_str!("../fixtures/page_with_bad_orders.json")).unwrap();
        assert_eq!(ids(&list), ["MB-1-A", "MB-4-A", "MB-6-A"]);
        assert_eq!((list.received, list.total), (8, Some(8)));
        let unreadable: Vec<_> = list
            .unreadable
            .iter()
            .map(|order| (order.order_id.as_ref().map(OrderId::as_str), order.problem.as_str()))
            .collect();
        assert_eq!(
            unreadable,
            [
                (Some("MB-2-A"), "order_state: it is missing or null"),
                (None, "order_id: it is missing or null"),
                (Some("MB-5-A"), "order_lines[1].order_line_id: it is missing or null"),
                (None, "it is not an object"),
            ]
        );
    }

    #[test]
    fn what_is_wrong_with_a_page_is_said_without_its_values() {
        for (text, problem) in [
            ("", "it is empty"),
            ("<html>Canary</html>", "not JSON at line 1, column 1"),
            ("{\"orders\":[{\"a\":\"Canary\"}", "the JSON breaks off"),
            (r#"{"orders":"Canary"}"#, "a field of another kind"),
            (r#"{"total_count":0}"#, "orders: it is missing or null"),
            (r#"{"orders":null}"#, "orders: it is missing or null"),
            (r#"[["Canary"]]"#, "it is a list"),
            (r#"{"orders":[]} Canary"#, "not JSON"),
        ] {
            let error = read(text).unwrap_err();
            assert!(
                error.starts_with(problem) && !error.contains("Canary"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_total_is_read_where_it_can_be() {
        for (total, expected) in [
            ("250", Some(250)),
            ("\"250\"", Some(250)),
            ("null", None),
            ("-1", None),
            ("{}", None),
        ] {
            let list = read(&format!(r#"{{"orders":[],"total_count":{total}}}"#)).unwrap();
            assert_eq!(list.total, expected, "{total}");
        }
        assert_eq!(read(r#"{"orders":[]}"#).unwrap().total, None);
    }

    #[test]
    fn an_order_that_stands_twice_on_a_page_is_taken_once() {
        let one = r#"{"order_id":"A","order_state":"SHIPPING"}"#;
        let other = r#"{"order_id":"A","order_state":"STAGING"}"#;
        let list = read(&format!(r#"{{"orders":[{one},{other},{{"order_id":"A"}}]}}"#)).unwrap();
        assert_eq!((ids(&list), list.received, list.unreadable.len()), (vec!["A"], 3, 0));
        assert_eq!(list.orders[0].state.as_str(), "SHIPPING");
    }

    #[test]
    fn a_look_keeps_what_was_asked_for_and_says_what_is_missing() {
        let id = |text: &str| OrderId::new(text).unwrap();
        let mut list = read(
            r#"{"orders":[{"order_id":"A","order_state":"SHIPPING"},{"order_id":"B"},{"order_id":"X"},
                {"order_id":"Y","order_state":"S"},{"order_state":"S"}]}"#,
        )
        .unwrap();
        let asked = [id("A"), id("B"), id("C")];
        list.keep_only(&asked);
        assert_eq!(ids(&list), ["A"]);
        assert_eq!(list.unreadable.len(), 2, "B, and the nameless one that may be C");
        let seen: Vec<_> = list
            .seen_of(&asked)
            .into_iter()
            .map(|seen| (seen.order_id.to_string(), seen.state))
            .collect();
        let state = |text: &str| Some(text.to_owned());
        assert_eq!(
            seen,
            [
                ("A".to_owned(), state("SHIPPING")),
                ("B".to_owned(), state("(unreadable)")),
                ("C".to_owned(), None)
            ]
        );
        list.keep_only(&[id("A")]);
        assert!(list.unreadable.is_empty());
    }
}
