//! A read: one call on record for each attempt, retries within the budget.
//!
//! Begun in the call log before the first byte leaves, completed there before its result is handed on. Where the log
//! fails, the call is not made, or its result is not used.

use std::time::Duration;

use ackord::call::{CallEnd, CallId, CallOutcome, Endpoint, NewCall, SeenState};
use ackord::ports::{Marketplace as _, MarketplaceError, MarketplaceResult};
use ackord::time;
use tracing::Instrument as _;

use crate::address::ReadAddress;
use crate::answer::{Answer, BodyEnd, fault};
use crate::backoff::ReadBudget;
use crate::classify::{ReadClass, read_class};
use crate::client::BestBuyClient;
use crate::error_body::ErrorBody;
use crate::redact::Messages;
use crate::retry_after::retry_after;
use crate::span;

/// How much of the body of a failed answer is logged, in bytes.
pub(crate) const LOGGED_BYTES: usize = 64 << 10;

/// What a read showed, with the call that showed it.
#[derive(Debug)]
pub(crate) struct ReadOf<T> {
    pub(crate) value: T,
    pub(crate) call: CallId,
    pub(crate) began_at: Duration,
}

/// What can be done after an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Nothing: the same again gives the same.
    No,
    /// Once more: the body may have been spoilt on its way.
    Once,
    /// As often as the budget has it, not before this pause is over.
    After(Option<Duration>),
}

/// How an attempt ended.
struct Attempt<T> {
    end: CallEnd,
    seen: Vec<SeenState>,
    result: Result<T, (MarketplaceError, Again)>,
}

impl BestBuyClient {
    /// Makes a read and reads its answer with `interpret`, which tells what the answer showed of each order.
    pub(crate) async fn read<T: Send>(
        &self,
        endpoint: Endpoint,
        address: &ReadAddress,
        interpret: impl Fn(&Answer) -> Result<(T, Vec<SeenState>), String> + Send + Sync,
    ) -> MarketplaceResult<ReadOf<T>> {
        let clock = &self.ports.clock;
        let settings = &self.settings;
        let mut budget = ReadBudget::new(
            settings.read_retries,
            settings.read_time_budget,
            settings.retry_base,
            settings.retry_cap,
            clock.monotonic(),
        );
        let mut spoilt = false;
        loop {
            let began_at = clock.monotonic();
            let call = self.begin(endpoint, address).await?;
            let span = span::of_call(endpoint, None);
            let attempt = self
                .attempt(endpoint, address, &interpret)
                .instrument(span.clone())
                .await;
            span::ended(span, &attempt.end);
            let finished = self.ports.call_log.finish(call, &attempt.end, &attempt.seen).await;
            finished.map_err(MarketplaceError::Unrecorded)?;
            let (error, again) = match attempt.result {
                Ok(value) => return Ok(ReadOf { value, call, began_at }),
                Err(failed) => failed,
            };
            let asked = match again {
                Again::No => return Err(error),
                Again::Once if spoilt => return Err(error),
                Again::Once => None,
                Again::After(asked) => asked,
            };
            spoilt |= again == Again::Once;
            match budget.next_pause(clock.monotonic(), asked, &*self.ports.randomness) {
                Some(pause) => clock.sleep(pause).await,
                None => return Err(error),
            }
            if !self.may_repeat().await? {
                return Err(error);
            }
        }
    }

    /// Whether the shop's budget has a call for another attempt.
    async fn may_repeat(&self) -> MarketplaceResult<bool> {
        match &self.ports.budget {
            Some(budget) => budget
                .draw_one(&self.shop_key())
                .await
                .map_err(MarketplaceError::Unrecorded),
            None => Ok(true),
        }
    }

    async fn begin(&self, endpoint: Endpoint, address: &ReadAddress) -> MarketplaceResult<CallId> {
        let started_at = self.ports.clock.now();
        let call = NewCall {
            endpoint,
            related_id: None,
            request: address.recorded(),
            started_at,
            answer_by: time::plus(started_at, self.settings.call_timeout),
        };
        self.ports
            .call_log
            .begin(&call)
            .await
            .map_err(MarketplaceError::Unrecorded)
    }

    async fn attempt<T>(
        &self,
        endpoint: Endpoint,
        address: &ReadAddress,
        interpret: &(impl Fn(&Answer) -> Result<(T, Vec<SeenState>), String> + Send + Sync),
    ) -> Attempt<T> {
        let clock = &self.ports.clock;
        let started = clock.monotonic();
        let response = self.http.get(address.url.clone()).send().await;
        let answer = match response {
            Ok(response) => Ok(Answer::receive(response, self.settings.max_response_bytes).await),
            Err(error) => Err(error),
        };
        let duration = clock.monotonic().saturating_sub(started);
        let attempt = match answer {
            Ok(answer) => self.judge(&answer, duration, interpret),
            Err(error) => self.no_answer(error, duration),
        };
        let (outcome, status) = (attempt.end.outcome, attempt.end.status_code);
        tracing::debug!(endpoint = endpoint.as_str(), ?status, %outcome, ?duration, "read");
        attempt
    }

