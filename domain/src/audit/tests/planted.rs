//! One damage of each kind, planted in a clean record: it is found, and under its own name.

use std::time::Duration;

use super::given::{
    acceptance, accepted, at, debit_overdue, decision, entry, failed, in_flight, look, new, now, refused, resent,
};
use crate::audit::{OrderRecord, Shown, ViolationKind, check};
use crate::call::{CallId, CallOutcome};
use crate::failure::FailureCause;
use crate::order::Decision;
use crate::status::OrderStatus;
use crate::time;
use crate::work::{Fence, Phase, Version};

fn kinds(record: &OrderRecord) -> Vec<ViolationKind> {
    check(record, now()).iter().map(|violation| violation.kind).collect()
}

macro_rules! planted {
    ($($name:ident: $kind:ident in $given:expr, $damage:expr;)*) => {
        const PLANTED: &[ViolationKind] = &[$(ViolationKind::$kind,)*];

        $(#[test]
        fn $name() {
            let mut record: OrderRecord = $given;
            assert_eq!(kinds(&record), []);
            let damage: fn(&mut OrderRecord) = $damage;
            damage(&mut record);
            let found = check(&record, now());
            assert!(found.iter().any(|violation| violation.kind == ViolationKind::$kind), "{found:#?}");
        })*
    };
}

#[test]
fn each_kind_is_planted() {
    for kind in ViolationKind::all() {
        assert!(PLANTED.contains(&kind), "{kind}");
    }
}

