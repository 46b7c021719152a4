//! The states an order or line has on the marketplace.

use std::fmt;

/// A state on the marketplace. Values that are not listed are carried as [`MarketplaceState::Other`].
///
/// Source: Mirakl's order API, `order_state` and `order_line_state` of OR11.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MarketplaceState {
    /// In the marketplace's fraud check.
    Staging,
    /// Waits for the shop's decision.
    WaitingAcceptance,
    /// Accepted by the shop; the debit has not been asked for.
    WaitingDebit,
    /// Accepted; the debit has been asked for.
    WaitingDebitPayment,
    /// Paid; waits for the shop to ship.
    Shipping,
    /// Shipped.
    Shipped,
    /// Waits at a pick-up point.
    ToCollect,
    /// Received by the customer.
    Received,
    /// Closed: the last state, of orders that went well and of some that did not.
    Closed,
    /// Refused by the shop, or by the marketplace at the acceptance deadline.
    Refused,
    /// Cancelled. Written with one L; the spelling with two is read too.
    Canceled,
    /// An older value: waits for a refund.
    WaitingRefund,
    /// An older value: waits for the payment of a refund.
    WaitingRefundPayment,
    /// Lines only: an incident is open.
    IncidentOpen,
    /// Lines only: refunded.
    Refunded,
    /// Any value that this version does not know, as it was written.
    Other(Box<str>),
}

const NAMES: [(MarketplaceState, &str); 15] = [
    (MarketplaceState::Staging, "STAGING"),
    (MarketplaceState::WaitingAcceptance, "WAITING_ACCEPTANCE"),
    (MarketplaceState::WaitingDebit, "WAITING_DEBIT"),
    (MarketplaceState::WaitingDebitPayment, "WAITING_DEBIT_PAYMENT"),
    (MarketplaceState::Shipping, "SHIPPING"),
    (MarketplaceState::Shipped, "SHIPPED"),
    (MarketplaceState::ToCollect, "TO_COLLECT"),
    (MarketplaceState::Received, "RECEIVED"),
    (MarketplaceState::Closed, "CLOSED"),
    (MarketplaceState::Refused, "REFUSED"),
    (MarketplaceState::Canceled, "CANCELED"),
    (MarketplaceState::WaitingRefund, "WAITING_REFUND"),
    (MarketplaceState::WaitingRefundPayment, "WAITING_REFUND_PAYMENT"),
    (MarketplaceState::IncidentOpen, "INCIDENT_OPEN"),
    (MarketplaceState::Refunded, "REFUNDED"),
];

impl MarketplaceState {
    /// Every state that is known by name.
    pub fn known() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(state, _)| state)
    }

    /// Reads a state as the marketplace writes it; never fails.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text == "CANCELLED" {
            return Self::Canceled;
        }
        NAMES
            .into_iter()
            .find(|(_, name)| *name == text)
            .map_or_else(|| Self::Other(text.into()), |(state, _)| state)
    }

    /// The state as the marketplace writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        if let Self::Other(text) = self {
            return text;
        }
        NAMES
            .iter()
            .find(|(state, _)| state == self)
            .map_or("", |(_, name)| name)
    }
}

impl fmt::Display for MarketplaceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_state_reads_back_as_itself() {
        for state in MarketplaceState::known() {
            assert!(!state.as_str().is_empty());
            assert_eq!(MarketplaceState::parse(state.as_str()), state);
        }
    }

    #[test]
    fn cancelled_is_read_in_both_spellings() {
        assert_eq!(MarketplaceState::parse("CANCELED"), MarketplaceState::Canceled);
        assert_eq!(MarketplaceState::parse("CANCELLED"), MarketplaceState::Canceled);
    }

    #[test]
    fn unknown_values_pass_unharmed() {
        assert_eq!(MarketplaceState::parse("ON_THE_MOON").as_str(), "ON_THE_MOON");
    }
}
