//! Wrong settings and broken surroundings: a clear word, the right exit code, nothing lost.

use ackord_sandbox::{OrderSeed, Sandbox};

use super::ProgramFixture;
use super::shop::audited;
use super::shop::{Printed, Shop};
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        wrong_settings_end_with_1_and_name_where_they_came_from,
        an_unknown_key_in_the_file_names_the_nearest_known_one,
        wrong_usage_ends_with_2,
        a_database_that_is_not_there_ends_with_5,
        a_store_of_a_newer_program_ends_with_5_and_stays_as_it_is,
        a_store_that_can_only_be_read_ends_with_5,
        an_order_that_is_not_stored_is_said_to_be_so,
        ids_of_any_letters_go_through_the_program
    ]
}

fn expect(printed: &Printed, code: i32, words: &[&str]) {
    assert_eq!(printed.code, code, "{printed:?}");
    for word in words {
        assert!(printed.stderr.contains(word), "`{word}` is missing: {printed:?}");
    }
}

async fn shop(fixture: &ProgramFixture) -> Shop<'_> {
    fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await
}

async fn wrong_settings_end_with_1_and_name_where_they_came_from(fixture: &ProgramFixture) {
    let shop = shop(fixture).await;
    for (name, value) in [
        ("ACKORD_POLL_INTERVAL", "soon"),
        ("ACKORD_CONCURRENCY", "0"),
        ("ACKORD_RETRY_ATTEMPTS", "-3"),
        ("ACKORD_MARKETPLACE_URL", "http://marketplace.example"),
        ("ACKORD_STORE", "mysql://localhost/x"),
    ] {
        expect(&shop.ackord_with(&["run"], &[(name, value)]).await, 1, &[name]);
    }
    assert_eq!(shop.sandbox.ledger().calls_total(), 0);
}

async fn an_unknown_key_in_the_file_names_the_nearest_known_one(fixture: &ProgramFixture) {
    let shop = shop(fixture).await;
    let file = fixture.directory.path().join("ackord.toml");
    std::fs::write(file, "pol_interval = \"60s\"\n").expect("the file is written");
    expect(&shop.ackord(&["run"]).await, 1, &["pol_interval", "poll_interval"]);
}

async fn wrong_usage_ends_with_2(fixture: &ProgramFixture) {
    let shop = shop(fixture).await;
    assert_eq!(shop.ackord(&["run", "--no-such-flag"]).await.code, 2);
    assert_eq!(shop.ackord(&["dance"]).await.code, 2);
}

async fn a_database_that_is_not_there_ends_with_5(fixture: &ProgramFixture) {
    let shop = shop(fixture).await;
    let nowhere = "postgres://ackord:canary-password@127.0.0.1:9/ackord";
    let printed = shop.ackord_with(&["run"], &[("ACKORD_STORE", nowhere)]).await;
    assert_eq!(printed.code, 5, "{printed:?}");
    assert!(
        !format!("{printed:?}").contains("canary-password"),
        "the password is printed: {printed:?}"
    );
    let missing = format!(
        "sqlite:{}/no/such/directory/shop.db",
        fixture.directory.path().display()
    );
    let printed = shop.ackord_with(&["run"], &[("ACKORD_STORE", &missing)]).await;
    assert_eq!(printed.code, 5, "{printed:?}");
    assert_eq!(shop.sandbox.ledger().calls_total(), 0);
}

async fn a_store_of_a_newer_program_ends_with_5_and_stays_as_it_is(fixture: &ProgramFixture) {
    let shop = shop(fixture).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    fixture.plant_a_newer_migration().await;
    for arguments in [&["run"][..], &["migrate"], &["orders", "list"]] {
        let printed = shop.ackord(arguments).await;
        expect(&printed, 5, &["9999"]);
    }
    assert_eq!(shop.sandbox.ledger().calls_total(), 0);
}

async fn a_store_that_can_only_be_read_ends_with_5(fixture: &ProgramFixture) {
    let shop = shop(fixture).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    let printed = shop
        .ackord_with(&["run"], &[("ACKORD_STORE", &fixture.read_only().await)])
        .await;
    expect(&printed, 5, &["read-only"]);
    assert_eq!(
        shop.sandbox.ledger().calls(ackord_sandbox::Endpoint::Or21),
        0,
        "nothing is sent without a record"
    );
    assert_eq!(shop.run().await["accepted"], 1, "nothing was lost by it");
}

async fn an_order_that_is_not_stored_is_said_to_be_so(fixture: &ProgramFixture) {
    let shop = shop(fixture).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    let printed = shop.ackord(&["orders", "show", "NOBODY-1"]).await;
    assert_ne!(printed.code, 0, "{printed:?}");
    assert!(printed.stderr.contains("NOBODY-1"), "{printed:?}");
}

async fn ids_of_any_letters_go_through_the_program(fixture: &ProgramFixture) {
    let ids = ["A/1 B", "ÄÖ-日本-A", "--help", "%00-A"];
    let shop = fixture.open(Sandbox::builder().orders(ids.map(OrderSeed::plain))).await;
    assert_eq!(shop.run().await["accepted"], ids.len());
    for id in ids {
        let printed = shop.ackord(&["orders", "show", "--json", "--", id]).await;
        assert_eq!(printed.code, 0, "{id}: {printed:?}");
        assert_eq!(printed.json()["order"]["order_id"], id);
    }
}
