//! The documents that are made from the program: the whole reference, `docs/cli.md`, `ackord.example.toml`.
//!
//! Where one is out of date, `ACKORD_UPDATE_DOCUMENTS=1 cargo test -p ackord-cli --test cli documents` writes it anew.

use std::path::{Path, PathBuf};

use ackord_cli::cli::Cli;
use ackord_cli::settings::example::example;
use ackord_cli::settings::table::SETTINGS;
use ackord_cli::{Environment, Exit};
use clap::{Command, CommandFactory};

/// A path within the repository.
pub(crate) fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Whether documents that are out of date are to be written.
pub(crate) fn is_to_be_written() -> bool {
    std::env::var_os("ACKORD_UPDATE_DOCUMENTS").is_some()
}

/// Compares the file with what it must be, or writes it where that was asked for.
pub(crate) fn assert_document(path: &str, wanted: &str) {
    if is_to_be_written() {
        std::fs::write(root(path), wanted).unwrap();
    }
    let found = std::fs::read_to_string(root(path)).unwrap_or_default();
    pretty_assertions::assert_eq!(found, wanted, "{path} is out of date");
}

/// Every command's help, in the order of the program's own.
fn reference() -> String {
    let mut text = String::new();
    let mut command = Cli::command().term_width(100);
    command.build();
    describe(&command, "ackord", &mut text);
    text
}

fn describe(command: &Command, path: &str, text: &mut String) {
    let mut shown = command.clone().term_width(100).bin_name(path);
    let help = shown.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.push_str(&format!(
        "\n## `{path}`\n\n```text\n{}\n```\n",
        lines.join("\n").trim_end()
    ));
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        describe(sub, &format!("{path} {}", sub.get_name()), text);
    }
}

#[test]
fn the_whole_reference_is_as_it_was_looked_at() {
    insta::assert_snapshot!("reference", reference());
}

#[test]
fn the_page_of_the_command_line_is_up_to_date() {
    let exits: String = Exit::ALL
        .iter()
        .map(|(exit, meaning)| format!("| {} | {meaning} |\n", exit.code()))
        .collect();
    let settings: String = SETTINGS
        .iter()
        .map(|setting| {
            let default = setting
                .default_text()
                .map_or_else(String::new, |text| format!("`{text}`"));
            let flag = if setting.flag {
                format!("`--{}`", setting.flag_name())
            } else {
                "–".to_owned()
            };
            format!(
                "| `{}` | {flag} | `{}` | {default} | {} |\n",
                setting.variable(),
                setting.key,
                setting.about
            )
        })
        .collect();
    let wanted = include_str!("cli.md.in")
        .replace("{exit codes}\n", &exits)
        .replace("{settings}\n", &settings)
        .replace("{reference}\n", reference().trim_start());
    assert_document("docs/cli.md", &wanted);
}

#[test]
fn the_example_explains_every_setting() {
    assert_document("ackord.example.toml", &example());
}

#[test]
fn the_example_changes_nothing_and_its_settings_are_the_defaults() {
    let text = std::fs::read_to_string(root("ackord.example.toml")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ackord.toml");
    let flags = ackord_cli::settings::SettingFlags::default();
    let environment = Environment::in_directory(directory.path());

    std::fs::write(&path, &text).unwrap();
    let (as_it_is, _) = ackord_cli::settings::load(&flags, &environment, None).unwrap();
    assert!(as_it_is.origins().is_empty(), "{as_it_is:?}");

    // Every commented setting is taken in, save those that have no default.
    let uncommented: String = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix('#')
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
        })
        .filter(|line| !line.ends_with("# not set"))
        .map(|line| format!("{line}\n"))
        .collect();
    let with_default = SETTINGS
        .iter()
        .filter(|setting| setting.default_text().is_some())
        .count();
    assert_eq!(uncommented.lines().count(), with_default, "{uncommented}");
    std::fs::write(&path, &uncommented).unwrap();
    let (spelt_out, _) = ackord_cli::settings::load(&flags, &environment, None).unwrap();
    assert_eq!(spelt_out.origins().len(), with_default);
    assert_eq!(spelt_out.workflow, ackord::Settings::default());
    assert_eq!(spelt_out.marketplace, as_it_is.marketplace);
    assert_eq!(spelt_out.store.to_string(), as_it_is.store.to_string());
    for setting in SETTINGS {
        assert!(text.contains(&format!("\n#{} = ", setting.key)), "{}", setting.key);
        assert!(text.contains(&setting.variable()), "{}", setting.key);
    }
}

#[test]
fn every_setting_of_the_workflow_has_its_row() {
    // Each field of the workflow's settings is reached by some row: a row that is missing leaves its field at the default.
    let directory = tempfile::tempdir().unwrap();
    let others = [
        ("call_timeout", "9s"),
        ("lease", "21s"),
        ("lease_margin", "3s"),
        ("poll_interval", "61s"),
        ("validation_attempts", "6"),
        ("retry_base", "61s"),
        ("retry_cap", "16m"),
        ("retry_attempts", "6"),
        ("debit_grace", "73h"),
        ("acceptance_deadline", "25h"),
        ("concurrency", "17"),
        ("read_staleness", "6s"),
        ("look_freshness", "61s"),
        ("slow_look_interval", "61m"),
        ("breaker_threshold", "6"),
        ("patience", "61s"),
        ("default_pause", "61s"),
        ("batch", "101"),
        ("calls_per_hour", "1000"),
        ("call_burst", "100"),
    ];
    let flags = others
        .into_iter()
        .fold(ackord_cli::settings::SettingFlags::default(), |flags, (key, text)| {
            flags.with(key, text)
        });
    let environment = Environment::in_directory(directory.path());
    let (config, _) = ackord_cli::settings::load(&flags, &environment, None).unwrap();
    // A field to a line, also where its value takes several.
    let told = |settings: &ackord::Settings| {
        format!("{settings:#?}")
            .replace("Some(\n        ", "Some(")
            .replace(",\n    ),", "),")
    };
    let (changed, default) = (told(&config.workflow), told(&ackord::Settings::default()));
    for (changed, default) in changed
        .lines()
        .zip(default.lines())
        .filter(|(line, _)| line.trim_end().ends_with(','))
    {
        let is_field = changed.contains(':');
        assert!(!is_field || changed != default, "no setting reaches {changed}");
    }
}
