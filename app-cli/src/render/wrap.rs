//! Lines broken between words, so that a terminal need not break them within one.

use anstream::adapter::strip_str;

use crate::streams::Sink;

/// How far what goes on stands behind the beginning of its line.
const FURTHER: usize = 2;

/// `text` behind `prefix`, and what does not fit beside it in lines of their own under it; one line where `sink` is no terminal.
#[must_use]
pub fn hung(prefix: &str, text: &str, sink: &Sink) -> String {
    let before = plain_width(prefix);
    let room = match sink.width().map(usize::from) {
        Some(width) if before + plain_width(text) > width => width.saturating_sub(before).max(1),
        _ => return format!("{prefix}{text}"),
    };
    format!(
        "{prefix}{}",
        wrap(text, room).join(&format!("\n{}", " ".repeat(before)))
    )
}

/// A fact of a page: its name, and what is known.
pub(super) fn fact(name: &str, text: &str, sink: &Sink) -> String {
    hung(&format!("  {name:<9} "), text, sink)
}

/// Each line of `text` that is too long for `sink` broken, and set in a little further where it goes on.
#[must_use]
pub fn fitted(text: &str, sink: &Sink) -> String {
    let fitted = text.split('\n').map(|line| {
        let rest = line.trim_start_matches(' ');
        let before = line.len() - rest.len();
        match sink.width().map(usize::from) {
            Some(width) if plain_width(line) > width => {
                let room = width.saturating_sub(before + FURTHER).max(1);
                let mut lines = wrap_from(rest, room + FURTHER, room).into_iter();
                let first = lines.next().unwrap_or_default();
                let others = lines.map(|line| format!("\n{}{line}", " ".repeat(before + FURTHER)));
                format!("{}{first}{}", " ".repeat(before), others.collect::<String>())
            }
            _ => line.to_owned(),
        }
    });
    fitted.collect::<Vec<_>>().join("\n")
}

/// How many columns a text takes, without its colours.
pub(super) fn plain_width(text: &str) -> usize {
    strip_str(text).to_string().chars().count()
}

/// Breaks a text between words into lines of at most `width`; a longer word is a line of its own, and a line break stays one.
/// Colours go on over the break.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    text.split('\n')
        .flat_map(|line| wrap_from(line, width, width))
        .collect()
}

/// The same for one line, with another width for its first.
fn wrap_from(text: &str, first: usize, others: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut taken, mut width) = (String::new(), 0, first);
    for word in pieces(text) {
        let size = plain_width(&word);
        if taken > 0 && taken + 1 + size > width {
            lines.push(std::mem::take(&mut line));
            (taken, width) = (0, others);
        }
        if taken > 0 {
            line.push(' ');
            taken += 1;
        }
        line.push_str(&word);
        taken += size;
    }
    if taken > 0 {
        lines.push(line);
    }
    lines
}

/// The words of a line; a date and its time, and a number and its unit, are one.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match pieces.last_mut() {
            Some(before) if belong_together(before, word) => {
                before.push(' ');
                before.push_str(word);
            }
            _ => pieces.push(word.to_owned()),
        }
    }
    pieces
}

fn belong_together(before: &str, word: &str) -> bool {
    let is_unit = matches!(word.trim_end_matches(['.', ',', ';', ':', ')']), "UTC" | "h" | "ms");
    let is_time = word.len() >= "10:00:05".len() && word.get(2..3) == Some(":");
    before.ends_with(|c: char| c.is_ascii_digit()) && (is_unit || is_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_not_broken() {
        assert_eq!(
            wrap("due at 2026-02-03 10:00:05 UTC, after 6 h: late", 20),
            ["due at", "2026-02-03 10:00:05 UTC,", "after 6 h: late"]
        );
    }

    #[test]
    fn words_are_wrapped_and_long_ones_left_whole() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("a incomprehensibilities b", 5),
            ["a", "incomprehensibilities", "b"]
        );
        assert_eq!(wrap("", 5), Vec::<String>::new());
    }

    #[test]
    fn a_line_break_stays_one() {
        assert_eq!(wrap("one two\nthree", 20), ["one two", "three"]);
        assert_eq!(wrap("one\n\ntwo", 20), ["one", "two"]);
    }

    #[test]
    fn what_goes_on_hangs_under_its_beginning() {
        let sink = Sink::to(std::io::sink()).of_width(20);
        assert_eq!(
            hung("  to do  ", "one two three four", &sink),
            "  to do  one two\n         three four"
        );
        assert_eq!(hung("  to do  ", "one two", &sink), "  to do  one two");
        assert_eq!(
            fitted("  → one two three four five\nsix", &sink),
            "  → one two three\n    four five\nsix"
        );
        assert_eq!(fitted("one  two  three  four", &sink), "one two three four");
    }

    #[test]
    fn where_there_is_no_terminal_a_line_is_as_long_as_it_is() {
        let sink = Sink::to(std::io::sink());
        let long = "word ".repeat(60);
        assert_eq!(hung("  ", &long, &sink), format!("  {long}"));
        assert_eq!(fitted(&long, &sink), long);
    }
}
