//! Lays flags over environment over file over defaults.

use std::path::Path;

use super::error::{Origin, SettingsError};
use super::flags::SettingFlags;
use super::table::{SETTINGS, Setting};
use super::{Config, api_key, file};
use crate::environment::Environment;
use crate::nearest::nearest;

/// Variables of ours that are no settings.
const OTHER_VARIABLES: [&str; 3] = ["ACKORD_CONFIG", "ACKORD_LOG", "ACKORD_LOG_FORMAT"];

/// The settings that hold, and what is worth a warning about them. The file is `named`, or else that of the variable
/// `ACKORD_CONFIG`, or else `ackord.toml` in the working directory where that is there.
///
/// # Errors
/// [`SettingsError`], naming the value's origin.
pub fn load(
    flags: &SettingFlags,
    environment: &Environment,
    named: Option<&Path>,
) -> Result<(Config, Vec<String>), SettingsError> {
    let mut config = Config::default();
    let mut warnings = warnings_of_variables(environment);
    let named = named.or_else(|| environment.get("ACKORD_CONFIG").map(Path::new));

    let mut layer = Vec::new();
    for value in file::read(named, environment.directory())? {
        if let (Origin::File { path, .. }, "api_key") = (&value.origin, value.setting.key) {
            warnings.extend(api_key::warning_of_open_file(&environment.directory().join(path)));
        }
        layer.push((value.setting, value.text, value.origin));
    }
    lay(&mut config, layer)?;

    let variables = SETTINGS.iter().filter_map(|setting| {
        let name = setting.variable();
        let text = environment.get(&name)?.to_owned();
        Some((setting, text, Origin::Variable(name)))
    });
    lay(&mut config, variables.collect())?;

    let typed = SETTINGS.iter().filter_map(|setting| {
        let text = flags.get(setting.key)?.to_owned();
        Some((setting, text, Origin::Flag(setting.flag_name())))
    });
    lay(&mut config, typed.collect())?;

    config.check()?;
    Ok((config, warnings))
}

