//! Writes the settings file, every setting explained in it, and the file of the API key.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use secrecy::ExposeSecret as _;

use super::answers::Answers;
use crate::settings::example::example;
use crate::settings::table::{self, Kind};

/// Writes the files, the key's first; tells which. None of them may be there.
pub(super) fn write(answers: &Answers, path: &Path) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    let mut settings = answers.settings.clone();
    if let Some(key) = &answers.key {
        let key_path = path.with_file_name("ackord.key");
        create(&key_path, key.expose_secret())?;
        settings.push(("api_key_file", key_path.display().to_string()));
        written.push(key_path);
    }
    if let Err(error) = create(path, &filled(&settings)) {
        // Half a set-up would be in the way of the next attempt.
        for file in &written {
            let _ = std::fs::remove_file(file);
        }
        return Err(error);
    }
    written.push(path.to_path_buf());
    Ok(written)
}

/// Creates a file that only its owner reads: both may hold what is secret (a database's URL, the key).
fn create(path: &Path, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let shown = path.display();
    let mut file = options
        .open(path)
        .with_context(|| format!("{shown} can't be created"))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("{shown} can't be written"))
}

/// The example with these settings in it.
fn filled(settings: &[(&'static str, String)]) -> String {
    let mut text = String::new();
    for line in example().lines() {
        let set = settings.iter().find(|(key, _)| line.starts_with(&format!("#{key} = ")));
        match set {
            Some((key, value)) => text.push_str(&format!("{key} = {}\n", written(key, value))),
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

fn written(key: &str, value: &str) -> String {
    let kind = table::find(key).map_or(Kind::Text, |setting| setting.kind);
    match kind {
        Kind::Number | Kind::Switch => value.trim().to_owned(),
        Kind::Span | Kind::Text => toml::Value::String(value.to_owned()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stand_in_the_place_of_their_examples() {
        let text = filled(&[
            ("store", "sqlite:a \"b\".db".to_owned()),
            ("shop_id", "7".to_owned()),
            ("poll_interval", "1s".to_owned()),
        ]);
        let read: toml::Table = text.parse().unwrap();
        assert_eq!(read["store"].as_str(), Some("sqlite:a \"b\".db"));
        assert_eq!(read["shop_id"].as_integer(), Some(7));
        assert_eq!(read["poll_interval"].as_str(), Some("1s"));
        assert_eq!(read.len(), 3, "all others are explained and commented out");
        assert!(text.contains("#concurrency = "));
    }

    #[cfg(unix)]
    #[test]
    fn the_files_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ackord.toml");
        let answers = Answers {
            key: Some("made-up".into()),
            ..Answers::default()
        };
        let written = write(&answers, &path).unwrap();
        assert_eq!(written.len(), 2);
        for file in &written {
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(!std::fs::read_to_string(&path).unwrap().contains("made-up"));
        assert!(write(&answers, &path).is_err(), "nothing is written over");
    }
}
