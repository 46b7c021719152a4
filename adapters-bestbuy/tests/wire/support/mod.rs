//! What the wire tests share: a client with its ports, permits, and a server that speaks raw TCP.

pub(crate) mod answers;
pub(crate) mod raw;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ackord::budget::CallRate;
use ackord::call::{CallEnd, CallId, NewCall, SeenState};
use ackord::memory::{ManualClock, MemoryStore, SeededRandom};
use ackord::order::{Decision, LineId, OrderId, OrderLine};
use ackord::ports::{CallLog, Marketplace, SendAnswer, SendPermit, SharedBudget, StoreError, StoreResult};
use ackord_bestbuy::{BestBuyClient, ClientPorts, ClientSettings, ClientSettingsBuilder};
use async_trait::async_trait;

pub(crate) const KEY: &str = "k-made-up-0123456789";

/// One call as it was logged.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    pub(crate) call: NewCall,
    pub(crate) end: Option<CallEnd>,
    pub(crate) seen: Vec<SeenState>,
}

/// A call log that keeps everything and fails when told to.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    calls: Mutex<Vec<Logged>>,
    pub(crate) fails_at_begin: Mutex<bool>,
    pub(crate) fails_at_finish: Mutex<bool>,
}

impl Recorder {
    pub(crate) fn calls(&self) -> Vec<Logged> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn outcomes(&self) -> Vec<&'static str> {
        let outcome = |logged: Logged| logged.end.map_or("(open)", |end| end.outcome.as_str());
        self.calls().into_iter().map(outcome).collect()
    }
}

fn full() -> StoreError {
    StoreError::Full("no space".into())
}

#[async_trait]
impl CallLog for Recorder {
    async fn begin(&self, call: &NewCall) -> StoreResult<CallId> {
        if *self.fails_at_begin.lock().unwrap() {
            return Err(full());
        }
        let mut calls = self.calls.lock().unwrap();
        calls.push(Logged {
            call: call.clone(),
            end: None,
            seen: Vec::new(),
        });
        Ok(CallId(i64::try_from(calls.len()).unwrap()))
    }

    async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()> {
        if *self.fails_at_finish.lock().unwrap() {
            return Err(full());
        }
        let mut calls = self.calls.lock().unwrap();
        let logged = &mut calls[usize::try_from(id.0 - 1).unwrap()];
        assert!(logged.end.is_none(), "a call is completed once");
        logged.end = Some(end.clone());
        logged.seen = seen.to_vec();
        Ok(())
    }
}

/// A client, and the log and clock that it was given.
pub(crate) struct Bench {
    pub(crate) client: Arc<BestBuyClient>,
    pub(crate) log: Arc<Recorder>,
    pub(crate) clock: ManualClock,
}

pub(crate) fn bench(url: &str) -> Bench {
    bench_with(url, |settings| settings)
}

pub(crate) fn bench_with(url: &str, change: impl Fn(ClientSettingsBuilder) -> ClientSettingsBuilder) -> Bench {
    bench_of(url, change, |_| None)
}

/// A client that repeats its reads on a shop's budget of so many calls.
pub(crate) fn bench_on_budget(url: &str, calls: u32) -> Bench {
    let budget = |clock: &ManualClock| {
        Some(SharedBudget {
            store: Arc::new(MemoryStore::new(Arc::new(clock.clone()))),
            rate: CallRate {
                interval: Duration::from_secs(3600),
                burst: calls,
            },
        })
    };
    bench_of(url, |settings| settings, budget)
}

fn bench_of(
    url: &str,
    change: impl Fn(ClientSettingsBuilder) -> ClientSettingsBuilder,
    budget: impl Fn(&ManualClock) -> Option<SharedBudget>,
) -> Bench {
    let log = Arc::new(Recorder::default());
    let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let ports = ClientPorts {
        call_log: log.clone(),
        clock: Arc::new(clock.clone()),
        randomness: Arc::new(SeededRandom::new(1)),
        budget: budget(&clock),
    };
    let settings = change(ClientSettings::builder(url, KEY.into())).build().unwrap();
    let client = Arc::new(BestBuyClient::new(settings, ports).unwrap());
    Bench { client, log, clock }
}

/// A total call time short enough for tests that wait it out.
pub(crate) const SHORT: Duration = Duration::from_millis(400);

pub(crate) fn id(text: &str) -> OrderId {
    OrderId::new(text).unwrap()
}

pub(crate) fn decision(lines: &[&str]) -> Decision {
    let line = |id: &&str| OrderLine {
        id: LineId::new(*id).unwrap(),
        state: None,
    };
    Decision::accept_all(&lines.iter().map(line).collect::<Vec<_>>()).unwrap()
}

/// A permit that holds a number of times.
#[derive(Debug)]
pub(crate) struct Permit(AtomicU32);

impl Permit {
    pub(crate) fn always() -> Arc<Self> {
        Self::times(u32::MAX)
    }

    pub(crate) fn times(times: u32) -> Arc<Self> {
        Arc::new(Self(AtomicU32::new(times)))
    }
}

impl SendPermit for Permit {
    fn holds(&self) -> bool {
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok()
    }
}

/// Accepts one order whose permit always holds.
pub(crate) async fn accept(bench: &Bench) -> SendAnswer {
    bench
        .client
        .accept(&id("MB-1-A"), &decision(&["L1"]), Permit::always())
        .await
}
