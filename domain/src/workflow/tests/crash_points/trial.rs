//! One trial: a worker that dies at one await, another that dies at one of the recovery, and a third that finishes.

use super::super::audit::audit;
use super::super::drive::{block_on, run_until};
use super::super::market::Answer;
use super::super::world::{World, seconds};
use super::workload::Part;
use super::{rules, workload};
use crate::work::Phase;
use crate::workflow::{RunReport, Wait};

/// What becomes of an acceptance that was on its way when its worker died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// No byte of it left.
    NotSent,
    /// It arrived and had no effect.
    NoEffect,
    /// It took effect.
    Effect,
    /// It takes effect seconds later.
    LaterEffect,
    /// It was refused, and so is the next one.
    Refused,
}

impl Fate {
    pub(super) const ALL: [Self; 5] = [
        Self::NotSent,
        Self::NoEffect,
        Self::Effect,
        Self::LaterEffect,
        Self::Refused,
    ];

    /// The fate of the `n`th call beside one of this fate: several have different ones.
    fn beside(self, n: usize) -> Self {
        let index = Self::ALL.iter().position(|fate| *fate == self).unwrap_or(0);
        Self::ALL[(index + n) % Self::ALL.len()]
    }
}

/// Where a worker dies: at the passage with this number, and what becomes of the calls on their way then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) at: u64,
    pub(super) fate: Fate,
}

/// How far a worker came.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    /// To its end.
    Ended,
    /// To where it was cut.
    Cut { on_their_way: usize },
}

/// How far the two workers of a trial came.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) first: Reach,
    pub(super) second: Reach,
}

/// Where the workers die.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    pub(super) part: Part,
    pub(super) first: Option<Cut>,
    pub(super) second: Option<Cut>,
    /// How many seconds later the next worker comes, after the first death and after the second: under the lease of the
    /// one that died, after it, or after the poll interval, too.
    pub(super) gaps: [u64; 2],
}

impl Trial {
    /// Nobody dies.
    pub(super) fn new(part: Part, gaps: [u64; 2]) -> Self {
        Self {
            part,
            first: None,
            second: None,
            gaps,
        }
    }

    /// Goes through it and holds the rules.
    pub(super) fn run(&self) -> Reached {
        let world = workload::world(self.part);
        let first = worker(&world, self.first, self.gaps[0]);
        let second = match first {
            Reach::Cut { .. } if self.second.is_some() => worker(&world, self.second, self.gaps[1]),
            _ => Reach::Ended,
        };
        finish(&world);
        Reached { first, second }
    }
}

/// A worker that dies at a point, and the time until the next one comes.
fn worker(world: &World, cut: Option<Cut>, gap: u64) -> Reach {
    let Some(cut) = cut else {
        return Reach::Ended;
    };
    world.gate.allow(20_000);
    world.gate.hang_at(cut.at);
    let ended = run_until(workload::session(world), || world.gate.hung()).is_some();
    assert!(ended || world.gate.hung(), "the run hangs: a wakeup was lost");
    world.gate.reopen();
    let on_their_way = befall(world, cut.fate);
    audit(world);
    world.advance(gap);
    if ended {
        Reach::Ended
    } else {
        Reach::Cut { on_their_way }
    }
}

/// What later workers make of it.
pub(super) fn finish(world: &World) {
    settle(world);
    rules::hold(world);
    person_accepts_what_waits(world);
    // One of them is shown late.
    for _ in 0..2 {
        if world.unsettled() > 0 {
            world.advance(3600);
            later_run(world);
        }
    }
    rules::all_settled(world);
}

/// A run that nothing cuts. Its audit comes at the end of the trial.
fn later_run(world: &World) -> RunReport {
    world.gate.allow(20_000);
    block_on(world.one_run(Wait::ForValidations))
}

/// The calls on their way meet their fate.
fn befall(world: &World, fate: Fate) -> usize {
    let calls = std::mem::take(&mut world.market.state().on_their_way);
    for (n, (order, decision)) in calls.iter().enumerate() {
        let answers: &[Answer] = match fate.beside(n) {
            Fate::NotSent => continue,
            Fate::NoEffect => &[Answer::LostWithoutEffect],
            Fate::Effect => &[Answer::LostAfterEffect],
            Fate::LaterEffect => &[Answer::EffectLater(seconds(8))],
            Fate::Refused => &[Answer::Refused, Answer::Refused],
        };
        // What the order's script has for this call does not come to pass.
        world.market.change(order.as_str(), |order| {
            order.script.pop_front();
            for answer in answers.iter().rev() {
                order.script.push_front(answer.clone());
            }
        });
        let in_vain = world.ledger(|ledger| ledger.in_vain.len());
        world.market.accept_now(order, decision);
        // Nobody was told.
        world.market.state().ledger.in_vain.truncate(in_vain);
    }
    calls.len()
}

/// A person accepts on the marketplace what was refused to us.
fn person_accepts_what_waits(world: &World) {
    for (order, row) in world.memory.work_rows() {
        if row.standing.phase == Phase::Review {
            world.market.accepted_by_a_person(order.as_str());
        }
    }
}

/// Runs again and again, a minute apart, until every order is settled or waits for a person.
fn settle(world: &World) {
    for _ in 0..40 {
        let report = later_run(world);
        let rows = world.memory.work_rows();
        let done = |row: &crate::memory::WorkRow| matches!(row.standing.phase, Phase::Settled | Phase::Review);
        if report.halt.is_none() && report.ingested == 0 && rows.values().all(done) {
            return;
        }
        world.advance(60);
    }
    panic!("still unsettled: {:#?}", world.memory.work_rows());
}
