//! Spans that are made for traces.

use std::future::Future;

use tracing::Instrument as _;
use tracing::field::Empty;

use crate::ports::StoreResult;

/// The target of the spans that are made for traces: of each call to the marketplace, of each write to the store, of what goes
/// around them. They say how many, how it ended, and about which order; never a key, a customer's data, a URL or a body.
pub const SPANS: &str = "ackord::spans";

/// One write to the store, about so many orders where that is known before, in its span.
pub(super) async fn write<T>(
    name: &'static str,
    orders: Option<usize>,
    write: impl Future<Output = StoreResult<T>>,
) -> StoreResult<T> {
    let orders = orders.and_then(|orders| i64::try_from(orders).ok());
    let span = tracing::info_span!(
        target: SPANS,
        "write",
        otel.name = name,
        otel.status_code = Empty,
        ackord.orders = orders,
    );
    let written = write.instrument(span.clone()).await;
    if written.is_err() {
        span.record("otel.status_code", "error");
    }
    written
}
