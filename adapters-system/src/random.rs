//! Random numbers from keys that the standard library draws from the system.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use ackord::ports::Randomness;

/// A counter hashed under random keys of its own: good for jitter and ids, not for secrets.
#[derive(Debug)]
pub struct SystemRandom {
    keys: RandomState,
    drawn: AtomicU64,
}

impl SystemRandom {
    /// A sequence that no other source shares.
    #[must_use]
    pub fn new() -> Self {
        Self {
            keys: RandomState::new(),
            drawn: AtomicU64::new(0),
        }
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Randomness for SystemRandom {
    fn next_u64(&self) -> u64 {
        let mut hasher = self.keys.build_hasher();
        hasher.write_u64(self.drawn.fetch_add(1, Ordering::Relaxed));
        // One process draws its keys once and then counts them up: the process id parts two processes for certain.
        hasher.write_u32(std::process::id());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn two_sources_share_no_number() {
        let (a, b) = (SystemRandom::new(), SystemRandom::new());
        let drawn: BTreeSet<u64> = (0..100).flat_map(|_| [a.next_u64(), b.next_u64()]).collect();
        assert_eq!(drawn.len(), 200);
    }
}
