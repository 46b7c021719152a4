//! `verify`: a clean record, a damaged one, and the work table made anew.

use ackord_cli::Exit;
use ackord_sandbox::SandboxHandle;
use serde_json::json;

use super::support::{Place, sandbox_with, store_in};

/// Three orders, accepted.
async fn filled() -> (SandboxHandle, Place) {
    let sandbox = sandbox_with(3).await;
    let place = Place::at(&sandbox);
    let ran = place.ackord(&["run"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    (sandbox, place)
}

async fn sql(place: &Place, statement: &'static str) {
    ackord_tests::binary::execute(&store_in(place.directory.path()), statement).await;
}

#[tokio::test]
async fn a_clean_record_ends_with_0() {
    let (_sandbox, place) = filled().await;
    let ran = place.ackord(&["verify"]).await;
    assert_eq!(
        (ran.exit, ran.out.as_str()),
        (Exit::Done, "3 orders checked, nothing wrong\n"),
        "{ran:?}"
    );
    let ran = place.ackord(&["verify", "--json"]).await;
    let wanted = json!({
        "violations": [],
        "orders": 3,
        "orders_with_violations": 0,
        "violation_count": 0,
        "rebuild": null,
    });
    assert_eq!((ran.exit, ran.json()), (Exit::Done, wanted));
}

#[tokio::test]
async fn a_damaged_record_ends_with_3_and_each_violation_is_named_with_its_order() {
    let (_sandbox, place) = filled().await;
    sql(&place, "UPDATE order_work SET fence = 0 WHERE order_id = 'BULK-000001'").await;
    sql(&place, "DELETE FROM order_work WHERE order_id = 'BULK-000002'").await;
    let ran = place.ackord(&["verify"]).await;
    assert_eq!(ran.exit, Exit::NeedsPerson, "{ran:?}");
    insta::assert_snapshot!("verify", ran.out);
    let ran = place.ackord(&["verify", "--json"]).await;
    assert_eq!(ran.exit, Exit::NeedsPerson, "{ran:?}");
    insta::assert_json_snapshot!("verify_json", ran.json());
}

#[tokio::test]
async fn a_rebuild_mends_the_work_table_once_it_is_confirmed() {
    let (_sandbox, place) = filled().await;
    sql(&place, "DELETE FROM order_work").await;
    let ran = place.ackord(&["verify", "--rebuild"]).await;
    assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
    assert!(ran.err.contains("--yes"), "{ran:?}");
    let ran = place.ackord(&["verify"]).await;
    assert_eq!(ran.exit, Exit::NeedsPerson, "nothing was rebuilt: {ran:?}");
    let ran = place.ackord(&["verify", "--rebuild", "--yes"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    insta::assert_snapshot!("verify_rebuild", ran.out);
    let ran = place.ackord(&["verify", "--rebuild", "--yes", "--json"]).await;
    assert_eq!(ran.json()["rebuild"], json!({"rebuilt": 3, "removed": 0, "skipped": 0}));
    let ran = place.ackord(&["run"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
}

#[tokio::test]
async fn a_store_that_is_not_there_is_not_made() {
    let place = Place::new();
    let ran = place.ackord(&["verify"]).await;
    assert_eq!(ran.exit, Exit::Database, "{ran:?}");
    assert!(!place.directory.path().join("record.db").exists());
}
