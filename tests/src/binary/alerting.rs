//! What people are told by `ackord serve` and `ackord run`: by a webhook that a receiver of ours hears.

use ackord::Timestamp;
use ackord_alerts::{DELIVERY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};
use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::ProgramFixture;
use super::shop::{Shop, audited};
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        an_alert_is_told_once_over_kills_and_its_end_too,
        an_expired_key_is_told_at_once_and_its_end_under_the_new_one,
        a_run_by_a_timer_tells_as_well,
        a_message_that_did_not_arrive_goes_out_later,
        channels_can_be_tried
    ]
}

const SECRET: &str = "a-made-up-secret-of-some-length";

/// Hears what is posted.
struct Receiver {
    server: MockServer,
    heard: UnboundedReceiver<Heard>,
}

/// A message as it arrived.
#[derive(Debug)]
struct Heard {
    id: String,
    body: Value,
}

impl Heard {
    fn of(request: &Request) -> Self {
        let header = |name: &str| {
            let value = request.headers.get(name).expect("the header is there");
            value.to_str().expect("text").to_owned()
        };
        let tolerance = std::time::Duration::from_secs(300);
        let timestamp = header(TIMESTAMP_HEADER);
        let signature = header(SIGNATURE_HEADER);
        verify(
            &SECRET.into(),
            &timestamp,
            &request.body,
            &signature,
            Timestamp::now(),
            tolerance,
        )
        .expect("it is signed");
        Self {
            id: header(DELIVERY_HEADER),
            body: serde_json::from_slice(&request.body).expect("JSON"),
        }
    }

    fn what(&self) -> (&str, &str) {
        let text = |name: &str| self.body[name].as_str().expect("a text");
        (text("kind"), text("key"))
    }
}

impl Receiver {
    async fn new() -> Self {
        let server = MockServer::builder().start().await;
        let (tell, heard) = unbounded_channel();
        let respond = move |request: &Request| {
            tell.send(Heard::of(request)).expect("somebody listens");
            ResponseTemplate::new(200)
        };
        Mock::given(method("POST"))
            .and(path("/hook"))
            .respond_with(respond)
            .mount(&server)
            .await;
        Self { server, heard }
    }

    /// The next message.
    async fn next(&mut self) -> Heard {
        self.heard.recv().await.expect("a message")
    }

    /// What was heard and not asked for yet.
    fn others(&mut self) -> Vec<Heard> {
        let mut others = Vec::new();
        while let Ok(heard) = self.heard.try_recv() {
            others.push(heard);
        }
        others
    }
}

impl Shop<'_> {
    /// A command of a shop whose alerts go to this receiver.
    fn telling(&self, receiver: &Receiver, arguments: &[&str]) -> Command {
        let secret = self.fixture.directory.path().join("secret");
        std::fs::write(&secret, SECRET).expect("a file");
        let mut command = self.command(arguments);
        command.env("ACKORD_ALERT_WEBHOOK_URL", format!("{}/hook", receiver.server.uri()));
        command.env("ACKORD_ALERT_WEBHOOK_SECRET_FILE", &secret);
        command
    }

    fn serve_telling(&self, receiver: &Receiver) -> Child {
        let arguments = ["serve", "--serve-interval", "100ms", "--serve-jitter", "0"];
        self.telling(receiver, &arguments).spawn().expect("it starts")
    }

    /// Returns once so many lists were read from now on.
    async fn until_listed(&self, times: u64) {
        let ledger = self.sandbox.ledger();
        let before = ledger.calls(Endpoint::Or11);
        ledger
            .until(move |ledger| ledger.calls(Endpoint::Or11) >= before + times)
            .await;
    }
}

fn refusing() -> Sandbox {
    let refuses = Fault::Status {
        status: 404,
        moment: Moment::Before,
    };
    Sandbox::builder()
        .order(OrderSeed::plain("A-1"))
        .order(OrderSeed::plain("A-2"))
        .fault(FaultRule::on(Endpoint::Or21, refuses))
}

