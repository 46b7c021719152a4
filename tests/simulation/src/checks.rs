//! What is checked at the very moment at which it happens: intents, sends, answers, looks, pauses.

use std::collections::BTreeSet;

use ackord::call::CallId;
use ackord::order::OrderId;
use ackord::ports::{Intent, RecordedAnswer, Settled, StoreResult};
use ackord::status::OrderStatus;
use ackord::time::{self, Timestamp};
use ackord::work::{Claimed, Phase, Settlement};

use crate::desk::body_hash;
use crate::facts::IntentFact;
use crate::faults::Op;
use crate::sim::{Sim, State, number_of};
use crate::times::{MINUTE, SECOND, micros};

/// How many reads a worker may still make after a pause became durable: one that was about to start, and its retries.
const READS_UNAWARE: usize = 3;

/// How an order stood right before its intent was written.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    phase: Option<Phase>,
    status: Option<OrderStatus>,
    call_open: bool,
}

impl Sim {
    /// Orders whose rows may have changed.
    pub(crate) fn touched<'a>(&self, ids: impl Iterator<Item = &'a OrderId>) {
        let mut state = self.state();
        state.dirty.extend(ids.filter_map(|id| number_of(id.as_str())));
    }

    pub(crate) fn claimed(&self, slot: usize, claimed: &[Claimed]) {
        let now = self.now();
        let mut state = self.state();
        for order in claimed {
            if state.facts.hold.is_some() && order.standing.phase.sends() {
                state.violate(|| format!("{}: claimed to be sent while sending is held", order.order_id));
            }
            let number = number_of(order.order_id.as_str()).unwrap_or(0);
            state.dirty.insert(number);
            state.facts.claimed_as.insert((slot, number), order.standing.phase);
            state.trace.mix(4000 + number as u64, order.fence.0.cast_unsigned());
            state.trace.tell(now, || {
                format!(
                    "   worker {slot} claims {} ({}, version {}, fence {})",
                    order.order_id, order.standing.phase, order.version, order.fence.0
                )
            });
        }
    }

    pub(crate) fn before_intents(&self, intents: &[Intent]) -> Vec<Before> {
        let before = |intent: &Intent| {
            self.memory.inspect(&intent.order_id, |rows| Before {
                phase: rows.work.map(|row| row.standing.phase),
                status: rows.entries.last().map(|entry| entry.status.clone()),
                call_open: rows.work.is_some_and(|row| row.standing.call_open),
            })
        };
        intents.iter().map(before).collect()
    }

    /// Intents became durable: each must be for an order that may be sent, and repeat what was frozen.
    pub(crate) fn intended(&self, slot: usize, intents: &[Intent], calls: &[Option<CallId>], before: &[Before]) {
        let now = self.now();
        let mut state = self.state();
        for ((intent, call), before) in intents.iter().zip(calls).zip(before) {
            let Some(call) = call else { continue };
            let number = number_of(intent.order_id.as_str()).unwrap_or(0);
            state.dirty.insert(number);
            if state.facts.intents.contains_key(call) {
                // The same operation, told again.
                continue;
            }
            let id = &intent.order_id;
            if state.facts.hold.is_some() {
                state.violate(|| format!("{id}: an intent while sending is held"));
            }
            state.trace.mix(5000 + number as u64, call.0.cast_unsigned());
            state
                .trace
                .tell(now, || format!("   worker {slot}: intent {call} for {id} is durable"));
            if before.status != Some(OrderStatus::PendingAcceptance) {
                state.violate(|| format!("{id}: an intent while its status was {:?}", before.status));
            }
            if before.phase != Some(Phase::Ready) || before.call_open {
                state.violate(|| format!("{id}: an intent while it stood in {:?} ({before:?})", before.phase));
            }
            let body = body_hash(&intent.decision);
            let frozen = state.facts.orders[number].frozen;
            if frozen.is_some_and(|frozen| frozen != body) {
                state.violate(|| format!("{id}: promise 1: the resend is another decision than the frozen one"));
            }
            let facts = &mut state.facts;
            facts.orders[number].frozen = Some(body);
            facts.orders[number].intents.push(*call);
            facts.orders[number].looks.clear();
            // An intent that lands late may have its end behind it.
            let store_now = self.times.store_now();
            let ends_in = micros(time::until(store_now, intent.call.answer_by));
            let ended = micros(time::until(intent.call.answer_by, store_now));
            let fact = IntentFact {
                order: number,
                at: now,
                answer_by: (now + ends_in).saturating_sub(ended),
                outcome: None,
            };
            facts.intents.insert(*call, fact);
        }
    }

    /// Answers are on record: an outcome that stood must not have changed.
    pub(crate) fn answers_recorded(&self, answers: &[RecordedAnswer]) {
        for answer in answers {
            let on_record = self.memory.logged_call(answer.call).and_then(|call| call.row.outcome);
            let now = self.now();
            let mut state = self.state();
            let Some(fact) = state.facts.intents.get_mut(&answer.call) else {
                state.violate(|| format!("call {}: an answer to a call without an intent", answer.call));
                continue;
            };
            let (known, order) = (fact.outcome, fact.order);
            fact.outcome = on_record;
            if known.is_some() && known != on_record {
                state.violate(|| {
                    format!(
                        "promise 4: the outcome of call {} was {known:?}, is {on_record:?}",
                        answer.call
                    )
                });
            }
            if on_record == Some(ackord::call::CallOutcome::Refused) {
                // A refusal lets the frozen decision go.
                state.facts.orders[order].frozen = None;
            }
            state.dirty.insert(order);
            state.trace.tell(now, || {
                format!(
                    "   answer to call {} on record: {:?}",
                    answer.call,
                    answer.end.outcome.as_str()
                )
            });
        }
    }

    pub(crate) fn settled(&self, slot: usize, settlements: &[Settlement], told: &StoreResult<Vec<Settled>>) {
        let Ok(results) = told else { return };
        let now = self.now();
        let mut state = self.state();
        for (settlement, result) in settlements.iter().zip(results) {
            let number = number_of(settlement.order_id.as_str()).unwrap_or(0);
            let phase = settlement.standing.phase;
            if *result == Settled::Lost
                && let Some(looked_at) = state.facts.granted.get_mut(&slot)
            {
                // Somebody else changed it: what was seen of it came to nothing.
                looked_at.remove(&number);
            }
            if let (Some(call), Settled::Written) = (settlement.close_call, result)
                && let Err(what) = state.facts.decided_by_looks(number, call, &state.profile)
            {
                state.violate(|| format!("{}: {what}", settlement.order_id));
            }
            state.trace.mix(
                6000 + number as u64,
                phase as u64 * 2 + u64::from(*result == Settled::Lost),
            );
            state.trace.tell(now, || {
                let entry = settlement.entry.as_ref();
                let entry = entry.map_or_else(String::new, |entry| format!(", '{}': {}", entry.status, entry.note));
                format!(
                    "   worker {slot} settles {} to {phase}{entry} ({result:?})",
                    settlement.order_id
                )
            });
        }
    }

    pub(crate) fn granted(&self, slot: usize) {
        self.state().facts.granted.insert(slot, BTreeSet::new());
    }

    /// A pause is on record.
    pub(crate) fn paused(&self, until: Timestamp) {
        let now = self.now();
        let store_now = self.times.store_now();
        let until = now + micros(time::until(store_now, until));
        let mut state = self.state();
        state.facts.pauses.push((now, until));
        state.trace.tell(now, || {
            format!("   the shop is paused until {}", crate::trace::clock_text(until))
        });
    }

    /// A call to the marketplace begins: not while the shop rests, save what a worker had begun before it could know.
    pub(crate) fn calls_the_marketplace(&self, state: &mut State, slot: usize, op: Op) {
        let now = self.now();
        let State { facts, profile, .. } = &mut *state;
        let beyond = facts.is_beyond_budget(now, profile);
        if op != Op::Accept {
            facts.reads.entry(slot).or_default().push(now);
        }
        let since = facts.pauses.iter().find_map(|(since, until)| {
            // The worker's idea of the time may be ahead by its skew.
            let skew = (until - since) / 1000 * profile.skew_ppm / 1000 + SECOND;
            (*since < now && now + skew < *until).then_some(*since)
        });
        let since = since.filter(|_| !profile.store_jumps);
        if let Some(what) = beyond {
            state.violate(|| format!("a call ({op}) of worker {slot} beyond the budget: {what}"));
        }
        let Some(since) = since else {
            return;
        };
        let State {
            facts,
            profile,
            frozen_last,
            ..
        } = &mut *state;
        let broken = if op == Op::Accept {
            // What is claimed may be sent while the lease lasts.
            // The answer to the question for a pause may have been long on its way.
            let slow = if profile.store_faults > 0 { 2 * MINUTE } else { 0 };
            let lease = micros(profile.settings.lease) * 11 / 10 + slow;
            frozen_last[slot] < since && since + lease < now
        } else {
            let reads = facts.reads.get(&slot).into_iter().flatten();
            reads.filter(|at| **at > since).count() > READS_UNAWARE
        };
        if broken {
            state.violate(|| format!("a call ({op}) of worker {slot} while the shop is paused"));
        }
    }

    /// A look begins: of orders in flight only by a worker that was granted it.
    pub(crate) fn looks_at(&self, slot: usize, ids: &[OrderId]) {
        if ids.len() > ackord::settings::IDS_PER_LOOK {
            self.violate(|| format!("{} ids in one look", ids.len()));
        }
        let now = self.now();
        let mut state = self.state();
        state.trace.tell(now, || {
            let ids: Vec<&str> = ids.iter().map(OrderId::as_str).collect();
            format!("   worker {slot} looks at {}", ids.join(" "))
        });
        let facts = &mut state.facts;
        let mut repeated = false;
        for number in ids.iter().filter_map(|id| number_of(id.as_str())) {
            let claimed_as = facts.claimed_as.get(&(slot, number));
            if matches!(claimed_as, Some(Phase::Validating | Phase::Review)) {
                // Each grant is for one look at each order.
                let granted = facts.granted.get_mut(&slot);
                repeated |= granted.is_none_or(|looked_at| !looked_at.insert(number));
            }
        }
        if repeated {
            state.violate(|| format!("worker {slot} looks at orders in flight without the right to"));
        }
    }

    /// An acceptance leaves: its intent must be durable, its decision the frozen one, and none else under way.
    pub(crate) fn bytes_left(&self, slot: usize, order: usize, body: u64) {
        let mut state = self.state();
        self.nothing_leaves_while_held(&mut state, slot, order);
        let strict = state.profile.strict;
        let facts = &mut state.facts.orders[order];
        let (intents, frozen, under_way) = (facts.intents.len(), facts.frozen, facts.under_way);
        facts.under_way += 1;
        let id = &self.ids[order];
        if intents == 0 {
            state.violate(|| format!("{id}: promise 1: an acceptance leaves without an intent on record"));
        } else if frozen.is_some_and(|frozen| frozen != body) {
            state.violate(|| format!("{id}: promise 1: what leaves is not what was intended"));
        } else if strict && under_way > 0 {
            state.violate(|| format!("{id}: promise 1: an acceptance leaves while another one is under way"));
        }
    }

    /// An acceptance arrives and is carried out or checked: never more of them than intents, and in a world that keeps
    /// within the settings never after one of ours took effect.
    pub(crate) fn judge_arrival(&self, order: usize, _body: u64) {
        let mut state = self.state();
        let facts = &state.facts.orders[order];
        let (received, intents, effects) = (facts.received.len() + 1, facts.intents.len(), facts.effects.len());
        let id = &self.ids[order];
        if received > intents {
            state.violate(|| {
                format!("{id}: promise 4: {received} acceptances arrived, {intents} intents are on record")
            });
        }
        if effects > 0 && state.profile.strict {
            state.violate(|| format!("{id}: promise 1: an acceptance arrives after one took effect"));
        }
    }
}
