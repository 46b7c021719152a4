//! Text as PostgreSQL can keep it: without the NUL character, and JSON without escapes that stand for no character.

use std::borrow::Cow;

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

/// The JSON document `json` with each escaped NUL and each half of a surrogate pair that stands alone replaced: JSONB
/// takes neither.
pub(crate) fn storable_json(json: &str) -> Cow<'_, str> {
    if !json.contains("\\u") {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (kept, length) = escape(rest);
        out.push_str(kept);
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The escape at the start of `rest` as it can be kept, and how many bytes of `rest` it is.
fn escape(rest: &str) -> (&str, usize) {
    let Some(unit) = unit(rest) else {
        // A backslash and the one character that it escapes.
        let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
        return (&rest[..length], length);
    };
    match unit {
        0 | 0xDC00..=0xDFFF => (REPLACEMENT_ESCAPE, 6),
        0xD800..=0xDBFF if matches!(rest.get(6..).and_then(self::unit), Some(0xDC00..=0xDFFF)) => (&rest[..12], 12),
        0xD800..=0xDBFF => (REPLACEMENT_ESCAPE, 6),
        _ => (&rest[..6], 6),
    }
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
        ] {
            assert_eq!(storable_json(json), kept, "{json}");
        }
    }

    #[test]
    fn what_is_no_json_at_all_passes_without_a_panic() {
        for text in ["\\", "\\u", "\\u12", "\\ué000", "\\ud83d\\", "\\u00é0"] {
            storable_json(text);
        }
    }
}
