//! The letter: a message as mail, with who writes and who is written to.

use std::time::SystemTime;

use ackord::Timestamp;
use ackord::alerts::Message;
use lettre::address::{Address, Envelope};
use lettre::error::Error as LetterError;
use lettre::message::header::{ContentType, From as FromHeader, HeaderName, HeaderValue, MIME_VERSION_1_0, To};
use lettre::message::{Mailbox, Mailboxes};

use crate::settings::AlertSettingsError;
use crate::text;

/// By this, programs that answer mail by themselves know not to. Source: RFC 3834, 5.
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// Who writes, and who is written to.
#[derive(Clone)]
pub(super) struct Correspondents {
    pub(super) from: Mailbox,
    pub(super) to: Vec<Mailbox>,
}

impl Correspondents {
    /// Reads the addresses.
    pub(super) fn checked(from: &str, to: &[String]) -> Result<Self, AlertSettingsError> {
        if to.is_empty() {
            return Err(AlertSettingsError::NoReceiver);
        }
        Ok(Self {
            from: mailbox("of the sender", from)?,
            to: to
                .iter()
                .map(|address| mailbox("of a receiver", address))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Writes a message down as mail, in the same bytes each time that it is tried.
    pub(super) fn letter(&self, id: &str, message: &Message) -> Result<lettre::Message, LetterError> {
        let addresses = self.to.iter().map(|mailbox| mailbox.email.clone()).collect();
        // The format of the date begins with the year 1970.
        let date = SystemTime::from(message.at.max(Timestamp::UNIX_EPOCH));
        lettre::Message::builder()
            .envelope(Envelope::new(Some(self.from.email.clone()), addresses)?)
            .header(FromHeader::from(Mailboxes::from(self.from.clone())))
            .header(To::from(Mailboxes::from(self.to.clone())))
            .subject(text::subject(message))
            .date(date)
            .message_id(Some(self.message_id(id, message)))
            .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(text::body(message))
    }

    fn message_id(&self, id: &str, message: &Message) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let id: String = id.chars().map(plain).collect();
        let since = message.since.as_microsecond();
        format!("<{id}.{since}@{}>", self.from.email.domain())
    }
}

/// Reads one address, with or without a name. It is in ASCII, so that every server takes it.
fn mailbox(role: &'static str, text: &str) -> Result<Mailbox, AlertSettingsError> {
    let refused = || AlertSettingsError::Address {
        role,
        given: text::one_line(text),
    };
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address.trim()),
        None => ("", text),
    };
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic()) && !address.contains(['<', '>', '"']);
    if !is_plain || name.chars().any(char::is_control) {
        return Err(refused());
    }
    let email: Address = address.parse().map_err(|_| refused())?;
    let mailbox = Mailbox::new((!name.is_empty()).then(|| name.to_owned()), email);
    // The library reads its headers back before it sends: a name that does not survive that would be missed only then.
    match mailbox.to_string().parse::<Mailbox>() {
        Ok(read) if read.email == mailbox.email => Ok(mailbox),
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use ackord::alerts::Kind;

    use super::*;
    use crate::text::tests::message;

    fn correspondents() -> Correspondents {
        let to = ["Ann <ann@shop.example>".to_owned(), "bob@shop.example".to_owned()];
        Correspondents::checked("Ackord <alerts@shop.example>", &to).unwrap()
    }

    fn written(message: &Message) -> String {
        let letter = correspondents().letter("ackord-7", message).unwrap();
        String::from_utf8(letter.formatted()).unwrap()
    }

    #[test]
    fn a_mail_reads_so() {
        let expected = "From: Ackord <alerts@shop.example>\r\n\
                        To: Ann <ann@shop.example>, bob@shop.example\r\n\
                        Subject: [ackord] urgent: 2 orders: the marketplace refused the acceptance\r\n\
                        Date: Mon, 23 Nov 2026 10:05:59 +0000\r\n\
                        Message-ID: <ackord-7.1795420800000000@shop.example>\r\n\
                        Auto-Submitted: auto-generated\r\n\
                        MIME-Version: 1.0\r\n\
                        Content-Type: text/plain; charset=utf-8\r\n\
                        Content-Transfer-Encoding: 7bit\r\n\
                        \r\n\
                        new, urgent: 2 orders: the marketplace refused the acceptance\r\n\
                        \r\n\
                        MB-1-A\r\n\
                        MB-2-A\r\n\
                        \r\n\
                        since 2026-11-23 08:00 UTC, as of 2026-11-23 10:05 UTC\r\n\
                        shop: https://marketplace.example\r\n\
                        what to do: ackord failures list --open";
        // Where a long header is folded is the library's affair.
        assert_eq!(written(&message(Kind::Raised)).replace("\r\n ", " "), expected);
    }

    #[test]
    fn no_text_makes_a_header_of_its_own() {
        let odd = Message {
            title: "a\r\nBcc: eve@evil.example\r\n\r\nb".to_owned(),
            ..message(Kind::Raised)
        };
        let letter = correspondents().letter("a\r\nBcc: eve@evil.example", &odd).unwrap();
        let text = String::from_utf8(letter.formatted()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.to_lowercase().contains("\nbcc:"), "{head}");
        assert!(head.contains("Message-ID: <a__Bcc__eve_evil_example."), "{head}");
        assert_eq!(letter.envelope().to().len(), 2);
    }

    #[test]
    fn every_mail_is_in_ascii_whatever_the_message_says() {
        let foreign = Message {
            title: "café ✓".to_owned(),
            lines: vec!["ü".repeat(300)],
            at: "-000001-01-01T00:00:00Z".parse().unwrap(),
            ..message(Kind::Raised)
        };
        let text = written(&foreign);
        assert!(text.is_ascii() && text.contains("Date: Thu, 01 Jan 1970"), "{text}");
        assert!(text.split("\r\n").all(|line| line.len() <= 998));
    }

    #[test]
    fn the_same_message_is_the_same_mail() {
        assert_eq!(written(&message(Kind::Raised)), written(&message(Kind::Raised)));
    }

    #[test]
    fn addresses_are_read_with_and_without_a_name() {
        for (text, name, address) in [
            ("a@b.example", None, "a@b.example"),
            (" <a@b.example> ", None, "a@b.example"),
            ("Ann B <a@b.example>", Some("Ann B"), "a@b.example"),
            ("\"B, Ann\" <a+x@b.example>", Some("B, Ann"), "a+x@b.example"),
            ("root@localhost", None, "root@localhost"),
        ] {
            let read = mailbox("of a receiver", text).unwrap();
            let email = read.email.to_string();
            assert_eq!((read.name.as_deref(), email.as_str()), (name, address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ann",
            "ann@",
            "@shop.example",
            "a@b.example, c@d.example",
            "a b@c.example",
            "a@b.example\r\nBcc: eve@evil.example",
            "An\r\nn <a@b.example>",
            "ä@b.example",
            "a@bücher.example",
            "<a@b.example",
        ] {
            let error = mailbox("of a receiver", text).unwrap_err();
            assert!(matches!(error, AlertSettingsError::Address { .. }), "{text}");
            assert!(error.to_string().contains("write one address"), "{error}");
        }
        assert!(matches!(
            Correspondents::checked("a@b.example", &[]),
            Err(AlertSettingsError::NoReceiver)
        ));
    }
}
