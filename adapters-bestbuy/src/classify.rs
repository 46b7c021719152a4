//! What an answer means: one table for the acceptance, one for reads.
//!
//! The service's own error code outranks the HTTP status. Source: the project's table of answers to OR21, after Mirakl's
//! published status codes and the error codes of OR21.

use std::time::Duration;

use ackord::ports::SendVerdict;

use crate::gate::Passage;

/// The error code of an answer, as far as a class depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// `ORDER_INVALID_STATE`: the order is not in the state that the acceptance needs.
    InvalidState,
    /// Another `ORDER_…` code: it concerns this order alone.
    OfTheOrder,
    /// Another code.
    Other,
    /// A whole body without a code.
    None,
    /// The body did not arrive whole, so that the code is not known.
    NotArrived,
}

/// The class of an acceptance: from what is known of its bytes, the HTTP status and the error code.
pub(crate) fn send_verdict(
    passage: Passage,
    status: Option<u16>,
    code: Code,
    retry_after: Option<Duration>,
) -> SendVerdict {
    match (passage, status, code) {
        (Passage::Withdrawn, _, _) => SendVerdict::Withdrawn,
        // Never connected: DNS, refused, TLS, connect timeout; also a kept connection that was found closed.
        (Passage::NoneLeft, _, _) => SendVerdict::NotSent,
        // Timeouts, resets, answers that are not HTTP.
        (_, None, _) => SendVerdict::Unknown,
        // 204 is the documented success; its body is never looked at.
        (_, Some(200..=299), _) => SendVerdict::Applied,
        (_, Some(429), _) => SendVerdict::Throttled(retry_after),
        // Documented with 400. Under any other failure status the code still says that the state has to decide, and a
        // look can do no harm.
        (_, Some(400..=599), Code::InvalidState) => SendVerdict::Precondition,
        (_, Some(408 | 500..=599), _) => SendVerdict::Unknown,
        // `ORDER_FULFILLED_UNAUTHORIZED` and its like speak of one order; the key is good.
        (_, Some(401 | 403), Code::OfTheOrder) => SendVerdict::Refused,
        (_, Some(401 | 403), _) => SendVerdict::Credentials,
        // A 4xx that broke off before its code: it may have been `ORDER_INVALID_STATE`, after an acceptance that took.
        (_, Some(400..=499), Code::NotArrived) => SendVerdict::Unknown,
        // The older form of an error has no code, so this too may be `ORDER_INVALID_STATE` in other words. Its state is
        // looked at and it is never sent again by itself; a real refusal is told from that a few looks later.
        (_, Some(400), Code::None) => SendVerdict::Precondition,
        (_, Some(400..=499), _) => SendVerdict::Refused,
        // 1xx and 3xx as a last answer, and statuses that do not exist: something else than the service answered.
        (_, Some(_), _) => SendVerdict::Unknown,
    }
}

/// The class of an answer to a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadClass {
    /// 2xx: the body decides.
    Answer,
    /// 429.
    Throttled,
    /// 401, 403.
    Credentials,
    /// Another 4xx: the same again can't help.
    Refused,
    /// 408 and 5xx: may pass.
    Passing,
    /// 1xx and 3xx: something else than the service answered.
    Stranger,
}

/// The class of an answer to a read, by its HTTP status.
pub(crate) fn read_class(status: u16) -> ReadClass {
    match status {
        200..=299 => ReadClass::Answer,
        429 => ReadClass::Throttled,
        401 | 403 => ReadClass::Credentials,
        408 | 500..=599 => ReadClass::Passing,
        400..=499 => ReadClass::Refused,
        _ => ReadClass::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_sending(status: impl Into<Option<u16>>, code: Code) -> SendVerdict {
        send_verdict(Passage::MayHaveLeft, status.into(), code, None)
    }

    #[test]
    fn every_row_of_the_table_holds() {
        use Code::{InvalidState, NotArrived, OfTheOrder, Other};
        use SendVerdict::{Applied, Credentials, Precondition, Refused, Throttled, Unknown};
        let rows: &[(&[u16], &[Code], SendVerdict)] = &[
            (&[200, 201, 204, 299], &[Other, NotArrived, InvalidState], Applied),
            (&[400, 404, 409, 422, 500, 403], &[InvalidState], Precondition),
            (&[400], &[Code::None], Precondition),
            (&[404, 405, 406, 409, 410, 415, 422], &[Code::None], Refused),
            (&[401, 403], &[Code::None], Credentials),
            (&[408, 500, 502, 503], &[Code::None], Unknown),
            (&[400, 404, 405, 406, 409, 410, 415, 422], &[Other, OfTheOrder], Refused),
            (&[401, 403], &[Other, NotArrived], Credentials),
            (&[401, 403], &[OfTheOrder], Refused),
            (&[429], &[Other, NotArrived, InvalidState], Throttled(None)),
            (
                &[408, 500, 502, 503, 504, 599],
                &[Other, OfTheOrder, NotArrived],
                Unknown,
            ),
            (&[400, 404], &[NotArrived], Unknown),
            (
                &[100, 101, 301, 302, 304, 307, 600, 999],
                &[Other, InvalidState],
                Unknown,
            ),
        ];
        for (statuses, codes, verdict) in rows {
            for status in *statuses {
                for code in *codes {
                    assert_eq!(after_sending(*status, *code), *verdict, "{status} {code:?}");
                }
            }
        }
    }

    #[test]
    fn mistake_02_a_send_without_an_answer_is_unknown_and_not_failed() {
        assert_eq!(after_sending(None, Code::NotArrived), SendVerdict::Unknown);
    }

    #[test]
    fn mistake_03_an_order_in_another_state_is_a_precondition_and_not_failed() {
        assert_eq!(after_sending(400, Code::InvalidState), SendVerdict::Precondition);
    }

    #[test]
    fn what_never_left_is_not_sent_whatever_came_back() {
        for status in [None, Some(204), Some(503)] {
            let verdict = |passage| send_verdict(passage, status, Code::Other, None);
            assert_eq!(verdict(Passage::NoneLeft), SendVerdict::NotSent);
            assert_eq!(verdict(Passage::Withdrawn), SendVerdict::Withdrawn);
        }
    }

    #[test]
    fn mistake_07_a_rest_that_was_asked_for_is_passed_on() {
        let rest = Some(Duration::from_secs(17));
        let verdict = send_verdict(Passage::MayHaveLeft, Some(429), Code::Other, rest);
        assert_eq!(verdict, SendVerdict::Throttled(rest));
    }

    #[test]
    fn reads_are_classed_by_their_status() {
        for (status, class) in [
            (200, ReadClass::Answer),
            (204, ReadClass::Answer),
            (302, ReadClass::Stranger),
            (400, ReadClass::Refused),
            (401, ReadClass::Credentials),
            (403, ReadClass::Credentials),
            (404, ReadClass::Refused),
            (408, ReadClass::Passing),
            (410, ReadClass::Refused),
            (429, ReadClass::Throttled),
            (500, ReadClass::Passing),
            (503, ReadClass::Passing),
        ] {
            assert_eq!(read_class(status), class, "{status}");
        }
    }
}
