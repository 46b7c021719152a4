//! Orders to which nothing happens: all of them are accepted, with few calls.

use std::time::Duration;

use ackord_sandbox::{Endpoint, OrderSeed, Sandbox};

use super::rig::{Rig, audited, expect_accepted_once, statuses};
use crate::cases_then;
use crate::contract::store::StoreFixture;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<StoreFixture>> {
    cases_then![audited;
        two_hundred_and_fifty_orders_take_at_most_1_05_calls_an_order,
        a_run_with_nothing_to_do_makes_one_call,
        a_second_run_changes_nothing,
        every_line_of_an_order_is_accepted_in_one_call,
        ids_with_slashes_spaces_and_other_letters_are_accepted,
        the_notes_name_the_state_and_the_looks,
        mistake_05_every_page_is_read,
        mistake_06_no_look_asks_for_more_than_a_hundred_ids,
        mistake_12_orders_share_their_looks
    ]
}

/// Orders that read as waiting for one look after their acceptance: they have moved by the second.
fn moving_by_the_second_look(count: usize) -> Vec<OrderSeed> {
    (0..count)
        .map(|n| OrderSeed::plain(format!("M-{n:04}")).moves_by_look(2))
        .collect()
}

async fn two_hundred_and_fifty_orders_take_at_most_1_05_calls_an_order(fixture: &StoreFixture) {
    let mut rig = Rig::open(fixture, Sandbox::builder().orders(moving_by_the_second_look(250))).await;
    // As it is under the default settings, the interval is long against the time that the calls take.
    rig.settings.poll_interval = Duration::from_secs(3);
    let report = rig.run().await;
    assert_eq!((report.ingested, report.accepted, report.awaiting), (250, 250, 0));

    let ledger = rig.ledger();
    for n in 0..250 {
        let id = format!("M-{n:04}");
        assert_eq!(
            (ledger.acceptances_received(&id), ledger.decisions_applied(&id)),
            (1, 1),
            "{id}"
        );
    }
    assert!(ledger.max_ids_in_a_look() <= 100);
    let calls = ledger.calls_total();
    assert!(calls * 100 <= 250 * 105, "{calls} calls for 250 orders");
    assert_eq!(
        report.calls.total(),
        calls,
        "the report counts what the marketplace received"
    );
}

async fn a_run_with_nothing_to_do_makes_one_call(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder()).await;
    let report = rig.run().await;
    assert_eq!((report.ingested, report.calls.total()), (0, 1));
    assert_eq!(rig.ledger().calls_total(), 1);
}

async fn a_second_run_changes_nothing(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().bulk(5)).await;
    rig.run().await;
    let again = rig.run().await;
    assert_eq!((again.ingested, again.accepted, again.calls.sends), (0, 0, 0));
    expect_accepted_once(&rig, "BULK-000003").await;
}

async fn every_line_of_an_order_is_accepted_in_one_call(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().order(OrderSeed::plain("A-1").lines(7))).await;
    rig.run().await;
    let ledger = rig.ledger().order("A-1").expect("in the ledger");
    let [decision] = ledger.decisions.as_slice() else {
        panic!("one decision: {ledger:?}")
    };
    assert_eq!(decision.lines.len(), 7);
    assert!(decision.lines.iter().all(|line| line.accepted));
}

async fn ids_with_slashes_spaces_and_other_letters_are_accepted(fixture: &StoreFixture) {
    let ids = [
        "A/1 B",
        "ÄÖ-日本-A",
        "50%?x=1#y",
        "a+b&c=d",
        "'; DROP TABLE orders; --",
        "..%2F..",
        "\u{1F600}-A",
    ];
    let rig = Rig::open(fixture, Sandbox::builder().orders(ids.map(OrderSeed::plain))).await;
    let report = rig.run().await;
    assert_eq!(report.accepted, ids.len() as u64, "{report:?}");
    for id in ids {
        expect_accepted_once(&rig, id).await;
    }
}

async fn the_notes_name_the_state_and_the_looks(fixture: &StoreFixture) {
    let rig = Rig::open(
        fixture,
        Sandbox::builder().order(OrderSeed::plain("A-1").moves_by_look(2)),
    )
    .await;
    rig.run().await;
    let story = rig.story("A-1").await;
    let accepted = story.entries.last().expect("an entry");
    assert_eq!(accepted.note.as_deref(), Some("Validated as 'SHIPPING' after 2 looks"));
    assert!(
        accepted.send.is_some() && accepted.look.is_some(),
        "the entry links its evidence: {accepted:?}"
    );
    let look = story
        .calls
        .iter()
        .find(|call| Some(call.call_id) == accepted.look)
        .expect("the look is on record");
    assert_eq!(look.endpoint, "OR11");
    assert_eq!(look.seen, [("A-1".to_owned(), Some("SHIPPING".to_owned()))]);
}

async fn mistake_05_every_page_is_read(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().bulk(123)).await;
    let report = rig.run().await;
    assert_eq!((report.ingested, report.accepted), (123, 123));
}

async fn mistake_06_no_look_asks_for_more_than_a_hundred_ids(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().orders(moving_by_the_second_look(201))).await;
    let report = rig.run().await;
    assert_eq!(report.accepted, 201);
    let most = rig.ledger().max_ids_in_a_look();
    assert!((1..=100).contains(&most), "{most}");
}

async fn mistake_12_orders_share_their_looks(fixture: &StoreFixture) {
    let rig = Rig::open(fixture, Sandbox::builder().orders(moving_by_the_second_look(100))).await;
    rig.run().await;
    let reads = rig.ledger().calls(Endpoint::Or11);
    assert!(reads <= 4, "{reads} reads for a hundred orders");
    let story = rig.story("M-0042").await;
    assert_eq!(statuses(&story), ["pending_acceptance", "accepted"]);
}
