//! What the workflow asks of its ports, and in which order: on mocks of each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mockall::Sequence;

use super::drive::block_on;
use super::world::{START, id, seconds};
use crate::call::{CallEnd, CallId, CallOutcome};
use crate::memory::ManualClock;
use crate::order::{LineId, Order, OrderId, OrderLine};
use crate::ports::{
    Ingested, Listing, MarketplaceError, MockMarketplace, MockRandomness, MockStore, Page, PollSlot, SendAnswer,
    SendVerdict, Sending, Settled, ShopKey, ShopState, StoreError,
};
use crate::settings::Settings;
use crate::state::MarketplaceState;
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Epoch, Fence, Phase, Standing, Version};
use crate::workflow::{AcceptanceWorkflow, Halt, Ports, RunOptions, RunReport, Wait};

fn start() -> Timestamp {
    Timestamp::from_second(START).unwrap()
}

fn allowed() -> Sending {
    Sending {
        epoch: Epoch(1),
        hold: None,
    }
}

fn waiting_order() -> Order {
    Order {
        id: id("A-1"),
        state: MarketplaceState::WaitingAcceptance,
        lines: vec![OrderLine {
            id: LineId::new("L1").unwrap(),
            state: None,
        }],
        placed_at: Some(start()),
        decided_at: None,
        raw: "{}".into(),
    }
}

fn claimed() -> Claimed {
    Claimed {
        order_id: id("A-1"),
        fence: Fence(1),
        version: Version(1),
        status: crate::OrderStatus::PendingAcceptance,
        placed_at: start(),
        standing: Standing::fresh(start()),
        call: None,
        unreleased_claims: 1,
        unreleased_alone: 0,
    }
}

/// A store that holds one new order, due to be sent. Its writes are left to the test.
fn store() -> MockStore {
    let mut store = MockStore::new();
    store.expect_now().returning(|| Ok(start()));
    store.expect_shop().returning(|_| Ok(ShopState::default()));
    store.expect_sending().returning(|| Ok(allowed()));
    store
        .expect_reserve_poll()
        .returning(|_, now, interval| Ok(PollSlot::NotBefore(time::plus(now, interval))));
    store.expect_ingest().returning(|orders, _, _| {
        Ok(Ingested {
            new: orders.iter().map(|order| order.order_id.clone()).collect(),
            known: Vec::new(),
        })
    });
    store.expect_next_due().returning(|_, _| Ok(None));
    store.expect_standings().returning(|_| Ok(Vec::new()));
    store.expect_count().returning(|_| Ok(0));
    let given = Mutex::new(vec![claimed()]);
    store.expect_claim().returning(move |request| {
        let ready = request.phases.contains(&Phase::Ready);
        Ok(if ready {
            given.lock().unwrap().drain(..).collect()
        } else {
            Vec::new()
        })
    });
    store
}

/// A marketplace that lists the order. Its acceptances are left to the test.
fn marketplace() -> MockMarketplace {
    let mut marketplace = MockMarketplace::new();
    marketplace.expect_shop_key().returning(|| ShopKey("a shop".into()));
    marketplace.expect_waiting().returning(|_| {
        Ok(Page {
            listing: Listing {
                call: CallId(1),
                began_at: Duration::ZERO,
                orders: vec![waiting_order()],
                unreadable: Vec::new(),
            },
            next: None,
            total: Some(1),
        })
    });
    marketplace
}

fn answer(verdict: SendVerdict) -> SendAnswer {
    SendAnswer {
        end: CallEnd {
            outcome: verdict.outcome(),
            status_code: Some(204),
            response: Some(String::new()),
            duration: Duration::from_millis(9),
        },
        detail: "as it was answered".into(),
        verdict,
    }
}

