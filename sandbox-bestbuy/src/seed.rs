//! What an order that is put into the sandbox is to be like, and how it will move.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::MarketState;

/// How long an order stays in a state before it moves on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// Not at all: the state is passed through.
    AtOnce,
    /// Until it was returned by this many looks in that state; the look after these shows the next state.
    Looks(u32),
    /// For this many milliseconds of the sandbox's clock.
    Ms(u64),
    /// For good.
    #[default]
    Never,
}

/// One state on an order's way, and how long the order stays there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The state.
    pub state: MarketState,
    /// How long the order stays in it; for good by default.
    #[serde(default)]
    pub stays: Pace,
}

impl Step {
    /// A state and how long the order stays in it.
    #[must_use]
    pub fn new(state: impl Into<MarketState>, stays: Pace) -> Self {
        Self {
            state: state.into(),
            stays,
        }
    }
}

/// A kind of order, from which everything that a seed leaves open is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// One line, waiting for acceptance, goes straight to `SHIPPING` when accepted.
    #[default]
    Plain,
    /// As plain, with two lines.
    TwoLines,
    /// Paid on acceptance: one look in `WAITING_DEBIT`, one in `WAITING_DEBIT_PAYMENT`, then `SHIPPING`.
    SlowDebit,
    /// Paid on acceptance, and the payment is refused: ends `CANCELED`.
    PaymentRefused,
    /// In the fraud check for one look, then waiting for acceptance.
    Staging,
    /// Accepted by the platform before anyone looked: `SHIPPING`.
    AlreadyAccepted,
    /// Already `SHIPPED`.
    Shipped,
    /// Already `REFUSED`, by the deadline.
    Refused,
    /// Already `CANCELED`.
    Canceled,
    /// Goes to a state that no client knows when accepted, and stays there.
    UnknownState,
    /// Waiting for acceptance with an empty list of lines.
    NoLines,
}

/// An order to put into the sandbox.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderSeed {
    /// The order's id: any text.
    pub order_id: String,
    /// What fills in everything left open below.
    #[serde(default)]
    pub kind: OrderKind,
    /// The shop; the default shop if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop_id: Option<i64>,
    /// The state that it starts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<MarketState>,
    /// How many lines it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u32>,
    /// When it was created; now if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// The payment workflow it reports. It decides nothing here: `path` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_workflow: Option<String>,
    /// How long it stays in `STAGING`, where it starts there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging: Option<Pace>,
    /// How long it still reads `WAITING_ACCEPTANCE` after its acceptance took effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads_waiting: Option<Pace>,
    /// The states it goes through once accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Vec<Step>>,
    /// Milliseconds from creation to its automatic refusal; the sandbox's setting if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// A whole order body to show in place of an invented one; states and dates in it are kept up to date where they
    /// are present, everything else is shown as given, well-formed or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<Value>,
}

impl OrderSeed {
    /// An order of this kind.
    #[must_use]
    pub fn of(kind: OrderKind, order_id: impl Into<String>) -> Self {
        Self {
            order_id: order_id.into(),
            kind,
            ..Self::default()
        }
    }

    /// A plain order: one line, `SHIPPING` as soon as it is accepted.
    #[must_use]
    pub fn plain(order_id: impl Into<String>) -> Self {
        Self::of(OrderKind::Plain, order_id)
    }

    /// An order that goes through both debit states.
    #[must_use]
    pub fn slow_debit(order_id: impl Into<String>) -> Self {
        Self::of(OrderKind::SlowDebit, order_id)
    }

    /// An order with a body of one's own.
    #[must_use]
    pub fn full(order_id: impl Into<String>, body: Value) -> Self {
        Self {
            full: Some(body),
            ..Self::plain(order_id)
        }
    }

    /// With this many lines.
    #[must_use]
    pub fn lines(mut self, count: u32) -> Self {
        self.lines = Some(count);
        self
    }

