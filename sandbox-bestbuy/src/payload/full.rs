//! An order body that was given whole: shown as it is, with states and dates kept up to date where it has them.

use serde_json::{Value, json};

use super::Shown;
use crate::state::MarketState;

/// A body given whole. It may be malformed on purpose.
#[derive(Debug, Clone)]
pub(crate) struct FullBody {
    given: Value,
    line_ids: Vec<String>,
}

impl FullBody {
    pub(crate) fn new(given: Value) -> Self {
        let line_ids = given
            .get("order_lines")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|line| line.get("order_line_id")?.as_str())
            .map(str::to_owned)
            .collect();
        Self { given, line_ids }
    }

    pub(super) fn line_ids(&self) -> &[String] {
        &self.line_ids
    }

    /// A text field at the top of the body.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.given.get(field)?.as_str()
    }

    pub(super) fn channel(&self) -> Option<&str> {
        self.given.get("channel")?.get("code")?.as_str()
    }

    pub(super) fn fulfillment_center(&self) -> Option<&str> {
        self.given.pointer("/fulfillment/center/code")?.as_str()
    }

    pub(super) fn references(&self) -> (Option<String>, Option<String>) {
        let read = |field: &str| {
            let text = self.given.get("references")?.get(field)?.as_str()?;
            Some(text.to_owned())
        };
        (read("order_reference_for_customer"), read("order_reference_for_seller"))
    }

    /// The states that the given lines name for themselves, where every one does.
    pub(crate) fn given_line_states(&self) -> Option<Vec<MarketState>> {
        let lines = self.given.get("order_lines")?.as_array()?;
        lines
            .iter()
            .filter(|line| line.get("order_line_id").is_some_and(Value::is_string))
            .map(|line| Some(MarketState::from(line.get("order_line_state")?.as_str()?)))
            .collect()
    }

    pub(super) fn body(&self, shown: &Shown) -> Value {
        let mut body = self.given.clone();
        let Value::Object(fields) = &mut body else {
            return body;
        };
        let mut keep_current = |field: &str, value: Value| {
            if let Some(slot) = fields.get_mut(field) {
                *slot = value;
            }
        };
        keep_current("order_state", json!(shown.state));
        keep_current("last_updated_date", json!(shown.updated_at));
        if !shown.state.is_before_decision() && shown.decision_date.is_some() {
            keep_current("acceptance_decision_date", json!(shown.decision_date));
        }
        let lines = fields.get_mut("order_lines").and_then(Value::as_array_mut);
        let readable = lines
            .into_iter()
            .flatten()
            .filter(|line| line.get("order_line_id").is_some_and(Value::is_string));
        for (line, state) in readable.zip(&shown.line_states) {
            if let Some(slot) = line.get_mut("order_line_state") {
                *slot = json!(state);
            }
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(state: MarketState) -> Shown {
        Shown {
            line_states: vec![state.clone()],
            state,
            decision_date: None,
            updated_at: "2026-02-03T10:00:00Z".parse().unwrap(),
            paid_at: None,
        }
    }

    #[test]
    fn a_given_body_keeps_every_field_and_follows_the_state() {
        let full = FullBody::new(json!({
            "order_id": "A-1",
            "order_state": "WAITING_ACCEPTANCE",
            "colour": "red",
            "order_lines": [{"order_line_id": "L1", "order_line_state": "WAITING_ACCEPTANCE"}],
        }));
        let body = full.body(&shown(MarketState::Shipping));
        assert_eq!(body["order_state"], "SHIPPING");
        assert_eq!(body["order_lines"][0]["order_line_state"], "SHIPPING");
        assert_eq!(body["colour"], "red");
        assert!(body.get("last_updated_date").is_none());
    }

    #[test]
    fn a_malformed_body_is_shown_as_it_is() {
        for given in [json!(null), json!([1]), json!({"order_lines": [null, 3, {}]})] {
            let full = FullBody::new(given.clone());
            assert!(full.line_ids().is_empty());
            assert_eq!(full.body(&shown(MarketState::Shipping)), given);
        }
    }
}
