//! Hands spans on to be sent, and tells once that it failed.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// Whether it was told that traces could not be sent. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble {
    is_told: Arc<AtomicBool>,
}

impl Trouble {
    /// Tells of it, the first time alone.
    pub(super) fn tell(&self, problem: &dyn Display) {
        if !self.is_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(%problem, "traces could not be sent; this is told once, and all else goes on");
        }
    }
}

/// An exporter whose first failure is told.
#[derive(Debug)]
pub(super) struct Exporter<E> {
    sender: E,
    trouble: Trouble,
}

impl<E: SpanExporter> Exporter<E> {
    pub(super) fn new(sender: E, trouble: Trouble) -> Self {
        Self { sender, trouble }
    }
}

impl<E: SpanExporter> SpanExporter for Exporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.sender
            .export(batch)
            .await
            .inspect_err(|error| self.trouble.tell(error))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.sender.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.sender.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.sender.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.sender.set_resource(resource);
    }
}