async fn an_alert_is_told_once_over_kills_and_its_end_too(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    let mut service = shop.serve_telling(&receiver);
    let first = receiver.next().await;
    assert_eq!(first.what(), ("raised", "inbox:refused"));
    assert_eq!(first.body["count"], 2);
    assert_eq!(first.body["remedy"], "ackord failures list --open --cause refused");
    for _ in 0..3 {
        service.kill().await.expect("it is killed");
        service = shop.serve_telling(&receiver);
        shop.until_listed(3).await;
    }
    let again = receiver.others();
    assert!(again.iter().all(|heard| heard.id == first.id), "{again:?}");
    let closed = shop
        .ackord(&[
            "failures", "resolve", "1", "2", "--as", "handled", "--reason", "by phone", "--yes",
        ])
        .await;
    assert_eq!(closed.code, 0, "{closed:?}");
    assert_eq!(receiver.next().await.what(), ("cleared", "inbox:refused"));
    service.kill().await.expect("it is killed");
    let shown = shop.ackord(&["alerts", "list", "--all", "--json"]).await.json();
    assert_eq!(shown["alerts"].as_array().map(Vec::len), Some(1), "{shown}");
    assert!(shown["alerts"][0]["cleared_at"].is_string(), "{shown}");
}

async fn an_expired_key_is_told_at_once_and_its_end_under_the_new_one(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("A-1"))).await;
    shop.sandbox.revoke_keys(true);
    let expired = shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    assert_eq!(expired.status.code(), Some(4), "{expired:?}");
    let raised = receiver.next().await;
    assert_eq!(raised.what(), ("raised", "trouble:credentials"));
    assert_eq!(raised.body["severity"], "critical");
    assert!(!raised.body.to_string().contains(shop.sandbox.api_key()), "{raised:?}");
    shop.sandbox.revoke_keys(false);
    assert_eq!(
        shop.telling(&receiver, &["run"])
            .output()
            .await
            .expect("it ends")
            .status
            .code(),
        Some(0)
    );
    assert_eq!(receiver.next().await.what(), ("cleared", "trouble:credentials"));
}

async fn a_run_by_a_timer_tells_as_well(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    for _ in 0..3 {
        shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    }
    assert_eq!(receiver.next().await.what(), ("raised", "inbox:refused"));
    assert!(receiver.others().is_empty(), "told once");
}

async fn a_message_that_did_not_arrive_goes_out_later(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    let mut deaf = shop.telling(&receiver, &["run"]);
    deaf.env("ACKORD_ALERT_WEBHOOK_URL", "http://127.0.0.1:9/hook");
    let told = deaf.output().await.expect("it ends");
    assert_eq!(told.status.code(), Some(3), "{told:?}");
    let log = shop.ackord(&["alerts", "log", "--json"]).await.json();
    assert_eq!(log["deliveries"][0]["attempts"], 1, "{log}");
    assert!(log["deliveries"][0]["error"].is_string(), "{log}");
    // Its wait is over.
    fixture.sql("UPDATE alert_deliveries SET due_at = written_at").await;
    shop.telling(&receiver, &["run"]).output().await.expect("it ends");
    let heard = receiver.next().await;
    assert_eq!(heard.what(), ("raised", "inbox:refused"));
    let log = shop.ackord(&["alerts", "log", "--json"]).await.json();
    assert_eq!(log["deliveries"][0]["attempts"], 2, "{log}");
    assert!(log["deliveries"][0]["delivered_at"].is_string(), "{log}");
}

async fn channels_can_be_tried(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(Sandbox::builder()).await;
    let none = shop.ackord(&["alerts", "test"]).await;
    assert_eq!(none.code, 3, "{none:?}");
    assert!(none.stderr.contains("no channel for alerts is set up"), "{none:?}");
    let tried = shop
        .telling(&receiver, &["alerts", "test"])
        .output()
        .await
        .expect("it ends");
    assert!(tried.status.success(), "{tried:?}");
    assert_eq!(receiver.next().await.what(), ("test", "test"));
    let mut deaf = shop.telling(&receiver, &["alerts", "test", "--json"]);
    deaf.env("ACKORD_ALERT_WEBHOOK_URL", "http://127.0.0.1:9/hook");
    let told = deaf.output().await.expect("it ends");
    assert_eq!(told.status.code(), Some(1), "{told:?}");
    let words: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(words["channels"][0]["delivered"], false, "{words}");
}
