//! Tables without lines: columns held apart by space, the last one wrapped on a terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::style;
use crate::streams::Sink;

/// What holds two columns apart.
const GAP: usize = 2;

/// The least room that the last column is given beside the others.
const ROOM: usize = 36;

/// Rows under a heading.
#[derive(Debug)]
pub struct Listing {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Listing {
    /// An empty one with these columns.
    #[must_use]
    pub fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The text, as wide as `sink` is; one line a row where that is no terminal.
    #[must_use]
    pub fn render(&self, sink: &Sink) -> String {
        let widths = self.widths();
        let before_last: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
        match sink.width().map(usize::from) {
            Some(width) if before_last + ROOM <= width => {
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
                _ => cell.clone(),
            }));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
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
                    .map(|cell| plain_width(cell))
                    .max()
                    .unwrap_or(0)
                    .max(self.headings[index].len())
            })
            .collect()
    }
}

fn plain_width(cell: &str) -> usize {
    anstream::adapter::strip_str(cell).to_string().chars().count()
}

/// Breaks a text between words into lines of at most `width`; a longer word is a line of its own. Colours go on over the break.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut taken) = (String::new(), 0);
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let size = plain_width(word);
        if taken > 0 && taken + 1 + size > width {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        if taken > 0 {
            line.push(' ');
            taken += 1;
        }
        line.push_str(word);
        taken += size;
    }
    if taken > 0 {
        lines.push(line);
    }
    lines
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

    #[test]
    fn words_are_wrapped_and_long_ones_left_whole() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("a incomprehensibilities b", 5),
            ["a", "incomprehensibilities", "b"]
        );
        assert_eq!(wrap("", 5), Vec::<String>::new());
    }
}
