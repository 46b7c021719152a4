//! The sandbox's settings: what a caller can choose before it starts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::clock::SandboxClock;
use crate::faults::FaultRule;
use crate::seed::OrderSeed;

/// The API key of a sandbox that was given none.
pub const DEFAULT_KEY: &str = "sandbox-key";
/// The id of the shop of a sandbox that was given none.
pub const DEFAULT_SHOP: i64 = 2001;

/// How bodies write what is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayloadShape {
    /// As a shop sees them: absent values are null, and the customer's addresses are null before acceptance.
    #[default]
    AsSeen,
    /// By the letter of the published schema, which knows no null: absent values are left out, addresses always shown.
    AsPublished,
}

/// How errors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorForm {
    /// `{"code","message","errors":[{"code","field","message"}]}`
    #[default]
    Coded,
    /// `{"status","message"}`, without any code.
    Older,
    /// No body.
    Empty,
}

/// What a second decision does to an order that was decided but still reads `WAITING_ACCEPTANCE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatedDecision {
    /// It is answered 400 `ORDER_INVALID_STATE`.
    #[default]
    Refused,
    /// It takes effect again, so that a client which leans on the marketplace's own check is found out by the ledger.
    Applied,
}

/// The operator's setting for who accepts orders, as PC01 reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderAcceptance {
    /// The platform accepts every order as it arrives.
    Automatic,
    /// Shops accept their orders.
    #[default]
    NotAutomatic,
    /// Either, order by order; here orders wait unless their seed says otherwise.
    Both,
}

impl OrderAcceptance {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "AUTOMATIC",
            Self::NotAutomatic => "NOT_AUTOMATIC",
            Self::Both => "BOTH",
        }
    }
}

/// The state of a shop, as A01 reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ShopState {
    /// Trading.
    #[default]
    Open,
    /// Closed by the shop for a while; its orders can still be handled.
    Close,
    /// Suspended by the operator: order calls are answered 403 here.
    Suspended,
    /// Gone: order calls are answered 403 here.
    Terminated,
}

impl ShopState {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Close => "CLOSE",
            Self::Suspended => "SUSPENDED",
            Self::Terminated => "TERMINATED",
        }
    }

    /// Whether order calls for such a shop are refused.
    #[must_use]
    pub fn refuses_order_calls(self) -> bool {
        matches!(self, Self::Suspended | Self::Terminated)
    }
}

/// A shop behind the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    /// The shop's id, as `shop_id` names it.
    pub shop_id: i64,
    /// The shop's name.
    #[serde(default = "default_shop_name")]
    pub name: String,
    /// The shop's state.
    #[serde(default)]
    pub state: ShopState,
}

fn default_shop_name() -> String {
    "Larkspur Electronics".to_owned()
}

impl Shop {
    /// An open shop of this id.
    #[must_use]
    pub fn open(shop_id: i64) -> Self {
        Self {
            shop_id,
            name: default_shop_name(),
            state: ShopState::Open,
        }
    }
}

/// Everything that can be chosen before a sandbox starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxOptions {
    /// Where to listen; a free loopback port by default.
    pub bind: SocketAddr,
    /// The seed of everything that is left to chance.
    pub seed: u64,
    /// The API keys that are let in, each to every shop. Empty stands for [`DEFAULT_KEY`].
    pub keys: Vec<String>,
    /// The shops; the first is the default one. Empty stands for one open shop of id [`DEFAULT_SHOP`].
    pub shops: Vec<Shop>,
    /// Milliseconds from an order's creation to its automatic refusal; `None` for never. 24 hours by default.
    pub acceptance_deadline_ms: Option<u64>,
    /// Whether one decision may accept some lines and refuse others.
    pub partial_acceptance: bool,
    /// Who accepts orders.
    pub order_acceptance: OrderAcceptance,
    /// How bodies write what is not there.
    pub payloads: PayloadShape,
    /// How errors are written.
    pub errors: ErrorForm,
    /// What a second decision does to an order that still reads `WAITING_ACCEPTANCE`.
    pub repeated_decision: RepeatedDecision,
    /// Orders that are there from the start.
    pub orders: Vec<OrderSeed>,
    /// How many plain orders `BULK-000001`, … are there from the start besides.
    pub bulk: u32,
    /// Faults that are there from the start.
    pub faults: Vec<FaultRule>,
    /// Where the time comes from; not part of the JSON form.
    #[serde(skip)]
    pub clock: SandboxClock,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            seed: 1,
            keys: Vec::new(),
            shops: Vec::new(),
            acceptance_deadline_ms: Some(24 * 60 * 60 * 1000),
            partial_acceptance: true,
            order_acceptance: OrderAcceptance::default(),
            payloads: PayloadShape::default(),
            errors: ErrorForm::default(),
            repeated_decision: RepeatedDecision::default(),
            orders: Vec::new(),
            bulk: 0,
            faults: Vec::new(),
            clock: SandboxClock::default(),
        }
    }
}

impl SandboxOptions {
    /// The keys that are let in.
    pub(crate) fn keys_or_default(&self) -> Vec<String> {
        if self.keys.is_empty() {
            vec![DEFAULT_KEY.to_owned()]
        } else {
            self.keys.clone()
        }
    }

    /// The shops behind them.
    pub(crate) fn shops_or_default(&self) -> Vec<Shop> {
        if self.shops.is_empty() {
            vec![Shop::open(DEFAULT_SHOP)]
        } else {
            self.shops.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_from_an_empty_object() {
        let options: SandboxOptions = serde_json::from_str("{}").unwrap();
        assert!(options.partial_acceptance);
        assert_eq!(options.keys_or_default(), [DEFAULT_KEY]);
        assert_eq!(options.shops_or_default()[0].shop_id, DEFAULT_SHOP);
        assert!(options.bind.ip().is_loopback());
    }

    #[test]
    fn wire_names_match_their_json_forms() {
        for state in [
            ShopState::Open,
            ShopState::Close,
            ShopState::Suspended,
            ShopState::Terminated,
        ] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        for mode in [
            OrderAcceptance::Automatic,
            OrderAcceptance::NotAutomatic,
            OrderAcceptance::Both,
        ] {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.as_str());
        }
    }
}
