//! Mail against SMTP servers of all kinds.

use ackord::alerts::{Kind, Message};
use ackord::ports::{Notifier, NotifyError};
use ackord_alerts::MailNotifier;

use crate::support::smtp::{CONNECTED, SmtpServer};
use crate::support::{SHORT, closed_port, message, shown, silent};

const PASSWORD: &str = "p4ss-canary-word";

/// `PLAIN` of alerts@example.org with the password, as SMTP carries it.
const PLAIN: &str = "AUTH PLAIN AGFsZXJ0c0BleGFtcGxlLm9yZwBwNHNzLWNhbmFyeS13b3Jk";

fn notifier(url: &str, password: Option<&str>) -> MailNotifier {
    let to = ["Ann <ann@shop.example>".to_owned(), "bob@shop.example".to_owned()];
    MailNotifier::new(
        "mail",
        url,
        password.map(Into::into),
        "Ackord <alerts@shop.example>",
        &to,
    )
    .unwrap()
}

/// Sends a message to a server of this script.
async fn sent(
    script: impl Fn(&str) -> Option<&'static str> + Send + Sync + 'static,
) -> (Result<(), NotifyError>, SmtpServer) {
    let server = SmtpServer::start(script).await;
    let notifier = notifier(&server.url_of("alerts@example.org"), Some(PASSWORD));
    let delivered = notifier.deliver("ackord-7", &message()).await;
    (delivered, server)
}

