//! Ingest: each order without an entry gets its row, its first entry and its standing.

use std::collections::BTreeSet;

use super::tables::{StoredOrder, Tables, US};
use super::work_table::WorkRow;
use crate::guards::{Guard, dropped};
use crate::ports::{Entry, Ingested, KnownOrder, NewOrder};
use crate::status::OrderStatus;
use crate::time::Timestamp;
use crate::work::{OperationId, Version};

impl Tables {
    /// [`crate::ports::WorkStore::ingest`]; the work row stands for "has an entry".
    pub(super) fn ingest(&mut self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> Ingested {
        let mut ingested = Ingested::default();
        let mut seen = BTreeSet::new();
        for order in orders {
            if !seen.insert(&order.order_id) {
                continue;
            }
            if self.operations.has_appended(&order.order_id, Version(1), operation) {
                ingested.new.push(order.order_id.clone());
            } else if let Some(work) = self.work.get(&order.order_id)
                && !dropped(Guard::KnownOrderIsLeftAlone)
            {
                ingested.known.push(KnownOrder {
                    order_id: order.order_id.clone(),
                    status: work.status.clone(),
                    version: work.version,
                    status_at: work.status_at,
                });
            } else {
                self.store_new(order, now, operation);
                ingested.new.push(order.order_id.clone());
            }
        }
        ingested
    }

    fn store_new(&mut self, order: &NewOrder, now: Timestamp, operation: OperationId) {
        let row = self
            .orders
            .entry(order.order_id.clone())
            .or_insert_with(|| StoredOrder {
                raw: order.raw.clone(),
                created_at: now,
                placed_at: order.placed_at,
            });
        row.placed_at = row.placed_at.or(order.placed_at);
        let placed_at = row.placed_or_created_at();
        let entry = Entry {
            version: Version(1),
            status: OrderStatus::PendingAcceptance,
            note: Some(order.note.clone()),
            at: now,
            source: US.to_owned(),
            actor: Some(US.to_owned()),
            attempt: Some(1),
            retry_at: None,
            send: None,
            look: Some(order.look),
        };
        let work = WorkRow::fresh(entry.status.clone(), placed_at, now);
        self.operations.appended(&order.order_id, entry.version, operation);
        self.operations.worked(&order.order_id, Some(operation));
        self.work.put(order.order_id.clone(), work);
        self.append_entry(&order.order_id, entry);
    }
}
