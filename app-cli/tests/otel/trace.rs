//! Spans as a collector sees them.

use std::collections::BTreeMap;

use prost::Message as _;

use super::wire::{ExportTraceServiceRequest, KeyValue, Value};

/// What a status says where something went wrong.
const ERROR: i32 = 2;

/// What a kind says of a call to somebody else.
pub(crate) const CLIENT: i32 = 3;

pub(crate) type Attributes = BTreeMap<String, Value>;

/// A span, and the resource that it is of.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) resource: Attributes,
    pub(crate) trace: Vec<u8>,
    pub(crate) id: Vec<u8>,
    /// Empty where it is the root of its trace.
    pub(crate) parent: Vec<u8>,
    pub(crate) name: String,
    pub(crate) kind: i32,
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) attributes: Attributes,
    pub(crate) failed: bool,
}

impl Span {
    /// The spans of a request.
    pub(crate) fn all_of(body: &[u8]) -> Vec<Self> {
        let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
        let mut spans = Vec::new();
        for of_resource in request.resource_spans {
            let resource = attributes(of_resource.resource.unwrap_or_default().attributes);
            for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                assert_eq!(span.events, [], "nothing that is logged is sent: {}", span.name);
                let status = span.status.unwrap_or_default();
                assert_eq!(status.message, "", "{}", span.name);
                spans.push(Self {
                    resource: resource.clone(),
                    trace: span.trace_id,
                    id: span.span_id,
                    parent: span.parent_span_id,
                    name: span.name,
                    kind: span.kind,
                    begun: span.start_time_unix_nano,
                    ended: span.end_time_unix_nano,
                    attributes: attributes(span.attributes),
                    failed: status.code == ERROR,
                });
            }
        }
        spans
    }

    /// An attribute that is a text; empty where there is none.
    pub(crate) fn text(&self, key: &str) -> &str {
        match self.attributes.get(key) {
            None => "",
            Some(Value::Text(text)) => text,
            Some(other) => panic!("{key} is no text but {other:?}"),
        }
    }

    /// An attribute that is a number.
    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        match self.attributes.get(key)? {
            Value::Number(number) => Some(*number),
            other => panic!("{key} is no number but {other:?}"),
        }
    }

    pub(crate) fn is_call(&self) -> bool {
        self.attributes.contains_key("ackord.endpoint")
    }

    /// Whether it asks about the shop itself: that may be done outside of runs.
    pub(crate) fn is_about_shop(&self) -> bool {
        ["A01", "A21"].contains(&self.text("ackord.endpoint"))
    }

    /// It is right under `parent`, in its trace and in its time.
    #[track_caller]
    pub(crate) fn expect_under(&self, parent: &Self) {
        assert_eq!(self.trace, parent.trace, "{self:?}");
        assert_eq!(self.parent, parent.id, "{self:?} is not under {parent:?}");
        assert!(
            parent.begun <= self.begun && self.begun <= self.ended && self.ended <= parent.ended,
            "{self:?} is not in the time of {parent:?}"
        );
    }
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    let count = pairs.len();
    let attributes: Attributes = pairs
        .into_iter()
        .map(|pair| {
            let value = pair.value.and_then(|value| value.value);
            (pair.key, value.expect("a plain value"))
        })
        .collect();
    assert_eq!(attributes.len(), count, "a key stands twice: {attributes:?}");
    attributes
}
