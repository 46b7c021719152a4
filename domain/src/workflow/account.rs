//! What the marketplace says of the shop itself: its state, and how it decides on its orders.
//!
//! Such calls are worth no wait: where the shop rests, or its budget is used up for now, they are left for later.

use std::future::Future;

use crate::ports::{AccountCheck, MarketplaceError, MarketplaceResult};

use super::core::Core;
use super::events::Event;
use super::purse::Purse;
use super::report::Halt;
use super::rest::{end_of_rest, not_paused, store_pause};
use super::stop::StopSignal;

/// Asks for the shop's state, and for its figures where those are wanted. Figures that can't be had cost the state nothing.
pub(super) async fn check(core: &Core, figures: bool) -> Result<AccountCheck, Halt> {
    let marketplace = &core.ports.marketplace;
    let state = ask(core, marketplace.account()).await?.shop_state;
    let mut said = AccountCheck {
        state,
        ..AccountCheck::default()
    };
    if figures {
        let told = ask(core, marketplace.figures()).await;
        said.figures_asked = match &told {
            Ok(_) => true,
            // Without its place in the call log the call was not made.
            Err(Halt::Marketplace(error)) => !matches!(error, MarketplaceError::Unrecorded(_)),
            Err(_) => false,
        };
        match told {
            Ok(figures) => said.figures = Some(figures),
            Err(halt) => tracing::info!(%halt, "the shop's figures could not be read"),
        }
    }
    Ok(said)
}

async fn ask<T>(core: &Core, call: impl Future<Output = MarketplaceResult<T>>) -> Result<T, Halt> {
    let clock = core.store_clock().await.map_err(Halt::Store)?;
    not_paused(core, clock).await?;
    let nobody = |_: &Event| {};
    let stop = StopSignal::new();
    if Purse::new(core, &stop, &nobody).at_once(1).await? == 0 {
        return Err(Halt::OutOfBudget { until: core.now(clock) });
    }
    match call.await {
        Err(MarketplaceError::Throttled { retry_after }) => {
            let until = end_of_rest(core, core.now(clock), retry_after);
            store_pause(core, until).await?;
            Err(Halt::Throttled { until })
        }
        answer => answer.map_err(Halt::Marketplace),
    }
}
