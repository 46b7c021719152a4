//! A message in words, for people.

use ackord::Timestamp;
use ackord::alerts::{Kind, Message};

/// The longest subject, in characters.
const LONGEST_SUBJECT: usize = 150;

/// The subject of a mail: how much it matters and what it is about, or that it is over, or a test.
pub(crate) fn subject(message: &Message) -> String {
    let what = match message.kind {
        Kind::Raised | Kind::Worse | Kind::Reminder => message.severity.as_str(),
        Kind::Cleared | Kind::Test => word(message.kind),
    };
    cut(
        &one_line(&format!("[ackord] {what}: {}", message.title)),
        LONGEST_SUBJECT,
    )
}

/// The whole message: what it is about, the facts, since when, which shop, and what to do.
pub(crate) fn body(message: &Message) -> String {
    let mut paragraphs = vec![format!("{}: {}", label(message), one_line(&message.title))];
    if !message.lines.is_empty() {
        paragraphs.push(joined(message.lines.iter().map(|line| one_line(line))));
    }
    let remedy = one_line(&message.remedy);
    let around = [
        Some(when(message)),
        Some(format!("shop: {}", one_line(&message.shop))),
        (!remedy.is_empty()).then(|| format!("what to do: {remedy}")),
    ];
    paragraphs.push(joined(around.into_iter().flatten()));
    paragraphs.join("\n\n")
}

/// `text` on one line: line ends, control characters and runs of white space become single spaces.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The first `limit` characters of `text`, marked where more followed.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit).chain(['…']).collect()
}

/// Why people are told, and how much it matters while it does.
fn label(message: &Message) -> String {
    let word = word(message.kind);
    match message.kind {
        Kind::Raised | Kind::Worse | Kind::Reminder => format!("{word}, {}", message.severity),
        Kind::Cleared | Kind::Test => word.to_owned(),
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Raised => "new",
        Kind::Worse => "worse",
        Kind::Reminder => "reminder",
        Kind::Cleared => "over",
        Kind::Test => "test",
    }
}

fn when(message: &Message) -> String {
    let (since, at) = (minute(message.since), minute(message.at));
    match message.kind {
        Kind::Cleared => format!("from {since} until {at}"),
        _ if since == at => format!("since {since}"),
        _ => format!("since {since}, as of {at}"),
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
pub(crate) mod tests {
    use ackord::alerts::Severity;

    use super::*;

    /// A message with all there can be in one.
    pub(crate) fn message(kind: Kind) -> Message {
        Message {
            kind,
            key: "inbox:refused".to_owned(),
            severity: Severity::Urgent,
            shop: "https://marketplace.example".to_owned(),
            title: "2 orders: the marketplace refused the acceptance".to_owned(),
            lines: vec!["MB-1-A".to_owned(), "MB-2-A".to_owned()],
            remedy: "ackord failures list --open".to_owned(),
            count: 2,
            since: "2026-11-23T08:00:00Z".parse().unwrap(),
            at: "2026-11-23T10:05:59Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_new_alert_reads_so() {
        let expected = "new, urgent: 2 orders: the marketplace refused the acceptance\n\
                        \n\
                        MB-1-A\n\
                        MB-2-A\n\
                        \n\
                        since 2026-11-23 08:00 UTC, as of 2026-11-23 10:05 UTC\n\
                        shop: https://marketplace.example\n\
                        what to do: ackord failures list --open";
        assert_eq!(body(&message(Kind::Raised)), expected);
    }

    #[test]
    fn an_all_clear_reads_so() {
        let over = Message {
            lines: Vec::new(),
            remedy: String::new(),
            ..message(Kind::Cleared)
        };
        let expected = "over: 2 orders: the marketplace refused the acceptance\n\
                        \n\
                        from 2026-11-23 08:00 UTC until 2026-11-23 10:05 UTC\n\
                        shop: https://marketplace.example";
        assert_eq!(body(&over), expected);
    }

    #[test]
    fn each_kind_says_why_it_is_sent() {
        for (kind, start, subject_start) in [
            (Kind::Raised, "new, urgent: 2 orders", "[ackord] urgent: 2 orders"),
            (Kind::Worse, "worse, urgent: 2 orders", "[ackord] urgent: 2 orders"),
            (
                Kind::Reminder,
                "reminder, urgent: 2 orders",
                "[ackord] urgent: 2 orders",
            ),
            (Kind::Cleared, "over: 2 orders", "[ackord] over: 2 orders"),
            (Kind::Test, "test: 2 orders", "[ackord] test: 2 orders"),
        ] {
            assert!(body(&message(kind)).starts_with(start), "{kind:?}");
            assert!(subject(&message(kind)).starts_with(subject_start), "{kind:?}");
        }
    }

    #[test]
    fn what_began_in_the_same_minute_says_the_time_once() {
        let new = Message {
            at: "2026-11-23T08:00:30Z".parse().unwrap(),
            ..message(Kind::Raised)
        };
        assert!(body(&new).contains("\nsince 2026-11-23 08:00 UTC\n"));
    }

    #[test]
    fn each_fact_keeps_to_its_line_and_the_subject_to_one() {
        let odd = Message {
            title: "a\r\nBcc: x@example.org\u{0}\t b".to_owned(),
            lines: vec!["c\nd".to_owned()],
            remedy: "e\n\nf".to_owned(),
            ..message(Kind::Raised)
        };
        assert_eq!(subject(&odd), "[ackord] urgent: a Bcc: x@example.org b");
        let body = body(&odd);
        assert!(
            body.contains("\n\nc d\n\n") && body.ends_with("what to do: e f"),
            "{body}"
        );
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöü", 2), "äö…");
        let long = Message {
            title: "ä".repeat(1000),
            ..message(Kind::Raised)
        };
        assert_eq!(subject(&long).chars().count(), LONGEST_SUBJECT + 1);
    }
}
