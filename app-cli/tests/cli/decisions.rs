//! What a person decides: another attempt, an entry closed, a status of another module; told first, confirmed, and refused
//! where things have moved on.

use ackord_cli::Exit;
use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderKind, OrderSeed, Sandbox, SandboxHandle};
use serde_json::{Value, json};

use super::support::{Place, Ran, store_in};

/// Two orders whose acceptance was refused, one that was accepted.
async fn filled() -> (SandboxHandle, Place) {
    let refused = Fault::Status {
        status: 400,
        moment: Moment::default(),
    };
    let mut sandbox = Sandbox::builder();
    for id in ["A-1", "A-2", "A-3"] {
        sandbox = sandbox.order(OrderSeed::of(OrderKind::Plain, id));
    }
    let sandbox = sandbox.start().await.unwrap();
    for id in ["A-1", "A-2"] {
        let rule = FaultRule::on(Endpoint::Or21, refused.clone()).order(id);
        sandbox.add_fault(rule).unwrap();
    }
    let place = Place::at(&sandbox).with("USER", "kim");
    let ran = place.ackord(&["run"]).await;
    assert_eq!(ran.exit, Exit::NeedsPerson, "{ran:?}");
    sandbox.clear_faults();
    (sandbox, place)
}

impl Place {
    async fn story(&self, id: &str) -> Value {
        self.ackord(&["orders", "show", id, "--json"]).await.json()
    }

