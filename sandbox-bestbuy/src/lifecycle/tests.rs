//! The state machine, move by move.

use super::*;
use crate::seed::OrderKind;

fn start() -> Timestamp {
    "2026-02-03T10:00:00Z".parse().unwrap()
}

fn life(seed: &OrderSeed, lines: usize) -> Life {
    Life::new(seed, lines, start(), start(), Some(60_000), None).0
}

fn accept(life: &mut Life, lines: &[bool], now: Timestamp) -> Vec<MarketState> {
    life.decide(lines, Some(now), Cause::Acceptance, now)
        .into_iter()
        .map(|moved| moved.to)
        .collect()
}

#[test]
fn a_plain_order_goes_straight_to_shipping() {
    let mut order = life(&OrderSeed::plain("A"), 1);
    assert!(order.is_undecided());
    assert_eq!(accept(&mut order, &[true], start()), [MarketState::Shipping]);
    assert_eq!(order.decision_date(), Some(start()));
    assert!(!order.is_undecided());
}

#[test]
fn an_order_that_moves_by_the_second_look_reads_waiting_once_more() {
    let mut order = life(&OrderSeed::plain("A").moves_by_look(2), 1);
    assert!(accept(&mut order, &[true], start()).is_empty());
    assert!(order.reads_as_waiting() && !order.is_undecided());
    assert_eq!(order.decision_date(), None);
    let moves = order.looked(start());
    assert_eq!(moves[0].to, MarketState::Shipping);
    assert_eq!(moves[0].cause, Cause::Acceptance);
}

#[test]
fn looks_before_the_decision_count_for_nothing() {
    let mut order = life(&OrderSeed::plain("A").moves_by_look(2), 1);
    for _ in 0..5 {
        assert!(order.looked(start()).is_empty());
    }
    assert!(accept(&mut order, &[true], start()).is_empty());
    assert!(order.reads_as_waiting());
}

#[test]
fn a_paid_on_acceptance_order_passes_both_debit_states() {
    let mut order = life(&OrderSeed::of(OrderKind::SlowDebit, "A"), 1);
    assert_eq!(accept(&mut order, &[true], start()), [MarketState::WaitingDebit]);
    assert_eq!(order.looked(start())[0].to, MarketState::WaitingDebitPayment);
    let last = order.looked(start());
    assert_eq!(
        (last[0].to.clone(), last[0].cause),
        (MarketState::Shipping, Cause::Payment)
    );
    assert!(order.looked(start()).is_empty());
}

#[test]
fn a_delay_moves_the_order_at_the_time_it_falls_due() {
    let seed = OrderSeed::plain("A").path([
        Step::new("WAITING_DEBIT", Pace::Ms(500)),
        Step::new("SHIPPING", Pace::Never),
    ]);
    let mut order = life(&seed, 1);
    accept(&mut order, &[true], start());
    assert!(order.tick(later(start(), 499)).is_empty());
    let moves = order.tick(later(start(), 9_000));
    assert_eq!(moves[0].at, later(start(), 500));
    assert_eq!(order.state(), &MarketState::Shipping);
}

#[test]
fn an_undecided_order_is_refused_at_the_deadline_without_a_decision_date() {
    let mut order = life(&OrderSeed::plain("A"), 1);
    assert!(order.tick(later(start(), 59_999)).is_empty());
    let moves = order.tick(later(start(), 60_000));
    assert_eq!(
        (moves[0].to.clone(), moves[0].cause),
        (MarketState::Refused, Cause::Deadline)
    );
    assert_eq!(order.decision_date(), None);
    assert_eq!(order.line_states(), [MarketState::Refused]);
}

#[test]
fn the_deadline_spares_an_order_that_was_decided_but_still_reads_waiting() {
    let mut order = life(&OrderSeed::plain("A").reads_waiting(Pace::Never), 1);
    accept(&mut order, &[true], start());
    assert!(order.tick(later(start(), 600_000)).is_empty());
    assert!(order.reads_as_waiting());
}

#[test]
fn a_partly_refused_order_goes_on_with_its_refused_line() {
    let mut order = life(&OrderSeed::of(OrderKind::TwoLines, "A"), 2);
    accept(&mut order, &[true, false], start());
    assert_eq!(order.line_states(), [MarketState::Shipping, MarketState::Refused]);
}

#[test]
fn refusing_every_line_refuses_the_order() {
    let mut order = life(&OrderSeed::of(OrderKind::TwoLines, "A"), 2);
    let moves = order.decide(&[false, false], Some(start()), Cause::Refusal, start());
    assert_eq!(moves[0].to, MarketState::Refused);
    assert_eq!(order.decision_date(), Some(start()));
}

#[test]
fn a_staged_order_waits_for_acceptance_after_its_looks() {
    let (mut order, moves) = Life::new(
        &OrderSeed::plain("A").staging(Pace::Looks(2)),
        1,
        start(),
        start(),
        None,
        None,
    );
    assert_eq!(moves[0].to, MarketState::Staging);
    assert!(order.looked(start()).is_empty());
    let moves = order.looked(start());
    assert_eq!(
        (moves[0].to.clone(), moves[0].cause),
        (MarketState::WaitingAcceptance, Cause::FraudCheck)
    );
    assert!(order.is_undecided());
}

#[test]
fn a_cancelled_order_stops_wherever_it_was_going() {
    let mut order = life(&OrderSeed::slow_debit("A"), 1);
    accept(&mut order, &[true], start());
    order.set(MarketState::Canceled, None, Cause::CancelledByCustomer, start());
    assert!(order.looked(start()).is_empty());
    assert_eq!(order.state(), &MarketState::Canceled);
}

#[test]
fn a_payment_that_is_refused_cancels_an_accepted_order() {
    let mut order = life(&OrderSeed::of(OrderKind::PaymentRefused, "A"), 1);
    accept(&mut order, &[true], start());
    let moves = order.looked(start());
    assert_eq!(
        (moves[0].to.clone(), moves[0].cause),
        (MarketState::Canceled, Cause::Payment)
    );
}
