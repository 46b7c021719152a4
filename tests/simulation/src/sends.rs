//! Acceptances on the marketplace's side: what becomes of each, and what is answered.

use std::time::Duration;

use ackord::ports::SendVerdict;

use crate::facts::Received;
use crate::faults::{FaultKind, Op};
use crate::sim::{Event, Sim, State};
use crate::times::{MILLI, SECOND};

/// What is in store for one acceptance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SendPlan {
    pub(crate) connecting: u64,
    pub(crate) travelling: u64,
    pub(crate) coming_back: u64,
    /// For how long the process is frozen while it connects.
    pub(crate) frozen: u64,
    pub(crate) fault: Option<FaultKind>,
}

const FAULTS: [FaultKind; 17] = [
    FaultKind::SendSlow,
    FaultKind::SendErrorBefore,
    FaultKind::SendErrorAfter,
    FaultKind::SendThrottled,
    FaultKind::SendThrottledNoTime,
    FaultKind::AnswerLost,
    FaultKind::AnswerLost,
    FaultKind::EffectLate,
    FaultKind::EffectLate,
    FaultKind::EffectAfterSuccess,
    FaultKind::SendReset,
    FaultKind::NotSent,
    FaultKind::SendHtml,
    FaultKind::SendCredentials,
    FaultKind::FalsePrecondition,
    FaultKind::Refused,
    FaultKind::EmptyPromise,
];

/// How long a call may be held up on its way where nothing keeps within the settings.
const HELD_UP: [u64; 4] = [5 * SECOND, 20 * SECOND, 60 * SECOND, 200 * SECOND];

/// Draws what becomes of an acceptance that is about to be sent.
pub(crate) fn plan_send(state: &mut State, now: u64, order: usize) -> SendPlan {
    if state.storm && state.profile.acts > 0 && state.rng.once_in(12) {
        for _ in 0..state.rng.between(1, 4) {
            let at = now + state.rng.below(400 * MILLI);
            state.schedule(at, Event::Meddle(order));
        }
    }
    let State {
        rng, profile, storm, ..
    } = state;
    let mut plan = SendPlan {
        connecting: rng.between(MILLI, 100 * MILLI),
        travelling: rng.between(5 * MILLI, 300 * MILLI),
        coming_back: rng.between(5 * MILLI, 300 * MILLI),
        frozen: 0,
        fault: None,
    };
    if !*storm {
        return plan;
    }
    if rng.once_in(profile.send_faults) {
        plan.fault = Some(rng.pick(&FAULTS));
    }
    if !profile.strict && rng.once_in(40) {
        plan.fault = Some(FaultKind::FrozenInSend);
    }
    let timeout = crate::times::micros(profile.settings.call_timeout);
    match plan.fault {
        Some(FaultKind::SendSlow) => {
            // In time to take effect, though perhaps not to be answered.
            plan.travelling = rng.between(1, timeout * 8 / 10);
            plan.coming_back = rng.between(1, timeout);
        }
        Some(FaultKind::FrozenInSend) => plan.travelling = rng.between(SECOND, 90 * SECOND),
        Some(FaultKind::NotSent) if !profile.strict && rng.once_in(2) => plan.frozen = rng.pick(&HELD_UP),
        Some(FaultKind::AnswerLost) if rng.once_in(2) => plan.coming_back = 10 * timeout,
        _ => {}
    }
    if !profile.strict && plan.fault.is_some() && rng.once_in(3) {
        plan.travelling += rng.pick(&HELD_UP);
    }
    plan
}

