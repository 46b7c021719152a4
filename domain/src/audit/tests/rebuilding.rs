//! Work rows made anew: conservative where the record is silent, exact where it speaks.

use super::given::{
    acceptance, accepted, at, debit_overdue, decision, entry, failed, in_flight, new, now, refused, resent,
};
use crate::audit::{OrderRecord, rebuilt};
use crate::call::CallOutcome;
use crate::order::Decision;
use crate::ports::Entry;
use crate::status::OrderStatus;
use crate::work::{Fence, Phase, Standing};

fn standing(record: &OrderRecord) -> Standing {
    rebuilt(record, now()).unwrap().standing
}

#[test]
fn an_order_that_nothing_was_done_for_is_to_be_sent() {
    assert_eq!(standing(&new()), Standing::fresh(now()));
}

#[test]
fn an_undecided_call_is_looked_at_and_not_before_it_has_ended() {
    let mut record = in_flight();
    let sending = standing(&record);
    assert_eq!((sending.phase, sending.call_open), (Phase::Sending, true));
    assert_eq!(sending.due_at, Some(now()));
    record.calls[1].answer_by = Some(at(20_000));
    assert_eq!(standing(&record).due_at, Some(at(20_000)));
    record.calls[1].outcome = Some(CallOutcome::Unknown);
    assert_eq!(standing(&record).due_at, Some(now()));
}

#[test]
fn the_decision_stays_frozen_until_a_refusal_lets_go_of_it() {
    let frozen = Decision::from_json(&decision("L1")).ok();
    assert_eq!(standing(&in_flight()).decision, frozen);
    assert_eq!(standing(&failed()).decision, frozen);
    let mut record = in_flight();
    record.calls[1].outcome = Some(CallOutcome::Refused);
    assert_eq!(standing(&record).decision, frozen);
    record.entries.push(Entry {
        send: Some(record.calls[1].call_id),
        ..entry(2, OrderStatus::AcceptanceFailed, "refused")
    });
    assert_eq!(standing(&record).decision, None);
}

#[test]
fn a_retry_keeps_its_time_its_attempt_and_its_reason() {
    let retry = standing(&failed());
    assert_eq!(
        (retry.phase, retry.due_at, retry.attempt),
        (Phase::Retry, Some(at(500)), 2)
    );
    assert_eq!(retry.reason.as_deref(), Some("timeout"));
}

#[test]
fn an_attempt_that_an_outage_cost_is_not_counted() {
    let mut record = failed();
    record.failures[0].payload = Some(serde_json::json!({"next_attempt": 1}));
    assert_eq!(standing(&record).attempt, 1);
}

#[test]
fn review_stays_review() {
    assert_eq!(standing(&debit_overdue()).phase, Phase::Review);
    let mut record = failed();
    record.entries[1].retry_at = None;
    record.failures[0].needs_person = true;
    assert_eq!(standing(&record).phase, Phase::Review);
}

#[test]
fn a_foreign_failure_is_filed_unless_it_was() {
    let mut record = failed();
    (record.entries[1].retry_at, record.entries[1].source) = (None, "external".to_owned());
    record.failures[0].needs_person = true;
    assert_eq!(standing(&record).phase, Phase::Review);
    record.failures.clear();
    assert_eq!(standing(&record).phase, Phase::Unfiled);
}

#[test]
fn settled_orders_are_due_at_no_time() {
    for record in [accepted(), refused(), resent()] {
        let settled = standing(&record);
        assert_eq!((settled.phase, settled.due_at), (Phase::Settled, None));
    }
}

#[test]
fn the_fencing_number_stays_above_every_call() {
    let mut record = in_flight();
    record.calls.push(acceptance(3, 40, None));
    assert_eq!(rebuilt(&record, now()).unwrap().least_fence, Fence(40));
}

#[test]
fn nothing_is_made_of_a_record_that_can_not_be_read() {
    let mut record = new();
    record.unreadable.push("order_status_history 2".to_owned());
    assert_eq!(rebuilt(&record, now()), None);
}

#[test]
fn an_order_without_a_timeline_has_no_work() {
    let mut record = new();
    record.entries.clear();
    assert_eq!(rebuilt(&record, now()), None);
}
