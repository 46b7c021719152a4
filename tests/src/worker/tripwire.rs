//! Counts how often points are passed, and aborts the process at the one that was asked for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::points::{Point, Side};

/// How long after its bytes were allowed to leave an acceptance counts as under way.
const UNDER_WAY: Duration = Duration::from_millis(15);

/// Aborts at a point, at the nth time that it is passed.
#[derive(Debug, Default)]
pub struct Tripwire {
    at: Option<(Point, u64)>,
    passed: AtomicU64,
}

impl Tripwire {
    /// Aborts at the `nth` time (from 1) that `point` is passed; never without one.
    #[must_use]
    pub fn new(at: Option<(Point, u64)>) -> Self {
        Self {
            at,
            passed: AtomicU64::new(0),
        }
    }

    /// Passes a point.
    pub(super) fn pass(&self, method: &'static str, side: Side) {
        if self.is_due(method, side) {
            std::process::abort();
        }
    }

    /// Passes the beginning of a call: where it is to be cut while it is under way, the process soon aborts.
    pub(super) fn pass_under_way(&self, method: &'static str) {
        if self.is_due(method, Side::UnderWay) {
            tokio::spawn(async {
                tokio::time::sleep(UNDER_WAY).await;
                std::process::abort();
            });
        }
    }

    fn is_due(&self, method: &'static str, side: Side) -> bool {
        let here = Point { method, side };
        self.at
            .is_some_and(|(point, nth)| point == here && self.passed.fetch_add(1, Ordering::SeqCst) + 1 == nth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_the_nth_time_that_its_point_is_passed_and_no_other() {
        let point = Point {
            method: "settle",
            side: Side::After,
        };
        let wire = Tripwire::new(Some((point, 2)));
        let mut due = Vec::new();
        for (method, side) in [
            ("settle", Side::After),
            ("settle", Side::Before),
            ("claim", Side::After),
            ("settle", Side::After),
            ("settle", Side::After),
        ] {
            due.push(wire.is_due(method, side));
        }
        assert_eq!(due, [false, false, false, true, false]);
        assert!(!Tripwire::default().is_due("settle", Side::After));
    }
}