#[tokio::test]
async fn a_message_arrives_as_one_mail_to_everybody() {
    let server = SmtpServer::kind().await;
    notifier(&server.url(), None)
        .deliver("ackord-7", &message())
        .await
        .unwrap();
    let commands = server.commands();
    let dialogue = [
        "EHLO shop.example",
        "MAIL FROM:<alerts@shop.example>",
        "RCPT TO:<ann@shop.example>",
        "RCPT TO:<bob@shop.example>",
        "DATA",
    ];
    assert_eq!(commands[..5], dialogue);
    let letters = server.letters();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    let (head, body) = letter.split_once("\n\n").unwrap();
    for header in [
        "From: Ackord <alerts@shop.example>",
        "To: Ann <ann@shop.example>, bob@shop.example",
        "Subject: [ackord] urgent: 2 orders refused",
        "Date: Mon, 23 Nov 2026 10:05:00 +0000",
        "Message-ID: <ackord-7.1795420800000000@shop.example>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(head.lines().any(|line| line == header), "{header}\n{head}");
    }
    let expected = "new, urgent: 2 orders refused\n\
                    \n\
                    MB-1-A\n\
                    .\n\
                    \n\
                    since 2026-11-23 08:00 UTC, as of 2026-11-23 10:05 UTC\n\
                    shop: https://marketplace.example\n\
                    what to do: ackord failures list --open\n";
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_message_tried_again_is_the_same_mail_and_an_all_clear_is_another() {
    let server = SmtpServer::kind().await;
    let notifier = notifier(&server.url(), None);
    let over = Message {
        kind: Kind::Cleared,
        ..message()
    };
    notifier.deliver("ackord-7", &message()).await.unwrap();
    notifier.deliver("ackord-7", &message()).await.unwrap();
    notifier.deliver("ackord-8", &over).await.unwrap();
    let letters = server.letters();
    assert_eq!(letters[0], letters[1]);
    assert!(letters[2].contains("Subject: [ackord] over: ") && letters[2].contains("Message-ID: <ackord-8."));
}

#[tokio::test]
async fn user_and_password_are_given_where_the_url_names_a_user() {
    let (delivered, server) = sent(|_| None).await;
    delivered.unwrap();
    assert_eq!(server.commands()[1], PLAIN);
}

#[tokio::test]
async fn what_the_server_says_for_good_is_refused() {
    for (stage, answer) in [
        (CONNECTED, "554 5.3.2 no mail here"),
        ("EHLO", "550 5.7.1 go away"),
        ("AUTH", "535 5.7.8 no such user"),
        ("MAIL", "550 5.7.1 you may not send"),
        ("RCPT", "550 5.1.1 no such mailbox"),
        ("DATA", "554 5.5.1 no"),
        (".", "552 5.3.4 too large"),
    ] {
        let (delivered, _) = sent(move |command| command.starts_with(stage).then_some(answer)).await;
        let error = delivered.unwrap_err();
        assert!(matches!(error, NotifyError::Refused { .. }), "{stage}: {error:?}");
        assert!(error.to_string().contains(&answer[..3]), "{stage}: {error}");
    }
}

#[tokio::test]
async fn what_may_pass_is_unreachable() {
    for (stage, answer) in [
        (CONNECTED, "421 4.3.2 too busy"),
        ("EHLO", "421 4.3.2 too busy"),
        ("AUTH", "454 4.7.0 not now"),
        ("MAIL", "451 4.3.0 not now"),
        ("RCPT", "450 4.2.1 greylisted"),
        ("DATA", "451 4.3.0 not now"),
        (".", "451 4.3.0 not now"),
        ("DATA", "nonsense"),
    ] {
        let (delivered, _) = sent(move |command| command.starts_with(stage).then_some(answer)).await;
        let error = delivered.unwrap_err();
        assert!(matches!(error, NotifyError::Unreachable { .. }), "{stage}: {error:?}");
    }
}

#[tokio::test]
async fn one_address_that_is_turned_away_does_not_silence_the_others() {
    for answer in ["550 5.1.1 no such mailbox", "452 4.2.2 mailbox full"] {
        let (delivered, server) = sent(move |command| command.contains("ann@").then_some(answer)).await;
        delivered.unwrap();
        assert_eq!(server.letters().len(), 1, "{answer}");
    }
}

#[tokio::test]
async fn where_all_are_turned_away_it_is_tried_again_if_that_may_help_one() {
    let (delivered, server) = sent(|command| match command {
        "RCPT TO:<ann@shop.example>" => Some("550 5.1.1 no such mailbox"),
        "RCPT TO:<bob@shop.example>" => Some("450 4.2.1 greylisted"),
        _ => None,
    })
    .await;
    let error = delivered.unwrap_err();
    assert!(matches!(error, NotifyError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("450 4.2.1 greylisted"), "{error}");
    assert!(server.letters().is_empty());
}

#[tokio::test]
async fn a_server_that_stops_answering_is_given_up() {
    for stage in [CONNECTED, "EHLO", "AUTH", "DATA", "."] {
        let server = SmtpServer::start(move |command| command.starts_with(stage).then_some("")).await;
        let notifier = notifier(&server.url_of("alerts@example.org"), Some(PASSWORD)).with_timeout(SHORT);
        let error = notifier.deliver("ackord-7", &message()).await.unwrap_err();
        assert!(matches!(error, NotifyError::Unreachable { .. }), "{stage}: {error:?}");
        assert!(error.to_string().ends_with("longer than 200ms"), "{stage}: {error}");
    }
}

#[tokio::test]
async fn a_mail_that_was_taken_has_arrived_whatever_follows() {
    for goodbye in ["421 4.3.2 shutting down", ""] {
        let server = SmtpServer::start(move |command| (command == "QUIT").then_some(goodbye)).await;
        let notifier = notifier(&server.url(), None).with_timeout(SHORT * 5);
        notifier.deliver("ackord-7", &message()).await.unwrap();
        assert_eq!(server.letters().len(), 1);
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_neither_password_nor_mail() {
    let server = SmtpServer::kind().await;
    let url = format!("smtp+starttls://alerts@127.0.0.1:{}", server.port);
    let error = notifier(&url, Some(PASSWORD))
        .deliver("ackord-7", &message())
        .await
        .unwrap_err();
    assert!(matches!(error, NotifyError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("STARTTLS"), "{error}");
    let commands = server.commands();
    assert!(
        commands
            .iter()
            .all(|command| command.starts_with("EHLO") || command == "QUIT"),
        "{commands:?}"
    );
}

#[tokio::test]
async fn a_server_that_knows_no_way_to_sign_in_is_refused() {
    let (delivered, _) = sent(|command| command.starts_with("EHLO").then_some("250 mail.example")).await;
    let error = delivered.unwrap_err();
    assert!(matches!(error, NotifyError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("neither PLAIN nor LOGIN"), "{error}");
}

#[tokio::test]
async fn the_password_is_shown_by_nothing() {
    const ECHO: &str = "535 5.7.8 no AGFsZXJ0c0BleGFtcGxlLm9yZwBwNHNzLWNhbmFyeS13b3Jk p4ss-canary-word";
    let mut shown_texts = Vec::new();
    for stage in ["AUTH", "MAIL"] {
        let answer = if stage == "AUTH" {
            ECHO
        } else {
            "550 5.7.1 not with p4ss-canary-word"
        };
        let (delivered, _) = sent(move |command| command.starts_with(stage).then_some(answer)).await;
        shown_texts.push(shown(&delivered.unwrap_err()));
    }
    let (_listener, silent_port) = silent().await;
    for url in [
        format!("smtp://ann@127.0.0.1:{}", closed_port().await),
        format!("smtps://ann@127.0.0.1:{silent_port}"),
    ] {
        let notifier = notifier(&url, Some(PASSWORD)).with_timeout(SHORT);
        let error = notifier.deliver("ackord-7", &message()).await.unwrap_err();
        assert!(matches!(error, NotifyError::Unreachable { .. }), "{error:?}");
        shown_texts.push(shown(&error));
        shown_texts.push(format!("{notifier:?} {notifier:#?}"));
    }
    for text in shown_texts {
        assert!(!text.contains("canary") && !text.contains("AGFsZXJ0"), "{text}");
    }
}

#[tokio::test]
async fn it_is_known_by_its_name() {
    assert_eq!(notifier("smtp://localhost", None).name(), "mail");
}
