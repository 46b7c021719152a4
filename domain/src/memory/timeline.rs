//! All timelines as one stream, in the order in which their entries were appended.

use super::tables::Tables;
use crate::order::OrderId;
use crate::ports::{Entry, EntryCursor, EntryFilter, TimelineRow};

impl Tables {
    /// Appends an entry to the timeline of an order.
    pub(super) fn append_entry(&mut self, id: &OrderId, entry: Entry) {
        let timeline = self.entries.entry(id.clone()).or_default();
        self.appended.push((id.clone(), timeline.len()));
        timeline.push(entry);
    }

    /// [`crate::ports::RecordReader::entries`]. Cursors count the entries from 1.
    pub(super) fn timeline(&self, filter: &EntryFilter) -> Vec<TimelineRow> {
        let after = filter.after.map_or(0, |last| usize::try_from(last.0).unwrap_or(0));
        let rows = self.appended.iter().enumerate().skip(after);
        rows.filter_map(|(before, (id, place))| self.timeline_row(before + 1, id, *place))
            .filter(|row| filter.since.is_none_or(|since| row.entry.at >= since))
            .filter(|row| filter.before.is_none_or(|before| row.entry.at < before))
            .take(filter.limit)
            .collect()
    }

    /// [`crate::ports::RecordReader::newest_entry`].
    pub(super) fn newest_entry(&self) -> Option<EntryCursor> {
        (!self.appended.is_empty()).then_some(EntryCursor(self.appended.len() as i64))
    }

    fn timeline_row(&self, number: usize, id: &OrderId, place: usize) -> Option<TimelineRow> {
        let timeline = self.entries.get(id)?;
        let entry = timeline.get(place)?;
        Some(TimelineRow {
            cursor: EntryCursor(number as i64),
            order_id: id.clone(),
            placed_at: self.orders.get(id)?.placed_or_created_at(),
            is_first: timeline[..place].iter().all(|earlier| earlier.status != entry.status),
            entry: entry.clone(),
        })
    }
}
