//! The dialogue with a mail server: connect, sign in, hand a letter over.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use ackord::ports::NotifyError;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret, SecretString};

use crate::mail::server::{MailServer, Security};
use crate::settings::AlertSettingsError;
use crate::text::{cut, one_line};

/// The most that is repeated of what the server said, in characters.
const LONGEST_WORDS: usize = 200;

const NOT_SMTP: &str = "the server's answer broke off or is not SMTP";

/// A mail server, and how we present ourselves to it.
pub(super) struct Account {
    server: MailServer,
    /// User and password.
    sign_in: Option<(String, SecretString)>,
    hello: ClientId,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("server", &self.server)
            .field("signs_in", &self.sign_in.is_some())
            .finish_non_exhaustive()
    }
}

impl Account {
    /// The account at `server` with the user that its URL names. `domain` is the sender's: some servers turn clients away that
    /// present themselves as localhost.
    pub(super) fn new(
        server: MailServer,
        password: Option<SecretString>,
        domain: &str,
    ) -> Result<Self, AlertSettingsError> {
        let sign_in = match (server.user.clone(), password) {
            (None, None) => None,
            (Some(_), None) => {
                return Err(AlertSettingsError::SignIn(
                    "the URL names a user and there is no password; give one, or take the user out",
                ));
            }
            (None, Some(_)) => {
                return Err(AlertSettingsError::SignIn(
                    "there is a password and the URL names no user; write it as smtps://user@smtp.example.org:465",
                ));
            }
            (Some(user), Some(password)) => Some((user, checked_password(password)?)),
        };
        Ok(Self {
            server,
            sign_in,
            hello: ClientId::Domain(domain.to_owned()),
        })
    }

    /// What an error of the server or of the way to it comes to.
    fn fault(&self, stage: &str, error: &smtp::Error) -> NotifyError {
        let mut words = words(error);
        if let Some((_, password)) = &self.sign_in {
            words = words.replace(password.expose_secret(), "(hidden)");
        }
        sorted(error, format!("{stage}: {}", cut(&words, LONGEST_WORDS)))
    }
}

/// Hands a letter over to the server; returns the connection once the server has taken it. It does not end by itself, save the
/// attempts to connect, each of which takes `patience` at the most.
pub(super) async fn hand_over(
    account: &Account,
    letter: &lettre::Message,
    patience: Duration,
) -> Result<AsyncSmtpConnection, NotifyError> {
    let mut connection = connected(account, patience).await?;
    let envelope = letter.envelope();
    let from = Mail::new(envelope.from().cloned(), Vec::new());
    connection
        .command(from)
        .await
        .map_err(|error| account.fault("the sender", &error))?;
    let mut turned_away = Vec::new();
    for address in envelope.to() {
        match connection.command(Rcpt::new(address.clone(), Vec::new())).await {
            Ok(_) => {}
            Err(error) if error.status().is_some() => turned_away.push(error),
            Err(error) => return Err(account.fault("a receiver", &error)),
        }
    }
    if turned_away.len() == envelope.to().len() {
        return Err(of_all(account, &turned_away));
    }
    for error in &turned_away {
        let code = error.status().map(|code| code.to_string());
        tracing::warn!(
            code,
            "the mail server turns one of the receivers of alerts away; the others get the mail"
        );
    }
    connection
        .command(Data)
        .await
        .map_err(|error| account.fault("the mail", &error))?;
    connection
        .message(&letter.formatted())
        .await
        .map_err(|error| account.fault("the mail", &error))?;
    Ok(connection)
}

