//! The API key, the secrets of the channels and what orders tell of their customers are nowhere to be seen: not on the streams of a
//! service that logs all it can, not in its metrics and answers, not in what people are told, not in what the commands show and log.
//! Each planted value has a word in it that nothing else has.

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::process::Command;

use super::receiver::Receiver;
use super::service::{Service, answer_to};
use super::shop::{Shop, audited};
use super::{ProgramFixture, account};
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

/// The arguments of a service that runs again and again, and answers over HTTP.
pub(super) fn of_a_service(token: &str) -> [&str; 9] {
    [
        "serve",
        "--serve-interval",
        "100ms",
        "--serve-jitter",
        "0",
        "--serve-listen",
        "127.0.0.1:0",
        "--serve-token-file",
        token,
    ]
}

/// A service that logs all it can as JSON.
pub(super) async fn loud_service(mut command: Command) -> Service {
    command.env("ACKORD_LOG", "trace").env("ACKORD_LOG_FORMAT", "json");
    Service::start(command).await
}

impl Shop<'_> {
    /// A file with a token for asking for runs, itself a canary.
    pub(super) fn token(&self) -> String {
        self.canary("token", "quokka-token")
    }

    /// A file with a canary.
    fn canary(&self, name: &str, canary: &str) -> String {
        let path = self.fixture.directory.path().join(name);
        std::fs::write(&path, canary).expect("a file");
        path.display().to_string()
    }

    /// A command of a shop that tells this receiver, and by two more channels of which nobody listens at the other end.
    fn telling_everybody(&self, receiver: &Receiver, arguments: &[&str]) -> Command {
        let mut command = self.telling(receiver, arguments);
        let slack = self.canary("slack", "http://127.0.0.1:9/quokka-slack");
        let mail = self.canary("mail", "quokka-mail-password");
        command.envs([
            ("ACKORD_ALERT_SLACK_URL_FILE", slack.as_str()),
            ("ACKORD_ALERT_SMTP_URL", "smtp+starttls://shop@127.0.0.1:9"),
            ("ACKORD_ALERT_SMTP_PASSWORD_FILE", mail.as_str()),
            ("ACKORD_ALERT_MAIL_FROM", "shop@shop.example"),
            ("ACKORD_ALERT_MAIL_TO", "kim@shop.example"),
        ]);
        command
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

    /// All that the commands tell of these orders, of the inbox, of the calls and of the alerts.
    async fn all_that_is_shown(&self, receiver: &Receiver, orders: &[&str]) -> String {
        let mut shown = String::new();
        for id in orders {
            shown += &self.shown(receiver, &["orders", "show", id]).await;
            shown += &self.shown(receiver, &["orders", "show", id, "--json"]).await;
        }
        let failures = self.ackord(&["failures", "list", "--json"]).await.json();
        let failures = failures["failures"].as_array().expect("entries").clone();
        assert!(failures.len() >= 2, "{failures:?}");
        for failure in &failures {
            let id = failure["failure_id"].to_string();
            for command in [
                &["show", &id][..],
                &["show", &id, "--json"],
                &["retry", &id, "--reason", "-", "--dry-run"],
                &["resolve", &id, "--as", "accepted", "--reason", "-", "--dry-run"],
            ] {
                shown += &self.shown(receiver, &[&["failures"], command].concat()).await;
            }
        }
        for arguments in [
            &["failures", "list"][..],
            &["orders", "list", "--json"],
            &["calls", "list"],
            &["calls", "list", "--json", "--bodies", "--limit", "1000"],
            &["alerts", "list", "--all"],
            &["alerts", "list", "--all", "--json"],
            &["alerts", "log"],
            &["alerts", "log", "--json"],
            &["alerts", "test"],
            &["export"],
            &["export", "--format", "jsonl"],
            &["stats"],
            &["verify"],
            &["prune", "--older-than", "1d", "--dry-run"],
            &["reconcile"],
            &["run"],
            &["check"],
        ] {
            shown += &self.shown(receiver, arguments).await;
        }
        shown
    }

    /// What a command shows, and logs at its most talkative.
    async fn shown(&self, receiver: &Receiver, arguments: &[&str]) -> String {
        let mut command = self.telling_everybody(receiver, arguments);
        let output = command.env("ACKORD_LOG", "trace").output().await.expect("it ends");
        // Some say no with good reason; none was given what it does not understand.
        assert_ne!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        format!("{out}\n{err}\n")
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

    let mut receiver = Receiver::new().await;
    let service = shop.telling_everybody(&receiver, &of_a_service(&shop.token()));
    let mut service = loud_service(service).await;
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
    // Asked a moment before the key was revoked, the shop itself would not be asked about for five minutes, and the alert waits for that.
    account::long_ago(fixture).await;
    receiver.until_heard(("raised", "trouble:credentials")).await;
    shop.sandbox.revoke_keys(false);
    receiver.until_heard(("cleared", "trouble:credentials")).await;
    let (out, err) = service.ended().await;

    assert_eq!(out, "");
    assert!(err.contains("\"level\":\"TRACE\""), "it logs all it can");
    expect_none("stderr", &err);
    expect_none("HTTP", &answers);
    let shown = shop
        .all_that_is_shown(&receiver, &["Q-1", "Q-2", "Q-3", "Q-4", "Q-5"])
        .await;
    expect_none("the commands", &shown);
    for told in ["inbox:no_lines", "inbox:unreadable", "trouble:credentials", "\"test\""] {
        assert!(receiver.text().contains(told), "{told}: {}", receiver.text());
    }
    expect_none("what people are told", &receiver.text());
}
