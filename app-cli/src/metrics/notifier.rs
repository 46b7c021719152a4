//! A channel of alerts whose deliveries are counted.

use std::sync::Arc;

use ackord::alerts::Message;
use ackord::ports::{Notifier, NotifyError};
use async_trait::async_trait;

use super::Metrics;

/// Counts the deliveries that go through it, and changes none.
#[derive(Debug)]
pub struct MeteredNotifier {
    inner: Arc<dyn Notifier>,
    metrics: Arc<Metrics>,
}

impl MeteredNotifier {
    /// Counts the deliveries of `inner` in `metrics`, under its name, from zero.
    #[must_use]
    pub fn new(inner: Arc<dyn Notifier>, metrics: Arc<Metrics>) -> Self {
        metrics.channel(inner.name());
        Self { inner, metrics }
    }
}

#[async_trait]
impl Notifier for MeteredNotifier {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn deliver(&self, id: &str, message: &Message) -> Result<(), NotifyError> {
        let ended = self.inner.deliver(id, message).await;
        self.metrics.delivery(self.inner.name(), &ended);
        ended
    }
}
