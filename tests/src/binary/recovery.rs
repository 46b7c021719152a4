//! A store that was restored to a backup: what was accepted since is settled, and nothing is sent twice.

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _};

use super::ProgramFixture;
use crate::cases;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases![
        what_a_restored_store_has_forgotten_is_settled_without_a_send,
        a_reconcile_killed_half_way_leaves_sending_held
    ]
}

/// A copy of the store as it is now: a file, or a database.
struct Backup(String);

impl ProgramFixture {
    fn is_sqlite(&self) -> bool {
        self.store.starts_with("sqlite:")
    }

    fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("shop.db")
    }

    /// Takes a backup, while nothing runs.
    async fn back_up(&self) -> Backup {
        if self.is_sqlite() {
            let copy = self.directory.path().join("backup.db").display().to_string();
            self.sql(&format!("VACUUM INTO '{copy}'")).await;
            return Backup(copy);
        }
        let name = self.database();
        let copy = format!("{name}_backup");
        self.at_the_server(&format!("CREATE DATABASE {copy} TEMPLATE {name}"))
            .await;
        Backup(copy)
    }

    /// Puts the backup in the place of the store.
    async fn restore(&self, backup: Backup) {
        let Backup(copy) = backup;
        if self.is_sqlite() {
            for left_over in ["shop.db-wal", "shop.db-shm"] {
                drop(std::fs::remove_file(self.directory.path().join(left_over)));
            }
            std::fs::rename(copy, self.file()).expect("the file is put back");
            return;
        }
        let name = self.database();
        self.at_the_server(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
        self.at_the_server(&format!("CREATE DATABASE {name} TEMPLATE {copy}"))
            .await;
        self.at_the_server(&format!("DROP DATABASE {copy}")).await;
    }

    fn database(&self) -> String {
        let url = url::Url::parse(&self.store).expect("a URL");
        url.path().trim_start_matches('/').to_owned()
    }

    async fn at_the_server(&self, statement: &str) {
        let mut url = url::Url::parse(&self.store).expect("a URL");
        url.set_path("postgres");
        let mut connection = sqlx::PgConnection::connect(url.as_str()).await.expect("the server");
        let done = sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

async fn what_a_restored_store_has_forgotten_is_settled_without_a_send(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().bulk(30)).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    // They are taken in, and nothing is sent.
    let taken_in = shop.ackord(&["reconcile", "--json"]).await;
    assert_eq!((taken_in.code, taken_in.json()["ingested"].as_u64()), (0, Some(30)));
    let backup = fixture.back_up().await;

    assert_eq!(shop.run().await["accepted"], 30);
    fixture.restore(backup).await;
    assert_eq!(shop.statuses("BULK-000007").await, ["pending_acceptance"], "forgotten");
    for number in 0..5 {
        let order = OrderSeed::plain(format!("NEW-{number}"));
        shop.sandbox.put_order(order).expect("an order more");
    }

    let json_log = [("ACKORD_LOG", "ackord=info"), ("ACKORD_LOG_FORMAT", "json")];
    let reconciled = shop.ackord_with(&["reconcile", "--json"], &json_log).await;
    assert_eq!(reconciled.code, 0, "{reconciled:?}");
    is_logged_under_one_id(&reconciled.stderr);
    let report = reconciled.json();
    assert_eq!(report["sending_allowed"], true, "{report}");
    let changed = report["changed"].as_array().expect("changes");
    assert_eq!(changed.len(), 30, "{report}");
    assert!(changed.iter().all(|change| change["to"] == "accepted"), "{report}");
    let ledger = shop.sandbox.ledger();
    assert_eq!(
        ledger.calls(Endpoint::Or21),
        30,
        "those of before, and none by reconcile"
    );

    let report = shop.run().await;
    assert_eq!((&report["accepted"], &report["awaiting"]), (&5.into(), &0.into()));
    for number in 1..=30 {
        let id = format!("BULK-{number:06}");
        assert_eq!(shop.statuses(&id).await.last().map(String::as_str), Some("accepted"));
        assert_eq!(
            (ledger.acceptances_received(&id), ledger.decisions_applied(&id)),
            (1, 1),
            "{id}"
        );
    }
    assert_eq!(ledger.calls(Endpoint::Or21), 35);
}

/// What a reconcile did to thirty orders, each in a line with the same id.
fn is_logged_under_one_id(log: &str) {
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let moved: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "an order has moved")
        .collect();
    assert_eq!(moved.len(), 30, "{log}");
    assert!(moved[0]["run"].is_string(), "{}", moved[0]);
    assert!(moved.iter().all(|line| line["run"] == moved[0]["run"]), "{log}");
}

async fn a_reconcile_killed_half_way_leaves_sending_held(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().bulk(3)).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    // Killed in its look at the orders: the list was read, and stored.
    let hang = FaultRule::on(Endpoint::Or11, Fault::Hang { moment: Moment::After })
        .skip(1)
        .once();
    shop.sandbox.add_fault(hang).expect("a rule");
    let mut doomed = shop.start(&["reconcile"]);
    let ledger = shop.sandbox.ledger();
    ledger.until(|ledger| ledger.calls(Endpoint::Or11) == 2).await;
    doomed.kill().await.expect("it is killed");
    shop.sandbox.release_held();
    shop.sandbox.clear_faults();

    for _ in 0..2 {
        let held = shop.ackord(&["run", "--json"]).await;
        assert_eq!(held.code, 3, "{held:?}");
        assert_eq!(held.json()["halt"]["kind"], "sending_held", "{held:?}");
        assert!(held.stderr.contains("ackord reconcile"), "{held:?}");
    }
    assert_eq!(ledger.calls(Endpoint::Or21), 0);

    let reconciled = shop.ackord(&["reconcile"]).await;
    assert_eq!(reconciled.code, 0, "{reconciled:?}");
    assert!(
        reconciled
            .stdout
            .contains("looked at 3 orders · 3 still unsettled\nsending is allowed again"),
        "{reconciled:?}"
    );
    assert_eq!(shop.run().await["accepted"], 3);
    for number in 1..=3 {
        assert_eq!(ledger.decisions_applied(&format!("BULK-{number:06}")), 1);
    }
}
