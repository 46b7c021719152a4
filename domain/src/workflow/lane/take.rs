//! What follows from a step that finished.

use std::time::Duration;

use crate::guards::{Guard, dropped};
use crate::ports::{SendVerdict, Settled};
use crate::time::{self, Timestamp};
use crate::work::Phase;

use super::super::events::Event;
use super::super::prepare::{Prepared, Sendable};
use super::super::record::Recorded;
use super::super::report::Halt;
use super::super::rest::{Rest, end_of_rest};
use super::super::send::{Answered, Intended};
use super::super::tally::Tally;
use super::super::validate::Validated;
use super::{Lane, Standings, Step};

/// After this many leases in which orders were only claimed and given back, the run stops.
const LEASES_IN_VAIN: u32 = 3;

impl Lane<'_> {
    pub(super) fn take(&mut self, step: Step, tally: &mut Tally<'_>) {
        match step {
            Step::Prepared(prepared, claimed_at) => self.prepared(*prepared, claimed_at, tally),
            Step::Renewed(renewed, short) => self.renewed(renewed, short, tally),
            Step::Intended(intended, calls) => self.intended(intended, calls, tally),
            Step::Answered(answered) => self.answered(*answered, tally),
            Step::Recorded(recorded) => {
                self.under_way.recording -= 1;
                self.counting &= self.under_way.recording > 0;
                match recorded {
                    Ok(recorded) => self.recorded(recorded, tally),
                    Err(halt) => self.stop(halt),
                }
            }
            Step::Validated(validated) => {
                self.under_way.validating = false;
                match validated {
                    Ok(validated) => self.validated(validated, tally),
                    Err(halt) => self.stop_or_pause(halt, tally),
                }
            }
            Step::Released(Ok((settlements, results))) => {
                // Only now can they be claimed again.
                self.more = true;
                tally.settled(settlements, &results);
            }
            Step::CaughtUp(found, tried) => self.caught_up(found, tried, tally),
            Step::Paused(Ok(())) => {}
            Step::Released(Err(halt)) | Step::Paused(Err(halt)) => self.stop(halt),
        }
    }

    fn prepared(&mut self, prepared: Prepared, claimed_at: Timestamp, tally: &mut Tally<'_>) {
        self.under_way.preparing = false;
        self.more = prepared.full;
        // A wait for the budget is no sign of a slow store.
        self.progress_at = self.progress_at.saturating_add(prepared.waited);
        if self.alone && prepared.claimed.is_empty() && prepared.paused_until.is_none() {
            self.suspects = false;
        }
        self.alone = prepared.alone;
        if let Some(unanswered) = prepared.unanswered_in_row {
            // Another worker may have met an outage: then one call at a time goes out here too.
            self.unanswered_in_row = unanswered;
            self.probing |= self.outage();
        }
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
            self.stop_or_pause(halt, tally);
        } else if !self.more {
            self.start_catching_up(Phase::Ready, claimed_at, true, tally);
        }
    }

    /// Orders whose leases were prolonged are the next to be sent. Those that somebody else has by now are theirs.
    fn renewed(&mut self, renewed: Result<Vec<Settled>, Halt>, short: Vec<Sendable>, tally: &mut Tally<'_>) {
        self.under_way.renewing = false;
        let renewed = match renewed {
            Ok(renewed) => renewed,
            Err(halt) => {
                // They are given back where that is possible.
                self.queue.extend(short);
                return self.stop_or_pause(halt, tally);
            }
        };
        for (sendable, renewed) in short.into_iter().zip(renewed).rev() {
            match renewed {
                Settled::Written => self.queue.push_front(sendable),
                Settled::Lost => {
                    tally.report.lost_to_others += 1;
                    self.more = true;
                }
            }
        }
    }

    fn intended(&mut self, intended: Result<Vec<Intended>, Halt>, calls: usize, tally: &mut Tally<'_>) {
        self.under_way.intending -= 1;
        self.under_way.intents -= calls;
        let intended = match intended {
            Ok(intended) => intended,
            Err(halt) => return self.stop(halt),
        };
        let lost = calls - intended.len();
        if lost > 0 {
            tally.report.lost_to_others += lost as u64;
            // Whoever wrote in between may have left them to be sent.
            self.more = true;
        }
        self.intended.extend(intended);
    }

    fn answered(&mut self, answered: Answered, tally: &mut Tally<'_>) {
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
            SendVerdict::Throttled(rest) => self.pause(rest, tally),
            SendVerdict::Credentials if !dropped(Guard::CredentialsStop) => self.stop(Halt::Credentials { detail }),
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
            self.probing |= self.outage();
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

    fn validated(&mut self, validated: Validated, tally: &mut Tally<'_>) {
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
            Some(halt) => self.stop_or_pause(halt, tally),
            None => {
                // What was left out on purpose was not passed over.
                let tried = validated.granted && (validated.most.is_none() || validated.looked.is_empty());
                self.start_catching_up(Phase::Validating, validated.asked_at, tried, tally);
            }
        }
    }

    /// Orders that were due and that we did not get to work on: somebody else may have.
    fn caught_up(&mut self, found: Result<Vec<Standings>, Halt>, tried: bool, tally: &mut Tally<'_>) {
        self.under_way.catching_up = false;
        let settings = &self.core.settings;
        let now = self.now();
        let soonest = time::plus(now, settings.poll_interval.max(settings.lease));
        match found {
            Ok(found) => {
                for (ids, standings) in found {
                    tally.found(&ids, &standings, now, soonest, tried);
                }
            }
            Err(halt) => self.stop(halt),
        }
    }

    pub(super) fn made_progress(&mut self) {
        self.progress_at = self.core.ports.clock.monotonic();
    }

    /// Stops a run that for several leases has only claimed and given back.
    pub(super) fn stop_if_stalled(&mut self) {
        let lease = self.core.settings.lease;
        let stalled = self.core.ports.clock.monotonic().saturating_sub(self.progress_at);
        if stalled > lease.saturating_mul(LEASES_IN_VAIN) {
            self.stop(Halt::TooSlow { lease });
        }
    }

    /// Stops the run: the first reason stands. What is under way is still finished and recorded.
    pub(super) fn stop(&mut self, halt: Halt) {
        self.halt.get_or_insert(halt);
    }

    fn stop_or_pause(&mut self, halt: Halt, tally: &Tally<'_>) {
        if let Halt::OutOfBudget { until } = halt {
            self.out_of_budget = Some(until);
            return;
        }
        match Rest::behind(&halt) {
            Some(Rest::Asked(rest)) => self.pause(rest, tally),
            Some(Rest::OnRecord(until)) => self.hold(until, tally),
            None => self.stop(halt),
        }
    }

    /// The shop rests, for all workers and the next run: here at once, elsewhere once the store has it.
    fn pause(&mut self, rest: Option<Duration>, tally: &Tally<'_>) {
        let until = end_of_rest(self.core, self.now(), rest);
        self.hold(until, tally);
        self.start_pausing(until);
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
}
