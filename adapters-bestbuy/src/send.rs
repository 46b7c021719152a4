//! OR21: sends the decision on an order, once.
//!
//! The permit is asked before anything starts and again by the request's body right before the first byte leaves
//! (`gate.rs`). Whatever happens then, the request is never repeated from here: what became of it is classed by
//! `classify.rs` and handed back.

use std::sync::Arc;
use std::time::Duration;

use ackord::call::{CallEnd, Endpoint};
use ackord::order::{Decision, OrderId};
use ackord::ports::{SendAnswer, SendPermit, SendVerdict};
use bytes::Bytes;
use reqwest::Body;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use tracing::Instrument as _;

use crate::answer::{Answer, BodyEnd, fault};
use crate::classify::{Code, send_verdict};
use crate::client::BestBuyClient;
use crate::error_body::ErrorBody;
use crate::gate::{Gate, GatedBody, Passage, ShutOnDrop};
use crate::read::LOGGED_BYTES;
use crate::retry_after::retry_after;
use crate::span;

/// How much of an answer to OR21 is read: its documented answers have no or a short body.
const LARGEST_ANSWER: usize = 1 << 20;

#[derive(Serialize)]
struct DecisionBody<'a> {
    order_lines: Vec<LineDecision<'a>>,
}

#[derive(Serialize)]
struct LineDecision<'a> {
    accepted: bool,
    id: &'a str,
}

/// The decision's bytes: the same each time.
fn decision_bytes(decision: &Decision) -> Result<Bytes, serde_json::Error> {
    let order_lines = decision
        .lines()
        .iter()
        .map(|(id, accepted)| LineDecision {
            accepted: *accepted,
            id: id.as_str(),
        })
        .collect();
    serde_json::to_vec(&DecisionBody { order_lines }).map(Bytes::from)
}

impl BestBuyClient {
    pub(crate) async fn send(&self, id: &OrderId, decision: &Decision, permit: Arc<dyn SendPermit>) -> SendAnswer {
        let span = span::of_call(Endpoint::Or21, Some(id));
        let answer = self.send_once(id, decision, permit).instrument(span.clone()).await;
        span::ended(span, &answer.end);
        answer
    }

    async fn send_once(&self, id: &OrderId, decision: &Decision, permit: Arc<dyn SendPermit>) -> SendAnswer {
        let started = self.ports.clock.monotonic();
        if !permit.holds() {
            return self.unanswered(SendVerdict::Withdrawn, "", started);
        }
        let Some(url) = self.addresses.accept(id) else {
            let why = "no URL can carry this order id; accept the order by hand";
            return self.unanswered(SendVerdict::Refused, why, started);
        };
        let bytes = match decision_bytes(decision) {
            Ok(bytes) => bytes,
            Err(error) => return self.unanswered(SendVerdict::Refused, &error.to_string(), started),
        };
        let gate = Gate::new(permit);
        let _given_up = ShutOnDrop(gate.clone());
        let response = self
            .http
            .put(url)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Body::wrap(GatedBody::new(gate.clone(), bytes)))
            .send()
            .await;
        let answer = match response {
            Ok(response) => {
                let limit = self.settings.max_response_bytes.min(LARGEST_ANSWER);
                self.answered(gate.shut(), &Answer::receive(response, limit).await, started)
            }
            Err(error) => {
                let verdict = send_verdict(gate.shut(), None, Code::NotArrived, None);
                self.unanswered(verdict, &fault(error), started)
            }
        };
        let (outcome, status, duration) = (answer.end.outcome, answer.end.status_code, answer.end.duration);
        let order = id.as_str();
        tracing::debug!(endpoint = Endpoint::Or21.as_str(), order, ?status, %outcome, ?duration, "send");
        answer
    }

    fn answered(&self, passage: Passage, answer: &Answer, started: Duration) -> SendAnswer {
        let duration = self.ports.clock.monotonic().saturating_sub(started);
        let body = ErrorBody::read(&answer.text());
        let code = if answer.end == BodyEnd::Whole {
            body.code()
        } else {
            Code::NotArrived
        };
        let rest = retry_after(&answer.headers, self.ports.clock.now());
        let verdict = send_verdict(passage, Some(answer.status), code, rest);
        let words = match &verdict {
            SendVerdict::Applied => String::new(),
            _ => self.redactor.message(&body.words()),
        };
        let status = answer.status;
        let detail = if words.is_empty() {
            format!("HTTP {status}")
        } else {
            format!("HTTP {status}: {words}")
        };
        SendAnswer {
            end: CallEnd {
                outcome: verdict.outcome(),
                status_code: Some(status),
                response: Some(self.logged_failure(answer)),
                duration,
            },
            verdict,
            detail,
        }
    }

    /// No answer came: `why`, and what it means.
    fn unanswered(&self, verdict: SendVerdict, why: &str, started: Duration) -> SendAnswer {
        let why = self.redactor.message(why);
        let detail = match &verdict {
            SendVerdict::Withdrawn => "not sent: it was withdrawn before its first byte left".to_owned(),
            SendVerdict::NotSent => format!("not sent: {why}"),
            SendVerdict::Refused => format!("not sent: {why}"),
            _ => format!("no answer: {why}"),
        };
        SendAnswer {
            end: CallEnd {
                outcome: verdict.outcome(),
                status_code: None,
                response: Some(format!("({detail})")),
                duration: self.ports.clock.monotonic().saturating_sub(started),
            },
            verdict,
            detail,
        }
    }
}

const _: () = assert!(LOGGED_BYTES <= LARGEST_ANSWER);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_written_to_the_same_bytes_each_time() {
        let recorded = serde_json::json!({"order_lines": [
            {"id": "b \"ü\"", "accepted": true},
            {"accepted": false, "id": "a"},
        ]});
        let decision = Decision::from_json(&recorded).unwrap();
        let bytes = decision_bytes(&decision).unwrap();
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            r#"{"order_lines":[{"accepted":true,"id":"b \"ü\""},{"accepted":false,"id":"a"}]}"#
        );
        assert_eq!(
            bytes,
            decision_bytes(&Decision::from_json(&decision.to_json()).unwrap()).unwrap()
        );
    }
}
