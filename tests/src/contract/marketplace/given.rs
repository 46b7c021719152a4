//! What the cases share: ids, decisions, permits, and reading a list to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ackord::order::{Decision, LineId, OrderId, OrderLine};
use ackord::ports::{Marketplace, MarketplaceResult, Page, SendAnswer, SendPermit};

/// An order id.
pub(super) fn id(name: &str) -> OrderId {
    OrderId::new(name).unwrap()
}

/// A decision that accepts the two lines of an order.
pub(super) fn decision(name: &str) -> Decision {
    accepting(&[&format!("{name}-1"), &format!("{name}-2")])
}

/// A decision that accepts these lines.
pub(super) fn accepting(lines: &[&str]) -> Decision {
    let line = |id: &&str| OrderLine {
        id: LineId::new(*id).unwrap(),
        state: None,
    };
    Decision::accept_all(&lines.iter().map(line).collect::<Vec<_>>()).unwrap()
}

/// A permit that holds so many times, and counts how often it was asked.
#[derive(Debug)]
pub(super) struct Permit {
    holds: u32,
    asked: AtomicU32,
}

impl Permit {
    pub(super) fn holding(times: u32) -> Arc<Self> {
        Arc::new(Self {
            holds: times,
            asked: AtomicU32::new(0),
        })
    }

    pub(super) fn always() -> Arc<Self> {
        Self::holding(u32::MAX)
    }

    pub(super) fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl SendPermit for Permit {
    fn holds(&self) -> bool {
        self.asked.fetch_add(1, Ordering::SeqCst) < self.holds
    }
}

/// Accepts an order of two lines.
pub(super) async fn accept(client: &Arc<dyn Marketplace>, name: &str) -> SendAnswer {
    client.accept(&id(name), &decision(name), Permit::always()).await
}

/// Every page of the list.
pub(super) async fn pages(client: &Arc<dyn Marketplace>) -> MarketplaceResult<Vec<Page>> {
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let page = client.waiting(cursor).await?;
        cursor = page.next;
        pages.push(page);
        if cursor.is_none() {
            return Ok(pages);
        }
        assert!(pages.len() < 100, "the list never ends");
    }
}

/// The ids of the orders on some pages.
pub(super) fn names(pages: &[Page]) -> Vec<&str> {
    let orders = pages.iter().flat_map(|page| &page.listing.orders);
    orders.map(|order| order.id.as_str()).collect()
}
