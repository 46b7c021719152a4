//! `ackord init`: asks what has to be known, writes the settings, sets up the store, and checks everything.

mod answers;
mod file;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::Context;
use super::check::{CheckArgs, check};
use crate::exit::Exit;
use crate::render::style;
use crate::report_error::NotPossible;
use crate::settings::{SettingFlags, StoreFlag};
use crate::wiring;

use answers::Answers;

/// Arguments of `ackord init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// For a sandbox on this machine, as `ackord sandbox` starts it: its address, its key, and a poll every second
    #[arg(long)]
    pub sandbox: bool,
    /// Ask nothing: what is not given by a flag or a variable is left at its default
    #[arg(long)]
    pub yes: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
    /// All other settings
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// Sets up a directory.
///
/// # Errors
/// Where there is a settings file already, nobody can be asked, or something can't be written; what `ackord check` finds is no error.
pub async fn init(args: &InitArgs, context: &Context<'_>) -> Result<Exit> {
    let directory = context.environment.directory();
    let path = directory.join(
        context
            .config
            .map_or_else(|| PathBuf::from("ackord.toml"), PathBuf::from),
    );
    if path.exists() {
        return Err(NotPossible {
            reason: format!("{} is there already", path.display()),
            hint: "edit it, or move it away first; `ackord check` tells whether it will do".to_owned(),
        }
        .into());
    }
    let given = args.store.and(&args.settings);
    let answers = if args.sandbox {
        Answers::for_a_sandbox(&given)
    } else {
        Answers::ask(&given, args.yes, context)?
    };
    // What was answered is read as a file would be, before anything is written.
    answers.check()?;
    let written = file::write(&answers, &path)?;
    let out = &context.streams.out;
    for file in &written {
        out.tell(&format!("{} {}\n", style::good("written"), file.display()))?;
    }
    let here = Context {
        config: Some(&path),
        ..*context
    };
    let config = here.settings(&SettingFlags::default())?;
    let store = wiring::open_for_work(&config, &here).await?;
    store.close().await;
    let checks = CheckArgs {
        json: false,
        store: StoreFlag::default(),
        settings: SettingFlags::default(),
    };
    let found = check(&checks, &here).await?;
    let program = context.program;
    if found == Exit::Done {
        out.tell(&format!("\nready: `{program} serve` accepts orders from now on\n"))?;
    } else {
        out.tell(&format!(
            "\nmend what stands above, then `{program} check` again, then `{program} serve`\n"
        ))?;
    }
    Ok(found)
}
