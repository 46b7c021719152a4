//! The workload: few orders, each of which takes another path, so that together they pass through every step.

use std::collections::BTreeSet;

use super::super::drive::run_until;
use super::super::gate::{Op, When};
use super::super::market::Answer;
use super::super::world::{World, seconds};
use crate::order::OrderId;
use crate::ports::Clock as _;
use crate::settings::Settings;
use crate::state::MarketplaceState as State;
use crate::work::CLAIMS_TOGETHER;
use crate::workflow::Wait;

/// Its status was written by another program and is no more ours to change, though the marketplace lists it as waiting.
pub(super) const CONTRADICTION: &str = "contradiction";

/// The order that is claimed alone.
pub(super) const SUSPECT: &str = "suspect";

/// Orders that need not end as accepted: another's status stands, or the marketplace's.
const NOT_OURS: [&str; 5] = [
    CONTRADICTION,
    "unreadable",
    "cancelled",
    "failed-elsewhere",
    "shipped-elsewhere",
];

/// Which orders stand in it. Pairs of cuts are gone through for each half, as their number grows with the square.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of them.
    Whole,
    /// Those whose acceptances meet with different fates.
    Calls,
    /// Those that others have to do with: a dead worker, people, other programs.
    Others,
    /// Few that wait so long for their turn that their leases are renewed, and one that is claimed alone, for its workers
    /// ended by it.
    Waiting,
}

/// The world in which it begins: what stands on the marketplace, what another worker left, and what other programs wrote.
pub(super) fn world(part: Part) -> World {
    if part == Part::Waiting {
        return waiting();
    }
    let settings = Settings {
        // Fewer places than orders: some stand in the queue while others are on their way.
        concurrency: 4,
        ..Settings::default()
    };
    let mut world = World::with(settings);
    let market = std::sync::Arc::get_mut(&mut world.market).expect("nobody else has it yet");
    market.page_size = 5;
    market.slow_to_accept = true;
    if part != Part::Calls {
        left_by_a_dead_worker(&world);
    }
    if part != Part::Others {
        calls(&world);
    }
    if part != Part::Calls {
        world.order_like("debit", |order| {
            order.accepted_as = State::WaitingDebit;
            order.later = vec![State::Shipping].into();
        });
        world.order_like("unreadable", |order| order.unreadable = true);
        cancelled_by_a_person(&world);
        another_programs_entries(&world);
    }
    world
}

/// One place, calls that take most of a lease, and an order that ended as many workers as are claimed together.
fn waiting() -> World {
    let mut world = World::with(Settings {
        concurrency: 1,
        ..Settings::default()
    });
    let suspect = world.scripted(SUSPECT, &[Answer::LostAfterEffect]);
    for _ in 0..CLAIMS_TOGETHER {
        world.gate.poison(&suspect, Op::Claim);
        let ended = run_until(world.one_run(Wait::ForValidations), || world.gate.hung());
        assert!(ended.is_none(), "the worker outlived it");
        world.gate.reopen();
        world.gate.cure();
        world.advance(21);
    }
    world.advance(61);
    let market = std::sync::Arc::get_mut(&mut world.market).expect("nobody else has it yet");
    market.slow_to_accept = true;
    *market.send_takes.lock().expect("nobody panicked with it") = seconds(8);
    world.order("first");
    world.scripted("second", &[Answer::LostWithoutEffect]);
    world
}

/// What the part with leases that are renewed leaves out, uncut.
pub(super) fn passed_through_renewals_and_a_suspect(world: &World) {
    assert!(world.gate.calls(Op::Renew) > 0, "no lease was renewed");
    let calls = world.memory.logged_calls();
    let mut sends = calls.iter().filter(|call| call.row.endpoint == "OR21");
    let last = sends.next_back().and_then(|call| call.row.related_id.as_deref());
    assert!(
        last.is_some_and(|order| order == SUSPECT || order == "second"),
        "{last:?}"
    );
}

fn calls(world: &World) {
    world.order_like("accepted", |order| order.lag = 1);
    world.scripted("rest-asked-for", &[Answer::Throttled(Some(seconds(3)))]);
    world.order_like("answer-lost", |order| {
        order.script = vec![Answer::LostAfterEffect].into();
        order.stale_for = seconds(4);
    });
    world.scripted("not-sent", &[Answer::NotSent]);
    world.scripted("refused", &[Answer::Refused]);
    world.scripted("without-effect", &[Answer::LostWithoutEffect]);
    world.scripted("effect-later", &[Answer::EffectLater(seconds(9))]);
}