fn run(store: MockStore, marketplace: MockMarketplace) -> RunReport {
    let mut randomness = MockRandomness::new();
    let numbers = std::sync::atomic::AtomicU64::new(1);
    randomness
        .expect_next_u64()
        .returning(move || numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let ports = Ports {
        store: Arc::new(store),
        marketplace: Arc::new(marketplace),
        clock: Arc::new(ManualClock::new(start())),
        randomness: Arc::new(randomness),
    };
    let workflow = AcceptanceWorkflow::new(ports, Settings::default(), "a worker").unwrap();
    block_on(workflow.run(
        &RunOptions {
            wait: Wait::No,
            ..RunOptions::default()
        },
        &(),
    ))
}

#[test]
fn an_acceptance_is_never_sent_where_its_intent_could_not_be_written() {
    let mut store = store();
    store
        .expect_record_intents()
        .times(1)
        .returning(|_, _| Err(StoreError::Full("no space".into())));
    let mut marketplace = marketplace();
    marketplace.expect_accept().never();
    let report = run(store, marketplace);
    assert!(matches!(report.halt, Some(Halt::Store(StoreError::Full(_)))));
    assert_eq!(report.calls.sends, 0);
}

#[test]
fn an_unconfirmed_intent_is_repeated_under_its_operation_and_then_given_up() {
    let mut store = store();
    let operations = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&operations);
    store.expect_record_intents().times(4).returning(move |_, operation| {
        seen.lock().unwrap().push(operation);
        Err(StoreError::Unconfirmed("reset".into()))
    });
    let mut marketplace = marketplace();
    marketplace.expect_accept().never();
    let report = run(store, marketplace);
    assert!(matches!(report.halt, Some(Halt::Store(StoreError::Unconfirmed(_)))));
    let operations = operations.lock().unwrap();
    assert!(operations.iter().all(|operation| *operation == operations[0]));
}

#[test]
fn intent_send_record_settle_follow_in_this_order() {
    let mut order = Sequence::new();
    let mut store = store();
    let mut marketplace = marketplace();
    store
        .expect_record_intents()
        .times(1)
        .in_sequence(&mut order)
        .withf(|intents, _| {
            let call = &intents[0].call;
            call.started_at == start()
                && call.answer_by == time::plus(start(), seconds(12))
                && call.related_id.as_deref() == Some("A-1")
                && call.request == serde_json::json!({"order_lines": [{"id": "L1", "accepted": true}]})
        })
        .returning(|_, _| Ok(vec![Some(CallId(8))]));
    marketplace
        .expect_accept()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _, permit| {
            assert!(permit.holds());
            answer(SendVerdict::Applied)
        });
    store
        .expect_record_answers()
        .times(1)
        .in_sequence(&mut order)
        .withf(|answers| answers[0].call == CallId(8) && answers[0].end.outcome == CallOutcome::Applied)
        .returning(|_| Ok(()));
    store
        .expect_settle()
        .times(1)
        .in_sequence(&mut order)
        .withf(|settlements, _, _| settlements[0].standing.phase == Phase::Validating)
        .returning(|_, _, _| Ok(vec![Settled::Written]));
    let report = run(store, marketplace);
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert_eq!((report.calls.reads, report.calls.sends), (1, 1));
}

#[test]
fn the_answer_is_recorded_also_where_the_lease_was_lost() {
    let mut store = store();
    let mut marketplace = marketplace();
    store
        .expect_record_intents()
        .returning(|_, _| Ok(vec![Some(CallId(8))]));
    marketplace
        .expect_accept()
        .returning(|_, _, _| answer(SendVerdict::Applied));
    store.expect_record_answers().times(1).returning(|_| Ok(()));
    store
        .expect_settle()
        .times(1)
        .returning(|_, _, _| Ok(vec![Settled::Lost]));
    let report = run(store, marketplace);
    assert!(report.halt.is_none());
    assert_eq!((report.lost_to_others, report.accepted), (1, 0));
}

#[test]
fn an_order_that_another_worker_took_is_not_sent() {
    let mut store = store();
    store.expect_record_intents().times(1).returning(|_, _| Ok(vec![None]));
    store.expect_record_answers().never();
    store.expect_settle().never();
    let mut marketplace = marketplace();
    marketplace.expect_accept().never();
    let report = run(store, marketplace);
    assert_eq!(report.lost_to_others, 1);
}

