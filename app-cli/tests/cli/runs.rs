//! `run`, `migrate` and `check`.

use ackord_cli::Exit;
use ackord_sandbox::{Fault, FaultRule};

use super::support::{Place, redacted, sandbox_with};

#[tokio::test]
async fn a_run_accepts_what_waits_and_prints_one_object() {
    let sandbox = sandbox_with(3).await;
    let place = Place::at(&sandbox);
    let ran = place.ackord(&["run", "--json"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(ran.out.lines().count(), 1, "{ran:?}");
    insta::assert_json_snapshot!("run", redacted(&ran.json()));
    for id in ["BULK-000001", "BULK-000002", "BULK-000003"] {
        assert_eq!(sandbox.ledger().decisions_applied(id), 1);
    }
}

#[tokio::test]
async fn a_run_that_cannot_begin_prints_its_object_all_the_same() {
    let place = Place::new();
    let ran = place.ackord(&["run", "--json"]).await;
    assert_eq!(ran.exit, Exit::Settings);
    insta::assert_json_snapshot!("run_not_begun", redacted(&ran.json()));
}

#[tokio::test]
async fn a_run_tells_people_what_it_did() {
    let sandbox = sandbox_with(2).await;
    let ran = Place::at(&sandbox).ackord(&["run"]).await;
    assert!(ran.out.starts_with("2 new · 2 accepted\n"), "{ran:?}");
    assert!(ran.err.contains("was empty and has been set up"), "{ran:?}");
    assert!(ran.err.contains("sent 2 acceptances: 2 taken"), "{ran:?}");
}

#[tokio::test]
async fn a_quiet_run_says_nothing_on_the_way() {
    let sandbox = sandbox_with(2).await;
    let ran = Place::at(&sandbox).ackord(&["run", "--quiet"]).await;
    assert_eq!(ran.err, "", "{ran:?}");
}

#[tokio::test]
async fn what_no_wait_leaves_is_finished_by_the_next_run() {
    let sandbox = sandbox_with(2).await;
    let place = Place::at(&sandbox);
    place.ackord(&["run", "--no-wait"]).await;
    let ran = place.ackord(&["run", "--json"]).await;
    assert_eq!(ran.json()["accepted"], 2, "{ran:?}");
    assert_eq!(sandbox.ledger().acceptances_received("BULK-000001"), 1);
}

#[tokio::test]
async fn a_run_works_after_migrate_and_without_it() {
    let sandbox = sandbox_with(1).await;
    let place = Place::at(&sandbox);
    let first = place.ackord(&["migrate"]).await;
    assert!(
        first.out.contains("was empty and has been set up, schema version"),
        "{first:?}"
    );
    let again = place.ackord(&["migrate"]).await;
    assert!(again.out.contains("is up to date already"), "{again:?}");
    assert_eq!((first.exit, again.exit), (Exit::Done, Exit::Done));
    let ran = place.ackord(&["run", "--json"]).await;
    assert_eq!(ran.json()["accepted"], 1, "{ran:?}");
}

#[tokio::test]
async fn flags_go_over_the_environment() {
    let sandbox = sandbox_with(1).await;
    let place = Place::at(&sandbox).with("ACKORD_MARKETPLACE_URL", "https://nowhere.invalid");
    let ran = place
        .ackord(&["run", "--marketplace-url", &sandbox.url(), "--json"])
        .await;
    assert_eq!(ran.json()["accepted"], 1, "{ran:?}");
}

#[tokio::test]
async fn the_key_may_stand_in_a_file() {
    let sandbox = sandbox_with(1).await;
    let place = Place::at(&sandbox).with("ACKORD_API_KEY", "");
    let path = place.directory.path().join("key");
    std::fs::write(&path, format!("{}\n", sandbox.api_key())).unwrap();
    let ran = place
        .ackord(&["run", "--api-key-file", path.to_str().unwrap(), "--json"])
        .await;
    assert_eq!(ran.json()["accepted"], 1, "{ran:?}");
}

#[tokio::test]
async fn notes_from_outside_bring_no_escape_sequences() {
    let sandbox = sandbox_with(1).await;
    let fault = Fault::UnknownState {
        value: "\u{1b}[31mRED\u{7}".to_owned(),
    };
    sandbox.add_fault(FaultRule::always(fault)).unwrap();
    let place = Place::at(&sandbox).with("ACKORD_VALIDATION_ATTEMPTS", "1");
    place.ackord(&["run"]).await;
    for args in [
        &["orders", "list"][..],
        &["orders", "show", "BULK-000001"],
        &["failures", "list"],
        &["calls", "list"],
    ] {
        let ran = place.ackord(args).await;
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
        assert!(!ran.out.contains(['\u{1b}', '\u{7}']), "{ran:?}");
    }
}

#[tokio::test]
async fn a_check_of_everything_in_order_ends_with_0() {
    let sandbox = sandbox_with(0).await;
    let place = Place::at(&sandbox);
    let before = place.ackord(&["check"]).await;
    assert_eq!(before.exit, Exit::Done, "{before:?}");
    assert!(before.out.contains("empty: the first run sets it up"), "{before:?}");
    assert!(!place.directory.path().join("record.db").exists());
    place.ackord(&["migrate"]).await;
    let after = place.ackord(&["check", "--json"]).await;
    assert_eq!(after.json()["ok"], true, "{after:?}");
    let calls = place.ackord(&["calls", "list", "--endpoint", "a01", "--json"]).await;
    assert_eq!(calls.json()["calls"].as_array().unwrap().len(), 1, "{calls:?}");
}

#[tokio::test]
async fn a_check_says_what_to_do_about_each_problem() {
    let sandbox = sandbox_with(0).await;
    sandbox.revoke_keys(true);
    let place = Place::at(&sandbox);
    std::fs::create_dir(place.directory.path().join("record.db")).unwrap();
    let ran = place.ackord(&["check"]).await;
    assert_eq!(ran.exit, Exit::Database, "{ran:?}");
    for what in ["store        problem", "marketplace  problem"] {
        assert!(ran.out.contains(what), "{ran:?}");
    }
    // One for each problem, and one for want of a channel for alerts.
    assert_eq!(ran.out.matches('→').count(), 3, "{ran:?}");
}

#[tokio::test]
async fn a_channel_for_alerts_that_can_not_be_set_up_keeps_no_order_from_being_accepted() {
    let sandbox = sandbox_with(1).await;
    let place = Place::at(&sandbox).with("ACKORD_ALERT_WEBHOOK_URL", "https://alerts.example/hook");
    let ran = place.ackord(&["run"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert!(ran.out.starts_with("1 new · 1 accepted"), "{ran:?}");
    let warning = "warning: no alerts by webhook: alert_webhook_url is set, and alert_webhook_secret_file is not";
    assert!(ran.err.contains(warning), "{ran:?}");
    let checked = place.ackord(&["check"]).await;
    assert!(checked.out.contains("alerts       problem"), "{checked:?}");
    assert_eq!(place.ackord(&["alerts", "test"]).await.exit, Exit::NeedsPerson);
}
