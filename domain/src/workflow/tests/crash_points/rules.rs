//! What must hold at the end of every trial.

use super::super::audit::audit;
use super::super::market::Answer;
use super::super::world::{World, id};
use super::workload::{CONTRADICTION, to_be_accepted};
use crate::call::{CallOutcome, Endpoint};
use crate::memory::LoggedCall;
use crate::order::OrderId;
use crate::ports::Entry;
use crate::status::OrderStatus;
use crate::work::Phase;

/// Panics where a promise is broken.
pub(super) fn hold(world: &World) {
    audit(world);
    nothing_twice(world);
    nothing_lost(world);
    let calls = world.memory.logged_calls();
    for order in world.memory.work_rows().keys() {
        no_failure_made_up(world, order);
        two_looks_decided(order, &calls);
    }
}

/// No decision was sent again after it took effect, and a resend repeats it.
fn nothing_twice(world: &World) {
    world.ledger(|ledger| {
        assert!(
            ledger.again.is_empty(),
            "sent again after its effect: {:?}",
            ledger.again
        );
        for (order, body) in &ledger.received {
            let first = ledger.received.iter().find(|(other, _)| other == order);
            assert_eq!(
                Some(body),
                first.map(|(_, body)| body),
                "{order}: another decision was sent"
            );
        }
        let left_alone = |id: &str| ledger.received_for(id) == 0;
        assert!(left_alone(CONTRADICTION) && left_alone("unreadable") && left_alone("failed-elsewhere"));
    });
}

/// Each order ends as it stands on the marketplace; those that were refused wait for a person, with an entry that says so.
fn nothing_lost(world: &World) {
    for order in to_be_accepted(world) {
        let refused = world.ledger(|ledger| {
            let mut refused = ledger.in_vain.iter();
            refused.any(|(id, answer)| *id == order && matches!(answer, Answer::Refused))
        });
        let status = world.status(&order);
        if status == "accepted" {
            assert!(
                world.open_causes(&order).is_empty(),
                "{order}: {:?}",
                world.open_causes(&order)
            );
        } else {
            assert!(refused, "{order} is {status}, yet was never refused");
            assert_eq!(world.open_causes(&order).pop().as_deref(), Some("refused"), "{order}");
        }
    }
    if let Some(cancelled) = world.market.state().orders.get(&id("cancelled")) {
        assert_eq!(cancelled.state.as_str(), "CANCELED", "the person's turn has not come");
    }
}

/// "Failed" is said no oftener than acceptances failed, and never once one took effect.
fn no_failure_made_up(world: &World, order: &OrderId) {
    let failed = |entry: &Entry| entry.source == "ackord" && entry.status == OrderStatus::AcceptanceFailed;
    let failed: Vec<_> = world.entries(order).into_iter().filter(failed).collect();
    world.ledger(|ledger| {
        let in_vain = ledger.in_vain.iter().filter(|(id, _)| id == order).count();
        assert!(
            failed.len() <= in_vain,
            "{order}: {in_vain} acceptances failed: {failed:?}"
        );
        for (_, moved_at) in ledger.moved.iter().filter(|(id, _)| id == order) {
            let late = failed.iter().find(|entry| entry.at >= *moved_at);
            assert!(late.is_none(), "{order} was accepted at {moved_at}: {late:?}");
        }
    });
}

/// Nothing was sent again after an outcome that nobody knew before two looks, after the call had ended, still showed the
/// order waiting; and a third one, after the claim, justified the send.
fn two_looks_decided(order: &OrderId, calls: &[LoggedCall]) {
    let about = |call: &&LoggedCall| call.row.related_id.as_deref() == Some(order.as_str());
    let sends: Vec<_> = calls.iter().filter(about).collect();
    for pair in sends.windows(2) {
        let (send, next) = (pair[0], pair[1]);
        let unknown = [None, Some(CallOutcome::Unknown), Some(CallOutcome::Unanswered)];
        if unknown.contains(&send.row.outcome) {
            let showed = |call: &&LoggedCall| {
                let mut seen = call.row.seen.iter();
                let by_id = call.row.request.as_ref().is_some_and(|query| !query["ids"].is_null());
                call.row.endpoint == Endpoint::Or11.as_str()
                    && by_id
                    && (send.answer_by..=next.row.at).contains(&call.row.at)
                    && seen.any(|(id, state)| id == order.as_str() && state.as_deref() == Some("WAITING_ACCEPTANCE"))
            };
            let looks = calls.iter().filter(showed).count();
            assert!(looks >= 3, "{order}: sent again after {looks} looks");
        }
    }
}

/// After a person has accepted what waited for one, every order is settled.
pub(super) fn all_settled(world: &World) {
    audit(world);
    for (order, row) in world.memory.work_rows() {
        assert_eq!(row.standing.phase, Phase::Settled, "{order}: {row:?}");
    }
}
