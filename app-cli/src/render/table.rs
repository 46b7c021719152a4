//! Tables without lines: columns held apart by space, numbers to the right, the last column wrapped on a terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::style;
use super::wrap::{plain_width, wrap};
use crate::streams::Sink;

/// What holds two columns apart.
const GAP: usize = 2;

/// The least room that the last column is given beside the others, where it needs so much.
const ROOM: usize = 36;

/// What stands between the lines of a last column where a row is one line.
const IN_ONE_LINE: &str = "; ";

/// Rows under a heading.
#[derive(Debug)]
pub struct Listing {
    headings: Vec<&'static str>,
    numbers: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Listing {
    /// An empty one with these columns.
    #[must_use]
    pub fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            numbers: &[],
            rows: Vec::new(),
        }
    }

    /// The same with the columns under these headings to the right: numbers, which are compared from their ends.
    #[must_use]
    pub fn numbers(mut self, headings: &'static [&'static str]) -> Self {
        self.numbers = headings;
        self
    }

    /// Adds a row; its last cell may have several lines.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The text, as wide as `sink` is; one line a row where that is no terminal.
    #[must_use]
    pub fn render(&self, sink: &Sink) -> String {
        let widths = self.widths();
        let before_last: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
        let needed = widths.last().copied().unwrap_or(0).min(ROOM);
        match sink.width().map(usize::from) {
            Some(width) if before_last + needed <= width => {
                self.lines(&self.rows, Some(width - before_last), &widths).concat()
            }
            Some(width) => self.stacked(width, &widths),
            None => self.lines(&self.rows, None, &widths).concat(),
        }
    }

    /// The lines of heading and rows, the last column wrapped at `last_width`.
    fn lines(&self, rows: &[Vec<String>], last_width: Option<usize>, widths: &[usize]) -> Vec<String> {
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.headings.iter().take(widths.len()).map(|heading| match *heading {
            "" => String::new(),
            heading => style::heading(heading),
        }));
        for row in rows {
            let last = row.len().saturating_sub(1);
            table.add_row(row.iter().enumerate().map(|(index, cell)| match last_width {
                Some(width) if index == last => wrap(cell, width).join("\n"),
                _ => cell.replace('\n', IN_ONE_LINE),
            }));
        }
        for (column, heading) in table.column_iter_mut().zip(&self.headings) {
            column.set_padding((0, 2));
            if self.numbers.contains(heading) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// Where the last column would be too narrow, it stands under its row.
    fn stacked(&self, width: usize, widths: &[usize]) -> String {
        let Some((_, first)) = widths.split_last() else {
            return String::new();
        };
        let rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row[..first.len().min(row.len())].to_vec())
            .collect();
        let mut lines = self.lines(&rows, None, first).into_iter();
        let mut text: String = lines.next().into_iter().collect();
        for (line, row) in lines.zip(&self.rows) {
            text.push_str(&line);
            for part in row
                .get(first.len())
                .map(|cell| wrap(cell, width.saturating_sub(4)))
                .unwrap_or_default()
            {
                text.push_str(&format!("    {}\n", style::dim(&part)));
            }
        }
        text
    }

    /// How wide each column is at its widest.
    fn widths(&self) -> Vec<usize> {
        (0..self.headings.len())
            .map(|index| {
                let cells = self.rows.iter().filter_map(|row| row.get(index));
                cells
                    .flat_map(|cell| cell.split('\n'))
                    .map(plain_width)
                    .max()
                    .unwrap_or(0)
                    .max(self.headings[index].len())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_terminal_a_row_is_a_line() {
        let mut listing = Listing::new(&["ORDER", "NOTE"]);
        listing.row(vec!["A-1".to_owned(), "long ".repeat(60)]);
        listing.row(vec!["A-222".to_owned(), "short".to_owned()]);
        let text = anstream::adapter::strip_str(&listing.render(&Sink::to(std::io::sink()))).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(lines[0], "ORDER  NOTE");
        assert!(lines[1].starts_with("A-1    long long"), "{text}");
        assert_eq!(lines[2], "A-222  short");
    }

    fn plain(listing: &Listing, sink: &Sink) -> String {
        anstream::adapter::strip_str(&listing.render(sink)).to_string()
    }

    #[test]
    fn numbers_stand_to_the_right() {
        let mut listing = Listing::new(&["DAY", "NEW", "NOTE"]).numbers(&["NEW"]);
        listing.row(vec!["Monday".to_owned(), "9".to_owned(), "a".to_owned()]);
        listing.row(vec!["Tuesday".to_owned(), "1204".to_owned(), "b".to_owned()]);
        let text = plain(&listing, &Sink::to(std::io::sink()));
        assert_eq!(text, "DAY       NEW  NOTE\nMonday      9  a\nTuesday  1204  b\n");
    }

    #[test]
    fn a_last_column_that_fits_stays_one() {
        let mut listing = Listing::new(&["ORDER", "TOOK"]);
        listing.row(vec!["A".repeat(30), "5 ms".to_owned()]);
        let text = plain(&listing, &Sink::to(std::io::sink()).of_width(40));
        assert!(text.lines().next().unwrap().ends_with("TOOK"), "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn one_that_does_not_stands_under_its_row() {
        let mut listing = Listing::new(&["ORDER", "NOTE"]);
        listing.row(vec!["A".repeat(30), "one two three four".to_owned()]);
        let text = plain(&listing, &Sink::to(std::io::sink()).of_width(40));
        assert_eq!(text.lines().last(), Some("    one two three four"), "{text}");
    }

    #[test]
    fn lines_of_a_cell_stay_lines_on_a_terminal_and_become_one_elsewhere() {
        let mut listing = Listing::new(&["WHEN", "ALERT"]);
        listing.row(vec!["now".to_owned(), "title\nmore".to_owned()]);
        let sink = Sink::to(std::io::sink());
        assert_eq!(plain(&listing, &sink), "WHEN  ALERT\nnow   title; more\n");
        let text = plain(&listing, &sink.of_width(60));
        assert_eq!(text, "WHEN  ALERT\nnow   title\n      more\n");
    }
}
