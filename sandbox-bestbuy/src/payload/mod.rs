//! Order bodies: invented, rich, and in the published shapes.

mod catalogue;
mod full;
mod invented;
mod lines;

pub(crate) use full::FullBody;
pub(crate) use invented::Invented;

use jiff::Timestamp;
use serde_json::Value;

use crate::options::PayloadShape;
use crate::state::MarketState;

/// What changes about an order as it moves, as a body shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) state: MarketState,
    pub(crate) line_states: Vec<MarketState>,
    pub(crate) decision_date: Option<Timestamp>,
    pub(crate) updated_at: Timestamp,
    pub(crate) paid_at: Option<Timestamp>,
}

/// Where an order's body comes from.
#[derive(Debug, Clone)]
pub(crate) enum Blueprint {
    /// Made up from the order's id and the sandbox's seed.
    Invented(Invented),
    /// Given whole.
    Full(FullBody),
}

impl Blueprint {
    /// The ids of the lines, in their order.
    pub(crate) fn line_ids(&self) -> Vec<String> {
        match self {
            Self::Invented(invented) => invented.line_ids(),
            Self::Full(full) => full.line_ids().to_vec(),
        }
    }

    /// The payment workflow that the body reports, where it does.
    pub(crate) fn workflow(&self) -> Option<&str> {
        match self {
            Self::Invented(invented) => Some(invented.workflow()),
            Self::Full(full) => full.text("payment_workflow"),
        }
    }

    /// The order's references: for the customer, for the seller.
    pub(crate) fn references(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Invented(invented) => {
                let (customer, seller) = invented.references();
                (Some(customer), Some(seller))
            }
            Self::Full(full) => full.references(),
        }
    }

    /// The channel's code, where the body has a channel.
    pub(crate) fn channel(&self) -> Option<&str> {
        match self {
            Self::Invented(_) => Some(invented::CHANNEL_CODE),
            Self::Full(full) => full.channel(),
        }
    }

    /// Whether somebody else than the shop fulfils the order, so that the shop has nothing to decide.
    pub(crate) fn is_fulfilled_elsewhere(&self) -> bool {
        match self {
            Self::Invented(_) => false,
            Self::Full(full) => full.fulfillment_center().is_some_and(|code| code != "DEFAULT"),
        }
    }

    /// The whole order body.
    pub(crate) fn body(&self, shown: &Shown, shape: PayloadShape) -> Value {
        match self {
            Self::Invented(invented) => {
                let mut body = invented.body(shown, shape);
                if shape == PayloadShape::AsPublished {
                    drop_nulls(&mut body);
                }
                body
            }
            Self::Full(full) => full.body(shown),
        }
    }
}

/// Takes every field that is null out of a body.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Puts the fields of one object into another.
fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(mut from)) = (into, from) {
        into.append(&mut from);
    }
}

/// An amount of cents as the JSON number with decimals that the marketplace writes.
fn money(cents: i64) -> Value {
    // Exact to the cent: the shortest text of the nearest double is the amount itself at any price a shop asks.
    Value::from(cents as f64 / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_their_decimals() {
        for (cents, text) in [(1999, "19.99"), (10, "0.1"), (120_000, "1200.0"), (7, "0.07")] {
            assert_eq!(money(cents).to_string(), text);
        }
    }
}
