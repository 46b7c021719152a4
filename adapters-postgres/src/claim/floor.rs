//! Where a claim begins to read, while many rows of the work table are dead.
//!
//! A transaction left open on an old snapshot keeps every row version that it may still see, and the index entries of
//! orders that have long moved on with them: a claim that reads from the oldest entry walks over all of these, and takes
//! longer with each order that was settled since. So, where the server counts many dead rows, a survey beside the claims
//! tells the oldest order of each phase that is due, or soon will be, and claims read from there on.
//!
//! That may pass over an order: one that is older and came since. It is found by a claim that reads from the beginning, which
//! is done wherever the other finds nothing, and by the next survey; so it waits for [`BETWEEN`] at the most, and only
//! while others are being claimed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ackord::Timestamp;
use ackord::ports::StoreResult;
use ackord::time::plus;
use ackord::work::Phase;
use jiff_sqlx::Timestamp as At;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::columns::at;
use crate::pool::Connections;

/// How long from one survey to the next.
const BETWEEN: Duration = Duration::from_secs(10);
/// How long what a survey told is gone by; orders that fall due meanwhile are among those that it looks for.
const HOLDS: Duration = Duration::from_secs(20);
/// With fewer dead rows than this a claim reads from the beginning: they cost it less than a millisecond.
const MANY_DEAD_ROWS: i64 = 10_000;

/// Where claims begin to read in each phase. Clones share what is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Floor(Arc<Mutex<Known>>);

/// What is known of the work table.
#[derive(Debug, Default)]
struct Known {
    /// The survey that is under way, or was the last.
    survey: Option<JoinHandle<()>>,
    /// When the last one was begun.
    begun: Option<Instant>,
    /// What the last one told. Empty: read from the beginning.
    oldest: BTreeMap<&'static str, Timestamp>,
    /// When it told that.
    told: Option<Instant>,
    /// The newest order that was claimed so far: where to begin in a table without any work left in it.
    newest: Option<Timestamp>,
}

impl Floor {
    /// The time of order from which each of these phases is read, `None` for one that is read from the beginning; nothing
    /// where all of them are.
    pub(crate) fn of(&self, phases: &[&str]) -> Option<Vec<Option<At>>> {
        let (known, now) = (self.known(), Instant::now());
        let from: Vec<_> = phases.iter().map(|phase| known.floor(phase, now).map(at)).collect();
        from.iter().any(Option::is_some).then_some(from)
    }