async fn connected(account: &Account, patience: Duration) -> Result<AsyncSmtpConnection, NotifyError> {
    let server = &account.server;
    let from_the_start = match &server.security {
        Security::Tls(parameters) => Some(parameters.clone()),
        Security::Plain | Security::StartTls(_) => None,
    };
    let place = (server.host.as_str(), server.port);
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(place, Some(patience), &account.hello, from_the_start, None)
            .await
            .map_err(|error| account.fault("connecting", &error))?;
    if let Security::StartTls(parameters) = &server.security {
        connection
            .starttls(parameters.clone(), &account.hello)
            .await
            .map_err(|error| account.fault("STARTTLS", &error))?;
    }
    if let Some((user, password)) = &account.sign_in {
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        connection
            .auth(DEFAULT_MECHANISMS, &credentials)
            .await
            .map_err(|error| sign_in_fault(&error))?;
    }
    Ok(connection)
}

/// What it comes to that every receiver was turned away: it is tried again where that may help one of them.
fn of_all(account: &Account, turned_away: &[smtp::Error]) -> NotifyError {
    let may_pass = turned_away.iter().find(|error| error.is_transient());
    match may_pass.or_else(|| turned_away.first()) {
        Some(error) => account.fault("every receiver", error),
        None => NotifyError::Refused {
            what: "the mail has no receiver".to_owned(),
        },
    }
}

/// A sign-in that failed. What the server says there may repeat what it was told, so only its number is.
fn sign_in_fault(error: &smtp::Error) -> NotifyError {
    let what = match error.status() {
        Some(code) if error.is_permanent() => {
            format!("signing in: the server says {code}; check the user in the URL, and the password")
        }
        Some(code) => format!("signing in: the server says {code}"),
        None if error.is_client() => "signing in: the server knows neither PLAIN nor LOGIN".to_owned(),
        None if error.is_response() => format!("signing in: {NOT_SMTP}"),
        None => format!("signing in: {}", cut(&words(error), LONGEST_WORDS)),
    };
    sorted(error, what)
}

/// What the server said for good, and what it and we can't agree on (no STARTTLS, no way to sign in), waits for somebody who mends
/// the settings; all else may pass.
fn sorted(error: &smtp::Error, what: String) -> NotifyError {
    if error.is_permanent() || error.is_client() {
        NotifyError::Refused { what }
    } else {
        NotifyError::Unreachable { what, source: None }
    }
}

fn words(error: &smtp::Error) -> String {
    match error.status() {
        Some(code) => {
            let said = error.source().map(|said| said.to_string()).unwrap_or_default();
            one_line(&format!("the server says {code} {said}"))
        }
        None if error.is_response() => NOT_SMTP.to_owned(),
        None => one_line(&error.to_string()),
    }
}

fn checked_password(password: SecretString) -> Result<SecretString, AlertSettingsError> {
    let text = password.expose_secret();
    if text.is_empty() {
        return Err(AlertSettingsError::SignIn(
            "the password is empty; give it, or take the user out",
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(AlertSettingsError::SignIn(
            "the password holds a line end or another control character; copy it again",
        ));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(url: &str, password: Option<&str>) -> Result<Account, AlertSettingsError> {
        let server = MailServer::checked(url).unwrap();
        Account::new(server, password.map(SecretString::from), "shop.example")
    }

    #[test]
    fn a_user_goes_with_a_password() {
        assert!(account("smtp://localhost", None).is_ok());
        assert!(account("smtp://ann@localhost", Some("p4ss")).is_ok());
        for (url, password) in [
            ("smtp://ann@localhost", None),
            ("smtp://localhost", Some("p4ss")),
            ("smtp://ann@localhost", Some("")),
            ("smtp://ann@localhost", Some("p4ss\n")),
        ] {
            let refused = account(url, password);
            assert!(
                matches!(refused, Err(AlertSettingsError::SignIn(_))),
                "{url} {password:?}"
            );
        }
    }

    #[test]
    fn it_shows_neither_user_nor_password() {
        let account = account("smtp://canary-user@localhost:2525", Some("canary-word")).unwrap();
        let debug = format!("{account:?}");
        assert!(
            debug.contains("smtp://localhost:2525") && !debug.contains("canary"),
            "{debug}"
        );
    }
}