impl Sim {
    /// An acceptance arrives.
    pub(crate) fn arrives(&self, order: usize, body: u64, fault: Option<FaultKind>, late_until: u64) -> SendVerdict {
        let now = self.now();
        let seconds = |n: u64| Duration::from_micros(n);
        {
            let mut state = self.state();
            let (throttled, key_refused, out) =
                (state.spans.throttled, state.spans.key_refused, state.spans.market_out);
            if throttled > now {
                return SendVerdict::Throttled(Some(seconds(throttled - now)));
            }
            if key_refused > now {
                self.strikes_call(&mut state, FaultKind::CredentialsSpan, Op::Accept, 0);
                return SendVerdict::Credentials;
            }
            if out > now {
                self.strikes_call(&mut state, FaultKind::MarketOutage, Op::Accept, 0);
                return SendVerdict::Unknown;
            }
        }
        if let Some(fault) = fault {
            self.strikes_order(fault, order);
        }
        match fault {
            Some(FaultKind::SendErrorBefore) => SendVerdict::Unknown,
            Some(FaultKind::SendErrorAfter | FaultKind::AnswerLost | FaultKind::SendHtml) => {
                self.takes_effect(order, body);
                SendVerdict::Unknown
            }
            Some(kind @ (FaultKind::SendThrottled | FaultKind::SendThrottledNoTime)) => {
                let mut state = self.state();
                let rest = state.rng.pick(&[1, 5, 30, 90]) * SECOND;
                state.spans.throttled = now + rest;
                let named = kind == FaultKind::SendThrottled;
                SendVerdict::Throttled(named.then(|| seconds(rest)))
            }
            Some(kind @ (FaultKind::EffectLate | FaultKind::EffectAfterSuccess)) => {
                let success = kind == FaultKind::EffectAfterSuccess;
                self.takes_effect_later(order, body, late_until, success);
                if kind == FaultKind::EffectLate {
                    SendVerdict::Unknown
                } else {
                    SendVerdict::Applied
                }
            }
            Some(FaultKind::SendCredentials) => SendVerdict::Credentials,
            Some(FaultKind::FalsePrecondition) => SendVerdict::Precondition,
            Some(FaultKind::Refused) => {
                self.state().facts.orders[order].refused = true;
                SendVerdict::Refused
            }
            Some(FaultKind::EmptyPromise) => SendVerdict::Applied,
            _ if self.takes_effect(order, body) => SendVerdict::Applied,
            _ => SendVerdict::Precondition,
        }
    }

    /// Checks the state and lets a decision take effect; tells whether it did.
    fn takes_effect(&self, order: usize, body: u64) -> bool {
        let now = self.now();
        self.judge_arrival(order, body);
        let mut state = self.state();
        let waits = state.market.orders[order].is_waiting();
        state.facts.orders[order].received.push(Received {
            at: now,
            took_effect: waits,
        });
        if waits {
            state.facts.orders[order].effects.push(now);
            self.accept_order(&mut state, order);
        }
        waits
    }

    fn takes_effect_later(&self, order: usize, body: u64, late_until: u64, success: bool) {
        let now = self.now();
        self.judge_arrival(order, body);
        let mut state = self.state();
        let received = &mut state.facts.orders[order].received;
        received.push(Received {
            at: now,
            took_effect: false,
        });
        let number = received.len() - 1;
        let staleness = crate::times::micros(state.profile.settings.read_staleness);
        let most = if state.profile.strict && success {
            // What is said to have happened has, as far as later looks go, within the staleness.
            now + staleness.max(1)
        } else if state.profile.strict {
            late_until.max(now + 1)
        } else {
            now + 120 * SECOND
        };
        let at = state.rng.between(now, most) + 1;
        state.facts.orders[order].under_way += 1;
        state.schedule(at, Event::LateEffect(order, number));
    }

    /// An acceptance that was received before takes effect now, if the order still waits.
    pub(crate) fn late_effect(&self, order: usize, number: usize) {
        let now = self.now();
        let mut state = self.state();
        state.facts.orders[order].under_way -= 1;
        let id = &self.ids[order];
        if state.profile.strict && !state.facts.orders[order].effects.is_empty() {
            state.violate(|| format!("{id}: promise 1: a late acceptance would take effect after another one did"));
        }
        if state.market.orders[order].is_waiting() {
            let received = &mut state.facts.orders[order].received[number];
            received.at = now;
            received.took_effect = true;
            state.facts.orders[order].effects.push(now);
            self.accept_order(&mut state, order);
        }
    }
}
