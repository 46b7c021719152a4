//! Times that were measured again and again, and what is said of them.

use std::time::{Duration, Instant};

use serde::Serialize;

/// Times of one thing, in milliseconds, in the order in which they were measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Sample {
    times_ms: Vec<f64>,
}

/// What is said of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// How many times were measured.
    pub count: usize,
    /// Half of them took no longer, in milliseconds.
    pub median_ms: f64,
    /// 99 of 100 took no longer, in milliseconds.
    pub p99_ms: f64,
    /// The longest, in milliseconds.
    pub max_ms: f64,
}

impl Sample {
    /// Adds a time.
    pub fn add(&mut self, time: Duration) {
        self.times_ms.push(millis(time));
    }

    /// Adds the time that `work` takes, and gives what it gives.
    ///
    /// # Errors
    /// Those of `work`; its time is then not added.
    pub async fn time<T, E>(&mut self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let begun = Instant::now();
        let done = work.await?;
        self.add(begun.elapsed());
        Ok(done)
    }

    /// What is said of it; all zero where nothing was measured.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut sorted = self.times_ms.clone();
        sorted.sort_by(f64::total_cmp);
        Summary {
            count: sorted.len(),
            median_ms: at_share(&sorted, 50),
            p99_ms: at_share(&sorted, 99),
            max_ms: sorted.last().copied().unwrap_or(0.0),
        }
    }
}

/// The least time that so many of a hundred do not exceed.
fn at_share(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0.0)
}

/// A span in milliseconds.
#[must_use]
pub fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// How many a second.
#[must_use]
pub fn per_second(count: u64, span: Duration) -> f64 {
    let seconds = span.as_secs_f64();
    if seconds > 0.0 { as_f64(count) / seconds } else { 0.0 }
}

/// A ratio; zero where there is nothing to compare with.
#[must_use]
pub fn ratio(of: f64, to: f64) -> f64 {
    if to > 0.0 { of / to } else { 0.0 }
}

/// A count as a number with a fraction: exact up to 2⁵³.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "no count of a benchmark comes near 2^53")]
pub fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranks_of_a_hundred_times_are_their_values() {
        let mut sample = Sample::default();
        for time in (1..=100).rev() {
            sample.add(Duration::from_millis(time));
        }
        let summary = sample.summary();
        assert!((summary.median_ms - 50.0).abs() < 1e-6);
        assert!((summary.p99_ms - 99.0).abs() < 1e-6);
        assert!((summary.max_ms - 100.0).abs() < 1e-6);
    }

    #[test]
    fn one_time_is_all_of_its_ranks_and_none_is_zero() {
        let mut sample = Sample::default();
        assert_eq!(sample.summary().count, 0);
        sample.add(Duration::from_millis(7));
        let summary = sample.summary();
        assert!((summary.median_ms - summary.max_ms).abs() < 1e-9);
    }
}
