//! Lost answers, failed calls, retries.

use super::market::Answer;
use super::world::{World, id, seconds};
use crate::settings::Settings;
use crate::work::Phase;

#[test]
pub(super) fn mistake_02_a_lost_answer_after_the_effect_ends_accepted() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::LostAfterEffect]);
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert!(world.failures(&order).is_empty());
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}

#[test]
fn mistake_02_a_lost_answer_is_not_a_failure_while_the_listing_is_stale() {
    let world = World::new();
    let order = world.order_like("A-1", |order| {
        order.script = vec![Answer::LostAfterEffect].into();
        order.lag = 1;
    });
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}

#[test]
pub(super) fn a_lost_answer_without_effect_fails_after_two_looks_a_poll_interval_apart() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::LostWithoutEffect]);
    let report = world.run();
    assert_eq!((report.acceptance_failed, report.retry_scheduled), (1, 1));
    assert_eq!(world.statuses(&order), ["pending_acceptance", "acceptance_failed"]);
    let times = world.ledger(|ledger| ledger.look_times.clone());
    assert_eq!(times.len(), 2);
    assert!(times[1].duration_since(times[0]) >= jiff::SignedDuration::from_secs(60));
    assert_eq!(
        world.ledger(|ledger| ledger.received.len()),
        1,
        "nothing is sent again in this run"
    );
    let failure = &world.failures(&order)[0].row;
    assert_eq!(
        (failure.cause.as_deref(), failure.needs_person),
        (Some("unanswered"), false)
    );
    assert!(
        world
            .note(&order)
            .starts_with("Attempt 1 of 5 failed: answered: Unknown; 2 looks after it")
    );
}

#[test]
pub(super) fn looks_begun_before_the_answer_was_due_use_up_nothing() {
    let world = World::with(Settings {
        poll_interval: seconds(1),
        ..Settings::default()
    });
    let order = world.scripted("A-1", &[Answer::LostWithoutEffect]);
    world.run();
    let intent = &world.memory.logged_calls()[1];
    assert_eq!(intent.row.endpoint, "OR21");
    let times = world.ledger(|ledger| ledger.look_times.clone());
    let after: Vec<_> = times.iter().filter(|at| **at >= intent.answer_by).collect();
    assert_eq!(after.len(), 2, "{times:?}");
    assert!(after[1].duration_since(*after[0]) >= jiff::SignedDuration::from_secs(1));
    assert_eq!(world.status(&order), "acceptance_failed");
}

#[test]
pub(super) fn mistake_04_a_failed_attempt_is_retried_when_due_and_then_accepted() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::NotSent]);
    let report = world.run();
    assert_eq!((report.acceptance_failed, report.retry_scheduled), (1, 1));
    let failed = world.entries(&order).pop().unwrap();
    let retry_at = failed.retry_at.unwrap();
    assert_eq!(
        world.note(&order),
        format!("Attempt 1 of 5 failed: answered: NotSent; retried at {retry_at}")
    );
    assert_eq!(world.open_causes(&order), ["not_sent"]);

    let report = world.run();
    assert_eq!((report.requeued, report.accepted), (0, 0), "not due yet");
    world.advance(60);
    let report = world.run();
    assert_eq!((report.requeued, report.accepted), (1, 1));
    assert_eq!(
        world.statuses(&order),
        [
            "pending_acceptance",
            "acceptance_failed",
            "pending_acceptance",
            "accepted"
        ]
    );
    let note = world.entries(&order)[2].note.clone().unwrap();
    assert_eq!(note, "retry 2 of 5: answered: NotSent");
    assert!(world.open_causes(&order).is_empty());
    let closed = &world.failures(&order)[0].row;
    assert_eq!(closed.resolution.as_deref(), Some("The order was seen as accepted"));
    assert_eq!(world.ledger(|ledger| ledger.effects_on("A-1")), 1);
}

