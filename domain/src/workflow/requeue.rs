//! Requeue: failed orders whose retry is due get their next attempt; failures that other programs wrote are filed.
//!
//! Both are a claim and a guarded settle, so that of several workers one writes the entry, and a crash between the two
//! leaves a retry that is still due.

use crate::ports::{StoreClock, Suspects};
use crate::time::Timestamp;
use crate::work::{Claimed, Phase, Settlement};

use super::core::Core;
use super::decide;
use super::events::Event;

use super::report::Halt;
use super::tally::Tally;

/// Requeues every retry that was due at `due_by` and files every foreign failure; of suspects one after the other, each
/// once nothing else is left.
pub(super) async fn requeue(
    core: &Core,
    clock: StoreClock,
    due_by: Timestamp,
    suspects: Suspects,
    tally: &mut Tally<'_>,
) -> Result<(), Halt> {
    loop {
        let now = core.now(clock);
        let phases = [Phase::Retry, Phase::Unfiled];
        let limit = core.settings.batch;
        let claimed = core.claim(due_by, now, &phases, limit, suspects).await?;
        let full = match suspects {
            Suspects::LeftOut => claimed.len() == limit,
            Suspects::AloneAtLast => !claimed.is_empty(),
        };
        let now = core.now(clock);
        if suspects == Suspects::AloneAtLast && !claimed.iter().all(Claimed::is_alone) {
            // They fell due meanwhile: the next run takes them.
            let released: Vec<_> = claimed.iter().map(Settlement::release).collect();
            return core.settle(&released, now).await.map(drop).map_err(Halt::Store);
        }
        let ctx = core.context(now, false);
        let settlements: Vec<_> = claimed
            .iter()
            .map(
                |order| match (decide::workers_lost(order, &ctx), order.standing.phase) {
                    (Some(review), _) => review,
                    (None, Phase::Unfiled) => decide::file_foreign(order, &ctx),
                    (None, _) => decide::requeue(order, &ctx),
                },
            )
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
