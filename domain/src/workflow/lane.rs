//! The lane: everything that a run does at once, driven by whatever finishes next.
//!
//! Claims are prepared while calls are under way, intents travel together for as many calls as have a free place, answers
//! that came in together are recorded together, and a look at the orders in flight goes beside it all. Nothing here
//! decides about an order; it only says what may start now.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::ports::{SendVerdict, Settled, ShopState, StoreClock};
use crate::settings::IDS_PER_LOOK;
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Phase, Settlement};

use super::Wait;
use super::core::Core;
use super::events::Event;
use super::ingest::Waiting;
use super::looks::asked_for_rest;
use super::prepare::{Prepared, Sendable, prepare, release};
use super::record::{Recorded, record};
use super::report::Halt;
use super::rest::{Patience, pause};
use super::send::{Answered, Intended, intend, may_start, send, withdrawn};
use super::tally::Tally;
use super::validate::{Validated, validate};

/// After this many leases in which orders were only claimed and given back, the run stops.
const LEASES_IN_VAIN: u32 = 3;

/// Something that finished.
enum Step {
    Prepared(Box<Prepared>, Timestamp),
    Intended(Result<Vec<Intended>, Halt>, usize),
    Answered(Box<Answered>),
    Recorded(Result<Recorded, Halt>),
    Validated(Result<Validated, Halt>),
    Released(Result<(Vec<Settlement>, Vec<Settled>), Halt>),
}

/// What is under way, at most one of each kind but calls.
#[derive(Debug, Default)]
struct UnderWay {
    preparing: bool,
    intending: bool,
    recording: bool,
    validating: bool,
    /// Calls, and intents of calls about to start.
    calls: usize,
}

