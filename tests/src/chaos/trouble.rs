//! Who makes trouble, and how often: one task for each kind, all at once, until they are told to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::market::Market;
use super::processes::Fleet;
use super::proxy::Mischief;
use super::store::ChaosStore;
use super::{Chance, Kind, Tally};

/// A span that is drawn between two.
pub type Between = (Duration, Duration);

/// How often what happens.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From one kill of a worker to the next.
    pub kills: Between,
    /// How long a killed worker stays away.
    pub rest: Between,
    /// From one freeze to the next.
    pub freezes: Between,
    /// How long a freeze is; longer than the lease.
    pub frozen: Between,
    /// From one graceful stop to the next.
    pub stops: Between,
    /// From one restart of the database server to the next.
    pub restarts: Between,
    /// How long the server stays away.
    pub away: Between,
    /// From one ended backend to the next.
    pub backends: Between,
    /// From one idle transaction to the next.
    pub idle: Between,
    /// How long it lasts.
    pub idle_for: Between,
    /// From one restart of the marketplace to the next.
    pub market: Between,
    /// From one act of a person to the next.
    pub hands: Between,
    /// How much more often than usual the marketplace itself goes wrong.
    pub more_often: f64,
    /// What happens to connections to the store.
    pub store_lines: Mischief,
    /// What happens to connections to the marketplace.
    pub market_lines: Mischief,
}

const fn between(least: u64, most: u64) -> Between {
    (Duration::from_millis(least), Duration::from_millis(most))
}

impl Pace {
    /// For long runs: a kill every second, a restart of the server every few.
    pub const LONG: Self = Self {
        kills: between(400, 1300),
        rest: between(0, 150),
        freezes: between(4000, 9000),
        frozen: between(2100, 4000),
        stops: between(4000, 9000),
        restarts: between(2000, 4000),
        away: between(0, 200),
        backends: between(500, 1500),
        idle: between(1000, 4000),
        idle_for: between(700, 3000),
        market: between(6000, 12_000),
        hands: between(100, 500),
        more_often: 0.3,
        store_lines: Mischief {
            cut_sending: 0.1,
            cut_receiving: 0.1,
            stall: 0.1,
            half_open: 0.03,
            lose_acknowledgement: 0.01,
            never_send: 0.005,
            within_bytes: 400_000,
            stall_for: between(50, 3000),
            half_open_for: between(1000, 4000),
        },
        market_lines: Mischief {
            cut_sending: 0.1,
            cut_receiving: 0.1,
            stall: 0.1,
            half_open: 0.05,
            within_bytes: 200_000,
            stall_for: between(20, 800),
            half_open_for: between(500, 2000),
            ..Mischief::NONE
        },
    };

    /// For a short run in which everything must happen at least once.
    pub const SHORT: Self = Self {
        kills: between(700, 2000),
        freezes: between(2000, 5000),
        stops: between(3000, 6000),
        restarts: between(4000, 8000),
        backends: between(1000, 3000),
        idle: between(1000, 2500),
        idle_for: between(500, 1500),
        market: between(3000, 6000),
        hands: between(100, 400),
        more_often: 3.0,
        store_lines: Mischief {
            lose_acknowledgement: 0.03,
            never_send: 0.02,
            cut_sending: 0.15,
            cut_receiving: 0.15,
            stall: 0.15,
            half_open: 0.1,
            within_bytes: 20_000,
            ..Self::LONG.store_lines
        },
        market_lines: Mischief {
            cut_sending: 0.15,
            cut_receiving: 0.15,
            stall: 0.25,
            half_open: 0.2,
            within_bytes: 3_000,
            ..Self::LONG.market_lines
        },
        ..Self::LONG
    };
}

/// What trouble is made for.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The workers.
    pub fleet: Arc<Fleet>,
    /// The store.
    pub store: Arc<ChaosStore>,
    /// The marketplace.
    pub market: Arc<Market>,
    /// Where it is counted.
    pub tally: Tally,
}

/// Makes trouble until it is dropped or calmed.
#[derive(Debug)]
pub struct Trouble {
    tasks: JoinSet<()>,
    server: Option<tokio::task::JoinHandle<()>>,
    stop: tokio::sync::watch::Sender<bool>,
}

