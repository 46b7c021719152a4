//! What every channel's settings have in common, and the error for those that can't be used.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::time::Duration;

use crate::text::{cut, one_line};

/// The longest name of a channel, in characters.
const LONGEST_NAME: usize = 40;

/// The longest that a delivery may be set to take: the port has it end within half a minute.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(25);

/// Settings of a channel that can't be used, with what to write instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlertSettingsError {
    /// The channel's name.
    #[error("the channel's name `{0}` can't be used: write a word of 1 to 40 ASCII letters, digits, `-` and `_`")]
    Name(String),
    /// The URL of a webhook or of the mail server.
    #[error("the URL of the {of} can't be used: {problem}")]
    Url {
        /// Of what.
        of: &'static str,
        /// What is wrong and what would be right; it repeats nothing of the URL.
        problem: String,
    },
    /// The secret that a webhook is signed with.
    #[error("the webhook's secret can't be used: {0}")]
    Secret(&'static str),
    /// The mail server's user and password.
    #[error("the mail server's user and password can't be used: {0}")]
    SignIn(&'static str),
    /// A mail address.
    #[error(
        "`{given}` can't be used as the address {role}: write one address, name@example.org or Name <name@example.org>"
    )]
    Address {
        /// Whose: the sender's or a receiver's.
        role: &'static str,
        /// What was given.
        given: String,
    },
    /// Mail to nobody.
    #[error("the mail goes to nobody: give one address at least")]
    NoReceiver,
    /// TLS can't be set up.
    #[error("TLS can't be set up; see that the machine's root certificates are installed")]
    Tls(#[source] Box<dyn StdError + Send + Sync>),
}

/// The name of a channel, a word: it stands in the delivery log, and in what is due for it.
pub(crate) fn checked_name(name: &str) -> Result<String, AlertSettingsError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(fits) {
        return Err(AlertSettingsError::Name(cut(&one_line(name), LONGEST_NAME)));
    }
    Ok(name.to_owned())
}

/// The timeout, or the longest that may be.
pub(crate) fn bounded(timeout: Duration) -> Duration {
    timeout.min(LONGEST_TIMEOUT)
}

/// Whether the host of a URL is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host == "localhost"
        || address
            .unwrap_or(host)
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_named_by_a_word() {
        for name in ["webhook", "Slack-2", "mail_ops", "x"] {
            assert_eq!(checked_name(name).unwrap(), name);
        }
        for name in ["", "two words", "a.b", "é", "a\nb", &"x".repeat(41)] {
            let error = checked_name(name).unwrap_err();
            assert!(matches!(error, AlertSettingsError::Name(_)), "{name:?}");
            assert!(error.to_string().contains("write a word of 1 to 40"), "{error}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_loopback_addresses() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "example.org",
            "localhost.example.org",
            "0.0.0.0",
            "10.0.0.1",
            "[::2]",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn no_delivery_is_set_to_take_longer_than_the_port_allows() {
        assert_eq!(bounded(Duration::from_secs(3)), Duration::from_secs(3));
        assert_eq!(bounded(Duration::MAX), Duration::from_secs(25));
    }
}
