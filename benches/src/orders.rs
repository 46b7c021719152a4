//! Orders that are put into a store through its ports, and what is done to them there.

use std::time::Duration;

use ackord::OrderStatus;
use ackord::call::CallId;
use ackord::order::OrderId;
use ackord::ports::{ClaimRequest, NewOrder, Settled, Store, Suspects};
use ackord::time::Timestamp;
use ackord::work::{Claimed, NewEntry, OperationId, Phase, Settlement, Standing};
use anyhow::{Context as _, Result, ensure};
use uuid::Uuid;

/// How many orders are claimed and settled together.
pub const BATCH: usize = 100;

/// A new id for a write.
#[must_use]
pub fn operation() -> OperationId {
    OperationId(Uuid::now_v7())
}

/// Orders `PREFIX-0000000001`, …, with JSON of about the size of a small order's.
///
/// # Errors
/// Where `prefix` can't begin an id.
pub fn new(prefix: &str, numbers: impl Iterator<Item = u64>, placed_at: Timestamp) -> Result<Vec<NewOrder>> {
    let order = |number: u64| {
        let id = format!("{prefix}-{number:010}");
        let raw = raw(&id);
        Ok(NewOrder {
            order_id: OrderId::new(id)?,
            raw: raw.into_boxed_str(),
            placed_at: Some(placed_at),
            note: "Ingested as 'WAITING_ACCEPTANCE' with 1 line".to_owned(),
            look: CallId(1),
        })
    };
    numbers.map(order).collect()
}

fn raw(id: &str) -> String {
    serde_json::json!({
        "order_id": id,
        "commercial_id": id,
        "order_state": "WAITING_ACCEPTANCE",
        "currency_iso_code": "CAD",
        "total_price": 129.99,
        "order_lines": [{
            "order_line_id": format!("{id}-1"),
            "order_line_state": "WAITING_ACCEPTANCE",
            "offer_sku": "SKU-1",
            "product_title": "A set of two things in a box",
            "quantity": 1,
            "price": 129.99,
        }],
    })
    .to_string()
}

/// Stores orders that are due at once, in batches.
///
/// # Errors
/// What the store says.
pub async fn ingest(store: &dyn Store, orders: &[NewOrder]) -> Result<()> {
    for batch in orders.chunks(BATCH) {
        let now = store.now().await?;
        let ingested = store.ingest(batch, now, operation()).await?;
        ensure!(
            ingested.new.len() == batch.len(),
            "some of these orders were stored before"
        );
    }
    Ok(())
}

/// A claim of a hundred orders that are ready, as a worker makes it.
#[must_use]
pub fn claim(now: Timestamp) -> ClaimRequest {
    ClaimRequest {
        phases: vec![Phase::Ready, Phase::Sending],
        now,
        lease: Duration::from_secs(20),
        worker: "bench".to_owned(),
        limit: BATCH,
        suspects: Suspects::LeftOut,
        operation: operation(),
    }
}

/// The settlement that gives an order back as it was, due at once.
#[must_use]
pub fn release(claimed: &Claimed, now: Timestamp) -> Settlement {
    let standing = Standing {
        due_at: Some(now),
        ..claimed.standing.clone()
    };
    settlement(claimed, None, standing)
}

/// The settlement that gives an order back as it was, due at once, with one more entry.
#[must_use]
pub fn append(claimed: &Claimed, now: Timestamp) -> Settlement {
    Settlement {
        entry: Some(entry(OrderStatus::PendingAcceptance)),
        ..release(claimed, now)
    }
}

/// The settlement that has an order accepted.
#[must_use]
pub fn accept(claimed: &Claimed) -> Settlement {
    let standing = Standing {
        phase: Phase::Settled,
        due_at: None,
        ..claimed.standing.clone()
    };
    settlement(claimed, Some(entry(OrderStatus::Accepted)), standing)
}

/// An entry as validation writes it.
#[must_use]
pub fn entry(status: OrderStatus) -> NewEntry {
    NewEntry {
        status,
        note: "Validated as 'SHIPPING' after 1 look".to_owned(),
        attempt: Some(1),
        retry_at: None,
        send: Some(CallId(1)),
        look: Some(CallId(1)),
    }
}

/// A settlement with no more than an entry and a standing.
#[must_use]
pub fn settlement(claimed: &Claimed, entry: Option<NewEntry>, standing: Standing) -> Settlement {
    Settlement {
        entry,
        standing,
        ..Settlement::release(claimed)
    }
}

/// Settles a batch, and sees to it that all of it was written.
///
/// # Errors
/// What the store says, or a settlement that was lost.
pub async fn settle(store: &dyn Store, settlements: &[Settlement], now: Timestamp) -> Result<()> {
    let settled = store.settle(settlements, now, operation()).await?;
    let written = settled.iter().filter(|settled| **settled == Settled::Written).count();
    ensure!(
        written == settlements.len(),
        "{written} of {} were written",
        settlements.len()
    );
    Ok(())
}

/// Claims all orders that are ready, a batch at a time.
///
/// # Errors
/// What the store says.
pub async fn claim_all(store: &dyn Store) -> Result<Vec<Claimed>> {
    let mut all = Vec::new();
    loop {
        let now = store.now().await.context("the store's time")?;
        let claimed = store.claim(&claim(now)).await?;
        if claimed.is_empty() {
            return Ok(all);
        }
        all.extend(claimed);
    }
}
