//! Alerts: what people are told without asking.
//!
//! Nothing here listens for events. What is wrong is read from the store: its [`StoreStanding`](crate::ports::StoreStanding), and how its runs
//! fared. [`conditions`] says what that comes to, [`changes`] compares it with the alerts on record and says what is new, what is told
//! again and what is over, and the store writes that together with the messages that go out. So a process that ends anywhere
//! loses none and tells nothing twice: whoever comes next reads the same.
//!
//! [`Watch`] does it, round by round, and delivers what is due.

mod account;
mod changes;
mod conditions;
mod health;
mod post;
mod rules;
mod watch;
mod words;

use std::fmt;

use serde_json::{Value, json};

use crate::time::Timestamp;

pub use changes::changes;
pub use conditions::{Condition, Facts, conditions};
pub use health::{RunNote, Trouble};
pub use rules::AlertRules;
pub use watch::{AlertRecord, Round, Watch};

/// How much an alert matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// For the working day.
    Warning,
    /// For today.
    Urgent,
    /// At once: the account is at stake.
    Critical,
}

const SEVERITIES: [(Severity, &str); 3] = [
    (Severity::Warning, "warning"),
    (Severity::Urgent, "urgent"),
    (Severity::Critical, "critical"),
];

impl Severity {
    /// As it is stored and sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        SEVERITIES
            .iter()
            .find(|(severity, _)| *severity == self)
            .map_or("", |(_, name)| name)
    }

    /// Reads what [`Severity::as_str`] wrote; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        SEVERITIES
            .into_iter()
            .find(|(_, name)| *name == text)
            .map(|(severity, _)| severity)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It is new.
    Raised,
    /// It has become worse, or is about more.
    Worse,
    /// It still is so.
    Reminder,
    /// It is over.
    Cleared,
    /// Nothing is wrong: somebody tries the channels.
    Test,
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Raised, "raised"),
    (Kind::Worse, "worse"),
    (Kind::Reminder, "reminder"),
    (Kind::Cleared, "cleared"),
    (Kind::Test, "test"),
];

impl Kind {
    /// As it is stored and sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        KINDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }

    /// Reads what [`Kind::as_str`] wrote; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        KINDS.into_iter().find(|(_, name)| *name == text).map(|(kind, _)| kind)
    }
}

/// What people are told. It holds no personal data: ids of orders, counts, times, and our own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Why.
    pub kind: Kind,
    /// What it is about: the same for all messages of an alert.
    pub key: String,
    /// How much it matters.
    pub severity: Severity,
    /// Which shop, in the operator's words.
    pub shop: String,
    /// In one line.
    pub title: String,
    /// More, a fact a line.
    pub lines: Vec<String>,
    /// What to do, mostly a command; empty where there is nothing.
    pub remedy: String,
    /// How many it is about.
    pub count: u64,
    /// Since when it is so.
    pub since: Timestamp,
    /// When this was written.
    pub at: Timestamp,
}

impl Message {
    /// As it is stored, and sent to programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "kind": self.kind.as_str(),
            "key": self.key,
            "severity": self.severity.as_str(),
            "shop": self.shop,
            "title": self.title,
            "lines": self.lines,
            "remedy": self.remedy,
            "count": self.count,
            "since": self.since.to_string(),
            "at": self.at.to_string(),
        })
    }

    /// Reads what [`Message::to_json`] made; `None` for anything else.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str();
        let lines = value.get("lines")?.as_array()?;
        Some(Self {
            kind: Kind::parse(text("kind")?)?,
            key: text("key")?.to_owned(),
            severity: Severity::parse(text("severity")?)?,
            shop: text("shop")?.to_owned(),
            title: text("title")?.to_owned(),
            lines: lines
                .iter()
                .map(|line| line.as_str().map(str::to_owned))
                .collect::<Option<_>>()?,
            remedy: text("remedy")?.to_owned(),
            count: value.get("count")?.as_u64()?,
            since: text("since")?.parse().ok()?,
            at: text("at")?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_as_it_was_written() {
        let message = Message {
            kind: Kind::Worse,
            key: "inbox:refused".to_owned(),
            severity: Severity::Critical,
            shop: "https://marketplace.example".to_owned(),
            title: "2 orders wait \"for\" a person".to_owned(),
            lines: vec!["a".to_owned(), "b\n".to_owned()],
            remedy: "ackord failures list".to_owned(),
            count: 2,
            since: "2026-11-23T08:00:00.000001Z".parse().unwrap(),
            at: "2026-11-23T09:00:00Z".parse().unwrap(),
        };
        let text = message.to_json().to_string();
        let read = Message::from_json(&serde_json::from_str(&text).unwrap());
        assert_eq!(read, Some(message));
        assert_eq!(Message::from_json(&json!({ "kind": "raised" })), None);
    }

    #[test]
    fn words_read_back_as_themselves() {
        for (severity, _) in SEVERITIES {
            assert_eq!(Severity::parse(severity.as_str()), Some(severity));
        }
        for (kind, _) in KINDS {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert!(Severity::Warning < Severity::Critical);
    }
}
