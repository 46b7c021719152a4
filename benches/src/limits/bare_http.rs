//! A bare loop of the same HTTP calls: the pages, the acceptances at some concurrency, the looks beside them. No store.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use super::shop::{PAGE, PlainShop, WaitingOrder};
use crate::child::Marketplace;

/// How long a bare loop took.
#[derive(Debug, Clone, Copy)]
pub struct BareHttp {
    /// The orders that it accepted.
    pub orders: u64,
    /// All of it: the pages, the acceptances, the looks.
    pub whole: Duration,
    /// From the first acceptance to the last answer.
    pub window: Duration,
}

/// Lists, accepts and looks, and nothing else.
///
/// # Errors
/// A call that was not answered with success.
pub async fn run(marketplace: &Marketplace, concurrency: usize) -> Result<BareHttp> {
    let shop = PlainShop::of(marketplace)?;
    let begun = Instant::now();
    let (waiting, _) = shop.list().await?;
    let orders = waiting.len() as u64;
    let queue = Arc::new(Mutex::new(VecDeque::from(waiting)));
    let (accepted, looks) = tokio::sync::mpsc::unbounded_channel();
    let looking = tokio::spawn(look(shop.clone(), looks));
    let first = Instant::now();
    let mut lanes = JoinSet::new();
    for _ in 0..concurrency {
        lanes.spawn(accept(shop.clone(), Arc::clone(&queue), accepted.clone()));
    }
    drop(accepted);
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    let window = first.elapsed();
    looking.await??;
    Ok(BareHttp {
        orders,
        whole: begun.elapsed(),
        window,
    })
}

async fn accept(
    shop: PlainShop,
    queue: Arc<Mutex<VecDeque<WaitingOrder>>>,
    accepted: tokio::sync::mpsc::UnboundedSender<String>,
) -> Result<()> {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(order) = next else {
            return Ok(());
        };
        shop.accept(&order).await?;
        // Where nobody looks any more, a look has failed, and that is told.
        let _ = accepted.send(order.id);
    }
}

async fn look(shop: PlainShop, mut accepted: tokio::sync::mpsc::UnboundedReceiver<String>) -> Result<()> {
    let mut ids = Vec::with_capacity(PAGE);
    while let Some(id) = accepted.recv().await {
        ids.push(id);
        if ids.len() == PAGE {
            shop.look(&ids).await?;
            ids.clear();
        }
    }
    if !ids.is_empty() {
        shop.look(&ids).await?;
    }
    Ok(())
}
