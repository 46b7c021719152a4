//! Looks: fresh states of claimed orders, a hundred to a call.

use std::collections::HashMap;

use crate::guards::{Guard, dropped};
use crate::order::OrderId;
use crate::ports::StoreClock;
use crate::reading::Seen;
use crate::settings::IDS_PER_LOOK;

use super::core::Core;
use super::decide::LookedAt;
use super::report::Halt;

/// From how many orders on it is taken for a fault of the shop setting when a look shows none of them.
const TELLING: usize = 10;

/// What one look showed of each order that was asked for.
pub(super) struct Shown {
    pub(super) look: LookedAt,
    seen: HashMap<OrderId, Seen>,
}

impl Shown {
    /// What was seen of `id`.
    pub(super) fn of(&self, id: &OrderId) -> &Seen {
        self.seen.get(id).unwrap_or(&Seen::Missing)
    }
}

impl Core {
    /// Looks at up to [`IDS_PER_LOOK`] orders in one call; stops the run where it shows none of many.
    pub(super) async fn look(&self, clock: StoreClock, ids: &[OrderId]) -> Result<Shown, Halt> {
        let shown = self.look_at_any(clock, ids).await?;
        if ids.len() >= TELLING && shown.seen.is_empty() && !dropped(Guard::WrongShop) {
            return Err(Halt::WrongShop { asked: ids.len() });
        }
        Ok(shown)
    }

    /// Looks at up to [`IDS_PER_LOOK`] orders in one call, of which any number may be gone.
    pub(super) async fn look_at_any(&self, clock: StoreClock, ids: &[OrderId]) -> Result<Shown, Halt> {
        debug_assert!(ids.len() <= IDS_PER_LOOK, "more ids than a look may ask for");
        let listing = self.ports.marketplace.look(ids).await.map_err(Halt::Marketplace)?;
        let mut seen: HashMap<_, _> = listing
            .orders
            .iter()
            .map(|order| (order.id.clone(), Seen::from(order)))
            .collect();
        for order in listing.unreadable {
            if let Some(id) = order.order_id {
                seen.insert(id, Seen::Unreadable(order.problem));
            }
        }
        seen.retain(|id, _| ids.contains(id));
        Ok(Shown {
            look: LookedAt {
                call: listing.call,
                began_at: clock.at(listing.began_at),
            },
            seen,
        })
    }
}
