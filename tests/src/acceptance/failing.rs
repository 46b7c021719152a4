//! Answers that fail, get lost or never come, and what is made of them.

use ackord::OrderStatus;
use ackord::failure::FailureCause;
use ackord::workflow::Halt;
use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, RetryAfter, Sandbox};

use super::rig::{Rig, audited, expect_accepted_once, expect_open, statuses};
use crate::cases_then;
use crate::contract::store::StoreFixture;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<StoreFixture>> {
    cases_then![audited;
        mistake_02_an_answer_lost_after_it_took_effect_ends_accepted,
        an_answer_of_5xx_after_it_took_effect_ends_accepted,
        a_hanging_answer_after_it_took_effect_ends_accepted,
        a_reset_after_it_took_effect_ends_accepted,
        a_page_from_a_proxy_in_place_of_the_answer_ends_accepted,
        mistake_04_a_failed_call_is_retried_when_due_and_its_failure_closes_itself,
        an_outage_opens_the_breaker_and_costs_untouched_orders_no_attempt,
        mistake_07_a_refused_order_is_not_retried,
        mistake_07_retry_after_is_kept,
        a_retry_after_beyond_a_runs_patience_stops_the_run,
        a_key_that_is_refused_stops_the_run_and_fails_no_order,
        an_unreachable_marketplace_stops_the_run_and_fails_no_order,
        mistake_08_one_bad_order_does_not_stop_the_others,
        mistake_15_orders_that_failed_are_found_again
    ]
}

fn spoiled(fault: Fault) -> Sandbox {
    Sandbox::builder()
        .orders(["A-1", "A-2", "A-3"].map(OrderSeed::plain))
        .fault(FaultRule::on(Endpoint::Or21, fault).order("A-2").once())
}

async fn all_are_accepted_once(fixture: &StoreFixture, fault: Fault) {
    let rig = Rig::open(fixture, spoiled(fault)).await;
    let report = rig.run().await;
    assert_eq!(
        (report.accepted, report.acceptance_failed, report.needs_person),
        (3, 0, 0),
        "{report:?}"
    );
    for id in ["A-1", "A-2", "A-3"] {
        expect_accepted_once(&rig, id).await;
        assert_eq!(rig.ledger().acceptances_received(id), 1, "{id}");
    }
}

async fn mistake_02_an_answer_lost_after_it_took_effect_ends_accepted(fixture: &StoreFixture) {
    all_are_accepted_once(fixture, Fault::AnswerLost).await;
}

async fn an_answer_of_5xx_after_it_took_effect_ends_accepted(fixture: &StoreFixture) {
    all_are_accepted_once(
        fixture,
        Fault::Status {
            status: 503,
            moment: Moment::After,
        },
    )
    .await;
}

async fn a_hanging_answer_after_it_took_effect_ends_accepted(fixture: &StoreFixture) {
    all_are_accepted_once(fixture, Fault::Hang { moment: Moment::After }).await;
}

async fn a_reset_after_it_took_effect_ends_accepted(fixture: &StoreFixture) {
    all_are_accepted_once(fixture, Fault::Reset { moment: Moment::After }).await;
}

async fn a_page_from_a_proxy_in_place_of_the_answer_ends_accepted(fixture: &StoreFixture) {
    all_are_accepted_once(fixture, Fault::Html { status: 502 }).await;
}

