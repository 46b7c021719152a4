//! The entries of all timelines as one stream: read page by page, and from its newest entry on.

use ackord::ports::EntryFilter;
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::state::alike_time;
use super::{Answer, Side, alike, kind};

impl Side {
    /// The entries of a batch are in no certain order.
    pub(super) async fn stream(&self, call: &Call) -> Answer {
        let Call::Stream { since, before, limit } = call else {
            unreachable!("{call:?} is made elsewhere");
        };
        let mut filter = EntryFilter {
            since: since.map(|at| at.timestamp()),
            before: before.map(|at| at.timestamp()),
            after: None,
            limit: *limit,
        };
        let mut told = Vec::new();
        let mut lengths = Vec::new();
        loop {
            let page = self.store.entries(&filter).await.map_err(kind)?;
            let Some(last) = page.last() else {
                break;
            };
            filter.after = Some(last.cursor);
            lengths.push(page.len());
            for row in page {
                let key = (row.order_id.as_str().to_owned(), row.entry.version);
                let value = alike(json!({
                    "order": row.order_id.as_str(),
                    "placed_at": alike_time(row.placed_at),
                    "entry": self.entry(&row.entry),
                    "is_first": row.is_first,
                }));
                told.push((key, value));
            }
        }
        told.sort_by(|one, other| one.0.cmp(&other.0));
        let rows: Vec<Value> = told.into_iter().map(|(_, value)| value).collect();
        let after_the_newest = EntryFilter {
            since: None,
            before: None,
            after: self.store.newest_entry().await.map_err(kind)?,
            limit: 1000,
        };
        let after_the_newest = self.store.entries(&after_the_newest).await.map_err(kind)?;
        Ok(json!({ "rows": rows, "pages": lengths, "after_the_newest": after_the_newest.len() }))
    }
}
