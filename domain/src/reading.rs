//! What a state seen on the marketplace means for acceptance.

use crate::order::{Order, OrderLine};
use crate::state::MarketplaceState;
use crate::time::Timestamp;

/// What one look showed of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The order, as far as acceptance needs it.
    Order(SeenOrder),
    /// The answer held the order, but in a form that can't be read; with the reason.
    Unreadable(String),
    /// The answer did not hold the order.
    Missing,
}

/// The part of an [`Order`] that decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenOrder {
    /// Its state.
    pub state: MarketplaceState,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// When the shop decided on it; `None` where nobody has, or the marketplace did by itself.
    pub decided_at: Option<Timestamp>,
}

impl Seen {
    /// The text under which it stands in the record of a look: the state, `None` for an order not in the answer.
    #[must_use]
    pub fn recorded_state(&self) -> Option<&str> {
        match self {
            Self::Order(order) => Some(order.state.as_str()),
            Self::Unreadable(_) => Some("(unreadable)"),
            Self::Missing => None,
        }
    }
}

impl From<&Order> for Seen {
    fn from(order: &Order) -> Self {
        Self::Order(SeenOrder {
            state: order.state.clone(),
            lines: order.lines.clone(),
            decided_at: order.decided_at,
        })
    }
}

/// By whom an order was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBy {
    /// Somebody of the shop, or a program with its key: a decision date stands on the order.
    Shop,
    /// The marketplace at the acceptance deadline: no decision date. It hurts the seller's account.
    Deadline,
}

/// How an order was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// `CANCELED`.
    Canceled,
    /// `REFUSED`, and by whom.
    Refused(RefusedBy),
    /// Past acceptance, but every line refused, cancelled or refunded.
    EveryLineLost,
}

impl Loss {
    /// How it was lost, for notes.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Canceled => "cancelled on the marketplace",
            Self::EveryLineLost => "every line is refused, cancelled or refunded",
            Self::Refused(RefusedBy::Shop) => "refused by the shop (a decision date stands on the order)",
            Self::Refused(RefusedBy::Deadline) => {
                "refused by the marketplace at the acceptance deadline (no decision date stands on the order)"
            }
        }
    }
}

/// What was seen, in the words of acceptance: the table of the marketplace's states, one variant a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// `STAGING`: not yet for us. Wait; no failure.
    Staging,
    /// `WAITING_ACCEPTANCE` with lines: may be sent, or the acceptance has not been processed.
    Waiting,
    /// `WAITING_DEBIT`: accepted, the debit not asked for. Wait, over later runs too.
    DebitPending,
    /// Accepted.
    Accepted {
        /// Whether it is past `SHIPPING` already.
        further_along: bool,
    },
    /// Lost.
    Lost(Loss),
    /// A value that this version does not know. Wait; never send.
    UnknownState(Box<str>),
    /// Waiting, but without a line that could be decided on: never send.
    NoLines,
    /// In the answer, but unreadable: never send.
    Unreadable,
    /// Not in the answer. Wait; never send.
    Missing,
}

/// Reads what a look showed.
///
/// Source: Mirakl's order states, and `acceptance_decision_date`, which is null where the marketplace decided by itself.
#[must_use]
pub fn read(seen: &Seen) -> Reading {
    use MarketplaceState as State;
    let order = match seen {
        Seen::Missing => return Reading::Missing,
        Seen::Unreadable(_) => return Reading::Unreadable,
        Seen::Order(order) => order,
    };
    match &order.state {
        State::Staging => Reading::Staging,
        State::WaitingAcceptance if order.lines.is_empty() => Reading::NoLines,
        State::WaitingAcceptance => Reading::Waiting,
        State::WaitingDebit => Reading::DebitPending,
        State::WaitingDebitPayment | State::Shipping => accepted_unless_lost(order, false, REFUSED_LINE),
        State::Shipped | State::ToCollect | State::Received | State::WaitingRefund | State::WaitingRefundPayment => {
            accepted_unless_lost(order, true, REFUSED_LINE)
        }
        State::Closed => accepted_unless_lost(order, true, CLOSED_LOST_LINE),
        State::Refused if order.decided_at.is_some() => Reading::Lost(Loss::Refused(RefusedBy::Shop)),
        State::Refused => Reading::Lost(Loss::Refused(RefusedBy::Deadline)),
        State::Canceled => Reading::Lost(Loss::Canceled),
        // These two are states of lines; on an order they tell nothing about acceptance.
        State::IncidentOpen | State::Refunded => Reading::UnknownState(order.state.as_str().into()),
        State::Other(text) => Reading::UnknownState(text.clone()),
    }
}