    /// Notes what a claim took, and has the next survey made where it is time.
    pub(crate) fn claimed(&self, newest: Option<Timestamp>, connections: &Connections, now: Timestamp) {
        let mut known = self.known();
        known.newest = known.newest.max(newest);
        if known.is_time(Instant::now()) {
            let (floor, connections) = (self.clone(), connections.clone());
            known.survey = Some(tokio::spawn(async move {
                // One that fails does no harm: claims read from the beginning until the next.
                let rows = survey(&connections, now).await.unwrap_or_default();
                floor.known().tell(&rows, Instant::now());
            }));
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether a survey is to be made; if so, it counts as begun.
    fn is_time(&mut self, now: Instant) -> bool {
        let under_way = self.survey.as_ref().is_some_and(|survey| !survey.is_finished());
        let recent = self.begun.is_some_and(|begun| now.duration_since(begun) < BETWEEN);
        if under_way || recent {
            return false;
        }
        self.begun = Some(now);
        true
    }

    /// Takes in what a survey told: the oldest of each phase, or nothing at all where few rows are dead. A phase that is
    /// empty is read from the oldest order of any phase on, as that may come to it next.
    fn tell(&mut self, rows: &[(&'static str, Option<Timestamp>)], now: Instant) {
        let any = rows.iter().filter_map(|(_, oldest)| *oldest).min().or(self.newest);
        self.oldest = rows
            .iter()
            .filter_map(|(phase, oldest)| Some((*phase, oldest.or(any)?)))
            .collect();
        self.told = Some(now);
    }

    fn floor(&self, phase: &str, now: Instant) -> Option<Timestamp> {
        let holds = self.told.is_some_and(|told| now.duration_since(told) < HOLDS);
        self.oldest.get(phase).copied().filter(|_| holds)
    }
}

/// The oldest order of each phase that is due, or will be while this is gone by; nothing where few rows are dead.
async fn survey(connections: &Connections, now: Timestamp) -> StoreResult<Vec<(&'static str, Option<Timestamp>)>> {
    let unsettled = || Phase::all().filter(|phase| *phase != Phase::Settled);
    let phases: Vec<&str> = unsettled().map(Phase::as_str).collect();
    let rows = connections.read(|| {
        sqlx::query!(
            r#"
            SELECT p.phase AS "phase!", (
                SELECT w.placed_at FROM order_work w
                WHERE w.phase = p.phase AND w.phase <> 'settled' AND w.due_at <= $2
                ORDER BY w.placed_at, w.order_id
                LIMIT 1
            ) AS oldest
            FROM unnest($1::text[]) AS p (phase)
            WHERE pg_stat_get_dead_tuples('order_work'::regclass) >= $3
            "#,
            &phases as &[&str],
            at(plus(now, BETWEEN + HOLDS)),
            MANY_DEAD_ROWS,
        )
    });
    let rows = rows.await?;
    let oldest = |phase: Phase| {
        let row = rows.iter().find(|row| row.phase == phase.as_str())?;
        Some((phase.as_str(), row.oldest.map(At::to_jiff)))
    };
    Ok(unsettled().filter_map(oldest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const READY: &str = "ready";
    const VALIDATING: &str = "validating";

    #[test]
    fn each_phase_is_read_from_its_oldest_order_on() {
        let (early, late) = (time("2026-11-23T08:00:00Z"), time("2026-11-23T09:00:00Z"));
        let mut known = Known::default();
        let now = Instant::now();
        known.tell(&[(READY, Some(late)), (VALIDATING, Some(early))], now);
        assert_eq!(known.floor(READY, now), Some(late));
        assert_eq!(known.floor(VALIDATING, now), Some(early));
    }

    #[test]
    fn an_empty_phase_is_read_from_the_oldest_order_of_any_on() {
        let (early, late) = (time("2026-11-23T08:00:00Z"), time("2026-11-23T09:00:00Z"));
        let mut known = Known {
            newest: Some(late),
            ..Known::default()
        };
        let now = Instant::now();
        known.tell(&[(READY, None), (VALIDATING, Some(early))], now);
        assert_eq!(known.floor(READY, now), Some(early));
    }

    #[test]
    fn a_table_without_work_is_read_from_the_newest_order_claimed_on() {
        let newest = time("2026-11-23T09:00:00Z");
        let mut known = Known::default();
        let now = Instant::now();
        known.tell(&[(READY, None)], now);
        assert_eq!(known.floor(READY, now), None, "nothing is known");
        known.newest = Some(newest);
        known.tell(&[(READY, None)], now);
        assert_eq!(known.floor(READY, now), Some(newest));
    }

    #[test]
    fn with_few_dead_rows_everything_is_read_from_the_beginning() {
        let early = time("2026-11-23T08:00:00Z");
        let mut known = Known {
            newest: Some(early),
            ..Known::default()
        };
        let now = Instant::now();
        known.tell(&[(READY, Some(early))], now);
        known.tell(&[], now);
        assert_eq!(known.floor(READY, now), None);
    }

    #[test]
    fn what_a_survey_told_is_gone_by_for_a_while_only() {
        let mut known = Known::default();
        let told = Instant::now();
        known.tell(&[(READY, Some(time("2026-11-23T08:00:00Z")))], told);
        assert!(known.floor(READY, told + HOLDS - Duration::from_millis(1)).is_some());
        assert_eq!(known.floor(READY, told + HOLDS), None);
    }

    #[test]
    fn one_survey_is_made_at_a_time_and_not_too_often() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut known = Known::default();
        let begun = Instant::now();
        assert!(known.is_time(begun), "none was made");
        assert!(!known.is_time(begun + BETWEEN - Duration::from_millis(1)), "too soon");
        known.survey = Some(runtime.spawn(std::future::pending()));
        assert!(!known.is_time(begun + BETWEEN), "one is under way");
        drop(runtime);
        assert!(known.is_time(begun + BETWEEN));
    }
}
