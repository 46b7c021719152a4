//! Orders and their lines as the marketplace lists them, reduced to what acceptance needs.

use std::fmt;

use crate::state::MarketplaceState;
use crate::time::Timestamp;

/// The longest id that is taken, in bytes. Ids seen on the marketplace have under 40.
pub const MAX_ID_BYTES: usize = 255;

/// An id that can't be one: empty, too long, or with a character that no store can keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: {reason} (ids have 1 to {MAX_ID_BYTES} bytes and no NUL character)")]
pub struct InvalidId {
    reason: &'static str,
}

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes `id` as it stands.
            ///
            /// # Errors
            /// [`InvalidId`] where it is empty, longer than [`MAX_ID_BYTES`] or holds a NUL character.
            pub fn new(id: impl Into<String>) -> Result<Self, InvalidId> {
                let id: String = id.into();
                let reason = if id.is_empty() {
                    "it is empty"
                } else if id.len() > MAX_ID_BYTES {
                    "it is too long"
                } else if id.contains('\0') {
                    "it holds a NUL character"
                } else {
                    return Ok(Self(id.into_boxed_str()));
                };
                Err(InvalidId { reason })
            }

            /// The id as the marketplace wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(id: &str) -> Result<Self, InvalidId> {
                Self::new(id)
            }
        }
    };
}

opaque_id! {
    /// An order's id: an opaque string, usually the commercial id plus `-A`, `-B`; it may hold slashes, spaces, any letter.
    OrderId
}

opaque_id! {
    /// An order line's id: an opaque string.
    LineId
}

/// An order as seen on the marketplace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Its state when it was seen.
    pub state: MarketplaceState,
    /// Its lines, in the marketplace's order. Empty where the marketplace sent none that could be read.
    pub lines: Vec<OrderLine>,
    /// When the customer placed it (`created_date`), where that was sent.
    pub placed_at: Option<Timestamp>,
    /// When the shop decided on it (`acceptance_decision_date`); `None` where nobody has, or the marketplace did by itself.
    pub decided_at: Option<Timestamp>,
    /// The order's JSON, to the letter.
    pub raw: Box<str>,
}

/// A line of an [`Order`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// Its id.
    pub id: LineId,
    /// Its own state, where one was sent.
    pub state: Option<MarketplaceState>,
}

/// The decision on an order: every line of it, with yes or no, in a fixed order.
///
/// It is frozen in the first intent; a resend repeats it, and the marketplace client writes it to the same bytes each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    lines: Vec<(LineId, bool)>,
}

/// A frozen decision on record that can't be read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the recorded decision can't be read: {0}")]
pub struct UnreadableDecision(String);

impl Decision {
    /// Accepts every one of `lines`; `None` where there are none, for an empty decision is never sent.
    #[must_use]
    pub fn accept_all(lines: &[OrderLine]) -> Option<Self> {
        if lines.is_empty() {
            return None;
        }
        Some(Self {
            lines: lines.iter().map(|line| (line.id.clone(), true)).collect(),
        })
    }

    /// The lines with their decision, in the order in which they are sent.
    #[must_use]
    pub fn lines(&self) -> &[(LineId, bool)] {
        &self.lines
    }

    /// The form in which it is kept on record: `{"order_lines":[{"id":"…","accepted":true}]}`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|(id, accepted)| serde_json::json!({"id": id.as_str(), "accepted": accepted}))
            .collect();
        serde_json::json!({ "order_lines": lines })
    }

    /// Reads what [`Decision::to_json`] wrote.
    ///
    /// # Errors
    /// [`UnreadableDecision`] where the value has another form or names no line.
    pub fn from_json(value: &serde_json::Value) -> Result<Self, UnreadableDecision> {
        let unreadable = |what: &str| UnreadableDecision(what.to_owned());
        let lines = value
            .get("order_lines")
            .and_then(serde_json::Value::as_array)
            .ok_or_else(|| unreadable("`order_lines` is missing"))?;
        let lines = lines
            .iter()
            .map(|line| {
                let id = line.get("id").and_then(serde_json::Value::as_str);
                let accepted = line.get("accepted").and_then(serde_json::Value::as_bool);
                match (id.map(LineId::new), accepted) {
                    (Some(Ok(id)), Some(accepted)) => Ok((id, accepted)),
                    _ => Err(unreadable("a line has no id or no decision")),
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        if lines.is_empty() {
            return Err(unreadable("it names no line"));
        }
        Ok(Self { lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str) -> OrderLine {
        OrderLine {
            id: LineId::new(id).unwrap(),
            state: None,
        }
    }

    #[test]
    fn ids_take_slashes_spaces_and_any_letter() {
        assert_eq!(OrderId::new("ö/ 12-A").unwrap().as_str(), "ö/ 12-A");
    }

    #[test]
    fn ids_refuse_what_no_store_can_keep() {
        assert!(OrderId::new("").is_err());
        assert!(OrderId::new("a\0b").is_err());
        assert!(OrderId::new("x".repeat(MAX_ID_BYTES + 1)).is_err());
    }

    #[test]
    fn a_decision_on_no_lines_does_not_exist() {
        assert_eq!(Decision::accept_all(&[]), None);
        assert!(Decision::from_json(&serde_json::json!({"order_lines": []})).is_err());
    }

    #[test]
    fn a_decision_survives_the_record() {
        let decision = Decision::accept_all(&[line("b"), line("a")]).unwrap();
        assert_eq!(Decision::from_json(&decision.to_json()).unwrap(), decision);
    }
}
