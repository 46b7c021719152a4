//! How long the bodies of answers are kept, and the walk over the log that takes older ones out.

use std::time::Duration;

use jiff::SignedDuration;

use crate::ports::{PruneBatch, PrunedBatch, Retention, StoreResult};
use crate::time::Timestamp;

/// No body younger than this is taken out: what ended less than a day ago may yet be asked about.
pub const LEAST_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How many calls are looked at in one transaction: few enough that no worker waits for long.
pub const BATCH: usize = 500;

/// An age that is less than [`LEAST_AGE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bodies of answers are kept for a day at the least")]
pub struct TooYoung;

/// Before when calls have to have started.
///
/// # Errors
/// [`TooYoung`].
pub fn cutoff(now: Timestamp, age: Duration) -> Result<Timestamp, TooYoung> {
    if age < LEAST_AGE {
        return Err(TooYoung);
    }
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    Ok(now.checked_sub(age).unwrap_or(Timestamp::MIN))
}

/// What is done with the bodies that may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// They are taken out.
    Prune,
    /// They are counted.
    Preview,
}

/// Goes through the whole log, batch by batch. `tell` is given the sum so far, after each; where it says `false` the walk ends
/// there. Cut off at any point, what is done is done and on record, and the next walk does the rest.
///
/// # Errors
/// A [`crate::ports::StoreError`].
pub async fn walk<S: Retention + ?Sized>(
    store: &S,
    walk: Walk,
    first: PruneBatch,
    mut tell: impl FnMut(&PrunedBatch) -> bool + Send,
) -> StoreResult<PrunedBatch> {
    let mut batch = first;
    let mut sum = PrunedBatch::default();
    loop {
        let done = match walk {
            Walk::Prune => store.prune(&batch).await?,
            Walk::Preview => store.prunable(&batch).await?,
        };
        sum.calls += done.calls;
        sum.bytes += done.bytes;
        sum.kept += done.kept;
        let Some(last) = done.last else {
            return Ok(sum);
        };
        sum.last = Some(last);
        if !tell(&sum) {
            return Ok(sum);
        }
        batch.after = Some(last);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::call::CallId;
    use crate::ports::MockRetention;

    /// What comes of a walk over a store that answers at once.
    fn at_once(walk: impl Future<Output = StoreResult<PrunedBatch>>) -> PrunedBatch {
        walk.now_or_never().expect("the store answers at once").unwrap()
    }

    fn batch() -> PruneBatch {
        PruneBatch {
            before: Timestamp::UNIX_EPOCH,
            after: None,
            limit: 2,
            now: Timestamp::UNIX_EPOCH,
            actor: "kim".to_owned(),
        }
    }

    #[test]
    fn nothing_younger_than_a_day_is_taken_out() {
        let now: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        assert_eq!(cutoff(now, LEAST_AGE - Duration::from_nanos(1)), Err(TooYoung));
        assert_eq!(cutoff(now, LEAST_AGE), Ok("2026-03-09T12:00:00Z".parse().unwrap()));
        assert!(cutoff(now, Duration::MAX).unwrap() < now);
    }

    #[test]
    fn the_walk_goes_on_from_the_last_call_until_there_is_none_and_sums_up() {
        let mut store = MockRetention::new();
        store.expect_prune().times(3).returning(|batch| {
            let after = batch.after.map_or(0, |id| id.0);
            let done = PrunedBatch {
                last: (after < 4).then_some(CallId(after + 2)),
                calls: u64::from(after < 4),
                bytes: if after < 4 { 10 } else { 0 },
                kept: u64::from(after == 2),
            };
            Ok(done)
        });
        let mut told = Vec::new();
        let sum = walk(&store, Walk::Prune, batch(), |sum| {
            told.push(sum.calls);
            true
        });
        let expected = PrunedBatch {
            last: Some(CallId(4)),
            calls: 2,
            bytes: 20,
            kept: 1,
        };
        assert_eq!(at_once(sum), expected);
        assert_eq!(told, [1, 2]);
    }

    #[test]
    fn the_walk_ends_where_it_is_told_to() {
        let mut store = MockRetention::new();
        store.expect_prunable().times(1).returning(|_| {
            Ok(PrunedBatch {
                last: Some(CallId(2)),
                ..PrunedBatch::default()
            })
        });
        let sum = walk(&store, Walk::Preview, batch(), |_| false);
        assert_eq!(at_once(sum).last, Some(CallId(2)));
    }
}
