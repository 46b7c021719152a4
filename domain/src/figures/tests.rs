//! What counts as what, in which span.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::failure::{FailureId, PROCESS};
use crate::order::OrderId;
use crate::ports::{Entry, EntryCursor};
use crate::time::plus;

fn second(number: u64) -> Timestamp {
    plus(Timestamp::UNIX_EPOCH, Duration::from_secs(number))
}

/// An entry at this second, of an order that was placed at the beginning of time.
fn entry(at: u64, version: i64, status: &str, is_first: bool) -> TimelineRow {
    TimelineRow {
        cursor: EntryCursor(1),
        order_id: OrderId::new("A-1").unwrap(),
        placed_at: Timestamp::UNIX_EPOCH,
        entry: Entry {
            version: Version(version),
            status: OrderStatus::parse(status),
            note: Some("refused, cancelled, accepted: a note is never read".to_owned()),
            at: second(at),
            source: "external".to_owned(),
            actor: None,
            attempt: None,
            retry_at: None,
            send: None,
            look: None,
        },
        is_first,
    }
}

fn failure(at: u64, cause: Option<&str>) -> FailureRow {
    FailureRow {
        failure_id: FailureId(1),
        related_id: Some("A-1".to_owned()),
        process_name: PROCESS.to_owned(),
        cause: cause.map(str::to_owned),
        details: None,
        payload: None,
        at: second(at),
        needs_person: true,
        resolved_at: None,
        resolved_by: None,
        resolution: None,
    }
}

/// Spans of ten seconds: from 10 up to 40.
fn figures() -> Figures {
    Figures::new([10, 20, 30, 40].map(second).to_vec()).unwrap()
}

fn counts(figures: &Figures, place: usize) -> &Counts {
    figures.spans().nth(place).expect("a span").2
}

#[test]
fn boundaries_that_do_not_rise_are_refused() {
    for bounds in [vec![], vec![10], vec![10, 10], vec![10, 30, 20]] {
        let bounds = bounds.into_iter().map(second).collect();
        assert_eq!(Figures::new(bounds).unwrap_err(), NoSpans);
    }
}

#[test]
fn a_span_begins_with_its_boundary_and_ends_before_the_next() {
    let mut figures = figures();
    for at in [9, 10, 19, 20, 39, 40] {
        figures.entry(&entry(at, 1, "pending_acceptance", true));
        figures.failure(&failure(at, Some("not_sent")));
    }
    let told: Vec<_> = figures.spans().map(|(_, _, counts)| counts.new_orders).collect();
    assert_eq!(told, [2, 1, 1]);
    assert_eq!((figures.total().new_orders, figures.total().failed()), (4, 4));
    let spans: Vec<_> = figures.spans().map(|(from, to, _)| (from, to)).collect();
    assert_eq!(spans[1], (second(20), second(30)));
    assert_eq!((figures.since(), figures.before()), (second(10), second(40)));
}

#[test]
fn an_order_is_accepted_and_lost_once_however_often_it_is_said() {
    let mut figures = figures();
    figures.entry(&entry(11, 1, "pending_acceptance", true));
    figures.entry(&entry(15, 2, "accepted", true));
    figures.entry(&entry(25, 3, "cancelled", true));
    figures.entry(&entry(26, 4, "accepted", false));
    figures.entry(&entry(27, 5, "cancelled", false));
    figures.entry(&entry(28, 6, "shipped", true));
    assert_eq!((counts(&figures, 0).new_orders, counts(&figures, 0).accepted), (1, 1));
    assert_eq!((counts(&figures, 1).accepted, counts(&figures, 1).cancelled()), (0, 1));
    let median = figures.total().waits.percentile(50);
    assert_eq!(median, Some(Duration::from_secs(15)), "from when it was placed");
}

#[test]
fn an_order_that_begins_as_accepted_is_new_as_well() {
    let mut figures = figures();
    figures.entry(&entry(12, 1, "accepted", true));
    assert_eq!((figures.total().new_orders, figures.total().accepted), (1, 1));
}

#[test]
fn refusals_are_told_by_the_inbox_and_are_no_cancellations_besides() {
    let mut figures = figures();
    for cause in [Some("refused_by_shop"), Some("refused_at_deadline"), None] {
        figures.entry(&entry(12, 2, "cancelled", true));
        if cause.is_some() {
            figures.failure(&failure(12, cause));
        }
    }
    let told = figures.total();
    assert_eq!((told.cancelled(), told.refused, told.lost()), (1, 2, 3));
    // `refused` is of the acceptance, not of the order.
    figures.failure(&failure(12, Some("refused")));
    assert_eq!(figures.total().refused, 2);
}

#[test]
fn failures_are_counted_by_cause_and_those_of_others_together() {
    let mut figures = figures();
    for cause in [
        Some("not_sent"),
        Some("not_sent"),
        Some("refused"),
        Some("\u{1b}[31m"),
        None,
    ] {
        figures.failure(&failure(12, cause));
    }
    let told: Vec<_> = figures
        .total()
        .failures
        .iter()
        .map(|(cause, number)| (*cause, *number))
        .collect();
    assert_eq!(told, [("not_sent", 2), (OTHER, 2), ("refused", 1)]);
}

#[test]
fn an_order_accepted_before_it_was_placed_by_its_clock_took_no_time() {
    let mut figures = figures();
    let mut row = entry(12, 2, "accepted", true);
    row.placed_at = second(13);
    figures.entry(&row);
    assert_eq!(figures.total().waits.percentile(95), Some(Duration::ZERO));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_total_is_the_sum_of_the_spans_whatever_the_order(
        entries in proptest::collection::vec((0_u64..50, 1_i64..4, 0_usize..4, any::<bool>()), 0..60),
        failures in proptest::collection::vec((0_u64..50, 0_usize..4), 0..20),
        backwards in any::<bool>(),
    ) {
        let statuses = ["pending_acceptance", "accepted", "cancelled", "shipped"];
        let causes = [Some("not_sent"), Some("refused_by_shop"), Some("never heard of"), None];
        let rows: Vec<_> = entries.iter().map(|(at, version, status, first)| entry(*at, *version, statuses[*status], *first)).collect();
        let mut figures = figures();
        if backwards {
            rows.iter().rev().for_each(|row| figures.entry(row));
        } else {
            rows.iter().for_each(|row| figures.entry(row));
        }
        for (at, cause) in &failures {
            figures.failure(&failure(*at, causes[*cause]));
        }
        let sum = |figure: fn(&Counts) -> u64| figures.spans().map(|(_, _, counts)| figure(counts)).sum::<u64>();
        let total = figures.total();
        prop_assert_eq!(sum(|counts| counts.new_orders), total.new_orders);
        prop_assert_eq!(sum(|counts| counts.accepted), total.accepted);
        prop_assert_eq!(sum(|counts| counts.refused), total.refused);
        prop_assert_eq!(sum(Counts::failed), total.failed());
        prop_assert_eq!(sum(|counts| counts.waits.number()), total.accepted);
        let within = |at: &Timestamp| (second(10)..second(40)).contains(at);
        let new = rows.iter().filter(|row| within(&row.entry.at) && row.entry.version == Version(1)).count();
        prop_assert_eq!(total.new_orders, new as u64);
    }
}
