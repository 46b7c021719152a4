//! Polls futures by hand, on one thread, so that a lost wakeup or a circle shows as a failure and not as a hang.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::memory::ManualClock;

/// More polls than any of these tests needs.
const MOST_POLLS: usize = 200_000;

/// Polls `future` to its end.
pub(in crate::workflow) fn block_on<F: Future>(future: F) -> F::Output {
    run_until(future, || false).expect("the future never finished: a wakeup was lost")
}

/// Polls `future` to its end, or until `cut` says so: then it is dropped where it stands, as by a crash.
pub(super) fn run_until<F: Future>(future: F, cut: impl Fn() -> bool) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..MOST_POLLS {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        if cut() {
            return None;
        }
    }
    None
}

/// Polls `future` to its end; whenever nothing else goes on, the clock is turned to where the next sleeper wakes.
pub(super) fn block_on_patiently<F: Future>(future: F, clock: &ManualClock) -> F::Output {
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        while woken.0.swap(false, Ordering::SeqCst) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
        }
        assert!(clock.wake_next(), "the future never finished: a wakeup was lost");
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Lets the other futures go on first.
pub(super) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
