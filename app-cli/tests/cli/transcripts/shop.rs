//! The shop of the page: a directory with its settings and its store, a marketplace, and a receiver of its alerts.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use ackord_sandbox::{Act, Endpoint, Fault, FaultRule, MarketState, Moment, OrderKind, OrderSeed, Pace, Sandbox, Step};
use axum::Router;
use regex::Regex;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::clock::Clock;
use super::page::Aside;
use super::record;
use super::terminal::{self, Ended};

/// What the page has in the place of the shop's directory and of the sandbox's address.
const DIRECTORY: &str = "/srv/shop";
const SANDBOX: &str = "http://127.0.0.1:8710";

/// Longer than any machine takes for a call, and shorter than a person would notice: what it took has three digits on each.
const LATENCY: Fault = Fault::Latency {
    ms: 120,
    to_ms: None,
    moment: Moment::Before,
};

pub(super) struct Shop {
    directory: TempDir,
    sandbox: ackord_sandbox::SandboxHandle,
    /// Where alerts are taken.
    receiver: String,
    clock: Clock,
    /// How the last command ended.
    code: Option<i32>,
}

impl Shop {
    /// An empty directory, and a marketplace without orders.
    pub(super) async fn open() -> Self {
        let sandbox = Sandbox::builder()
            .fault(FaultRule::always(LATENCY))
            .start()
            .await
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let receiver = format!("http://{}/ackord", listener.local_addr().unwrap());
        let takes_all = Router::new().fallback(async || {});
        tokio::spawn(axum::serve(listener, takes_all).into_future());
        Self {
            directory: tempfile::tempdir().unwrap(),
            sandbox,
            receiver,
            clock: Clock::default(),
            code: None,
        }
    }

    /// Lets happen what an aside says.
    pub(super) async fn aside(&mut self, aside: &Aside) {
        match aside {
            Aside::Now(time) => {
                let later = self.clock.set(time);
                let store = self.directory.path().join("ackord.db");
                if store.exists() {
                    record::move_back(&format!("sqlite:{}", store.display()), later).await;
                }
            }
            Aside::Marketplace(words) => self.at_the_marketplace(words),
            Aside::Command(command) => {
                let printed = self.run(command);
                assert_eq!(self.code, Some(0), "{command}: {printed}");
            }
        }
    }

    fn at_the_marketplace(&self, words: &str) {
        let words: Vec<&str> = words.split(' ').collect();
        match words[..] {
            ["orders", "of", "the", "morning"] => self.morning(),
            ["order", id, "fails", "once"] => {
                self.fault(Endpoint::Or21, status(503), id, 1);
                self.put(OrderSeed::plain(id), "2026-11-23 10:49:05");
            }
            ["order", id, "waits", "for", "its", "payment"] => {
                let unpaid = Step::new(MarketState::WaitingDebit, Pace::Never);
                self.put(OrderSeed::slow_debit(id).path([unpaid]), "2026-11-23 12:04:05");
            }
            // Its lines as well, which it does not show.
            ["person", "accepts", id] => self.sandbox.set_state(id, MarketState::Shipping).unwrap(),
            ["mends", id] => {
                let of_it = |fault: &ackord_sandbox::ArmedFault| fault.rule.order_id.as_deref() == Some(id);
                let faults = self.sandbox.faults();
                faults.iter().filter(|fault| of_it(fault)).for_each(|fault| {
                    self.sandbox.remove_fault(fault.fault_id);
                });
            }
            ["pays", id] => self.sandbox.set_state(id, MarketState::Shipping).unwrap(),
            ["key", "expires"] => self.sandbox.revoke_keys(true),
            ["key", "works"] => self.sandbox.revoke_keys(false),
            ["day", day, count, "orders", lost, "cancelled"] => {
                self.day(day, count.parse().unwrap(), lost.parse().unwrap());
            }
            _ => panic!("{words:?}: nothing that can happen there"),
        }
    }

