//! Five orders that need a person, settled in five commands.

use ackord_sandbox::{OrderSeed, Sandbox};

use super::ProgramFixture;
use super::receiver::Receiver;
use super::shop::{Shop, audited};
use super::telling::refuses;
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        five_that_need_a_person_are_settled_in_five_commands
    ]
}

impl Shop<'_> {
    /// The open entry of the inbox about this order.
    async fn entry(&self, order: &str) -> String {
        let listed = self.ackord(&["failures", "list", "--open", "--json"]).await.json();
        let entries = listed["failures"].as_array().expect("entries");
        let entry = entries.iter().find(|entry| entry["related_id"] == order);
        entry.expect("an entry about it")["failure_id"].to_string()
    }

    async fn settled_by(&self, arguments: &[&str]) {
        let done = self.ackord(arguments).await;
        assert_eq!(done.code, 0, "{arguments:?}: {done:?}");
    }
}

async fn five_that_need_a_person_are_settled_in_five_commands(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let orders = ["A-1", "A-2", "A-3", "A-4", "A-5"];
    let mut sandbox = Sandbox::builder();
    for id in orders {
        sandbox = sandbox.order(OrderSeed::plain(id)).fault(refuses(id).once());
    }
    let shop = fixture.open(sandbox).await;
    let ran = shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    assert_eq!(ran.status.code(), Some(3), "{ran:?}");
    let raised = receiver.next().await;
    assert_eq!(
        (raised.what(), &raised.body["count"]),
        (("raised", "inbox:refused"), &5.into())
    );

    let [one, three, four, five] = [
        shop.entry("A-1").await,
        shop.entry("A-3").await,
        shop.entry("A-4").await,
        shop.entry("A-5").await,
    ];
    shop.sandbox.accept("A-4").expect("a person accepts it");
    shop.sandbox.cancel("A-5").expect("the customer cancels it");
    shop.settled_by(&["failures", "retry", &one, "--reason", "price mended", "--yes"])
        .await;
    shop.settled_by(&["orders", "retry", "A-2", "--reason", "stock found", "--yes"])
        .await;
    shop.settled_by(&[
        "failures",
        "resolve",
        &three,
        "--as",
        "handled",
        "--reason",
        "refused by phone",
        "--yes",
    ])
    .await;
    shop.settled_by(&[
        "failures", "resolve", &four, "--as", "accepted", "--reason", "by hand", "--yes",
    ])
    .await;
    shop.settled_by(&[
        "failures",
        "resolve",
        &five,
        "--as",
        "cancelled",
        "--reason",
        "changed their mind",
        "--yes",
    ])
    .await;

    let ran = shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    assert_eq!(receiver.next().await.what(), ("cleared", "inbox:refused"));
    assert!(receiver.others().is_empty(), "one alert, and its end");
    let open = shop.ackord(&["failures", "list", "--open", "--json"]).await.json();
    assert_eq!(open["failures"], serde_json::json!([]));
    for (id, last) in [
        ("A-1", "accepted"),
        ("A-2", "accepted"),
        ("A-4", "accepted"),
        ("A-5", "cancelled"),
    ] {
        assert_eq!(shop.statuses(id).await.last().map(String::as_str), Some(last), "{id}");
    }
}
