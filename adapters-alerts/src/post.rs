//! A POST to a webhook, and what its answer means.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use ackord::ports::NotifyError;
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};

use crate::secret_url::SecretUrl;
use crate::settings::{AlertSettingsError, bounded};
use crate::text::{cut, one_line};
use crate::tls::ensure_provider;

/// The time for a connection, and for the whole delivery where nothing else is set.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most that is read of an answer's body, in bytes.
const LARGEST_ANSWER: usize = 4 << 10;

/// The most that is repeated of what the other side said, in characters.
const LONGEST_WORDS: usize = 200;

/// The longest rest that is believed.
const LONGEST_REST: Duration = Duration::from_secs(60 * 60);

/// Where messages are posted to, and how.
pub(crate) struct Post {
    http: reqwest::Client,
    url: SecretUrl,
    timeout: Duration,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("url", &self.url)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Post {
    /// Sets up a client; nothing is sent.
    pub(crate) fn new(url: SecretUrl) -> Result<Self, AlertSettingsError> {
        ensure_provider();
        let http = reqwest::Client::builder()
            .user_agent(concat!("ackord/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(TIMEOUT)
            .https_only(url.expose().scheme() == "https")
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .retry(reqwest::retry::never())
            .http1_only()
            .gzip(false)
            // Alerts are rare: a kept connection would mostly be found closed.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| AlertSettingsError::Tls(Box::new(error.without_url())))?;
        Ok(Self {
            http,
            url,
            timeout: TIMEOUT,
        })
    }

    /// Has a delivery end after `timeout`.
    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = bounded(timeout);
    }

    /// Posts JSON, and returns once the receiver has taken it.
    pub(crate) async fn send(&self, headers: HeaderMap, json: String) -> Result<(), NotifyError> {
        let request = self
            .http
            .post(self.url.expose().clone())
            .headers(headers)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(json)
            .timeout(self.timeout);
        match request.send().await {
            Ok(response) => self.judge(response).await,
            Err(error) => Err(NotifyError::Unreachable {
                what: self.fault(error),
                source: None,
            }),
        }
    }

    async fn judge(&self, response: Response) -> Result<(), NotifyError> {
        let status = response.status().as_u16();
        let rest = retry_after(response.headers());
        // What a receiver says besides its status only matters where it does not take the message.
        let said = match status {
            400..=599 => beginning(response).await,
            _ => String::new(),
        };
        verdict(status, rest, &self.repeated(&said))
    }

    /// A fault of the network in words: the whole chain of causes, without the URL.
    fn fault(&self, error: reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no answer within {:?}", self.timeout);
        }
        let stage = if error.is_connect() {
            "no connection"
        } else {
            "no answer"
        };
        let error = error.without_url();
        let mut words = stage.to_owned();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !words.contains(&text) {
                words.push_str(": ");
                words.push_str(&text);
            }
            cause = error.source();
        }
        self.repeated(&words)
    }

    /// What the other side said, as it may be repeated: on one line, not too long, without the URL.
    fn repeated(&self, said: &str) -> String {
        cut(&self.url.hide_in(&one_line(said)), LONGEST_WORDS)
    }
}

/// What an answer means, by its HTTP status. `said` is what its body says.
fn verdict(status: u16, retry_after: Option<Duration>, said: &str) -> Result<(), NotifyError> {
    let what = match said {
        "" => format!("HTTP {status}"),
        page if page.starts_with('<') => format!("HTTP {status}, with an HTML page"),
        words => format!("HTTP {status}: {words}"),
    };
    match status {
        200..=299 => Ok(()),
        429 => Err(NotifyError::Throttled { retry_after }),
        300..=399 => Err(NotifyError::Refused {
            what: format!("{what}, a redirect, which is not followed; write the address that it leads to"),
        }),
        408 | 500..=599 => Err(NotifyError::Unreachable { what, source: None }),
        400..=499 => Err(NotifyError::Refused { what }),
        // 1xx as a last answer, and statuses that do not exist: something else than the receiver answered.
        _ => Err(NotifyError::Unreachable { what, source: None }),
    }
}

/// How many seconds the answer asks to rest, one hour at the most; `None` where it does not say, or says a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than a number takes are past the bound anyway.
    are_digits.then(|| text.parse().map_or(LONGEST_REST, Duration::from_secs).min(LONGEST_REST))
}

/// The beginning of the body, as much of it as arrived.
async fn beginning(mut response: Response) -> String {
    let mut body = Vec::new();
    while body.len() < LARGEST_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend(chunk.iter().take(LARGEST_ANSWER - body.len())),
            Ok(None) | Err(_) => break,
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_class() {
        for status in 100..=999 {
            let class = match verdict(status, None, "") {
                Ok(()) => "ok",
                Err(NotifyError::Throttled { .. }) => "throttled",
                Err(NotifyError::Unreachable { .. }) => "unreachable",
                Err(NotifyError::Refused { .. }) => "refused",
                Err(other) => panic!("{other:?}"),
            };
            let expected = match status {
                200..=299 => "ok",
                429 => "throttled",
                408 | 500..=599 | 100..=199 | 600.. => "unreachable",
                _ => "refused",
            };
            assert_eq!(class, expected, "{status}");
        }
    }

    #[test]
    fn an_error_says_the_status_and_what_the_receiver_said() {
        let words = |status, said| verdict(status, None, said).unwrap_err().to_string();
        assert_eq!(
            words(404, "no_service"),
            "the receiver refused the message: HTTP 404: no_service"
        );
        assert_eq!(words(403, ""), "the receiver refused the message: HTTP 403");
        assert_eq!(
            words(502, "<html>"),
            "the message did not arrive: HTTP 502, with an HTML page"
        );
        assert!(words(302, "").ends_with("write the address that it leads to"));
    }

    #[test]
    fn the_rest_is_in_seconds_and_at_most_an_hour() {
        let rest = |text: &str| {
            let value = HeaderValue::from_str(text).unwrap();
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)])).map(|rest| rest.as_secs())
        };
        for (text, seconds) in [
            ("0", Some(0)),
            (" 90 ", Some(90)),
            ("3600", Some(3600)),
            ("3601", Some(3600)),
            ("99999999999999999999999999", Some(3600)),
            ("", None),
            ("-5", None),
            ("1.5", None),
            ("Sun, 01 Mar 2026 12:01:30 GMT", None),
        ] {
            assert_eq!(rest(text), seconds, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
