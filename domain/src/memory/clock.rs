//! A clock that is turned by hand.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;

use crate::ports::Clock;
use crate::time::{self, Timestamp};

/// A clock that stands still until it is advanced; to sleep on it is to advance it, unless it is a patient one.
#[derive(Debug, Clone)]
pub struct ManualClock {
    start: Timestamp,
    passed: Arc<Mutex<Duration>>,
    sleepers: Option<Arc<Mutex<Sleepers>>>,
}

/// Whoever sleeps on a patient clock, each under a number of its own, and until when.
#[derive(Debug, Default)]
struct Sleepers {
    last: u64,
    until: Vec<(u64, Duration, Waker)>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self {
            start: time::to_micros(start),
            passed: Arc::default(),
            sleepers: None,
        }
    }

    /// A clock that stands at `start`, and on which several can sleep at once: each until it is turned that far.
    #[must_use]
    pub fn patient(start: Timestamp) -> Self {
        Self {
            sleepers: Some(Arc::default()),
            ..Self::new(start)
        }
    }

    /// Turns a patient clock on to where the next sleeper wakes; `false` where nobody sleeps.
    pub fn wake_next(&self) -> bool {
        let Some(sleepers) = &self.sleepers else { return false };
        let Some(next) = locked(sleepers).until.iter().map(|(_, until, _)| *until).min() else {
            return false;
        };
        {
            let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
            *passed = next.max(*passed);
        }
        let woken = std::mem::take(&mut locked(sleepers).until);
        woken.into_iter().for_each(|(_, _, waker)| waker.wake());
        true
    }

    async fn sleep_until(&self, sleepers: &Mutex<Sleepers>, until: Duration) {
        let number = {
            let mut sleepers = locked(sleepers);
            sleepers.last += 1;
            sleepers.last
        };
        let _asleep = Asleep { sleepers, number };
        poll_fn(|context| {
            if self.monotonic() >= until {
                return Poll::Ready(());
            }
            let mut sleepers = locked(sleepers);
            sleepers.until.retain(|(other, ..)| *other != number);
            sleepers.until.push((number, until, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Turns it on by `by`.
    pub fn advance(&self, by: Duration) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        time::to_micros(time::plus(self.start, self.monotonic()))
    }

    fn monotonic(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep(&self, duration: Duration) {
        match &self.sleepers {
            None => self.advance(duration),
            Some(sleepers) => {
                let until = self.monotonic().saturating_add(duration);
                self.sleep_until(sleepers, until).await;
            }
        }
    }
}

fn locked(sleepers: &Mutex<Sleepers>) -> MutexGuard<'_, Sleepers> {
    sleepers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One who sleeps, until it is dropped.
struct Asleep<'a> {
    sleepers: &'a Mutex<Sleepers>,
    number: u64,
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        locked(self.sleepers)
            .until
            .retain(|(number, ..)| *number != self.number);
    }
}
