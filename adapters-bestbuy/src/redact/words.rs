//! Masks what looks like an e-mail address or a phone number in running text.

/// `text` without e-mail addresses and phone numbers.
pub(super) fn masked(text: &str) -> String {
    without_numbers(&without_addresses(text))
}

/// `text` without e-mail addresses.
pub(super) fn without_addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (
            rest.get(..at).unwrap_or_default(),
            rest.get(at + 1..).unwrap_or_default(),
        );
        let kept = before.trim_end_matches(|c: char| c.is_alphanumeric() || "._%+-'".contains(c));
        let host = after.len()
            - after
                .trim_start_matches(|c: char| c.is_alphanumeric() || ".-".contains(c))
                .len();
        if kept.len() == before.len() || host == 0 {
            out.push_str(before);
            out.push('@');
            rest = after;
            continue;
        }
        out.push_str(kept);
        out.push_str("[e-mail]");
        // A full stop at the end belongs to the sentence.
        let host = after.get(..host).unwrap_or_default().trim_end_matches('.').len();
        rest = after.get(host..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// `text` without phone numbers: 7 to 15 digits with `+`, brackets, dots, dashes or spaces among them, or 10 and 11 bare ones,
/// that no letter touches (order ids and product codes mostly have letters at an end).
fn without_numbers(text: &str) -> String {
    let belongs = |c: char| c.is_ascii_digit() || "+()-. \u{a0}".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit() || c == '+' || c == '(') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let run = from.len() - from.trim_start_matches(belongs).len();
        let run = from.get(..run).unwrap_or_default();
        let number = run.trim_end_matches(|c: char| !c.is_ascii_digit());
        if number.is_empty() {
            out.push_str(run);
            rest = from.get(run.len()..).unwrap_or_default();
            continue;
        }
        rest = from.get(number.len()..).unwrap_or_default();
        let touched = out.trim_end_matches('-').ends_with(touches) || rest.trim_start_matches('-').starts_with(touches);
        out.push_str(if !touched && is_phone(number) {
            "[phone]"
        } else {
            number
        });
    }
    out.push_str(rest);
    out
}

fn touches(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_phone(number: &str) -> bool {
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let bare = digits == number.len();
    if bare {
        (10..=11).contains(&digits)
    } else {
        (7..=15).contains(&digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_masked_and_sentences_stay() {
        for (text, expected) in [
            ("write to a.b+c@mail.example.", "write to [e-mail]."),
            ("<x@y.example>,é@ü.example", "<[e-mail]>,[e-mail]"),
            ("5 @ 3", "5 @ 3"),
            ("@home", "@home"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn phone_numbers_are_masked() {
        for text in [
            "+1 604 555 0100",
            "(604) 555-0100",
            "604.555.0100",
            "6045550100",
            "+16045550100",
            "555-0100",
        ] {
            assert_eq!(masked(&format!("call {text}, now")), "call [phone], now", "{text}");
        }
    }

    #[test]
    fn ids_and_small_numbers_stay() {
        for text in [
            "order 12345678-A is gone",
            "MB-2026030112 unknown",
            "HTTP 500 after 30.5 s",
            "line 3, column 14",
            "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "(see above) + more",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