const REFUSED_LINE: &[MarketplaceState] = &[MarketplaceState::Refused, MarketplaceState::Canceled];
const CLOSED_LOST_LINE: &[MarketplaceState] = &[
    MarketplaceState::Refused,
    MarketplaceState::Canceled,
    MarketplaceState::Refunded,
];

fn accepted_unless_lost(order: &SeenOrder, further_along: bool, lost: &[MarketplaceState]) -> Reading {
    let lost_line = |line: &OrderLine| line.state.as_ref().is_some_and(|state| lost.contains(state));
    if !order.lines.is_empty() && order.lines.iter().all(lost_line) {
        Reading::Lost(Loss::EveryLineLost)
    } else {
        Reading::Accepted { further_along }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::LineId;

    fn seen(state: &str, lines: &[&str]) -> Seen {
        let line = |(n, state): (usize, &&str)| OrderLine {
            id: LineId::new(format!("L{n}")).unwrap(),
            state: Some(MarketplaceState::parse(state)),
        };
        Seen::Order(SeenOrder {
            state: MarketplaceState::parse(state),
            lines: lines.iter().enumerate().map(line).collect(),
            decided_at: None,
        })
    }

    #[test]
    fn each_state_means_what_the_table_says() {
        let accepted = Reading::Accepted { further_along: false };
        let further = Reading::Accepted { further_along: true };
        let table = [
            ("STAGING", Reading::Staging),
            ("WAITING_ACCEPTANCE", Reading::Waiting),
            ("WAITING_DEBIT", Reading::DebitPending),
            ("WAITING_DEBIT_PAYMENT", accepted.clone()),
            ("SHIPPING", accepted),
            ("SHIPPED", further.clone()),
            ("TO_COLLECT", further.clone()),
            ("RECEIVED", further.clone()),
            ("WAITING_REFUND", further.clone()),
            ("WAITING_REFUND_PAYMENT", further.clone()),
            ("CLOSED", further),
            ("REFUSED", Reading::Lost(Loss::Refused(RefusedBy::Deadline))),
            ("CANCELED", Reading::Lost(Loss::Canceled)),
            ("CANCELLED", Reading::Lost(Loss::Canceled)),
            ("PAUSED", Reading::UnknownState("PAUSED".into())),
        ];
        for (state, reading) in table {
            assert_eq!(read(&seen(state, &["SHIPPING"])), reading, "{state}");
        }
    }

    #[test]
    fn a_refusal_with_a_decision_date_was_the_shops() {
        let Seen::Order(mut order) = seen("REFUSED", &["REFUSED"]) else {
            unreachable!()
        };
        order.decided_at = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(read(&Seen::Order(order)), Reading::Lost(Loss::Refused(RefusedBy::Shop)));
    }

    #[test]
    fn closed_is_lost_only_where_every_line_is() {
        let lost = Reading::Lost(Loss::EveryLineLost);
        assert_eq!(read(&seen("CLOSED", &["REFUSED", "CANCELED", "REFUNDED"])), lost);
        assert_eq!(
            read(&seen("CLOSED", &["REFUSED", "RECEIVED"])),
            Reading::Accepted { further_along: true }
        );
        assert_eq!(read(&seen("CLOSED", &[])), Reading::Accepted { further_along: true });
    }

    #[test]
    fn all_lines_refused_is_never_read_as_accepted() {
        assert_eq!(
            read(&seen("SHIPPING", &["REFUSED", "REFUSED"])),
            Reading::Lost(Loss::EveryLineLost)
        );
        assert_eq!(
            read(&seen("SHIPPING", &["REFUSED", "SHIPPING"])),
            Reading::Accepted { further_along: false }
        );
    }

    #[test]
    fn a_waiting_order_without_lines_is_never_for_sending() {
        assert_eq!(read(&seen("WAITING_ACCEPTANCE", &[])), Reading::NoLines);
    }

    #[test]
    fn what_is_not_there_or_not_readable_says_so() {
        assert_eq!(read(&Seen::Missing), Reading::Missing);
        assert_eq!(read(&Seen::Unreadable("no state".into())), Reading::Unreadable);
    }
}
