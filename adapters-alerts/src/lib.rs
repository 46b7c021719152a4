//! The alert channels of Ackord: a signed webhook, a Slack-compatible webhook, and mail by SMTP.
//!
//! Each implements [`ackord::ports::Notifier`] and delivers one message with one attempt. None of them retries: the outbox does
//! that, by what each says of a message that did not arrive.
//!
//! What this crate never does: follow a redirect, take a proxy from the environment, send over a connection that is not encrypted
//! (but to this machine), or put a secret, or a URL that is one, into an error, a log or a `Debug` text.
//!
//! ```
//! use ackord_alerts::SlackNotifier;
//!
//! let slack = SlackNotifier::new("slack", &"https://hooks.example/services/T1/B2/made-up-token".into())?;
//! assert!(!format!("{slack:?}").contains("made-up-token"));
//! # Ok::<(), ackord_alerts::AlertSettingsError>(())
//! ```

mod mail;
mod post;
mod secret_url;
mod settings;
mod signature;
mod slack;
mod text;
mod tls;
mod webhook;

pub use mail::MailNotifier;
pub use settings::AlertSettingsError;
pub use signature::{SignatureError, verify};
pub use slack::SlackNotifier;
pub use webhook::{DELIVERY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, WebhookNotifier};
