//! Each exit code, provoked.

use ackord_cli::Exit;
use ackord_sandbox::{Endpoint, Fault, FaultRule, OrderKind, OrderSeed, RetryAfter, Sandbox};

use super::support::{Place, closed_port, sandbox_with};

#[tokio::test]
async fn a_run_with_nothing_to_do_ends_with_0() {
    let sandbox = sandbox_with(0).await;
    let ran = Place::at(&sandbox).ackord(&["run"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert!(ran.out.starts_with("nothing to do"), "{ran:?}");
}

#[tokio::test]
async fn a_run_that_leaves_orders_awaiting_ends_with_0() {
    let sandbox = sandbox_with(2).await;
    let ran = Place::at(&sandbox).ackord(&["run", "--no-wait", "--json"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(ran.json()["awaiting"], 2);
}

#[tokio::test]
async fn a_run_that_schedules_a_retry_ends_with_0() {
    let sandbox = sandbox_with(1).await;
    let rule = FaultRule::on(
        Endpoint::Or21,
        Fault::Reset {
            moment: ackord_sandbox::Moment::Before,
        },
    );
    sandbox.add_fault(rule.once()).unwrap();
    let place = Place::at(&sandbox).with("ACKORD_CALL_TIMEOUT", "200ms");
    let ran = place.ackord(&["run", "--json"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(ran.json()["retry_scheduled"], 1, "{ran:?}");
}

#[tokio::test]
async fn wrong_settings_end_with_1_and_name_their_origin() {
    let place = Place::new().with("ACKORD_RETRY_BASE", "soon");
    let ran = place.ackord(&["run"]).await;
    assert_eq!(ran.exit, Exit::Settings);
    assert!(
        ran.err.contains("the environment variable ACKORD_RETRY_BASE: `soon`"),
        "{ran:?}"
    );
    assert!(ran.out.is_empty());

    let place = Place::new();
    std::fs::write(place.directory.path().join("ackord.toml"), "\nretry_bas = \"5s\"\n").unwrap();
    let ran = place.ackord(&["orders", "list"]).await;
    assert_eq!(ran.exit, Exit::Settings);
    assert!(
        ran.err.contains("ackord.toml, line 2") && ran.err.contains("did you mean `retry_base`?"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn a_missing_key_ends_with_1_and_makes_no_store() {
    let place = Place::new();
    let ran = place.ackord(&["run"]).await;
    assert_eq!(ran.exit, Exit::Settings);
    assert!(ran.err.contains("ACKORD_API_KEY"), "{ran:?}");
    assert!(!place.directory.path().join("record.db").exists());
}

#[tokio::test]
async fn what_is_not_on_record_ends_with_1() {
    let place = Place::new();
    assert_eq!(place.ackord(&["migrate"]).await.exit, Exit::Done);
    for args in [
        ["orders", "show", "NOPE"],
        ["failures", "show", "7"],
        ["calls", "show", "7"],
    ] {
        let ran = place.ackord(&args).await;
        assert_eq!(ran.exit, Exit::Settings, "{ran:?}");
        assert!(ran.err.contains(args[2]), "{ran:?}");
    }
}

#[tokio::test]
async fn a_command_line_that_cannot_be_read_ends_with_2() {
    let place = Place::new();
    for args in [
        &["run", "--fast"][..],
        &["rum"],
        &[],
        &["run", "--poll-interval", "soon"],
        &["orders", "list", "--limit", "0"],
        &["orders", "list", "--after", "nonsense"],
        &["orders", "list", "--since", "once"],
        &["failures", "list", "--cause", "bad_luck"],
        &["calls", "list", "--after", "x"],
        &["calls", "show", "x"],
        &["sandbox", "--fault", "{}"],
    ] {
        let ran = place.ackord(args).await;
        assert_eq!(ran.exit, Exit::Usage, "{args:?}: {ran:?}");
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{args:?}: {ran:?}");
    }
}

#[tokio::test]
async fn a_run_that_asks_a_person_ends_with_3() {
    let seed = OrderSeed::of(OrderKind::NoLines, "A-1");
    let sandbox = Sandbox::builder().order(seed).start().await.unwrap();
    let place = Place::at(&sandbox);
    let ran = place.ackord(&["run", "--json"]).await;
    assert_eq!(ran.exit, Exit::NeedsPerson, "{ran:?}");
    assert_eq!(ran.json()["needs_person"], 1);
    // The next run opens nothing new.
    assert_eq!(place.ackord(&["run"]).await.exit, Exit::Done);
}

#[tokio::test]
async fn a_marketplace_that_is_not_there_ends_with_4() {
    let place = Place::new()
        .with("ACKORD_MARKETPLACE_URL", format!("http://{}", closed_port()))
        .with("ACKORD_API_KEY", "made-up");
    let ran = place.ackord(&["run", "--json"]).await;
    assert_eq!(ran.exit, Exit::Marketplace, "{ran:?}");
    assert_eq!(ran.json()["halt"]["kind"], "marketplace");
    assert_eq!(place.ackord(&["check"]).await.exit, Exit::Marketplace);
}

#[tokio::test]
async fn a_key_that_is_not_taken_ends_with_4_and_is_not_shown() {
    let sandbox = sandbox_with(1).await;
    let place = Place::at(&sandbox).with("ACKORD_API_KEY", "wrong-k3y");
    for args in [
        &["run", "--json"][..],
        &["run", "-vv"],
        &["check"],
        &["check", "--json"],
    ] {
        let ran = place.ackord(args).await;
        assert_eq!(ran.exit, Exit::Marketplace, "{ran:?}");
        assert!(!format!("{ran:?}").contains("wrong-k3y"), "{ran:?}");
    }
    assert_eq!(
        place.ackord(&["run", "--json"]).await.json()["halt"]["kind"],
        "credentials"
    );
}

#[tokio::test]
async fn a_rest_beyond_patience_ends_with_4() {
    let sandbox = sandbox_with(1).await;
    let rest = Fault::TooManyRequests {
        retry_after: Some(RetryAfter::Seconds(3600)),
    };
    sandbox.add_fault(FaultRule::on(Endpoint::Or11, rest)).unwrap();
    let ran = Place::at(&sandbox).ackord(&["run", "--json"]).await;
    assert_eq!(ran.exit, Exit::Marketplace, "{ran:?}");
    assert_eq!(ran.json()["halt"]["kind"], "throttled");
}

#[tokio::test]
async fn a_database_that_is_not_there_ends_with_5() {
    let sandbox = sandbox_with(1).await;
    let place = Place::at(&sandbox).with("ACKORD_STORE", format!("postgres://ana:hunter2@{}/shop", closed_port()));
    for args in [&["run", "--json"][..], &["migrate"], &["orders", "list"], &["check"]] {
        let ran = place.ackord(args).await;
        assert_eq!(ran.exit, Exit::Database, "{ran:?}");
        assert!(!format!("{ran:?}").contains("hunter2"), "{ran:?}");
    }
    let ran = place.ackord(&["run", "--json"]).await;
    assert_eq!(
        (&ran.json()["halt"]["kind"], &ran.json()["calls"]),
        (&"store".into(), &0.into()),
        "{ran:?}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_ends_with_5() {
    let sandbox = sandbox_with(1).await;
    let place = Place::at(&sandbox);
    std::fs::write(
        place.directory.path().join("record.db"),
        "a shopping list, and not a short one\n".repeat(200),
    )
    .unwrap();
    for args in [&["run"][..], &["migrate"], &["orders", "list"]] {
        let ran = place.ackord(args).await;
        assert_eq!(ran.exit, Exit::Database, "{ran:?}");
    }
}

#[tokio::test]
async fn a_store_that_is_not_there_is_not_made_by_reading() {
    let place = Place::new();
    for args in [["orders", "list"], ["failures", "list"], ["calls", "list"]] {
        let ran = place.ackord(&args).await;
        assert_eq!(ran.exit, Exit::Database, "{ran:?}");
        assert!(ran.err.contains("there is no store at sqlite:"), "{ran:?}");
    }
    assert!(!place.directory.path().join("record.db").exists());
}