planted! {
    a_row_that_can_not_be_read: Unreadable in new(), |r| r.unreadable.push("order_status_history 3".to_owned());
    a_work_row_that_can_not_be_read: Unreadable in new(), |r| {
        r.work = None;
        r.unreadable_work = Some("order_work".to_owned());
    };
    an_order_that_is_gone: OrderMissing in accepted(), |r| r.stored = None;
    a_call_of_an_order_that_is_gone: OrderMissing in in_flight(), |r| {
        (r.stored, r.work) = (None, None);
        r.entries.clear();
    };
    a_timeline_that_is_gone: TimelineMissing in in_flight(), |r| {
        r.entries.clear();
        r.work = None;
    };
    a_work_row_left_over: TimelineMissing in new(), |r| r.entries.clear();
    an_entry_that_is_gone: VersionGap in resent(), |r| drop(r.entries.remove(2));
    a_first_entry_that_is_gone: VersionGap in accepted(), |r| drop(r.entries.remove(0));
    an_entry_twice: VersionTwice in accepted(), |r| {
        let again = r.entries[1].clone();
        r.entries.push(again);
    };
    an_entry_of_ours_that_no_move_leads_to: UnlawfulMove in accepted(), |r| {
        r.entries.push(entry(3, OrderStatus::PendingAcceptance, "once more"));
    };
    an_acceptance_without_a_fencing_number: CallWithoutLease in in_flight(), |r| r.calls[1].fence = None;
    an_acceptance_without_a_time_to_end: CallWithoutLease in in_flight(), |r| r.calls[1].answer_by = None;
    an_acceptance_without_a_decision: CallWithoutDecision in in_flight(), |r| r.calls[1].request = None;
    two_acceptances_under_one_lease: CallUnderUsedLease in in_flight(), |r| {
        r.calls.push(acceptance(3, 7, None));
    };
    an_acceptance_over_an_unanswered_one: CallOverUndecided in in_flight(), |r| {
        r.calls.push(acceptance(3, 8, Some(CallOutcome::Applied)));
    };
    an_acceptance_over_one_that_took_effect: CallOverUndecided in debit_overdue(), |r| {
        r.calls.push(acceptance(3, 8, Some(CallOutcome::Applied)));
    };
    a_success_turned_over: CallDisagrees in accepted(), |r| r.calls[1].is_success = Some(false);
    a_success_without_an_outcome: CallDisagrees in in_flight(), |r| r.calls[1].is_success = Some(true);
    a_second_decision: DecisionChanged in resent(), |r| r.calls[3].request = Some(decision("L2"));
    a_send_that_is_gone: SendMissing in accepted(), |r| drop(r.calls.remove(1));
    a_failure_without_its_send: SendMissing in failed(), |r| r.entries[1].send = None;
    a_send_of_another_order: SendForeign in accepted(), |r| r.calls[1].related_id = Some("A-2".to_owned());
    a_send_that_is_none: SendForeign in accepted(), |r| r.entries[1].send = Some(CallId(3));
    an_outcome_rewritten_to_applied: SendDisagrees in failed(), |r| {
        r.calls[1].outcome = Some(CallOutcome::Applied);
        r.calls[1].is_success = Some(true);
    };
    an_outcome_rewritten_to_not_sent: SendDisagrees in failed(), |r| r.calls[1].outcome = Some(CallOutcome::NotSent);
    a_failure_said_of_a_call_without_an_answer: SendDisagrees in failed(), |r| {
        (r.calls[1].outcome, r.calls[1].is_success) = (None, None);
    };
    a_look_that_is_gone: LookMissing in accepted(), |r| drop(r.calls.remove(2));
    a_listing_that_is_gone: LookMissing in new(), |r| r.calls.clear();
    an_acceptance_that_nobody_saw: LookMissing in accepted(), |r| r.entries[1].look = None;
    a_look_that_showed_it_waiting: LookDisagrees in accepted(), |r| {
        r.calls[2].shown = Shown::State("WAITING_ACCEPTANCE".to_owned());
    };
    a_look_that_showed_another_state_than_the_note_says: LookDisagrees in accepted(), |r| {
        r.calls[2].shown = Shown::State("SHIPPED".to_owned());
    };
    a_look_that_lacked_it: LookDisagrees in accepted(), |r| r.calls[2].shown = Shown::Missing;
    a_look_that_was_not_about_it: LookDisagrees in accepted(), |r| r.calls[2].shown = Shown::Nothing;
    a_look_without_an_answer: LookDisagrees in accepted(), |r| r.calls[2].outcome = Some(CallOutcome::Unknown);
    a_failed_order_that_the_look_showed_accepted: LookDisagrees in failed(), |r| {
        r.calls[2].shown = Shown::State("SHIPPING".to_owned());
    };
    a_cancelled_order_that_the_look_showed_waiting: LookDisagrees in refused(), |r| {
        r.calls[1].shown = Shown::State("WAITING_ACCEPTANCE".to_owned());
    };
    a_look_of_which_only_the_states_are_left: LookLost in accepted(), |r| r.lost_looks.push(CallId(3));
    a_failure_in_no_inbox: FailureMissing in failed(), |r| r.failures.clear();
    a_refusal_in_no_inbox: FailureMissing in refused(), |r| r.failures.clear();
    a_failure_of_another_cause: FailureDisagrees in failed(), |r| {
        r.failures[0].cause = Some(FailureCause::NotSent.as_str().to_owned());
    };
    a_failure_that_waits_for_a_person_and_is_retried: FailureDisagrees in failed(), |r| r.failures[0].needs_person = true;
    a_failure_of_an_entry_that_is_not_there: FailureDisagrees in debit_overdue(), |r| {
        r.failures[0].version = Some(Version(2));
    };
    a_failure_left_open: FailureLeftOpen in resent(), |r| r.failures[0].resolved_at = None;
    a_review_in_no_inbox: ReviewUnfiled in debit_overdue(), |r| r.failures.clear();
    a_review_that_we_closed_ourselves: ReviewUnfiled in debit_overdue(), |r| {
        r.failures[0].resolved_at = Some(at(300));
        r.failures[0].resolved_by = Some("ackord".to_owned());
    };
    a_work_row_that_is_gone: WorkMissing in accepted(), |r| r.work = None;
    a_work_row_at_another_version: WorkBehind in accepted(), |r| work(r).version = Version(1);
    a_work_row_of_another_status: WorkBehind in accepted(), |r| work(r).status = OrderStatus::PendingAcceptance;
    a_work_row_of_another_time: WorkBehind in accepted(), |r| work(r).status_at = at(1);
    a_settled_order_that_is_worked_on: WorkPhase in accepted(), |r| {
        work(r).standing.phase = Phase::Ready;
        work(r).standing.due_at = Some(now());
    };
    a_pending_order_that_nobody_works_on: WorkPhase in new(), |r| {
        work(r).standing.phase = Phase::Settled;
        work(r).standing.due_at = None;
    };
    a_retry_at_another_time: WorkPhase in failed(), |r| work(r).standing.due_at = Some(at(501));
    an_attempt_given_back: WorkPhase in failed(), |r| work(r).standing.attempt = 1;
    a_last_call_forgotten: WorkCall in in_flight(), |r| work(r).call = None;
    an_undecided_call_said_to_be_decided: WorkCall in in_flight(), |r| work(r).standing.call_open = false;
    a_decided_call_said_to_be_undecided: WorkCall in accepted(), |r| work(r).standing.call_open = true;
    a_send_said_to_be_under_way: WorkCall in new(), |r| work(r).standing.phase = Phase::Sending;
    a_frozen_decision_swapped: WorkDecision in in_flight(), |r| {
        work(r).standing.decision = Decision::from_json(&decision("L2")).ok();
    };
    a_frozen_decision_let_go: WorkDecision in in_flight(), |r| work(r).standing.decision = None;
    a_fencing_number_taken_back: WorkFence in in_flight(), |r| work(r).fence = Fence(6);
    an_order_placed_at_another_time: WorkPlaced in new(), |r| work(r).placed_at = at(6);
    an_order_due_at_no_time: Limbo in new(), |r| work(r).standing.due_at = None;
    an_order_due_in_two_years: Limbo in new(), |r| {
        work(r).standing.due_at = Some(time::plus(now(), Duration::from_secs(2 * 366 * 24 * 3600)));
    };
    a_settled_order_that_is_due: Limbo in accepted(), |r| work(r).standing.due_at = Some(now());
    an_order_leased_for_a_week: Limbo in new(), |r| {
        work(r).lease_until = Some(time::plus(now(), Duration::from_secs(7 * 24 * 3600)));
    };
}

fn work(record: &mut OrderRecord) -> &mut crate::audit::WorkRecord {
    record.work.as_mut().unwrap()
}

#[test]
fn a_look_that_no_entry_names_may_show_anything() {
    let mut record = accepted();
    record.calls.push(look(4, "CANCELED"));
    assert_eq!(kinds(&record), []);
}
