//! Damage done to the record behind the program's back, with the triggers out of the way: each is found, under its name.
//! And the work table, emptied and made anew: the workflow goes on.

use std::time::Duration;

use ackord::OrderStatus;
use ackord::audit::ViolationKind;
use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderKind, OrderSeed, Sandbox};

use super::rig::{Rig, audited, violations};
use crate::contract::store::{Dialect, StoreFixture};
use crate::harness::Case;

/// `A-1` is accepted, `B-1` failed and is retried in an hour, `C-1` is in review.
async fn shop(fixture: &StoreFixture) {
    let fault = Fault::Status {
        status: 500,
        moment: Moment::Before,
    };
    let sandbox = Sandbox::builder()
        .orders(["A-1", "B-1"].map(OrderSeed::plain))
        .order(OrderSeed::of(OrderKind::NoLines, "C-1"))
        .fault(FaultRule::on(Endpoint::Or21, fault).order("B-1").once());
    let mut rig = Rig::open(fixture, sandbox).await;
    (rig.settings.retry.base, rig.settings.retry.cap) = (Duration::from_secs(3600), Duration::from_secs(3600));
    rig.run().await;
    assert_eq!(rig.story("A-1").await.summary.status, Some(OrderStatus::Accepted));
    assert_eq!(
        rig.story("B-1").await.summary.status,
        Some(OrderStatus::AcceptanceFailed)
    );
    audited(fixture).await;
}

