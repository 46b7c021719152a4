//! The clock and randomness ports of Ackord over the operating system and tokio.

mod clock;
mod random;

pub use clock::SystemClock;
pub use random::SystemRandom;
