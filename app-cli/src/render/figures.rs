//! Figures of the business: tables, a chart, and the same as data.

mod chart;
mod data;

use std::time::Duration;

use ackord::Timestamp;
use ackord::figures::{Counts, Figures, Waits};
use jiff::tz::TimeZone;

use super::style;
use super::table::Listing;
use crate::span;
use crate::streams::Sink;

pub use chart::chart;
pub use data::{csv, json};

/// The percentile in the middle.
const MEDIAN: u8 = 50;
/// The percentile that all but a few stay within.
const FAR_END: u8 = 95;

/// Figures, and what their spans of time are called.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The figures.
    pub figures: &'a Figures,
    /// What one span is: `day` or `week`.
    pub by: &'static str,
    /// The time zone of the days.
    pub zone: &'a TimeZone,
    /// Its name.
    pub zone_name: &'a str,
}

impl<'a> Named<'a> {
    /// Each span: the day that it begins with, from when, until when, and its figures.
    fn spans(&self) -> impl Iterator<Item = (String, Timestamp, Timestamp, &'a Counts)> + use<'a> {
        let zone = self.zone;
        let figures = self.figures;
        figures.spans().map(move |(from, to, counts)| {
            let day = from.to_zoned(zone.clone()).date().to_string();
            (day, from, to, counts)
        })
    }
}

/// A table with a row for each span and one for all of them, and one of the failures by cause where there are any.
#[must_use]
pub fn tables(named: &Named<'_>, sink: &Sink) -> String {
    let first = if named.by == "week" { "WEEK OF" } else { "DAY" };
    let mut listing = Listing::new(&[
        first,
        "NEW",
        "ACCEPTED",
        "CANCELLED",
        "REFUSED",
        "FAILURES",
        "MEDIAN",
        "95 % WITHIN",
    ])
    .numbers(&["NEW", "ACCEPTED", "CANCELLED", "REFUSED", "FAILURES"]);
    for (day, _, _, counts) in named.spans() {
        listing.row(row(day, counts));
    }
    let total = named.figures.total();
    if named.spans().count() > 1 {
        listing.row(row("total".to_owned(), total));
    }
    let mut text = listing.render(sink);
    if !total.failures.is_empty() {
        let mut causes = Listing::new(&["CAUSE", "FAILURES"]).numbers(&["FAILURES"]);
        for (cause, number) in by_number(total) {
            causes.row(vec![cause.to_owned(), number.to_string()]);
        }
        text.push('\n');
        text.push_str(&causes.render(sink));
    }
    text
}

fn row(day: String, counts: &Counts) -> Vec<String> {
    let number = |number: u64| match number {
        0 => style::dim("0"),
        number => number.to_string(),
    };
    let wait = |percent: u8| counts.waits.percentile(percent).map(span::roughly).unwrap_or_default();
    vec![
        day,
        number(counts.new_orders),
        number(counts.accepted),
        number(counts.cancelled()),
        number(counts.refused),
        number(counts.failed()),
        wait(MEDIAN),
        wait(FAR_END),
    ]
}

/// The causes of failures, the most frequent first.
fn by_number(counts: &Counts) -> Vec<(&'static str, u64)> {
    let mut causes: Vec<(&'static str, u64)> = counts
        .failures
        .iter()
        .map(|(cause, number)| (*cause, *number))
        .collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.1));
    causes
}

/// A percentile in whole milliseconds.
fn millis(waits: &Waits, percent: u8) -> Option<u64> {
    let millis = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    waits.percentile(percent).map(millis)
}
