//! Writes that are repeated until they are confirmed: under the same operation id, so that none takes effect twice.

use std::time::Duration;

use crate::advice::Advice;
use crate::call::CallId;
use crate::guards::{Guard, dropped};
use crate::order::OrderId;
use crate::ports::{
    ClaimRequest, Hold, Ingested, Intent, NewOrder, RecordedAnswer, RenewRequest, Settled, StoreError, StoreResult,
    Suspects, TakeUp,
};
use crate::status::check_move;
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Lease, OperationId, Phase, Settlement};

use super::core::Core;
use super::report::Halt;
use super::spans;

/// The waits between the tries: about six seconds in all, enough for a database to restart.
const WAITS: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

impl Core {
    /// Stores new orders; an unconfirmed write is repeated under its operation id.
    pub(super) async fn store_new(&self, orders: &[NewOrder], now: Timestamp) -> StoreResult<Ingested> {
        if orders.is_empty() {
            return Ok(Ingested::default());
        }
        let operation = self.operation(now);
        let mut waits = WAITS.into_iter();
        loop {
            let write = self.ports.store.ingest(orders, now, self.repeated(operation, now));
            match spans::write("store.ingest", Some(orders.len()), write).await {
                Err(error) => self.wait_or_give_up(error, &mut waits).await?,
                done => return done,
            }
        }
    }

    /// Claims at most `limit` orders in these phases that were due at `due_by`, under a whole lease from `now` on. A claim
    /// that was not confirmed is asked for again: it tells the same leases, which began with the first try.
    pub(super) async fn claim(
        &self,
        due_by: Timestamp,
        now: Timestamp,
        phases: &[Phase],
        limit: usize,
        suspects: Suspects,
    ) -> Result<Vec<Claimed>, Halt> {
        let request = ClaimRequest {
            phases: phases.to_vec(),
            now: due_by,
            // The store counts it from `due_by`.
            lease: self.settings.lease.saturating_add(time::until(due_by, now)),
            worker: self.worker.clone(),
            limit,
            suspects,
            operation: self.operation(now),
        };
        let mut waits = WAITS.into_iter();
        loop {
            match spans::write("store.claim", None, self.ports.store.claim(&request)).await {
                Err(error) => self.wait_or_give_up(error, &mut waits).await.map_err(Halt::Store)?,
                Ok(claimed) => return Ok(claimed),
            }
        }
    }

    /// Prolongs leases: each lasts a whole one from `now` on. It is not tried for long: they end by themselves.
    pub(super) async fn renew(&self, leases: Vec<Lease>, now: Timestamp) -> Result<Vec<Settled>, Halt> {
        let request = RenewRequest {
            leases,
            now,
            lease: self.settings.lease,
        };
        let mut waits = WAITS.into_iter().take(3);
        loop {
            let write = self.ports.store.renew(&request);
            match spans::write("store.renew", Some(request.leases.len()), write).await {
                Err(error) => self.wait_or_give_up(error, &mut waits).await.map_err(Halt::Store)?,
                Ok(renewed) => return Ok(renewed),
            }
        }
    }

    /// Leases these orders for a look, due or not. What was not confirmed is asked for again: it tells the same leases.
    pub(super) async fn take_up(&self, ids: &[OrderId], now: Timestamp) -> StoreResult<Vec<Claimed>> {
        let request = TakeUp {
            ids: ids.to_vec(),
            now,
            lease: self.settings.lease,
            worker: self.worker.clone(),
            operation: self.operation(now),
        };
        let mut waits = WAITS.into_iter();
        loop {
            let write = self.ports.store.take_up(&request);
            match spans::write("store.take_up", Some(ids.len()), write).await {
                Err(error) => self.wait_or_give_up(error, &mut waits).await?,
                done => return done,
            }
        }
    }

    /// Holds sending; where that was not confirmed, by a later hold.
    pub(super) async fn hold_sending(&self, now: Timestamp) -> StoreResult<Hold> {
        let mut waits = WAITS.into_iter();
        loop {
            match spans::write("store.hold_sending", None, self.ports.store.hold_sending(now)).await {
                Err(error) => self.wait_or_give_up(error, &mut waits).await?,
                done => return done,
            }
        }
    }

    /// Ends a hold of ours; repeating it changes nothing.
    pub(super) async fn allow_sending(&self, hold: Hold) -> StoreResult<bool> {
        let mut waits = WAITS.into_iter();
        loop {
            match spans::write("store.allow_sending", None, self.ports.store.allow_sending(hold)).await {
                Err(error) => self.wait_or_give_up(error, &mut waits).await?,
                done => return done,
            }
        }
    }

