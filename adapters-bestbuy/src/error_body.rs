//! Reads the body of a failed answer, leniently: its form is undocumented.
//!
//! Seen: the older `{"status":400,"message":"…"}`, the newer `{"code":"…","message":"…","errors":[{"code","field","message"}]}`,
//! nothing at all, and HTML from a proxy.

use serde_json::Value;

use crate::classify::Code;

const INVALID_STATE: &str = "ORDER_INVALID_STATE";

/// OR21's published codes; looked for as words where a body names none in its place (the older form has no field for it).
const KNOWN_CODES: [&str; 9] = [
    INVALID_STATE,
    "ORDER_NOT_FOUND",
    "ORDER_FULFILLED_UNAUTHORIZED",
    "ORDER_PARTIAL_ACCEPTANCE_DISABLED",
    "ORDER_LINE_ACCEPTANCE_DECISION_MISSING",
    "ORDER_LINE_DUPLICATE_ID",
    "ORDER_LINE_NOT_FOUND",
    "ORDER_LINE_NULL_ELEMENT",
    "VALIDATION_ERROR",
];

/// What could be read of a failed answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ErrorBody {
    codes: Vec<String>,
    message: Option<String>,
    field: Option<String>,
}

impl ErrorBody {
    /// Reads `text`, whatever it is.
    pub(crate) fn read(text: &str) -> Self {
        let mut read = Self::default();
        if let Ok(Value::Object(body)) = serde_json::from_str(text) {
            let word = |value: Option<&Value>| match value {
                Some(Value::String(word)) if !word.trim().is_empty() => Some(word.trim().to_owned()),
                _ => None,
            };
            read.codes
                .extend(word(body.get("code")).or_else(|| word(body.get("error"))));
            read.message = word(body.get("message")).or_else(|| word(body.get("error_description")));
            for error in body.get("errors").and_then(Value::as_array).into_iter().flatten() {
                read.codes.extend(word(error.get("code")));
                read.field = read.field.take().or_else(|| word(error.get("field")));
                read.message = read.message.take().or_else(|| word(error.get("message")));
            }
        }
        if read.codes.is_empty() {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let known = words.filter_map(|word| KNOWN_CODES.into_iter().find(|code| *code == word));
            read.codes.extend(known.take(1).map(str::to_owned));
        }
        read
    }

    /// The code, as far as a class depends on it.
    pub(crate) fn code(&self) -> Code {
        if self.codes.iter().any(|code| code == INVALID_STATE) {
            Code::InvalidState
        } else if self.codes.iter().any(|code| code.starts_with("ORDER_")) {
            Code::OfTheOrder
        } else if self.codes.is_empty() {
            Code::None
        } else {
            Code::Other
        }
    }

    /// Code, field and message in words; empty where the body says none of them. Not yet redacted.
    pub(crate) fn words(&self) -> String {
        let mut words = self.codes.join(", ");
        if let Some(field) = &self.field {
            words.push_str(&format!(" (field `{field}`)"));
        }
        if let Some(message) = &self.message {
            if !words.is_empty() {
                words.push_str(": ");
            }
            words.push_str(message);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        ErrorBody::read(text).code()
    }

    #[test]
    fn the_code_is_found_in_every_form() {
        for text in [
            r#"{"code":"ORDER_INVALID_STATE","message":"no"}"#,
            r#"{"code":"VALIDATION_ERROR","errors":[{"code":"ORDER_INVALID_STATE","field":"x","message":"no"}]}"#,
            r#"{"errors":[null,{},{"code":"ORDER_INVALID_STATE"}]}"#,
            r#"{"status":400,"message":"Bad request: ORDER_INVALID_STATE."}"#,
            r#"{"code":null,"message":"ORDER_INVALID_STATE"}"#,
            r#""ORDER_INVALID_STATE""#,
            "<html><p>ORDER_INVALID_STATE</p></html>",
        ] {
            assert_eq!(code(text), Code::InvalidState, "{text}");
        }
    }

    #[test]
    fn other_codes_and_other_words_are_not_taken_for_it() {
        assert_eq!(code(r#"{"code":"ORDER_NOT_FOUND"}"#), Code::OfTheOrder);
        assert_eq!(code(r#"{"code":"VALIDATION_ERROR","message":"bad"}"#), Code::Other);
        for text in [
            "",
            "<html>",
            "[]",
            "{}",
            "null",
            r#"{"code":7}"#,
            "MY_ORDER_INVALID_STATE_X",
        ] {
            assert_eq!(code(text), Code::None, "{text}");
        }
    }

    #[test]
    fn words_hold_what_the_body_says() {
        let newer = r#"{"code":"VALIDATION_ERROR","message":"wrong","errors":[{"code":"NOT_NULL","field":"id"}]}"#;
        assert_eq!(
            ErrorBody::read(newer).words(),
            "VALIDATION_ERROR, NOT_NULL (field `id`): wrong"
        );
        assert_eq!(
            ErrorBody::read(r#"{"status":404,"message":"Not Found"}"#).words(),
            "Not Found"
        );
        assert_eq!(ErrorBody::read("<html>").words(), "");
    }
}
