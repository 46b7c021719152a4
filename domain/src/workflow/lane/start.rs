//! What may start now: each kind of step at most once at a time, but calls.

use crate::ports::Suspects;
use crate::settings::IDS_PER_LOOK;
use crate::time::Timestamp;
use crate::work::{Claimed, Phase, Settlement};

use super::super::Wait;
use super::super::events::Event;
use super::super::prepare::{Sendable, Wanted, oldest_look, prepare, trusted_from_now};
use super::super::record::{counts, record};
use super::super::report::Halt;
use super::super::rest::{not_paused, store_pause};
use super::super::send::{intend, is_fresh, is_leased_for_a_call, send, withdrawn};
use super::super::tally::Tally;
use super::super::validate::validate;
use super::{Lane, Step};

/// So many batches of intents may be written at once: while one waits for the disk, the next gathers.
const INTENDING_AT_ONCE: usize = 2;

/// So many batches of answers may be written at once, unless they tell of an outage or of its end.
const RECORDING_AT_ONCE: usize = 2;

impl Lane<'_> {
    pub(super) fn start(&mut self, tally: &Tally<'_>) {
        if self.held() {
            self.withdraw();
        }
        self.start_recording();
        if self.held() {
            let queue: Vec<_> = self.queue.drain(..).map(|sendable| sendable.claimed).collect();
            self.start_releasing(queue);
            return;
        }
        if self.paused_until.take().is_some() {
            self.more = true;
        }
        self.alone &= !self.is_drained();
        if !self.alone {
            self.start_preparing(tally);
        }
        self.start_calls(tally);
        self.start_intending();
        if !self.alone {
            self.start_validating(tally);
        }
    }

    fn start_recording(&mut self) {
        let under_way = self.under_way.recording;
        if self.answered.is_empty() || self.counting || under_way >= RECORDING_AT_ONCE {
            return;
        }
        let most = self.core.settings.batch.min(self.answered.len());
        let counts = counts(self.unanswered_in_row, &self.answered[..most]);
        if counts && under_way > 0 {
            return;
        }
        self.counting = counts;
        self.under_way.recording += 1;
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
            let settlements: Vec<_> = claimed.iter().map(Settlement::release).collect();
            let results = core.settle(&settlements, now).await.map_err(Halt::Store);
            Step::Released(results.map(|results| (settlements, results)))
        });
    }

    fn start_preparing(&mut self, tally: &Tally<'_>) {
        let now = self.now();
        let drained = self.is_drained();
        let more = self.more
            || (drained && self.suspects)
            || (!self.under_way.catching_up && tally.due(Phase::Ready, now, 1) > 0);
        if self.under_way.preparing
            || !more
            || self.out_of_budget.is_some()
            || self.queue.len() >= self.places()
            || self.suspects_an_outage()
        {
            return;
        }
        // A probe is one order; the others stay untouched until it is answered.
        if self.probing && (self.calls_in_hand() > 0 || !self.answered.is_empty() || self.under_way.recording > 0) {
            return;
        }
        self.under_way.preparing = true;
        self.alone = drained;
        let wanted = Wanted {
            limit: self.soon(now),
            suspects: if drained {
                Suspects::AloneAtLast
            } else {
                Suspects::LeftOut
            },
        };
        let (core, clock, purse) = (self.core, self.clock, self.purse);
        let (waiting, outage) = (self.waiting, self.outage());
        self.push(async move {
            let prepared = prepare(core, clock, purse, waiting, wanted, outage).await;
            Step::Prepared(Box::new(prepared), now)
        });
    }

    /// How many more orders this worker can start soon: the rest is left to others. Twice as many as may be under way keep
    /// it busy while the next are prepared. Where each has to be looked at first, whole looks are worth their call.
    fn soon(&self, now: Timestamp) -> usize {
        if self.probing {
            return 1;
        }
        let in_hand = self.queue.len() + self.under_way.intents + self.intended.len();
        let soon = (2 * self.places()).saturating_sub(in_hand).max(1);
        let listed = self.waiting.is_fresh(oldest_look(self.core, now));
        let least = if listed { 0 } else { IDS_PER_LOOK };
        soon.max(least).min(self.core.settings.batch)
    }

    /// Sends what has its intent on record, as far as places are free.
    fn start_calls(&mut self, tally: &Tally<'_>) {
        while self.under_way.calls < self.places()
            && !self.suspects_an_outage()
            && let Some(one) = self.intended.pop_front()
        {
            self.under_way.calls += 1;
            tally.tell(&Event::Sending {
                order_id: one.sendable.claimed.order_id.clone(),
            });
            let core = self.core;
            self.push(async move { Step::Answered(Box::new(send(core, one).await)) });
        }
    }

    /// Takes back what has its intent on record, but has not been sent.
    fn withdraw(&mut self) {
        for one in self.intended.drain(..) {
            let why = "the run stops or the shop rests";
            self.answered.push(withdrawn(one.sendable.claimed, one.call, why));
        }
    }

    fn start_intending(&mut self) {
        let places = self.calls_at_once().saturating_sub(self.calls_in_hand());
        if self.under_way.intending >= INTENDING_AT_ONCE
            || self.under_way.renewing
            || places == 0
            || self.queue.is_empty()
            || self.suspects_an_outage()
        {
            return;
        }
        let mut batch = Vec::new();
        let mut short = Vec::new();
        let mut stale = Vec::new();
        while batch.len() + short.len() < places
            && let Some(sendable) = self.queue.pop_front()
        {
            if !is_fresh(self.core, self.clock, &sendable) {
                stale.push(sendable.claimed);
            } else if !is_leased_for_a_call(self.core, &sendable) {
                short.push(sendable);
            } else {
                batch.push(sendable);
            }
        }
        self.start_renewing(short);
        if !stale.is_empty() {
            self.start_releasing(stale);
            self.stop_if_stalled();
        }
        if batch.is_empty() {
            return;
        }
        self.under_way.intending += 1;
        self.under_way.intents += batch.len();
        let (core, clock, calls) = (self.core, self.clock, batch.len());
        self.push(async move { Step::Intended(intend(core, clock, batch).await, calls) });
    }

    /// Prolongs the leases of orders that waited for their turn, so that their looks are not made in vain.
    fn start_renewing(&mut self, mut short: Vec<Sendable>) {
        if short.is_empty() {
            return;
        }
        self.under_way.renewing = true;
        let (core, clock) = (self.core, self.clock);
        let now = self.now();
        let trusted_until = trusted_from_now(core);
        let leases = short.iter().map(|sendable| sendable.claimed.lease()).collect();
        for sendable in &mut short {
            sendable.trusted_until = trusted_until;
        }
        self.push(async move {
            // They have waited for long: another worker may have learnt meanwhile that the shop has to rest.
            let renewed = match not_paused(core, clock).await {
                Ok(()) => core.renew(leases, now).await,
                Err(halt) => Err(halt),
            };
            Step::Renewed(renewed, short)
        });
    }

    /// While acceptances are still leaving, or others fall due soon, only full looks are worth their call.
    fn start_validating(&mut self, tally: &Tally<'_>) {
        let now = self.now();
        if self.under_way.validating
            || self.under_way.catching_up
            || self.out_of_budget.is_some()
            || now < self.next_poll_at
            || self.wait == Wait::No
        {
            return;
        }
        let sending = self.is_sending();
        let most = if self.look_for_others && !sending {
            self.look_for_others = false;
            None
        } else {
            let worth = tally.worth_looking_at(now, self.core.settings.poll_interval, sending);
            if worth == 0 {
                return;
            }
            let all = !sending && tally.due(Phase::Validating, now, worth + 1) == worth;
            (!all).then_some(worth)
        };
        self.under_way.validating = true;
        let (core, clock, purse, outage) = (self.core, self.clock, self.purse, self.outage());
        self.push(async move { Step::Validated(validate(core, clock, purse, outage, most).await) });
    }

    /// Asks where orders stand that were due at `due` and that we did not get to work on.
    pub(super) fn start_catching_up(&mut self, phase: Phase, due: Timestamp, tried: bool, tally: &Tally<'_>) {
        let overdue = tally.overdue(phase, due);
        if self.under_way.catching_up || overdue.is_empty() {
            return;
        }
        self.under_way.catching_up = true;
        let core = self.core;
        self.push(async move {
            let mut found = Vec::new();
            for ids in overdue.chunks(core.settings.batch) {
                match core.ports.store.standings(ids).await {
                    Ok(standings) => found.push((ids.to_vec(), standings)),
                    Err(error) => return Step::CaughtUp(Err(Halt::Store(error)), tried),
                }
            }
            Step::CaughtUp(Ok(found), tried)
        });
    }

    /// Puts a pause into the store, for all workers and the next run.
    pub(super) fn start_pausing(&mut self, until: Timestamp) {
        let core = self.core;
        self.push(async move { Step::Paused(store_pause(core, until).await) });
    }

    fn is_sending(&self) -> bool {
        let under_way = &self.under_way;
        self.more
            || under_way.preparing
            || under_way.renewing
            || under_way.recording > 0
            || self.calls_in_hand() > 0
            || !self.queue.is_empty()
            || !self.answered.is_empty()
    }
}
