//! `simulate --seed N` replays a seed and tells its story; `simulate --seeds A..B [--threads N] [--minutes M]` goes through
//! many and prints what they add up to. A long run can be taken in pieces: each tells where the next one begins.
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ackord_simulation::{FaultKind, Options, Place, Sweep, Totals, is_possible, matrix, places, simulate, sweep};

const USAGE: &str = "usage: simulate --seed N | --seeds A..B [--threads N] [--minutes M]";

enum Task {
    Replay(u64),
    Sweep(Range<u64>, usize, Option<Duration>),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    #[cfg(feature = "mutants")]
    if let [name, seeds] = &arguments[..]
        && name == "--mutants"
    {
        return mutants(seeds.parse().unwrap_or(1000));
    }
    match task(&arguments) {
        Some(Task::Replay(seed)) => replay(seed),
        Some(Task::Sweep(seeds, threads, limit)) => go_through(seeds, threads, limit),
        None => {
            println!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn task(arguments: &[String]) -> Option<Task> {
    let (mut seed, mut seeds, mut threads, mut limit) = (None, None, 2, None);
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return None };
        match name.as_str() {
            "--seed" => seed = Some(value.parse().ok()?),
            "--seeds" => {
                let (from, to) = value.split_once("..")?;
                seeds = Some(from.parse().ok()?..to.parse().ok()?);
            }
            "--threads" => threads = value.parse().ok()?,
            "--minutes" => limit = Some(Duration::from_secs(60 * value.parse::<u64>().ok()?)),
            _ => return None,
        }
    }
    match (seed, seeds) {
        (Some(seed), None) => Some(Task::Replay(seed)),
        (None, Some(seeds)) => Some(Task::Sweep(seeds, threads, limit)),
        _ => None,
    }
}

fn replay(seed: u64) -> ExitCode {
    match simulate(seed, &Options::with_story()) {
        Ok(outcome) => {
            println!("{}", outcome.story.join("\n"));
            println!(
                "seed {seed} holds: {} workers, {} orders, {} steps, {} port calls, {} virtual seconds, trace {:016x}",
                outcome.workers, outcome.orders, outcome.steps, outcome.port_calls, outcome.virtual_s, outcome.trace
            );
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{}\n\n{failure}", failure.story.join("\n"));
            ExitCode::FAILURE
        }
    }
}

fn go_through(seeds: Range<u64>, threads: usize, limit: Option<Duration>) -> ExitCode {
    let begun = Instant::now();
    let told = Mutex::new(begun);
    let go_on = |totals: &Totals| {
        if let Ok(mut told) = told.try_lock()
            && told.elapsed() >= Duration::from_secs(60)
        {
            *told = Instant::now();
            println!("{} seeds in {} s", totals.passed, begun.elapsed().as_secs());
        }
        limit.is_none_or(|limit| begun.elapsed() < limit)
    };
    let Sweep {
        totals,
        failures,
        next_seed,
    } = sweep(seeds.clone(), threads, &go_on);
    let seconds = begun.elapsed().as_secs_f64();
    println!("{}", matrix(&totals.coverage));
    for fault in FaultKind::ALL {
        println!("{:>12}  {fault}", totals.coverage.total(*fault));
    }
    println!();
    for (fault, place) in unreached(&totals) {
        println!("not reached: {fault} × {place}");
    }
    for failure in &failures {
        println!("{failure}");
    }
    println!(
        "{} seeds hold, {} fail; {} steps (the least {}), {} port calls, {} runs, {} orders, {} acceptances took effect,\n\
         {} virtual days; {seconds:.1} s, {:.0} seeds/s; trace of all {:016x}",
        totals.passed,
        failures.len(),
        totals.steps,
        totals.least_steps,
        totals.port_calls,
        totals.runs,
        totals.orders,
        totals.accepted,
        totals.virtual_s / 86_400,
        (totals.passed + failures.len() as u64) as f64 / seconds.max(0.001),
        totals.trace,
    );
    if next_seed < seeds.end {
        println!("goes on with: --seeds {next_seed}..{}", seeds.end);
    }
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The pairs that there can be and that were not reached.
fn unreached(totals: &Totals) -> impl Iterator<Item = (FaultKind, Place)> {
    let all = FaultKind::ALL
        .iter()
        .flat_map(|fault| places().map(|place| (*fault, place)));
    all.filter(|(fault, place)| is_possible(*fault, *place) && totals.coverage.of(*fault, *place) == 0)
}

/// Drops one guard after another and tells after how many seeds that was found.
#[cfg(feature = "mutants")]
fn mutants(seeds: u64) -> ExitCode {
    let mut missed = 0;
    for guard in ackord::guards::Guard::all() {
        let options = Options {
            dropped: Some(guard),
            ..Options::default()
        };
        let caught = (0..seeds).find_map(|seed| simulate(seed, &options).err());
        match caught {
            Some(failure) => println!("{guard}: after {} seeds: {}", failure.seed + 1, failure.what),
            None => {
                missed += 1;
                println!("{guard}: NOT FOUND in {seeds} seeds");
            }
        }
    }
    println!("{missed} not found");
    ExitCode::SUCCESS
}
