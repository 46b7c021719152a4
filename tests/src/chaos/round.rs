//! One round: a fresh store and a fresh marketplace, orders fed in portions, trouble until all are decided, then peace,
//! and the judge.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ackord::order::OrderId;
use serde_json::{Value, json};

use super::judge::{Broken, Terms, Verdict, judge};
use super::market::{Market, READ_STALENESS};
use super::processes::{Fleet, WorkerPlan};
use super::proxy::{Proxy, Speech};
use super::store::ChaosStore;
use super::trouble::{Pace, Scene, Trouble};
use super::{Chance, Figures, Kind, Tally};
use crate::verify::violations;

/// The workers' call timeout.
const CALL_TIMEOUT: Duration = Duration::from_millis(500);

/// The workers' lease margin.
const MARGIN: Duration = Duration::from_millis(200);

/// How long everything may take to settle once the faults have stopped.
const PEACE_LIMIT: Duration = Duration::from_secs(180);

/// How many broken promises are told with their whole story.
const TOLD: usize = 5;

/// What is still to be done.
const UNDONE: &str = "SELECT count(*) FROM order_work WHERE phase NOT IN ('settled', 'review')";

/// What waits for a person.
const REVIEWS: &str = "SELECT order_id FROM order_work WHERE phase = 'review'";

/// What a round is to be.
#[derive(Debug, Clone)]
pub struct RoundPlan {
    /// Its number: it names the orders.
    pub number: u64,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// How many orders.
    pub orders: u64,
    /// How many worker processes.
    pub workers: usize,
    /// How many orders may be undecided at once; more are fed as they are decided.
    pub at_once: u64,
    /// How often what happens.
    pub pace: Pace,
    /// The trouble goes on at least until every kind has struck, for so long at the most.
    pub until_every_kind: Option<Duration>,
    /// The most that the trouble may last.
    pub trouble_limit: Duration,
    /// The program of the workers.
    pub program: PathBuf,
}

/// What came of a round.
#[derive(Debug)]
pub struct Outcome {
    /// How often each kind of fault struck.
    pub tally: Tally,
    /// The broken promises, each with the order and its story; empty if all went well.
    pub broken: Vec<String>,
    /// What is worth telling of it.
    pub note: Value,
}

/// Plays a round on this store.
///
/// # Errors
/// What kept it from being played, in words.
///
/// # Panics
/// Where the store or a program that the round needs stays away.
pub async fn play(plan: &RoundPlan, store: ChaosStore, figures: &Figures) -> Result<Outcome, String> {
    let words = |error: &dyn std::error::Error| format!("{error}: {error:?}");
    let began = Instant::now();
    let mut chance = Chance::new(plan.seed ^ plan.number.rotate_left(32));
    let tally = Tally::default();
    let store = Arc::new(store);
    let prefix = format!("R{}", plan.number);
    let market = Market::start(&prefix, chance.draw(), tally.clone())
        .await
        .map_err(|error| words(&error))?;
    let market = Arc::new(market);
    let market_line = Proxy::start(market.address(), Speech::Opaque, chance.fork(), tally.clone())
        .await
        .map_err(|error| words(&error))?;
    let store_line = match store.server_address() {
        Some(server) => Some(
            Proxy::start(server, Speech::Postgres, chance.fork(), tally.clone())
                .await
                .map_err(|error| words(&error))?,
        ),
        None => None,
    };
    let directory = tempfile::tempdir().map_err(|error| words(&error))?;
    let worker = WorkerPlan {
        program: plan.program.clone(),
        arguments: arguments(&store, store_line.as_ref(), &market_line, market.key()),
        directory: directory.path().to_owned(),
    };
    let fleet = Arc::new(Fleet::start(&worker, plan.workers, &tally, figures));
    let scene = Scene {
        fleet: Arc::clone(&fleet),
        store: Arc::clone(&store),
        market: Arc::clone(&market),
        tally: tally.clone(),
    };

    market_line.make_mischief(plan.pace.market_lines);
    if let Some(line) = &store_line {
        line.make_mischief(plan.pace.store_lines);
    }
    market
        .go_wrong(plan.pace.more_often)
        .await
        .map_err(|error| words(&error))?;
    let trouble = Trouble::start(&scene, plan.pace, &mut chance);
    feed(plan, &scene, &mut chance, began).await?;
    let troubled = began.elapsed();

    trouble.calm_down().await;
    market.go_right().await;
    market_line.calm_down();
    if let Some(line) = &store_line {
        line.calm_down();
    }
    let settled = until_settled(&scene).await;
    let peace = began.elapsed() - troubled;
    drop(scene);
    let fleet = Arc::into_inner(fleet).ok_or("somebody still holds the workers")?;
    fleet.end().await;

    let mut verdicts = judge_all(&store, &market, figures).await?;
    if !settled {
        let waiting = market.waiting();
        verdicts.push(format!(
            "not everything settled within {PEACE_LIMIT:?} after the faults had stopped; the marketplace waits for {waiting:?}"
        ));
    }
    if !verdicts.is_empty() {
        let kept = directory.keep();
        verdicts.push(format!("the workers' words are in {}", kept.display()));
    }
    figures.add_tally(&tally);
    figures.add("orders", market.fed());
    figures.add("rounds", 1);
    let counts = market.ledger().counts();
    let note = json!({
        "round": plan.number, "seed": plan.seed, "orders": market.fed(),
        "seconds": began.elapsed().as_secs(), "seconds of trouble": troubled.as_secs(), "seconds of peace": peace.as_secs(),
        "workers killed": tally.of(Kind::WorkerKilled), "database restarted": tally.of(Kind::StoreRestarted),
        "calls": counts.calls_total, "applied": counts.decisions_applied, "broken": verdicts.len(),
    });
    Ok(Outcome {
        tally,
        broken: verdicts,
        note,
    })
}