/// Lays one layer over what is there.
fn lay(config: &mut Config, values: Vec<(&'static Setting, String, Origin)>) -> Result<(), SettingsError> {
    let origin_of = |key: &str| {
        values
            .iter()
            .find(|(setting, ..)| setting.key == key)
            .map(|(.., origin)| origin)
    };
    if let (Some(key), Some(key_file)) = (origin_of("api_key"), origin_of("api_key_file")) {
        return Err(SettingsError::Key {
            origin: key.clone(),
            problem: format!("the key is given twice, here and by {key_file}: leave one out"),
            source: None,
        });
    }
    for (setting, text, origin) in values {
        (setting.set)(config, &text).map_err(|problem| SettingsError::Value {
            problem: match setting.key {
                // The one may hold a password, the other is a secret.
                "store" | "api_key" | "marketplace_url" | "alert_webhook_url" | "alert_smtp_url" => {
                    format!("the value {problem}")
                }
                _ => format!("`{}` {problem}", text.trim()),
            },
            origin: origin.clone(),
        })?;
        match setting.key {
            "api_key" => config.origins.remove("api_key_file"),
            "api_key_file" => config.origins.remove("api_key"),
            _ => None,
        };
        config.origins.insert(setting.key, origin);
    }
    Ok(())
}

/// A variable that is none of ours by a slip of the finger would otherwise do nothing, quietly.
fn warnings_of_variables(environment: &Environment) -> Vec<String> {
    let known: Vec<String> = SETTINGS
        .iter()
        .map(Setting::variable)
        .chain(OTHER_VARIABLES.map(str::to_owned))
        .collect();
    environment
        .names_with("ACKORD_")
        .filter(|name| !known.iter().any(|other| other == name))
        .filter_map(|name| {
            let meant = nearest(name, known.iter().map(String::as_str))?;
            Some(format!(
                "the environment variable {name} is not known and does nothing: did you mean {meant}?"
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secrecy::ExposeSecret;

    use super::*;

    fn directory_with(text: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ackord.toml"), text).unwrap();
        directory
    }

    #[test]
    fn flags_go_over_environment_over_file_over_defaults() {
        let directory = directory_with("poll_interval = \"3m\"\nconcurrency = 3\nretry_attempts = 3\n");
        let environment = Environment::in_directory(directory.path())
            .with("ACKORD_POLL_INTERVAL", "2m")
            .with("ACKORD_CONCURRENCY", "2");
        let flags = SettingFlags::default().with("poll_interval", "1m");
        let (config, warnings) = load(&flags, &environment, None).unwrap();
        assert_eq!(config.workflow.poll_interval, Duration::from_secs(60));
        assert_eq!(config.workflow.concurrency, 2);
        assert_eq!(config.workflow.retry.attempts, 3);
        assert_eq!(config.workflow.validation_attempts, 5);
        assert_eq!(config.origin("poll_interval").to_string(), "the flag --poll-interval");
        assert_eq!(
            config.origin("concurrency").to_string(),
            "the environment variable ACKORD_CONCURRENCY"
        );
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn without_any_file_the_defaults_hold() {
        let directory = tempfile::tempdir().unwrap();
        let (config, _) = load(
            &SettingFlags::default(),
            &Environment::in_directory(directory.path()),
            None,
        )
        .unwrap();
        assert_eq!(config.workflow, ackord::Settings::default());
        assert_eq!(config.store.to_string(), "sqlite:ackord.db");
    }

    #[test]
    fn a_named_file_must_be_there() {
        let environment = Environment::in_directory("/");
        let error = load(&SettingFlags::default(), &environment, Some(Path::new("nowhere.toml"))).unwrap_err();
        assert!(error.to_string().contains("nowhere.toml"), "{error}");
    }

    #[test]
    fn a_value_that_cannot_be_read_is_named_with_its_origin() {
        let environment = Environment::in_directory("/nowhere").with("ACKORD_RETRY_BASE", "soon");
        let error = load(&SettingFlags::default(), &environment, None).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the environment variable ACKORD_RETRY_BASE: `soon` is no span")
        );
        assert!(!error.is_usage());
        let flags = SettingFlags::default().with("retry_base", "soon");
        let error = load(&flags, &Environment::in_directory("/nowhere"), None).unwrap_err();
        assert!(error.is_usage(), "{error}");
    }

    #[test]
    fn a_lease_that_no_longer_fits_names_what_was_changed() {
        let environment = Environment::in_directory("/nowhere").with("ACKORD_CALL_TIMEOUT", "30s");
        let error = load(&SettingFlags::default(), &environment, None).unwrap_err();
        assert!(
            error.to_string().contains("`lease` is 20s") && error.to_string().contains("or more"),
            "{error}"
        );
        assert_eq!(
            error.hints(),
            [
                "`lease` is at its default: set it by --lease or ACKORD_LEASE",
                "`call_timeout` was set by the environment variable ACKORD_CALL_TIMEOUT"
            ]
        );
    }

    #[test]
    fn a_short_call_timeout_alone_is_fine() {
        let environment = Environment::in_directory("/nowhere").with("ACKORD_CALL_TIMEOUT", "500ms");
        let (config, _) = load(&SettingFlags::default(), &environment, None).unwrap();
        assert_eq!(config.workflow.call_timeout, Duration::from_millis(500));
    }

    #[test]
    fn the_key_of_a_higher_layer_wins_and_two_in_one_layer_are_refused() {
        let directory = directory_with("api_key_file = \"/nowhere/key\"\n");
        let environment = Environment::in_directory(directory.path()).with("ACKORD_API_KEY", "abc");
        let (config, _) = load(&SettingFlags::default(), &environment, None).unwrap();
        let key = config.api_key().unwrap();
        assert_eq!(key.expose_secret(), "abc");
        let both = environment.with("ACKORD_API_KEY_FILE", "/nowhere/key");
        let error = load(&SettingFlags::default(), &both, None).unwrap_err();
        assert!(error.to_string().contains("given twice"), "{error}");
    }

    #[test]
    fn no_secret_is_shown() {
        let environment = Environment::in_directory("/nowhere")
            .with("ACKORD_API_KEY", "hunter2")
            .with("ACKORD_STORE", "postgres://ana:hunter2@db.example/shop");
        let (config, _) = load(&SettingFlags::default(), &environment, None).unwrap();
        assert!(!format!("{config:?} {environment:?}").contains("hunter2"));
        let bad = environment.with("ACKORD_STORE", "mysql://ana:hunter2@db.example/shop");
        let error = load(&SettingFlags::default(), &bad, None).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn a_misspelt_variable_is_warned_of() {
        let environment = Environment::in_directory("/nowhere")
            .with("ACKORD_POLL_INTERVALL", "5s")
            .with("ACKORD_PG_IMAGES", "postgres:17");
        let (_, warnings) = load(&SettingFlags::default(), &environment, None).unwrap();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("ACKORD_POLL_INTERVAL?"), "{warnings:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_in_a_file_that_others_can_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt;

        let directory = directory_with("api_key = \"hunter2\"\n");
        let path = directory.path().join("ackord.toml");
        for (mode, warned) in [(0o644, 1), (0o600, 0)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let environment = Environment::in_directory(directory.path());
            let (_, warnings) = load(&SettingFlags::default(), &environment, None).unwrap();
            assert_eq!(warnings.len(), warned, "{warnings:?}");
        }
    }
}
