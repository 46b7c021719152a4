//! Each state of the marketplace ends as the table says.

use ackord::OrderStatus;
use ackord::failure::FailureCause;
use ackord_sandbox::{Act, Endpoint, FaultRule, Moment, OrderKind, OrderSeed, Pace, Sandbox, Step};

use super::rig::{Rig, audited, expect_open, statuses};
use crate::cases_then;
use crate::contract::store::StoreFixture;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<StoreFixture>> {
    cases_then![audited;
        mistake_01_an_order_cancelled_between_look_and_send_ends_cancelled,
        an_order_refused_by_a_person_ends_cancelled_and_the_inbox_says_by_whom,
        an_order_refused_at_the_deadline_ends_cancelled_and_the_inbox_says_so,
        a_closed_order_ends_accepted,
        mistake_11_a_closed_order_with_every_line_refused_ends_cancelled,
        an_order_that_is_shipped_already_ends_accepted_and_the_note_says_so,
        an_order_accepted_by_a_person_is_not_failed,
        an_order_in_staging_waits_and_is_accepted_when_it_comes_out,
        an_unknown_state_ends_in_review_and_settles_by_itself_once_it_is_known,
        an_order_missing_from_the_answer_ends_in_review,
        a_slow_debit_is_awaited_over_runs_and_never_sent_again,
        a_debit_beyond_its_grace_goes_to_review_and_stays_pending,
        a_payment_refused_after_acceptance_ends_cancelled,
        an_order_without_lines_is_never_sent,
        an_order_that_never_moves_fails_after_its_looks_and_waits_for_a_person
    ]
}

/// A plain order to which other hands do something right before its acceptance is carried out.
fn overtaken(id: &str, act: Act) -> Sandbox {
    let hands = FaultRule::hands(Endpoint::Or21, act, Moment::Before).order(id).once();
    Sandbox::builder().order(OrderSeed::plain(id)).fault(hands)
}

fn set_state(state: &str, lines: Option<&str>) -> Act {
    Act::SetState {
        state: state.into(),
        lines: lines.map(|line| vec![line.into()]),
    }
}

async fn mistake_01_an_order_cancelled_between_look_and_send_ends_cancelled(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, overtaken("A-1", Act::CancelByCustomer)).await;
    let report = rig.run().await;
    assert_eq!(
        (report.cancelled, report.acceptance_failed, report.needs_person),
        (1, 0, 0)
    );
    let story = rig.story("A-1").await;
    assert_eq!(statuses(&story), ["pending_acceptance", "cancelled"]);
    assert!(
        story.entries[1]
            .note
            .as_deref()
            .is_some_and(|note| note.contains("'CANCELED'"))
    );
    assert!(story.failures.is_empty());
}

async fn an_order_refused_by_a_person_ends_cancelled_and_the_inbox_says_by_whom(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, overtaken("A-1", Act::Refuse)).await;
    let report = rig.run().await;
    assert_eq!((report.cancelled, report.needs_person), (1, 1));
    let story = rig.story("A-1").await;
    assert_eq!(statuses(&story), ["pending_acceptance", "cancelled"]);
    expect_open(&story, FailureCause::RefusedByShop);
}

async fn an_order_refused_at_the_deadline_ends_cancelled_and_the_inbox_says_so(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, overtaken("A-1", Act::PassDeadline)).await;
    rig.run().await;
    let story = rig.story("A-1").await;
    assert_eq!(statuses(&story), ["pending_acceptance", "cancelled"]);
    expect_open(&story, FailureCause::RefusedAtDeadline);
}

async fn a_closed_order_ends_accepted(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, overtaken("A-1", set_state("CLOSED", None))).await;
    rig.run().await;
    assert_eq!(statuses(&rig.story("A-1").await), ["pending_acceptance", "accepted"]);
}

async fn mistake_11_a_closed_order_with_every_line_refused_ends_cancelled(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, overtaken("A-1", set_state("CLOSED", Some("REFUSED")))).await;
    rig.run().await;
    assert_eq!(statuses(&rig.story("A-1").await), ["pending_acceptance", "cancelled"]);
}

async fn an_order_that_is_shipped_already_ends_accepted_and_the_note_says_so(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, overtaken("A-1", set_state("SHIPPED", None))).await;
    rig.run().await;
    let story = rig.story("A-1").await;
    assert_eq!(statuses(&story), ["pending_acceptance", "accepted"]);
    let note = story.entries[1].note.as_deref().expect("a note");
    assert!(note.contains("'SHIPPED'") && note.contains("further along"), "{note}");
}

async fn an_order_accepted_by_a_person_is_not_failed(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, overtaken("A-1", Act::Accept)).await;
    let report = rig.run().await;
    assert_eq!(
        (report.accepted, report.acceptance_failed, report.needs_person),
        (1, 0, 0)
    );
    assert!(rig.story("A-1").await.failures.is_empty());
}

async fn an_order_in_staging_waits_and_is_accepted_when_it_comes_out(fixture: &StoreFixture) {
    let sandbox = Sandbox::builder().order(OrderSeed::plain("A-1").staging(Pace::Looks(2)));
    let rig = Rig::open(fixture, sandbox).await;
    // Known by another program before the marketplace lists it as waiting.
    fixture.foreign.insert_order("A-1", "{}").await.expect("the row");
    rig.foreign_entry("A-1", "pending_acceptance").await;
    let report = rig.run().await;
    assert_eq!(
        (report.awaiting, report.acceptance_failed, report.calls.sends),
        (1, 0, 0)
    );
    let story = rig.run_until_status("A-1", OrderStatus::Accepted).await;
    assert_eq!(statuses(&story), ["pending_acceptance", "accepted"]);
    assert!(story.failures.is_empty());
    assert_eq!(rig.ledger().acceptances_received("A-1"), 1);
}

