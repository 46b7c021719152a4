//! The way of a call through the sandbox: latencies and hangs, the effect, and how the answer is spoilt or lost.
//!
//! A call that is held up before its effect is carried out in a task of its own: once it has been received, it takes
//! effect even though its caller hung up in the meantime. That is what makes a timeout's outcome unknown.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header;
use tokio::sync::watch;

use crate::clock::{http_date, later};
use crate::faults::{Ending, RetryAfter, html_page};
use crate::ledger::DecisionOutcome;
use crate::reply::{Problem, Reply, ReplyBody};
use crate::world::{Receipt, Received, World};

/// The world, and what wakes those who wait on it.
#[derive(Debug)]
pub(crate) struct Gateway {
    world: Mutex<World>,
    /// Rises with everything that happens.
    changes: watch::Sender<u64>,
    /// Rises whenever held calls are let go.
    releases: watch::Sender<u64>,
    /// Rises whenever every connection is to end.
    closing: watch::Sender<u64>,
}

/// What goes back over the connection.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// An answer.
    Answer(Box<Reply>),
    /// Nothing: the connection ends, by a reset or an ordinary close.
    Dropped {
        /// Whether by a reset.
        reset: bool,
    },
}

/// What a call that is held up listens for.
#[derive(Debug)]
struct Signals {
    releases: watch::Receiver<u64>,
    closing: watch::Receiver<u64>,
}

impl Signals {
    /// Waits; `false` if the sandbox closes meanwhile.
    async fn pause(&mut self, millis: u64) -> bool {
        if millis == 0 {
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(millis)) => true,
            _ = self.closing.changed() => false,
        }
    }

    /// Waits for the release of held calls; `false` if the sandbox closes meanwhile.
    async fn hold(&mut self) -> bool {
        tokio::select! {
            released = self.releases.changed() => released.is_ok(),
            _ = self.closing.changed() => false,
        }
    }
}

