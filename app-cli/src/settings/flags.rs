//! The flags of the settings, made from their table.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::table::{SETTINGS, Setting};

/// What was typed for settings: not yet read, not yet checked.
#[derive(Debug, Clone, Default)]
pub struct SettingFlags(BTreeMap<&'static str, String>);

impl SettingFlags {
    /// The text given for this setting.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Sets this flag as if it had been typed.
    #[must_use]
    pub fn with(mut self, key: &'static str, text: impl Into<String>) -> Self {
        self.0.insert(key, text.into());
        self
    }

    fn rows() -> impl Iterator<Item = &'static Setting> {
        SETTINGS.iter().filter(|setting| setting.flag && setting.key != "store")
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        Self::rows().fold(command, |command, setting| {
            let default = setting
                .default_text()
                .map_or_else(String::new, |text| format!(" [default: {text}]"));
            command.arg(
                Arg::new(setting.key)
                    .long(setting.flag_name())
                    .value_name(setting.value_name)
                    .help(format!("{}{default} [env: {}]", setting.about, setting.variable()))
                    .help_heading("Settings")
                    .hide_short_help(!setting.common),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in Self::rows() {
            if let Some(text) = matches.get_one::<String>(setting.key) {
                self.0.insert(setting.key, text.clone());
            }
        }
        Ok(())
    }
}

/// The flag that every command over the record takes.
#[derive(Debug, Clone, Default, Args)]
pub struct StoreFlag {
    /// Where the record is kept: `sqlite:PATH` or `postgres://USER@HOST/DATABASE` [default: sqlite:ackord.db] [env:
    /// ACKORD_STORE]
    #[arg(long, value_name = "URL", help_heading = "Settings")]
    pub store: Option<String>,
}

impl StoreFlag {
    /// Adds what was typed to the other flags.
    #[must_use]
    pub fn and(&self, flags: &SettingFlags) -> SettingFlags {
        match &self.store {
            Some(store) => flags.clone().with("store", store),
            None => flags.clone(),
        }
    }
}
