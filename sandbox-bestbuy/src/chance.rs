//! Seeded chance: each draw is a function of the seed and of what is being decided, never of what was drawn before.
//!
//! Drawing by position in a stream would make the outcome for one order depend on how calls for other orders happened to
//! interleave. Mixing the seed with the names of the thing decided keeps a run repeatable under concurrency.

/// A generator without memory over one seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance {
    seed: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// 64 mixed bits for the `nth` decision about `subject` taken by `who`.
    pub(crate) fn bits(self, who: u64, subject: &str, nth: u64) -> u64 {
        let mut state = mix(self.seed ^ mix(who.wrapping_add(0x51_7c_c1_b7_27_22_0a_95)));
        state = mix(state ^ fold(subject));
        mix(state ^ nth)
    }

    /// Whether an event of this probability (0 to 1) happens.
    pub(crate) fn happens(self, probability: f64, who: u64, subject: &str, nth: u64) -> bool {
        if probability >= 1.0 {
            return true;
        }
        // 53 bits fill a double's mantissa evenly.
        let unit = (self.bits(who, subject, nth) >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }

    /// A value from `low` to `high`, both included.
    pub(crate) fn between(self, low: u64, high: u64, who: u64, subject: &str, nth: u64) -> u64 {
        if high <= low {
            return low;
        }
        let span = (high - low).saturating_add(1);
        low + self.bits(who ^ 0xa5a5, subject, nth) % span
    }
}

/// The finishing steps of splitmix64: every input bit reaches every output bit.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A text folded to 64 bits (FNV-1a).
pub(crate) fn fold(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_question_give_the_same_answer() {
        let (one, two) = (Chance::new(7), Chance::new(7));
        for nth in 0..100 {
            assert_eq!(one.bits(1, "A-1", nth), two.bits(1, "A-1", nth));
        }
    }

    #[test]
    fn another_seed_gives_other_answers() {
        let same = (0..64)
            .filter(|&nth| Chance::new(1).bits(1, "A", nth) == Chance::new(2).bits(1, "A", nth))
            .count();
        assert_eq!(same, 0);
    }

    #[test]
    fn a_probability_is_met_in_the_long_run() {
        let chance = Chance::new(42);
        let hits = (0..10_000).filter(|&nth| chance.happens(0.3, 5, "A-1", nth)).count();
        assert!((2_800..3_200).contains(&hits), "{hits} of 10000");
        assert!((0..100).all(|nth| chance.happens(1.0, 5, "x", nth)));
        assert!(!(0..100).any(|nth| chance.happens(0.0, 5, "x", nth)));
    }

    #[test]
    fn a_range_holds_both_ends() {
        let chance = Chance::new(3);
        let drawn: Vec<u64> = (0..200).map(|nth| chance.between(5, 7, 1, "", nth)).collect();
        assert!(drawn.iter().all(|value| (5..=7).contains(value)));
        assert!((5..=7).all(|value| drawn.contains(&value)));
        assert_eq!(chance.between(9, 9, 1, "", 0), 9);
    }
}