impl Gateway {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            changes: watch::Sender::new(0),
            releases: watch::Sender::new(0),
            closing: watch::Sender::new(0),
        }
    }

    /// The world, for reading.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the world and wakes those who wait for a change.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.world());
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// A receiver that is told of every change from now on.
    pub(crate) fn watch_changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Lets every held call go on.
    pub(crate) fn release(&self) {
        self.releases.send_modify(|count| *count += 1);
    }

    /// Ends whatever waits in here; nothing that was held up takes effect any more.
    pub(crate) fn close(&self) {
        self.closing.send_modify(|count| *count += 1);
    }

    /// A receiver that is told of every close from now on.
    pub(crate) fn watch_closing(&self) -> watch::Receiver<u64> {
        self.closing.subscribe()
    }

    /// Takes a call from its arrival to what goes back.
    pub(crate) async fn handle(self: &Arc<Self>, received: Received) -> Outgoing {
        // Subscribed before the arrival is announced, so that nothing that follows the announcement is missed.
        let signals = Signals {
            releases: self.releases.subscribe(),
            closing: self.closing.subscribe(),
        };
        let receipt = self.change(|world| world.receive(&received));
        let held_up = receipt.verdict.hang_before || receipt.verdict.delay_before_ms > 0;
        if !held_up {
            return self.proceed(&received, &receipt, signals).await;
        }
        let gateway = Arc::clone(self);
        let carried = tokio::spawn(async move { gateway.proceed(&received, &receipt, signals).await });
        carried.await.unwrap_or(Outgoing::Dropped { reset: false })
    }

    async fn proceed(&self, received: &Received, receipt: &Receipt, mut signals: Signals) -> Outgoing {
        let verdict = &receipt.verdict;
        let waited = signals.pause(verdict.delay_before_ms).await && (!verdict.hang_before || signals.hold().await);
        if !waited {
            return Outgoing::Dropped { reset: false };
        }
        if let Some(ending) = verdict.ending.as_ref().filter(|e| e.is_before_effect()) {
            self.note_not_reached(received, receipt, ending);
            return self.end_early(ending);
        }
        signals.releases.mark_unchanged();
        let reply = self.change(|world| world.carry_out(received, receipt));
        let waited = signals.pause(verdict.delay_after_ms).await && (!verdict.hang_after || signals.hold().await);
        if !waited {
            return Outgoing::Dropped { reset: false };
        }
        self.end_late(reply, receipt)
    }

    fn note_not_reached(&self, received: &Received, receipt: &Receipt, ending: &Ending) {
        if let (Some(nth), Some(order_id)) = (receipt.decision, &received.order_id) {
            let fault = ending.name().to_owned();
            self.change(|world| {
                world.record_outcome(order_id, nth, DecisionOutcome::NotReached { fault });
            });
        }
    }

    /// What goes back where the call ended before its effect.
    fn end_early(&self, ending: &Ending) -> Outgoing {
        let (now, form) = {
            let world = self.world();
            (world.now(), world.options().errors)
        };
        let reply = match ending {
            Ending::Reset(_) => return Outgoing::Dropped { reset: true },
            Ending::TooManyRequests(retry_after) => {
                let reply = Problem::plain(429, "Too many requests").reply(form);
                match retry_after {
                    None => reply,
                    Some(RetryAfter::Seconds(seconds)) => reply.header(header::RETRY_AFTER, seconds.to_string()),
                    Some(RetryAfter::DateInSeconds(seconds)) => {
                        let at = later(now, seconds.saturating_mul(1000));
                        reply.header(header::RETRY_AFTER, http_date(at))
                    }
                }
            }
            Ending::Redirect { status, location } => Reply::empty(*status).header(header::LOCATION, location.clone()),
            Ending::Status(status, _) => Problem::plain(*status, "The sandbox was told to fail").reply(form),
            other => Problem::plain(500, other.name()).reply(form),
        };
        Outgoing::Answer(Box::new(reply))
    }

    /// What goes back where the call took effect: the answer, or what became of it.
    fn end_late(&self, mut reply: Reply, receipt: &Receipt) -> Outgoing {
        let form = self.world().options().errors;
        let json = |body: Bytes| Reply::text(200, "application/json", body);
        reply = match &receipt.verdict.ending {
            None => reply,
            Some(Ending::AnswerLost) => return Outgoing::Dropped { reset: false },
            Some(Ending::Reset(_)) => return Outgoing::Dropped { reset: true },
            Some(Ending::Status(status, _)) => Problem::plain(*status, "The sandbox was told to fail").reply(form),
            Some(Ending::BadJson) => json(Bytes::from_static(b"{orders: <oops> 'not JSON'")),
            Some(Ending::TruncatedJson) => {
                let whole = body_or_stand_in(&reply);
                json(whole.slice(..whole.len() / 2))
            }
            Some(Ending::CutBody) => Reply {
                body: ReplyBody::Cut(body_or_stand_in(&reply)),
                ..json(Bytes::new())
            },
            Some(Ending::Html(status)) => Reply::text(*status, "text/html; charset=utf-8", html_page(*status)),
            Some(Ending::EmptyBody) => Reply::empty(200),
            Some(Ending::HugeBody(bytes)) => Reply {
                body: ReplyBody::Huge(*bytes),
                ..json(Bytes::new())
            },
            Some(Ending::TooManyRequests(_) | Ending::Redirect { .. }) => reply,
        };
        reply.slow = receipt.verdict.slow;
        Outgoing::Answer(Box::new(reply))
    }
}

/// The answer's body, or some JSON where it has none, so that there is something to cut.
fn body_or_stand_in(reply: &Reply) -> Bytes {
    let bytes = reply.bytes();
    if bytes.is_empty() {
        Bytes::from_static(b"{\"status\":\"the answer to this call has no body\"}")
    } else {
        bytes
    }
}
