//! `ackord completions`: what a shell offers where TAB is pressed.

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Context;
use crate::cli::Cli;
use crate::exit::Exit;

/// Arguments of `ackord completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Writes the script for a shell.
///
/// # Errors
/// What the stream says.
pub fn completions(args: &CompletionsArgs, context: &Context<'_>) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ackord", &mut script);
    let script = String::from_utf8(script).context("the script is no text")?;
    context.streams.out.write(&script)?;
    Ok(Exit::Done)
}
