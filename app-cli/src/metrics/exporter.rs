//! Answers scrapes: what was counted, and how the store stands, read anew where that was a while ago.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ackord::Settings;
use ackord::budget::CallRate;
use ackord::ports::{Overview, OverviewRequest, ShopKey, ShopStore, StoreResult, WorkStore};
use ackord::time::minus;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{Metrics, Reading};
use crate::wiring::OpenStore;

/// The store is read no oftener than this, however many scrape.
const READ_EVERY: Duration = Duration::from_secs(10);
/// No scrape waits longer than this for the store: the scraper would give up, and miss what was counted too.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers scrapes of one service.
#[derive(Debug)]
pub struct Exporter {
    metrics: Arc<Metrics>,
    source: OnceLock<Source>,
    /// When the store was last read. Held while it is being read: whoever else asks meanwhile waits for the same answer.
    read_at: Mutex<Option<Instant>>,
}

/// The store, once it is open.
#[derive(Debug)]
struct Source {
    store: Arc<dyn OpenStore>,
    shop: ShopKey,
    deadline: Duration,
    call_rate: Option<CallRate>,
}

impl Exporter {
    /// Tells what is counted in `metrics`, and that there is no store yet.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            source: OnceLock::new(),
            read_at: Mutex::new(None),
        }
    }

    /// What it tells.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// From now on tells of `store` as well, where this `shop` works by `settings`. The first store stays.
    pub fn watch(&self, store: Arc<dyn OpenStore>, shop: ShopKey, settings: &Settings) {
        self.source.get_or_init(|| Source {
            store,
            shop,
            deadline: settings.acceptance_deadline,
            call_rate: settings.call_rate(),
        });
    }

    /// The answer to a scrape.
    pub async fn text(self: &Arc<Self>) -> String {
        let own = Arc::clone(self);
        // In a task of its own: a question to the database is asked to its end, also where the scraper hangs up or gives up.
        let reading = tokio::spawn(async move { own.read().await });
        if !matches!(timeout(PATIENCE, reading).await, Ok(Ok(()))) {
            self.metrics.store_is_down();
        }
        self.metrics.text()
    }

    async fn read(&self) {
        let Some(source) = self.source.get() else { return };
        let mut read_at = self.read_at.lock().await;
        if is_due(*read_at, Instant::now()) {
            let reading = source.read().await;
            if let Err(error) = &reading {
                tracing::debug!(%error, "the store can't be read for the metrics");
            }
            self.metrics.store(&reading);
            *read_at = Some(Instant::now());
        }
    }
}

impl Source {
    async fn read(&self) -> StoreResult<Reading> {
        let store = &*self.store;
        let now = WorkStore::now(store).await?;
        let asked = OverviewRequest {
            now,
            half_by: minus(now, self.deadline / 2),
            late_by: minus(now, self.deadline / 5 * 4),
            past_by: minus(now, self.deadline),
            names: 1,
        };
        let standing = Overview::standing(store, &asked).await?;
        let shop = ShopStore::shop(store, &self.shop).await?;
        Ok(Reading {
            now,
            standing,
            shop,
            call_rate: self.call_rate,
            deadline: self.deadline,
        })
    }
}

fn is_due(read_at: Option<Instant>, now: Instant) -> bool {
    read_at.is_none_or(|at| now.saturating_duration_since(at) >= READ_EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_read_once_in_a_while() {
        let at = Instant::now();
        assert!(is_due(None, at));
        assert!(!is_due(Some(at), at + READ_EVERY / 2));
        assert!(is_due(Some(at), at + READ_EVERY));
    }

    #[tokio::test]
    async fn what_was_counted_is_told_before_there_is_a_store() {
        let metrics = Arc::new(Metrics::default());
        let exporter = Arc::new(Exporter::new(Arc::clone(&metrics)));
        let text = exporter.text().await;
        assert!(text.contains("\nackord_store_up 0\n"), "{text}");
        assert!(text.contains("\nackord_runs_total{outcome=\"done\"} 0\n"), "{text}");
    }
}
