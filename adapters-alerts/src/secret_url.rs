//! A URL by which whoever knows it can post.

use std::cmp::Reverse;
use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::settings::{AlertSettingsError, is_loopback};

/// Parts of a URL shorter than this are words and not secrets: `hooks`, `services`.
const SHORTEST_SECRET: usize = 9;

/// What stands in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// The URL of a webhook. Its path and query are mostly all that is needed to post there, so it shows its scheme and host alone.
#[derive(Clone)]
pub(crate) struct SecretUrl(Url);

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{HIDDEN}", self.0.origin().ascii_serialization())
    }
}

impl SecretUrl {
    /// Reads the URL `of` something: https, or http to this machine.
    pub(crate) fn checked(of: &'static str, text: &str) -> Result<Self, AlertSettingsError> {
        let refused = |problem: &str| {
            Err(AlertSettingsError::Url {
                of,
                problem: problem.to_owned(),
            })
        };
        let url = match Url::parse(text.trim()) {
            Ok(url) => url,
            Err(error) => return refused(&format!("{error}; write it in full, as https://example.org/hook")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("it carries a user or password; take them out");
        }
        if url.fragment().is_some() {
            return refused("it carries a fragment; end it before the `#`");
        }
        let problem = match url.scheme() {
            "https" => None,
            "http" if is_loopback(url.host_str().unwrap_or_default()) => None,
            "http" => {
                Some("it is not https; write https://, plain http is for this machine alone (127.0.0.1, localhost)")
            }
            _ => Some("it is neither https nor http; write https://"),
        };
        match problem {
            Some(problem) => refused(problem),
            None => Ok(Self(url)),
        }
    }

    /// The URL itself, to post to and for nothing else.
    pub(crate) fn expose(&self) -> &Url {
        &self.0
    }

    /// `text` with all hidden that gives the URL away: an answer may repeat what it was asked.
    pub(crate) fn hide_in(&self, text: &str) -> String {
        let (url, query) = (&self.0, self.0.query().unwrap_or_default());
        let written = [url.as_str(), url.path(), query]
            .into_iter()
            .chain(url.path().split('/'))
            .chain(query.split(['&', '=']));
        let mut parts: Vec<String> = written
            .flat_map(|part| {
                [
                    part.to_owned(),
                    percent_decode_str(part).decode_utf8_lossy().into_owned(),
                ]
            })
            .filter(|part| part.len() >= SHORTEST_SECRET)
            .collect();
        parts.sort_by_key(|part| Reverse(part.len()));
        parts
            .iter()
            .fold(text.to_owned(), |text, part| text.replace(part.as_str(), HIDDEN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        match SecretUrl::checked("webhook", text) {
            Err(error @ AlertSettingsError::Url { .. }) => error.to_string(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn https_is_asked_for_except_on_this_machine() {
        for url in [
            "https://example.org",
            " https://example.org/hook?key=1 ",
            "http://127.0.0.1:8080/x",
            "http://[::1]:1",
            "http://localhost:9/x",
        ] {
            assert!(SecretUrl::checked("webhook", url).is_ok(), "{url}");
        }
        assert!(problem("http://example.org/x").contains("write https://"));
        assert!(problem("http://10.0.0.1/x").contains("plain http is for this machine alone"));
        assert!(problem("ftp://example.org/x").contains("neither https nor http"));
        assert!(problem("example.org/x").contains("write it in full"));
        assert!(problem("").contains("write it in full"));
        assert!(problem("https://u:p@example.org/").contains("take them out"));
        assert!(problem("https://example.org/#x").contains("end it before the `#`"));
    }

    #[test]
    fn an_error_about_it_repeats_nothing_of_it() {
        for url in [
            "http://example.org/canary-token",
            "https://u:canary-token@example.org",
            "https://[canary-token/",
            "canary-token",
        ] {
            assert!(!problem(url).contains("canary"), "{url}");
        }
    }

    #[test]
    fn it_shows_its_host_and_nothing_more() {
        let url = SecretUrl::checked("webhook", "https://hooks.example:8443/services/canary-token?key=canary").unwrap();
        assert_eq!(format!("{url:?}"), "https://hooks.example:8443/(hidden)");
    }

    #[test]
    fn an_answer_that_repeats_it_is_covered() {
        let text = "https://hooks.example/services/T01234567/canary-token?key=another%20canary";
        let url = SecretUrl::checked("webhook", text).unwrap();
        assert_eq!(url.hide_in(&format!("no {text} here")), "no (hidden) here");
        assert_eq!(
            url.hide_in("no canary-token of T01234567, another canary, or another%20canary in services"),
            "no (hidden) of (hidden), (hidden), or (hidden) in services"
        );
        assert_eq!(url.hide_in("key=another%20canary"), "(hidden)");
    }
}
