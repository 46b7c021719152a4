//! The time that goes into each method of the ports, over all callers.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::sample::millis;

/// The calls of one method.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct MethodTimes {
    /// How many calls.
    pub calls: u64,
    /// How many orders, settlements, … they were about; zero for methods about nothing of the sort.
    pub items: u64,
    /// Their times together, in milliseconds; calls at once count each.
    pub total_ms: f64,
    /// The longest, in milliseconds.
    pub max_ms: f64,
}

/// The books of a process.
#[derive(Debug, Default)]
pub struct Times {
    methods: Mutex<BTreeMap<&'static str, MethodTimes>>,
    window: Mutex<(Option<i64>, Option<i64>)>,
}

impl Times {
    /// Waits for a call, and books its time.
    pub(super) async fn of<T>(&self, method: &'static str, items: usize, call: impl Future<Output = T> + Send) -> T {
        let begun = Instant::now();
        let answer = call.await;
        let took = millis(begun.elapsed());
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        let times = methods.entry(method).or_default();
        times.calls += 1;
        times.items += items as u64;
        times.total_ms += took;
        times.max_ms = times.max_ms.max(took);
        answer
    }

    /// Books that an acceptance is handed over.
    pub(super) fn sending(&self) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.0.get_or_insert_with(now_us);
    }

    /// Books that answers to acceptances are durable.
    pub(super) fn durable(&self) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.1 = Some(now_us());
    }

    /// From the first acceptance handed over until the last answer durable, in microseconds since 1970.
    #[must_use]
    pub fn window(&self) -> (Option<i64>, Option<i64>) {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The books, by method.
    #[must_use]
    pub fn methods(&self) -> BTreeMap<String, MethodTimes> {
        let methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        methods
            .iter()
            .map(|(name, times)| ((*name).to_owned(), *times))
            .collect()
    }
}

/// Now, in microseconds since 1970.
pub(super) fn now_us() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}
