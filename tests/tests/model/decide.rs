//! The decisions, function by function as in `domain/src/workflow/decide`: what a worker knows in, the whole write out.

use super::rules::{Broken, Rules};
use super::state::{Basis, Call, Claim, Look, Outcome, Phase, Seen, Settlement, Standing, Status, Verdict};

/// A worker that decides: the rules it goes by and how far its idea of the time runs ahead.
pub(crate) struct Decider<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) lead: u8,
}

impl Decider<'_> {
    /// `decide::at_claim`: an order with an open call.
    pub(crate) fn at_claim(&self, claim: &Claim) -> Option<Settlement> {
        let call = claim.call.filter(|_| claim.standing.open)?;
        Some(match call.outcome {
            None | Some(Outcome::Applied | Outcome::Precondition | Outcome::Unknown) => self.validate(claim),
            Some(definite) => self.without_effect(claim, definite),
        })
    }

    /// `decide::before_send`; `None` where the order may be sent.
    pub(crate) fn before_send(&self, claim: &Claim, seen: Seen, look: &Look) -> Option<Settlement> {
        match seen {
            Seen::Waiting => None,
            Seen::Accepted => Some(self.settled(claim, Status::Accepted)),
            Seen::Cancelled => Some(self.settled(claim, Status::Cancelled)),
            Seen::Missing => Some(self.unclear(claim, look)),
        }
    }

    /// `decide::after_answer`.
    pub(crate) fn after_answer(&self, claim: &Claim, verdict: Verdict) -> Settlement {
        match verdict {
            Verdict::Applied if self.rules.lacks(Broken::AcceptedBySight) => Settlement {
                basis: Basis::Answer,
                ..self.settled(claim, Status::Accepted)
            },
            Verdict::Precondition if self.rules.lacks(Broken::Precondition) => self.untouched(claim),
            Verdict::Unknown if self.rules.lacks(Broken::Unknown) => self.failed_attempt(claim, Basis::Answer),
            Verdict::Applied | Verdict::Precondition | Verdict::Unknown => self.validate(claim),
            Verdict::Refused => self.without_effect(claim, Outcome::Refused),
            Verdict::NotSent => self.failed_attempt(claim, Basis::Answer),
            Verdict::Withdrawn => self.untouched(claim),
        }
    }

    /// `decide::validating`.
    pub(crate) fn validating(&self, claim: &Claim, seen: Seen, look: &Look) -> Settlement {
        match seen {
            Seen::Accepted => self.settled(claim, Status::Accepted),
            Seen::Cancelled => self.settled(claim, Status::Cancelled),
            Seen::Waiting => self.still_waiting(claim, look),
            Seen::Missing => match claim.call.filter(|_| claim.standing.open) {
                Some(call) if is_undecided(call) && !look.after_answer_by => self.look_again_at_answer_by(claim, call),
                _ => self.unclear(claim, look),
            },
        }
    }

    /// `decide::in_review`.
    pub(crate) fn in_review(&self, claim: &Claim, seen: Seen) -> Settlement {
        match seen {
            Seen::Accepted => self.settled(claim, Status::Accepted),
            Seen::Cancelled => self.settled(claim, Status::Cancelled),
            Seen::Waiting | Seen::Missing => stand(claim.standing),
        }
    }

    /// `decide::requeue`.
    pub(crate) fn requeue(&self, claim: &Claim) -> Settlement {
        Settlement {
            entry: Some(Status::Pending),
            ..stand(self.afresh(Standing {
                phase: Phase::Ready,
                ..claim.standing
            }))
        }
    }

    /// `prepare::too_early_for`: a look that may not show what an earlier call did justifies no send.
    pub(crate) fn too_early_for(&self, claim: &Claim, look: &Look) -> Option<Settlement> {
        let call = claim.call.filter(|call| may_have_had_an_effect(*call))?;
        if self.rules.lacks(Broken::EarlierEffect) {
            let undecided = is_undecided(call) || call.outcome == Some(Outcome::Unanswered);
            return (undecided && !look.after_answer_by).then(|| self.look_again_at_answer_by(claim, call));
        }
        (!look.certain).then(|| {
            stand(Standing {
                due_in: call.certain_in,
                ..claim.standing
            })
        })
    }

    fn still_waiting(&self, claim: &Claim, look: &Look) -> Settlement {
        let Some(call) = claim.call.filter(|_| claim.standing.open) else {
            return stand(Standing {
                phase: Phase::Ready,
                due_in: self.lead,
                ..claim.standing
            });
        };
        match call.outcome {
            Some(Outcome::Applied | Outcome::Precondition) => self.not_confirmed(claim, look),
            None | Some(Outcome::Unknown) => self.unknown_outcome(claim, call, look),
            Some(definite) => self.without_effect(claim, definite),
        }
    }

    fn not_confirmed(&self, claim: &Claim, look: &Look) -> Settlement {
        if let Some(settlement) = self.use_up_a_look(claim, look) {
            return settlement;
        }
        if !look.after_since {
            return stand(Standing {
                due_in: claim.standing.since,
                ..claim.standing
            });
        }
        self.failed_for_good(claim, blind(look))
    }

    fn unknown_outcome(&self, claim: &Claim, call: Call, look: &Look) -> Settlement {
        if !look.after_answer_by {
            return self.look_again_at_answer_by(claim, call);
        }
        let decided_by = if self.rules.lacks(Broken::SecondLook) { 1 } else { 2 };
        let certain = look.certain || self.rules.lacks(Broken::SecondLook) || self.rules.lacks(Broken::Staleness);
        let waiting_looks = claim.standing.waiting_looks + 1;
        if waiting_looks < decided_by || !certain {
            let certain_in = if certain { 0 } else { call.certain_in };
            return stand(Standing {
                due_in: look.next_in.max(certain_in),
                waiting_looks: waiting_looks.min(1),
                looks: (claim.standing.looks + 1).min(self.rules.looks),
                ..claim.standing
            });
        }
        if call.outcome.is_none() {
            return Settlement {
                close_call: true,
                ..self.untouched(claim)
            };
        }
        self.failed_attempt(claim, blind(look))
    }

    fn unclear(&self, claim: &Claim, look: &Look) -> Settlement {
        self.use_up_a_look(claim, look).unwrap_or_else(|| {
            stand(Standing {
                phase: Phase::Review,
                due_in: self.lead,
                ..claim.standing
            })
        })
    }

    fn use_up_a_look(&self, claim: &Claim, look: &Look) -> Option<Settlement> {
        let looks = claim.standing.looks + 1;
        (looks < self.rules.looks).then(|| {
            stand(Standing {
                due_in: look.next_in,
                looks,
                waiting_looks: 0,
                ..claim.standing
            })
        })
    }

    fn look_again_at_answer_by(&self, claim: &Claim, call: Call) -> Settlement {
        stand(Standing {
            due_in: call.certain_in.saturating_sub(self.rules.staleness),
            ..claim.standing
        })
    }

    /// To be looked at until it is decided.
    fn validate(&self, claim: &Claim) -> Settlement {
        stand(self.afresh(Standing {
            phase: Phase::Validating,
            open: true,
            ..claim.standing
        }))
    }

    fn without_effect(&self, claim: &Claim, outcome: Outcome) -> Settlement {
        match outcome {
            Outcome::Refused => self.failed_for_good(claim, Basis::Answer),
            _ => self.untouched(claim),
        }
    }

    fn untouched(&self, claim: &Claim) -> Settlement {
        stand(self.afresh(Standing {
            phase: Phase::Ready,
            open: false,
            ..claim.standing
        }))
    }

    fn failed_attempt(&self, claim: &Claim, basis: Basis) -> Settlement {
        if claim.standing.attempt >= self.rules.attempts {
            return self.failed_for_good(claim, basis);
        }
        Settlement {
            entry: Some(Status::Failed),
            basis,
            ..stand(self.afresh(Standing {
                phase: Phase::Retry,
                attempt: claim.standing.attempt + 1,
                open: false,
                ..claim.standing
            }))
        }
    }

    fn failed_for_good(&self, claim: &Claim, basis: Basis) -> Settlement {
        Settlement {
            entry: Some(Status::Failed),
            basis,
            ..stand(Standing {
                phase: Phase::Review,
                due_in: self.lead,
                open: false,
                ..claim.standing
            })
        }
    }

    fn settled(&self, claim: &Claim, status: Status) -> Settlement {
        Settlement {
            entry: Some(status),
            ..stand(self.afresh(Standing {
                phase: Phase::Settled,
                open: false,
                ..claim.standing
            }))
        }
    }

    /// Due at once, no look used up, standing like this from now on.
    fn afresh(&self, standing: Standing) -> Standing {
        Standing {
            due_in: self.lead,
            looks: 0,
            waiting_looks: 0,
            since: self.rules.staleness + self.lead,
            ..standing
        }
    }
}

/// A settlement that only changes how the order stands.
pub(crate) fn stand(standing: Standing) -> Settlement {
    Settlement {
        standing,
        entry: None,
        close_call: false,
        basis: Basis::Sight,
    }
}

fn is_undecided(call: Call) -> bool {
    matches!(call.outcome, None | Some(Outcome::Unknown))
}

/// Whether a look may have something of it to show.
pub(crate) fn may_have_had_an_effect(call: Call) -> bool {
    !matches!(call.outcome, Some(Outcome::Refused | Outcome::NotSent))
}

fn blind(look: &Look) -> Basis {
    if look.accepted_for_long {
        Basis::BlindSight
    } else {
        Basis::Sight
    }
}
