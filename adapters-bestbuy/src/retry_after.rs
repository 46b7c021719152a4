//! Reads the `Retry-After` header: seconds, or a date.

use std::time::Duration;

use ackord::time::{self, Timestamp};
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The longest rest that is believed. Mirakl counts calls over the last hour, so that a day is far past any true need.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the answer asks to rest, counted from `now`; `None` where it does not say, or says nothing that can be read.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let rest = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number takes are past the bound anyway.
        text.parse().map_or(LONGEST, Duration::from_secs)
    } else {
        let date = DateTimeParser::new().parse_timestamp(text).ok()?;
        time::until(now, date)
    };
    Some(rest.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn read(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
        retry_after(&headers, "2026-03-01T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn mistake_07_seconds_and_dates_are_read() {
        let secs = |n| Some(Duration::from_secs(n));
        for (text, rest) in [
            ("0", secs(0)),
            ("17", secs(17)),
            (" 90 ", secs(90)),
            ("Sun, 01 Mar 2026 12:01:30 GMT", secs(90)),
            ("Sun, 01 Mar 2026 11:59:00 GMT", secs(0)),
            ("86401", secs(86_400)),
            ("99999999999999999999999999", secs(86_400)),
            ("Fri, 01 Mar 2030 12:00:00 GMT", secs(86_400)),
        ] {
            assert_eq!(read(text), rest, "{text}");
        }
    }

    #[test]
    fn what_can_not_be_read_says_nothing() {
        for text in [
            "",
            "-5",
            "1.5",
            "soon",
            "Mon, 32 Foo 2026",
            "0x10",
            "١٢".escape_unicode().to_string().as_str(),
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), Timestamp::UNIX_EPOCH), None);
    }
}
