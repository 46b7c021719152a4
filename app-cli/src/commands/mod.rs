//! The verbs, a file each: its arguments, whose doc comments are its help, and one function.

pub mod alerts;
pub mod calls;
pub mod check;
pub mod completions;
mod confirm;
mod decision;
pub mod demo;
mod demo_cases;
mod demo_report;
pub mod export;
pub mod failures;
pub mod init;
mod listing;
pub mod man;
pub mod migrate;
pub mod orders;
pub mod prune;
pub mod reconcile;
pub mod record;
pub mod resolve;
pub mod retry;
pub mod run;
pub mod sandbox;
pub mod serve;
pub mod stats;
pub mod verify;
pub mod watch;
pub mod window;

use std::path::Path;

use crate::environment::Environment;
use crate::settings::{Config, SettingFlags, SettingsError, load};
use crate::streams::Streams;

/// What every verb is given.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The process's environment.
    pub environment: &'a Environment,
    /// Where to write.
    pub streams: &'a Streams,
    /// The settings file that was named.
    pub config: Option<&'a Path>,
    /// Whether progress is hidden.
    pub quiet: bool,
    /// The program as it was called, for commands to be copied.
    pub program: &'a str,
}

impl Context<'_> {
    /// The settings that hold; what is worth a warning about them is told.
    ///
    /// # Errors
    /// [`SettingsError`], naming the value's origin.
    pub fn settings(&self, flags: &SettingFlags) -> Result<Config, SettingsError> {
        let (config, warnings) = load(flags, self.environment, self.config)?;
        for warning in warnings {
            self.streams.err.line(&format!("warning: {warning}"));
        }
        Ok(config)
    }
}
