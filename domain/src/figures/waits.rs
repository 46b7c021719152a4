//! How long something took, many times over: the middle of it and its far end, within bounded memory.

use std::collections::BTreeMap;
use std::time::Duration;

/// So many different values are kept as they are, in milliseconds.
const DISTINCT: usize = 10_000;

/// With more of them each value is cut to so many binary digits: less than a 500th of it is lost.
const DIGITS: u32 = 10;

/// Times that something took.
///
/// Equal ones are counted together, so that the memory goes by how many different ones there are. Up to ten thousand of them the
/// percentiles are exact to the millisecond; from then on every value counts as a little less than it was, by 0.2 % at the
/// most, and some sixteen thousand are all that there can be of times up to ten years.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waits {
    /// By milliseconds.
    counts: BTreeMap<u64, u64>,
    number: u64,
    is_cut: bool,
}

impl Waits {
    /// Adds one.
    pub fn add(&mut self, wait: Duration) {
        self.add_within(DISTINCT, wait);
    }

    fn add_within(&mut self, distinct: usize, wait: Duration) {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let millis = if self.is_cut { cut(millis) } else { millis };
        *self.counts.entry(millis).or_default() += 1;
        self.number += 1;
        if !self.is_cut && self.counts.len() > distinct {
            self.is_cut = true;
            for (millis, count) in std::mem::take(&mut self.counts) {
                *self.counts.entry(cut(millis)).or_default() += count;
            }
        }
    }

    /// How many there are.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether the percentiles are exact to the millisecond.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.is_cut
    }

    /// The least of them that `percent` of all, from 0 to 100, do not exceed: 50 gives the median, of an even number the lower of
    /// the two in the middle. `None` where there are none.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        let share = u128::from(self.number) * u128::from(percent.min(100));
        let rank = share.div_ceil(100).max(1);
        let mut passed = 0_u128;
        for (millis, count) in &self.counts {
            passed += u128::from(*count);
            if passed >= rank {
                return Some(Duration::from_millis(*millis));
            }
        }
        None
    }
}

/// The value with its highest digits alone.
fn cut(millis: u64) -> u64 {
    let digits = u64::BITS - millis.leading_zeros();
    let spare = digits.saturating_sub(DIGITS);
    millis >> spare << spare
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn without_any_there_is_no_percentile() {
        assert_eq!(Waits::default().percentile(50), None);
    }

    #[test]
    fn percentiles_are_values_that_were_there() {
        let mut waits = Waits::default();
        for number in (1..=20).rev() {
            waits.add(millis(number * 1000));
        }
        assert_eq!(waits.number(), 20);
        assert_eq!(waits.percentile(50), Some(millis(10_000)));
        assert_eq!(waits.percentile(95), Some(millis(19_000)));
        assert_eq!(waits.percentile(100), Some(millis(20_000)));
        assert_eq!(waits.percentile(0), Some(millis(1000)));
        assert!(waits.is_exact());
    }

    #[test]
    fn the_longest_times_there_are_can_be_counted() {
        let mut waits = Waits::default();
        waits.add(Duration::MAX);
        waits.add(Duration::ZERO);
        assert_eq!(waits.percentile(50), Some(Duration::ZERO));
        assert_eq!(waits.percentile(95), Some(millis(u64::MAX)));
    }

    #[test]
    fn memory_is_bounded_however_many_there_are() {
        let mut waits = Waits::default();
        for number in 0..200_000 {
            waits.add(millis(number * 7));
        }
        assert!(!waits.is_exact());
        assert!(waits.counts.len() < DISTINCT, "{}", waits.counts.len());
        assert_eq!(waits.number(), 200_000);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_percentile_is_the_one_of_its_rank(
            mut numbers in proptest::collection::vec(0_u64..1_000_000_000, 1..200),
            percent in 0_u8..=100,
            distinct in 1_usize..300,
        ) {
            let mut waits = Waits::default();
            for number in &numbers {
                waits.add_within(distinct, millis(*number));
            }
            numbers.sort_unstable();
            let rank = (numbers.len() * usize::from(percent)).div_ceil(100).max(1);
            let wanted = numbers[rank - 1];
            let told = waits.percentile(percent).expect("there are some").as_millis() as u64;
            if waits.is_exact() {
                prop_assert_eq!(told, wanted);
            } else {
                prop_assert!(told <= wanted && (wanted - told) * 500 <= wanted, "{} for {}", told, wanted);
            }
            prop_assert!(waits.is_exact() == (waits.counts.len() <= distinct && !waits.is_cut));
            prop_assert_eq!(waits.number(), numbers.len() as u64);
        }
    }
}
