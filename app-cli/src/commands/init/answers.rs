//! What `ackord init` has to know: from flags and variables, or asked for on the terminal.

use std::io::{self, IsTerminal as _};

use anyhow::{Context as _, Result};
use dialoguer::{Input, Password};
use secrecy::SecretString;

use super::super::Context;
use crate::environment::Environment;
use crate::report_error::NotConfirmed;
use crate::settings::table::{self, Setting};
use crate::settings::{KeySource, SettingFlags, SettingsError, load};

/// Where `ackord sandbox` listens, and the key that it lets in.
const SANDBOX: (&str, &str) = ("http://127.0.0.1:8710", "sandbox-key");

/// The answers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Settings by key, as they are written in the file.
    pub(super) settings: Vec<(&'static str, String)>,
    /// The API key itself, where it goes into a file of its own.
    pub(super) key: Option<SecretString>,
}

impl Answers {
    /// Those for a sandbox on this machine.
    pub(super) fn for_a_sandbox(given: &SettingFlags) -> Self {
        let mut answers = Self {
            key: Some(SANDBOX.1.into()),
            ..Self::default()
        };
        answers.set("marketplace_url", given.get("marketplace_url").unwrap_or(SANDBOX.0));
        answers.set("poll_interval", "1s");
        answers.take_others(given);
        answers
    }

    /// Those of the flags and variables, and of a person for what is left.
    pub(super) fn ask(given: &SettingFlags, takes_defaults: bool, context: &Context<'_>) -> Result<Self> {
        let may_ask = !takes_defaults && context.streams.err.is_terminal() && io::stdin().is_terminal();
        if !may_ask && !takes_defaults {
            let what = "a settings file is written and the store set up";
            return Err(NotConfirmed(what.to_owned()).into());
        }
        let mut answers = Self::default();
        let known = |key: &str| {
            let variable = table::find(key).map(Setting::variable).unwrap_or_default();
            given
                .get(key)
                .or_else(|| context.environment.get(&variable))
                .map(str::to_owned)
        };
        for (key, question) in [
            ("marketplace_url", "Where is the marketplace's API?"),
            ("shop_id", "Which shop (empty for the only one of the key)?"),
            (
                "store",
                "Where is the record kept (sqlite:PATH or postgres://USER@HOST/DATABASE)?",
            ),
        ] {
            let default = known(key).or_else(|| table::find(key)?.default_text());
            let answer = if may_ask {
                ask(question, default)?
            } else {
                default.unwrap_or_default()
            };
            if !answer.is_empty() {
                answers.set(key, &answer);
            }
        }
        match (known("api_key_file"), context.environment.get("ACKORD_API_KEY")) {
            (Some(path), _) => answers.set("api_key_file", &path),
            (None, Some(key)) => answers.key = Some(key.into()),
            (None, None) if may_ask => answers.key = Some(ask_for_the_key()?),
            (None, None) => {}
        }
        answers.take_others(given);
        Ok(answers)
    }

    /// Checks that the answers are settings that can be used.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let flags = self
            .settings
            .iter()
            .fold(SettingFlags::default(), |flags, (key, value)| flags.with(key, value));
        // Neither a file nor a variable has a say in it.
        let nowhere = Environment::in_directory("/nowhere");
        let (config, _) = load(&flags, &nowhere, None)?;
        if !matches!(config.key, KeySource::None) {
            config.api_key()?;
        }
        Ok(())
    }

    fn set(&mut self, key: &'static str, value: &str) {
        self.settings.push((key, value.to_owned()));
    }

    /// Takes what flags say besides.
    fn take_others(&mut self, given: &SettingFlags) {
        for setting in table::SETTINGS {
            let is_answered = self.settings.iter().any(|(key, _)| *key == setting.key);
            if let Some(value) = given.get(setting.key).filter(|_| !is_answered) {
                self.settings.push((setting.key, value.to_owned()));
            }
        }
    }
}

fn ask(question: &str, default: Option<String>) -> Result<String> {
    let mut input = Input::<String>::new().with_prompt(question).allow_empty(true);
    if let Some(default) = default {
        input = input.default(default);
    }
    input.interact_text().context("the terminal can't be asked")
}

fn ask_for_the_key() -> Result<SecretString> {
    let prompt = "The API key (it is not shown, and goes into a file of its own)";
    let key = Password::new()
        .with_prompt(prompt)
        .interact()
        .context("the terminal can't be asked")?;
    Ok(SecretString::from(key.trim()))
}