async fn mistake_04_a_failed_call_is_retried_when_due_and_its_failure_closes_itself(fixture: &StoreFixture) {
    let rig = Rig::open(
        fixture,
        spoiled(Fault::Status {
            status: 500,
            moment: Moment::Before,
        }),
    )
    .await;
    let report = rig.run().await;
    assert_eq!(
        (report.accepted, report.acceptance_failed, report.retry_scheduled),
        (2, 1, 1),
        "{report:?}"
    );
    assert_eq!(report.needs_person, 0, "a scheduled retry needs nobody");
    let story = rig.story("A-2").await;
    assert_eq!(statuses(&story), ["pending_acceptance", "acceptance_failed"]);
    assert!(story.entries[1].retry_at.is_some());
    expect_open(&story, FailureCause::Unanswered);
    assert_eq!(story.failures[0].process_name, "OrderAcceptance");
    assert_eq!(story.failures[0].at, story.entries[1].at, "one transaction");

    let story = rig.run_until_status("A-2", OrderStatus::Accepted).await;
    assert_eq!(
        statuses(&story),
        [
            "pending_acceptance",
            "acceptance_failed",
            "pending_acceptance",
            "accepted"
        ]
    );
    let note = story.entries[2].note.as_deref().expect("a note");
    assert!(note.starts_with("retry 2 of 5: "), "{note}");
    assert!(
        story.failures.iter().all(|failure| failure.resolved_at.is_some()),
        "{:?}",
        story.failures
    );
    assert_eq!(rig.ledger().decisions_applied("A-2"), 1);
}

async fn an_outage_opens_the_breaker_and_costs_untouched_orders_no_attempt(fixture: &StoreFixture) {
    let out = FaultRule::on(
        Endpoint::Or21,
        Fault::Status {
            status: 503,
            moment: Moment::Before,
        },
    );
    let mut rig = Rig::open(fixture, Sandbox::builder().bulk(30).fault(out)).await;
    rig.settings.concurrency = 4;
    let report = rig.worker("worker").run().await;
    assert!(matches!(report.halt, Some(Halt::BreakerOpen { .. })), "{report:?}");
    let tried = rig.ledger().calls(Endpoint::Or21);
    assert!((5..=8).contains(&tried), "five in a row, and those under way: {tried}");
    for n in 1..=30 {
        let id = format!("BULK-{n:06}");
        let story = rig.story(&id).await;
        if rig.ledger().acceptances_received(&id) == 0 {
            assert_eq!(
                (statuses(&story).len(), story.summary.attempt),
                (1, 1),
                "{id} is untouched"
            );
            assert!(story.failures.is_empty(), "{id}");
        }
    }

    let probe = rig.worker("worker").run().await;
    assert!(matches!(probe.halt, Some(Halt::BreakerOpen { .. })), "{probe:?}");
    assert_eq!(rig.ledger().calls(Endpoint::Or21), tried + 1, "one probe a run");

    rig.sandbox.clear_faults();
    rig.run_until("every order is accepted", async |rig| {
        for n in 1..=30 {
            let story = rig.story(&format!("BULK-{n:06}")).await;
            if story.summary.status != Some(OrderStatus::Accepted) {
                return false;
            }
        }
        true
    })
    .await;
    for n in 1..=30 {
        let id = format!("BULK-{n:06}");
        assert_eq!(rig.ledger().decisions_applied(&id), 1, "{id}");
        assert_eq!(rig.story(&id).await.summary.open_failures, 0, "{id}");
    }
}

async fn mistake_07_a_refused_order_is_not_retried(fixture: &StoreFixture) {
    let rig = Rig::open(
        fixture,
        spoiled(Fault::Status {
            status: 404,
            moment: Moment::Before,
        }),
    )
    .await;
    let report = rig.run().await;
    assert_eq!(
        (report.acceptance_failed, report.retry_scheduled, report.needs_person),
        (1, 0, 1),
        "{report:?}"
    );
    expect_open(&rig.story("A-2").await, FailureCause::Refused);
    for _ in 0..3 {
        rig.run().await;
    }
    assert_eq!(rig.ledger().acceptances_received("A-2"), 1);
}

async fn mistake_07_retry_after_is_kept(fixture: &StoreFixture) {
    let fault = Fault::TooManyRequests {
        retry_after: Some(RetryAfter::Seconds(1)),
    };
    let rig = Rig::open(fixture, spoiled(fault)).await;
    let began = std::time::Instant::now();
    let report = rig.run().await;
    assert!(began.elapsed().as_millis() >= 1000, "the run waited as it was asked to");
    assert_eq!((report.accepted, report.acceptance_failed), (3, 0), "{report:?}");
    expect_accepted_once(&rig, "A-2").await;
}

