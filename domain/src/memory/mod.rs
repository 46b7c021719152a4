//! Ports without an outside, for tests and examples: a store in memory, a clock that is turned by hand, seeded randomness.

mod clock;
mod random;

pub use clock::ManualClock;
pub use random::SeededRandom;