/// The workers' arguments: a lease of two seconds, and all other times to match.
fn arguments(store: &ChaosStore, store_line: Option<&Proxy>, market_line: &Proxy, key: &str) -> Vec<String> {
    let store = store.url_through(store_line.map(Proxy::address));
    let market = format!("http://{}", market_line.address());
    [
        ("--store", store),
        ("--marketplace", market),
        ("--key", key.to_owned()),
        ("--lease-ms", "2000".to_owned()),
        ("--margin-ms", MARGIN.as_millis().to_string()),
        ("--call-timeout-ms", CALL_TIMEOUT.as_millis().to_string()),
        ("--staleness-ms", READ_STALENESS.as_millis().to_string()),
        ("--poll-ms", "50".to_owned()),
        ("--pg-connections", "4".to_owned()),
        ("--slow-look-ms", "200".to_owned()),
    ]
    .into_iter()
    .flat_map(|(name, value)| [name.to_owned(), value])
    .collect()
}

/// Feeds orders as others are decided, until all are fed and nearly all decided, and every kind has struck that must.
async fn feed(plan: &RoundPlan, scene: &Scene, chance: &mut Chance, began: Instant) -> Result<(), String> {
    let portion = plan.at_once.div_ceil(2).min(50);
    loop {
        let (fed, undecided) = (scene.market.fed(), scene.market.undecided());
        let left = plan.orders.saturating_sub(fed);
        let wanted = match plan.until_every_kind {
            Some(limit) => began.elapsed() < limit && !every_kind_struck(scene).await,
            None => false,
        };
        let portion = if wanted { portion } else { portion.min(left) };
        if began.elapsed() > plan.trouble_limit || (portion == 0 && undecided * 4 <= plan.at_once) {
            return Ok(());
        }
        if portion > 0 && undecided + portion <= plan.at_once {
            scene
                .market
                .feed(portion, chance)
                .await
                .map_err(|error| error.to_string())?;
        }
        // Decisions come one by one; this is how often they are counted.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether every kind of fault that can strike here has struck.
async fn every_kind_struck(scene: &Scene) -> bool {
    let pending = scene.market.struck().await;
    let missing = scene.tally.missing(scene.store.server().is_some());
    missing.iter().all(|kind| pending.contains(kind))
}

/// Waits until nothing is left to do but what waits for a person; whether that came to be.
async fn until_settled(scene: &Scene) -> bool {
    let since = Instant::now();
    loop {
        let undone = scene.store.number(UNDONE).await;
        // Others in review settle by their next look; others that wait are found by the next listing.
        let reviews: BTreeSet<String> = scene.store.texts(REVIEWS).await.into_iter().collect();
        if undone == 0 && reviews == scene.market.waiting() {
            return true;
        }
        if since.elapsed() > PEACE_LIMIT {
            return false;
        }
        // This is how often a person would look, too.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn judge_all(store: &ChaosStore, market: &Market, figures: &Figures) -> Result<Vec<String>, String> {
    let terms = Terms {
        call_timeout: CALL_TIMEOUT,
        read_staleness: READ_STALENESS,
        margin: MARGIN,
    };
    let mut told = violations(&*store.reader).await.map_err(|error| format!("{error:?}"))?;
    figures.add("violations named by verify", told.len() as u64);
    for id in market.ids() {
        let ledger = market
            .ledger()
            .order(&id)
            .ok_or("an order that was fed is not in the ledger")?;
        let order_id = OrderId::new(&id).map_err(|error| error.to_string())?;
        let mut story = store
            .reader
            .story(&order_id)
            .await
            .map_err(|error| format!("{error:?}"))?;
        // What the calls said is of no interest here, and long.
        for call in story.iter_mut().flat_map(|story| &mut story.calls) {
            (call.request, call.response) = (None, None);
        }
        let verdict = judge(&ledger, story.as_ref(), &terms);
        count(figures, &verdict);
        for broken in verdict.broken {
            if told.len() < TOLD {
                told.push(format!("{id}: {broken}\nledger: {ledger:#?}\nstory: {story:#?}"));
            } else {
                told.push(format!("{id}: {broken}"));
            }
        }
    }
    Ok(told)
}

fn count(figures: &Figures, verdict: &Verdict) {
    for kind in Broken::ALL {
        let broken = verdict.broken.iter().filter(|broken| **broken == kind).count();
        figures.add(&kind.to_string(), broken as u64);
    }
    figures.add("in review for a true cause", u64::from(verdict.in_review));
    figures.add(
        "acceptances that came late after another took effect",
        verdict.late_repeats,
    );
    figures.add("failed attempts", verdict.failed_attempts);
}
