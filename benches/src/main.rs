//! `ackord-bench`: measures and writes a report.

use std::process::ExitCode;

use ackord_bench::cli;

fn main() -> ExitCode {
    cli::run()
}
