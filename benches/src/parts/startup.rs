//! The start of the `ackord` program: to its version, and to a run with nothing to do.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::process::Command;

use super::Context;
use crate::child::Marketplace;
use crate::progress::tell;
use crate::report::{Bar, Section, Table};
use crate::sample::{Sample, Summary};

/// How often each is started.
const STARTS: usize = 20;

pub(super) async fn measure(context: &Context) -> Result<Section> {
    let Some(program) = program(context).await? else {
        return Ok(Section {
            text: vec![
                "Not measured: the `ackord` program is not beside this one, and a quick run builds nothing.".to_owned(),
            ],
            ..empty()
        });
    };
    let starts = if context.options.quick { 2 } else { STARTS };
    let directory = tempfile::tempdir()?;
    let marketplace = Marketplace::start(0, 0).await?;
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        // Settings of whoever starts the benchmark have no part in it.
        command.env_clear().current_dir(directory.path()).args(arguments);
        command
            .env("ACKORD_STORE", "sqlite:startup.db")
            .env("ACKORD_MARKETPLACE_URL", marketplace.url())
            .env("ACKORD_API_KEY", marketplace.key());
        command
    };
    // The first run makes the file and its schema, and has the program in memory.
    run(command(&["run", "--poll-interval", "0s"])).await?;
    let mut version = Sample::default();
    let mut nothing = Sample::default();
    for _ in 0..starts {
        version.time(run(command(&["--version"]))).await?;
        nothing.time(run(command(&["run", "--poll-interval", "0s"]))).await?;
    }
    marketplace.stop().await?;
    let (version, nothing) = (version.summary(), nothing.summary());
    tell(format_args!(
        "--version {:.1} ms, a run with nothing to do {:.1} ms",
        version.median_ms, nothing.median_ms
    ));
    Ok(section(version, nothing))
}

async fn run(mut command: Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .await
        .context("ackord can't be started")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ackord ended with {}: {words}", output.status);
    Ok(())
}

/// The program that was named, or the one beside this one; where it is missing, it is built, but not for a quick run.
async fn program(context: &Context) -> Result<Option<PathBuf>> {
    if let Some(path) = &context.options.ackord {
        let path = path.canonicalize();
        return path.map(Some).context("there is no program at the path of --ackord");
    }
    let own = std::env::current_exe()?;
    let beside = own.with_file_name(format!("ackord{}", std::env::consts::EXE_SUFFIX));
    if !beside.is_file() {
        if context.options.quick {
            return Ok(None);
        }
        build(&beside).await?;
    }
    Ok(Some(beside))
}

async fn build(program: &Path) -> Result<()> {
    tell("the `ackord` program is missing: it is built");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--locked", "--package", "ackord-cli", "--bin", "ackord"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let built = command.current_dir(env!("CARGO_MANIFEST_DIR")).status().await?;
    ensure!(
        built.success() && program.is_file(),
        "the `ackord` program is not at {} and could not be built there: name it by --ackord",
        program.display()
    );
    Ok(())
}

fn section(version: Summary, nothing: Summary) -> Section {
    let mut table = Table::new(
        "Starts of the `ackord` program, in ms",
        &["to", "median", "p99", "max", "starts"],
    );
    let mut row = |what: &str, summary: Summary| {
        let ms = |value: f64| format!("{value:.1}");
        table.row([
            what.to_owned(),
            ms(summary.median_ms),
            ms(summary.p99_ms),
            ms(summary.max_ms),
            summary.count.to_string(),
        ]);
    };
    row("the end of `--version`", version);
    row("the end of a run with nothing to do", nothing);
    Section {
        text: vec![
            "From before the process is made until its end. The run with nothing to do is on a SQLite file that has its \
             schema, against a sandbox without orders."
                .to_owned(),
        ],
        tables: vec![table],
        bars: vec![
            Bar::at_most("`ackord --version`, median", 20.0, version.median_ms, " ms"),
            Bar::at_most("`ackord run` with nothing to do, SQLite, median", 100.0, nothing.median_ms, " ms"),
        ],
        plots: Vec::new(),
        raw: json!({"version": version, "nothing_to_do": nothing}),
        ..empty()
    }
}

/// The section before anything was measured.
fn empty() -> Section {
    Section {
        name: "startup".to_owned(),
        title: "the start of the program".to_owned(),
        ..Section::default()
    }
}
