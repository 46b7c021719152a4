//! The gate in front of a mutating request: asked by the request's body right before the first byte leaves.
//!
//! Over HTTP/1 the connection writes head and body into one buffer and flushes it only after it has asked the body for
//! its bytes. A body that first asks a gate therefore decides over every byte of the request, the head included: while
//! the gate is closed nothing has left, and once it is shut nothing ever will. That makes three things exact and not
//! likely: a withdrawn permit sends nothing; a call whose gate was never passed is *not sent*, whatever the error was
//! (refused connections, handshakes, a kept connection found closed); and a decision can't leave twice, since the gate
//! opens once. (The client speaks HTTP/1 alone for this: over HTTP/2 the head is a frame of its own.)

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use ackord::ports::SendPermit;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

const CLOSED: u8 = 0;
const PASSED: u8 = 1;
const WITHDRAWN: u8 = 2;
const SHUT: u8 = 3;

/// What is known of a request's bytes once its gate is shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// None has left and none will.
    NoneLeft,
    /// None has left and none will, because the permit did not hold.
    Withdrawn,
    /// Some may have left.
    MayHaveLeft,
}

/// A gate that opens at most once.
#[derive(Debug)]
pub(crate) struct Gate {
    state: AtomicU8,
    permit: Arc<dyn SendPermit>,
}

impl Gate {
    pub(crate) fn new(permit: Arc<dyn SendPermit>) -> Arc<Self> {
        let state = AtomicU8::new(CLOSED);
        Arc::new(Self { state, permit })
    }

    /// Whether the bytes may leave now; true at most once.
    fn pass(&self) -> bool {
        let next = if self.permit.holds() { PASSED } else { WITHDRAWN };
        let moved = self
            .state
            .compare_exchange(CLOSED, next, Ordering::AcqRel, Ordering::Acquire);
        next == PASSED && moved.is_ok()
    }

    /// Shuts it for good and tells what is known.
    pub(crate) fn shut(&self) -> Passage {
        let moved = self
            .state
            .compare_exchange(CLOSED, SHUT, Ordering::AcqRel, Ordering::Acquire);
        match moved {
            Ok(_) | Err(SHUT) => Passage::NoneLeft,
            Err(WITHDRAWN) => Passage::Withdrawn,
            Err(_) => Passage::MayHaveLeft,
        }
    }
}

/// Shuts a gate when the call is given up, also where its future is dropped half way.
#[derive(Debug)]
pub(crate) struct ShutOnDrop(pub(crate) Arc<Gate>);

impl Drop for ShutOnDrop {
    fn drop(&mut self) {
        self.0.shut();
    }
}

/// The gate did not let the bytes pass.
#[derive(Debug, thiserror::Error)]
#[error("the request was held back before its first byte")]
pub(crate) struct HeldBack;

/// A request body of known length behind a [`Gate`].
#[derive(Debug)]
pub(crate) struct GatedBody {
    gate: Arc<Gate>,
    bytes: Option<Bytes>,
}

impl GatedBody {
    pub(crate) fn new(gate: Arc<Gate>, bytes: Bytes) -> Self {
        let bytes = Some(bytes);
        Self { gate, bytes }
    }
}

impl Body for GatedBody {
    type Data = Bytes;
    type Error = HeldBack;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(self.bytes.take().map(|bytes| {
            if self.gate.pass() {
                Ok(Frame::data(bytes))
            } else {
                Err(HeldBack)
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[derive(Debug)]
    struct Switch(AtomicBool);

    impl SendPermit for Switch {
        fn holds(&self) -> bool {
            self.0.load(Ordering::SeqCst)
        }
    }

    fn gate(holds: bool) -> Arc<Gate> {
        Gate::new(Arc::new(Switch(AtomicBool::new(holds))))
    }

    #[test]
    fn it_opens_once() {
        let gate = gate(true);
        assert!(gate.pass());
        assert!(!gate.pass());
        assert_eq!(gate.shut(), Passage::MayHaveLeft);
    }

    #[test]
    fn once_shut_it_lets_nothing_pass() {
        let gate = gate(true);
        assert_eq!(gate.shut(), Passage::NoneLeft);
        assert!(!gate.pass());
        assert_eq!(gate.shut(), Passage::NoneLeft);
    }

    #[test]
    fn without_a_permit_it_stays_closed_and_says_why() {
        let gate = gate(false);
        assert!(!gate.pass());
        assert_eq!(gate.shut(), Passage::Withdrawn);
    }

    #[test]
    fn giving_a_call_up_shuts_its_gate() {
        let gate = gate(true);
        drop(ShutOnDrop(gate.clone()));
        assert!(!gate.pass());
    }

    #[test]
    fn the_body_gives_its_bytes_once_and_its_length_before() {
        let mut body = GatedBody::new(gate(true), Bytes::from_static(b"abc"));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert_eq!(body.size_hint().exact(), Some(3));
        let first = Pin::new(&mut body).poll_frame(&mut context);
        assert!(matches!(first, Poll::Ready(Some(Ok(frame))) if frame.data_ref().is_some_and(|data| data == "abc")));
        assert!(body.is_end_stream());
        assert!(matches!(
            Pin::new(&mut body).poll_frame(&mut context),
            Poll::Ready(None)
        ));
    }
}
