//! States that can't lead to anything different any more are made one: what nobody will read is blanked.
//!
//! A protocol with a broken guard that may read what it should not is left as it is.

use super::decide::{may_have_had_an_effect, stand};
use super::rules::{Broken, Rules};
use super::state::{Call, Claim, Phase, Standing, State, Step, Worker};

const BLANK: Standing = Standing {
    phase: Phase::Ready,
    due_in: 0,
    attempt: 0,
    looks: 0,
    waiting_looks: 0,
    since: 0,
    open: false,
};

impl State {
    /// Brings the state into the form that all states like it share.
    pub(crate) fn made_alike(&mut self, rules: &Rules) {
        if rules.reduced && !rules.broken.iter().any(reads_more) {
            let sent_before = self.row.call.is_some();
            for worker in &mut self.workers {
                blank(worker, sent_before && !rules.lacks(Broken::Listing));
            }
            blank_since(&mut self.row.standing);
            self.row.call.as_mut().map(blank_call);
        }
        // Workers whose clocks agree are alike: which of them is which makes no state of its own.
        if rules.lead[0] == rules.lead[1] {
            self.workers.sort_unstable();
        }
        self.orphans.sort_unstable();
    }
}

/// Whether something is read without this guard that is not read with it.
fn reads_more(broken: &Broken) -> bool {
    use Broken::{FenceOnIntent, FenceOnSettle, IntentFirst, VersionOnIntent, VersionOnSettle};
    matches!(
        broken,
        FenceOnSettle | VersionOnSettle | FenceOnIntent | VersionOnIntent | IntentFirst
    )
}

fn blank(worker: &mut Worker, sent_before: bool) {
    let Some(claim) = &mut worker.claim else {
        // The listing serves only orders without an earlier call.
        worker.listing &= !sent_before;
        return;
    };
    worker.listing &= !sent_before || (worker.step == Step::Claimed && claim.call.is_none());
    if !(claim.fence && claim.version) {
        blank_lost(claim, &mut worker.step);
    }
    blank_since(&mut claim.standing);
    claim.call.as_mut().map(blank_call);
    let before_sending = matches!(
        worker.step,
        Step::Claimed | Step::Looking(_) | Step::Sendable | Step::Intending { .. } | Step::Intended { .. }
    );
    if !before_sending || matches!(claim.standing.phase, Phase::Validating | Phase::Review) {
        claim.trusted = 0;
    }
    if let Step::Settling(settlement) = &mut worker.step {
        blank_since(&mut settlement.standing);
        claim.standing = BLANK;
        claim.call = None;
    }
}

/// All that a lost claim leads to before its call leaves is a write that is refused.
fn blank_lost(claim: &mut Claim, step: &mut Step) {
    claim.standing = BLANK;
    claim.call = None;
    match step {
        Step::Idle | Step::Claimed | Step::Looking(_) | Step::Sendable | Step::Intending { .. } | Step::Settling(_) => {
            *step = Step::Settling(stand(BLANK));
            claim.last_call = false;
        }
        Step::Intended { .. } | Step::Frozen | Step::Sending(_) | Step::Answered(_) => {}
    }
}

/// Read only of an order in flight.
fn blank_since(standing: &mut Standing) {
    if standing.phase != Phase::Validating {
        standing.since = 0;
    }
}

/// Read only of calls that may have had an effect.
fn blank_call(call: &mut Call) {
    if !may_have_had_an_effect(*call) {
        call.certain_in = 0;
    }
}
