//! A signal that asks runs to stop gracefully.

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::select;

use crate::ports::Clock;

/// Asks runs to stop: no new call leaves, those under way finish and are recorded, leases are given back.
///
/// Clones are one signal. It may be given to several runs, and can't be taken back.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    given: AtomicBool,
    waiting: Mutex<Waiting>,
}

/// Whoever waits, each under a number of its own.
#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    wakers: BTreeMap<u64, Waker>,
}

impl StopSignal {
    /// A signal that has not been given.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal.
    pub fn stop(&self) {
        self.0.given.store(true, Ordering::SeqCst);
        let wakers = std::mem::take(&mut self.waiting().wakers);
        wakers.into_values().for_each(Waker::wake);
    }

    /// Whether it was given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.0.given.load(Ordering::SeqCst)
    }

    /// Returns once it is given.
    pub async fn given(&self) {
        Given {
            signal: self,
            number: None,
        }
        .await;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps, but no longer than until the signal is given.
    pub(super) async fn sleep(&self, clock: &dyn Clock, duration: Duration) {
        select(pin!(self.given()), pin!(clock.sleep(duration))).await;
    }
}

/// One who waits.
struct Given<'a> {
    signal: &'a StopSignal,
    number: Option<u64>,
}

impl Future for Given<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.signal.waiting();
        // Asked under the lock, so that a signal given meanwhile finds the waker or is seen here.
        if self.signal.is_given() {
            return Poll::Ready(());
        }
        let number = self.number.unwrap_or(waiting.last + 1);
        waiting.last = waiting.last.max(number);
        waiting.wakers.insert(number, context.waker().clone());
        drop(waiting);
        self.number = Some(number);
        Poll::Pending
    }
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.signal.waiting().wakers.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_is_woken_and_later_comers_need_not_wait() {
        let signal = StopSignal::new();
        let mut waiting = Box::pin(signal.given());
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        signal.clone().stop();
        assert!(waiting.as_mut().poll(&mut context).is_ready());
        assert!(pin!(signal.given()).poll(&mut context).is_ready());
    }

    #[test]
    fn whoever_waits_is_known_once_and_forgotten_when_gone() {
        let signal = StopSignal::new();
        let (mut one, mut other) = (Box::pin(signal.given()), Box::pin(signal.given()));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..10 {
            assert!(one.as_mut().poll(&mut context).is_pending());
            assert!(other.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(signal.waiting().wakers.len(), 2);
        drop(one);
        assert_eq!(signal.waiting().wakers.len(), 1);
    }
}
