//! Takes customers' personal fields and the API key out of whatever is logged.
//!
//! JSON loses the values of personal fields by name, at any depth ([`names`]); everything else in it stays to the letter,
//! amounts included. What is not JSON is cut short and loses what looks like an e-mail address or a phone number.

mod json;
mod names;
mod words;

use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;
use serde_json::Value;

pub(crate) use json::Messages;

/// How much of a text that is not JSON is kept, in characters.
const KEPT_CHARS: usize = 2000;
/// How much of a message is kept in errors and details.
const KEPT_MESSAGE_CHARS: usize = 300;

/// Redacts for one API key.
#[derive(Debug, Clone)]
pub(crate) struct Redactor {
    key: SecretString,
}

impl Redactor {
    pub(crate) fn new(key: SecretString) -> Self {
        Self { key }
    }

    /// The body of an answer as it may be logged.
    ///
    /// Of JSON that breaks off or breaks its own grammar only the sound beginning is kept: past the break nobody can tell
    /// a name from a value.
    pub(crate) fn body(&self, text: &str, messages: Messages) -> String {
        let trimmed = text.trim_start_matches('\u{feff}').trim();
        if !trimmed.starts_with(['{', '[', '"']) {
            return words::masked(&cut(&self.without_key(trimmed.to_owned()), KEPT_CHARS));
        }
        let redacted = match serde_json::from_str::<IgnoredAny>(trimmed) {
            Ok(_) => json::redacted(trimmed, messages),
            Err(error) => {
                let sound = byte_of(trimmed, error.line(), error.column());
                let mut kept = json::redacted(trimmed.get(..sound).unwrap_or_default(), messages);
                kept.push_str(" [cut: not JSON from here]");
                kept
            }
        };
        self.without_key(redacted)
    }

    /// An order's JSON as it may stand in the inbox.
    pub(crate) fn order(&self, raw: &str) -> Value {
        let redacted = self.body(raw, Messages::Hide);
        // A number past every range, or a depth past every sense: then the text itself.
        serde_json::from_str(&redacted).unwrap_or(Value::String(redacted))
    }

    /// A message of the marketplace or of the network in one line, for errors and details.
    pub(crate) fn message(&self, text: &str) -> String {
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        words::masked(&cut(&self.without_key(line), KEPT_MESSAGE_CHARS))
    }

    fn without_key(&self, text: String) -> String {
        let key = self.key.expose_secret();
        // No store keeps a NUL in a text.
        let text = if text.contains('\0') {
            text.replace('\0', "\u{fffd}")
        } else {
            text
        };
        if text.contains(key) {
            text.replace(key, "[key]")
        } else {
            text
        }
    }
}

/// `text` cut to `chars` characters, with a mark where something is gone.
fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{} [cut]", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The byte before line `line`, column `column` (both from 1) of `text`: where a parser stopped, so that all before it is sound.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut at = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = include_str!("../fixtures/canary_order.json");

    fn redactor() -> Redactor {
        Redactor::new("k-0123456789".into())
    }

    #[test]
    fn mistake_14_nothing_personal_survives() {
        let logged = redactor().body(CANARY, Messages::Hide);
        assert!(!logged.to_lowercase().contains("canary"), "{logged}");
        assert!(!logged.contains("555"), "{logged}");
        let value: Value = serde_json::from_str(&logged).unwrap();
        assert_eq!(redactor().order(CANARY), value);
    }

    #[test]
    fn ids_states_amounts_and_dates_survive_to_the_letter() {
        let logged = redactor().body(CANARY, Messages::Hide);
        for kept in [
            r#""order_id": "MB-4711-A""#,
            r#""order_state": "WAITING_ACCEPTANCE""#,
            r#""order_line_id": "MB-4711-A-1""#,
            r#""total_price": 1234567890123456789.10"#,
            r#""created_date": "2026-03-01T12:00:00Z""#,
            r#""customer_debited_date": null"#,
            r#""shipping_company": "Parcels Inc""#,
            r#""commercial_id": "MB-4711""#,
        ] {
            assert!(logged.contains(kept), "{kept} in {logged}");
        }
    }

    #[test]
    fn mistake_14_the_key_is_taken_out_wherever_it_is_echoed() {
        for text in [
            r#"{"message":"no such key k-0123456789"}"#,
            "<html>k-0123456789</html>",
            "\"k-0123456789\"",
        ] {
            assert!(!redactor().body(text, Messages::Mask).contains("k-0123456789"));
            assert!(!redactor().message(text).contains("k-0123456789"));
        }
    }

    #[test]
    fn json_that_breaks_is_kept_up_to_the_break() {
        let whole = r#"{"order_id":"A","customer":{"firstname":"Canary"},"x":1}"#;
        for end in 0..whole.len() {
            let logged = redactor().body(&whole[..end], Messages::Hide);
            assert!(!logged.contains("Can"), "{logged}");
        }
        let broken = "{\"order_id\":\"A\",\n \"customer: {\"firstname\":\"Canary\"}, \"lastname\":\"Canary\"}";
        let logged = redactor().body(broken, Messages::Hide);
        assert!(logged.contains("\"A\"") && !logged.contains("Canary"), "{logged}");
    }

    #[test]
    fn what_is_not_json_is_cut_and_masked() {
        let page = format!(
            "<html>Dear canary@mail.example, call +1 604 555 0100.\0{}</html>",
            "x".repeat(9000)
        );
        let logged = redactor().body(&page, Messages::Mask);
        assert!(logged.starts_with("<html>Dear [e-mail], call [phone]."), "{logged}");
        assert!(logged.len() < 2100 && logged.ends_with("[cut]") && !logged.contains('\0'));
    }

    #[test]
    fn an_order_past_what_a_value_holds_is_kept_as_text() {
        let deep = format!(
            "{{\"customer\":\"Canary\",\"a\":{}{}}}",
            "[".repeat(400),
            "]".repeat(400)
        );
        assert!(
            redactor()
                .order(&deep)
                .as_str()
                .is_some_and(|text| !text.contains("Canary"))
        );
    }
}