impl Trouble {
    /// Begins.
    #[must_use]
    pub fn start(scene: &Scene, pace: Pace, chance: &mut Chance) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(kill(scene.clone(), pace, chance.fork()));
        tasks.spawn(freeze(scene.clone(), pace, chance.fork()));
        tasks.spawn(stop_gracefully(scene.clone(), pace, chance.fork()));
        tasks.spawn(lock_rows(scene.clone(), pace, chance.fork()));
        tasks.spawn(hold_snapshots(scene.clone(), pace, chance.fork()));
        tasks.spawn(lend_hands(scene.clone(), pace, chance.fork()));
        tasks.spawn(terminate_backends(scene.clone(), pace, chance.fork()));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        // What goes away must come back: these are not cut off in the middle.
        let (store, market) = (scene.clone(), scene.clone());
        let (mut of_store, mut of_market) = (chance.fork(), chance.fork());
        let mut told = stopped.clone();
        let server = tokio::spawn(async move {
            tokio::join!(
                restart_server(&store, pace, &mut of_store, stopped),
                restart_market(&market, pace, &mut of_market, &mut told),
            );
        });
        Self {
            tasks,
            server: Some(server),
            stop,
        }
    }

    /// Ends all of it; what was made to go away is back when this returns.
    ///
    /// # Panics
    /// Where it does not come back.
    pub async fn calm_down(mut self) {
        self.tasks.shutdown().await;
        self.stop.send_replace(true);
        if let Some(server) = self.server.take() {
            server.await.expect("what went away comes back");
        }
    }
}

async fn kill(scene: Scene, pace: Pace, mut chance: Chance) {
    loop {
        sleep(chance.span(pace.kills)).await;
        let rest = chance.span(pace.rest);
        scene.fleet.kill(chance.place(scene.fleet.size()), rest);
    }
}

async fn freeze(scene: Scene, pace: Pace, mut chance: Chance) {
    loop {
        sleep(chance.span(pace.freezes)).await;
        let span = chance.span(pace.frozen);
        scene.fleet.freeze(chance.place(scene.fleet.size()), span);
    }
}

async fn stop_gracefully(scene: Scene, pace: Pace, mut chance: Chance) {
    loop {
        sleep(chance.span(pace.stops)).await;
        scene.fleet.stop(chance.place(scene.fleet.size()));
    }
}

async fn lock_rows(scene: Scene, pace: Pace, mut chance: Chance) {
    loop {
        sleep(chance.span(pace.idle)).await;
        let rows = i64::try_from(chance.below(40)).unwrap_or(0) + 1;
        // The server may go away in the middle, which is not counted.
        if let Ok(true) = scene.store.lock_rows(rows, chance.span(pace.idle_for)).await {
            scene.tally.count(Kind::RowsLocked);
        }
    }
}

async fn hold_snapshots(scene: Scene, pace: Pace, mut chance: Chance) {
    loop {
        sleep(chance.span(pace.idle)).await;
        if let Ok(true) = scene.store.hold_a_snapshot(chance.span(pace.idle_for)).await {
            scene.tally.count(Kind::SnapshotHeld);
        }
    }
}

async fn terminate_backends(scene: Scene, pace: Pace, mut chance: Chance) {
    while scene.store.server().is_some() {
        sleep(chance.span(pace.backends)).await;
        if let Ok(true) = scene.store.terminate_a_backend().await {
            scene.tally.count(Kind::BackendTerminated);
        }
    }
}

async fn lend_hands(scene: Scene, pace: Pace, mut chance: Chance) {
    loop {
        sleep(chance.span(pace.hands)).await;
        scene.market.lend_a_hand(&mut chance).await;
    }
}

async fn restart_server(
    scene: &Scene,
    pace: Pace,
    chance: &mut Chance,
    mut stopped: tokio::sync::watch::Receiver<bool>,
) {
    let Some(server) = scene.store.server() else {
        return;
    };
    loop {
        tokio::select! {
            () = sleep(chance.span(pace.restarts)) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        server.stop_immediately().await.expect("the server stops");
        sleep(chance.span(pace.away)).await;
        server.start_again().await.expect("the server starts again");
        scene.tally.count(Kind::StoreRestarted);
    }
}

async fn restart_market(
    scene: &Scene,
    pace: Pace,
    chance: &mut Chance,
    stopped: &mut tokio::sync::watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            () = sleep(chance.span(pace.market)) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        let away = chance.span(pace.away);
        scene.market.restart(away).await.expect("the marketplace comes back");
    }
}
