//! The long form of the chaos suite: rounds of orders under kills, freezes, restarts and cuts, until a time or a number
//! of orders is reached. Its figures add up in a file, so that a long run can be made in pieces.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ackord_tests::chaos::judge::Broken;
use ackord_tests::chaos::processes::worker_beside;
use ackord_tests::chaos::round::{self, RoundPlan};
use ackord_tests::chaos::store::ChaosStore;
use ackord_tests::chaos::takeover::Heir;
use ackord_tests::chaos::trouble::Pace;
use ackord_tests::chaos::{Chance, Figures, takeover};
use ackord_tests::postgres::{Options, Server};
use futures_util::future::join_all;
use serde_json::json;

const USAGE: &str = "ackord-chaos [--minutes N] [--orders N] [--store postgres|sqlite] [--seed N] [--workers N]
    [--round N] [--at-once N] [--takeovers N] [--figures FILE]

Plays rounds of --round orders (5000) until --orders (100000) are done over all pieces, or --minutes (60) are over in this
one. The figures are added to those in --figures (chaos-figures.json). --takeovers (0) measures that many takeovers under
the default settings first, on PostgreSQL. Ends with 1 where a promise was broken.";

struct Given {
    minutes: u64,
    orders: u64,
    postgres: bool,
    seed: u64,
    workers: usize,
    round: u64,
    at_once: u64,
    takeovers: usize,
    figures: PathBuf,
}

fn given(mut arguments: impl Iterator<Item = String>) -> Result<Given, String> {
    let mut given = Given {
        minutes: 60,
        orders: 100_000,
        postgres: true,
        seed: 1,
        workers: 4,
        round: 5000,
        at_once: 400,
        takeovers: 0,
        figures: "chaos-figures.json".into(),
    };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || {
            value
                .parse::<u64>()
                .map_err(|_| format!("{name} takes a number, not `{value}`"))
        };
        let size = || usize::try_from(number()?).map_err(|error| error.to_string());
        match name.as_str() {
            "--minutes" => given.minutes = number()?,
            "--orders" => given.orders = number()?,
            "--seed" => given.seed = number()?,
            "--workers" => given.workers = size()?,
            "--round" => given.round = number()?,
            "--at-once" => given.at_once = number()?,
            "--takeovers" => given.takeovers = size()?,
            "--figures" => given.figures = value.into(),
            "--store" => {
                given.postgres = match value.as_str() {
                    "postgres" => true,
                    "sqlite" => false,
                    _ => return Err(format!("--store is postgres or sqlite, not `{value}`")),
                }
            }
            _ => return Err(format!("{name} is unknown")),
        }
    }
    Ok(given)
}

#[tokio::main]
#[expect(
    clippy::print_stderr,
    reason = "this is a program: it tells what is wrong with its arguments"
)]
async fn main() -> ExitCode {
    let given = match given(std::env::args().skip(1)) {
        Ok(given) => given,
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&given).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

/// Plays until the time is over or the orders are done; whether every promise was kept.
#[expect(clippy::print_stdout, reason = "each round is told as it ends")]
async fn run(given: &Given) -> Result<bool, String> {
    let program = std::env::current_exe()
        .and_then(|program| worker_beside(&program))
        .map_err(|error| error.to_string())?;
    let figures = Figures::load(&given.figures).map_err(|error| format!("{}: {error}", given.figures.display()))?;
    let server = Server::start_local(Options { durable: true })
        .await
        .map_err(|error| error.to_string())?;
    let began = Instant::now();
    figures.note(json!({
        "date": jiff::Timestamp::now(), "seed": given.seed, "workers": given.workers,
        "store": if given.postgres { "postgres" } else { "sqlite" }, "postgres": server.version(),
    }));
    if given.takeovers > 0 {
        take_over(given, &server, &program, &figures).await?;
    }
    while began.elapsed() < Duration::from_secs(given.minutes * 60) && figures.of("orders") < given.orders {
        let store = if given.postgres {
            ChaosStore::postgres(&server).await
        } else {
            ChaosStore::sqlite().await
        };
        let plan = RoundPlan {
            number: figures.of("rounds") + 1,
            seed: given.seed,
            orders: given.round.min(given.orders - figures.of("orders")),
            workers: given.workers,
            at_once: given.at_once,
            pace: Pace::LONG,
            until_every_kind: None,
            trouble_limit: Duration::from_secs(900),
            program: program.clone(),
        };
        let outcome = round::play(&plan, store.map_err(|error| error.to_string())?, &figures).await?;
        println!("{}", outcome.note);
        figures.note(outcome.note);
        figures.save(&given.figures).map_err(|error| error.to_string())?;
        if !outcome.broken.is_empty() {
            println!("{}", outcome.broken.join("\n"));
            break;
        }
    }
    figures.add("seconds", began.elapsed().as_secs());
    figures.save(&given.figures).map_err(|error| error.to_string())?;
    println!("{:#}", figures.to_json()["counts"]);
    let promises = Broken::ALL.iter().all(|broken| figures.of(&broken.to_string()) == 0)
        && figures.of("violations named by verify") == 0;
    let violations = ["a worker did not stop when asked", "a worker broke down"];
    let no_violations = violations
        .iter()
        .all(|name| figures.of(&format!("violations: {name}")) == 0);
    Ok(promises && no_violations)
}

/// Measures takeovers, some at a time.
#[expect(clippy::print_stdout, reason = "the measurements are told")]
async fn take_over(given: &Given, server: &Server, program: &std::path::Path, figures: &Figures) -> Result<(), String> {
    // Two workers of ten connections each: more at once than this and the server has none left.
    const AT_ONCE: usize = 4;
    let mut chance = Chance::new(given.seed);
    let mut millis: Vec<u128> = Vec::new();
    while millis.len() < given.takeovers {
        let count = AT_ONCE.min(given.takeovers - millis.len());
        let chances: Vec<Chance> = (0..count).map(|_| chance.fork()).collect();
        let heirs = [Heir::Idle, Heir::Waiting].into_iter().cycle();
        let measured = join_all(chances.into_iter().zip(heirs).map(|(mut chance, heir)| async move {
            let store = ChaosStore::postgres(server).await.map_err(|error| error.to_string())?;
            let span = takeover::measure(&store, program, heir, &mut chance).await?;
            Ok::<_, String>((span, store))
        }));
        // A database blocks its thread while it is dropped: that must not happen while others still measure.
        let measured: Vec<_> = measured.await;
        for measured in measured {
            let (span, _store) = measured?;
            millis.push(span.as_millis());
        }
    }
    millis.sort_unstable();
    let middle = millis[millis.len() / 2];
    let (least, most) = (millis[0], millis[millis.len() - 1]);
    println!(
        "{} takeovers: {least} ms least, {middle} ms median, {most} ms most",
        millis.len()
    );
    figures.note(json!({ "takeovers, ms": millis.iter().map(ToString::to_string).collect::<Vec<_>>() }));
    Ok(())
}