    /// Two that are accepted, one that is refused, one without a line to accept, one that its customer takes back.
    fn morning(&self) {
        self.put(OrderSeed::plain("223456701-A"), "2026-11-22 23:24:05");
        self.put(OrderSeed::of(OrderKind::TwoLines, "223456702-A"), "2026-11-23 01:39:05");
        self.put(OrderSeed::plain("223456703-A"), "2026-11-23 03:44:05");
        self.fault(Endpoint::Or21, status(404), "223456703-A", u64::MAX);
        self.put(OrderSeed::of(OrderKind::NoLines, "223456704-A"), "2026-11-23 04:34:05");
        self.put(OrderSeed::plain("223456705-A"), "2026-11-23 07:29:05");
        self.is_taken_back("223456705-A");
    }

    /// A day without trouble, an order every forty minutes; customers change their minds about the last ones.
    fn day(&self, day: &str, count: u32, lost: u32) {
        let ids = (1..=count).map(|number| format!("22346{}{number:02}-A", day.trim_start_matches("2026-11-")));
        for (number, id) in ids.enumerate() {
            let minutes = 10 + 40 * number;
            self.put(
                OrderSeed::plain(&id),
                &format!("{day} {:02}:{:02}:05", minutes / 60, minutes % 60 / 5 * 5 + 4),
            );
            if number >= (count - lost) as usize {
                self.is_taken_back(&id);
            }
        }
    }

    /// Its customer cancels it between the look and the acceptance.
    fn is_taken_back(&self, id: &str) {
        let cancels = Fault::Hands {
            act: Act::CancelByCustomer,
            moment: Moment::Before,
        };
        self.fault(Endpoint::Or21, cancels, id, 1);
    }

    fn put(&self, seed: OrderSeed, placed: &str) {
        self.sandbox
            .put_order(seed.created_at(self.clock.real(placed)))
            .unwrap();
    }

    fn fault(&self, endpoint: Endpoint, fault: Fault, id: &str, times: u64) {
        self.sandbox
            .add_fault(FaultRule::on(endpoint, fault).order(id).times(times))
            .unwrap();
    }

    /// Runs a command line; tells what is to be seen then, as the page has it.
    pub(super) fn run(&mut self, line: &str) -> String {
        if line == "echo $?" {
            return format!("{}\n", self.code.unwrap());
        }
        let Ended { code, screen, written } = terminal::run(self.command(line), enough(line));
        self.code = code;
        let colour = Regex::new(r"\x1b\[[0-9;]*m").unwrap();
        assert!(
            !colour.is_match(&written),
            "{line}: colours in spite of NO_COLOR: {written:?}"
        );
        if screen.is_empty() {
            return screen;
        }
        let directory = self.directory.path().display().to_string();
        let screen = screen
            .replace(&directory, DIRECTORY)
            .replace(&self.sandbox.url(), SANDBOX);
        self.clock.told(&screen) + "\n"
    }

    fn command(&self, line: &str) -> Command {
        let line = self.clock.command(line);
        // A program that is alone in its line gets the signals itself.
        let alone = line.starts_with("ackord ") && !line.contains('|');
        let line = if alone { format!("exec {line}") } else { line };
        let program = Path::new(env!("CARGO_BIN_EXE_ackord")).parent().unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", &line])
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
            .env("USER", "kim")
            .env("TERM", "xterm-256color")
            .env("NO_COLOR", "1")
            .env("ACKORD_POLL_INTERVAL", "250ms")
            .env("ACKORD_MARKETPLACE_URL", self.sandbox.url());
        // Where the settings name a receiver of alerts, it is this one.
        let settings = std::fs::read_to_string(self.directory.path().join("ackord.toml")).unwrap_or_default();
        if settings.contains("\nalert_webhook_url = ") {
            command.env("ACKORD_ALERT_WEBHOOK_URL", &self.receiver);
        }
        command
    }
}

/// What a command has said that goes on until Ctrl-C, once it has shown enough: a service, the first run.
fn enough(line: &str) -> Option<&'static str> {
    line.starts_with("ackord serve").then_some(" UTC  ")
}

fn status(status: u16) -> Fault {
    Fault::Status {
        status,
        moment: Moment::Before,
    }
}