    fn no_answer<T>(&self, error: reqwest::Error, duration: Duration) -> Attempt<T> {
        let outcome = if error.is_connect() {
            CallOutcome::NotSent
        } else {
            CallOutcome::Unknown
        };
        let what = self.redactor.message(&fault(error));
        let end = CallEnd {
            outcome,
            status_code: None,
            response: Some(format!("(no answer: {what})")),
            duration,
        };
        let error = MarketplaceError::Unreachable { what, source: None };
        Attempt {
            end,
            seen: Vec::new(),
            result: Err((error, Again::After(None))),
        }
    }

    fn judge<T>(
        &self,
        answer: &Answer,
        duration: Duration,
        interpret: &impl Fn(&Answer) -> Result<(T, Vec<SeenState>), String>,
    ) -> Attempt<T> {
        let end = |outcome, response| CallEnd {
            outcome,
            status_code: Some(answer.status),
            response: Some(response),
            duration,
        };
        let read = match (read_class(answer.status), &answer.end) {
            (ReadClass::Answer, BodyEnd::Whole) => {
                interpret(answer).map_err(|what| (MarketplaceError::Unreadable { what }, Again::Once))
            }
            _ => Err(self.failure(answer)),
        };
        match read {
            Ok((value, seen)) => Attempt {
                end: end(
                    CallOutcome::Answered,
                    self.redactor.body(&answer.text(), Messages::Hide),
                ),
                seen,
                result: Ok(value),
            },
            Err((error, again)) => Attempt {
                end: end(outcome_of(&error), self.logged_failure(answer)),
                seen: Vec::new(),
                result: Err((error, again)),
            },
        }
    }

    /// What an answer that is not a whole success means.
    fn failure(&self, answer: &Answer) -> (MarketplaceError, Again) {
        let status = answer.status;
        let rest = retry_after(&answer.headers, self.ports.clock.now());
        let words = || {
            let words = self
                .redactor
                .message(&ErrorBody::read(&answer.excerpt(LOGGED_BYTES)).words());
            if words.is_empty() {
                "the answer does not say why".to_owned()
            } else {
                words
            }
        };
        match read_class(status) {
            ReadClass::Throttled => (MarketplaceError::Throttled { retry_after: rest }, Again::No),
            ReadClass::Credentials => (MarketplaceError::Credentials { status }, Again::No),
            ReadClass::Refused => (MarketplaceError::Refused { status, what: words() }, Again::No),
            ReadClass::Passing => {
                let what = format!("HTTP {status}: {}", words());
                (MarketplaceError::Unreachable { what, source: None }, Again::After(rest))
            }
            ReadClass::Stranger => {
                let what = format!("HTTP {status}, which is not followed; check the marketplace's URL");
                (MarketplaceError::Unreadable { what }, Again::No)
            }
            ReadClass::Answer => match &answer.end {
                BodyEnd::Broken(why) => {
                    let what = self.redactor.message(&format!("the answer broke off: {why}"));
                    (MarketplaceError::Unreachable { what, source: None }, Again::After(None))
                }
                BodyEnd::TooLarge | BodyEnd::Whole => {
                    let what = format!("it has more than {} bytes", self.settings.max_response_bytes);
                    (MarketplaceError::Unreadable { what }, Again::No)
                }
            },
        }
    }

    /// The body of a failed answer as it is logged: its beginning, and how it ended where that was not well.
    pub(crate) fn logged_failure(&self, answer: &Answer) -> String {
        let messages = if (200..300).contains(&answer.status) {
            Messages::Hide
        } else {
            Messages::Mask
        };
        let body = self.redactor.body(&answer.excerpt(LOGGED_BYTES), messages);
        match &answer.end {
            BodyEnd::Whole => body,
            BodyEnd::TooLarge => format!("{body} (too large: cut)"),
            BodyEnd::Broken(why) => format!("{body} (broke off: {})", self.redactor.message(why)),
        }
    }
}

fn outcome_of(error: &MarketplaceError) -> CallOutcome {
    match error {
        MarketplaceError::Throttled { .. } => CallOutcome::Throttled,
        MarketplaceError::Credentials { .. } => CallOutcome::Credentials,
        MarketplaceError::Refused { .. } => CallOutcome::Refused,
        _ => CallOutcome::Unknown,
    }
}
