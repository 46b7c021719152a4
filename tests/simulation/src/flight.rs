//! Calls in flight: what they do on the other side, when, and what their caller is told.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::faults::Op;
use crate::sim::{Event, Sim};

/// How a store's call breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Unreachable,
    Unconfirmed,
    Busy,
    Full,
}

/// When a call reaches the other side and when its answer comes back; either may fail to happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Journey {
    /// True time of the effect; none where it never happens.
    pub(crate) effect_at: Option<u64>,
    /// True time of the answer.
    pub(crate) reply_at: u64,
}

/// A call under way, whatever it answers with.
pub(crate) struct InFlight {
    pub(crate) slot: usize,
    pub(crate) op: Op,
    /// The order that an acceptance is for.
    pub(crate) order: Option<usize>,
    /// Whether it still has its effect before it.
    pub(crate) to_come: bool,
    /// Whether its caller still waits.
    pub(crate) awaited: bool,
    pub(crate) pending: Box<dyn Pending>,
}

/// The part of a call that knows its type.
pub(crate) trait Pending: Send {
    /// Does it.
    fn effect(&mut self, sim: &Sim);
    /// Settles that it is answered like this, whatever it does.
    fn breaks(&mut self, how: Broken);
    /// Answers.
    fn reply(&mut self);
}

/// What a call does on the other side.
type Effect<T> = Box<dyn FnOnce(&Sim) -> T + Send>;

struct Typed<T> {
    answer: Answer<T>,
    effect: Option<Effect<T>>,
    told: Option<T>,
    instead: Option<T>,
    broken: fn(Broken) -> Option<T>,
}

impl<T: Send> Pending for Typed<T> {
    fn effect(&mut self, sim: &Sim) {
        if let Some(effect) = self.effect.take() {
            self.told = Some(effect(sim));
        }
    }

    fn breaks(&mut self, how: Broken) {
        if let Some(told) = (self.broken)(how) {
            self.instead = Some(told);
        }
    }

    fn reply(&mut self) {
        let told = self.instead.take().or_else(|| self.told.take());
        let mut desk = lock(&self.answer);
        desk.told = told;
        if let Some(waker) = desk.waker.take() {
            waker.wake();
        }
    }
}

struct Desk<T> {
    told: Option<T>,
    waker: Option<Waker>,
}

type Answer<T> = Arc<Mutex<Desk<T>>>;

fn lock<T>(answer: &Answer<T>) -> MutexGuard<'_, Desk<T>> {
    answer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the answer to a call.
pub(crate) struct Reply<T>(Answer<T>);

impl<T> Future for Reply<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut desk = lock(&self.0);
        match desk.told.take() {
            Some(told) => Poll::Ready(told),
            None => {
                desk.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// What a call is and does.
pub(crate) struct Call<T> {
    pub(crate) slot: usize,
    pub(crate) op: Op,
    pub(crate) order: Option<usize>,
    pub(crate) journey: Journey,
    pub(crate) effect: Effect<T>,
    /// The answer, where it is not what the effect tells.
    pub(crate) instead: Option<T>,
    pub(crate) broken: fn(Broken) -> Option<T>,
}

impl Sim {
    /// Sets a call on its way.
    pub(crate) fn dispatch<T: Send + 'static>(&self, call: Call<T>) -> Reply<T> {
        let answer: Answer<T> = Arc::new(Mutex::new(Desk {
            told: None,
            waker: None,
        }));
        let Call {
            slot,
            op,
            order,
            journey,
            effect,
            instead,
            broken,
        } = call;
        let pending = Box::new(Typed {
            answer: Arc::clone(&answer),
            effect: Some(effect),
            told: None,
            instead,
            broken,
        });
        let mut state = self.state();
        let number = state.number_call(slot, op);
        if let Some(at) = journey.effect_at {
            state.schedule(at, Event::Effect(number));
        }
        state.schedule(journey.reply_at, Event::Reply(number));
        let in_flight = InFlight {
            slot,
            op,
            order,
            to_come: journey.effect_at.is_some(),
            awaited: true,
            pending,
        };
        state.flight.insert(number, in_flight);
        Reply(answer)
    }

    /// Returns after `wait` of true time.
    pub(crate) fn sleep(&self, wait: u64) -> Sleep<'_> {
        Sleep {
            sim: self,
            until: self.now().saturating_add(wait),
            waker: None,
        }
    }
}

/// See [`Sim::sleep`].
pub(crate) struct Sleep<'a> {
    sim: &'a Sim,
    until: u64,
    waker: Option<Waker>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.sim.now() >= self.until {
            return Poll::Ready(());
        }
        let waker = context.waker();
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            let (until, waker) = (self.until, waker.clone());
            self.waker = Some(waker.clone());
            self.sim.state().schedule(until, Event::Wake(waker));
        }
        Poll::Pending
    }
}
