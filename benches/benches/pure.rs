//! What needs no store: deciding before a send and after a look, and reading a page of 100 orders.

use std::sync::Arc;
use std::time::Duration;

use ackord::call::{CallEnd, CallId, NewCall, SeenState};
use ackord::order::{LineId, Order, OrderId, OrderLine};
use ackord::ports::{CallLog, Marketplace, StoreResult};
use ackord::reading::Seen;
use ackord::settings::Settings;
use ackord::state::MarketplaceState;
use ackord::status::OrderStatus;
use ackord::time::Timestamp;
use ackord::work::{Claimed, Fence, Phase, Standing, Version};
use ackord::workflow::decide::{Context, LookedAt, before_send, validating};
use ackord_bench::orders::{self, BATCH};
use ackord_bestbuy::{BestBuyClient, ClientPorts, ClientSettings};
use ackord_sandbox::Sandbox;
use ackord_system::{SystemClock, SystemRandom};
use async_trait::async_trait;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

fn deciding(criterion: &mut Criterion) {
    let settings = Settings::default();
    let random = SystemRandom::new();
    let ctx = Context {
        settings: &settings,
        now: Timestamp::UNIX_EPOCH,
        random: &random,
        outage: false,
    };
    let look = LookedAt {
        call: CallId(1),
        began_at: Timestamp::UNIX_EPOCH,
    };
    let waiting = claimed(Phase::Ready);
    let in_flight = claimed(Phase::Validating);
    let mut group = criterion.benchmark_group("decide");
    let seen = Seen::from(&order(MarketplaceState::WaitingAcceptance));
    group.bench_function("before a send", |bench| {
        bench.iter(|| before_send(&waiting, &seen, look, &ctx));
    });
    let shipping = Seen::from(&order(MarketplaceState::Shipping));
    group.bench_function("after a look", |bench| {
        bench.iter(|| validating(&in_flight, &shipping, look, &ctx));
    });
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (client, _sandbox) = runtime.block_on(async {
        let sandbox = Sandbox::builder().bulk(100).start().await.expect("a sandbox");
        let settings = ClientSettings::builder(&sandbox.url(), sandbox.api_key().into());
        let ports = ClientPorts {
            call_log: Arc::new(NoLog),
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandom::new()),
            budget: None,
        };
        let client = BestBuyClient::new(settings.build().expect("settings"), ports).expect("a client");
        (client, sandbox)
    });
    let mut group = criterion.benchmark_group("client");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function(
        "a page of 100 orders, over loopback from a sandbox in this process",
        |bench| {
            bench.to_async(&runtime).iter(async || {
                let page = client.waiting(None).await.expect("a page");
                assert_eq!(page.listing.orders.len(), BATCH);
            });
        },
    );
    group.finish();
}

fn claimed(phase: Phase) -> Claimed {
    let now = Timestamp::UNIX_EPOCH;
    Claimed {
        order_id: OrderId::new("P-1").expect("an id"),
        fence: Fence(1),
        version: Version(1),
        status: OrderStatus::PendingAcceptance,
        placed_at: now,
        standing: Standing {
            phase,
            ..Standing::fresh(now)
        },
        call: None,
        unreleased_claims: 1,
        unreleased_alone: 0,
    }
}

fn order(state: MarketplaceState) -> Order {
    let new = orders::new("P", 1..=1, Timestamp::UNIX_EPOCH).expect("an order");
    Order {
        id: OrderId::new("P-1").expect("an id"),
        state,
        lines: vec![OrderLine {
            id: LineId::new("P-1-1").expect("an id"),
            state: None,
        }],
        placed_at: Some(Timestamp::UNIX_EPOCH),
        decided_at: None,
        raw: new[0].raw.clone(),
    }
}

/// Keeps no record, so that the client alone is measured.
#[derive(Debug)]
struct NoLog;

#[async_trait]
impl CallLog for NoLog {
    async fn begin(&self, _: &NewCall) -> StoreResult<CallId> {
        Ok(CallId(1))
    }

    async fn finish(&self, _: CallId, _: &CallEnd, _: &[SeenState]) -> StoreResult<()> {
        Ok(())
    }
}

fn quickly() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = pure;
    config = quickly();
    targets = deciding, reading
}
criterion_main!(pure);
