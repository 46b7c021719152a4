//! The world around the workers: the marketplace, its people, reads that are behind, other programs, and time.

use super::rules::{Broken, Rules};
use super::state::{Letter, Look, Market, Phase, Reply, Seen, Standing, State, Status, Step};

impl Market {
    /// What reads that begin now may show.
    pub(crate) fn may_show(&self) -> [bool; 3] {
        let mut may_show = self.shown_for.map(|left| left > 0);
        if let Some(current) = may_show.get_mut(index(self.state)) {
            *current = true;
        }
        may_show
    }

    /// Whether the order is accepted, and every read that begins now shows it.
    pub(crate) fn accepted_for_long(&self) -> bool {
        self.state == Seen::Accepted && self.shown_for == [0; 3]
    }
}

impl State {
    /// The marketplace moves the order; looks under way may show it already.
    pub(crate) fn move_to(&mut self, rules: &Rules, state: Seen) {
        if self.market.state == state {
            return;
        }
        self.market.shown_for[index(self.market.state)] = rules.staleness;
        self.market.shown_for[index(state)] = 0;
        self.market.state = state;
        for worker in &mut self.workers {
            if let Step::Looking(look) = &mut worker.step {
                look.may_show[index(state)] = true;
            }
        }
    }

    /// What the marketplace may make of an acceptance that arrives now.
    pub(crate) fn replies(&self, rules: &Rules) -> &'static [Reply] {
        match self.market.state {
            Seen::Waiting => &[Reply::Applied, Reply::Refused, Reply::Precondition],
            _ if rules.compare_and_set => &[Reply::Precondition],
            _ => &[Reply::Applied],
        }
    }

    /// An acceptance arrives.
    pub(crate) fn take_effect(&mut self, rules: &Rules, reply: Reply) {
        if reply == Reply::Applied {
            self.market.applied = (self.market.applied + 1).min(2);
            self.move_to(rules, Seen::Accepted);
        }
    }

    /// Another program writes an entry: it ends any lease and counts from now on.
    pub(crate) fn foreign_entry(&mut self, rules: &Rules, pending: bool) {
        self.foreign_left -= 1;
        for claim in self.workers.iter_mut().filter_map(|worker| worker.claim.as_mut()) {
            claim.version = false;
        }
        self.row.lease = 0;
        let before = self.row.standing;
        if !pending {
            self.row.status = Status::Foreign;
            self.row.standing = Standing {
                phase: Phase::Settled,
                due_in: 0,
                ..before
            };
            return;
        }
        let forgets = rules.lacks(Broken::ForeignKeepsCall);
        self.row.status = Status::Pending;
        self.row.standing = Standing {
            phase: match before.phase {
                Phase::Sending | Phase::Validating if !forgets => before.phase,
                _ => Phase::Ready,
            },
            due_in: 0,
            attempt: 1,
            looks: 0,
            waiting_looks: 0,
            since: rules.staleness,
            open: before.open && !forgets,
        };
    }

    /// Acceptances that may still arrive.
    pub(crate) fn on_their_way(&self) -> usize {
        let awaited = self.workers.iter().filter(|worker| match worker.step {
            Step::Sending(letter) => is_on_its_way(&letter),
            _ => false,
        });
        awaited.count() + self.orphans.iter().filter(|letter| is_on_its_way(letter)).count()
    }

    /// A tick passes.
    pub(crate) fn tick(&mut self) {
        let pass = |left: &mut u8| *left = left.saturating_sub(1);
        let stand = |standing: &mut Standing| {
            pass(&mut standing.due_in);
            pass(&mut standing.since);
        };
        stand(&mut self.row.standing);
        pass(&mut self.row.lease);
        if let Some(call) = &mut self.row.call {
            pass(&mut call.certain_in);
        }
        self.market.shown_for.iter_mut().for_each(pass);
        self.orphans.iter_mut().for_each(|letter| pass(&mut letter.left));
        self.orphans.retain(|letter| letter.left > 0);
        for worker in &mut self.workers {
            if let Some(claim) = &mut worker.claim {
                pass(&mut claim.trusted);
                stand(&mut claim.standing);
                if let Some(call) = &mut claim.call {
                    pass(&mut call.certain_in);
                }
            }
            match &mut worker.step {
                Step::Looking(Look { next_in, .. }) => pass(next_in),
                Step::Intending {
                    start_within,
                    certain_in,
                } => {
                    pass(start_within);
                    pass(certain_in);
                }
                Step::Intended { start_within } => pass(start_within),
                Step::Sending(letter) => pass(&mut letter.left),
                Step::Settling(settlement) => stand(&mut settlement.standing),
                Step::Idle | Step::Claimed | Step::Sendable | Step::Frozen | Step::Answered(_) => {}
            }
        }
    }
}

pub(crate) fn index(state: Seen) -> usize {
    match state {
        Seen::Waiting | Seen::Missing => 0,
        Seen::Accepted => 1,
        Seen::Cancelled => 2,
    }
}

fn is_on_its_way(letter: &Letter) -> bool {
    letter.left > 0 && letter.reply.is_none()
}
