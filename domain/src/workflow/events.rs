//! Progress of a run, for whoever wants to show it.

use crate::order::OrderId;
use crate::ports::SendVerdict;
use crate::status::OrderStatus;
use crate::time::Timestamp;

/// Something that a run just did or is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Failed orders got their next attempt.
    Requeued {
        /// How many.
        orders: usize,
    },
    /// A page of the list was stored.
    Ingested {
        /// Orders that were new.
        new: usize,
        /// Orders that were known.
        known: usize,
        /// How many the marketplace says there are in all.
        total: Option<u64>,
    },
    /// An acceptance is about to leave: its intent is durable.
    Sending {
        /// The order.
        order_id: OrderId,
    },
    /// An acceptance was answered, or can't be any more.
    Answered {
        /// The order.
        order_id: OrderId,
        /// The class of the answer.
        verdict: SendVerdict,
    },
    /// Orders in flight were looked at.
    Looked {
        /// How many.
        orders: usize,
    },
    /// An order's status moved.
    Settled {
        /// The order.
        order_id: OrderId,
        /// The status now.
        status: OrderStatus,
        /// The note of the entry.
        note: String,
    },
    /// An order waits for a person.
    NeedsPerson {
        /// The order, or what stands for it.
        related_id: String,
        /// Why, and what to do.
        details: String,
    },
    /// Sending is held, for all workers of the store.
    SendingHeld {
        /// Since when.
        since: Timestamp,
        /// From when on looks are certain to show what calls of before did.
        certain_from: Timestamp,
    },
    /// Sending is allowed again.
    SendingAllowed,
    /// The budget of calls is used up.
    OutOfBudget {
        /// When there is a call again.
        until: Timestamp,
    },
    /// The shop rests: the marketplace asked for it.
    Paused {
        /// Until when.
        until: Timestamp,
    },
    /// Nothing to do until a time.
    Waiting {
        /// Until when.
        until: Timestamp,
        /// Orders that this run waits for.
        orders: usize,
    },
}

/// Is told of each [`Event`]. It is called in the middle of the work: it must return at once and must not panic.
pub trait Observer: Send + Sync {
    /// Takes an event.
    fn on_event(&self, event: &Event);
}

/// Takes no notice.
impl Observer for () {
    fn on_event(&self, _: &Event) {}
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn on_event(&self, event: &Event) {
        self(event);
    }
}
