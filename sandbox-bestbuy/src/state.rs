//! The marketplace's states of orders and lines, as the seller API writes them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A state of an order or of one of its lines.
///
/// The known values are those of the published API; anything else is carried as text, so that a value which no client has
/// ever seen can be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum MarketState {
    /// Fraud check, before the shop sees anything to do.
    Staging,
    /// The shop has to decide.
    WaitingAcceptance,
    /// Accepted; the debit has not been asked for.
    WaitingDebit,
    /// Accepted; the debit has been asked for.
    WaitingDebitPayment,
    /// Paid, waiting for the shop to ship.
    Shipping,
    /// Shipped.
    Shipped,
    /// Waiting at a collection point.
    ToCollect,
    /// Received by the customer.
    Received,
    /// Closed.
    Closed,
    /// Refused by the shop or at the acceptance deadline.
    Refused,
    /// Cancelled; the marketplace writes it with one L.
    Canceled,
    /// An old value, still listed.
    WaitingRefund,
    /// An old value, still listed.
    WaitingRefundPayment,
    /// A line with an open incident.
    IncidentOpen,
    /// A refunded line.
    Refunded,
    /// Any other text.
    Other(String),
}

/// The known states with their wire names.
const NAMES: [(&str, MarketState); 15] = [
    ("STAGING", MarketState::Staging),
    ("WAITING_ACCEPTANCE", MarketState::WaitingAcceptance),
    ("WAITING_DEBIT", MarketState::WaitingDebit),
    ("WAITING_DEBIT_PAYMENT", MarketState::WaitingDebitPayment),
    ("SHIPPING", MarketState::Shipping),
    ("SHIPPED", MarketState::Shipped),
    ("TO_COLLECT", MarketState::ToCollect),
    ("RECEIVED", MarketState::Received),
    ("CLOSED", MarketState::Closed),
    ("REFUSED", MarketState::Refused),
    ("CANCELED", MarketState::Canceled),
    ("WAITING_REFUND", MarketState::WaitingRefund),
    ("WAITING_REFUND_PAYMENT", MarketState::WaitingRefundPayment),
    ("INCIDENT_OPEN", MarketState::IncidentOpen),
    ("REFUNDED", MarketState::Refunded),
];

impl MarketState {
    /// The wire name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(text) => text,
            known => NAMES
                .iter()
                .find(|(_, state)| state == known)
                .map_or("", |(name, _)| name),
        }
    }

    /// Whether the value can stand in `order_state_codes`: it is one of the published states of an order.
    #[must_use]
    pub fn is_order_state(&self) -> bool {
        !matches!(self, Self::IncidentOpen | Self::Refunded | Self::Other(_))
    }

    /// Whether the order is still before the shop's decision, as far as its state tells.
    #[must_use]
    pub fn is_before_decision(&self) -> bool {
        matches!(self, Self::Staging | Self::WaitingAcceptance)
    }

    /// Whether the customer can still cancel: nothing has been shipped, refused or cancelled yet.
    #[must_use]
    pub fn can_be_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Staging | Self::WaitingAcceptance | Self::WaitingDebit | Self::WaitingDebitPayment | Self::Shipping
        )
    }

    /// Whether the customer has paid by the time the order is in this state.
    pub(crate) fn is_paid(&self) -> bool {
        matches!(
            self,
            Self::Shipping | Self::Shipped | Self::ToCollect | Self::Received | Self::Closed
        )
    }
}

impl From<String> for MarketState {
    fn from(text: String) -> Self {
        match NAMES.iter().find(|(name, _)| *name == text) {
            Some((_, state)) => state.clone(),
            None => Self::Other(text),
        }
    }
}

impl From<&str> for MarketState {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<MarketState> for String {
    fn from(state: MarketState) -> Self {
        state.as_str().to_owned()
    }
}

impl fmt::Display for MarketState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_name_reads_back_as_itself() {
        for (name, state) in NAMES {
            assert_eq!(MarketState::from(name), state);
            assert_eq!(state.to_string(), name);
        }
    }

    #[test]
    fn an_unknown_value_keeps_its_text() {
        let state = MarketState::from("ON_THE_MOON");
        assert_eq!(state, MarketState::Other("ON_THE_MOON".to_owned()));
        assert_eq!(state.as_str(), "ON_THE_MOON");
        assert!(!state.is_order_state());
    }

    #[test]
    fn cancelled_is_written_with_one_l() {
        assert_eq!(MarketState::Canceled.as_str(), "CANCELED");
        assert_eq!(
            MarketState::from("CANCELLED"),
            MarketState::Other("CANCELLED".to_owned())
        );
    }
}