/// Executes a statement past triggers and foreign keys.
async fn behind_the_back(fixture: &StoreFixture, statement: &str) {
    let foreign = &fixture.foreign;
    match fixture.capabilities.sql {
        Some(Dialect::Postgres) => {
            let block = format!("DO $$ BEGIN SET LOCAL session_replication_role = replica; {statement}; END $$");
            foreign.sql(&block).await.expect("the damage is done");
        }
        Some(Dialect::Sqlite) => {
            let triggers = foreign
                .texts("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                .await;
            for trigger in triggers.expect("the triggers") {
                foreign
                    .sql(&format!("DROP TRIGGER {trigger}"))
                    .await
                    .expect("it is dropped");
            }
            let touched = foreign.sql(statement).await.expect("the damage is done");
            assert!(touched > 0, "no row is as the damage expects: {statement}");
        }
        None => panic!("this store can't be reached by SQL"),
    }
}

async fn found_as(fixture: &StoreFixture, kind: ViolationKind, statement: &str) {
    shop(fixture).await;
    behind_the_back(fixture, statement).await;
    let found = violations(fixture).await;
    assert!(
        found.iter().any(|violation| violation.kind == kind),
        "{kind}: {found:#?}"
    );
}

macro_rules! damages {
    ($($name:ident: $kind:ident, $statement:expr;)*) => {
        $(async fn $name(fixture: &StoreFixture) {
            found_as(fixture, ViolationKind::$kind, $statement).await;
        })*

        #[cfg(test)]
        const PLANTED: &[ViolationKind] = &[$(ViolationKind::$kind),*];

        /// One case for each damage.
        pub(super) fn cases() -> Vec<Case<StoreFixture>> {
            let mut cases = crate::cases![$($name),*];
            cases.extend(crate::cases_then![audited;
                a_work_table_that_was_emptied_is_made_anew_and_the_workflow_goes_on,
                a_scrambled_work_table_is_made_anew_and_nothing_is_sent_twice,
            ]);
            cases
        }
    };
}

damages! {
    a_decision_that_can_not_be_read: Unreadable, "UPDATE order_work SET decision = '{}' WHERE order_id = 'A-1'";
    an_order_deleted: OrderMissing, "DELETE FROM orders WHERE order_id = 'A-1'";
    a_timeline_deleted: TimelineMissing, "DELETE FROM order_status_history WHERE order_id = 'A-1'";
    a_first_entry_deleted: VersionGap, "DELETE FROM order_status_history WHERE order_id = 'A-1' AND version = 1";
    a_newest_entry_deleted: WorkBehind, "DELETE FROM order_status_history WHERE order_id = 'A-1' AND version = 2";
    an_entry_rewritten: UnlawfulMove,
        "UPDATE order_status_history SET status = 'cancelled' WHERE order_id = 'A-1' AND version = 1";
    a_fencing_number_blanked: CallWithoutLease,
        "UPDATE api_calls SET fence = NULL WHERE related_id = 'A-1' AND endpoint = 'OR21'";
    a_request_blanked: CallWithoutDecision,
        "UPDATE api_calls SET request_payload = NULL WHERE related_id = 'A-1' AND endpoint = 'OR21'";
    an_acceptance_slipped_in_under_the_same_lease: CallUnderUsedLease,
        "INSERT INTO api_calls (service, endpoint, related_id, request_payload, fence, answer_by) \
         SELECT service, endpoint, related_id, request_payload, fence, answer_by FROM api_calls \
         WHERE related_id = 'A-1' AND endpoint = 'OR21'";
    an_unanswered_acceptance_slipped_in: CallOverUndecided,
        "INSERT INTO api_calls (service, endpoint, related_id, request_payload, fence, answer_by) \
         SELECT service, endpoint, related_id, request_payload, fence - 1, answer_by FROM api_calls \
         WHERE related_id = 'A-1' AND endpoint = 'OR21'";
    a_success_turned_over: CallDisagrees,
        "UPDATE api_calls SET is_success = NOT is_success WHERE related_id = 'A-1' AND endpoint = 'OR21'";
    another_decision_slipped_in: DecisionChanged,
        "INSERT INTO api_calls (service, endpoint, related_id, request_payload, fence, answer_by, outcome, is_success) \
         VALUES ('mirakl', 'OR21', 'A-1', '{\"order_lines\": [{\"id\": \"X\", \"accepted\": false}]}', 1, NULL, 'not_sent', false)";
    an_acceptance_deleted: SendMissing, "DELETE FROM api_calls WHERE related_id = 'A-1' AND endpoint = 'OR21'";
    an_acceptance_given_to_another_order: SendForeign,
        "UPDATE api_calls SET related_id = 'C-1' WHERE related_id = 'A-1' AND endpoint = 'OR21'";
    an_outcome_rewritten: SendDisagrees,
        "UPDATE api_calls SET outcome = 'applied', is_success = true WHERE related_id = 'B-1' AND endpoint = 'OR21'";
    a_look_deleted: LookMissing,
        "DELETE FROM api_calls WHERE call_id = \
         (SELECT look_call_id FROM order_status_history WHERE order_id = 'A-1' AND version = 2)";
    a_looks_state_rewritten: LookDisagrees,
        "UPDATE call_orders SET state = 'WAITING_ACCEPTANCE' WHERE order_id = 'A-1' AND call_id = \
         (SELECT look_call_id FROM order_status_history WHERE order_id = 'A-1' AND version = 2)";
    a_looks_state_rewritten_to_another_accepted_one: LookDisagrees,
        "UPDATE call_orders SET state = 'RECEIVED' WHERE order_id = 'A-1' AND call_id = \
         (SELECT look_call_id FROM order_status_history WHERE order_id = 'A-1' AND version = 2)";
    what_a_look_showed_deleted: LookDisagrees,
        "DELETE FROM call_orders WHERE order_id = 'A-1' AND call_id = \
         (SELECT look_call_id FROM order_status_history WHERE order_id = 'A-1' AND version = 2)";
    a_look_deleted_and_its_states_left: LookLost,
        "DELETE FROM api_calls WHERE endpoint = 'OR11'";
    an_inbox_entry_deleted: FailureMissing, "DELETE FROM process_failures WHERE related_id = 'B-1'";
    an_inbox_entry_rewritten: FailureDisagrees,
        "UPDATE process_failures SET cause = 'refused' WHERE related_id = 'B-1'";
    an_inbox_entry_left_open: FailureLeftOpen,
        "INSERT INTO process_failures (related_id, process_name, cause, needs_person, version) \
         VALUES ('A-1', 'OrderAcceptance', 'unanswered', false, 1)";
    a_review_nobody_is_asked_about: ReviewUnfiled, "DELETE FROM process_failures WHERE related_id = 'C-1'";
    a_work_row_deleted: WorkMissing, "DELETE FROM order_work WHERE order_id = 'A-1'";
    a_work_row_set_back: WorkBehind, "UPDATE order_work SET version = 1 WHERE order_id = 'A-1'";
    a_settled_order_made_ready: WorkPhase, "UPDATE order_work SET phase = 'ready', due_at = status_at WHERE order_id = 'A-1'";
    an_attempt_given_back: WorkPhase, "UPDATE order_work SET attempt = 1 WHERE order_id = 'B-1'";
    a_call_forgotten: WorkCall, "UPDATE order_work SET call_id = NULL WHERE order_id = 'A-1'";
    a_call_reopened: WorkCall, "UPDATE order_work SET call_open = true WHERE order_id = 'A-1'";
    a_frozen_decision_swapped: WorkDecision,
        "UPDATE order_work SET decision = '{\"order_lines\": [{\"id\": \"X\", \"accepted\": false}]}' WHERE order_id = 'B-1'";
    a_fencing_number_taken_back: WorkFence, "UPDATE order_work SET fence = 0 WHERE order_id = 'A-1'";
    a_deadline_moved: WorkPlaced, "UPDATE order_work SET placed_at = '2020-01-01T00:00:00.000000Z' WHERE order_id = 'A-1'";
    an_order_left_in_limbo: Limbo, "UPDATE order_work SET due_at = NULL WHERE order_id = 'C-1'";
}

/// Some accepted, some with an answer that was lost, one to be retried, one in review.
async fn half_done(fixture: &StoreFixture) -> Rig<'_> {
    let fault = Fault::Status {
        status: 500,
        moment: Moment::Before,
    };
    let sandbox = Sandbox::builder()
        .bulk(12)
        .order(OrderSeed::plain("B-1"))
        .order(OrderSeed::of(OrderKind::NoLines, "C-1"))
        .fault(FaultRule::on(Endpoint::Or21, fault).order("B-1").once())
        .fault(FaultRule::on(Endpoint::Or21, Fault::AnswerLost).skip(3).times(4));
    let rig = Rig::open(fixture, sandbox).await;
    let once = ackord::workflow::RunOptions {
        wait: ackord::workflow::Wait::No,
        ..ackord::workflow::RunOptions::default()
    };
    rig.worker("first").workflow.run(&once, &()).await;
    rig
}

