//! Real processes that abort at each named point of a worker, one point at a time, on each store.
//!
//! A workload that passes through all steps (plain orders, a debit, a lost answer, an outage, a refusal, a cancellation, a
//! rest of the whole shop, orders for a person) is worked on over HTTP by a worker that aborts: the first, and the third
//! time that it comes to its point. A fresh worker then finishes. The sandbox's ledger and the record judge.

mod judge;
mod shop;
mod workload;

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::iter;

pub use shop::Backing;

use self::judge::judge;
use self::shop::{Doom, Shop};
use crate::cases;
use crate::harness::{Case, SetupError};
use crate::worker::Point;

/// How many points are gone through at once: most of their time is waiting for leases to end.
const AT_ONCE: usize = 5;

/// At which times that the worker comes to its point it aborts.
const TIMES: [u64; 2] = [1, 3];

/// The worker program, and where its store is.
#[derive(Debug)]
pub struct CrashFixture {
    program: PathBuf,
    backing: Backing,
}

impl CrashFixture {
    /// The worker program, and a kind of store.
    #[must_use]
    pub fn new(program: PathBuf, backing: Backing) -> Self {
        Self { program, backing }
    }
}

/// Every case, for one store.
#[must_use]
pub fn cases() -> Vec<Case<CrashFixture>> {
    cases![a_worker_that_aborts_at_any_point_loses_nothing_and_does_nothing_twice]
}

/// What a worker calls only where others overtake it or orders wait long for their turn: it may not come about here.
const SELDOM: [&str; 2] = ["standings", "renew"];

/// What came of one cut.
enum Outcome {
    /// The worker aborted, another finished, and all was well.
    Well(Duration),
    /// The worker never came to its point so often.
    NotReached,
    /// What was wrong.
    Wrong(Vec<String>),
}

/// One point, and the time at which it is cut.
#[derive(Clone, Copy)]
struct Cut {
    point: Point,
    nth: u64,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.point, self.nth)
    }
}

async fn a_worker_that_aborts_at_any_point_loses_nothing_and_does_nothing_twice(fixture: &CrashFixture) {
    let started = Instant::now();
    let cuts: Vec<_> = Point::all()
        .flat_map(|point| TIMES.map(|nth| Cut { point, nth }))
        .collect();
    let outcomes = iter(&cuts).map(async |cut| (cut, cut_once(fixture, *cut).await));
    let outcomes: Vec<_> = outcomes.buffer_unordered(AT_ONCE).collect().await;

    let (mut well, mut unreached, mut wrong) = (0, Vec::new(), Vec::new());
    let mut longest = Duration::ZERO;
    for (cut, outcome) in outcomes {
        match outcome.unwrap_or_else(|error| Outcome::Wrong(vec![error.to_string()])) {
            Outcome::Well(took) => {
                well += 1;
                longest = longest.max(took);
            }
            Outcome::NotReached if cut.nth > 1 || SELDOM.contains(&cut.point.method) => unreached.push(cut.to_string()),
            Outcome::NotReached => wrong.push(format!("{cut}: the worker never came there")),
            Outcome::Wrong(words) => wrong.push(format!("{cut}: {}", words.join("; "))),
        }
    }
    tell(&format!(
        "{:?}: {} points, {well} aborts, each finished by another worker (the slowest in {longest:.1?}), in {:.0?}; \
         not passed so often: {}",
        fixture.backing,
        Point::all().count(),
        started.elapsed(),
        unreached.join(", ")
    ));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Has a worker abort at a point, and another finish.
async fn cut_once(fixture: &CrashFixture, cut: Cut) -> Result<Outcome, SetupError> {
    let shop = Shop::open(&fixture.program, &fixture.backing).await?;
    let outcome = cut_in(&shop, cut).await;
    // Elsewhere, because dropping a database waits for the server, which waits for connections that others are just opening
    // on this thread.
    let dropped = tokio::task::spawn_blocking(move || drop(shop)).await;
    dropped.map_err(|error| SetupError::Broken(error.to_string()))?;
    outcome
}

async fn cut_in(shop: &Shop, cut: Cut) -> Result<Outcome, SetupError> {
    // Where orders stand is asked only by a worker whose orders others took on.
    let beside = (cut.point.method == "standings").then(|| shop.start_beside());
    // Leases are renewed only where orders wait long for their turn.
    let more: &[&str] = if cut.point.method == "renew" {
        shop.slow_down();
        &["--concurrency", "1"]
    } else {
        &[]
    };
    let doom = shop.run_doomed(&cut.to_string(), beside.is_some(), more).await;
    if let Some(mut beside) = beside {
        beside
            .kill()
            .await
            .map_err(|error| SetupError::Broken(error.to_string()))?;
    }
    match doom {
        Doom::Aborted => {}
        Doom::Lived => return Ok(Outcome::NotReached),
        Doom::Other(words) => return Ok(Outcome::Wrong(vec![words])),
    }
    let began = Instant::now();
    if let Err(words) = shop.finish().await {
        return Ok(Outcome::Wrong(vec![words]));
    }
    let wrong = judge(shop).await;
    Ok(match wrong.is_empty() {
        true => Outcome::Well(began.elapsed()),
        false => Outcome::Wrong(wrong),
    })
}

#[expect(clippy::print_stderr, reason = "how many points were gone through is to be seen")]
fn tell(words: &str) {
    eprintln!("{words}");
}
