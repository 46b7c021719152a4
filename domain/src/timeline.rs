//! All timelines as one stream: read to its end page by page, or followed live.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ports::{EntryCursor, EntryFilter, RecordReader, StoreError, StoreResult, TimelineRow};
use crate::time::{Timestamp, until};

/// How many entries are read at a time: what a reader holds in memory, however long the history is.
pub const PAGE: usize = 1000;

/// How long an entry may take from when it got its cursor until it can be seen: the transactions of other programs included.
const LATE: Duration = Duration::from_secs(10);

/// As far before the newest entry a follower begins, so that what is being written just then comes after it.
const BACK: i64 = 1000;

/// Hands over every entry of `filter`, page by page; its limit is the length of a page. What `each` fails with ends the walk.
///
/// # Errors
/// A [`StoreError`], or what `each` fails with.
pub async fn walk<R, E>(
    reader: &R,
    mut filter: EntryFilter,
    mut each: impl FnMut(Vec<TimelineRow>) -> Result<(), E>,
) -> Result<(), E>
where
    R: RecordReader + ?Sized,
    E: From<StoreError>,
{
    loop {
        let page = reader.entries(&filter).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        filter.after = Some(last.cursor);
        let is_last = page.len() < filter.limit;
        each(page)?;
        if is_last {
            return Ok(());
        }
    }
}

/// Follows the stream live: tells each entry once, also one that comes to be seen after others with greater cursors.
#[derive(Debug, Clone)]
pub struct Follow {
    /// Nothing up to here comes any more.
    after: Option<EntryCursor>,
    /// What was told of what comes after, and since when it is known.
    told: BTreeMap<EntryCursor, Timestamp>,
}

impl Follow {
    /// Begins a little before `newest`, the store's newest entry. What the first [`Follow::news`] brings was there before.
    #[must_use]
    pub fn behind(newest: Option<EntryCursor>) -> Self {
        Self {
            after: newest.map(|cursor| EntryCursor(cursor.0.saturating_sub(BACK))),
            told: BTreeMap::new(),
        }
    }

    /// The entries that came to be seen since the last time, by their cursors.
    ///
    /// # Errors
    /// A [`StoreError`]; nothing is lost by it, the next call brings what this one would have.
    pub async fn news<R: RecordReader + ?Sized>(
        &mut self,
        reader: &R,
        now: Timestamp,
    ) -> StoreResult<Vec<TimelineRow>> {
        let filter = EntryFilter {
            since: None,
            before: None,
            after: self.after,
            limit: PAGE,
        };
        let mut news = Vec::new();
        let told = &self.told;
        walk(reader, filter, |page| -> StoreResult<()> {
            news.extend(page.into_iter().filter(|row| !told.contains_key(&row.cursor)));
            Ok(())
        })
        .await?;
        self.told.extend(news.iter().map(|row| (row.cursor, now)));
        self.move_on(now);
        Ok(news)
    }

