//! Traces by OpenTelemetry: runs, calls and writes as spans, sent to where the standard variables say (feature `otel`).
//!
//! Nothing is sent where they name no endpoint. Spans go through a queue of bounded length to a thread of its own, which sends them in
//! batches; what has no place in the queue is left out. So a collector that is slow or away holds nothing up, and at the end it is
//! waited for [a few seconds](LAST) at most. What goes wrong is told once in the log.
//!
//! Only spans of [`SPANS`] are sent, and none of what is logged: neither what the HTTP client does to send them, nor words that could
//! hold more than they should.

mod client;
mod collector;
mod exporter;

use std::time::Duration;

use ackord::workflow::SPANS;
use anyhow::{Context as _, Result};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use self::client::Client;
use self::collector::Collector;
use self::exporter::{Exporter, Trouble};
use crate::environment::Environment;

/// So long what is left is waited for at the end.
const LAST: Duration = Duration::from_secs(3);

/// What takes spans and sends them.
#[derive(Debug)]
pub(super) struct Traces {
    provider: SdkTracerProvider,
    trouble: Trouble,
}

impl Traces {
    /// Traces as the environment has them; `None` where it names no collector, and where they can't be set up: `warnings` says why.
    pub(super) fn set_up(environment: &Environment, warnings: &mut Vec<String>) -> Option<Self> {
        let set_up = match Collector::named_by(environment) {
            Ok(None) => return None,
            Ok(Some(collector)) => Self::to(&collector).map_err(|error| format!("{}: {error:#}", collector.variable)),
            Err(problem) => Err(problem),
        };
        set_up
            .map_err(|problem| warnings.push(format!("{problem}; no traces are sent")))
            .ok()
    }

    fn to(collector: &Collector) -> Result<Self> {
        let runtime = Handle::try_current().context("no runtime to send them in")?;
        let trouble = Trouble::default();
        let client = Client::new(runtime, trouble.clone()).context("no HTTP client to send them with")?;
        let sender = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(collector.url.as_str())
            // It would sleep in the thread that is to send what comes next.
            .with_retry_policy(RetryPolicy::disabled())
            .build()?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let provider = SdkTracerProvider::builder()
            .with_resource(
                Resource::builder_empty()
                    .with_service_name(collector.service.clone())
                    .with_attribute(version)
                    .build(),
            )
            .with_batch_exporter(Exporter::new(sender, trouble.clone()))
            .build();
        Ok(Self { provider, trouble })
    }

    /// What takes the spans of [`SPANS`] in, and nothing else.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("ackord"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            // Its parent is then the span that it was made in, whatever thread that is gone on with on.
            .with_context_activation(false)
            .with_filter(Targets::new().with_target(SPANS, LevelFilter::INFO))
    }

    /// Sends what is left, and waits for that no longer than [`LAST`].
    pub(super) async fn end(self) {
        let Self { provider, trouble } = self;
        // It blocks, and what it waits for is sent by this runtime.
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST)).await;
        if !matches!(ended, Ok(Ok(()))) {
            trouble.tell(&format!("what was left was not taken within {LAST:?}"));
        }
    }
}
