//! An incoming webhook of Slack, or of what takes the same JSON, Mattermost for example: a message as text, for people.
//!
//! Neither can tell by an id what it has already, so that a message whose answer was lost is shown twice.

use std::time::Duration;

use ackord::alerts::Message;
use ackord::ports::{Notifier, NotifyError};
use async_trait::async_trait;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::post::Post;
use crate::secret_url::SecretUrl;
use crate::settings::{AlertSettingsError, checked_name};
use crate::text;

/// The longest text, in characters. Source: Slack advises 4,000 at the most, and Mattermost once had that as its limit.
const LONGEST_TEXT: usize = 3500;

/// Posts messages as text.
#[derive(Debug)]
pub struct SlackNotifier {
    name: String,
    post: Post,
}

impl SlackNotifier {
    /// A channel called `name` that posts to the incoming webhook at `url`, which is a secret in itself; nothing is sent yet. A
    /// delivery takes 10 s at the most.
    ///
    /// Where the process has no TLS provider yet, ring becomes it.
    ///
    /// # Errors
    /// [`AlertSettingsError`], which says what to write instead: for a name that is no word; for a URL that is none, is not https
    /// (this machine aside), or carries a user or fragment.
    pub fn new(name: &str, url: &SecretString) -> Result<Self, AlertSettingsError> {
        Ok(Self {
            name: checked_name(name)?,
            post: Post::new(SecretUrl::checked("Slack webhook", url.expose_secret())?)?,
        })
    }

    /// Has a delivery take `timeout` at the most, instead of 10 s; 25 s where that is less.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.post.set_timeout(timeout);
        self
    }
}

#[async_trait]
impl Notifier for SlackNotifier {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, _id: &str, message: &Message) -> Result<(), NotifyError> {
        self.post.send(HeaderMap::new(), body(message)).await
    }
}

fn body(message: &Message) -> String {
    let text = escaped(&text::cut(&text::body(message), LONGEST_TEXT));
    json!({ "text": text }).to_string()
}

/// `text` with the three characters escaped that Slack's markup begins links and mentions with. Source: Slack, "Formatting text
/// for app surfaces".
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use ackord::alerts::Kind;

    use super::*;
    use crate::text::tests::message;

    #[test]
    fn the_body_is_the_text_with_its_markup_escaped() {
        let odd = Message {
            title: "a & b <!channel> &amp;".to_owned(),
            lines: Vec::new(),
            ..message(Kind::Worse)
        };
        let read: serde_json::Value = serde_json::from_str(&body(&odd)).unwrap();
        let expected = "worse, urgent: a &amp; b &lt;!channel&gt; &amp;amp;\n\
                        \n\
                        since 2026-11-23 08:00 UTC, as of 2026-11-23 10:05 UTC\n\
                        shop: https://marketplace.example\n\
                        what to do: ackord failures list --open";
        assert_eq!(read, json!({ "text": expected }));
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        let long = Message {
            lines: vec!["x".repeat(10_000)],
            ..message(Kind::Raised)
        };
        let read: serde_json::Value = serde_json::from_str(&body(&long)).unwrap();
        let text = read["text"].as_str().unwrap();
        assert!(text.chars().count() <= LONGEST_TEXT + 1 && text.ends_with("x…"));
    }

    #[test]
    fn each_bad_setting_has_its_error_and_shows_nothing_of_the_url() {
        let plain = SlackNotifier::new("slack", &"http://example.org/canary-token".into()).unwrap_err();
        assert!(matches!(
            plain,
            AlertSettingsError::Url {
                of: "Slack webhook",
                ..
            }
        ));
        assert!(!format!("{plain:?} {plain}").contains("canary"));
        let named = SlackNotifier::new("", &"https://example.org/canary-token".into());
        assert!(matches!(named, Err(AlertSettingsError::Name(_))));
    }
}
