//! Intend and send: a durable intent first, then one call, never more.
//!
//! Intents are written only for calls about to start. One that is not confirmed is not sent: if it stands after all, the
//! next worker finds a call without an answer and looks before it does anything. A call that can't start in time, or whose
//! lease is no longer trusted or whose time is over right before its bytes would leave, is withdrawn and recorded as not sent.

use std::sync::Arc;
use std::time::Duration;

use crate::call::{CallEnd, CallId, Endpoint, NewCall};
use crate::guards::{Guard, dropped};
use crate::ports::{Clock, Intent, SendAnswer, SendPermit, SendVerdict, StoreClock};
use crate::time;
use crate::work::{Claimed, LastCall, Phase};

use super::core::Core;
use super::prepare::Sendable;
use super::report::Halt;

/// A call whose intent is durable.
#[derive(Debug)]
pub(super) struct Intended {
    pub(super) sendable: Sendable,
    pub(super) call: CallId,
    /// Until when the call may start, by the monotonic clock: its `answer_by` counts on it.
    pub(super) start_by: Duration,
}

/// A call that has ended.
#[derive(Debug)]
pub(super) struct Answered {
    /// The order as it stands now: with its call, and that open.
    pub(super) claimed: Claimed,
    pub(super) call: CallId,
    pub(super) answer: SendAnswer,
}

/// Whether the look is young enough for a call to start now.
pub(super) fn is_fresh(core: &Core, clock: StoreClock, sendable: &Sendable) -> bool {
    sendable.looked_at >= super::prepare::oldest_look(core, core.now(clock))
}

/// Whether there is time enough left under the lease for a call to start now.
pub(super) fn is_leased_for_a_call(core: &Core, sendable: &Sendable) -> bool {
    let settings = &core.settings;
    let needed = if dropped(Guard::TimeForACall) {
        Duration::ZERO
    } else {
        settings.lease_margin.saturating_add(settings.call_timeout)
    };
    core.ports.clock.monotonic().saturating_add(needed) <= sendable.trusted_until
}

/// Writes the intents of calls about to start. Orders that somebody else has taken or changed are left out.
pub(super) async fn intend(core: &Core, clock: StoreClock, batch: Vec<Sendable>) -> Result<Vec<Intended>, Halt> {
    let settings = &core.settings;
    let monotonic = core.ports.clock.monotonic();
    let started_at = core.now(clock);
    // The call starts within the margin and then ends within its timeout.
    let longest = settings.call_timeout.saturating_add(settings.lease_margin);
    let answer_by = time::to_micros(time::plus(started_at, longest));
    let intents: Vec<_> = batch
        .iter()
        .map(|sendable| Intent {
            order_id: sendable.claimed.order_id.clone(),
            fence: sendable.claimed.fence,
            version: sendable.claimed.version,
            call: NewCall {
                endpoint: Endpoint::Or21,
                related_id: Some(sendable.claimed.order_id.as_str().to_owned()),
                request: sendable.decision.to_json(),
                started_at,
                answer_by,
            },
            decision: sendable.decision.clone(),
        })
        .collect();
    let calls = core.record_intents(&intents, started_at).await.map_err(Halt::Store)?;
    let intended = batch.into_iter().zip(calls).filter_map(|(mut sendable, call)| {
        let call = call?;
        let standing = &mut sendable.claimed.standing;
        standing.phase = Phase::Sending;
        standing.call_open = true;
        standing.decision = Some(sendable.decision.clone());
        sendable.claimed.call = Some(LastCall {
            id: call,
            started_at,
            answer_by,
            outcome: None,
        });
        // No later than within the margin, and only while its look is fresh.
        let fresh_until = time::plus(sendable.looked_at, settings.look_freshness);
        let start_within = if dropped(Guard::LookFreshness) {
            settings.lease_margin
        } else {
            settings.lease_margin.min(time::until(started_at, fresh_until))
        };
        Some(Intended {
            sendable,
            call,
            start_by: monotonic.saturating_add(start_within),
        })
    });
    Ok(intended.collect())
}

/// Sends one acceptance.
pub(super) async fn send(core: &Core, intended: Intended) -> Answered {
    let Intended {
        sendable:
            Sendable {
                claimed,
                decision,
                trusted_until,
                ..
            },
        call,
        start_by,
    } = intended;
    let clock = Arc::clone(&core.ports.clock);
    if clock.monotonic() > start_by && !dropped(Guard::StartBy) {
        return withdrawn(claimed, call, "its intent took too long to be written");
    }
    // By then others count the call as ended. A lease lasts longer, but a hold or a rebuild may have voided it.
    let ends_by = start_by.saturating_add(core.settings.call_timeout);
    let holds_until = match dropped(Guard::PermitEndsWithTheCall) {
        false => trusted_until.min(ends_by),
        true => trusted_until,
    };
    let permit = Arc::new(CallPermit { clock, holds_until });
    let answer = core
        .ports
        .marketplace
        .accept(&claimed.order_id, &decision, permit)
        .await;
    Answered { claimed, call, answer }
}

/// A call that is not made after all.
pub(super) fn withdrawn(claimed: Claimed, call: CallId, why: &str) -> Answered {
    let end = CallEnd {
        outcome: SendVerdict::Withdrawn.outcome(),
        status_code: None,
        response: Some(format!("not sent: {why}")),
        duration: Duration::ZERO,
    };
    let answer = SendAnswer {
        verdict: SendVerdict::Withdrawn,
        end,
        detail: format!("not sent: {why}"),
    };
    Answered { claimed, call, answer }
}

/// Holds while the lease is trusted and the call has not ended for others.
#[derive(Debug)]
struct CallPermit {
    clock: Arc<dyn Clock>,
    holds_until: Duration,
}

impl SendPermit for CallPermit {
    fn holds(&self) -> bool {
        self.clock.monotonic() < self.holds_until || dropped(Guard::PermitBeforeBytes)
    }
}