/// One run's work in progress.
pub(super) struct Lane<'a> {
    core: &'a Core,
    clock: StoreClock,
    waiting: &'a Waiting,
    wait: Wait,
    flight: FuturesUnordered<BoxFuture<'a, Step>>,
    under_way: UnderWay,
    queue: VecDeque<Sendable>,
    answered: Vec<Answered>,
    /// Whether the store may have more orders to prepare.
    more: bool,
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
    patience: Patience,
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
    ) -> Self {
        Self {
            core,
            clock,
            waiting,
            wait,
            flight: FuturesUnordered::new(),
            under_way: UnderWay::default(),
            queue: VecDeque::new(),
            answered: Vec::new(),
            more: true,
            probing: shop.unanswered_in_row >= core.settings.breaker_threshold,
            unanswered_in_row: shop.unanswered_in_row,
            unanswered_seen: shop.unanswered_in_row,
            next_poll_at: shop.next_poll_at.unwrap_or(Timestamp::MIN),
            look_for_others: false,
            paused_until: None,
            patience,
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
            self.start(tally);
            if let Some(step) = self.flight.next().await {
                self.take(step, tally).await;
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
        self.halt.is_some() || self.paused_until.is_some_and(|until| until > self.now())
    }

    /// How many calls may be under way at once.
    fn places(&self) -> usize {
        if self.probing {
            1
        } else {
            self.core.settings.concurrency
        }
    }

    fn outage(&self) -> bool {
        self.unanswered_in_row >= self.core.settings.breaker_threshold
    }

    /// Whether answers that are not on record yet look like an outage: no call leaves until they are.
    fn suspects_an_outage(&self) -> bool {
        !self.probing && self.unanswered_seen >= self.core.settings.breaker_threshold
    }

    fn start(&mut self, tally: &Tally<'_>) {
        self.start_recording();
        if self.held() {
            let queue: Vec<_> = self.queue.drain(..).map(|sendable| sendable.claimed).collect();
            self.start_releasing(queue);
            return;
        }
        if self.paused_until.take().is_some() {
            self.more = true;
        }
        self.start_preparing(tally);
        self.start_intending();
        self.start_validating(tally);
    }

    fn start_recording(&mut self) {
        if self.under_way.recording || self.answered.is_empty() {
            return;
        }
        self.under_way.recording = true;
        let most = self.core.settings.batch.min(self.answered.len());
        let batch: Vec<_> = self.answered.drain(..most).collect();
        let (core, clock, unanswered) = (self.core, self.clock, self.unanswered_in_row);
        self.push(async move { Step::Recorded(record(core, clock, batch, unanswered).await) });
    }

    fn start_releasing(&mut self, claimed: Vec<Claimed>) {
        if claimed.is_empty() {
            return;
        }
        let core = self.core;
        let now = self.now();
        self.push(async move {
            let settlements: Vec<_> = claimed.iter().map(release).collect();
            let results = core.settle(&settlements, now).await.map_err(Halt::Store);
            Step::Released(results.map(|results| (settlements, results)))
        });
    }

    fn start_preparing(&mut self, tally: &Tally<'_>) {
        let now = self.now();
        let more = self.more || tally.due(Phase::Ready, now, 1) > 0;
        if self.under_way.preparing || !more || self.queue.len() >= self.places() || self.suspects_an_outage() {
            return;
        }
        // A probe is one order; the others stay untouched until it is answered.
        if self.probing && (self.under_way.calls > 0 || !self.answered.is_empty() || self.under_way.recording) {
            return;
        }
        self.under_way.preparing = true;
        let limit = if self.probing { 1 } else { self.core.settings.batch };
        let (core, clock, waiting, outage) = (self.core, self.clock, self.waiting, self.outage());
        self.push(async move { Step::Prepared(Box::new(prepare(core, clock, waiting, limit, outage).await), now) });
    }

    fn start_intending(&mut self) {
        let places = self.places().saturating_sub(self.under_way.calls);
        if self.under_way.intending || places == 0 || self.queue.is_empty() || self.suspects_an_outage() {
            return;
        }
        let mut batch = Vec::new();
        let mut stale = Vec::new();
        while batch.len() < places
            && let Some(sendable) = self.queue.pop_front()
        {
            if may_start(self.core, self.clock, &sendable) {
                batch.push(sendable);
            } else {
                stale.push(sendable.claimed);
            }
        }
        if !stale.is_empty() {
            self.start_releasing(stale);
            self.stop_if_stalled();
        }
        if batch.is_empty() {
            return;
        }
        self.under_way.intending = true;
        self.under_way.calls += batch.len();
        let (core, clock, calls) = (self.core, self.clock, batch.len());
        self.push(async move { Step::Intended(intend(core, clock, batch).await, calls) });
    }

    /// While acceptances are still leaving, only full looks are worth their call.
    fn start_validating(&mut self, tally: &Tally<'_>) {
        let now = self.now();
        if self.under_way.validating || now < self.next_poll_at {
            return;
        }
        let sending = self.is_sending();
        let enough = if sending { IDS_PER_LOOK } else { 1 };
        let due = tally.due(Phase::Validating, now, enough) >= enough || (self.look_for_others && !sending);
        if !due || self.wait == Wait::No {
            return;
        }
        self.look_for_others = false;
        self.under_way.validating = true;
        let (core, clock, outage) = (self.core, self.clock, self.outage());
        self.push(async move { Step::Validated(validate(core, clock, outage).await) });
    }

    fn is_sending(&self) -> bool {
        let under_way = &self.under_way;
        self.more
            || under_way.preparing
            || under_way.recording
            || under_way.calls > 0
            || !self.queue.is_empty()
            || !self.answered.is_empty()
    }

    async fn take(&mut self, step: Step, tally: &mut Tally<'_>) {
        match step {
            Step::Prepared(prepared, claimed_at) => self.prepared(*prepared, claimed_at, tally).await,
            Step::Intended(intended, calls) => self.intended(intended, calls, tally),
            Step::Answered(answered) => self.answered(*answered, tally).await,
            Step::Recorded(recorded) => {
                self.under_way.recording = false;
                match recorded {
                    Ok(recorded) => self.recorded(recorded, tally),
                    Err(halt) => self.stop(halt),
                }
            }
            Step::Validated(validated) => {
                self.under_way.validating = false;
                match validated {
                    Ok(validated) => self.validated(validated, tally).await,
                    Err(halt) => self.stop(halt),
                }
            }
            Step::Released(Ok((settlements, results))) => {
                // Only now can they be claimed again.
                self.more = true;
                tally.settled(settlements, &results);
            }
            Step::Released(Err(halt)) => self.stop(halt),
        }
    }

    async fn prepared(&mut self, prepared: Prepared, claimed_at: Timestamp, tally: &mut Tally<'_>) {
        self.under_way.preparing = false;
        self.more = prepared.full;
        self.unanswered_in_row = prepared.unanswered_in_row.unwrap_or(self.unanswered_in_row);
        tally.report.calls.reads += prepared.reads;
        for id in &prepared.claimed {
            tally.working_on(id);
        }
        if !prepared.results.is_empty() {
            self.made_progress();
        }
        tally.settled(prepared.settlements, &prepared.results);
        self.queue.extend(prepared.sendable);
        if let Some(until) = prepared.paused_until {
            self.hold(until, tally);
        } else if let Some(halt) = prepared.halt {
            self.stop_or_pause(halt, tally).await;
        } else if !self.more {
            self.catch_up(Phase::Ready, claimed_at, true, tally).await;
        }
    }

    fn intended(&mut self, intended: Result<Vec<Intended>, Halt>, calls: usize, tally: &mut Tally<'_>) {
        self.under_way.intending = false;
        let intended = match intended {
            Ok(intended) => intended,
            Err(halt) => {
                self.under_way.calls -= calls;
                return self.stop(halt);
            }
        };
        let lost = calls - intended.len();
        self.under_way.calls -= lost;
        if lost > 0 {
            tally.report.lost_to_others += lost as u64;
            // Whoever wrote in between may have left them to be sent.
            self.more = true;
        }
        for one in intended {
            if self.held() {
                self.under_way.calls -= 1;
                self.answered.push(withdrawn(
                    one.sendable.claimed,
                    one.call,
                    "the run stops or the shop rests",
                ));
                continue;
            }
            tally.tell(&Event::Sending {
                order_id: one.sendable.claimed.order_id.clone(),
            });
            let core = self.core;
            self.push(async move { Step::Answered(Box::new(send(core, one).await)) });
        }
    }

    async fn answered(&mut self, answered: Answered, tally: &mut Tally<'_>) {
        self.under_way.calls -= 1;
        let verdict = answered.answer.verdict.clone();
        if !matches!(verdict, SendVerdict::NotSent | SendVerdict::Withdrawn) {
            tally.report.calls.sends += 1;
        }
        let order_id = answered.claimed.order_id.clone();
        tally.tell(&Event::Answered {
            order_id,
            verdict: verdict.clone(),
        });
        let detail = answered.answer.detail.clone();
        self.answered.push(answered);
        if verdict == SendVerdict::Withdrawn {
            self.stop_if_stalled();
        } else {
            self.made_progress();
        }
        match &verdict {
            SendVerdict::Unknown | SendVerdict::NotSent => {
                self.unanswered_seen = self.unanswered_seen.saturating_add(1)
            }
            SendVerdict::Withdrawn => {}
            SendVerdict::Applied
            | SendVerdict::Precondition
            | SendVerdict::Refused
            | SendVerdict::Credentials
            | SendVerdict::Throttled(_) => self.unanswered_seen = 0,
        }
        match verdict {
            SendVerdict::Throttled(rest) => self.pause(rest, tally).await,
            SendVerdict::Credentials => self.stop(Halt::Credentials { detail }),
            _ => {}
        }
    }

    fn recorded(&mut self, recorded: Recorded, tally: &mut Tally<'_>) {
        tally.settled(recorded.settlements, &recorded.results);
        self.unanswered_in_row = recorded.unanswered_in_row;
        if self.answered.is_empty() {
            self.unanswered_seen = self.unanswered_in_row;
        }
        if !recorded.tried {
            return;
        }
        if self.outage() {
            self.stop(Halt::BreakerOpen {
                unanswered: self.unanswered_in_row,
            });
        } else if self.probing {
            self.probing = false;
            self.more = true;
        }
    }

    async fn validated(&mut self, validated: Validated, tally: &mut Tally<'_>) {
        self.next_poll_at = validated.next_poll_at;
        tally.report.calls.reads += validated.reads;
        if !validated.looked.is_empty() {
            tally.tell(&Event::Looked {
                orders: validated.looked.len(),
            });
        }
        for id in &validated.looked {
            tally.working_on(id);
        }
        tally.settled(validated.settlements, &validated.results);
        match validated.halt {
            Some(halt) => self.stop_or_pause(halt, tally).await,
            None => {
                let (asked_at, granted) = (validated.asked_at, validated.granted);
                self.catch_up(Phase::Validating, asked_at, granted, tally).await;
            }
        }
    }

    /// Asks where orders stand that were due at `now` and that we did not get to work on: somebody else may have.
    async fn catch_up(&mut self, phase: Phase, now: Timestamp, tried: bool, tally: &mut Tally<'_>) {
        let settings = &self.core.settings;
        let overdue = tally.overdue(phase, now);
        for ids in overdue.chunks(settings.batch) {
            let standings = self.core.ports.store.standings(ids).await;
            let now = self.now();
            let soonest = time::plus(now, settings.poll_interval.max(settings.lease));
            match standings {
                Ok(standings) => tally.found(ids, &standings, now, soonest, tried),
                Err(error) => return self.stop(Halt::Store(error)),
            }
        }
    }

    fn made_progress(&mut self) {
        self.progress_at = self.core.ports.clock.monotonic();
    }

    /// Stops a run that for several leases has only claimed and given back.
    fn stop_if_stalled(&mut self) {
        let lease = self.core.settings.lease;
        let stalled = self.core.ports.clock.monotonic().saturating_sub(self.progress_at);
        if stalled > lease.saturating_mul(LEASES_IN_VAIN) {
            self.stop(Halt::TooSlow { lease });
        }
    }

    /// Stops the run: the first reason stands. What is under way is still finished and recorded.
    fn stop(&mut self, halt: Halt) {
        self.halt.get_or_insert(halt);
    }

    async fn stop_or_pause(&mut self, halt: Halt, tally: &mut Tally<'_>) {
        match asked_for_rest(&halt) {
            Some(rest) => self.pause(rest, tally).await,
            None => self.stop(halt),
        }
    }

    /// The shop rests, for all workers and the next run.
    async fn pause(&mut self, rest: Option<Duration>, tally: &mut Tally<'_>) {
        match pause(self.core, self.now(), rest).await {
            Err(halt) => self.stop(halt),
            Ok(until) => self.hold(until, tally),
        }
    }

    /// Lets no call leave before `until`.
    fn hold(&mut self, until: Timestamp, tally: &Tally<'_>) {
        tally.tell(&Event::Paused { until });
        let now = self.now();
        self.paused_until = self.paused_until.max(Some(until));
        if let Err(halt) = self.patience.bear(now, until) {
            self.stop(halt);
        }
    }

    /// Waits for what comes next; `false` where nothing does.
    async fn rest(&mut self, tally: &mut Tally<'_>) -> bool {
        let now = self.now();
        let ready = tally.next_due(Phase::Ready);
        let look = tally
            .next_due(Phase::Validating)
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
        tally.tell(&Event::Waiting {
            until,
            orders: tally.waiting(),
        });
        self.core.ports.clock.sleep(time::until(now, until)).await;
        self.made_progress();
        match self.core.store_clock().await {
            Ok(clock) => self.clock = clock,
            Err(error) => self.stop(Halt::Store(error)),
        }
        self.halt.is_none()
    }
}