    /// Leaves behind what nothing can come before any more.
    fn move_on(&mut self, now: Timestamp) {
        while let Some(first) = self.told.first_entry() {
            if until(*first.get(), now) < LATE {
                return;
            }
            self.after = Some(*first.key());
            first.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures_util::FutureExt as _;

    use super::*;
    use crate::order::OrderId;
    use crate::ports::{Entry, MockRecordReader};
    use crate::status::OrderStatus;
    use crate::time::plus;
    use crate::work::Version;

    fn row(cursor: i64) -> TimelineRow {
        TimelineRow {
            cursor: EntryCursor(cursor),
            order_id: OrderId::new("A-1").unwrap(),
            placed_at: Timestamp::UNIX_EPOCH,
            entry: Entry {
                version: Version(cursor),
                status: OrderStatus::PendingAcceptance,
                note: None,
                at: Timestamp::UNIX_EPOCH,
                source: "external".to_owned(),
                actor: None,
                attempt: None,
                retry_at: None,
                send: None,
                look: None,
            },
            is_first: false,
        }
    }

    /// A store whose entries are those with these cursors, to be added to while it is read.
    fn store(cursors: impl IntoIterator<Item = i64>) -> (MockRecordReader, Arc<Mutex<Vec<i64>>>) {
        let cursors = Arc::new(Mutex::new(cursors.into_iter().collect::<Vec<_>>()));
        let mut store = MockRecordReader::new();
        let shown = Arc::clone(&cursors);
        store.expect_entries().returning(move |filter| {
            let mut cursors = shown.lock().unwrap().clone();
            cursors.sort_unstable();
            let after = filter.after.map_or(i64::MIN, |last| last.0);
            let rows = cursors.into_iter().filter(|cursor| *cursor > after);
            Ok(rows.take(filter.limit).map(row).collect())
        });
        (store, cursors)
    }

    fn second(number: u64) -> Timestamp {
        plus(Timestamp::UNIX_EPOCH, Duration::from_secs(number))
    }

    /// The cursors of what is new.
    fn news(follow: &mut Follow, store: &MockRecordReader, now: Timestamp) -> Vec<i64> {
        let news = follow.news(store, now).now_or_never().expect("it answers at once");
        news.unwrap().into_iter().map(|row| row.cursor.0).collect()
    }

    #[test]
    fn a_walk_hands_over_every_page_and_ends_with_the_one_that_is_not_full() {
        for (entries, lengths) in [(0, vec![]), (2, vec![2]), (3, vec![3]), (7, vec![3, 3, 1])] {
            let (store, _) = store(1..=entries);
            let filter = EntryFilter {
                since: None,
                before: None,
                after: None,
                limit: 3,
            };
            let mut told = Vec::new();
            let walked = walk(&store, filter, |page| -> StoreResult<()> {
                told.push(page.len());
                Ok(())
            });
            walked.now_or_never().expect("it answers at once").unwrap();
            assert_eq!(told, lengths, "of {entries}");
        }
    }

    #[test]
    fn a_walk_ends_with_what_a_page_fails_with() {
        let (store, _) = store(1..=9);
        let filter = EntryFilter {
            since: None,
            before: None,
            after: None,
            limit: 3,
        };
        let mut pages = 0;
        let walked = walk(&store, filter, |_| {
            pages += 1;
            Err(StoreError::Corrupt {
                what: "no room".to_owned(),
            })
        });
        walked.now_or_never().expect("it answers at once").unwrap_err();
        assert_eq!(pages, 1);
    }

    #[test]
    fn a_follower_tells_each_entry_once() {
        let (store, cursors) = store(1..=2500);
        let mut follow = Follow::behind(Some(EntryCursor(2500)));
        assert_eq!(news(&mut follow, &store, second(0)).len(), 1000, "those of before");
        assert_eq!(news(&mut follow, &store, second(1)), [0_i64; 0]);
        cursors.lock().unwrap().extend([2501, 2502]);
        assert_eq!(news(&mut follow, &store, second(2)), [2501, 2502]);
        assert_eq!(news(&mut follow, &store, second(60)), [0_i64; 0]);
        assert!(follow.told.is_empty(), "what is long ago is forgotten");
        assert_eq!(follow.after, Some(EntryCursor(2502)));
    }

    #[test]
    fn a_follower_tells_an_entry_that_comes_to_be_seen_late() {
        let (store, cursors) = store([1, 2]);
        let mut follow = Follow::behind(Some(EntryCursor(2)));
        news(&mut follow, &store, second(0));
        cursors.lock().unwrap().push(5);
        assert_eq!(news(&mut follow, &store, second(1)), [5]);
        cursors.lock().unwrap().extend([3, 6]);
        assert_eq!(news(&mut follow, &store, second(9)), [3, 6]);
        assert_eq!(news(&mut follow, &store, second(10)), [0_i64; 0]);
        cursors.lock().unwrap().push(4);
        assert_eq!(news(&mut follow, &store, second(10)), [4]);
    }

    #[test]
    fn a_follower_of_an_empty_store_tells_what_comes_first() {
        let (store, cursors) = store([]);
        let mut follow = Follow::behind(None);
        assert_eq!(news(&mut follow, &store, second(0)), [0_i64; 0]);
        cursors.lock().unwrap().push(1);
        assert_eq!(news(&mut follow, &store, second(1)), [1]);
    }
}
