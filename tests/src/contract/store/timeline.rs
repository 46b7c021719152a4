//! [`ackord::ports::RecordReader::entries`]: all timelines as one stream, its pages and its spans of time.

use std::collections::BTreeSet;

use ackord::ports::{EntryCursor, EntryFilter, TimelineRow};
use ackord::status::OrderStatus;
use ackord::work::Phase;

use super::StoreFixture;
use super::given::{at, conclude, entry, foreign_entry, op, park};

const ALL: EntryFilter = EntryFilter {
    since: None,
    before: None,
    after: None,
    limit: 1000,
};

impl StoreFixture {
    /// One page.
    async fn entries(&self, filter: EntryFilter) -> Vec<TimelineRow> {
        self.store.entries(&filter).await.unwrap()
    }

    /// Every page.
    async fn pages(&self, mut filter: EntryFilter) -> Vec<TimelineRow> {
        let mut rows = Vec::new();
        loop {
            let page = self.entries(filter.clone()).await;
            assert!(page.len() <= filter.limit);
            let is_last = page.len() < filter.limit;
            filter.after = page.last().map(|row| row.cursor).or(filter.after);
            rows.extend(page);
            if is_last {
                return rows;
            }
        }
    }

    /// Orders with three entries each, the last by another program; gives how many entries there are.
    async fn timelines(&self) -> usize {
        let now = self.base().await;
        self.ingested(&["a", "b", "c", "d", "e"], now).await;
        for claimed in self.claim(&[Phase::Ready], now).await {
            self.settled(conclude(&claimed, OrderStatus::Accepted), at(now, 10))
                .await;
            self.appended(claimed.order_id.as_str(), "shipped").await;
        }
        15
    }
}

/// Which entries they are, by order and version.
fn names(rows: &[TimelineRow]) -> Vec<(String, i64)> {
    let name = |row: &TimelineRow| (row.order_id.to_string(), row.entry.version.0);
    rows.iter().map(name).collect()
}

pub(super) async fn the_pages_of_entries_are_complete_and_repeat_nothing(f: &StoreFixture) {
    let entries = f.timelines().await;
    let all = f.entries(ALL).await;
    assert!(all.is_sorted_by(|one, next| one.cursor < next.cursor));
    assert_eq!(names(&all).into_iter().collect::<BTreeSet<_>>().len(), entries);
    assert_eq!(all.len(), entries);
    for limit in [1, 4, 5, 15, 16] {
        assert_eq!(f.pages(EntryFilter { limit, ..ALL }).await, all, "in pages of {limit}");
    }
    let after = all.last().map(|row| row.cursor);
    assert_eq!(f.entries(EntryFilter { after, ..ALL }).await, []);
    assert_eq!(f.entries(EntryFilter { limit: 0, ..ALL }).await, []);
}

pub(super) async fn an_entry_of_the_stream_is_told_as_in_its_story(f: &StoreFixture) {
    f.timelines().await;
    f.foreign.insert_order("f", "{}").await.unwrap();
    f.appended("f", "accepted").await;
    for row in f.entries(ALL).await {
        let story = f.story(row.order_id.as_str()).await;
        let told = story.entries.iter().find(|entry| entry.version == row.entry.version);
        assert_eq!(Some(&row.entry), told);
        assert_eq!(row.placed_at, story.summary.placed_at);
    }
}

pub(super) async fn entries_of_a_span_of_time_are_told(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    // Their times fall, while their places rise.
    for (place, claimed) in f.claim(&[Phase::Ready], now).await.into_iter().enumerate() {
        let then = at(now, -600 * (place as i64 + 1));
        f.settled(conclude(&claimed, OrderStatus::Accepted), then).await;
    }
    let span = async |since: i64, before: i64, limit: usize| {
        let filter = EntryFilter {
            since: Some(at(now, since)),
            before: Some(at(now, before)),
            limit,
            ..ALL
        };
        names(&f.pages(filter).await)
    };
    let entry = |name: &str| (name.to_owned(), 2_i64);
    for limit in [1, 2, 1000] {
        assert_eq!(span(-1800, -600, limit).await, [entry("b"), entry("c")], "{limit}");
        assert_eq!(span(-1200, -1199, limit).await, [entry("b")], "{limit}");
        assert_eq!(span(-1800, 0, limit).await, [entry("a"), entry("b"), entry("c")]);
        assert_eq!(span(-1800, 1, limit).await.len(), 6);
        assert_eq!(span(-1799, -1200, limit).await, []);
        assert_eq!(span(1, 3600, limit).await, []);
    }
    let since = Some(now);
    assert_eq!(f.pages(EntryFilter { since, ..ALL }).await.len(), 3);
    let before = Some(now);
    assert_eq!(f.pages(EntryFilter { before, ..ALL }).await.len(), 3);
}