    /// Settles orders; an unconfirmed write is repeated under its operation id.
    pub(super) async fn settle(&self, settlements: &[Settlement], now: Timestamp) -> StoreResult<Vec<Settled>> {
        if settlements.is_empty() {
            return Ok(Vec::new());
        }
        lawful(settlements)?;
        let operation = self.operation(now);
        let mut waits = WAITS.into_iter();
        loop {
            let write = self.ports.store.settle(settlements, now, self.repeated(operation, now));
            match spans::write("store.settle", Some(settlements.len()), write).await {
                Err(error) => self.wait_or_give_up(error, &mut waits).await?,
                done => return done,
            }
        }
    }

    /// Writes intents; one that stays unconfirmed is an error, and nothing of the batch may be sent.
    pub(super) async fn record_intents(&self, intents: &[Intent], now: Timestamp) -> StoreResult<Vec<Option<CallId>>> {
        let operation = self.operation(now);
        let mut waits = WAITS.into_iter().take(3);
        loop {
            let write = self.ports.store.record_intents(intents, self.repeated(operation, now));
            match spans::write("store.record_intents", Some(intents.len()), write).await {
                Err(_) if dropped(Guard::IntentBeforeSend) => return Ok(vec![Some(CallId(0)); intents.len()]),
                Err(error) => self.wait_or_give_up(error, &mut waits).await?,
                done => return done,
            }
        }
    }

    /// Puts answers on record; repeating it changes nothing.
    pub(super) async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()> {
        if answers.is_empty() {
            return Ok(());
        }
        let mut waits = WAITS.into_iter();
        loop {
            let write = self.ports.store.record_answers(answers);
            match spans::write("store.record_answers", Some(answers.len()), write).await {
                Err(error) => self.wait_or_give_up(error, &mut waits).await?,
                done => return done,
            }
        }
    }

    /// The id under which a write is tried, also again: its own.
    fn repeated(&self, operation: OperationId, now: Timestamp) -> OperationId {
        if dropped(Guard::SameOperation) {
            self.operation(now)
        } else {
            operation
        }
    }

    async fn wait_or_give_up(&self, error: StoreError, waits: &mut impl Iterator<Item = Duration>) -> StoreResult<()> {
        match (error.advice(), waits.next()) {
            (Advice::RetryAfter(_) | Advice::LookFirst, Some(wait)) => {
                tracing::warn!(%error, "a write is tried again");
                self.ports.clock.sleep(wait).await;
                Ok(())
            }
            _ => Err(error),
        }
    }
}

/// Refuses moves that the table of statuses does not have: none of the batch is written then.
fn lawful(settlements: &[Settlement]) -> StoreResult<()> {
    for settlement in settlements {
        let Some(entry) = &settlement.entry else { continue };
        check_move(Some(&settlement.from), &entry.status).map_err(|unlawful| StoreError::Refused {
            what: format!(
                "a move of order {} that is not in the table of statuses",
                settlement.order_id
            ),
            source: Some(Box::new(unlawful)),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::status::{OrderStatus, UnlawfulMove};
    use crate::work::{Fence, NewEntry, Standing, Version};
    use std::error::Error as _;

    use super::*;

    fn settlement(from: OrderStatus, to: Option<OrderStatus>) -> Settlement {
        let entry = to.map(|status| NewEntry {
            status,
            note: String::new(),
            attempt: None,
            retry_at: None,
            send: None,
            look: None,
        });
        Settlement {
            order_id: crate::OrderId::new("A-1").unwrap(),
            fence: Fence(1),
            version: Version(1),
            from,
            entry,
            failure: None,
            resolution: None,
            close_call: None,
            keeps_count: false,
            standing: Standing::fresh(Timestamp::UNIX_EPOCH),
        }
    }

    #[test]
    fn a_move_that_is_not_in_the_table_is_refused_with_a_typed_error() {
        let good = settlement(OrderStatus::PendingAcceptance, Some(OrderStatus::Accepted));
        let bad = settlement(OrderStatus::Cancelled, Some(OrderStatus::Accepted));
        assert!(lawful(std::slice::from_ref(&good)).is_ok());
        let error = lawful(&[good, bad]).unwrap_err();
        assert!(
            error.source().is_some_and(|source| source.is::<UnlawfulMove>()),
            "{error:?}"
        );
    }

    #[test]
    fn a_settlement_without_an_entry_moves_nothing() {
        assert!(lawful(&[settlement(OrderStatus::parse("shipped"), None)]).is_ok());
    }
}
