//! A shop whose alerts go to a receiver.

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed};
use tokio::process::Command;

use super::receiver::{Receiver, SECRET};
use super::service::Service;
use super::shop::Shop;

/// The marketplace refuses the acceptance of this order.
pub(super) fn refuses(id: &str) -> FaultRule {
    let refusal = Fault::Status {
        status: 404,
        moment: Moment::Before,
    };
    FaultRule::on(Endpoint::Or21, refusal).order(id)
}

impl Shop<'_> {
    /// A command of a shop whose alerts go to this receiver.
    pub(super) fn telling(&self, receiver: &Receiver, arguments: &[&str]) -> Command {
        let secret = self.fixture.directory.path().join("secret");
        std::fs::write(&secret, SECRET).expect("a file");
        let mut command = self.command(arguments);
        command.env("ACKORD_ALERT_WEBHOOK_URL", &receiver.url);
        command.env("ACKORD_ALERT_WEBHOOK_SECRET_FILE", &secret);
        command
    }

    /// The command of a service that runs again and again.
    pub(super) fn serving(&self, receiver: &Receiver) -> Command {
        let arguments = [
            "serve",
            "--serve-interval",
            "100ms",
            "--serve-jitter",
            "0",
            "--serve-listen",
            "127.0.0.1:0",
        ];
        self.telling(receiver, &arguments)
    }

    /// Such a service.
    pub(super) async fn serve(&self, receiver: &Receiver) -> Service {
        Service::start(self.serving(receiver)).await
    }

    /// Orders come in.
    pub(super) fn order(&self, ids: &[&str]) {
        for id in ids {
            self.sandbox.put_order(OrderSeed::plain(*id)).expect("an order");
        }
    }

    /// Returns once these orders, which came in, are accepted there and here: by one acceptance each.
    pub(super) async fn until_accepted_once(&self, ids: &[&str]) {
        for id in ids {
            self.until_accepted(id).await;
        }
        self.until_settled(ids).await;
        self.accepted_once(ids).await;
        for id in ids {
            assert_eq!(self.sandbox.ledger().acceptances_received(id), 1, "{id}");
        }
    }

    /// Returns once so many lists were read from now on.
    pub(super) async fn until_listed(&self, times: u64) {
        let ledger = self.sandbox.ledger();
        let before = ledger.calls(Endpoint::Or11);
        ledger
            .until(move |ledger| ledger.calls(Endpoint::Or11) >= before + times)
            .await;
    }

    /// Returns once every message is on record as delivered: nothing tells of it but the record.
    pub(super) async fn until_delivered(&self) {
        for _ in 0..500 {
            let log = self.ackord(&["alerts", "log", "--json"]).await.json();
            let messages = log["deliveries"].as_array().expect("messages");
            if messages.iter().all(|message| message["delivered_at"].is_string()) {
                return;
            }
        }
        panic!("a message is never on record as delivered");
    }

    /// Somebody sees to everything in the inbox.
    pub(super) async fn see_to_the_inbox(&self) {
        let open = self.ackord(&["failures", "list", "--open", "--json"]).await.json();
        let open = open["failures"].as_array().expect("entries").clone();
        let ids: Vec<String> = open.iter().map(|entry| entry["failure_id"].to_string()).collect();
        let mut arguments = vec!["failures", "resolve"];
        arguments.extend(ids.iter().map(String::as_str));
        arguments.extend(["--as", "handled", "--reason", "by phone", "--yes"]);
        let closed = self.ackord(&arguments).await;
        assert_eq!(closed.code, 0, "{closed:?}");
    }
}

impl super::ProgramFixture {
    /// Whoever has a message in hand has it no more: as if a minute had gone by.
    pub(super) async fn free_messages(&self) {
        self.sql("UPDATE alert_deliveries SET lease_until = written_at WHERE delivered_at IS NULL")
            .await;
    }
}