    /// Starting in this state.
    #[must_use]
    pub fn state(mut self, state: impl Into<MarketState>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// In this shop.
    #[must_use]
    pub fn shop(mut self, shop_id: i64) -> Self {
        self.shop_id = Some(shop_id);
        self
    }

    /// Created at this time.
    #[must_use]
    pub fn created_at(mut self, at: Timestamp) -> Self {
        self.created_at = Some(at);
        self
    }

    /// Going through these states once accepted.
    #[must_use]
    pub fn path(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.path = Some(steps.into_iter().collect());
        self
    }

    /// Still reading `WAITING_ACCEPTANCE` for this long after its acceptance took effect.
    #[must_use]
    pub fn reads_waiting(mut self, pace: Pace) -> Self {
        self.reads_waiting = Some(pace);
        self
    }

    /// Seen as accepted by the `nth` look after its acceptance (1 is the very next).
    #[must_use]
    pub fn moves_by_look(self, nth: u32) -> Self {
        match nth {
            0 | 1 => self.reads_waiting(Pace::AtOnce),
            more => self.reads_waiting(Pace::Looks(more - 1)),
        }
    }

    /// Staying in `STAGING` this long; sets the first state too.
    #[must_use]
    pub fn staging(mut self, pace: Pace) -> Self {
        self.staging = Some(pace);
        self.state(MarketState::Staging)
    }

    /// Refused by itself this many milliseconds after its creation.
    #[must_use]
    pub fn deadline_ms(mut self, millis: u64) -> Self {
        self.deadline_ms = Some(millis);
        self
    }

    /// The state that the order starts in.
    pub(crate) fn first_state(&self) -> MarketState {
        if let Some(state) = &self.state {
            return state.clone();
        }
        if let Some(named) = self
            .full
            .as_ref()
            .and_then(|body| body.get("order_state"))
            .and_then(Value::as_str)
        {
            return MarketState::from(named);
        }
        match self.kind {
            OrderKind::Staging => MarketState::Staging,
            OrderKind::AlreadyAccepted => MarketState::Shipping,
            OrderKind::Shipped => MarketState::Shipped,
            OrderKind::Refused => MarketState::Refused,
            OrderKind::Canceled => MarketState::Canceled,
            _ => MarketState::WaitingAcceptance,
        }
    }

    /// The states that the order goes through once accepted.
    pub(crate) fn accepted_path(&self) -> Vec<Step> {
        if let Some(path) = &self.path {
            return path.clone();
        }
        let debit = |last: MarketState| {
            vec![
                Step::new(MarketState::WaitingDebit, Pace::Looks(1)),
                Step::new(MarketState::WaitingDebitPayment, Pace::Looks(1)),
                Step::new(last, Pace::Never),
            ]
        };
        match self.kind {
            OrderKind::SlowDebit => debit(MarketState::Shipping),
            OrderKind::PaymentRefused => vec![
                Step::new(MarketState::WaitingDebit, Pace::Looks(1)),
                Step::new(MarketState::Canceled, Pace::Never),
            ],
            OrderKind::UnknownState => vec![Step::new("QUALITY_HOLD", Pace::Never)],
            _ => vec![Step::new(MarketState::Shipping, Pace::Never)],
        }
    }

    /// How long the order stays in `STAGING`.
    pub(crate) fn staging_pace(&self) -> Pace {
        self.staging.unwrap_or(match self.kind {
            OrderKind::Staging => Pace::Looks(1),
            _ => Pace::Never,
        })
    }

    /// How many lines an invented body has.
    pub(crate) fn line_count(&self) -> u32 {
        self.lines.unwrap_or(match self.kind {
            OrderKind::TwoLines => 2,
            OrderKind::NoLines => 0,
            _ => 1,
        })
    }

    /// The payment workflow that an invented body reports.
    pub(crate) fn workflow(&self) -> &str {
        self.payment_workflow.as_deref().unwrap_or(match self.kind {
            OrderKind::SlowDebit | OrderKind::PaymentRefused => "PAY_ON_ACCEPTANCE",
            _ => "PAY_ON_SHIPMENT",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_seed_reads_from_its_shortest_json_form() {
        let seed: OrderSeed = serde_json::from_value(json!({"order_id": "A-1"})).unwrap();
        assert_eq!(seed, OrderSeed::plain("A-1"));
    }

    #[test]
    fn a_seed_reads_paces_and_paths_from_json() {
        let seed: OrderSeed = serde_json::from_value(json!({
            "order_id": "A-1",
            "kind": "slow_debit",
            "reads_waiting": {"looks": 2},
            "path": [{"state": "WAITING_DEBIT", "stays": {"ms": 50}}, {"state": "SHIPPING"}]
        }))
        .unwrap();
        assert_eq!(seed.reads_waiting, Some(Pace::Looks(2)));
        assert_eq!(
            seed.accepted_path(),
            [
                Step::new("WAITING_DEBIT", Pace::Ms(50)),
                Step::new("SHIPPING", Pace::Never)
            ]
        );
    }

    #[test]
    fn an_unknown_setting_of_a_seed_is_refused() {
        let read: Result<OrderSeed, _> = serde_json::from_value(json!({"order_id": "A-1", "colour": "red"}));
        assert!(read.is_err());
    }

    #[test]
    fn a_full_body_names_the_first_state() {
        let seed = OrderSeed::full("A-1", json!({"order_state": "SHIPPED"}));
        assert_eq!(seed.first_state(), MarketState::Shipped);
    }
}
