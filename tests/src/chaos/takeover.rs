//! How long it takes from the kill of a worker until all of its orders are another worker's, under the default settings.

use std::path::Path;
use std::time::Duration;

use ackord::settings::Settings;
use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};
use tokio::time::sleep;

use super::Chance;
use super::processes::WorkerPlan;
use super::store::ChaosStore;

/// How many orders the victim holds when it is killed.
const HELD: u64 = 6;

/// How many orders of its own a heir has that waits for them.
const OWN: u64 = 3;

/// Between two questions whether the orders are another's by now; part of what is measured.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// The database's clock in milliseconds, once no order is the victim's any more; 0 until then.
const TAKEN_OVER: &str = "SELECT CASE WHEN EXISTS (
        SELECT FROM order_work WHERE order_id LIKE 'HELD-%' AND (worker = 'victim' OR fence = 0)
    ) THEN 0 ELSE (extract(epoch FROM clock_timestamp()) * 1000)::bigint END";

/// The database's clock in milliseconds.
const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// How many orders stand under the victim's lease.
const UNDER_LEASE: &str = "SELECT count(*) FROM order_work
    WHERE order_id LIKE 'HELD-%' AND worker = 'victim' AND lease_until > clock_timestamp()";

/// What the worker does that is to take the orders over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heir {
    /// It has no orders of its own, and runs again and again.
    Idle,
    /// It is in the middle of a run, in which it waits a poll interval to see its own orders accepted.
    Waiting,
}

/// Kills a worker in the middle of its calls, some of which took effect, and measures by the database's clock how long it
/// takes until another one has claimed all of its orders.
///
/// # Errors
/// What kept it from being measured, in words.
pub async fn measure(store: &ChaosStore, program: &Path, heir: Heir, chance: &mut Chance) -> Result<Duration, String> {
    let words = |error: &dyn std::error::Error| format!("{error}: {error:?}");
    let mut sandbox = Sandbox::builder();
    for number in 1..=HELD {
        let id = format!("HELD-{number}");
        let moment = if number % 2 == 0 { Moment::Before } else { Moment::After };
        let hang = FaultRule::on(Endpoint::Or21, Fault::Hang { moment }).order(&id).once();
        sandbox = sandbox.order(OrderSeed::plain(id)).fault(hang);
    }
    let sandbox = sandbox.start().await.map_err(|error| words(&error))?;
    let ledger = sandbox.ledger();
    let directory = tempfile::tempdir().map_err(|error| words(&error))?;
    let plan = WorkerPlan {
        program: program.to_owned(),
        arguments: arguments(store, &sandbox.url(), sandbox.api_key()),
        directory: directory.path().to_owned(),
    };

    let mut victim = plan.start("victim").map_err(|error| words(&error))?;
    ledger.until(|ledger| ledger.calls(Endpoint::Or21) == HELD).await;
    let own = match heir {
        Heir::Idle => 0,
        Heir::Waiting => OWN,
    };
    for number in 1..=own {
        sandbox
            .put_order(OrderSeed::plain(format!("OWN-{number}")))
            .map_err(|error| words(&error))?;
    }
    let listed = ledger.calls(Endpoint::Or11);
    let mut heir = plan.start("heir").map_err(|error| words(&error))?;
    ledger
        .until(|ledger| ledger.calls(Endpoint::Or11) > listed && ledger.calls(Endpoint::Or21) == HELD + own)
        .await;
    sleep(chance.span((Duration::ZERO, Duration::from_secs(3)))).await;

    let held = store.number(UNDER_LEASE).await;
    if u64::try_from(held) != Ok(HELD) {
        return Err(format!("the victim holds {held} orders, not {HELD}"));
    }
    let killed_at = store.number(CLOCK).await;
    victim.kill().await.map_err(|error| words(&error))?;
    let taken_over_at = loop {
        match store.number(TAKEN_OVER).await {
            0 => sleep(ASK_AGAIN_AFTER).await,
            at => break at,
        }
    };
    heir.kill().await.map_err(|error| words(&error))?;
    let millis = u64::try_from(taken_over_at - killed_at).map_err(|error| words(&error))?;
    Ok(Duration::from_millis(millis))
}

/// A worker's arguments for the default settings.
fn arguments(store: &ChaosStore, marketplace: &str, key: &str) -> Vec<String> {
    let settings = Settings::default();
    let millis = |span: Duration| span.as_millis().to_string();
    [
        ("--store", store.url().to_owned()),
        ("--marketplace", marketplace.to_owned()),
        ("--key", key.to_owned()),
        ("--lease-ms", millis(settings.lease)),
        ("--margin-ms", millis(settings.lease_margin)),
        ("--call-timeout-ms", millis(settings.call_timeout)),
        ("--poll-ms", millis(settings.poll_interval)),
        ("--retry-base-ms", millis(settings.retry.base)),
        ("--retry-cap-ms", millis(settings.retry.cap)),
        ("--staleness-ms", millis(settings.read_staleness)),
        ("--slow-look-ms", millis(settings.slow_look_interval)),
        ("--pause-ms", millis(settings.default_pause)),
        ("--concurrency", settings.concurrency.to_string()),
        ("--batch", settings.batch.to_string()),
        ("--attempts", settings.retry.attempts.to_string()),
    ]
    .into_iter()
    .flat_map(|(name, value)| [name.to_owned(), value])
    .collect()
}