#[test]
fn failures_of_other_modules_stay_open() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::NotSent]);
    world.run();
    world.memory.insert_foreign_failure(crate::memory::ForeignFailure {
        related_id: Some("A-1".into()),
        process_name: "ShippingLabels".into(),
        details: None,
    });
    world.advance(60);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    let failures = world.failures(&order);
    let open: Vec<_> = failures
        .iter()
        .filter(|filed| filed.row.resolved_at.is_none())
        .collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].row.process_name, "ShippingLabels");
}

#[test]
pub(super) fn after_the_last_attempt_a_person_is_asked() {
    let world = World::new();
    let order = world.scripted("A-1", &vec![Answer::LostWithoutEffect; 5]);
    // Another order is answered each time, so this is no outage.
    for round in 0..5 {
        world.order(&format!("B-{round}"));
        world.run();
        world.advance(900);
    }
    assert_eq!(world.phase(&order), Phase::Review);
    assert_eq!(world.status(&order), "acceptance_failed");
    let last = world.failures(&order).pop().unwrap();
    assert!(last.row.needs_person);
    assert!(world.note(&order).ends_with("; waits for a person"));
    assert_eq!(world.ledger(|ledger| ledger.received_for("A-1")), 5);
    world.advance(24 * 3600);
    world.run();
    assert_eq!(world.ledger(|ledger| ledger.received_for("A-1")), 5);
}

#[test]
pub(super) fn a_resend_repeats_the_frozen_decision() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::LostWithoutEffect]);
    world.run();
    world.market.change("A-1", |order| {
        order.lines.reverse();
        order.lines.push(("a third".to_owned(), None));
    });
    world.advance(60);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    world.ledger(|ledger| {
        assert_eq!(ledger.received.len(), 2);
        assert_eq!(ledger.received[0].1, ledger.received[1].1);
    });
}

#[test]
pub(super) fn a_refusal_waits_for_a_person_and_lets_the_decision_go() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::Refused]);
    let report = world.run();
    assert_eq!(
        (report.acceptance_failed, report.retry_scheduled, report.needs_person),
        (1, 0, 1)
    );
    assert_eq!(world.open_causes(&order), ["refused"]);
    assert_eq!(world.work(&order).standing.decision, None);
    assert_eq!(world.entries(&order).pop().unwrap().retry_at, None);
    world.advance(24 * 3600);
    world.run();
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);

    // A person has looked and asks for another attempt; the lines have changed.
    world.market.change("A-1", |order| order.lines.truncate(1));
    world.append_foreign(&order, "pending_acceptance");
    world.run();
    assert_eq!(world.status(&order), "accepted");
    assert!(world.open_causes(&order).is_empty());
    let body = world.ledger(|ledger| ledger.received[1].1.clone());
    assert_eq!(
        body,
        serde_json::json!({"order_lines": [{"id": "A-1-1", "accepted": true}]})
    );
}

#[test]
pub(super) fn mistake_07_a_refusal_is_not_repeated_blindly() {
    let world = World::new();
    world.scripted("A-1", &vec![Answer::Refused; 9]);
    for _ in 0..4 {
        world.run();
        world.advance(3600);
    }
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
}

#[test]
fn mistake_08_one_bad_order_costs_itself_alone() {
    let world = World::new();
    let bad = [
        world.scripted("A-1", &[Answer::Refused]),
        world.scripted("A-2", &[Answer::NotSent]),
        world.order_like("A-3", |order| order.lines.clear()),
        world.order_like("A-4", |order| order.unreadable = true),
    ];
    let good: Vec<_> = (0..20).map(|n| world.order(&format!("B-{n}"))).collect();
    let report = world.run();
    assert_eq!(report.accepted, 20);
    assert!(report.halt.is_none());
    for order in &good {
        assert_eq!(world.status(order), "accepted");
    }
    for order in &bad {
        assert_ne!(world.status(order), "accepted");
        assert_eq!(world.open_causes(order).len(), 1);
    }
}

#[test]
pub(super) fn a_precondition_answer_is_looked_at_and_never_sent_again_by_itself() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::Precondition]);
    let report = world.run();
    assert_eq!(report.needs_person, 1);
    assert_eq!(world.phase(&order), Phase::Review);
    assert_eq!(world.open_causes(&order), ["not_confirmed"]);
    assert_eq!(
        world.note(&order),
        "Still 'WAITING_ACCEPTANCE' after 5 looks; waits for a person"
    );
    world.advance(24 * 3600);
    world.run();
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
    assert_eq!(world.ledger(|ledger| ledger.looks.len()), 6);
}

