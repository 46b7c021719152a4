//! Other people's hands: what persons, customers and the operator do between two of the client's steps.

use super::World;
use crate::error::SandboxError;
use crate::faults::Act;
use crate::lifecycle::Cause;
use crate::state::MarketState;

impl World {
    /// Does something to an order, or to the keys or the shop.
    ///
    /// # Errors
    /// Where the order isn't there, or is in a state in which this can't be done to it.
    pub(crate) fn act(&mut self, order_id: &str, act: &Act) -> Result<(), SandboxError> {
        self.tick();
        match act {
            Act::RevokeKeys => self.revoke_keys(true),
            Act::RestoreKeys => self.revoke_keys(false),
            Act::SetShop { state } => {
                let shop_id = self.orders.get(order_id).map(|order| order.shop_id);
                self.set_shop_state(shop_id, *state);
            }
            on_order => return self.act_on_order(order_id, on_order),
        }
        Ok(())
    }

    fn act_on_order(&mut self, order_id: &str, act: &Act) -> Result<(), SandboxError> {
        let now = self.now();
        let Some(order) = self.orders.get(order_id) else {
            return Err(SandboxError::NoSuchOrder {
                order_id: order_id.to_owned(),
            });
        };
        let state = order.life.state().clone();
        let possible = match act {
            Act::Accept | Act::Refuse | Act::PassDeadline => order.life.is_undecided(),
            Act::CancelByCustomer | Act::CancelByOperator => state.can_be_cancelled(),
            Act::SetState { .. } | Act::RevokeKeys | Act::RestoreKeys | Act::SetShop { .. } => true,
        };
        if !possible {
            return Err(SandboxError::TooLate {
                order_id: order_id.to_owned(),
                state: state.to_string(),
            });
        }
        self.move_order(order_id, |life, lines| match act {
            Act::Accept => life.decide(&vec![true; lines], Some(now), Cause::AcceptedByPerson, now),
            Act::Refuse => life.decide(&vec![false; lines], Some(now), Cause::RefusedByPerson, now),
            Act::PassDeadline => life.pass_deadline(now),
            Act::CancelByCustomer => life.set(MarketState::Canceled, None, Cause::CancelledByCustomer, now),
            Act::CancelByOperator => life.set(MarketState::Canceled, None, Cause::CancelledByOperator, now),
            Act::SetState { state, lines } => life.set(state.clone(), lines.clone(), Cause::SetByHand, now),
            Act::RevokeKeys | Act::RestoreKeys | Act::SetShop { .. } => Vec::new(),
        });
        Ok(())
    }

    /// Lets the hands of fault rules act on the order that each names, or else on every order of the call. What comes
    /// too late does nothing.
    pub(super) fn let_hands_act(&mut self, hands: &[(Act, Option<String>)], order_ids: &[String]) {
        for (act, named) in hands {
            let concerned: Vec<&str> = match (act, named) {
                (Act::RevokeKeys | Act::RestoreKeys | Act::SetShop { .. }, named) => {
                    let of_call = order_ids.first().map(String::as_str);
                    vec![named.as_deref().or(of_call).unwrap_or("")]
                }
                (_, Some(named)) => vec![named],
                (_, None) => order_ids.iter().map(String::as_str).collect(),
            };
            for order_id in concerned {
                if let Err(late) = self.act(order_id, act) {
                    tracing::debug!(order_id, ?act, %late, "a hand came too late");
                }
            }
        }
    }
}
