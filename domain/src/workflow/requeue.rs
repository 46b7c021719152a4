//! Requeue: failed orders whose retry is due get their next attempt; failures that other programs wrote are filed.
//!
//! Both are a claim and a guarded settle, so that of several workers one writes the entry, and a crash between the two
//! leaves a retry that is still due.

use crate::ports::StoreClock;
use crate::work::Phase;

use super::core::Core;
use super::decide;
use super::events::Event;
use super::report::Halt;
use super::tally::Tally;

/// Requeues every retry that is due and files every foreign failure.
pub(super) async fn requeue(core: &Core, clock: StoreClock, tally: &mut Tally<'_>) -> Result<(), Halt> {
    loop {
        let now = core.now(clock);
        let phases = [Phase::Retry, Phase::Unfiled];
        let claimed = core.claim(now, now, &phases, core.settings.batch).await?;
        let full = claimed.len() == core.settings.batch;
        let now = core.now(clock);
        let ctx = core.context(now, false);
        let settlements: Vec<_> = claimed
            .iter()
            .map(|order| match order.standing.phase {
                Phase::Unfiled => decide::file_foreign(order, &ctx),
                _ => decide::requeue(order, &ctx),
            })
            .collect();
        let before = tally.report.requeued;
        let results = core.settle(&settlements, now).await.map_err(Halt::Store)?;
        tally.settled(settlements, &results);
        let orders = usize::try_from(tally.report.requeued - before).unwrap_or(0);
        if orders > 0 {
            tally.tell(&Event::Requeued { orders });
        }
        if !full {
            return Ok(());
        }
    }
}
