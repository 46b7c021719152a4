//! A worker process for tests: see [`ackord_tests::worker`].

use std::process::ExitCode;

use ackord_tests::worker::{self, Given, Point};

#[tokio::main]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program, and it is told on the terminal what it did"
)]
async fn main() -> ExitCode {
    match Given::parse(std::env::args().skip(1)) {
        Ok(Given::List) => {
            Point::all().for_each(|point| println!("{point}"));
            ExitCode::SUCCESS
        }
        Ok(Given::Work(options)) => match worker::run(*options).await {
            Ok(totals) => {
                println!(
                    "runs {} halted {} accepted {} sends {}",
                    totals.runs, totals.halted, totals.accepted, totals.sends
                );
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(5)
            }
        },
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