#[test]
fn an_unconfirmed_settle_is_repeated_under_its_operation_until_it_is_told() {
    let mut store = store();
    let mut marketplace = marketplace();
    store
        .expect_record_intents()
        .returning(|_, _| Ok(vec![Some(CallId(8))]));
    marketplace
        .expect_accept()
        .returning(|_, _, _| answer(SendVerdict::Refused));
    store.expect_record_answers().returning(|_| Ok(()));
    let operations = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&operations);
    store.expect_settle().times(3).returning(move |_, _, operation| {
        let mut seen = seen.lock().unwrap();
        seen.push(operation);
        match seen.len() {
            1 => Err(StoreError::Unconfirmed("reset".into())),
            2 => Err(StoreError::Unreachable("refused".into())),
            _ => Ok(vec![Settled::Written]),
        }
    });
    let report = run(store, marketplace);
    assert!(report.halt.is_none(), "{:?}", report.halt);
    assert_eq!((report.acceptance_failed, report.needs_person), (1, 1));
    let operations = operations.lock().unwrap();
    assert!(operations.iter().all(|operation| *operation == operations[0]));
}

#[test]
fn nothing_is_written_where_the_list_can_not_be_read() {
    let mut store = MockStore::new();
    store.expect_now().returning(|| Ok(start()));
    store.expect_shop().returning(|_| Ok(ShopState::default()));
    store.expect_sending().returning(|| Ok(allowed()));
    store.expect_claim().returning(|_| Ok(Vec::new()));
    store.expect_reserve_poll().returning(|_, _, _| Ok(PollSlot::Granted));
    store.expect_count().returning(|_| Ok(7));
    let mut marketplace = MockMarketplace::new();
    marketplace.expect_shop_key().returning(|| ShopKey("a shop".into()));
    marketplace
        .expect_waiting()
        .times(1)
        .returning(|_| Err(MarketplaceError::Credentials { status: 401 }));
    let report = run(store, marketplace);
    assert!(matches!(
        report.halt,
        Some(Halt::Marketplace(MarketplaceError::Credentials { status: 401 }))
    ));
    assert_eq!(report.awaiting, 7);
}

#[test]
fn a_pause_is_put_into_the_store_for_everybody() {
    let mut store = store();
    let mut marketplace = marketplace();
    store
        .expect_record_intents()
        .returning(|_, _| Ok(vec![Some(CallId(8))]));
    marketplace
        .expect_accept()
        .returning(|_, _, _| answer(SendVerdict::Throttled(Some(seconds(300)))));
    store.expect_record_answers().times(1).returning(|_| Ok(()));
    store.expect_settle().times(1).returning(|settlements, _, _| {
        assert!(settlements[0].entry.is_none() && settlements[0].failure.is_none());
        Ok(vec![Settled::Written])
    });
    store
        .expect_pause()
        .times(1)
        .withf(|key, until| key.0 == "a shop" && *until == time::plus(start(), seconds(300)))
        .returning(|_, _| Ok(()));
    let report = run(store, marketplace);
    assert!(matches!(report.halt, Some(Halt::Throttled { .. })));
}

#[test]
fn settings_that_do_not_fit_are_refused_before_anything_is_asked() {
    let ports = Ports {
        store: Arc::new(MockStore::new()),
        marketplace: Arc::new(MockMarketplace::new()),
        clock: Arc::new(ManualClock::new(start())),
        randomness: Arc::new(MockRandomness::new()),
    };
    let settings = Settings {
        batch: 0,
        ..Settings::default()
    };
    let error = AcceptanceWorkflow::new(ports, settings, "a worker").unwrap_err();
    assert_eq!(error.name, "batch");
}

#[test]
fn ids_are_borrowed_and_never_changed() {
    let mut store = store();
    let mut marketplace = marketplace();
    store
        .expect_record_intents()
        .returning(|_, _| Ok(vec![Some(CallId(8))]));
    marketplace
        .expect_accept()
        .withf(|order: &OrderId, decision, _| order.as_str() == "A-1" && decision.lines().len() == 1)
        .returning(|_, _, _| answer(SendVerdict::Applied));
    store.expect_record_answers().returning(|_| Ok(()));
    store.expect_settle().returning(|_, _, _| Ok(vec![Settled::Written]));
    assert!(run(store, marketplace).halt.is_none());
}