async fn rebuild(fixture: &StoreFixture) {
    fixture.store.begin_rebuild().await.expect("the epoch is raised");
    let mut after = None;
    loop {
        let now = fixture.store.now().await.expect("the store's time");
        let page = fixture
            .store
            .rebuild(after, 5, now)
            .await
            .expect("the page is made anew");
        assert!(page.skipped.is_empty(), "{page:?}");
        match page.last {
            Some(last) => after = Some(last),
            None => return,
        }
    }
}

/// Everything settles, and no decision takes effect twice.
async fn goes_on(rig: &Rig<'_>) {
    audited(rig.fixture).await;
    let mut ids: Vec<String> = (1..=12).map(|number| format!("BULK-{number:06}")).collect();
    ids.push("B-1".to_owned());
    for id in ids {
        rig.run_until_status(&id, OrderStatus::Accepted).await;
        assert_eq!(rig.ledger().decisions_applied(&id), 1, "{id}");
    }
    assert_eq!(
        rig.story("C-1").await.summary.status,
        Some(OrderStatus::PendingAcceptance)
    );
    assert_eq!(rig.ledger().acceptances_received("C-1"), 0);
}

async fn a_work_table_that_was_emptied_is_made_anew_and_the_workflow_goes_on(fixture: &StoreFixture) {
    let rig = half_done(fixture).await;
    fixture
        .foreign
        .sql("DELETE FROM order_work")
        .await
        .expect("it is emptied");
    let found = violations(fixture).await;
    assert_eq!(found.len(), 14, "{found:#?}");
    rebuild(fixture).await;
    goes_on(&rig).await;
}

async fn a_scrambled_work_table_is_made_anew_and_nothing_is_sent_twice(fixture: &StoreFixture) {
    let rig = half_done(fixture).await;
    let scramble = "UPDATE order_work SET phase = 'ready', due_at = status_at, call_open = false, call_id = NULL, \
                    decision = NULL, attempt = 1, fence = 0, version = 1, status = 'pending_acceptance'";
    fixture.foreign.sql(scramble).await.expect("it is scrambled");
    assert!(!violations(fixture).await.is_empty());
    rebuild(fixture).await;
    goes_on(&rig).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two entries with one version are kept out by the table's own key, which can't be switched off in SQLite: the check
    /// has its test in the domain.
    #[test]
    fn each_kind_is_planted() {
        let left_out = [ViolationKind::VersionTwice];
        for kind in ViolationKind::all().filter(|kind| !left_out.contains(kind)) {
            assert!(PLANTED.contains(&kind), "{kind}");
        }
    }
}