async fn an_unknown_state_ends_in_review_and_settles_by_itself_once_it_is_known(fixture: &StoreFixture) {
    let rig = Rig::open(
        fixture,
        Sandbox::builder().order(OrderSeed::of(OrderKind::UnknownState, "A-1")),
    )
    .await;
    let report = rig.run().await;
    assert_eq!((report.needs_person, report.acceptance_failed), (1, 0));
    let story = rig.story("A-1").await;
    assert_eq!(statuses(&story), ["pending_acceptance"], "the status stays");
    expect_open(&story, FailureCause::UnknownState);

    rig.sandbox.set_state("A-1", "SHIPPING").expect("it moves");
    let story = rig.run_until_status("A-1", OrderStatus::Accepted).await;
    assert!(story.failures[0].resolved_at.is_some(), "its entry closes by itself");
    assert_eq!(rig.ledger().acceptances_received("A-1"), 1);
}

async fn an_order_missing_from_the_answer_ends_in_review(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder()).await;
    fixture.foreign.insert_order("GONE-1", "{}").await.expect("the row");
    rig.foreign_entry("GONE-1", "pending_acceptance").await;
    let report = rig.run().await;
    assert_eq!((report.needs_person, report.calls.sends), (1, 0));
    let story = rig.story("GONE-1").await;
    assert_eq!(statuses(&story), ["pending_acceptance"], "the status stays");
    expect_open(&story, FailureCause::NotFound);
}

async fn a_slow_debit_is_awaited_over_runs_and_never_sent_again(fixture: &StoreFixture) {
    let slow = OrderSeed::plain("A-1").path([
        Step::new("WAITING_DEBIT", Pace::Looks(3)),
        Step::new("SHIPPING", Pace::Never),
    ]);
    let rig = Rig::open(fixture, Sandbox::builder().order(slow)).await;
    let report = rig.run().await;
    assert_eq!(
        (report.awaiting, report.accepted),
        (1, 0),
        "a run doesn't wait for a debit"
    );
    let story = rig.run_until_status("A-1", OrderStatus::Accepted).await;
    assert_eq!(statuses(&story), ["pending_acceptance", "accepted"]);
    assert!(story.failures.is_empty());
    assert_eq!(rig.ledger().acceptances_received("A-1"), 1);
}

async fn a_debit_beyond_its_grace_goes_to_review_and_stays_pending(fixture: &StoreFixture) {
    let stuck = OrderSeed::plain("A-1").path([Step::new("WAITING_DEBIT", Pace::Never)]);
    let mut rig = Rig::open(fixture, Sandbox::builder().order(stuck)).await;
    rig.settings.debit_grace = std::time::Duration::from_millis(50);
    rig.run_until("the debit is overdue", async |rig| {
        rig.find("A-1").await.is_some_and(|story| !story.failures.is_empty())
    })
    .await;
    let story = rig.story("A-1").await;
    assert_eq!(statuses(&story), ["pending_acceptance"]);
    expect_open(&story, FailureCause::DebitOverdue);

    rig.sandbox
        .set_state("A-1", "SHIPPING")
        .expect("the payment comes through");
    rig.run_until_status("A-1", OrderStatus::Accepted).await;
}

async fn a_payment_refused_after_acceptance_ends_cancelled(fixture: &StoreFixture) {
    let rig = Rig::open(
        fixture,
        Sandbox::builder().order(OrderSeed::of(OrderKind::PaymentRefused, "A-1")),
    )
    .await;
    let story = rig.run_until_status("A-1", OrderStatus::Cancelled).await;
    assert!(!statuses(&story).contains(&"acceptance_failed"));
}

async fn an_order_without_lines_is_never_sent(fixture: &StoreFixture) {
    let rig = Rig::open(
        fixture,
        Sandbox::builder().order(OrderSeed::of(OrderKind::NoLines, "A-1")),
    )
    .await;
    let report = rig.run().await;
    assert_eq!((report.needs_person, report.calls.sends), (1, 0));
    expect_open(&rig.story("A-1").await, FailureCause::NoLines);
}

async fn an_order_that_never_moves_fails_after_its_looks_and_waits_for_a_person(fixture: &StoreFixture) {
    let stuck = OrderSeed::plain("A-1").reads_waiting(Pace::Never);
    let rig = Rig::open(fixture, Sandbox::builder().order(stuck)).await;
    let report = rig.run().await;
    assert_eq!(
        (report.acceptance_failed, report.retry_scheduled, report.needs_person),
        (1, 0, 1)
    );
    let story = rig.story("A-1").await;
    assert_eq!(statuses(&story), ["pending_acceptance", "acceptance_failed"]);
    assert_eq!(story.entries[1].retry_at, None);
    expect_open(&story, FailureCause::NotConfirmed);
    assert_eq!(
        rig.ledger().acceptances_received("A-1"),
        1,
        "it is never sent again by itself"
    );

    let looks = rig.ledger().looks("A-1");
    assert!(looks >= 5, "five looks: {looks}");
    rig.run().await;
    assert_eq!(rig.ledger().acceptances_received("A-1"), 1);
}
