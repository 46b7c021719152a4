//! Text as PostgreSQL can keep it: without the NUL character, and JSON without escapes that stand for no character.

use std::borrow::Cow;

/// The longest number, and the largest exponent, that are left to the database. Its own bounds are 131072 digits before
/// the point and 16383 after it.
const MOST_DIGITS: usize = 1000;
const MOST_ZEROS: i64 = 1000;

/// What stands where a character can't be kept.
const REPLACEMENT: &str = "\u{fffd}";
const REPLACEMENT_ESCAPE: &str = "\\ufffd";

/// `text` with each NUL character replaced.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', REPLACEMENT))
    } else {
        Cow::Borrowed(text)
    }
}

/// The JSON document `json` with what JSONB refuses replaced: each escaped NUL and each half of a surrogate pair that
/// stands alone by one character, each number too long or too large for the database by its text.
pub(crate) fn storable_json(json: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    let mut at = 0;
    let mut in_string = false;
    while let Some(byte) = json.as_bytes().get(at) {
        let rest = &json[at..];
        let (length, replacement) = match byte {
            b'\\' if in_string => escape(rest),
            b'"' => {
                in_string = !in_string;
                (1, None)
            }
            b'-' | b'0'..=b'9' if !in_string => number(rest),
            _ => (rest.chars().next().map_or(1, char::len_utf8), None),
        };
        if let Some(replacement) = replacement {
            out.push_str(&json[kept..at]);
            out.push_str(&replacement);
            kept = at + length;
        }
        at += length;
    }
    if kept == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(&json[kept..]);
    Cow::Owned(out)
}

/// How long the escape is that `rest` begins with, and what to put in its place.
fn escape(rest: &str) -> (usize, Option<Cow<'static, str>>) {
    let Some(unit) = unit(rest) else {
        // A backslash and the one character that it escapes.
        return (1 + rest[1..].chars().next().map_or(0, char::len_utf8), None);
    };
    match unit {
        0 | 0xDC00..=0xDFFF => (6, Some(REPLACEMENT_ESCAPE.into())),
        0xD800..=0xDBFF if matches!(rest.get(6..).and_then(self::unit), Some(0xDC00..=0xDFFF)) => (12, None),
        0xD800..=0xDBFF => (6, Some(REPLACEMENT_ESCAPE.into())),
        _ => (6, None),
    }
}

/// How long the number is that `rest` begins with, and what to put in its place: its text, where it is out of bounds.
fn number(rest: &str) -> (usize, Option<Cow<'static, str>>) {
    let length = rest
        .find(|letter: char| !matches!(letter, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
        .unwrap_or(rest.len());
    let number = &rest[..length];
    let exponent = number.split_once(['e', 'E']).map_or("0", |(_, exponent)| exponent);
    let in_bounds = length <= MOST_DIGITS && exponent.parse::<i64>().is_ok_and(|size| size.abs() <= MOST_ZEROS);
    (length, (!in_bounds).then(|| Cow::Owned(format!("\"{number}\""))))
}

/// The number of the `\uXXXX` escape that `rest` begins with.
fn unit(rest: &str) -> Option<u16> {
    let digits = rest.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_a_nul_is_kept_to_the_letter() {
        assert_eq!(storable("ö/ 12\n"), "ö/ 12\n");
        assert_eq!(storable("a\0b\0"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn json_loses_only_what_jsonb_refuses() {
        for (json, kept) in [
            (r#"{"a":"b"}"#, r#"{"a":"b"}"#),
            (r#""\u0041\n""#, r#""\u0041\n""#),
            (r#""\u0000""#, r#""\ufffd""#),
            (r#""\\u0000""#, r#""\\u0000""#),
            (r#""\\\u0000x""#, r#""\\\ufffdx""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#"{"n":1e200000,"m":-19.90}"#, r#"{"n":"1e200000","m":-19.90}"#),
            (
                r#"[1E-99999,1.5e+3,"1e99999 \"1e99999"]"#,
                r#"["1E-99999",1.5e+3,"1e99999 \"1e99999"]"#,
            ),
        ] {
            assert_eq!(storable_json(json), kept, "{json}");
        }
    }

    #[test]
    fn what_is_no_json_at_all_passes_without_a_panic() {
        for text in [
            "\\",
            "\\u",
            "\\u12",
            "\\ué000",
            "\\ud83d\\",
            "\\u00é0",
            "-",
            "1e",
            "\"\\",
        ] {
            storable_json(text);
        }
    }
}
