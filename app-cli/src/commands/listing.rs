//! What every listing shares: how many, since when, in which form, and where the next page begins.

use ackord::Timestamp;
use anyhow::Result;
use clap::Args;
use serde_json::Value;

use super::Context;
use crate::exit::Exit;
use crate::render::{self, Listing};
use crate::report_error::BadFlag;
use crate::span;

/// How a listing is cut and shown.
#[derive(Debug, Clone, Args)]
pub struct PageArgs {
    /// At most this many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Go on after the last page: the cursor that it ended with
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
    /// From this time on: `2026-02-03T10:00:00Z`, `2026-02-03`, or how long ago, `2h`, `7d`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
}

impl PageArgs {
    /// The time of `--since`.
    ///
    /// # Errors
    /// [`BadFlag`] where it can't be read.
    pub fn since(&self, now: Timestamp) -> Result<Option<Timestamp>, BadFlag> {
        let Some(text) = &self.since else {
            return Ok(None);
        };
        span::parse_since(text, now).map(Some).map_err(|problem| BadFlag {
            flag: "since",
            value: text.clone(),
            problem,
        })
    }

    /// The number that `--after` names.
    ///
    /// # Errors
    /// [`BadFlag`] where it is none.
    pub fn after_id(&self) -> Result<Option<i64>, BadFlag> {
        let Some(text) = &self.after else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| self.bad_cursor())
    }

    /// The error of a cursor that can't be read.
    #[must_use]
    pub fn bad_cursor(&self) -> BadFlag {
        BadFlag {
            flag: "after",
            value: self.after.clone().unwrap_or_default(),
            problem: "is no cursor: take the one that the last page ended with".to_owned(),
        }
    }

    /// How many to ask the store for: one more, to know whether there is a next page.
    #[must_use]
    pub fn limit_and_one(&self) -> usize {
        usize::from(self.limit) + 1
    }
}

/// One page of a listing, cut to its limit.
#[derive(Debug)]
pub(super) struct PageOf<T> {
    /// The rows.
    rows: Vec<T>,
    /// Where the next page begins.
    next: Option<String>,
}

impl<T> PageOf<T> {
    /// Cuts what the store gave; `cursor` names a row.
    #[must_use]
    pub(super) fn cut(mut rows: Vec<T>, page: &PageArgs, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::from(page.limit);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(cursor) } else { None };
        Self { rows, next }
    }

    /// Shows the page: as JSON under `name`, or as a table.
    ///
    /// # Errors
    /// What the stream says.
    pub(super) fn show(
        &self,
        page: &PageArgs,
        context: &Context<'_>,
        name: &str,
        to_json: impl Fn(&T) -> Value,
        to_table: impl FnOnce(&[T]) -> Listing,
    ) -> Result<Exit> {
        let streams = context.streams;
        if page.json {
            let rows: Vec<Value> = self.rows.iter().map(to_json).collect();
            let value = serde_json::json!({ name: rows, "next": self.next });
            streams.out.write(&render::json::pretty(&value))?;
            return Ok(Exit::Done);
        }
        if self.rows.is_empty() {
            streams.err.line(&format!("no {name} match"));
            return Ok(Exit::Done);
        }
        streams.out.write(&to_table(&self.rows).render(&streams.out))?;
        if let Some(next) = &self.next {
            streams.err.line(&format!("more: add --after {next}"));
        }
        Ok(Exit::Done)
    }
}
