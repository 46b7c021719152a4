//! Comma-separated values by RFC 4180, fit to be opened in a spreadsheet.

use ackord::ports::Entry;
use ackord::{OrderId, Timestamp};

/// What begins a cell that a spreadsheet would take for a formula.
const BEGINS_FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// The columns of an entry of a timeline.
pub const ENTRY: [&str; 12] = [
    "order_id",
    "placed_at",
    "version",
    "status",
    "notes",
    "timestamp",
    "source",
    "actor",
    "attempt",
    "retry_at",
    "send_call_id",
    "look_call_id",
];

/// A record: its cells, and the end of the line.
#[must_use]
pub fn line<C: AsRef<str>>(cells: impl IntoIterator<Item = C>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|text| cell(text.as_ref())).collect();
    cells.join(",") + "\r\n"
}

/// An entry of a timeline, by [`ENTRY`]; what is not there is an empty cell.
#[must_use]
pub fn entry(order_id: &OrderId, placed_at: Timestamp, entry: &Entry) -> String {
    let call = |id: Option<ackord::call::CallId>| id.map(|id| id.to_string()).unwrap_or_default();
    line([
        order_id.to_string(),
        placed_at.to_string(),
        entry.version.to_string(),
        entry.status.to_string(),
        entry.note.clone().unwrap_or_default(),
        entry.at.to_string(),
        entry.source.clone(),
        entry.actor.clone().unwrap_or_default(),
        entry.attempt.map(|attempt| attempt.to_string()).unwrap_or_default(),
        entry.retry_at.map(|at| at.to_string()).unwrap_or_default(),
        call(entry.send),
        call(entry.look),
    ])
}

/// A text as a cell. Control characters are left out, as there is no way to write them; tabs and line breaks stay. An apostrophe
/// goes before what a spreadsheet would work out.
fn cell(text: &str) -> String {
    let is_kept = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let mut kept: String = text.chars().filter(is_kept).collect();
    if kept.starts_with(BEGINS_FORMULA) {
        kept.insert(0, '\'');
    }
    if kept.contains(['"', ',', '\r', '\n']) {
        return format!("\"{}\"", kept.replace('"', "\"\""));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        assert_eq!(line(["a", "", "b c"]), "a,,b c\r\n");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("say \"so\""), "\"say \"\"so\"\"\"");
        assert_eq!(cell("two\r\nlines"), "\"two\r\nlines\"");
        assert_eq!(cell("ünï ✓ 注文"), "ünï ✓ 注文");
    }

    #[test]
    fn what_a_spreadsheet_would_work_out_begins_with_an_apostrophe() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("+1"), "'+1");
        assert_eq!(cell("-1"), "'-1");
        assert_eq!(cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(cell("\t=1"), "'\t=1");
        assert_eq!(cell("\r=1"), "\"'\r=1\"");
        assert_eq!(
            cell("=HYPERLINK(\"http://a\",\"b\")"),
            "\"'=HYPERLINK(\"\"http://a\"\",\"\"b\"\")\""
        );
        assert_eq!(cell("a=1"), "a=1");
    }

    #[test]
    fn a_control_character_hides_no_formula() {
        assert_eq!(cell("\u{0}\u{1b}=1"), "'=1");
        assert_eq!(cell("a\u{1b}[31mb\u{9b}c\u{7f}"), "a[31mbc");
    }
}
