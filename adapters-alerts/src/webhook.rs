//! The signed webhook: a message as JSON, for programs.
//!
//! The body is the message as [`Message::to_json`] has it, with the delivery's `id` added. A receiver checks the signature
//! ([`crate::verify`]), answers with 2xx once it has the message, and may tell by the id what it has already.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ackord::alerts::Message;
use ackord::ports::{Clock, Notifier, NotifyError};
use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::post::Post;
use crate::secret_url::SecretUrl;
use crate::settings::{AlertSettingsError, checked_name};
use crate::signature::Signer;

/// The header with the delivery's id, the same each time that a message is tried. (HTTP does not tell capitals from small letters.)
pub const DELIVERY_HEADER: &str = "ackord-delivery";

/// The header with the time of the attempt, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "ackord-timestamp";

/// The header with the signature over timestamp and body, see [`crate::verify`].
pub const SIGNATURE_HEADER: &str = "ackord-signature";

/// The shortest secret, in bytes.
const SHORTEST_SECRET: usize = 16;

/// Posts messages as signed JSON.
pub struct WebhookNotifier {
    name: String,
    post: Post,
    signer: Signer,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for WebhookNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookNotifier")
            .field("name", &self.name)
            .field("post", &self.post)
            .finish_non_exhaustive()
    }
}

impl WebhookNotifier {
    /// A channel called `name` that posts to `url` and signs with `secret`; nothing is sent yet. A delivery takes 10 s at the most.
    ///
    /// Where the process has no TLS provider yet, ring becomes it.
    ///
    /// # Errors
    /// [`AlertSettingsError`], which says what to write instead: for a name that is no word; for a URL that is none, is not https
    /// (this machine aside), or carries a user or fragment; for a secret of less than 16 characters or with white space around it.
    pub fn new(
        name: &str,
        url: &str,
        secret: &SecretString,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AlertSettingsError> {
        Ok(Self {
            name: checked_name(name)?,
            post: Post::new(SecretUrl::checked("webhook", url)?)?,
            signer: signer(secret)?,
            clock,
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
impl Notifier for WebhookNotifier {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, id: &str, message: &Message) -> Result<(), NotifyError> {
        let json = body(id, message);
        let timestamp = self.clock.now().as_second().to_string();
        let signature = self.signer.sign(&timestamp, json.as_bytes());
        self.post.send(headers(id, &timestamp, &signature)?, json).await
    }
}

fn signer(secret: &SecretString) -> Result<Signer, AlertSettingsError> {
    let text = secret.expose_secret();
    if text.trim() != text {
        return Err(AlertSettingsError::Secret(
            "it begins or ends with white space; trim it",
        ));
    }
    if text.len() < SHORTEST_SECRET {
        return Err(AlertSettingsError::Secret(
            "it is shorter than 16 characters; `openssl rand -hex 32` makes one",
        ));
    }
    Signer::new(secret).ok_or(AlertSettingsError::Secret("no key can be made from it; make another"))
}

fn body(id: &str, message: &Message) -> String {
    let mut json = message.to_json();
    if let Some(object) = json.as_object_mut() {
        object.insert("id".to_owned(), id.into());
    }
    json.to_string()
}

fn headers(id: &str, timestamp: &str, signature: &str) -> Result<HeaderMap, NotifyError> {
    let values = [
        (DELIVERY_HEADER, id),
        (TIMESTAMP_HEADER, timestamp),
        (SIGNATURE_HEADER, signature),
    ];
    let mut headers = HeaderMap::new();
    for (name, text) in values {
        let value = HeaderValue::from_str(text).map_err(|_| NotifyError::Refused {
            what: format!("its `{name}` can't stand in a header"),
        })?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use ackord::alerts::Kind;
    use ackord::memory::ManualClock;

    use super::*;
    use crate::text::tests::message;

    fn notifier(name: &str, url: &str, secret: &str) -> Result<WebhookNotifier, AlertSettingsError> {
        let clock = ManualClock::new("2026-11-23T10:06:00Z".parse().unwrap());
        WebhookNotifier::new(name, url, &secret.into(), Arc::new(clock))
    }

    #[test]
    fn the_body_is_the_message_and_the_id() {
        let message = message(Kind::Raised);
        let read: serde_json::Value = serde_json::from_str(&body("ackord-7", &message)).unwrap();
        assert_eq!(read["id"], "ackord-7");
        assert_eq!(Message::from_json(&read), Some(message));
    }

    #[test]
    fn an_id_that_no_header_can_carry_is_refused() {
        let error = headers("a\r\nb", "1", "v1=").unwrap_err();
        assert!(matches!(error, NotifyError::Refused { .. }), "{error:?}");
    }

    #[test]
    fn secrets_that_are_weak_or_badly_copied_are_refused() {
        for secret in [
            "",
            "short",
            "fifteen-letters",
            "sixteen-letters-\n",
            " sixteen-letters-",
        ] {
            let refused = notifier("webhook", "https://example.org/", secret);
            assert!(matches!(refused, Err(AlertSettingsError::Secret(_))), "{secret:?}");
        }
        assert!(notifier("webhook", "https://example.org/", "sixteen-letters-").is_ok());
    }

    #[test]
    fn each_bad_setting_has_its_error() {
        let named = notifier("a b", "https://example.org/", "sixteen-letters-");
        assert!(matches!(named, Err(AlertSettingsError::Name(_))));
        let plain = notifier("a", "http://example.org/", "sixteen-letters-");
        assert!(matches!(plain, Err(AlertSettingsError::Url { of: "webhook", .. })));
    }
}
