//! The mail server: where it is and how the way to it is encrypted, read from a URL.

use std::fmt;

use lettre::transport::smtp::client::TlsParameters;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::settings::{AlertSettingsError, is_loopback};
use crate::tls::ensure_provider;

const EXAMPLE: &str = "write it as smtps://user@smtp.example.org:465";

/// A mail server, and the user at it.
#[derive(Clone)]
pub(super) struct MailServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) user: Option<String>,
}

/// How the way to a mail server is encrypted.
#[derive(Clone)]
pub(super) enum Security {
    /// Not at all: it stays on this machine.
    Plain,
    /// From the first byte.
    Tls(TlsParameters),
    /// Before anything is said that matters; a server that does not offer it gets nothing.
    StartTls(TlsParameters),
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.security {
            Security::Plain => "smtp",
            Security::Tls(_) => "smtps",
            Security::StartTls(_) => "smtp+starttls",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl MailServer {
    /// Reads the URL of a mail server.
    pub(super) fn checked(text: &str) -> Result<Self, AlertSettingsError> {
        let url = Url::parse(text.trim()).map_err(|error| refused(format!("{error}; {EXAMPLE}")))?;
        if url.password().is_some() {
            return Err(refused("it carries a password; take it out, it has its own setting"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(refused("it goes on after host and port; end it there"));
        }
        let host = host(&url).ok_or_else(|| refused(format!("it names no host; {EXAMPLE}")))?;
        let (usual_port, security) = match url.scheme() {
            "smtps" => (465, Security::Tls(tls(&host)?)),
            "smtp+starttls" => (587, Security::StartTls(tls(&host)?)),
            "smtp" if is_loopback(&host) => (25, Security::Plain),
            "smtp" => {
                return Err(refused(
                    "it is not encrypted; write smtps:// or smtp+starttls://, plain smtp is for this machine alone \
                     (127.0.0.1, localhost)",
                ));
            }
            _ => {
                return Err(refused(format!(
                    "it is none of smtps, smtp+starttls and smtp; {EXAMPLE}"
                )));
            }
        };
        Ok(Self {
            port: url.port().unwrap_or(usual_port),
            user: user(&url)?,
            host,
            security,
        })
    }
}

fn refused(problem: impl Into<String>) -> AlertSettingsError {
    AlertSettingsError::Url {
        of: "mail server",
        problem: problem.into(),
    }
}

/// The host, an IPv6 address without its brackets. (In a URL of these schemes, the standard takes any text for a host.)
fn host(url: &Url) -> Option<String> {
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
    };
    match url.host()? {
        Host::Domain(name) if !name.is_empty() && is_name(name) => Some(name.to_ascii_lowercase()),
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

fn user(url: &Url) -> Result<Option<String>, AlertSettingsError> {
    let decoded = percent_decode_str(url.username()).decode_utf8();
    match decoded.as_deref() {
        Ok("") => Ok(None),
        Ok(user) if !user.chars().any(char::is_control) => Ok(Some(user.to_owned())),
        _ => Err(refused("its user is not plain text; percent-encode it as UTF-8")),
    }
}

fn tls(host: &str) -> Result<TlsParameters, AlertSettingsError> {
    ensure_provider();
    TlsParameters::new(host.to_owned()).map_err(|error| AlertSettingsError::Tls(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Option<String>) {
        let server = MailServer::checked(text).unwrap();
        (format!("{server:?}"), server.user)
    }

    fn problem(text: &str) -> String {
        match MailServer::checked(text) {
            Err(error @ AlertSettingsError::Url { .. }) => error.to_string(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn each_form_is_read_with_its_usual_port() {
        for (text, debug, user) in [
            (
                "smtps://ann@mail.example:1465",
                "smtps://mail.example:1465",
                Some("ann"),
            ),
            ("smtps://mail.example", "smtps://mail.example:465", None),
            (
                "smtp+starttls://ann@Mail.Example/",
                "smtp+starttls://mail.example:587",
                Some("ann"),
            ),
            ("smtp://localhost", "smtp://localhost:25", None),
            ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525", None),
            ("smtp://[::1]:2525", "smtp://::1:2525", None),
            (
                "smtps://ann%40shop.example@mail.example",
                "smtps://mail.example:465",
                Some("ann@shop.example"),
            ),
            (
                "smtps://ann@shop.example@mail.example",
                "smtps://mail.example:465",
                Some("ann@shop.example"),
            ),
        ] {
            assert_eq!(read(text), (debug.to_owned(), user.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn what_can_not_be_used_is_told_with_what_to_write() {
        for (text, word) in [
            ("smtp://mail.example:25", "write smtps:// or smtp+starttls://"),
            ("smtp://localhost.example", "plain smtp is for this machine alone"),
            ("smtps://ann:canary@mail.example", "it has its own setting"),
            ("smtps://mail.example/path", "end it there"),
            ("smtps://mail.example?tls=none", "end it there"),
            ("smtps://", EXAMPLE),
            ("smtps:mail.example", "end it there"),
            ("smtps://mail%20x", EXAMPLE),
            ("https://mail.example", EXAMPLE),
            ("mail.example", EXAMPLE),
            ("", EXAMPLE),
            ("smtps://a%00b@mail.example", "percent-encode it"),
            ("smtps://%ff@mail.example", "percent-encode it"),
        ] {
            let problem = problem(text);
            assert!(
                problem.contains(word) && !problem.contains("canary"),
                "{text}: {problem}"
            );
        }
    }
}
