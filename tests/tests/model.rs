//! A model of the acceptance protocol, checked to its last state: two workers, one order, reads that are behind, crashes.
//!
//! It is written from the code's own decisions (`model/decide.rs` follows `domain/src/workflow/decide` function by
//! function) and tells what the guards are for: each of `model/broken.rs` takes one away, and the checker finds how the
//! promise breaks. What is left out, and why, stands in `docs/testing.md`.

#![expect(clippy::print_stdout, reason = "a check tells how many states it went through")]

#[path = "model/alike.rs"]
mod alike;
#[path = "model/broken.rs"]
mod broken;
#[path = "model/decide.rs"]
mod decide;
#[path = "model/holds.rs"]
mod holds;
#[path = "model/market.rs"]
mod market;
#[path = "model/moves.rs"]
mod moves;
#[path = "model/promises.rs"]
mod promises;
#[path = "model/reach.rs"]
mod reach;
#[path = "model/rules.rs"]
mod rules;
#[path = "model/state.rs"]
mod state;
#[path = "model/worker.rs"]
mod worker;

use stateright::{Model, Property};

use moves::Move;
use rules::Rules;
use state::{Letter, Market, Phase, Reply, Row, Seen, Slips, Standing, State, Status, Step, Worker};

/// The protocol under one configuration.
#[derive(Debug, Clone)]
struct Protocol {
    rules: Rules,
}

/// One step of anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// A tick of time passes.
    Tick,
    /// A worker moves.
    Worker(usize, Move),
    /// The call that a worker waits for arrives.
    Arrive(usize, Reply),
    /// A call that nobody waits for any more arrives.
    ArriveLate(usize, Reply),
    /// A person cancels or accepts the order on the marketplace.
    Person(Seen),
    /// Another program writes an entry: a new attempt, or else one that ends the work.
    Entry { pending: bool },
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let worker = Worker {
            listing: false,
            claim: None,
            step: Step::Idle,
        };
        vec![State {
            row: Row {
                status: Status::Pending,
                standing: Standing {
                    phase: Phase::Ready,
                    due_in: 0,
                    attempt: 1,
                    looks: 0,
                    waiting_looks: 0,
                    since: 0,
                    open: false,
                },
                call: None,
                lease: 0,
            },
            workers: [worker; 2],
            orphans: Vec::new(),
            market: Market {
                state: Seen::Waiting,
                shown_for: [0; 3],
                applied: 0,
            },
            foreign_left: self.rules.foreign_entries,
            slips: Slips::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.push(Action::Tick);
        let replies = state.replies(&self.rules);
        for who in 0..state.workers.len() {
            let moves = moves::moves(&self.rules, state, who);
            actions.extend(moves.into_iter().map(|step| Action::Worker(who, step)));
            if let Step::Sending(Letter { left: 1.., reply: None }) = state.workers[who].step {
                actions.extend(replies.iter().map(|reply| Action::Arrive(who, *reply)));
            }
        }
        for letter in 0..state.orphans.len() {
            actions.extend(replies.iter().map(|reply| Action::ArriveLate(letter, *reply)));
        }
        if self.rules.hands && state.market.state == Seen::Waiting {
            actions.extend([Action::Person(Seen::Cancelled), Action::Person(Seen::Accepted)]);
        }
        if state.foreign_left > 0 {
            actions.extend([Action::Entry { pending: false }, Action::Entry { pending: true }]);
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let rules = &self.rules;
        let mut state = before.clone();
        match action {
            Action::Tick => state.tick(),
            Action::Worker(who, step) => worker::make(rules, &mut state, who, step),
            Action::Arrive(who, reply) => {
                let reply_heard = Some(reply);
                state.take_effect(rules, reply);
                state.workers[who].step = Step::Sending(Letter {
                    left: 0,
                    reply: reply_heard,
                });
            }
            Action::ArriveLate(letter, reply) => {
                state.orphans.remove(letter);
                state.take_effect(rules, reply);
            }
            Action::Person(seen) => state.move_to(rules, seen),
            Action::Entry { pending } => state.foreign_entry(rules, pending),
        }
        state.made_alike(rules);
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::all(&self.rules)
    }
}
