//! The API key and what orders tell of their customers are nowhere to be seen: not on the streams of a service that logs all it can, not
//! in its metrics and answers, not in what the commands show. Each planted value has a word in it that nothing else has.

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ProgramFixture;
use super::service::{Service, answer_to};
use super::shop::{Shop, audited};
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        neither_key_nor_customer_is_seen_anywhere
    ]
}

const KEY: &str = "quokka-key-5e1f8a";

/// What the canaries are known by, in small letters.
const SIGNS: [&str; 4] = ["quokka", "q0k 4a1", "604 555 0199", "6045550199"];

/// An order full of canaries.
fn order(id: &str, lines: &Value) -> OrderSeed {
    let address = json!({
        "city": "Quokkaville",
        "company": "Quokka Ltd",
        "firstname": "Quokkabert",
        "lastname": "Quokkason",
        "phone": "+1 604 555 0199",
        "phone_secondary": "6045550199",
        "street_1": "7 Quokka Crescent",
        "zip_code": "Q0K 4A1",
    });
    let body = json!({
        "order_id": id,
        "commercial_id": id,
        "order_state": "WAITING_ACCEPTANCE",
        "created_date": Timestamp::now().to_string(),
        "last_updated_date": Timestamp::now().to_string(),
        "acceptance_decision_date": null,
        "total_price": 19.99,
        "customer_notification_email": "quokka@notify.example",
        "customer": {
            "customer_id": "quokka-1",
            "firstname": "Quokkabert",
            "lastname": "Quokkason",
            "email": "quokka@mail.example",
            "billing_address": address,
            "shipping_address": address,
        },
        "order_additional_fields": [{ "code": "gift-note", "type": "STRING", "value": "from Quokka" }],
        "order_lines": lines,
    });
    OrderSeed::full(id, body)
}

/// The same with a line that can be accepted.
fn plain(id: &str) -> OrderSeed {
    let line = json!({ "order_line_id": format!("{id}-1"), "order_line_state": "WAITING_ACCEPTANCE", "quantity": 1 });
    order(id, &json!([line]))
}

/// What goes wrong: answers lost, pages of proxies, 5xx, lists that break off, an order that can't be read.
fn faults() -> Vec<FaultRule> {
    let failing = Fault::Status {
        status: 503,
        moment: Moment::Before,
    };
    let nameless = Fault::MissingField {
        field: "order_state".to_owned(),
    };
    vec![
        FaultRule::on(Endpoint::Or21, Fault::AnswerLost).order("Q-2").once(),
        FaultRule::on(Endpoint::Or21, Fault::Html { status: 502 })
            .order("Q-3")
            .once(),
        FaultRule::on(Endpoint::Or21, failing).order("Q-4").once(),
        FaultRule::on(Endpoint::Or11, Fault::TruncatedJson).skip(2).once(),
        FaultRule::on(Endpoint::Or11, nameless).order("Q-6"),
    ]
}

/// A service that runs again and again, answers over HTTP and logs all it can as JSON.
pub(super) async fn loud_service(shop: &Shop<'_>, token: &str) -> Service {
    let arguments = [
        "serve",
        "--serve-interval",
        "100ms",
        "--serve-jitter",
        "0",
        "--serve-listen",
        "127.0.0.1:0",
        "--serve-token-file",
        token,
    ];
    let mut command = shop.command(&arguments);
    command.env("ACKORD_LOG", "trace").env("ACKORD_LOG_FORMAT", "json");
    Service::start(command).await
}

