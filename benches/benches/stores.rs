//! The stores' hot path: ingest, claim and settle of 100 orders, on PostgreSQL with durable settings and on a SQLite file.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ackord::OrderStatus;
use ackord::ports::Store;
use ackord::work::{Phase, Standing};
use ackord_bench::orders::{self, BATCH};
use ackord_bench::place::{Place, Servers, StoreKind};
use anyhow::Result;
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

/// How long each of a number of turns takes together; what is done between them is left out.
struct Turns {
    store: Arc<dyn Store>,
}

impl Turns {
    /// Ingest of orders that are new.
    async fn ingest(&self, turns: u64) -> Result<Duration> {
        let mut took = Duration::ZERO;
        for _ in 0..turns {
            let now = self.store.now().await?;
            let new = orders::new(&format!("I-{}", orders::operation().0), 1..=BATCH as u64, now)?;
            let begun = Instant::now();
            self.store.ingest(&new, now, orders::operation()).await?;
            took += begun.elapsed();
            // They are taken out of the way of the claims.
            let claimed = orders::claim_all(&*self.store).await?;
            let settled: Vec<_> = claimed.iter().map(orders::accept).collect();
            for batch in settled.chunks(BATCH) {
                orders::settle(&*self.store, batch, now).await?;
            }
        }
        Ok(took)
    }

    /// Claims of 100 that wait.
    async fn claim(&self, turns: u64) -> Result<Duration> {
        let mut took = Duration::ZERO;
        self.have_a_batch().await?;
        for _ in 0..turns {
            let now = self.store.now().await?;
            let begun = Instant::now();
            let claimed = self.store.claim(&orders::claim(now)).await?;
            took += begun.elapsed();
            assert_eq!(claimed.len(), BATCH);
            let released: Vec<_> = claimed.iter().map(|claimed| orders::release(claimed, now)).collect();
            orders::settle(&*self.store, &released, now).await?;
        }
        Ok(took)
    }

    /// Settlements of 100, each with an entry.
    async fn settle(&self, turns: u64) -> Result<Duration> {
        let mut took = Duration::ZERO;
        self.have_a_batch().await?;
        for _ in 0..turns {
            let now = self.store.now().await?;
            let claimed = self.store.claim(&orders::claim(now)).await?;
            let settlements: Vec<_> = claimed
                .iter()
                .map(|order| {
                    let standing = Standing {
                        phase: Phase::Ready,
                        due_at: Some(now),
                        ..order.standing.clone()
                    };
                    orders::settlement(order, Some(orders::entry(OrderStatus::PendingAcceptance)), standing)
                })
                .collect();
            assert_eq!(settlements.len(), BATCH);
            let begun = Instant::now();
            orders::settle(&*self.store, &settlements, now).await?;
            took += begun.elapsed();
        }
        Ok(took)
    }

    /// A hundred orders wait, whatever was measured before.
    async fn have_a_batch(&self) -> Result<()> {
        let waiting = usize::try_from(self.store.count(&[Phase::Ready]).await?)?;
        let now = self.store.now().await?;
        let missing = BATCH.saturating_sub(waiting) as u64;
        let new = orders::new(&format!("W-{}", orders::operation().0), 1..=missing, now)?;
        orders::ingest(&*self.store, &new).await
    }
}

fn stores(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let servers = Servers::default();
    for kind in [StoreKind::Postgres, StoreKind::Sqlite] {
        let (turns, _place) = runtime
            .block_on(async {
                let place = Place::new(kind, &servers).await?;
                let store = place.open(2).await?;
                anyhow::Ok((Turns { store }, place))
            })
            .expect("a store: PostgreSQL's programs have to be installed");
        let mut group = criterion.benchmark_group(kind.to_string());
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.throughput(Throughput::Elements(BATCH as u64));
        group.bench_function("ingest of 100", |bench| {
            bench
                .to_async(&runtime)
                .iter_custom(async |count| turns.ingest(count).await.expect("measured"));
        });
        group.bench_function("claim of 100", |bench| {
            bench
                .to_async(&runtime)
                .iter_custom(async |count| turns.claim(count).await.expect("measured"));
        });
        group.bench_function("settle of 100, each with an entry", |bench| {
            bench
                .to_async(&runtime)
                .iter_custom(async |count| turns.settle(count).await.expect("measured"));
        });
        group.finish();
        drop(turns);
    }
}

fn quickly() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = hot_path;
    config = quickly();
    targets = stores
}
criterion_main!(hot_path);
