//! Redacts JSON text in one pass, without taking it apart: what stays, stays to the letter.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{names, words};

/// What stands in place of a personal value.
const REDACTED: &str = "\"[redacted]\"";

/// What to do with fields called `message`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Messages {
    /// They are somebody's words: gone.
    Hide,
    /// They are the marketplace's words on a failure: kept, with addresses and numbers masked.
    Mask,
}

/// `text`, which is JSON or the sound beginning of it, without the values of personal fields.
pub(super) fn redacted(text: &str, messages: Messages) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // A page names the same fields for each of its orders.
    let mut known: HashMap<&str, bool> = HashMap::new();
    while let Some(quote) = find(text, at, |byte| byte == b'"') {
        out.push_str(part(text, at, quote));
        let Some(end) = string_end(text, quote) else {
            // A string that breaks off: nobody knows whether it was a name or a value.
            return out;
        };
        let string = part(text, quote, end);
        let colon = after_space(text, end);
        if text.as_bytes().get(colon) != Some(&b':') {
            out.push_str(&kept_string(string));
            at = end;
            continue;
        }
        let value = after_space(text, colon + 1);
        out.push_str(part(text, quote, value));
        at = value;
        if *known
            .entry(string)
            .or_insert_with(|| names::is_personal(&name_of(string), messages))
        {
            at = value_end(text, value);
            let bare = matches!(part(text, value, at), "null" | "true" | "false" | "{}" | "[]" | "\"\"");
            out.push_str(if bare { part(text, value, at) } else { REDACTED });
        }
    }
    out.push_str(part(text, at, text.len()));
    out
}

/// A string value that stays, as long as it holds no address. Characters that no store keeps go.
fn kept_string(string: &str) -> Cow<'_, str> {
    let masks = string.contains('@') || string.contains("\\u0040");
    if !masks && !string.contains("\\u0000") {
        return Cow::Borrowed(string);
    }
    match serde_json::from_str::<String>(string) {
        Ok(plain) => {
            let masked = words::without_addresses(&plain).replace('\0', "\u{fffd}");
            serde_json::to_string(&masked).map_or(Cow::Borrowed(REDACTED), Cow::Owned)
        }
        Err(_) => Cow::Borrowed(REDACTED),
    }
}

fn name_of(string: &str) -> Cow<'_, str> {
    if string.contains('\\') {
        // A name that can't be read is not trusted: it counts as a customer's.
        return serde_json::from_str::<String>(string).map_or(Cow::Borrowed("customer"), Cow::Owned);
    }
    Cow::Borrowed(string.trim_matches('"'))
}

/// The end of the value that begins at `at`; the end of the text where it breaks off.
fn value_end(text: &str, at: usize) -> usize {
    let rest = text.len();
    match text.as_bytes().get(at) {
        Some(b'"') => string_end(text, at).unwrap_or(rest),
        Some(b'{' | b'[') => bracket_end(text, at).unwrap_or(rest),
        _ => find(text, at, |byte| {
            matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace()
        })
        .unwrap_or(rest),
    }
}

fn bracket_end(text: &str, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = at;
    loop {
        at = find(text, at, |byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))?;
        match text.as_bytes().get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            _ => depth = depth.saturating_sub(1),
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The place after the closing quote of the string that opens at `quote`.
fn string_end(text: &str, quote: usize) -> Option<usize> {
    let mut at = quote + 1;
    loop {
        at = find(text, at, |byte| matches!(byte, b'"' | b'\\'))?;
        if text.as_bytes().get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn after_space(text: &str, at: usize) -> usize {
    find(text, at, |byte| !byte.is_ascii_whitespace()).unwrap_or(text.len())
}

fn find(text: &str, from: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let found = text.as_bytes().get(from..)?.iter().position(|byte| wanted(*byte))?;
    Some(from + found)
}

/// The text between two places, which are always next to an ASCII character.
fn part(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(text: &str) -> String {
        redacted(text, Messages::Hide)
    }

    #[test]
    fn the_values_of_personal_fields_go_and_the_rest_stays() {
        assert_eq!(
            hide(r#"{ "a" : [1.10, "x"], "city": "Y", "customer":{"a":[{"b":"}"}]},"z":-0.0e1}"#),
            r#"{ "a" : [1.10, "x"], "city": "[redacted]", "customer":"[redacted]","z":-0.0e1}"#
        );
    }

    #[test]
    fn values_of_every_kind_go() {
        for value in [r#""a\"b""#, "12", "[1,[2]]", r#"{"a":"{"}"#, "1.5e3"] {
            assert_eq!(
                hide(&format!(r#"{{"phone":{value},"x":1}}"#)),
                r#"{"phone":"[redacted]","x":1}"#
            );
        }
        assert_eq!(
            hide(r#"{"customer":null,"phone":"","x":1}"#),
            r#"{"customer":null,"phone":"","x":1}"#
        );
    }

    #[test]
    fn names_are_read_through_their_escapes() {
        assert_eq!(hide(r#"{"c\u0069ty":"Y"}"#), r#"{"c\u0069ty":"[redacted]"}"#);
        assert_eq!(hide(r#"{"\ud800":"Y"}"#), r#"{"\ud800":"[redacted]"}"#);
    }

    #[test]
    fn addresses_in_kept_strings_are_masked() {
        assert_eq!(hide(r#"{"label":"to a@b.example"}"#), r#"{"label":"to [e-mail]"}"#);
        assert_eq!(
            hide(r#"{"label":"to a\u0040b.example\n"}"#),
            r#"{"label":"to [e-mail]\n"}"#
        );
    }

    #[test]
    fn strings_that_look_like_fields_are_none() {
        assert_eq!(hide(r#"["city", "x"]"#), r#"["city", "x"]"#);
        assert_eq!(hide(r#"{"a":"city: \"Y\""}"#), r#"{"a":"city: \"Y\""}"#);
    }
}