async fn a_retry_after_beyond_a_runs_patience_stops_the_run(fixture: &StoreFixture) {
    let fault = Fault::TooManyRequests {
        retry_after: Some(RetryAfter::DateInSeconds(600)),
    };
    let rig = Rig::open(fixture, spoiled(fault)).await;
    let report = rig.worker("worker").run().await;
    assert!(matches!(report.halt, Some(Halt::Throttled { .. })), "{report:?}");
    assert_eq!(report.acceptance_failed, 0);
    let calls = rig.ledger().calls_total();
    let next = rig.worker("next").run().await;
    assert!(
        matches!(next.halt, Some(Halt::Throttled { .. })),
        "the pause is the whole shop's: {next:?}"
    );
    assert_eq!(rig.ledger().calls_total(), calls, "nothing was called while it rests");
}

async fn a_key_that_is_refused_stops_the_run_and_fails_no_order(fixture: &StoreFixture) {
    let rig = Rig::open(
        fixture,
        spoiled(Fault::Status {
            status: 401,
            moment: Moment::Before,
        }),
    )
    .await;
    let report = rig.worker("worker").run().await;
    assert!(matches!(report.halt, Some(Halt::Credentials { .. })), "{report:?}");
    assert_eq!((report.acceptance_failed, report.needs_person), (0, 0));
    rig.run_until_status("A-2", OrderStatus::Accepted).await;
    expect_accepted_once(&rig, "A-2").await;

    rig.sandbox.revoke_keys(true);
    let refused = rig.worker("worker").run().await;
    assert!(matches!(refused.halt, Some(Halt::Marketplace(_))), "{refused:?}");
}

async fn an_unreachable_marketplace_stops_the_run_and_fails_no_order(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    let reset = FaultRule::on(Endpoint::Or11, Fault::Reset { moment: Moment::Before });
    rig.sandbox.add_fault(reset).expect("a rule");
    let report = rig.worker("worker").run().await;
    assert!(matches!(report.halt, Some(Halt::Marketplace(_))), "{report:?}");
    rig.sandbox.clear_faults();
    rig.run().await;
    expect_accepted_once(&rig, "A-1").await;
}

async fn mistake_08_one_bad_order_does_not_stop_the_others(fixture: &StoreFixture) {
    let bad = FaultRule::on(
        Endpoint::Or11,
        Fault::MissingField {
            field: "order_state".to_owned(),
        },
    )
    .order("A-2");
    let rig = Rig::open(
        fixture,
        Sandbox::builder()
            .orders(["A-1", "A-2", "A-3"].map(OrderSeed::plain))
            .fault(bad),
    )
    .await;
    for _ in 0..2 {
        rig.run().await;
    }
    expect_accepted_once(&rig, "A-1").await;
    expect_accepted_once(&rig, "A-3").await;
    assert!(rig.find("A-2").await.is_none(), "it can't be stored");
    let filter = ackord::ports::FailureFilter {
        open: Some(true),
        needs_person: Some(true),
        cause: None,
        related_id: Some("A-2".to_owned()),
        since: None,
        before: None,
        limit: 10,
    };
    let failures = fixture.store.failures(&filter).await.expect("the inbox");
    assert_eq!(failures.len(), 1, "one entry, also after two runs: {failures:?}");
    assert_eq!(failures[0].cause.as_deref(), Some("unreadable"));
    assert!(
        failures[0]
            .payload
            .as_ref()
            .is_some_and(|payload| payload["order_id"] == "A-2"),
        "with its JSON"
    );
}

async fn mistake_15_orders_that_failed_are_found_again(fixture: &StoreFixture) {
    let twice = FaultRule::on(
        Endpoint::Or21,
        Fault::Status {
            status: 500,
            moment: Moment::Before,
        },
    )
    .times(2);
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1")).fault(twice)).await;
    let story = rig.run_until_status("A-1", OrderStatus::Accepted).await;
    assert_eq!(
        statuses(&story)
            .iter()
            .filter(|status| **status == "acceptance_failed")
            .count(),
        2
    );
    assert_eq!(rig.ledger().decisions_applied("A-1"), 1);
}