/// An intent without an answer, under a lease that has ended.
fn left_by_a_dead_worker(world: &World) {
    world.order("taken-over");
    let gate = world.gate.clone();
    world.gate.at(Op::Intents, When::After, 0, move || gate.hang_at(0));
    let ended = run_until(world.one_run(Wait::ForValidations), || world.gate.hung());
    assert!(ended.is_none(), "the worker outlived it");
    world.gate.reopen();
    world.advance(90);
}

/// Cancelled between the list that showed it and the acceptance.
fn cancelled_by_a_person(world: &World) {
    world.order("cancelled");
    let market = std::sync::Arc::clone(&world.market);
    world.gate.at(Op::Intents, When::Before, 0, move || {
        market.change("cancelled", |order| order.state = State::Canceled);
    });
}

fn another_programs_entries(world: &World) {
    let foreign = |name: &str, state: State, status: &str| {
        let order = world.order_like(name, |order| {
            order.state = state;
            order.later = vec![State::WaitingAcceptance].into();
        });
        world.memory.insert_order_row(&order, "{}").unwrap();
        world.append_foreign(&order, status);
    };
    foreign(CONTRADICTION, State::WaitingAcceptance, "shipped");
    foreign("staging", State::Staging, "pending_acceptance");
    foreign("failed-elsewhere", State::Shipping, "acceptance_failed");
    let retried = world.order("retried");
    world.memory.insert_order_row(&retried, "{}").unwrap();
    let due = Some(world.clock.now());
    world
        .memory
        .append_foreign(&retried, "acceptance_failed", None, due)
        .unwrap();
    let asked_for_again = world.scripted("asked-for-again", &[Answer::LostAfterEffect]);
    while_unsettled(
        world,
        (Op::Answers, When::Before, 1),
        asked_for_again,
        "pending_acceptance",
    );
    let shipped = world.order("shipped-elsewhere");
    while_unsettled(world, (Op::ReservePoll, When::Before, 1), shipped, "shipped");
}

/// Another program's entry at some passage, if the order is not settled by then.
fn while_unsettled(world: &World, at: (Op, When, u32), order: OrderId, status: &'static str) {
    let (memory, write) = (world.memory.clone(), world.foreign_entry(&order, status));
    world.gate.at(at.0, at.1, at.2, move || {
        let newest = memory.entries(&order).pop();
        if newest.is_some_and(|entry| entry.status.is_unsettled()) {
            write();
        }
    });
}

/// What one worker does, unless it dies.
pub(super) async fn session(world: &World) {
    world.one_run(Wait::ForValidations).await;
}

/// The orders that wait for acceptance until one of ours, or a person's, takes effect.
pub(super) fn to_be_accepted(world: &World) -> Vec<OrderId> {
    let orders: Vec<_> = world.market.state().orders.keys().cloned().collect();
    let ours = |order: &OrderId| !NOT_OURS.contains(&order.as_str());
    orders.into_iter().filter(ours).collect()
}

/// Panics where the workload, uncut, leaves a step out.
pub(super) fn passed_through_every_step(world: &World) {
    for op in Op::ALL {
        assert!(world.gate.calls(op) > 0, "no call of {op:?}");
    }
    let outcomes: BTreeSet<_> = world
        .memory
        .logged_calls()
        .iter()
        .filter_map(|call| call.row.outcome.map(|outcome| outcome.as_str()))
        .collect();
    for outcome in [
        "answered",
        "applied",
        "unknown",
        "not_sent",
        "refused",
        "throttled",
        "precondition",
    ] {
        assert!(outcomes.contains(outcome), "no call was {outcome}: {outcomes:?}");
    }
    let causes: BTreeSet<_> = world
        .memory
        .filed_failures()
        .iter()
        .filter_map(|filed| filed.row.cause.clone())
        .collect();
    for cause in [
        "not_sent",
        "unanswered",
        "refused",
        "foreign",
        "contradiction",
        "unreadable",
    ] {
        assert!(causes.contains(cause), "no entry in the inbox for {cause}: {causes:?}");
    }
    let released = world.memory.logged_calls().iter().any(|call| {
        let answer = call.row.response.as_deref().unwrap_or_default();
        answer.contains("the shop rests")
    });
    assert!(released, "no call about to start was withdrawn");
}
