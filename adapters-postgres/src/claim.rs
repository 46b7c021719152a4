//! Claim: a lease with a fencing number on orders that are due.
//!
//! Each phase is read along its own part of the index, oldest first, so the cost follows what is unsettled. There are two
//! ways, by [`ClaimStrategy`]: rows that somebody else has locked are passed over, or rows are read without a lock and
//! taken where they still stand as they were read. Correctness rests on the conditions being asked again of the locked
//! row in both. A claim that took something is noted by its operation id, for a day; repeated, it tells what it still
//! holds and takes nothing.
//!
//! Entries that can't be cleared away are not read again by each claim: see [`floor`].
//!
//! A lease counts as longer than any can be only from two lengths on: workers read the clock a little apart, and a lease
//! given out a moment ago by one that is ahead must hold.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ackord::ports::{ClaimRequest, StoreResult, Suspects};
use ackord::time::plus;
use ackord::work::{CLAIMS_TOGETHER, Claimed, OperationId, Phase};
use jiff_sqlx::Timestamp as At;

use crate::columns::{at, count, page};
use crate::options::ClaimStrategy;
use crate::pool::Connections;
use crate::rows::ClaimedRow;
use crate::text::storable;

mod floor;
mod guarded;

pub(crate) use floor::Floor;

/// [`ackord::ports::WorkStore::claim`].
pub(crate) async fn claim(
    connections: &Connections,
    strategy: ClaimStrategy,
    floor: &Floor,
    request: &ClaimRequest,
) -> StoreResult<Vec<Claimed>> {
    let terms = Terms::of(request);
    let mut rows = Vec::new();
    if let Some(from) = floor.of(&terms.phases) {
        // A suspect is given out where there is nothing else, and that is known only from the beginning on.
        let part = Terms {
            from,
            suspects: false,
            ..terms.clone()
        };
        rows = take(connections, strategy, &part).await?;
    }
    if rows.is_empty() {
        rows = take(connections, strategy, &terms).await?;
    }
    let claimed: Vec<Claimed> = rows.into_iter().map(Claimed::try_from).collect::<StoreResult<_>>()?;
    let newest = claimed.iter().map(|order| order.placed_at).max();
    floor.claimed(newest, connections, request.now);
    Ok(claimed)
}

async fn take(connections: &Connections, strategy: ClaimStrategy, terms: &Terms<'_>) -> StoreResult<Vec<ClaimedRow>> {
    match strategy {
        ClaimStrategy::SkipLocked => skip_locked(connections, terms).await,
        ClaimStrategy::GuardedUpdate => guarded::claim(connections, terms).await,
    }
}

/// What is asked for, in the database's types.
#[derive(Clone)]
struct Terms<'a> {
    phases: Vec<&'a str>,
    /// The time of order from which each phase is read; `None`: from the beginning.
    from: Vec<Option<At>>,
    now: At,
    until: At,
    longest: At,
    worker: Cow<'a, str>,
    limit: i64,
    suspects: bool,
    together: i32,
    operation: OperationId,
}

impl<'a> Terms<'a> {
    fn of(request: &'a ClaimRequest) -> Self {
        let phases: BTreeSet<Phase> = request.phases.iter().copied().collect();
        let until = plus(request.now, request.lease);
        Self {
            from: vec![None; phases.len()],
            phases: phases.into_iter().map(Phase::as_str).collect(),
            now: at(request.now),
            until: at(until),
            longest: at(plus(until, request.lease)),
            worker: storable(&request.worker),
            limit: page(request.limit),
            suspects: request.suspects == Suspects::AloneAtLast,
            together: count(CLAIMS_TOGETHER),
            operation: request.operation,
        }
    }
}

async fn skip_locked(connections: &Connections, terms: &Terms<'_>) -> StoreResult<Vec<ClaimedRow>> {
    let rows = connections.write(|| {
        sqlx::query_file_as!(
            ClaimedRow,
            "queries/claim_skip_locked.sql",
            &terms.phases as &[&str],
            terms.now,
            terms.until,
            &*terms.worker,
            terms.limit,
            terms.operation.0,
            terms.longest,
            terms.together,
            terms.suspects,
            &terms.from as &[Option<At>],
        )
    });
    rows.await
}