impl Shop<'_> {
    /// A file with a token for asking for runs, itself a canary.
    pub(super) fn token(&self) -> String {
        let path = self.fixture.directory.path().join("token");
        std::fs::write(&path, "quokka-token\n").expect("a file");
        path.display().to_string()
    }

    /// Returns once these orders are accepted there and here.
    pub(super) async fn until_all_settled(&self, ids: &[&str]) {
        for id in ids {
            self.until_accepted(id).await;
        }
        self.until_settled(ids).await;
    }

    /// Returns once entries of all these causes stand in the inbox: nothing tells of it but the record.
    async fn until_in_the_inbox(&self, causes: &[&str]) {
        for _ in 0..500 {
            let listed = self.ackord(&["failures", "list", "--json"]).await;
            if causes
                .iter()
                .all(|cause| listed.stdout.contains(&format!("\"{cause}\"")))
            {
                return;
            }
        }
        panic!("{causes:?} never came into the inbox");
    }

    /// All that the commands tell of these orders, of the inbox and of the calls.
    async fn all_that_is_shown(&self, orders: &[&str]) -> String {
        let mut shown = String::new();
        for id in orders.iter().copied() {
            for arguments in [&["orders", "show", id][..], &["orders", "show", id, "--json"]] {
                shown.push_str(&self.shown(arguments).await);
            }
        }
        let failures = self.ackord(&["failures", "list", "--json"]).await.json();
        let failures = failures["failures"].as_array().expect("entries").clone();
        assert!(failures.len() >= 2, "{failures:?}");
        for failure in &failures {
            let id = failure["failure_id"].to_string();
            let id = id.as_str();
            for arguments in [&["failures", "show", id][..], &["failures", "show", id, "--json"]] {
                shown.push_str(&self.shown(arguments).await);
            }
        }
        for arguments in [
            &["failures", "list"][..],
            &["orders", "list", "--json"],
            &["calls", "list"],
            &["calls", "list", "--json", "--bodies", "--limit", "1000"],
            &["check"],
        ] {
            shown.push_str(&self.shown(arguments).await);
        }
        shown
    }

    async fn shown(&self, arguments: &[&str]) -> String {
        let printed = self.ackord(arguments).await;
        printed.stdout + &printed.stderr
    }
}

/// Nothing of this text gives a canary away.
fn expect_none(place: &str, text: &str) {
    assert!(!text.is_empty(), "{place}: there is nothing to look at");
    for line in text.lines() {
        let small = line.to_lowercase();
        let sign = SIGNS.into_iter().find(|sign| small.contains(sign));
        assert_eq!(sign, None, "{place}: {line}");
    }
}

async fn neither_key_nor_customer_is_seen_anywhere(fixture: &ProgramFixture) {
    let orders = ["Q-1", "Q-2", "Q-3", "Q-4"].map(plain);
    let sandbox = Sandbox::builder()
        .key(KEY)
        .orders(orders)
        .order(order("Q-5", &json!([])))
        .order(plain("Q-6"))
        .faults(faults());
    let shop = fixture.open(sandbox).await;
    let market = shop.sandbox.address().to_string();
    let listed = answer_to(&market, "GET", "/api/orders", Some(KEY)).await;
    for sign in SIGNS {
        assert!(listed.body.to_lowercase().contains(sign), "{sign}: {listed:?}");
    }

    let mut service = loud_service(&shop, &shop.token()).await;
    shop.until_all_settled(&["Q-1", "Q-2", "Q-3", "Q-4"]).await;
    shop.until_in_the_inbox(&["no_lines", "unreadable"]).await;
    shop.sandbox.revoke_keys(true);
    service.until_said("does not take the key").await;
    let mut answers = String::new();
    for path in ["/metrics", "/livez", "/readyz", "/nowhere"] {
        let answer = service.get(path).await;
        answers.push_str(&answer.head);
        answers.push_str(&answer.body);
    }
    for token in ["Bearer quokka-token", "Bearer quokka-token-of-another"] {
        let answer = answer_to(&service.address, "POST", "/run", Some(token)).await;
        answers.push_str(&answer.head);
        answers.push_str(&answer.body);
    }
    assert!(
        answers.contains("ackord_orders_moved_total{status=\"accepted\"} 4"),
        "{answers}"
    );
    let (out, err) = service.ended().await;
    shop.sandbox.revoke_keys(false);

    assert_eq!(out, "");
    assert!(err.contains("\"level\":\"TRACE\""), "it logs all it can");
    expect_none("stderr", &err);
    expect_none("HTTP", &answers);
    let shown = shop.all_that_is_shown(&["Q-1", "Q-2", "Q-3", "Q-4", "Q-5"]).await;
    expect_none("the commands", &shown);
}
