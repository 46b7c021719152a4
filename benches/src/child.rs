//! Processes of our own beside this one: the marketplace, and the workers.
//!
//! Each reads its job as one line of JSON, tells one line when it is ready, and ends when its input does, so that none is left
//! behind, however this process ends.

mod job;
mod sandbox;
mod timed_marketplace;
mod timed_store;
mod times;
mod worker;

pub use job::{RunFigures, WorkerJob, WorkerResult};
pub use sandbox::{Marketplace, serve_sandbox};
pub use times::{MethodTimes, Times};
pub use worker::{Workers, serve_worker};

use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The lines that a process reads.
type Input = Lines<BufReader<tokio::io::Stdin>>;

/// A process of this same program.
#[derive(Debug)]
struct Process {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts this program again as `command`, and gives it its job.
    async fn start(command: &str, job: &impl Serialize) -> Result<Self> {
        let program = std::env::current_exe().context("this program's own path")?;
        let mut child = Command::new(program)
            .arg(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{command} can't be started"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{command} has no pipes");
        };
        let mut process = Self {
            child,
            input,
            output: BufReader::new(output).lines(),
        };
        process.say(&serde_json::to_string(job)?).await?;
        Ok(process)
    }

    async fn say(&mut self, line: &str) -> Result<()> {
        self.input.write_all(format!("{line}\n").as_bytes()).await?;
        self.input.flush().await.context("a process does not listen any more")
    }

    async fn hear<T: DeserializeOwned>(&mut self) -> Result<T> {
        let line = self.output.next_line().await?;
        let line = line.context("a process ended before it answered: see its words above")?;
        serde_json::from_str(&line).with_context(|| format!("a process answered `{line}`"))
    }

    fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Has it end, and waits for that.
    async fn end(mut self) -> Result<()> {
        drop(self.input);
        self.child.wait().await.context("a process can't be waited for")?;
        Ok(())
    }
}

fn input() -> Input {
    BufReader::new(tokio::io::stdin()).lines()
}

async fn read<T: DeserializeOwned>(input: &mut Input) -> Result<T> {
    let line = input.next_line().await?.context("no job was given")?;
    serde_json::from_str(&line).context("this is no job")
}

async fn answer(answer: &impl Serialize) -> Result<()> {
    let mut output = tokio::io::stdout();
    output
        .write_all(format!("{}\n", serde_json::to_string(answer)?).as_bytes())
        .await?;
    output.flush().await.context("nobody listens any more")
}
