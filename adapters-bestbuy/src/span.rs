//! The span of a call, for traces: which operation, about which order, how it ended. No URL, no header, no body, and no words of an
//! answer or an error.

use ackord::call::{CallEnd, Endpoint};
use ackord::order::OrderId;
use ackord::workflow::SPANS;
use tracing::Span;
use tracing::field::Empty;

/// The span of one call that is about to be made.
pub(crate) fn of_call(endpoint: Endpoint, order: Option<&OrderId>) -> Span {
    tracing::info_span!(
        target: SPANS,
        "call",
        otel.name = endpoint.as_str(),
        otel.kind = "client",
        otel.status_code = Empty,
        ackord.endpoint = endpoint.as_str(),
        ackord.order_id = order.map(OrderId::as_str),
        ackord.outcome = Empty,
        ackord.duration_ms = Empty,
        http.response.status_code = Empty,
    )
}

/// Notes how the call ended, as it stands on record.
pub(crate) fn ended(span: Span, end: &CallEnd) {
    let duration_ms = i64::try_from(end.duration.as_millis()).unwrap_or(i64::MAX);
    span.record("ackord.outcome", end.outcome.as_str());
    span.record("ackord.duration_ms", duration_ms);
    span.record("http.response.status_code", end.status_code.map(i64::from));
    if !end.outcome.is_success() {
        span.record("otel.status_code", "error");
    }
}
