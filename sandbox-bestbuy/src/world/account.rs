//! Keys, shops and the figures about them: who may call, and what A01, A21 and PC01 tell.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::World;
use crate::lifecycle::{Cause, Move};
use crate::options::{Shop, ShopState};
use crate::reply::Problem;
use crate::state::MarketState;

/// Who a call comes from and which shop it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) shop_id: i64,
}

/// What A21 is computed from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DecisionStats {
    accepted: u64,
    refused: u64,
    refused_by_deadline: u64,
    consecutive_refused: u64,
    delay_seconds: i64,
}

impl DecisionStats {
    /// Counts a move, if it ends the wait for a decision.
    pub(super) fn count(&mut self, moved: &Move, created_at: Timestamp) {
        if moved.from != Some(MarketState::WaitingAcceptance) {
            return;
        }
        match moved.cause {
            Cause::Acceptance | Cause::AcceptedByPerson | Cause::AutomaticAcceptance => {
                self.accepted += 1;
                self.consecutive_refused = 0;
                self.delay_seconds += moved.at.duration_since(created_at).as_secs();
            }
            Cause::Refusal | Cause::RefusedByPerson | Cause::Deadline => {
                self.refused += 1;
                self.consecutive_refused += 1;
                if moved.cause == Cause::Deadline {
                    self.refused_by_deadline += 1;
                }
            }
            _ => {}
        }
    }
}

/// The first bytes of a hash of a key: tells keys apart and gives none away.
pub(super) fn fingerprint(key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    digest[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl World {
    pub(super) fn default_shop(&self) -> i64 {
        self.shops.first().map_or(0, |shop| shop.shop_id)
    }

    fn shop(&self, shop_id: i64) -> Option<&Shop> {
        self.shops.iter().find(|shop| shop.shop_id == shop_id)
    }

    /// Checks a call's key and shop.
    pub(crate) fn admit(&self, key: Option<&str>, shop_id: Option<&str>) -> Result<Caller, Problem> {
        let known = key.is_some_and(|key| self.keys.iter().any(|own| own == key));
        if !known || self.keys_revoked {
            return Err(Problem::plain(401, "Unauthorized"));
        }
        let shop_id = match shop_id {
            None | Some("") => {
                return Ok(Caller {
                    shop_id: self.default_shop(),
                });
            }
            Some(text) => text
                .parse::<i64>()
                .map_err(|_| Problem::invalid("shop_id", "must be a whole number"))?,
        };
        match self.shop(shop_id) {
            Some(_) => Ok(Caller { shop_id }),
            None => Err(Problem::plain(403, "The shop is not one of this user's shops")),
        }
    }

    /// Checks that order calls for this shop are served.
    pub(crate) fn admit_orders(&self, caller: Caller) -> Result<(), Problem> {
        match self.shop(caller.shop_id) {
            Some(shop) if shop.state.refuses_order_calls() => {
                let state = shop.state.as_str();
                Err(Problem::plain(403, format!("The shop is {state}")))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn revoke_keys(&mut self, revoked: bool) {
        self.keys_revoked = revoked;
    }

    /// Puts a shop into a state; whether there is such a shop.
    pub(crate) fn set_shop_state(&mut self, shop_id: Option<i64>, state: ShopState) -> bool {
        let shop_id = shop_id.unwrap_or_else(|| self.default_shop());
        let shop = self.shops.iter_mut().find(|shop| shop.shop_id == shop_id);
        shop.map(|shop| shop.state = state).is_some()
    }

    /// A01's body.
    pub(crate) fn account(&self, caller: Caller) -> Value {
        let shop = self.shop(caller.shop_id);
        json!({
            "shop_id": caller.shop_id,
            "shop_name": shop.map(|shop| shop.name.as_str()),
            "shop_state": shop.map(|shop| shop.state.as_str()),
            "currency_iso_code": "CAD",
            "default_language": "en_CA",
            "is_professional": true,
            "premium": false,
            "suspension_type": null,
        })
    }

    /// A21's body.
    pub(crate) fn statistics(&self, caller: Caller) -> Value {
        let stats = self.stats.get(&caller.shop_id).copied().unwrap_or_default();
        let decided = stats.accepted + stats.refused;
        let share = |part: u64| match decided {
            0 => Value::Null,
            all => json!(part as f64 * 100.0 / all as f64),
        };
        let delay = match i64::try_from(stats.accepted) {
            Ok(accepted) if accepted > 0 => json!(stats.delay_seconds / accepted),
            _ => Value::Null,
        };
        json!({
            "approval_rate": share(stats.accepted),
            "approval_delay": delay,
            "auto_refused_rate": share(stats.refused_by_deadline),
            "consecutive_refused_orders_count": stats.consecutive_refused,
            "orders_count": self.by_shop.get(&caller.shop_id).map_or(0, |orders| orders.len()),
        })
    }

    /// PC01's body.
    pub(crate) fn platform(&self) -> Value {
        json!({
            "order_workflows": {
                "order_acceptance": self.options().order_acceptance.as_str(),
            },
            "currencies": {"default_currency": "CAD", "currency_iso_codes": ["CAD"]},
        })
    }
}
