//! A trigger that begins a run.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;

/// Asks a service for a run at once: for a webhook, a signal, another program.
///
/// Clones are one trigger, for one service. Pulled while a run is under way it is remembered, once: another run follows.
#[derive(Debug, Clone, Default)]
pub struct Trigger(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    pulled: AtomicBool,
    waiting: AtomicWaker,
}

impl Trigger {
    /// A trigger that was not pulled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a run.
    pub fn pull(&self) {
        self.0.pulled.store(true, Ordering::SeqCst);
        self.0.waiting.wake();
    }

    /// Whether it was pulled; from then on it was not.
    pub(super) fn take(&self) -> bool {
        self.0.pulled.swap(false, Ordering::SeqCst)
    }

    /// Returns once it was pulled.
    pub(super) async fn pulled(&self) {
        poll_fn(|context| {
            // Known before it is asked, so that whoever pulls meanwhile is seen here or wakes this.
            self.0.waiting.register(context.waker());
            match self.take() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn it_is_remembered_until_it_is_taken() {
        let trigger = Trigger::new();
        assert!(!trigger.take());
        trigger.clone().pull();
        trigger.pull();
        assert!(trigger.take());
        assert!(!trigger.take(), "two pulls are one");
    }

    #[test]
    fn whoever_waits_is_told_once() {
        let trigger = Trigger::new();
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting = pin!(trigger.pulled());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        trigger.pull();
        assert!(waiting.as_mut().poll(&mut context).is_ready());
        assert!(pin!(trigger.pulled()).poll(&mut context).is_pending());
    }
}
