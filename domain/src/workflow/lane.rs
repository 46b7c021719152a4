//! The lane: everything that a run does at once, driven by whatever finishes next.
//!
//! Claims are prepared while calls are under way, intents travel together for as many calls as have a place free or soon,
//! answers that came in together are recorded together, and a look at the orders in flight goes beside it all. Nothing here
//! decides about an order; it only says what may start now.
//!
//! An order that may be what its workers end by is taken once everything else has been: then its whole step goes by itself,
//! and what comes after it waits.
//!
//! Nothing is awaited beside the flight while anything is in it: a step that waits there for a connection could be waiting
//! for one that another step holds and that nobody drives on.

mod start;
mod take;

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::guards::{Guard, dropped};
use crate::order::OrderId;
use crate::ports::{OrderStanding, Settled, ShopState, StoreClock};
use crate::time::{self, Timestamp};
use crate::work::{Phase, Settlement};

use super::Wait;
use super::core::Core;
use super::events::Event;
use super::ingest::Waiting;
use super::prepare::{Prepared, Sendable};
use super::purse::Purse;
use super::record::Recorded;
use super::report::Halt;
use super::rest::Patience;
use super::send::{Answered, Intended};
use super::tally::Tally;
use super::validate::Validated;

/// Something that finished.
enum Step {
    Prepared(Box<Prepared>, Timestamp),
    Renewed(Result<Vec<Settled>, Halt>, Vec<Sendable>),
    Intended(Result<Vec<Intended>, Halt>, usize),
    Answered(Box<Answered>),
    Recorded(Result<Recorded, Halt>),
    Validated(Result<Validated, Halt>),
    Released(Result<(Vec<Settlement>, Vec<Settled>), Halt>),
    CaughtUp(Result<Vec<Standings>, Halt>, bool),
    Paused(Result<(), Halt>),
}

/// The orders that were asked for, and where they stand.
type Standings = (Vec<OrderId>, Vec<OrderStanding>);

/// What is under way, at most one of each kind but intents, calls and answers.
#[derive(Debug, Default)]
struct UnderWay {
    preparing: bool,
    renewing: bool,
    /// Batches of intents.
    intending: usize,
    /// Batches of answers.
    recording: usize,
    validating: bool,
    catching_up: bool,
    /// Calls whose intents are being written.
    intents: usize,
    /// Calls.
    calls: usize,
}

/// How often in the time of a lease a run that waits asks for orders whose worker died.
const ASKED_IN_A_LEASE: u32 = 4;

/// One run's work in progress.
pub(super) struct Lane<'a> {
    core: &'a Core,
    clock: StoreClock,
    waiting: &'a Waiting,
    wait: Wait,
    flight: FuturesUnordered<BoxFuture<'a, Step>>,
    under_way: UnderWay,
    queue: VecDeque<Sendable>,
    /// Calls whose intents are durable, and that wait for a free place.
    intended: VecDeque<Intended>,
    answered: Vec<Answered>,
    /// Whether answers are being recorded that change the count of unanswered calls: one batch at a time does.
    counting: bool,
    /// Whether the store may have more orders to prepare.
    more: bool,
    /// Whether the store may have suspects: orders that are claimed alone.
    suspects: bool,
    /// Whether a suspect is in hand, or asked for: nothing else may be.
    alone: bool,
    /// After an outage one call at a time goes out, until one is answered.
    probing: bool,
    /// Acceptances in a row that were not sent or not answered: as it stands in the store, for all workers.
    unanswered_in_row: u32,
    /// The same, with the answers of ours that are not on record yet.
    unanswered_seen: u32,
    next_poll_at: Timestamp,
    /// Whether orders that earlier runs left in flight are to be looked at with the next poll.
    look_for_others: bool,
    paused_until: Option<Timestamp>,
    /// Where the budget is used up for longer than this run waits: until when. What was drawn for is still sent.
    out_of_budget: Option<Timestamp>,
    patience: Patience,
    purse: &'a Purse<'a>,
    /// Until when it was last said that the run waits.
    told_until: Option<Timestamp>,
    /// When something last went forward, by the monotonic clock.
    progress_at: Duration,
    halt: Option<Halt>,
}