#[test]
fn mistake_03_a_second_acceptance_answered_as_illegal_is_no_failure() {
    let world = World::new();
    let order = world.order("A-1");
    // Somebody accepts it between our look and our send.
    let market = std::sync::Arc::clone(&world.market);
    world
        .gate
        .at(super::gate::Op::Accept, super::gate::When::Before, 0, move || {
            market.change("A-1", |order| order.state = crate::state::MarketplaceState::Shipping);
        });
    world.run();
    assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    assert!(world.failures(&order).is_empty());
    world.ledger(|ledger| assert_eq!((ledger.received.len(), ledger.effects.len()), (1, 0)));
}

#[test]
pub(super) fn an_answer_of_success_without_effect_waits_for_a_person() {
    let world = World::new();
    let order = world.scripted("A-1", &[Answer::EmptyPromise]);
    world.run();
    assert_eq!(world.status(&order), "acceptance_failed");
    assert_eq!(world.phase(&order), Phase::Review);
    assert_eq!(world.open_causes(&order), ["not_confirmed"]);
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
    // It shows late.
    world
        .market
        .change("A-1", |order| order.state = crate::state::MarketplaceState::Shipping);
    world.advance(3600);
    world.run();
    assert_eq!(world.status(&order), "accepted");
    assert!(world.open_causes(&order).is_empty());
}

#[test]
pub(super) fn with_no_interval_between_looks_an_effect_within_the_staleness_is_still_no_failure() {
    for answer in [Answer::LostAfterEffect, Answer::EmptyPromise] {
        let world = World::with(Settings {
            poll_interval: std::time::Duration::ZERO,
            ..Settings::default()
        });
        let order = world.scripted("A-1", &[answer]);
        // The listing lags four seconds behind.
        world.market.change("A-1", |order| order.lag = u32::MAX);
        let (clock, market) = (world.clock.clone(), std::sync::Arc::clone(&world.market));
        for nth in 0..40 {
            let (clock, market) = (clock.clone(), std::sync::Arc::clone(&market));
            world
                .gate
                .at(super::gate::Op::Look, super::gate::When::Before, nth, move || {
                    use crate::ports::Clock as _;
                    if clock.monotonic() >= seconds(4) {
                        market.change("A-1", |order| {
                            order.lag = 0;
                            order.state = crate::state::MarketplaceState::Shipping;
                        });
                    }
                });
        }
        world.run();
        assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
    }
}

#[test]
fn mistake_15_what_failed_in_one_run_is_taken_up_by_the_next() {
    let world = World::new();
    let orders = world.orders(250);
    // The second page can't be read: the first is stored, nothing is sent.
    world.market.state().page_faults =
        vec![super::market::ReadFault::Empty, super::market::ReadFault::Unreachable].into();
    let report = world.run();
    assert!(report.halt.is_some());
    assert_eq!((report.ingested, report.accepted), (100, 0));
    assert_eq!(world.ledger(|ledger| ledger.received.len()), 0);
    world.advance(60);
    let report = world.run();
    assert_eq!((report.ingested, report.accepted), (150, 250));
    assert!(orders.iter().all(|order| world.status(order) == "accepted"));
    assert_eq!(world.status(&id("O00249-A")), "accepted");
}

#[test]
fn mistake_02_an_effect_that_comes_after_the_lost_answer_is_not_decided_on_too_early() {
    for poll_interval in [0, 1, 60] {
        let world = World::with(Settings {
            poll_interval: seconds(poll_interval),
            ..Settings::default()
        });
        let order = world.order_like("A-1", |order| {
            order.script = vec![Answer::EffectLater(seconds(10))].into();
            order.stale_for = seconds(4);
        });
        world.run();
        assert_eq!(world.statuses(&order), ["pending_acceptance", "accepted"]);
        assert_eq!(world.ledger(|ledger| ledger.received.len()), 1);
    }
}