    async fn statuses(&self, id: &str) -> Vec<String> {
        let story = self.story(id).await;
        let entries = story["timeline"].as_array().unwrap();
        entries
            .iter()
            .map(|entry| entry["status"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The ids of the open entries about an order.
    async fn open(&self, id: &str) -> Vec<String> {
        let list = self
            .ackord(&["failures", "list", "--open", "--order", id, "--json"])
            .await
            .json();
        let rows = list["failures"].as_array().unwrap();
        rows.iter().map(|row| row["failure_id"].to_string()).collect()
    }

    async fn sql(&self, statement: &str) {
        ackord_tests::binary::execute(&store_in(self.directory.path()), statement).await;
    }
}

fn assert_done(ran: &Ran) {
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
}

#[tokio::test]
async fn an_entry_that_is_tried_again_ends_accepted() {
    let (_sandbox, place) = filled().await;
    let entry = place.open("A-1").await.remove(0);
    let told = place.ackord(&["failures", "retry", &entry, "--dry-run"]).await;
    assert_done(&told);
    assert!(
        told.out.contains("A-1") && told.out.ends_with("nothing was changed\n"),
        "{told:?}"
    );
    assert_eq!(place.open("A-1").await, [entry.as_str()]);

    let reason = ["--reason", "the price was mended"];
    let ran = place
        .ackord(&["failures", "retry", &entry, "--yes", reason[0], reason[1]])
        .await;
    assert_done(&ran);
    assert_eq!(ran.out, "1 order gets another attempt in the next run\n");
    assert_eq!(place.open("A-1").await, [""; 0]);
    let story = place.story("A-1").await;
    let last = story["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["source"], &last["actor"]), (&json!("operator"), &json!("kim")));
    assert_eq!(last["notes"], "another attempt, asked for by kim: the price was mended");

    let ran = place.ackord(&["run"]).await;
    assert_done(&ran);
    let wanted = [
        "pending_acceptance",
        "acceptance_failed",
        "pending_acceptance",
        "accepted",
    ];
    assert_eq!(place.statuses("A-1").await, wanted);
    assert_done(&place.ackord(&["verify"]).await);
}

#[tokio::test]
async fn all_entries_of_a_cause_are_tried_again_with_one_command() {
    let (_sandbox, place) = filled().await;
    let cause = place.ackord(&["failures", "list", "--open", "--json"]).await.json();
    let cause = cause["failures"][0]["cause"].as_str().unwrap().to_owned();
    let args = [
        "failures", "retry", "--all", "--cause", &cause, "--yes", "--json", "--actor", "lee",
    ];
    let ran = place.ackord(&args).await;
    assert_done(&ran);
    let orders: Vec<Value> = ran.json()["retried"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["order_id"].clone())
        .collect();
    assert_eq!(orders, ["A-1", "A-2"]);
    assert_done(&place.ackord(&["run"]).await);
    for id in ["A-1", "A-2"] {
        assert_eq!(place.statuses(id).await.last().unwrap(), "accepted");
    }
    let again = place.ackord(&args[..6]).await;
    assert_eq!((again.exit, again.err.as_str()), (Exit::Done, "nothing to try again\n"));
}

#[tokio::test]
async fn orders_are_tried_again_by_their_own_ids() {
    let (_sandbox, place) = filled().await;
    assert_done(&place.ackord(&["orders", "retry", "A-1", "A-2", "--yes"]).await);
    assert_done(&place.ackord(&["run"]).await);
    assert_eq!(place.statuses("A-2").await.last().unwrap(), "accepted");
    let refused = place.ackord(&["orders", "retry", "A-2", "--yes"]).await;
    assert_eq!(refused.exit, Exit::NeedsPerson);
    assert!(refused.err.contains("settled as 'accepted'"), "{refused:?}");
}

#[tokio::test]
async fn what_can_not_be_tried_again_is_refused_in_clear_words_and_changes_nothing() {
    let (_sandbox, place) = filled().await;
    let entry = place.open("A-1").await.remove(0);
    place
        .sql("INSERT INTO process_failures (failure_id, related_id, process_name, details) VALUES (77, 'A-1', 'LabelPurchase', 'x')")
        .await;
    place
        .sql("INSERT INTO process_failures (failure_id, related_id, process_name, details) VALUES (78, 'Z-9', 'OrderAcceptance', 'x')")
        .await;
    for (id, words) in [
        ("77", "entry 77 is of LabelPurchase, not of acceptance"),
        ("78", "entry 78 is about no order on record"),
        ("79", "there is no failure 79"),
    ] {
        let ran = place.ackord(&["failures", "retry", &entry, id, "--yes"]).await;
        assert!(ran.exit != Exit::Done && ran.err.contains(words), "{ran:?}");
    }
    assert_eq!(place.statuses("A-1").await, ["pending_acceptance", "acceptance_failed"]);
    assert_done(&place.ackord(&["failures", "retry", &entry, "--yes"]).await);
    let again = place.ackord(&["failures", "retry", &entry, "--yes"]).await;
    assert!(again.err.contains("was closed already by kim"), "{again:?}");
    let under_way = place.ackord(&["orders", "retry", "A-1", "--yes"]).await;
    assert!(under_way.err.contains("is being worked on as it is"), "{under_way:?}");
}

#[tokio::test]
async fn nothing_is_decided_unasked() {
    let (_sandbox, place) = filled().await;
    let entry = place.open("A-1").await.remove(0);
    for args in [
        &["failures", "retry", &entry][..],
        &["failures", "resolve", &entry, "--as", "handled", "--reason", "x"],
        &["orders", "record", "A-1", "shipped", "--note", "x"],
    ] {
        let ran = place.ackord(args).await;
        assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
        assert!(ran.err.contains("nobody confirmed that"), "{ran:?}");
    }
    assert_eq!(place.statuses("A-1").await, ["pending_acceptance", "acceptance_failed"]);
    assert_eq!(place.open("A-1").await.len(), 1);
}

#[tokio::test]
async fn a_handled_entry_is_closed_with_who_and_why() {
    let (_sandbox, place) = filled().await;
    place
        .sql("INSERT INTO process_failures (failure_id, related_id, process_name, details) VALUES (77, 'A-1', 'LabelPurchase', 'x')")
        .await;
    let entry = place.open("A-1").await.remove(1);
    let args = [
        "failures",
        "resolve",
        &entry,
        "77",
        "--as",
        "handled",
        "--reason",
        "called them",
    ];
    let told = place.ackord(&[&args[..], &["--dry-run"]].concat()).await;
    assert_done(&told);
    assert!(told.out.ends_with("nothing was changed\n"), "{told:?}");
    let ran = place.ackord(&[&args[..], &["--yes", "--actor", "lee"]].concat()).await;
    assert_done(&ran);
    assert_eq!(ran.out, "2 entries closed as handled\n");
    let shown = place.ackord(&["failures", "show", &entry]).await;
    assert!(shown.out.contains("by lee: handled: called them"), "{shown:?}");
    assert_eq!(place.open("A-1").await, [""; 0]);
    assert_eq!(place.statuses("A-1").await, ["pending_acceptance", "acceptance_failed"]);
    let again = place.ackord(&[&args[..], &["--yes"]].concat()).await;
    assert_eq!(again.exit, Exit::NeedsPerson);
    assert!(again.err.contains("was closed already by lee"), "{again:?}");
    assert_done(&place.ackord(&["verify"]).await);
}

#[tokio::test]
async fn an_entry_is_closed_as_accepted_where_the_marketplace_shows_it() {
    let (sandbox, place) = filled().await;
    let ids = [place.open("A-1").await.remove(0), place.open("A-2").await.remove(0)];
    sandbox.accept("A-1").unwrap();
    let sent = sandbox.ledger().calls(Endpoint::Or21);
    let args = [
        "failures", "resolve", &ids[0], &ids[1], "--as", "accepted", "--reason", "by hand", "--yes",
    ];
    let ran = place.ackord(&args).await;
    assert_eq!(ran.exit, Exit::NeedsPerson, "{ran:?}");
    assert_eq!(ran.out, "1 entry closed as accepted\n");
    let words = format!(
        "entry {} stays open: A-2 is 'acceptance_failed' by what the marketplace shows",
        ids[1]
    );
    assert!(ran.err.contains(&words), "{ran:?}");
    let story = place.story("A-1").await;
    let last = story["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(last["status"], "accepted");
    assert!(
        last["notes"]
            .as_str()
            .unwrap()
            .contains("a look that kim asked for (by hand)"),
        "{last}"
    );
    assert_eq!(place.open("A-1").await, [""; 0]);
    assert_eq!(place.open("A-2").await, [ids[1].as_str()]);
    assert_eq!(sandbox.ledger().calls(Endpoint::Or21), sent, "nothing is sent");
    assert_done(&place.ackord(&["verify"]).await);
}

#[tokio::test]
async fn an_entry_is_not_closed_as_cancelled_where_the_marketplace_shows_otherwise() {
    let (sandbox, place) = filled().await;
    let entry = place.open("A-1").await.remove(0);
    sandbox.accept("A-1").unwrap();
    let args = [
        "failures",
        "resolve",
        &entry,
        "--as",
        "cancelled",
        "--reason",
        "x",
        "--yes",
        "--json",
    ];
    let ran = place.ackord(&args).await;
    assert_eq!(ran.exit, Exit::NeedsPerson, "{ran:?}");
    let told = ran.json();
    assert_eq!(told["closed"], json!([]));
    assert!(
        told["left_open"][0]["why"].as_str().unwrap().contains("'accepted'"),
        "{told}"
    );
    // What was seen is settled all the same.
    assert_eq!(place.statuses("A-1").await.last().unwrap(), "accepted");
}

#[tokio::test]
async fn a_status_of_another_module_is_entered_by_hand() {
    let (_sandbox, place) = filled().await;
    let args = ["orders", "record", "A-3", "shipped", "--note", "picked up"];
    let told = place.ackord(&[&args[..], &["--dry-run"]].concat()).await;
    assert_done(&told);
    assert!(told.out.contains("'accepted' so far, becomes 'shipped'"), "{told:?}");
    let ran = place.ackord(&[&args[..], &["--yes"]].concat()).await;
    assert_done(&ran);
    assert_eq!(ran.out, "order A-3 is 'shipped'\n");
    let shown = place.ackord(&["orders", "show", "A-3"]).await;
    assert!(shown.out.contains("picked up (written by kim)"), "{shown:?}");
    for status in ["accepted", "cancelled", "pending_acceptance", "acceptance_failed"] {
        let ran = place
            .ackord(&["orders", "record", "A-3", status, "--note", "x", "--yes"])
            .await;
        assert_eq!(ran.exit, Exit::NeedsPerson, "{ran:?}");
        assert!(ran.err.contains("is not entered by hand"), "{ran:?}");
    }
    assert_done(&place.ackord(&["verify"]).await);
}

#[tokio::test]
async fn the_inbox_is_listed_by_cause_with_age_and_deadline() {
    let (_sandbox, place) = filled().await;
    let ran = place.ackord(&["failures", "list"]).await;
    assert_done(&ran);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(
        lines[0].starts_with("CAUSE") && lines[0].contains("AGE") && lines[0].contains("DEADLINE"),
        "{ran:?}"
    );
    assert!(lines[1].contains("A-1") || lines[1].contains("A-2"), "{ran:?}");
    assert!(
        lines[1].contains("in 23h") || lines[1].contains("in 24h") || lines[1].contains("in 1d"),
        "{ran:?}"
    );
    assert!(lines[2].starts_with(' '), "the cause stands once: {ran:?}");
}