pub(super) async fn entries_of_other_programs_are_told_where_they_were_written(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    let after = f.entries(ALL).await.last().map(|row| row.cursor);
    let rows = ["b", "a", "b"].map(|name| foreign_entry(name, "label_created"));
    f.foreign.append(&rows).await.unwrap();
    let told = f.other.entries(&EntryFilter { after, ..ALL }).await.unwrap();
    let names = names(&told);
    let wanted = [("b", 2), ("a", 2), ("b", 3)].map(|(name, version)| (name.to_owned(), version));
    assert_eq!(names, wanted);
    assert!(told.iter().all(|row| row.entry.source == "external"));
    // Their times are theirs; these were written a moment ago.
    let since = Some(at(now, -60));
    let before = Some(at(now, 60));
    let filter = EntryFilter {
        since,
        before,
        after,
        ..ALL
    };
    assert_eq!(f.entries(filter).await, told);
}

pub(super) async fn an_entry_tells_whether_its_status_is_new_to_its_order(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.ingested(&["b"], now).await;
    let mut settlement = park(&claimed, Phase::Ready, Some(now));
    settlement.entry = Some(entry(OrderStatus::AcceptanceFailed));
    f.settled(settlement, now).await;
    for status in ["pending_acceptance", "accepted", "shipped", "accepted", "Shipped"] {
        f.appended("a", status).await;
    }
    f.appended("b", "accepted").await;
    let all = f.entries(ALL).await;
    let of = |name: &str| {
        let rows = all.iter().filter(|row| row.order_id.as_str() == name);
        rows.map(|row| row.is_first).collect::<Vec<_>>()
    };
    assert_eq!(of("a"), [true, true, false, true, true, false, true]);
    assert_eq!(of("b"), [true, true]);
    // What came before counts, also where it is not asked for.
    let after = all.iter().rev().nth(2).map(|row| row.cursor);
    let rest = f.entries(EntryFilter { after, ..ALL }).await;
    assert_eq!(rest.iter().map(|row| row.is_first).collect::<Vec<_>>(), [true, true]);
}

pub(super) async fn what_is_written_after_the_newest_entry_comes_after_it(f: &StoreFixture) {
    let now = f.base().await;
    assert_eq!(f.store.newest_entry().await.unwrap(), None);
    f.ingested(&["a", "b"], now).await;
    let newest: Option<EntryCursor> = f.store.newest_entry().await.unwrap();
    assert_eq!(newest, f.entries(ALL).await.last().map(|row| row.cursor));
    f.appended("a", "shipped").await;
    let orders = f.new_orders(&["c"], now).await;
    f.other.ingest(&orders, now, op()).await.unwrap();
    let after = EntryFilter { after: newest, ..ALL };
    let wanted = [("a", 2), ("c", 1)].map(|(name, version)| (name.to_owned(), version));
    assert_eq!(names(&f.entries(after).await), wanted);
}

pub(super) async fn ids_that_another_program_chose_leave_no_entry_out(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b"], now).await;
    for (id, name) in [
        (700_000_000_000_i64, "a"),
        (30, "b"),
        (700_000_000_007, "b"),
        (400_000, "a"),
    ] {
        let insert = format!(
            "INSERT INTO order_status_history (history_id, order_id, status) VALUES ({id}, '{name}', 'shipped')"
        );
        f.foreign.sql(&insert).await.unwrap();
    }
    let all = f.entries(ALL).await;
    let wanted = [("b", 2), ("a", 3), ("a", 2), ("b", 3)].map(|(name, version)| (name.to_owned(), version));
    assert_eq!(names(&all[2..]), wanted, "by their ids, whatever their versions");
    for limit in [1, 2, 6, 1000] {
        let filter = EntryFilter {
            since: Some(at(now, -60)),
            before: Some(at(now, 60)),
            limit,
            ..ALL
        };
        assert_eq!(f.pages(filter).await, all, "in pages of {limit}");
    }
}
