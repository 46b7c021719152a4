//! Progress, line by line, on stderr.

use std::fmt::Display;
use std::sync::OnceLock;
use std::time::Instant;

/// Tells how far a measurement is, with the seconds since the first line.
#[expect(
    clippy::print_stderr,
    reason = "the benchmarks are a program, and this tells how far it is"
)]
pub fn tell(words: impl Display) {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    let seconds = BEGUN.get_or_init(Instant::now).elapsed().as_secs_f64();
    eprintln!("[{seconds:8.1} s] {words}");
}
