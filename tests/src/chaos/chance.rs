//! Draws: a small seeded generator.

use std::time::Duration;

/// A seeded generator (SplitMix64); forks of it draw independently of each other.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// A generator of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator of its own for somebody who draws at the same time.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.draw())
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw().checked_rem(end).unwrap_or(0)
    }

    /// A place in a list of this length; 0 for an empty one.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        // The upper 32 bits are as good as any.
        let drawn = u32::try_from(self.draw() >> 32).unwrap_or(u32::MAX);
        f64::from(drawn) < probability * (f64::from(u32::MAX) + 1.0)
    }

    /// A span between two, in whole milliseconds.
    pub fn span(&mut self, (least, most): (Duration, Duration)) -> Duration {
        let width = most.saturating_sub(least).as_millis();
        least + Duration::from_millis(self.below(u64::try_from(width).unwrap_or(u64::MAX).saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_numbers() {
        let drawn = |seed| {
            let mut chance = Chance::new(seed);
            (chance.draw(), chance.fork().draw(), chance.draw())
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    #[test]
    fn draws_keep_to_their_bounds() {
        let mut chance = Chance::new(1);
        let bounds = (Duration::from_millis(5), Duration::from_millis(9));
        for _ in 0..1000 {
            assert!(chance.below(3) < 3);
            let span = chance.span(bounds);
            assert!(bounds.0 <= span && span <= bounds.1, "{span:?}");
        }
        assert_eq!((chance.below(0), chance.place(0)), (0, 0));
    }

    #[test]
    fn what_is_certain_happens_and_what_is_impossible_does_not() {
        let mut chance = Chance::new(1);
        assert!((0..1000).all(|_| chance.happens(1.0)));
        assert!(!(0..1000).any(|_| chance.happens(0.0)));
        let half = (0..10_000).filter(|_| chance.happens(0.5)).count();
        assert!((4500..5500).contains(&half), "{half}");
    }
}
