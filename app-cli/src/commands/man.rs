//! `ackord man`: the reference as manual pages.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use super::Context;
use crate::cli::Cli;
use crate::exit::Exit;

/// Arguments of `ackord man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command into this directory, which is made where it is missing
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Writes the pages, or the first of them to stdout.
///
/// # Errors
/// Where a page can't be written.
pub fn man(args: &ManArgs, context: &Context<'_>) -> Result<Exit> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(out) = &args.out else {
        let mut text = Vec::new();
        page(&command).render(&mut text)?;
        let text = String::from_utf8(text).context("the page is no text")?;
        context.streams.out.write(&text)?;
        return Ok(Exit::Done);
    };
    let directory = context.environment.directory().join(out);
    let in_vain = || format!("the pages can't be written to {}", directory.display());
    fs::create_dir_all(&directory).with_context(in_vain)?;
    let written = write_all(&command, &directory).with_context(in_vain)?;
    if !context.quiet {
        let words = format!("{written} pages are in {}", directory.display());
        context.streams.err.line(&words);
    }
    Ok(Exit::Done)
}

/// The page of a command that is built.
fn page(command: &Command) -> Man {
    Man::new(command.clone())
        .source(concat!("ackord ", env!("CARGO_PKG_VERSION")))
        .manual("Ackord")
}

/// Writes the pages of a command and of all below it; tells how many.
fn write_all(command: &Command, directory: &Path) -> std::io::Result<usize> {
    let mut written = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        written += write_all(below, directory)?;
    }
    page(command).generate_to(directory)?;
    Ok(written)
}