impl<'a> Lane<'a> {
    pub(super) fn new(
        core: &'a Core,
        clock: StoreClock,
        waiting: &'a Waiting,
        wait: Wait,
        shop: ShopState,
        patience: Patience,
        purse: &'a Purse<'a>,
    ) -> Self {
        Self {
            core,
            clock,
            waiting,
            wait,
            flight: FuturesUnordered::new(),
            under_way: UnderWay::default(),
            queue: VecDeque::new(),
            intended: VecDeque::new(),
            answered: Vec::new(),
            counting: false,
            more: true,
            suspects: true,
            alone: false,
            probing: shop.unanswered_in_row >= core.settings.breaker_threshold,
            unanswered_in_row: shop.unanswered_in_row,
            unanswered_seen: shop.unanswered_in_row,
            next_poll_at: shop.next_poll_at.unwrap_or(Timestamp::MIN),
            look_for_others: false,
            paused_until: None,
            out_of_budget: None,
            patience,
            purse,
            told_until: None,
            progress_at: core.ports.clock.monotonic(),
            halt: None,
        }
    }

    /// Whether to look, with the next poll, at what earlier runs left in flight.
    pub(super) fn with_look(mut self, look_for_others: bool) -> Self {
        self.look_for_others = look_for_others;
        self
    }

    /// Works until nothing is left that this run should wait for, or something stops it.
    pub(super) async fn work(mut self, tally: &mut Tally<'_>) -> Result<(), Halt> {
        loop {
            if self.patience.stop.is_given() {
                self.stop(Halt::Stopped);
            }
            self.start(tally);
            if let Some(step) = self.flight.next().await {
                self.take(step, tally);
            } else if self.halt.is_some() || !self.rest(tally).await {
                return self.halt.map_or(Ok(()), Err);
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.core.now(self.clock)
    }

    fn push(&mut self, step: impl Future<Output = Step> + Send + 'a) {
        self.flight.push(Box::pin(step));
    }

    /// Whether no new call may leave.
    fn held(&self) -> bool {
        self.halt.is_some()
            || self.patience.stop.is_given()
            || self.paused_until.is_some_and(|until| until > self.now()) && !dropped(Guard::PauseIsKept)
    }

    /// Whether nothing is in hand and nothing under way.
    fn is_drained(&self) -> bool {
        self.flight.is_empty() && self.queue.is_empty() && self.intended.is_empty() && self.answered.is_empty()
    }

    /// How many calls may be under way at once.
    fn places(&self) -> usize {
        if self.probing {
            1
        } else {
            self.core.settings.concurrency
        }
    }

    /// How many calls there may be from the writing of their intents on. Some more than places: they start as soon as one
    /// is free, without waiting for the disk.
    fn calls_at_once(&self) -> usize {
        let places = self.places();
        places + if self.probing { 0 } else { places / 2 }
    }

    /// How many calls there are, from the writing of their intents on.
    fn calls_in_hand(&self) -> usize {
        self.under_way.intents + self.intended.len() + self.under_way.calls
    }

    fn outage(&self) -> bool {
        self.is_outage(self.unanswered_in_row)
    }

    fn is_outage(&self, unanswered_in_row: u32) -> bool {
        unanswered_in_row >= self.core.settings.breaker_threshold && !dropped(Guard::Breaker)
    }

    /// Whether answers that are not on record yet look like an outage: no call leaves until they are.
    fn suspects_an_outage(&self) -> bool {
        !self.probing && self.is_outage(self.unanswered_seen)
    }

    /// Waits for what comes next; `false` where nothing does.
    async fn rest(&mut self, tally: &mut Tally<'_>) -> bool {
        if let Some(until) = self.out_of_budget {
            self.stop(Halt::OutOfBudget { until });
            return false;
        }
        let now = self.now();
        let ready = tally.next_due(Phase::Ready);
        let look = tally
            .next_look(self.core.settings.poll_interval)
            .into_iter()
            .chain(self.look_for_others.then_some(now))
            .min()
            .map(|due_at| due_at.max(self.next_poll_at));
        let wake = match (self.paused_until, self.wait) {
            (Some(until), _) if until > now => Some(until),
            (_, Wait::ForValidations) => ready.into_iter().chain(look).min(),
            (_, Wait::No) => ready.filter(|due_at| *due_at <= now),
        };
        let Some(until) = wake else { return false };
        if self.told_until != Some(until) {
            self.told_until = Some(until);
            tally.tell(&Event::Waiting {
                until,
                orders: tally.waiting(),
            });
        }
        // What a worker that died had claimed is free once its lease ends: that must not wait for our next look as well.
        let ask_at = time::plus(now, self.core.settings.lease / ASKED_IN_A_LEASE);
        let asks = self.wait == Wait::ForValidations && ask_at < until && !self.held();
        let wake_at = if asks { ask_at } else { until };
        let clock = &*self.core.ports.clock;
        self.patience.stop.sleep(clock, time::until(now, wake_at)).await;
        self.more |= asks;
        self.made_progress();
        match self.core.store_clock().await {
            Ok(clock) => self.clock = clock,
            Err(error) => self.stop(Halt::Store(error)),
        }
        self.halt.is_none()
    }
}
