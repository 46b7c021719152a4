//! Text from outside, made fit for a terminal.

use anstream::adapter::strip_str;

use super::times::readable;

/// A note or details, for people: cleaned, its times as people read them.
#[must_use]
pub fn prose(text: &str) -> String {
    readable(&clean(text))
}

/// `text` in one line, without escape sequences and control characters: whatever an answer or a note holds, it can't
/// move the cursor, change colours or write backwards.
#[must_use]
pub fn clean(text: &str) -> String {
    let one_line: String = strip_str(text).to_string().chars().filter_map(one_line_char).collect();
    one_line.trim_end().to_owned()
}

/// The same for text of several lines: line breaks stay, tabs become spaces.
#[must_use]
pub fn clean_block(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(clean).collect();
    lines.join("\n")
}

fn one_line_char(c: char) -> Option<char> {
    match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() => None,
        // These turn the direction of writing, or join what stands apart.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => None,
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_controls_are_taken_out() {
        assert_eq!(clean("\u{1b}[31mred\u{1b}[0m"), "red");
        assert_eq!(clean("\u{1b}]0;title\u{7}x"), "x");
        assert_eq!(clean("a\u{9b}31mb\u{7f}\0"), "a31mb");
        assert_eq!(clean("evil\u{202e}txt"), "eviltxt");
    }

    #[test]
    fn lines_become_one_or_stay() {
        assert_eq!(clean("a\nb\tc"), "a b c");
        assert_eq!(clean_block("a\r\nb\u{1b}[2J\nc"), "a\nb\nc");
    }

    #[test]
    fn letters_of_every_script_pass() {
        assert_eq!(clean("Ünïcode ✓ 注文"), "Ünïcode ✓ 注文");
    }
}
